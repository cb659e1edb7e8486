
# CREATE EXTENSION takes a schema msgstore only if nobody else can have made
# objects in it, and always makes msgstore_internal itself.  DROP EXTENSION leaves
# schema msgstore, and drops no object of others without CASCADE.  (Fault F1: a schema
# that was made beforehand, and runs code of its owner.)
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('schemas');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE ROLE regress_stranger;
	CREATE ROLE regress_chief SUPERUSER});

my $databases = 0;

# A new database with a schema as it was left behind for the installing role.
sub prepared
{
	my ($sql) = @_;
	my $db = 'db' . ++$databases;

	$node->safe_psql('postgres', "CREATE DATABASE $db");
	$node->safe_psql('postgres',
		"GRANT CREATE ON DATABASE $db TO regress_stranger");
	$node->safe_psql($db, $sql);
	return $db;
}

sub refused
{
	my ($sql, $what, $error) = @_;
	my $db = prepared($sql);
	my ($status, undef, $err) = $node->psql($db, 'CREATE EXTENSION msgstore');

	is($status, 3, "refused: $what");
	like($err, $error, "and the error says why: $what");
	is( $node->safe_psql(
			$db, q{
			SELECT count(*) FROM pg_extension WHERE extname = 'msgstore'}),
		'0',
		"and nothing is installed: $what");
	return $db;
}

# ------------------------------------------------------- schemas of others

refused(
	'CREATE SCHEMA msgstore AUTHORIZATION regress_stranger',
	'a schema of another role',
	qr/ERROR:  schema "msgstore" belongs to role "regress_stranger"\n.*superuser.*\nHINT:  Drop the schema/s
);

# The owner has an operator there that a view would have taken for array || array.
refused(
	q{
	SET ROLE regress_stranger;
	CREATE SCHEMA msgstore;
	CREATE FUNCTION msgstore.theirs(text[], text[]) RETURNS text[]
	LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE 'ALTER ROLE regress_stranger SUPERUSER';
		RETURN $1;
	END $$;
	CREATE OPERATOR msgstore.|| (FUNCTION = msgstore.theirs,
		LEFTARG = text[], RIGHTARG = text[])},
	'a schema of another role, with an operator in it',
	qr/belongs to role "regress_stranger"/);

refused(
	q{
	CREATE SCHEMA msgstore;
	GRANT USAGE, CREATE ON SCHEMA msgstore TO regress_stranger},
	'a schema where another role may create objects',
	qr/ERROR:  regress_stranger may create objects in schema "msgstore"\nHINT:  Run REVOKE CREATE ON SCHEMA msgstore FROM regress_stranger\./
);
refused(
	q{
	CREATE SCHEMA msgstore;
	GRANT ALL ON SCHEMA msgstore TO PUBLIC},
	'a schema where everybody may create objects',
	qr/ERROR:  PUBLIC may create objects in schema "msgstore"\nHINT:  Run REVOKE CREATE ON SCHEMA msgstore FROM PUBLIC\./
);
foreach my $role ('regress_stranger', 'regress_chief', 'CURRENT_USER')
{
	refused(
		"CREATE SCHEMA msgstore_internal AUTHORIZATION $role",
		"a schema msgstore_internal of $role",
		qr/ERROR:  schema "msgstore_internal" exists already\nHINT:  Drop or rename/
	);
}

# ------------------------------------------------------------ not empty

my %objects = (
	'function msgstore.f()' =>
	  'CREATE FUNCTION msgstore.f() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
	'function msgstore.p()' =>
	  'CREATE PROCEDURE msgstore.p() LANGUAGE sql AS $$SELECT 1$$',
	'operator msgstore.+*(integer,integer)' => q{
		CREATE OPERATOR msgstore.+* (FUNCTION = int4pl, LEFTARG = integer,
			RIGHTARG = integer)},
	'type msgstore.hresult' => 'CREATE TYPE msgstore.hresult',
	'type msgstore.d' => 'CREATE DOMAIN msgstore.d AS text',
	'table msgstore.store' => 'CREATE TABLE msgstore.store (store_id bigint)',
	'view msgstore.v' => 'CREATE VIEW msgstore.v AS SELECT 1',
	'sequence msgstore.s' => 'CREATE SEQUENCE msgstore.s',
	'collation msgstore.c' => 'CREATE COLLATION msgstore.c FROM "C"',
	'conversion msgstore.c' =>
	  q{CREATE CONVERSION msgstore.c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8},
	'operator family msgstore.f for access method btree' =>
	  'CREATE OPERATOR FAMILY msgstore.f USING btree',
	'text search configuration msgstore.t' =>
	  'CREATE TEXT SEARCH CONFIGURATION msgstore.t (COPY = simple)');
foreach my $object (sort keys %objects)
{
	my $name = quotemeta $object =~ s/msgstore\.//r;

	refused("CREATE SCHEMA msgstore; $objects{$object}",
		"a schema with $object",
		qr/ERROR:  schema "msgstore" is not empty\nDETAIL:  The schema has $name\.\nHINT:  Drop/
	);
}

# A reference to the schema is not an object in it.
my $db = prepared(q{
	CREATE SCHEMA msgstore;
	CREATE VIEW about AS SELECT 'msgstore'::regnamespace AS it});
$node->safe_psql($db, 'CREATE EXTENSION msgstore');
is( $node->safe_psql($db, 'SELECT it, msgstore.succeeded($$S_OK$$) FROM about'),
	'msgstore|t', 'a schema that a view refers to is taken');

# ------------------------------------------------------- schemas that are taken

foreach my $role ('CURRENT_USER', 'regress_chief')
{
	$db = prepared("CREATE SCHEMA msgstore AUTHORIZATION $role");
	$node->safe_psql($db, 'CREATE EXTENSION msgstore');
	is($node->safe_psql($db, q{SELECT msgstore.create_store('s') > 0}),
		't', "an empty schema of $role is taken");
}

# ----------------------------------------------------------- DROP EXTENSION

$db = prepared('CREATE EXTENSION msgstore');
my $schemas = q{
	SELECT nspname, nspname::regnamespace::oid IN (SELECT objid FROM pg_depend
		WHERE classid = 'pg_namespace'::regclass AND deptype = 'e')
	FROM pg_namespace WHERE nspname LIKE 'msgstore%' ORDER BY 1};
is($node->safe_psql($db, $schemas),
	"msgstore|f\nmsgstore_internal|t",
	'only msgstore_internal is a member of the extension');

my ($status, undef, $err) =
  $node->psql($db, 'ALTER EXTENSION msgstore SET SCHEMA public');
like($err, qr/extension "msgstore" does not support SET SCHEMA/,
	'the extension stays in its schema');
$node->safe_psql($db, 'ALTER EXTENSION msgstore UPDATE');

# A table with columns of its types, and a view over one of its views.
$node->safe_psql(
	$db, q{
	CREATE TABLE public.outcome (message_id bigint,
		result msgstore.hresult DEFAULT 'S_OK', flags msgstore.save_flags);
	INSERT INTO public.outcome VALUES (1, 'MAPI_E_OBJECT_CHANGED', 4);
	CREATE VIEW public.subjects AS SELECT subject FROM msgstore.message_list});
($status, undef, $err) = $node->psql($db, 'DROP EXTENSION msgstore');
like($err, qr/cannot drop extension msgstore because other objects depend on it/,
	'DROP EXTENSION is refused while something depends on it');
$node->safe_psql($db, 'DROP EXTENSION msgstore CASCADE');
is($node->safe_psql($db, 'SELECT o FROM public.outcome AS o'),
	'(1)', 'CASCADE takes columns of its types, and not their tables');
is($node->safe_psql($db, q{SELECT to_regclass('public.subjects') IS NULL}),
	't', 'and views over its views');
is($node->safe_psql($db, $schemas), 'msgstore|f',
	'schema msgstore stays, msgstore_internal goes');
is( $node->safe_psql(
		$db, q{SELECT count(*) FROM pg_operator WHERE oid >= 16384}),
	'0',
	'and no operator is left');

$node->safe_psql($db, 'CREATE EXTENSION msgstore');
is($node->safe_psql($db, $schemas),
	"msgstore|f\nmsgstore_internal|t",
	'CREATE EXTENSION takes the schema that DROP EXTENSION has left');
$node->safe_psql($db, 'CREATE TABLE msgstore_internal.mine (i integer)');
($status, undef, $err) = $node->psql($db, 'DROP EXTENSION msgstore');
like($err, qr/table msgstore_internal\.mine depends on schema msgstore_internal/,
	'DROP EXTENSION is refused while msgstore_internal has a table of others');
$node->safe_psql($db, 'DROP EXTENSION msgstore CASCADE');
is($node->safe_psql($db, $schemas), 'msgstore|f', 'CASCADE drops the table');

$node->stop;
done_testing();
