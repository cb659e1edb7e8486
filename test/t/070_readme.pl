# The sessions in README.md print what the README shows, and a changed output
# is found.
use strict;
use warnings;
use FindBin;
use IPC::Run qw(run);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $dir = PostgreSQL::Test::Utils::tempdir('readme');
my @sections = ('A session', 'Rights', 'Changes');
my $node = PostgreSQL::Test::Cluster->new('readme');

$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE postgres SUPERUSER LOGIN')
  if $node->safe_psql('postgres',
	"SELECT count(*) FROM pg_roles WHERE rolname = 'postgres'") eq '0';
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;

# Run tools/sessions over a text; returns its exit status and its output.
sub sessions
{
	my ($text, @options) = @_;
	my $output = '';

	unlink "$dir/README.md";
	append_to_file("$dir/README.md", $text);
	run([ 'perl', "$top/tools/sessions", @options, "$dir/README.md",
			@sections ],
		'<', \undef, '>', \$output, '2>&1');
	my $status = $? >> 8;
	$node->safe_psql('postgres', 'DROP ROLE IF EXISTS lead, agent, webform');
	return ($status, $output);
}

my $readme = slurp_file("$top/README.md");
my ($status, $output) = sessions($readme);
is($status, 0, 'the sessions of the README print its output')
  or diag($output);

my $changed = $readme =~ s/^ S_OK\b/ S_NO/mr;
isnt($changed, $readme, 'a result is changed in a copy');
($status, $output) = sessions($changed);
is($status, 1, 'the changed result is found');
like($output, qr/^--- document\n.*S_NO.*^--- run\n.*S_OK/ms,
	'and shown beside the output');
sessions($changed, '--write');
ok(slurp_file("$dir/README.md") eq $readme, 'and mended by --write');

done_testing();
