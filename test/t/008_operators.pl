
# The operators in pg_catalog are members of the extension.  They change nothing
# for other types; dump, restore and pg_upgrade carry them, with the columns,
# indexes and views that use them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @initdb = (extra => [ '--encoding=UTF8', '--locale=C' ]);
my $node = PostgreSQL::Test::Cluster->new('operators');
$node->init(@initdb);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $dir = $node->basedir;

# ------------------------------------------------ the operators of other types

# The result or the error of each operator on each pair of operands that might be
# taken for flags or results: integers, literals, and others for comparison.
$node->safe_psql(
	'postgres', q{
	CREATE DOMAIN small AS smallint;
	CREATE DOMAIN large AS bigint;
	CREATE FUNCTION chosen(op text, l text, r text) RETURNS text
	LANGUAGE plpgsql AS $$
	DECLARE
		type text;
	BEGIN
		EXECUTE format('SELECT pg_typeof(%s %s %s)', l, op, r) INTO type;
		RETURN type;
	EXCEPTION WHEN OTHERS THEN
		RETURN SQLSTATE || ' ' || SQLERRM;
	END $$});
my $choices = q{
	WITH operand (o) AS (
		SELECT format('NULL::%s', t) FROM unnest('{smallint, integer, bigint,
			small, large, oid, numeric, real, text, boolean, "char", xid, money,
			inet, regclass, tid, bit, int2vector, integer[]}'::text[]) AS t
		UNION ALL SELECT '''1''' UNION ALL SELECT 'NULL' UNION ALL SELECT '1'
		UNION ALL SELECT '3000000000')
	SELECT op, l.o, r.o, chosen(op, l.o, r.o)
	FROM unnest('{|,&,=,<>,<,<=,>,>=}'::text[]) AS op, operand AS l, operand AS r
	ORDER BY 1, 2, 3};
my $before = $node->safe_psql('postgres', $choices);
my @chosen = $before =~ /\|(\w+(?: \w+)*)$/mg;
cmp_ok(scalar(grep { !/^42/ } @chosen),
	'>', 1000, 'there are operators of other types');
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
same($node->safe_psql('postgres', $choices),
	$before, 'they are chosen as before the extension came');

# -------------------------------------------------------- dump and restore

# The members of the extension, the operators in full, and what is made of them.
my $everything = q{
	SELECT pg_describe_object(classid, objid, 0) FROM pg_depend
	WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
	  AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'msgstore')
	ORDER BY 1;
	SELECT o.oid::regoperator, n.nspname, oprcom::regoperator,
		oprnegate::regoperator, oprcode, oprrest, oprjoin, oprcanhash,
		oprcanmerge, obj_description(o.oid, 'pg_operator')
	FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = oprnamespace
	WHERE o.oid >= 16384 ORDER BY o.oid::regoperator::text;
	SELECT opcname, opcmethod, opcintype::regtype, amopstrategy, amopopr::regoperator
	FROM pg_opclass JOIN pg_amop ON amopfamily = opcfamily
	WHERE opcname = 'hresult_ops' ORDER BY 2, 4;
	SELECT nspowner::regrole, nspacl FROM pg_namespace
	WHERE nspname = 'msgstore';
	SELECT p, has_schema_privilege('regress_app', 'msgstore_internal', p)
	FROM unnest('{USAGE,CREATE}'::text[]) AS p;
	SELECT pg_get_viewdef('public.refused'::regclass);
	SELECT pg_get_constraintdef(oid) FROM pg_constraint
	WHERE conrelid = 'public.outcome'::regclass ORDER BY conname;
	SELECT pg_get_indexdef(indexrelid) FROM pg_index
	WHERE indrelid = 'public.outcome'::regclass ORDER BY indexrelid::regclass::text;
	SELECT o FROM public.outcome AS o ORDER BY result;
	SELECT r FROM public.refused AS r ORDER BY result;
	SELECT public.verdict('MAPI_E_OBJECT_CHANGED');
	SELECT m FROM msgstore.message_list AS m};

# Compare such texts by the lines that only one of them has.
sub same
{
	my ($got, $expected, $what) = @_;
	my %got = map { $_ => 1 } split /\n/, $got;
	my %expected = map { $_ => 1 } split /\n/, $expected;

	is( join("\n",
			(map { "+$_" } grep { !$expected{$_} } sort keys %got),
			(map { "-$_" } grep { !$got{$_} } sort keys %expected)),
		'', $what);
}

# Check what works in the restored database.
my $works = q{
	SET search_path = '';
	SELECT result = 'S_OK', result IN ('MAPI_E_OBJECT_CHANGED')
	FROM msgstore.message_list AS m, msgstore.save_message(m.store_id,
		m.message_id, m.change_number, '{"PR_SUBJECT": "later"}') AS s};

$node->safe_psql(
	'postgres', q{
	CREATE ROLE regress_app;
	CREATE ROLE regress_chief SUPERUSER LOGIN;
	GRANT CREATE ON SCHEMA msgstore TO regress_app;
	SELECT msgstore.create_store('kept');
	SELECT msgstore.save_new_message(store_id, folder_id, '{"PR_SUBJECT": "one"}')
	FROM msgstore.folder_list WHERE special = 'Inbox';
	CREATE TABLE public.outcome (
		result msgstore.hresult PRIMARY KEY DEFAULT 'S_OK',
		flags msgstore.save_flags DEFAULT 'FORCE_SAVE',
		CHECK (result <> 'MAPI_E_CALL_FAILED'),
		CHECK (flags & 'PARK_REFUSED' = 0));
	INSERT INTO public.outcome VALUES ('S_OK', 1), ('MAPI_E_OBJECT_CHANGED', 4);
	CREATE INDEX ON public.outcome USING hash (result)
	WHERE result <> 'MAPI_E_NO_ACCESS';
	CREATE VIEW public.refused AS
	SELECT result, flags | 'KEEP_OPEN_READONLY' AS flags,
		CASE result WHEN 'MAPI_E_OBJECT_CHANGED' THEN 'changed' END AS why
	FROM public.outcome WHERE result NOT IN ('S_OK', 'S_FALSE');
	CREATE FUNCTION public.verdict(result msgstore.hresult) RETURNS text
	LANGUAGE plpgsql AS $$
	BEGIN
		IF result = 'MAPI_E_OBJECT_CHANGED' THEN
			RETURN 'refused';
		END IF;
		RETURN 'saved';
	END $$});
$before = $node->safe_psql('postgres', $everything);
like($before, qr/operator =\(msgstore\.hresult,msgstore\.hresult\)/,
	'the operators are members of the extension');

foreach my $how ('plain', 'custom', 'another superuser')
{
	my $format = $how eq 'plain' ? 'plain' : 'custom';
	my $user = $how eq 'another superuser' ? 'regress_chief' : getpwuid($<);
	my $db = 'restored_' . $how =~ s/ /_/gr;

	$node->command_checks_all(
		[ 'pg_dump', "--format=$format", "--file=$dir/$db", 'postgres' ],
		0, [qr/^$/], [qr/^$/], "$how: dumped without a warning");
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
	$node->command_ok(
		$format eq 'plain'
		? [ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', "$dir/out",
			'-f', "$dir/$db", $db ]
		: [ 'pg_restore', '--exit-on-error', '-U', $user, '-d', $db,
			"$dir/$db" ],
		"$how: restored without an error");
	same($node->safe_psql($db, $everything), $before,
		"$how: nothing is missing");
	is($node->safe_psql($db, $works), 't|f', "$how: and it works");
}

# A schema of a role that is no superuser is not trusted in a dump either.
$node->safe_psql('postgres', 'ALTER SCHEMA msgstore OWNER TO regress_app');
$node->command_ok([ 'pg_dump', '-Fc', "--file=$dir/owned", 'postgres' ], 'dumped');
$node->safe_psql('postgres', "CREATE DATABASE $_ TEMPLATE template0")
  foreach ('owned', 'not_owned');
$node->command_fails_like(
	[ 'pg_restore', '--exit-on-error', '-d', 'owned', "$dir/owned" ],
	qr/schema "msgstore" belongs to role "regress_app"/,
	'a dump in which another role owns the schema is refused');
$node->command_ok(
	[ 'pg_restore', '--exit-on-error', '--no-owner', '-d', 'not_owned',
		"$dir/owned" ],
	'and restored with --no-owner');
is($node->safe_psql('not_owned', $works), 't|f', 'where it works');
$node->safe_psql('postgres', 'ALTER SCHEMA msgstore OWNER TO CURRENT_USER');

# --------------------------------------------------------------- pg_upgrade

SKIP:
{
	my ($bindir) = grep { -x "$_/pg_upgrade" } split /:/, $ENV{PATH};
	skip 'pg_upgrade is not installed', 3 unless defined $bindir;

	my $upgraded = PostgreSQL::Test::Cluster->new('upgraded');
	my $here = $upgraded->basedir;

	$before = $node->safe_psql('postgres', $everything);
	$upgraded->init(@initdb);
	$upgraded->append_conf('postgresql.conf', 'fsync = off');
	$node->stop;
	chdir $here or die "could not change to $here: $!";
	command_ok(
		[
			'pg_upgrade', '-d', $node->data_dir, '-D', $upgraded->data_dir,
			'-b', $bindir, '-B', $bindir, '-p', $node->port, '-P',
			$upgraded->port
		],
		'pg_upgrade ends well');
	$upgraded->start;
	same($upgraded->safe_psql('postgres', $everything),
		$before, 'pg_upgrade: nothing is missing');
	is($upgraded->safe_psql('postgres', $works), 't|f', 'pg_upgrade: and it works');
	$upgraded->stop;
}

done_testing();
