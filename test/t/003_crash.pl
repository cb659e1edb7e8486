# No id and no change number is given twice, not even after a crash.  With
# synchronous_commit off a crash takes back saves that were acknowledged; later saves
# must not get their numbers, or a client that has such a number would match a version
# that it has never seen.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerCrash;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', <<'END');
restart_after_crash = on
synchronous_commit = off
autovacuum = off
checkpoint_timeout = 1h
bgwriter_lru_maxpages = 0
shared_buffers = 64MB
wal_buffers = 16MB
END
$node->start;

sub sql
{
	my ($sql) = @_;

	return $node->safe_psql('postgres',
		"SET search_path = msgstore, public; $sql");
}

sql(q{
	CREATE EXTENSION msgstore;
	CREATE FUNCTION public.subject(text) RETURNS jsonb LANGUAGE sql AS
		$$ SELECT jsonb_build_object('PR_SUBJECT', $1) $$;
	SELECT create_store('crashing')});

# One message, and many new ones: a line with id and change number per message.
my $message = sql("SELECT message_id
	FROM save_new_message(1, special_folder(1, 'Inbox'), subject('kept'))");

sub save_new_ones
{
	my ($subject) = @_;

	return split /\n/, sql("SELECT s.message_id, s.change_number
		FROM generate_series(1, 50) i, save_new_message(1,
			special_folder(1, 'Inbox'), subject('$subject' || i)) s");
}

# Save over a number; return the answer, and the message's number then.
sub save_over
{
	my ($number, $subject) = @_;

	return split /\|/, sql("SELECT s.* FROM message_list l,
		save_message(1, message_id, $number, subject('$subject')) s
		WHERE message_id = $message");
}

sub run_of_numbers
{
	return sql('SELECT max(incarnation) FROM number_marker');
}

# Do some work that a crash takes back: only the WAL writer writes WAL, and it is
# stopped before the work and killed after it.
sub lose
{
	my ($work) = @_;
	my $pid = server_process($node, 'walwriter');

	sql('CHECKPOINT');
	kill 'STOP', $pid or die 'the WAL writer has ended';
	$work->();
	kill_process($node, $pid) or die 'the server did not crash';
	return;
}

my %seen = (run_of_numbers() => 'run');
foreach my $crash (1 .. 3)
{
	my (@given, $lost, $number);
	my $before = sql('SELECT count(*) FROM change');

	lose(
		sub {
			@given = save_new_ones("lost with crash $crash ");
			(my $result, $lost) = save_over('change_number', 'lost');
			is($result, 'S_OK', "crash $crash: a save is acknowledged");
		});
	is(sql('SELECT count(*) FROM change'),
		$before, "crash $crash: and lost with the others");
	is(sql('SELECT count(*) FROM number_marker'),
		'0', "crash $crash: so is the marker");

	# the first save sets the marker, also if it is rolled back
	if ($crash == 1)
	{
		sql("BEGIN; SELECT save_new_message(1, special_folder(1, 'Inbox'), '{}');
			ROLLBACK");
	}
	elsif ($crash == 2)
	{
		$node->pgbench(
			'-n -c 8 -j 2 -t 10',
			0,
			[qr/actually processed: 80\b/],
			[qr/^(?!.*ERROR)/s],
			'eight sessions at once',
			{
				'first_after_crash' => q(SELECT msgstore.save_new_message(1,
					msgstore.special_folder(1, 'Inbox'), subject('first'));)
			});
	}
	push @given, save_new_ones("after crash $crash ");
	is( scalar(grep { $seen{"id $_"}++ } map { /^(\d+)/ } @given),
		0, "crash $crash: no id is given out twice");
	is( scalar(grep { $seen{"number $_"}++ } $lost, map { /(\d+)$/ } @given),
		0, "crash $crash: and no number");

	is((save_over($lost, 'stale'))[0], 'MAPI_E_OBJECT_CHANGED',
		"crash $crash: a number that was lost is of no version");
	is((save_over('change_number', 'next'))[0], 'S_OK',
		"crash $crash: the newest one still is");
	is((save_over($lost, 'stale'))[0], 'MAPI_E_OBJECT_CHANGED',
		"crash $crash: and the lost one stays lost");
	is(sql('SELECT count(DISTINCT incarnation) FROM number_marker'),
		'1', "crash $crash: there is the marker of one incarnation");
	ok(!$seen{ run_of_numbers() }++, "crash $crash: a new run began");
	is( sql("SELECT count(*) > 50, bool_and(change_number > incarnation) FROM change
			WHERE incarnation = (SELECT max(incarnation) FROM number_marker)"),
		't|t', "crash $crash: all of its numbers are newer");
}

# The history has no hole, and its incarnations are in order.
is( sql(q{
		SELECT count(*) FROM change c
		WHERE c.previous IS NOT NULL AND NOT EXISTS (
			SELECT FROM change p
			WHERE (p.store_id, p.message_id, p.change_number) =
				(c.store_id, c.message_id, c.previous))}),
	'0',
	'the history has no hole');
is( sql(q{
		SELECT count(DISTINCT incarnation), bool_and(in_order)
		FROM (SELECT incarnation, incarnation >= lag(incarnation, 1, 0::bigint)
				OVER (ORDER BY change_number) AS in_order FROM change) c}),
	'4|t',
	'each crash began another run, and they grow with the numbers');

# The numbers move on again if the crash came before the marker was written.
my $run = run_of_numbers();
sql('TRUNCATE number_marker');
is((save_over('change_number', 'moved'))[0], 'S_OK',
	'without a marker the numbers move on');
cmp_ok(run_of_numbers(), '>=', $run + (1 << 20), 'once more, by 2^20 or more');

# After a clean restart the numbers move on, too: the files may be a copy.
my (undef, $last) = save_over('change_number', 'before a restart');
$run = run_of_numbers();
$node->restart;
my (undef, $next) = save_over('change_number', 'after a restart');
cmp_ok($next, '>=', $last + (1 << 20), 'a clean restart moves the numbers on');
cmp_ok(run_of_numbers(), '>=', $run + (1 << 20), 'and another run began');

$node->stop;
done_testing();
