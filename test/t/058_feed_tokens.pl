# Tokens of the feed that were cut, changed, or forged with a right checksum: each call
# answers with rows or with a clear error, and never with an internal one.  No token that
# was damaged is taken, a token from the future is given back unchanged, and the reader
# that goes on with the right token misses nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RandomSeed;
use Test::More;

random_seed('TOKEN_SEED');

my $node = PostgreSQL::Test::Cluster->new('tokens');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION msgstore;
	SELECT msgstore.create_store('one'), msgstore.create_store('other')});

sub sql
{
	return $node->safe_psql('postgres', "SET search_path = msgstore, public; $_[0]");
}

# Add some messages, in a transaction that others overtake.
sub work
{
	my $slow = $node->background_psql('postgres');

	$slow->query_safe(q{BEGIN; SELECT msgstore.save_new_message(1, msgstore.special_folder(1, 'Inbox'), '{}')});
	my $token = sql(q{SELECT count(save_new_message(1, special_folder(1, 'Inbox'), '{}')) FROM generate_series(1, 20);
		SELECT feed_position(1)}) =~ s/.*\n//sr;
	$slow->query_safe('COMMIT');
	$slow->quit;
	return $token;
}

# CRC-32C, the checksum at the end of a token.
sub checksum
{
	my ($text) = @_;
	my $crc = 0xFFFFFFFF;

	foreach my $byte (unpack 'C*', $text)
	{
		$crc ^= $byte;
		$crc = $crc & 1 ? ($crc >> 1) ^ 0x82F63B78 : $crc >> 1 foreach 1 .. 8;
	}
	return sprintf '%08x', $crc ^ 0xFFFFFFFF;
}

# Call the feed with tokens, in one session.  Returns the outcome of each: an SQLSTATE, or
# how many rows there are, and what the last one is.
sub outcomes
{
	my @tokens = @_;
	my $script = join '', map {
		"\\echo -- $_\nSELECT count(*) || ' ' || (array_agg(kind ORDER BY n DESC))[1] ||"
		  . " CASE WHEN (array_agg(token ORDER BY n DESC))[1] = '$tokens[$_]' THEN ' unchanged' ELSE '' END"
		  . " FROM msgstore.changes_since(1, '$tokens[$_]', 50) WITH ORDINALITY"
		  . " AS c (token, message_id, folder_id, change_number, kind, changed_by, client, changed_at, properties, n);\n"
	} 0 .. $#tokens;
	my $out = '';

	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-d', $node->connstr('postgres') ],
		'<', \$script, '>', \$out, '2>&1');
	my @outcomes = split /^-- \d+\n/m, $out;
	shift @outcomes;
	return map { s/\n\z//r =~ s/^ERROR:\s+//r } @outcomes;
}

# Return a token with another checksum.
sub forged { return $_[0] . checksum($_[0]) }

sub another
{
	my ($not, @from) = @_;
	my @others = grep { $_ ne $not } @from;

	return $others[ rand @others ];
}

my $rest = work();
my $now = sql('SELECT feed_position(1)');
# one of each phase: at rest, in a pass, in a listing of folders, and of messages
my %tokens = (
	rest => $rest,
	pass => sql("SELECT token FROM changes_since(1, '$rest', 1) LIMIT 1"),
	folders => sql('SELECT token FROM changes_since(1, NULL, 2) OFFSET 1 LIMIT 1'),
	messages => sql('SELECT token FROM changes_since(1, NULL, 15) OFFSET 14 LIMIT 1'));
my %wanted;

foreach my $phase (sort keys %tokens)
{
	my $token = $tokens{$phase};

	($wanted{$phase}) = outcomes($token);
	like($wanted{$phase}, qr/^\d+ \w+$/, "$phase: the token is good");
	is(forged(substr($token, 0, -8)), $token, "$phase: and its checksum is known");

	my @cut = map { substr($token, 0, $_) } 0 .. length($token) - 1;
	my @changed = map {
		my $changed = $token;
		substr($changed, $_, 1) = another(substr($token, $_, 1), 0 .. 9, 'a' .. 'f', '.', 'g', ' ', '-');
		$changed
	} 0 .. length($token) - 1;
	my @both = map { substr($token, 0, $_) . substr($token, $_ + 1) } 0 .. length($token) - 1;
	my @outcomes = outcomes(@cut, @changed, map { $_ eq $token ? () : $_ } @both);

	is_deeply([ grep { $_ ne 'MA057' } @outcomes ], [], "$phase: a damaged token is refused");

	# each number of the token in turn, with a right checksum
	my @numbers = split /\./, substr($token, 0, -8);
	my @forged = map { my $cut = join '', map { "$_." } @numbers[ 0 .. $_ - 1 ]; forged($cut) } 0 .. $#numbers;
	foreach my $i (0 .. $#numbers)
	{
		# some digits are read as a number of 16 bits, the others stay as they are
		my ($head, $tail) = $numbers[$i] =~ /^(.*?)(.{1,4})$/;

		foreach my $other ((map { sprintf "$head%x", $_ } hex($tail) + 1, hex($tail) > 0 ? hex($tail) - 1 : 2,
				hex($tail) * 2, int(rand(2**16))),
			0, 1, sprintf('%x', int(rand(2**31))), '7fffffffffffffff', 'ffffffffffffffff', '10000000000000000', '', '00')
		{
			my @copy = @numbers;
			$copy[$i] = $other;
			push @forged, forged(join '', map { "$_." } @copy);
		}
		push @forged, forged(join '', map { "$_." } @numbers[ 0 .. $i ], @numbers[ $i .. $#numbers ]);
	}
	@outcomes = outcomes(@forged);
	is(scalar(@outcomes), scalar(@forged), "$phase: every forged token has an outcome");
	is_deeply([ grep { !/^(?:MA057|MA400|\d+ \w+(?: unchanged)?)$/ } @outcomes ], [],
		"$phase: and none of these is an internal error");
	cmp_ok(scalar(grep { $_ eq 'MA057' } @outcomes), '>', @numbers, "$phase: most are no tokens");
}

# Another store, another database, a token from the future: the xmax, the first number of
# a snapshot behind its xmin, is more than there is.
is_deeply([ outcomes(sql('SELECT feed_position(2)')) ], ['MA057'], 'a token of another store');
my @numbers = split /\./, substr($now, 0, -8);
my @foreign = @numbers;
$foreign[2] = another($foreign[2], '1', '2');
is_deeply([ outcomes(forged(join '', map { "$_." } @foreign)) ], ['MA400'], 'a token of another cluster');
my @future = @numbers;
$future[9] = sprintf '%x', hex($future[9]) + 1000;
is_deeply([ outcomes(forged(join '', map { "$_." } @future)) ], ['1 end unchanged'],
	'a token from the future: unchanged');

# The right tokens go on as before.
is_deeply([ map { outcomes($tokens{$_}) } sort keys %tokens ], [ map { $wanted{$_} } sort keys %wanted ],
	'and nothing that was asked has changed anything');
is(sql("SELECT count(*) FROM changes_since(1, '$rest') WHERE kind = 'create'"), '1',
	'what committed late is not missed');

done_testing();
