# Against a server that answers nonsense, import, export and resolve end with an error
# or an exit code, and print no control characters.  (Fault F10.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use NonsenseAttack;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = attack_node('nonsense');
my $samples = "$FindBin::RealBin/../../client/samples";
my $folder = PostgreSQL::Test::Utils::tempdir();
my @import = ('msgstore', 'import', '--store=nonsense');

# a value that is read in pieces
write_file('large.eml',
	"Subject: large\n\n" . ("a line of text\n" x 80000));
foreach my $file ("$samples/10-attachment.eml", "$dir/large.eml")
{
	is((msgstore('import', '--store=full', $file))[0], 0, 'there is mail');
}

my @any = (0 .. 3);
attack('import', '', '', \@any, @import, '--skip-known',
	"$samples/02-plain.eml", "$samples/05-shift-jis.eml");
attack('import of a large mail', '', '', \@any, @import, "$dir/large.eml");
attack('export', '', '', \@any, 'msgstore', 'export', '--store=full',
	$folder);
attack('export of one message', '', '', \@any, 'msgstore', 'export',
	'--store=full', '--message=1', '--folder=Inbox', '-');

make_drafts();
my @resolve = ('msgstore', 'resolve', '--store=drafts');

attack('resolve, shown', $another_draft, "w\nq\n", \@any, @resolve);
attack('resolve, overwritten', $another_draft, "o\nq\n", \@any, @resolve);
attack('resolve, saved elsewhere', $another_draft, '', \@any, @resolve,
	'--choice=SAVE_ELSEWHERE', '--folder=Other');

$ENV{EDITOR} = q{sed -i '/^[<|=>]\{7\}/d'};
attack('resolve, edited', $another_draft, "d\ne\nq\n", \@any, @resolve);

$node->stop;
done_testing();
