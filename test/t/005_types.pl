
# Every property of the catalogue and every type, at its extremes: another session, and
# a restored dump, have the value that was set; a bad value is refused by name.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Values in the form in which they are stored, by type.
my %good = (
	PT_I2 => [ '0', '32767', '-32768' ],
	PT_LONG => [ '0', '2147483647', '-2147483648' ],
	PT_I8 => [ '0', '9223372036854775807', '-9223372036854775808' ],
	PT_R4 => [
		'0', '"-0"', '"NaN"', '"Infinity"', '"-Infinity"', '0.1',
		'3.4028235e38', '-3.4028235e38', '1e-45', '1.1754944e-38' ],
	PT_DOUBLE => [
		'0', '"-0"', '"NaN"', '"Infinity"', '"-Infinity"', '0.1',
		'1.7976931348623157e308', '-1.7976931348623157e308', '5e-324',
		'2.2250738585072014e-308' ],
	PT_APPTIME => [ '0', '"-0"', '"NaN"', '36526.5', '-657434',
		'1.7976931348623157e308' ],
	PT_CURRENCY => [ '0', '0.0001', '-0.0001', '922337203685477.5807',
		'-922337203685477.5808', '900719925474099.3001' ],
	PT_BOOLEAN => [ 'true', 'false' ],
	PT_UNICODE => [ '""', '"a"', '"\u0001\\\\\"\r\n\t\uFFFD"',
		'"Gr\u00fc\u00dfe \u65e5\u672c\u8a9e \ud840\udc0b"',
		'"' . 'long ' x 200 . '"' ],
	PT_SYSTIME => [ '"1601-01-01T00:00:00.0000000Z"',
		'"2024-02-29T23:59:59.9999999Z"', '"1900-02-28T00:00:00.0000001Z"',
		'"60056-05-28T05:36:10.9551615Z"' ],
	PT_CLSID => [ '"{00000000-0000-0000-0000-000000000000}"',
		'"{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}"',
		'"{00020386-0000-0000-C000-000000000046}"' ],
	PT_BINARY => [ '""', '"AA=="', '"AAA="', '"AAAA"', '"/+/+"',
		'"' . 'AP//' x 200 . '"' ]);
$good{$_} = $good{PT_BINARY} foreach qw(PT_SVREID PT_SRESTRICTION PT_ACTIONS);

# Values that are refused, by type.
my %bad = (
	PT_I2 => [ '32768', '-32769', '0.5' ],
	PT_LONG => [ '2147483648', '-2147483649', '1.5', '1e-1' ],
	PT_I8 => [ '9223372036854775808', '-9223372036854775809', '0.1' ],
	PT_R4 => [ '3.5e38', '-1e39', '1e-46', '"nan"', '"0"', '"+Infinity"' ],
	PT_DOUBLE => [ '1e309', '-1e309', '1e-400', '"NAN"', '"1"', '""' ],
	PT_APPTIME => [ '1e309', '"2000-01-01T00:00:00Z"' ],
	PT_CURRENCY => [ '0.00001', '922337203685477.5808',
		'-922337203685477.5809', '1e16' ],
	PT_BOOLEAN => [],
	PT_UNICODE => [],
	PT_SYSTIME => [ '"1600-12-31T23:59:59.9999999Z"',
		'"60056-05-28T05:36:10.9551616Z"', '"2024-02-30T00:00:00Z"',
		'"2024-02-29"', '"2024-02-29T00:00:00"', '"now"', '""',
		'"2024-02-29T00:00:00.12345678Z"' ],
	PT_CLSID => [ '""', '"{00020386-0000-0000-C000-00000000004}"',
		'"00020386000000000C00000000000046"',
		'"{0002038g-0000-0000-C000-000000000046}"' ],
	PT_BINARY => [ '"A"', '"AA="', '"AAA=="', '"AB=="', '"-_-_"', '"\\\\x00"',
		'"AA==AA=="' ]);
$bad{$_} = $bad{PT_BINARY} foreach qw(PT_SVREID PT_SRESTRICTION PT_ACTIONS);

# Kinds of JSON that each type accepts; all others are refused.
my %kinds = (
	number => '1', string => '"x"', boolean => 'true', array => '[]',
	object => '{}');
my %takes = (
	PT_BOOLEAN => 'boolean', map { $_ => 'number' }
	  qw(PT_I2 PT_LONG PT_I8 PT_R4 PT_DOUBLE PT_APPTIME PT_CURRENCY));

my $node = PostgreSQL::Test::Cluster->new('types');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
my $dir = $node->basedir;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SELECT msgstore.create_store('types');
	CREATE TABLE good (type text, sample int, value jsonb,
		PRIMARY KEY (type, sample));
	CREATE TABLE bad (type text, value jsonb);
	CREATE TABLE property (name text, type text, turn int);
	CREATE TABLE expected (message_id bigint, props jsonb);
});

# ------------------------------------------------------------- the samples

my @types = split /\n/, $node->safe_psql(
	'postgres', q{SELECT concat_ws($$ $$, name, element_type)
		FROM msgstore.property_types
		WHERE storable AND name NOT LIKE '%STRING8'});
my $samples = '';
foreach (@types)
{
	my ($type, $element) = split / /;
	my $of = $element // $type;
	my $takes = defined $element ? 'array' : $takes{$type} // 'string';
	my @values = @{ $good{$of} // die "no values for $of" };
	my @refused = @{ $bad{$of} };

	if (defined $element)
	{
		@values = (
			'[]', "[$values[0]]", '[' . join(', ', @values) . ']',
			'[' . join(', ', reverse(@values), @values) . ']');
		@refused = map { ("[$_]", "[$good{$of}[0], $_]") } @refused,
		  '[]', '{}', 'null',
		  map { $kinds{$_} }
		  grep { $_ ne ($takes{$of} // 'string') } qw(number boolean);
	}
	push @refused, map { $kinds{$_} } grep { $_ ne $takes } sort keys %kinds;

	# strings that are values of the type are tried above
	@refused = grep { $_ ne '"x"' } @refused if $takes eq 'string';
	foreach my $i (0 .. $#values)
	{
		$samples .= "INSERT INTO good VALUES ('$type', $i, \$x\$$values[$i]\$x\$);\n";
	}
	$samples .= "INSERT INTO bad VALUES ('$type', \$x\$$_\$x\$);\n"
	  foreach @refused;
}
$node->safe_psql('postgres', $samples);

# Every property that a client may set, and of every type a tag without a name and a
# named property that is not in the catalogue.  Properties that share an id are set in
# turn, as only one of them can be set at a time; the parts of a subject follow it.
$node->safe_psql(
	'postgres', q{
	WITH named AS (
		SELECT name FROM msgstore.property_catalogue
		WHERE storable AND rule = 'stored'
		  AND name NOT IN ('PR_SUBJECT_PREFIX', 'PR_NORMALIZED_SUBJECT')
		  AND part NOT IN ('recipients', 'attachments')
		  AND name !~ '^0x[89A-F]'
		UNION
		SELECT spelling
		FROM (SELECT *, 28416 + row_number() OVER () AS id
				FROM msgstore.property_types) AS t,
			msgstore.property_name('0x' || to_hex(id) || substr(code, 3)) AS spelling
		WHERE storable
		UNION
		SELECT msgstore.property_name(format('PS_PUBLIC_STRINGS:a %s:%s',
			lower(name), name))
		FROM msgstore.property_types
		WHERE storable
	)
	INSERT INTO property
	SELECT name, msgstore.property_type(name), row_number() OVER (
		PARTITION BY coalesce(left(msgstore.property_tag(name), 6), name)
		ORDER BY name)
	FROM named;
});
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM property'),
	'>', 2000, 'there are properties to try');
is( $node->safe_psql(
		'postgres', q{
		SELECT name FROM msgstore.property_types AS t
		WHERE storable AND name NOT LIKE '%STRING8' AND (
			SELECT count(*) FROM property AS p WHERE p.type = t.name) < 2}),
	'',
	'at least two of every type');

# ------------------------------------------------- set, save, read, restore

# One message per turn and sample, with every property that has such a sample.
$node->safe_psql(
	'postgres', q{
	SET search_path = msgstore, public;
	WITH patches AS (
		SELECT turn, sample, jsonb_object_agg(name, value) AS props
		FROM property JOIN good USING (type) GROUP BY turn, sample
	)
	INSERT INTO expected
	SELECT (save_new_message(store_id, special_folder(store_id, 'Inbox'),
		props)).message_id, props
	FROM store_list, patches;
});
cmp_ok(
	$node->safe_psql(
		'postgres', 'SELECT count(*) FROM expected WHERE message_id > 0'),
	'>=', 10,
	'messages are saved');

# Return the values that differ from those set, byte for byte.
my $differences = q{
	WITH read AS MATERIALIZED (
		SELECT e.message_id, props,
			msgstore.read_message(store_id, e.message_id) AS got
		FROM expected AS e JOIN msgstore.message_list USING (message_id)
	)
	SELECT message_id, e.key, left(e.value::text, 40), left(g.value::text, 40)
	FROM read, LATERAL (SELECT * FROM jsonb_each(props)) AS e
		LEFT JOIN LATERAL (SELECT * FROM jsonb_each(got)) AS g USING (key)
	WHERE g.value::text IS DISTINCT FROM e.value::text};

is($node->safe_psql('postgres', $differences),
	'', 'another session reads every value as it was set');
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*) FROM expected
		WHERE NOT EXISTS (SELECT FROM msgstore.message_list AS m
			WHERE m.message_id = expected.message_id)}),
	'0',
	'of every message');

# Through a handle, by every spelling: set one after the other, read back.
is( $node->safe_psql(
		'postgres', q{
		SET search_path = msgstore, public;
		SELECT create_message(store_id, special_folder(store_id, 'Inbox')) AS h
		FROM store_list \gset
		CREATE TEMPORARY TABLE spelled AS
		SELECT spelling, name, value,
			set_props(:h, jsonb_build_object(spelling, value))::text AS done,
			get_props(:h, ARRAY[spelling]) AS got
		FROM property JOIN property_catalogue USING (name, type)
			JOIN good USING (type), unnest(spellings) AS spelling
		WHERE sample = 1;
		SELECT spelling, got FROM spelled
		WHERE got::text <> jsonb_build_object(name, value)::text;
		SELECT count(*) > 4000 FROM spelled}),
	't',
	'every spelling of a property sets it');

foreach my $format ('custom', 'plain')
{
	my $db = "restored_$format";

	$node->command_ok(
		[ 'pg_dump', "--format=$format", "--file=$dir/$db", 'postgres' ],
		"$format: dumped");
	$node->safe_psql('postgres',
		"CREATE DATABASE $db TEMPLATE template0 ENCODING 'UTF8'");
	$node->command_ok(
		$format eq 'plain'
		? [ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', "$dir/out", '-f',
			"$dir/$db", $db ]
		: [ 'pg_restore', '--exit-on-error', '-d', $db, "$dir/$db" ],
		"$format: restored");
	is($node->safe_psql($db, $differences),
		'', "$format: every value is as it was set");
	is( $node->safe_psql($db, 'SELECT count(*) FROM msgstore.message_list'),
		$node->safe_psql('postgres', 'SELECT count(*) FROM expected'),
		"$format: of every message");
}

# ------------------------------------------------------------------- refused

# Every bad value in every kind of property of its type: three of each.
$node->safe_psql(
	'postgres', q{
	CREATE FUNCTION refused(handle int, name text, value jsonb)
	RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		state text;
		said text;
		what text;
	BEGIN
		PERFORM msgstore.set_props(handle, jsonb_build_object(name, value,
			'PR_SUBJECT', 'not to be set'));
		RETURN 'accepted';
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE,
			said = MESSAGE_TEXT, what = PG_EXCEPTION_DETAIL;
		IF state NOT IN ('MA057', 'MA304') OR strpos(said, name) = 0 OR
			strpos(said, msgstore.property_type(name)) = 0 OR
			strpos(what, 'The value was') = 0 OR
			msgstore.get_props(handle, ARRAY['PR_SUBJECT']) <> '{}' THEN
			RETURN state || ' ' || said || ' ' || what;
		END IF;
		RETURN 'refused';
	END
	$$;
});
my $tried = q{
	SELECT msgstore.create_message(store_id,
		msgstore.special_folder(store_id, 'Inbox')) AS h
	FROM msgstore.store_list \gset
	WITH tried AS (
		SELECT p.name, b.value, refused(:h, p.name, b.value) AS outcome
		FROM (SELECT *, row_number() OVER (PARTITION BY type,
				name ~ '^0x', name ~ ':' ORDER BY name) AS n FROM property) AS p
			JOIN bad AS b USING (type)
		WHERE n <= 1
	)};
is( $node->safe_psql(
		'postgres',
		"$tried SELECT name, value, outcome FROM tried WHERE outcome <> 'refused'"
	),
	'',
	'what is no value is refused, naming property, type and value');
cmp_ok($node->safe_psql('postgres', "$tried SELECT count(*) FROM tried"),
	'>', 400, 'and there is much of it');

$node->stop;
done_testing();
