# "msgstore import" reads no memory out of bounds and loses none, on good mail and on
# broken mail, with a server and without.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $client = "$FindBin::RealBin/../../client";
my $corpus = $ENV{MSGSTORE_CORPUS}
  // "$FindBin::RealBin/../../../shared/corpus";
my ($out, $err);

plan skip_all => 'valgrind is not there'
  unless eval { IPC::Run::run([ 'valgrind', '--version' ], '>', \$out) };

# Make GLib free blocks, which it otherwise keeps where valgrind cannot see them.
$ENV{G_SLICE} = 'always-malloc';

# Run the command under valgrind; it exits with 99 if there is an error.
sub under_valgrind
{
	my ($what, $expected, @args) = @_;

	IPC::Run::run(
		[
			'valgrind', '--quiet', '--error-exitcode=99', '--leak-check=full',
			'--errors-for-leak-kinds=definite',
			"--suppressions=$client/valgrind.supp", 'msgstore', @args
		],
		'<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, $expected, "$what: exit code $expected");
	unlike($err, qr/^==\d+==/m, "$what: nothing to say for valgrind");
}

my $node = client_node('valgrind');

under_valgrind('samples', 1, 'import', '--store', 'mail', '--batch', '5',
	"$client/samples");
like($out, qr/^28 imported, 1 refused$/m, 'samples: they are imported');

under_valgrind('export', 0, 'export', '--store', 'mail', '-');
like($err, qr/^28 exported, 0 refused$/m, 'export: they are exported');

# A batch that is repeated message by message.
$node->safe_psql('postgres',
	"CREATE UNIQUE INDEX ON msgstore.message
		(store_id, (props->>'PR_SUBJECT'))");
under_valgrind('refused', 1, 'import', '--store', 'mail', '--verbose',
	"$client/samples");
like($out, qr/^0 imported, 29 refused$/m, 'refused: all of them are');

$node->stop;
under_valgrind('no server', 2, 'import', '--store', 'mail',
	"$client/samples");

SKIP:
{
	skip 'no corpus: set MSGSTORE_CORPUS', 6 unless -d "$corpus/messages";
	under_valgrind('corpus', 0, 'import', '--dry-run', "$corpus/messages");
	my $lines = PostgreSQL::Test::Utils::tempdir() . '/lines';
	append_to_file($lines, $out);
	under_valgrind('corpus again', 0, 'export', '--lines', $lines, '-');
	my $edited = slurp_file($lines);
	$edited =~ s/"PR_(?:SUBJECT|BODY)":\s*"/$&edited /g;
	$edited =~ s/"PR_ATTACH_LONG_FILENAME":\s*"/$&new /g;
	append_to_file("$lines.edited", $edited);
	under_valgrind('corpus edited', 0, 'export', '--lines', "$lines.edited",
		'-');
}

done_testing();
