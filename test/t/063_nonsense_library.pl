# Against a server that answers nonsense, every call of libmsgstore ends with an error or
# an answer of its form.  (Fault F10.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use NonsenseAttack;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = attack_node('nonsense_library');
my $client = "$FindBin::RealBin/../../client";

# every call, as 024_libmsgstore.pl shows, each time in a store that is new
attack('libmsgstore',
	q{UPDATE msgstore.store SET name = name || store_id WHERE name = 'tour'},
	'', [ 0 .. 2 ], "$client/examples/tour", 'application_name=tour', 'tour');

# nothing that the library asks was left out
foreach my $source (glob "$client/lib/*.c")
{
	foreach my $name (slurp_file($source) =~ /SELECT msgstore\.(\w+)/g)
	{
		ok(was_attacked($name), "$name() was attacked");
	}
}

$node->stop;
done_testing();
