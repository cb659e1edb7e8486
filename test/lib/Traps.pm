# Objects that take the place of those of PostgreSQL and of the extension
# wherever a name is written without its schema.
#
# traps(NODE, DATABASE, SCHEMA) returns SQL that fills a schema with them.  Each
# raises "trap sprung: ..." when it is used, and logs the same.  The names are
# those in the catalogue of the database, so that no new one can be forgotten:
#
#   functions   of the name and the arguments of each function, and of each that
#               is polymorphic or variadic some of common types, which match
#               better
#   operators   in the same way, and the usual ones of each pair of common types
#   types       a domain over each type
#   relations   a view in place of each table or view
#
# core_traps(SCHEMA) returns the two operators that traps() leaves out, since
# PostgreSQL itself uses them to look up the text of a view.
package Traps;
use strict;
use warnings;
use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(traps core_traps);

my @common =
  qw(text bigint integer smallint boolean jsonb bytea uuid name oid "char"
  timestamptz interval text[] bigint[] msgstore.hresult msgstore.save_flags);
my @usual = qw(= <> < <= > >= + - || | & -> ->>);
my %core = map { $_ => 1 } '= oid, oid', '= name, name';

# The names of the two schemas of the extension and of pg_catalog.  Types are
# written with their schema.
my $catalogue = q{
	SET search_path = '';
	SELECT json_build_object(
		'common', (SELECT json_agg(to_regtype(t))
			FROM unnest('{TYPES}'::text[]) AS t WHERE to_regtype(t) IS NOT NULL),
		'function', (SELECT json_agg(json_build_array(proname,
				(SELECT json_agg(a::regtype ORDER BY n)
				 FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS u (a, n)),
				prorettype::regtype, proretset, provariadic::regtype))
			FROM pg_proc WHERE pronamespace::regnamespace::text = ANY (s)),
		'operator', (SELECT json_agg(json_build_array(oprname,
				CASE oprkind WHEN 'b'
				THEN json_build_array(oprleft::regtype, oprright::regtype)
				ELSE json_build_array(oprright::regtype) END,
				oprresult::regtype, false, '-'))
			FROM pg_operator WHERE oprkind <> 'r'
			AND oprnamespace::regnamespace::text = ANY (s)),
		'type', (SELECT json_agg(json_build_array(typname, oid::regtype, typtype))
			FROM pg_type
			WHERE typnamespace::regnamespace::text = ANY (s)
			AND typrelid = 0 AND typcategory <> 'A'),
		'pseudo', (SELECT json_object_agg(oid::regtype, true)
			FROM pg_type WHERE typtype = 'p'),
		'relation', (SELECT json_agg(relname) FROM pg_class
			WHERE relkind IN ('r', 'v')
			AND relnamespace::regnamespace::text = ANY (s)))
	FROM (SELECT '{pg_catalog,msgstore,msgstore_internal}'::text[]) AS v (s)};

sub quoted { my ($name) = @_; return '"' . $name =~ s/"/""/gr . '"' }

# The body of a function that springs.
sub body
{
	my ($what) = @_;

	$what =~ s/'/''/g;
	return "LANGUAGE plpgsql AS \$t\$ BEGIN RAISE LOG 'trap sprung: %', '$what';"
	  . " RAISE EXCEPTION 'trap sprung: %', '$what'; END \$t\$";
}

# The lists of arguments that a trap is made for.
sub arguments
{
	my ($names, $args, $variadic) = @_;
	my $polymorphic = qr/^"?any/;
	my @lists;

	foreach my $arg (@$args)
	{
		return
		  if $names->{pseudo}{$arg} && $arg !~ $polymorphic && $arg !~ /^cstring/;
	}
	foreach my $type (
		(grep { $_ =~ $polymorphic } @$args) ? @{ $names->{common} } : 'text')
	{
		my $element = $type =~ s/\[\]$//r;
		my @list = map {
			/^"?any\w*array/ ? "$element\[]"
			  : $_ =~ $polymorphic ? $type
			  : s/^cstring/text/r
		} @$args;

		push @lists, \@list;
		next if $variadic eq '-';

		# VARIADIC is the last argument: one to three of its elements
		my @fixed = @list[ 0 .. $#list - 1 ];
		my $last = $variadic =~ $polymorphic ? $type : $variadic;
		push @lists, map { [ @fixed, ($last) x $_ ] } 1 .. 3;
	}
	return @lists;
}

sub function
{
	my ($schema, $name, $args, $result, $what) = @_;

	return "CREATE FUNCTION $schema." . quoted($name) . "($args) RETURNS $result "
	  . body("$what($args)") . ";\n";
}

sub operator
{
	my ($schema, $name, $args, $result) = @_;
	my @args = split /, /, $args;
	my $left = @args > 1 ? "LEFTARG = $args[0], " : '';

	return function($schema, "operator $name", $args, $result, "operator $name")
	  . "CREATE OPERATOR $schema.$name (FUNCTION = $schema."
	  . quoted("operator $name")
	  . ", ${left}RIGHTARG = $args[-1]);\n";
}

sub traps
{
	my ($node, $db, $schema) = @_;
	my $query = $catalogue =~ s/TYPES/join ',', map { s{"}{\\"}gr } @common/er;
	my $names = decode_json($node->safe_psql($db, $query));
	my $sql = "SET search_path = '';\nSET check_function_bodies = off;\n"
	  . function($schema, 'sprung', 'text', 'boolean', 'type ');
	my %made;

	foreach my $left (@{ $names->{common} })
	{
		foreach my $right (@{ $names->{common} })
		{
			push @{ $names->{operator} },
			  map { [ $_, [ $left, $right ], 'boolean', 0, '-' ] } @usual;
		}
	}
	foreach my $kind ('function', 'operator')
	{
		foreach (@{ $names->{$kind} })
		{
			my ($name, $args, $result, $many, $variadic) = @$_;

			$result = 'text' if $names->{pseudo}{$result};
			$result = "SETOF $result" if $many;
			foreach my $list (arguments($names, $args // [], $variadic))
			{
				my $args = join ', ', @$list;

				next if $made{"$kind $name $args"}++ || $core{"$name $args"};
				$sql .=
				  $kind eq 'operator'
				  ? operator($schema, $name, $args, $result)
				  : function($schema, $name, $args, $result, "function $name");
			}
		}
	}
	foreach (@{ $names->{type} })
	{
		my ($name, $type, $kind) = @$_;

		$sql .= "CREATE DOMAIN $schema." . quoted($name)
		  . " AS $type CHECK ($schema.sprung('$type'));\n"
		  if $kind ne 'p';
		$sql .= "CREATE TYPE $schema." . quoted($name) . " AS ENUM ();\n"
		  if $kind eq 'p';
	}
	$sql .= "CREATE VIEW $schema." . quoted($_)
	  . " AS SELECT $schema.sprung('$_');\n"
	  foreach @{ $names->{relation} };
	return $sql;
}

sub core_traps
{
	my ($schema) = @_;

	return join '', map { operator($schema, split(/ /, $_, 2), 'boolean') }
	  sort keys %core;
}

1;
