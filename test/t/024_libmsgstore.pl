# libmsgstore: every call does what its header promises, as an example shows that makes
# each call once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $tour = "$FindBin::RealBin/../../client/examples/tour";
my $node = client_node('libmsgstore');
my $connection = $node->connstr('postgres');

# Run the example; returns exit code, stdout and stderr.
sub tour
{
	my @args = @_;

	return run_program($tour, @args);
}

foreach my $time ('first', 'second')
{
	my ($code, $out, $err) = tour($connection, 'tour');

	is($code, 0, "$time time: all is as promised");
	is($err, '', "$time time: no error");
	unlike($out, qr/^ +NOT/m, "$time time: no check has failed");
	is(scalar(() = $out =~ /^  ok /mg), 95, "$time time: all are made");
}
is( $node->safe_psql(
		'postgres',
		q{SELECT string_agg(DISTINCT subject, ', ' ORDER BY subject)
			FROM msgstore.message_list JOIN msgstore.folder_list
			USING (store_id, folder_id) WHERE name = 'Tour'}),
	'base, first, one call, outside, theirs',
	'the messages are what was saved');
is($node->safe_psql('postgres', q{SELECT count(*) FROM msgstore.store_list WHERE name = 'tour'}),
	'1', 'store and folder are found again');

# The schema is found, whatever search_path was before.
foreach my $path ('', 'nowhere', '"$user", public')
{
	my ($code, undef, $err) =
	  tour("$connection options='-c search_path=" . ($path =~ s/ //gr) . "'",
		'tour');

	is($code, 0, "search_path \"$path\"");
	is($err, '', "search_path \"$path\": no error");
}

# Every exported function has its place in the document, and the document has no other.
my $top = "$FindBin::RealBin/../..";
my @exported = grep { /\A\w/ } split /\n/,
  slurp_file("$top/client/lib/exports.txt");
my %documented =
  map { $_ => 1 } slurp_file("$top/doc/libmsgstore.md") =~ /`(msgstore_\w+)`/g;
is(join(' ', sort keys %documented),
	join(' ', @exported), 'doc/libmsgstore.md has every function');

$node->stop;
my ($code, undef, $err) = tour($connection, 'tour');
is($code, 2, 'no server: exit code 2');
like($err, qr/connection to server .* failed/, 'no server: says so');

done_testing();
