
# CREATE EXTENSION makes all objects and DROP EXTENSION drops them; databases in
# another encoding than UTF8, which cannot return every stored text, are refused.
# test/fuzz/calls knows a call of every function of the schema.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('extension');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;

# PostgreSQL does not drop a schema that a control file names with its extension, so
# the schema is there from the start.
my $catalogs = join ' UNION ALL ', map { "SELECT '$_', count(*) FROM $_" }
  qw(pg_proc pg_type pg_class pg_operator pg_opclass pg_opfamily pg_cast
  pg_namespace pg_constraint pg_description pg_depend pg_extension pg_amop);

$node->safe_psql('postgres', 'CREATE SCHEMA msgstore');
my $before = $node->safe_psql('postgres', $catalogs);
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
isnt($node->safe_psql('postgres', $catalogs),
	$before, 'CREATE EXTENSION makes objects');
$node->safe_psql('postgres', 'DROP EXTENSION msgstore');
is($node->safe_psql('postgres', $catalogs),
	$before, 'DROP EXTENSION leaves nothing behind');

# DISCARD ALL works after that in a session that has uploaded bytes.
is( $node->safe_psql(
		'postgres', q{
		CREATE EXTENSION msgstore;
		SELECT msgstore.create_store('s') AS store \gset
		SELECT msgstore.create_message(:store, msgstore.special_folder(:store, 'Inbox')) AS m \gset
		SELECT msgstore.write_stream(:m, 'PR_BODY', 0, convert_to(repeat('x', 1100000), 'UTF8')) AS written \gset
		DROP EXTENSION msgstore;
		DISCARD ALL;
		SELECT 'discarded'}),
	'discarded',
	'DISCARD ALL after DROP EXTENSION, with an upload in progress');

# The fuzzer of calls fails if the schema has a function that it never calls.
my $top = "$FindBin::RealBin/../..";
my ($calls, $errors);
IPC::Run::run(
	[
		'perl', "$top/test/fuzz/calls", 0, 1, "$top/data",
		"$top/sql/property.sql"
	],
	'>' => \$calls) or die "test/fuzz/calls failed";
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
my $status = $node->psql('postgres', $calls, stderr => \$errors);
is("$status $errors", '0 ', 'the fuzzer of calls calls every function');
$node->safe_psql('postgres',
	'DROP EXTENSION msgstore; CREATE EXTENSION msgstore;
	CREATE FUNCTION msgstore.forgotten() RETURNS integer LANGUAGE sql AS $$SELECT 1$$'
);
$node->psql('postgres', $calls, stderr => \$errors);
like($errors, qr/never called: forgotten$/m, 'and finds one that it does not know');

foreach my $encoding ('LATIN1', 'SQL_ASCII')
{
	my $db = lc $encoding;

	$node->safe_psql('postgres',
		"CREATE DATABASE $db TEMPLATE template0 ENCODING '$encoding'");
	my ($status, undef, $err) = $node->psql($db, 'CREATE EXTENSION msgstore');
	isnt($status, 0, "refused in $encoding");
	like($err, qr/ERROR: .*UTF8/, "and the error in $encoding names UTF8");
	is( $node->safe_psql(
			$db, q{SELECT count(*) FROM pg_extension
			WHERE extname = 'msgstore'}),
		'0',
		"nothing is installed in $encoding");
}

$node->stop;
done_testing();
