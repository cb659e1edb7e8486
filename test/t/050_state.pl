
# Read state, status and the queue of outgoing messages survive a crash, a dump
# and its restore, and a failover.  On a standby they can be looked at, and what
# would change them says why not.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(
	allows_streaming => 1,
	extra => [ '--encoding=UTF8', '--locale=C' ]);
# a standby that starts late finds its WAL
$primary->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$primary->start;
$primary->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SET search_path = msgstore;
	SELECT create_store('state');
	CREATE VIEW public.it AS
		SELECT store_id AS s, folder_id AS f FROM folder_list
		WHERE special = 'Inbox';
	CREATE TABLE public.message AS
		SELECT s, f, i, r.message_id AS m, r.change_number AS n
		FROM public.it, generate_series(1, 6) AS i,
			save_new_message(s, f, jsonb_build_object('PR_SUBJECT', i::text,
				'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "Ann"}]'::jsonb)) AS r;
	SELECT set_read_flags(s, NULL, '0', f, 'ann') FROM public.it;
	SELECT set_read_flag(s, m, 'CLEAR_READ_FLAG', 'ann') FROM public.message WHERE i = 1;
	SELECT set_read_flag(s, m, '0', 'bob') FROM public.message WHERE i <= 2;
	SELECT set_message_status(s, m, i, 7) FROM public.message WHERE i <= 3;
	SELECT submit_message(s, m, n) FROM public.message WHERE i >= 4;
	SELECT claim, attempt FROM public.it, claim_outgoing(s, 1, '1 hour');
	SELECT announce_editing(s, m, '1 hour') FROM public.message WHERE i = 1});

# The columns that are compared, and the positions of the changes.
my $shown = q{
	SET search_path = msgstore;
	SELECT l.subject, a, p->>'PR_READ', p->>'PR_MESSAGE_FLAGS',
		p->>'PR_MSG_STATUS', p->>'PR_LOCAL_COMMIT_TIME'
	FROM message_list AS l, unnest(ARRAY['ann', 'bob', 'carl']) AS a,
		read_message(l.store_id, l.message_id, NULL, a) AS p
	ORDER BY 1, 2;
	SELECT a, count_unread(store_id, folder_id, a)
	FROM folder_list, unnest(ARRAY['ann', 'bob', 'carl']) AS a
	WHERE special = 'Inbox' ORDER BY a;
	SELECT subject, state, attempt, due_at FROM outgoing_queue ORDER BY subject};
my $positions = q{
	SELECT 'mark', actor, incarnation, xid, number, changed_at FROM msgstore.read_mark
	UNION ALL
	SELECT 'folder', actor, incarnation, xid, number, changed_at FROM msgstore.read_folder
	UNION ALL
	SELECT 'status', status::text, incarnation, xid, number, changed_at FROM msgstore.message_status
	ORDER BY 5};
my $before = $primary->safe_psql('postgres', $shown);
my $placed = $primary->safe_psql('postgres', $positions);

like($before, qr/^1\|ann\|false\|8\|1\|.*\n1\|bob\|true\|1033\|1\|.*\n1\|carl\|false\|8\|1\|/,
	'each user has flags of its own, and the status is one for all');
like($before, qr/^ann\|1\nbob\|4\ncarl\|6$/m, 'unread messages are counted');
like($before, qr/^4\|claimed\|1\|.*\n5\|waiting\|0\|.*\n6\|waiting\|0\|/m,
	'the queue has a claim');
is(scalar(split /\n/, $placed), 7, 'each change has a position');

# ---------------------------------------------------------------------- a crash

$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('postgres', $shown), $before, 'all of it survives a crash');
is($primary->safe_psql('postgres', $positions), $placed, 'with its positions');
is( $primary->safe_psql('postgres', 'SELECT count(*) FROM msgstore.editing'),
	'0',
	'announcements do not');

# ------------------------------------------------------------ a dump and restore

my $dump = $primary->basedir . '/state.dump';
$primary->command_ok([ 'pg_dump', '-Fc', '-f', $dump, '-d', $primary->connstr('postgres') ],
	'dumped');
$primary->safe_psql('postgres', 'CREATE DATABASE restored');
$primary->command_ok([ 'pg_restore', '-d', $primary->connstr('restored'), $dump ],
	'restored');
is($primary->safe_psql('restored', $shown), $before, 'all of it survives a dump');
is($primary->safe_psql('restored', $positions), $placed, 'with its positions');
is( $primary->safe_psql(
		'restored', q{
		SET search_path = msgstore;
		UPDATE outgoing SET claimed_until = now() WHERE claim IS NOT NULL;
		WITH c AS MATERIALIZED (SELECT s, c.* FROM public.it, claim_outgoing(s, 10, '1 hour') AS c)
		SELECT attempt, finish_submit(s, message_id, claim, 'SENT') FROM c ORDER BY message_id}),
	"2|S_OK\n1|S_OK\n1|S_OK",
	'a restored queue is sent');
is( $primary->safe_psql(
		'restored', q{
		SET search_path = msgstore;
		SELECT set_read_flag(s, m, '0', 'ann'), set_message_status(s, m, 0, 1)
		FROM public.message WHERE i = 1;
		SELECT max(r.number) > max(c.change_number) FROM read_mark AS r, change AS c}),
	"S_OK|1\nt",
	'and states change on');

# ------------------------------------------------------------------- a standby

$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->safe_psql(
	'postgres', q{
	SET search_path = msgstore;
	SELECT set_read_flag(s, m, '0', 'carl') FROM public.message WHERE i = 3});
$before = $primary->safe_psql('postgres', $shown);
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', $shown), $before, 'a standby shows all of it');
foreach my $call (
	'set_read_flag(s, m)', 'set_read_flags(s, ARRAY[m])',
	'set_message_status(s, m, 0, 1)', 'submit_message(s, m, n)',
	'abort_submit(s, m)', q{claim_outgoing(s, 1, '1 hour')},
	q{finish_submit(s, m, 1, 'SENT')}, q{announce_editing(s, m, '1 hour')})
{
	my ($result, $out, $err) = $standby->psql('postgres', qq{
		SET search_path = msgstore;
		SELECT $call FROM public.message WHERE i = 1});

	like($err, qr/cannot execute \w+\(\) in a read-only transaction/, "refused: $call");
}
$primary->stop('immediate');
$standby->promote;
is($standby->safe_psql('postgres', $shown), $before, 'and has it when it is promoted');
is( $standby->safe_psql(
		'postgres', q{
		SET search_path = msgstore;
		SELECT set_read_flag(s, m, 'CLEAR_READ_FLAG', 'carl') FROM public.message WHERE i = 3;
		SELECT count(*) FROM public.it, claim_outgoing(s, 10, '1 hour')}),
	"S_OK\n2",
	'and goes on from there');
$standby->stop;

done_testing();
