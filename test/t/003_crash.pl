
# No number is given out twice, crashes included.  With synchronous_commit off
# a crash takes back saves that clients have been told of; what is saved then
# must not get their numbers, or a client that holds one would match a version
# it has never seen.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', <<'END');
synchronous_commit = off
wal_writer_delay = 10s
END
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SET search_path = msgstore;
	SELECT create_store('crashing');
	SELECT save_new_message(store_id, folder_id, '{"PR_SUBJECT": "first"}')
	FROM folder_list WHERE special = 'Inbox'});

# Everything up to here is on disk.
$node->safe_psql('postgres', 'CHECKPOINT');

# One save of the message over its newest version: its result and number.
sub save
{
	my ($subject) = @_;

	return $node->safe_psql(
		'postgres', qq{
		SET search_path = msgstore;
		SELECT s.result, s.change_number
		FROM message_list AS m, save_message(m.store_id, m.message_id,
			m.change_number, '{"PR_SUBJECT": "$subject"}') AS s});
}

my (%given, $lost);
foreach my $crash (1 .. 3)
{
	my $number;

	foreach my $i (1 .. 20)
	{
		my ($result, $this) = split /\|/, save("crash $crash, save $i");

		is($result, 'S_OK', "save $i before crash $crash") if $i == 20;
		fail("number $this was given out before") if $given{$this}++;
		$number = $this;
	}

	# no time for the WAL writer, no checkpoint at the end
	$node->stop('immediate');
	$node->start;

	my $newest = $node->safe_psql('postgres',
		'SELECT change_number FROM msgstore.message_list');
	$lost++ if $newest < $number;
	my ($result, $next) = split /\|/, save("after crash $crash");
	is($result, 'S_OK', "a save after crash $crash");
	cmp_ok($next, '>', $number, 'has a number that nobody has seen');
	$given{$next}++;

	is( $node->safe_psql(
			'postgres', qq{
			SET search_path = msgstore;
			SELECT (save_message(store_id, message_id, $number,
				'{"PR_SUBJECT": "from before the crash"}')).result
			FROM message_list}),
		'MAPI_E_OBJECT_CHANGED',
		'and who holds one of before the crash is refused');

	# one version of each incarnation is to survive
	$node->safe_psql('postgres', 'CHECKPOINT');
}
ok($lost, 'crashes did take saves back');

# The history is whole: each change names the one before it.
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*) FROM msgstore.change AS c
		WHERE c.previous IS NOT NULL AND NOT EXISTS (
			SELECT FROM msgstore.change AS p
			WHERE (p.store_id, p.message_id, p.change_number) =
				(c.store_id, c.message_id, c.previous))}),
	'0',
	'the history has no hole');
cmp_ok(
	$node->safe_psql(
		'postgres', 'SELECT count(DISTINCT incarnation) FROM msgstore.change'
	),
	'>', 3,
	'each crash began another incarnation');

# A clean restart is no crash: the numbers just go on.
my (undef, $last) = split /\|/, save('before a restart');
$node->restart;
my (undef, $next) = split /\|/, save('after a restart');
is($next, $last + 1, 'a clean restart skips no number');

$node->stop;
done_testing();
