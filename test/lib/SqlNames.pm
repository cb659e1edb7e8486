# The names in a piece of SQL that are written without a schema.
#
# unqualified(SQL) returns a list of texts "line N: ..." with one element for
# each operator, function, type or relation that PostgreSQL would look up along
# search_path, and for each construct that looks for an operator by its name
# (IN, BETWEEN, CASE with an operand ...).  It reads the bodies of functions and
# of DO as SQL, too, and takes no notice of other strings.
#
# tokens(SQL) returns the tokens: [kind, text, line], kind being word, string,
# number, operator, mark (punctuation, :: and :=) or quote (a dollar quote).
#
# The types of columns and of arguments are not looked at: CREATE EXTENSION
# looks for types in pg_catalog first.
package SqlNames;
use strict;
use warnings;
use Exporter 'import';

our @EXPORT_OK = qw(tokens unqualified);

# a word; in a template of format() with its placeholders
my $word = qr/(?:[A-Za-z_]|%\d\$[sI])(?:[\w\$]|%\d\$[sI])*/;

sub tokens
{
	my ($sql, $line) = @_;
	my @tokens;

	$line //= 1;
	for ($sql)
	{
		until (/\G\z/gc)
		{
			my $kind;

			if (/\G(?:\s+|--[^\n]*|\\[^\n]*|\/\*.*?\*\/)/gcs)
			{
				$line += $& =~ tr/\n//;
				next;
			}
			if (/\G\$([A-Za-z_]*)\$(.*?)\$\1\$/gcs)
			{
				my ($all, $body) = ($&, $2);

				push @tokens, [ 'quote', '$$', $line ], tokens($body, $line),
				  [ 'quote', '$$', $line + ($all =~ tr/\n//) ];
				$line += $all =~ tr/\n//;
				next;
			}
			$kind =
				/\G%\d\$L/gc ? 'string'
			  : /\G[Ee]?'(?:[^']|'')*'/gc ? 'string'
			  : /\G"(?:[^"]|"")*"/gc ? 'word'
			  : /\G$word/gc ? 'word'
			  : /\G(?:\d[\d.eE]*|\$\d+)/gc ? 'number'
			  : /\G(?:::|:=|\.\.|[(),;.\[\]:])/gc ? 'mark'
			  : /\G[-+*\/<>=~!@#%^&|`?]+/gc ? 'operator'
			  : die "line $line: unknown character: " . substr($sql, pos, 20);
			push @tokens, [ $kind, $&, $line ];
			$line += $& =~ tr/\n//;
		}
	}
	return @tokens;
}

sub set { return map { $_ => 1 } split ' ', join ' ', @_ }

# Words that the grammar lets stand before a parenthesis.
my %before_parenthesis = set(
	'all and any array as by cast check coalesce distinct else exists filter
	from greatest in join key lateral least not on operator or over select some
	then union unique using values when where with');

# Types that are words of the grammar, and always those of pg_catalog.
my %grammar_type = set(
	'bigint bit boolean char character dec decimal double float int integer
	interval national nchar numeric real smallint time timestamp varchar');

# Options, which are followed by an equals sign.
my %option = set(
	'input output receive send like function leftarg rightarg commutator negator
	restrict join fillfactor fastupdate search_path errcode detail hint message');

# Words that end the list after FROM.
my %after_from = set(
	'where group order having limit union except intersect window for into loop
	returning');

# Kinds of objects, and words before them where the name of one comes next.
my %object = set(
	'table view sequence type function procedure column class family');
my %before_object = set('create unlogged on for with operator');

sub unqualified
{
	my ($sql) = @_;
	my @tokens = tokens($sql);
	my @found;
	my %with;         # names that WITH defines
	my $depth = 0;
	my @from;         # depths of the lists after FROM that are being read
	my $first = '';   # the first word of the statement
	my $declares = 0; # in a DECLARE section

	# the text of a token in lower case, and whether it begins "schema."
	my $text = sub {
		my ($i) = @_;
		return $i >= 0 && $i < @tokens && $tokens[$i][0] ne 'string'
		  ? lc $tokens[$i][1] : '';
	};
	my $qualified = sub {
		my ($i) = @_;
		return $i < @tokens && $tokens[$i][0] eq 'word'
		  && $text->($i + 1) eq '.';
	};
	my $relation = sub {
		my ($i) = @_;
		return $qualified->($i) || $with{ $text->($i) }
		  || $text->($i) =~ /^(?:\(|lateral|only|values|select|\$\$)?$/;
	};
	my $find = sub {
		my ($i, $what) = @_;
		push @found, "line $tokens[$i][2]: $what $tokens[$i][1]";
	};

	foreach my $i (0 .. $#tokens)
	{
		my ($kind) = @{ $tokens[$i] };
		my $it = $text->($i);
		my $before = $text->($i - 1);
		my $after = $text->($i + 1);

		$first = $it if $i == 0 || $before eq ';' || $before eq '$$';
		if ($kind eq 'operator')
		{
			next if $before eq '.' || $it eq '=>';
			next if $it eq '*' && $before =~ /^(?:select|\()$/;
			next if $it eq '=' && $option{$before};
			$find->($i, 'operator');
		}
		elsif ($kind eq 'mark')
		{
			$depth++ if $it eq '(';
			$depth-- if $it eq ')';
			pop @from while @from && ($from[-1] > $depth || $it eq ';');
			$find->($i + 1, 'relation')
			  if $it eq ',' && @from && $from[-1] == $depth
			  && !$relation->($i + 1);
			$find->($i + 1, 'type')
			  if $it eq '::' && !$grammar_type{$after}
			  && !$qualified->($i + 1);
		}
		elsif ($kind eq 'word' && $before ne '.')
		{
			# with x as (...), y as (...)
			$with{$it} = 1
			  if $after eq 'as' && $text->($i + 2) =~ /^(?:\(|materialized)$/
			  && $before =~ /^(?:with|recursive|,)$/;

			pop @from if $after_from{$it} && @from && $from[-1] == $depth;
			if ($it =~ /^(?:from|join)$/ && $after ne '='
				&& $first !~ /^(?:grant|revoke)$/)
			{
				$find->($i + 1, 'relation') unless $relation->($i + 1);
				push @from, $depth if $it eq 'from';
			}
			$find->($i + 1, 'object')
			  if ($object{$it} && $before_object{$before}
				|| $it eq 'references')
			  && $after =~ /^[a-z_%]/ && !$qualified->($i + 1);

			$find->($i, 'function')
			  if $after eq '(' && !$before_parenthesis{$it}
			  && $before !~ /^(?:as|using|\))$/;

			$declares = 1 if $it eq 'declare';
			$declares = 0 if $it eq 'begin';
			$find->($i + 1, 'type')
			  if $declares && $before =~ /^(?:declare|;)$/
			  && !$grammar_type{$after} && !$qualified->($i + 1);

			$find->($i, 'construct')
			  if $it =~ /^(?:in|using)$/ && $after eq '('
			  || $it =~ /^(?:between|ilike|similar|nullif|overlaps)$/
			  || $it eq 'like' && $after ne '='
			  || $it eq 'distinct' && $after eq 'from'
			  || $it eq 'case' && $after ne 'when' && $before ne 'end';
		}
	}
	return @found;
}

1;
