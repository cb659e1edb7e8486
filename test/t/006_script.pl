
# The install script is written in one style, and its names with their schema,
# so that no other schema has a part in what they mean.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Utils;
use SqlNames qw(tokens unqualified);
use Test::More;

# ------------------------------------------------------ the reader of SQL works

my %found = (
	'SELECT a || b' => 'operator ||',
	'SELECT a OPERATOR(pg_catalog.||) b, c - 1' => 'operator -',
	'SELECT count(*), *' => 'function count',
	'SELECT * FROM pg_catalog.f(a) AS b (c), t AS d' => 'relation t',
	'WITH w AS (SELECT 1) SELECT 1 FROM w JOIN x ON true' => 'relation x',
	'INSERT INTO msgstore.a SELECT 1 FROM (SELECT 2) b, c' => 'relation c',
	q{SELECT '='::text, E'\\'::pg_catalog.text, 1::bigint} => 'type text',
	'SELECT 1 WHERE a IN (1) AND b' => 'construct IN',
	'SELECT 1 WHERE a BETWEEN b AND c' => 'construct BETWEEN',
	'SELECT 1 WHERE a NOT LIKE b' => 'construct LIKE',
	'SELECT 1 WHERE a IS DISTINCT FROM msgstore.b' => 'construct DISTINCT',
	'SELECT NULLIF(a, b)' => 'construct NULLIF',
	'SELECT CASE a WHEN b THEN c END' => 'construct CASE',
	'SELECT 1 FROM a.b JOIN c.d USING (e)' => 'construct USING',
	'DO $$ DECLARE a record; BEGIN END $$' => 'type record',
	'DO $$ DECLARE a int; b text := 1; BEGIN END $$' => 'type text',
	'DO $$ BEGIN PERFORM f(1); END $$' => 'function f',
	'CREATE FUNCTION a.f() RETURNS void AS $b$ SELECT 1 + 1 $b$' =>
	  'operator +',
	'COMMENT ON TABLE a IS $$b$$' => 'object a',
	'CREATE CAST (a AS b) WITH FUNCTION c(a)' => 'object c',
	'CREATE TYPE a.b (INPUT = c.d, LIKE = pg_catalog.int4); SELECT 1 = 2' =>
	  'operator =');
foreach my $sql (sort keys %found)
{
	my @names = map { s/^line 1: //r } unqualified($sql);

	ok((grep { $_ eq $found{$sql} } @names) && @names <= 2,
		"found in: $sql")
	  or diag "found: @names";
}
is_deeply(
	[ unqualified(q{
		-- a = b, and f(x)
		/* a || b */
		SELECT k.a, '= f(x)', coalesce(k.b, $1), count.d
		FROM msgstore.t AS k (a, b)
		LEFT JOIN msgstore.u AS l ON k.a OPERATOR(pg_catalog.=) ANY (l.b)
		WHERE CASE WHEN k.a IS NULL THEN true END
		  AND EXISTS (SELECT * FROM msgstore.v)
		ORDER BY k.a::bigint, k.b::pg_catalog."char" LIMIT 1;
		CREATE TYPE msgstore.t (INPUT = msgstore.f, LIKE = pg_catalog.int4);
		REVOKE EXECUTE ON FUNCTION msgstore.f(text) FROM PUBLIC}) ],
	[],
	'nothing is found where every name has its schema');

# -------------------------------------------------------------- the script

my $script = slurp_file("$FindBin::RealBin/../../msgstore--0.1.sql");

is(join("\n", unqualified($script)), '', 'every name has its schema');

# Statements as their tokens with one blank between, bodies left out.
my @statements = ('');
my $in_body = 0;
foreach (tokens($script))
{
	my ($kind, $text) = @$_;

	if ($kind eq 'quote')
	{
		$in_body = !$in_body;
		$text = '$$';
	}
	if ($kind eq 'mark' && $text eq ';')
	{
		push @statements, '';
	}
	else
	{
		$statements[-1] .= ($statements[-1] eq '' ? '' : ' ') . $text;
	}
}
@statements = map { s/^\$\$ //r } @statements;
cmp_ok(scalar(grep { /^CREATE FUNCTION / } @statements),
	'>', 70, 'there are functions to look at');

# LANGUAGE, volatility, NULL input and PARALLEL of a function are all written,
# in this order and before the body.
my $attributes = qr{\ LANGUAGE\ (?:C|internal|sql|plpgsql)
	\ (?:IMMUTABLE|STABLE|VOLATILE)\ (?:STRICT|CALLED\ ON\ NULL\ INPUT)
	(?:\ LEAKPROOF)?\ PARALLEL\ (?:SAFE|RESTRICTED|UNSAFE)
	(?:\ COST\ \d+)?(?:\ ROWS\ \d+)?
	(?:\ SET\ search_path\ =\ pg_catalog\ ,\ pg_temp)?\ AS\ }x;
is( join("\n",
		grep { /^CREATE FUNCTION / && !/$attributes(?:'[^']*'(?: , '[^']*')?$|\$\$)/ }
		  @statements),
	'',
	'every function has all of its attributes in one order');
is( join("\n",
		grep { /^CREATE PROCEDURE / && !/ \) LANGUAGE plpgsql AS \$\$/ }
		  @statements),
	'',
	'every procedure has its attributes in one order');
is( join("\n",
		grep { /^CREATE (?:\w+ )*(?:IF NOT EXISTS|OR REPLACE)\b/i }
		  @statements),
	'',
	'nothing that exists is taken over');

my @lines = split /\n/, $script;
is( join("\n",
		grep { /\b(?:int2|int4|int8|bool|float4|float8|varchar)\b/
			  && !/'\w*int\w*'|LIKE = pg_catalog\.int4/ } @lines),
	'',
	'types go by their SQL names');
is( join("\n", grep { /[-=*]{10}/ && !m{^/\* (?=.{76}$)=+ [a-z]+$} } @lines),
	'',
	'every section has one form of banner');
is( join("\n",
		grep {
			my $line = $_;
			1 while $line =~ s/^([^\t]*)\t/$1 . ' ' x (4 - length($1) % 4)/e;
			length($line) > 79 } @lines),
	'',
	'no line has more than 79 columns');

done_testing();
