# Three-way merging of texts agrees with git merge-file on 10,000 random texts: in
# result and conflicts if lines are distinct, else no conflict of git is passed over.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use JSON::PP;

if (system('git --version >/dev/null 2>&1') != 0)
{
	plan skip_all => 'git is not installed';
}

my $cases = 5000;    # of distinct lines, and as many of repeated lines
my $node = PostgreSQL::Test::Cluster->new('merge');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
srand(20260101);

my $fresh = 0;
my $folder = $node->basedir . '/texts';
mkdir $folder or die "could not create $folder: $!";

# Return a line; "few" lines make them repeat, otherwise each is a new one.
sub line
{
	my ($few) = @_;

	return $few ? 'line ' . int(rand($few)) : 'line ' . ++$fresh;
}

# Return a text, as a list of lines, with random changes.
sub changed
{
	my ($few, @lines) = @_;

	foreach (1 .. int(rand(4)))
	{
		my $at = int(rand(@lines + 1));
		my $count = int(rand(3));
		my @new = map { line($few) } 1 .. int(rand(3));

		$count = @lines - $at if $count > @lines - $at;
		splice @lines, $at, $count, @new;
	}
	if (!$few && rand() < 0.1 && @lines > 1)
	{
		my ($moved) = splice @lines, int(rand(@lines)), 1;
		splice @lines, int(rand(@lines + 1)), 0, $moved;
	}
	return @lines;
}

# Return lines as a text, whose last line may lack its line end.
sub text
{
	my ($ends, @lines) = @_;

	return @lines ? join("\n", @lines) . ($ends ? "\n" : '') : '';
}

sub random_case
{
	my ($few) = @_;
	my @base = map { line($few) } 1 .. int(rand(14));
	my @theirs = changed($few, @base);
	my @yours = rand() < 0.1 ? @theirs : @base;
	my $ends = rand() < 0.9;

	@yours = changed($few, @yours);
	return {
		lists => [ \@base, \@theirs, \@yours ],
		texts => [
			text($ends || rand() < 0.5, @base),
			text($ends || rand() < 0.5, @theirs),
			text($ends || rand() < 0.5, @yours)
		]
	};
}

my @distinct = map { random_case(0) } 1 .. $cases;
my @repeated = map { random_case(2 + int(rand(8))) } 1 .. $cases;
my @all = (@distinct, @repeated);

# ------------------------------------------------------------ git's results

# One shell merges all texts; it costs a process per text.
foreach my $i (0 .. $#all)
{
	foreach my $t (0 .. 2)
	{
		append_to_file("$folder/$i.$t", $all[$i]{texts}[$t]);
	}
}
append_to_file(
	"$folder/run", qq{i=0
while [ \$i -lt @{[ scalar @all ]} ]
do
	if [ \$i -lt $cases ]; then style=--diff3; else style=; fi
	git merge-file -p -q \$style -L theirs -L base -L yours \$i.1 \$i.0 \$i.2 > \$i.out
	echo \$?
	i=\$((i + 1))
done
});
my @conflicts = split /\n/, `cd '$folder' && sh ./run`;
is(scalar(@conflicts), 2 * $cases, 'git merged all texts');
$all[$_]{git} = { merged => slurp_file("$folder/$_.out"), conflicts => $conflicts[$_] }
  foreach 0 .. $#all;

# ------------------------------------------------------------- the server's

my $json = encode_json([ map { $_->{texts} } @all ]);
append_to_file("$folder/all.json", $json);
$node->safe_psql(
	'postgres', qq{
	CREATE TABLE texts AS
	SELECT n, t->>0 AS base, t->>1 AS theirs, t->>2 AS yours
	FROM jsonb_array_elements(pg_read_file('$folder/all.json')::jsonb)
		WITH ORDINALITY AS e (t, n)});
my $ours = decode_json($node->safe_psql(
	'postgres', q{
	SELECT jsonb_agg(jsonb_build_object('merged', merged, 'conflicts', conflicts) ORDER BY n)
	FROM texts, msgstore.merge_text(base, theirs, yours)}));
$all[$_]{ours} = $ours->[$_] foreach 0 .. $#all;

# Note the first of the cases for which a condition does not hold.
sub all_hold
{
	my ($name, $list, $condition) = @_;
	my @bad = grep { !$condition->($_) } @$list;

	is(scalar(@bad), 0, $name)
	  or diag('the first of them: ' . JSON::PP->new->pretty->canonical->encode($bad[0]));
	return;
}

my $with = grep { $_->{git}{conflicts} > 0 } @distinct;
cmp_ok($with, '>', $cases / 20, 'some texts conflict');
cmp_ok($with, '<', $cases * 19 / 20, 'and some do not');
all_hold('distinct lines: as many conflicts',
	\@distinct, sub { $_[0]{ours}{conflicts} == $_[0]{git}{conflicts} });
all_hold('distinct lines: an equal result, marks included',
	\@distinct, sub { $_[0]{ours}{merged} eq $_[0]{git}{merged} });

# ----------------------------------------------------------- repeated lines

# Count how often each line stands in a list.
sub counts
{
	my %count;

	$count{$_}++ foreach @{ $_[0] };
	return \%count;
}

# Return true if a merged text has what one side alone added, and lacks what
# one side alone removed: of each line, as many as base has and the differences
# of both sides, of which what both made in one place counts once.
sub keeps_lines
{
	my ($case) = @_;
	my ($base, $theirs, $yours) = map { counts($_) } @{ $case->{lists} };
	my $merged = counts([ split /\n/, $case->{ours}{merged} ]);
	my ($before, $after) =
	  map { counts([ split /\n/, $_ // '' ]) } @{ $case->{shared} // [] };

	return 1 if $case->{ours}{conflicts} > 0;
	foreach my $line (keys %{ { %$base, %$theirs, %$yours, %$merged } })
	{
		my ($b, $t, $y, $m, $from, $to) = map { $_->{$line} // 0 } $base,
		  $theirs, $yours, $merged, $before // {}, $after // {};

		return 0 if $m != $t + $y - $b - ($to - $from);
	}
	return 1;
}

my $shared = decode_json($node->safe_psql(
	'postgres', q{
	SELECT jsonb_object_agg(n - 1, s.texts)
	FROM texts, LATERAL (SELECT jsonb_build_array(string_agg(base_text, ''),
			string_agg(theirs_text, '')) AS texts
		FROM msgstore.text_hunks(base, theirs, yours)
		WHERE side = 'both' AND NOT is_conflict HAVING count(*) > 0) AS s}));
$all[$_]{shared} = $shared->{$_} foreach keys %$shared;
my $clean = grep { $_->{ours}{conflicts} == 0 } @repeated;
cmp_ok($clean, '>', $cases / 20, 'some texts of repeated lines are merged');
all_hold('repeated lines: what one side added is there, what it removed is not',
	\@repeated, \&keeps_lines);
all_hold('repeated lines: no conflict of git is merged',
	\@repeated, sub { $_[0]{git}{conflicts} == 0 || $_[0]{ours}{conflicts} > 0 });
all_hold('distinct lines: what one side added is there, what it removed is not',
	\@distinct, \&keeps_lines);

# ---------------------------------------------------------------- interrupts

# A merge of long texts ends when it is cancelled, and its work is bounded.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE long AS
	SELECT string_agg((i * 7919 % 99991)::text, E'\n') AS one,
		   string_agg((i * 104729 % 99991)::text, E'\n') AS other
	FROM generate_series(1::bigint, 90000) AS i});
my ($code, undef, $stderr) = $node->psql(
	'postgres', q{
	SET statement_timeout = 100;
	SELECT conflicts FROM generate_series(1, 1000) AS g, long,
		msgstore.merge_text(one, other, one || g)});
is($code, 3, 'merges of long texts are cancelled');
like($stderr, qr/canceling statement due to statement timeout/, 'as asked');
is( $node->safe_psql(
		'postgres', q{
	SELECT conflicts FROM long, msgstore.merge_text(one, other, E'first\n' || one)}),
	'1',
	'texts whose lines are in another order are merged in bounded work');
$node->stop;
done_testing();
