
# Mail goes through the queue while two transports take from it at once, and a
# third is ended in the middle, with messages that it has claimed: each message
# is finished once, by one transport, and the messages of the one that ended are
# offered again when its lease has ended.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $count = 60;
my $node = PostgreSQL::Test::Cluster->new('transports');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql(
	'postgres', qq{
	CREATE EXTENSION msgstore;
	SET search_path = msgstore;
	SELECT create_store('queue');
	CREATE VIEW public.it AS
		SELECT store_id AS s, folder_id AS f FROM folder_list
		WHERE special = 'Outbox';
	SELECT count(submit_message(s, r.message_id, r.change_number))
	FROM public.it, generate_series(1, $count) AS i,
		save_new_message(s, f, jsonb_build_object('PR_SUBJECT', i::text,
			'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "Ann"}]'::jsonb)) AS r;

	-- who was handed a message, in which attempt, and what the store answered
	CREATE TABLE public.handed (transport text, message_id bigint,
		claim bigint, attempt integer, result hresult);

	-- Take messages, a few at a time, until none is left in the queue.
	CREATE PROCEDURE public.transport(name text, lease interval) LANGUAGE plpgsql AS \$\$
	DECLARE
		store bigint := (SELECT s FROM public.it);
	BEGIN
		WHILE EXISTS (SELECT FROM msgstore.outgoing_queue) LOOP
			INSERT INTO public.handed
				SELECT name, c.message_id, c.claim, c.attempt
				FROM msgstore.claim_outgoing(store, 3, lease) AS c;
			COMMIT;
			PERFORM pg_sleep(0.005);	-- the mail is on its way
			UPDATE public.handed AS h
			SET result = msgstore.finish_submit(store, h.message_id, h.claim, 'SENT')
			WHERE h.transport = name AND h.result IS NULL;
			COMMIT;
		END LOOP;
	END \$\$;});

# The third transport claims some, commits, and hangs; then it is ended.
my ($out, $err) = ('', '');
my $hanging = IPC::Run::start(
	[ 'psql', '-XqAt', '-d', $node->connstr('postgres'), '-c', q{
		SET application_name = 'hanging';
		INSERT INTO public.handed
			SELECT 'hanging', c.message_id, c.claim, c.attempt
			FROM public.it, msgstore.claim_outgoing(s, 7, '3 seconds') AS c},
		'-c', 'SELECT pg_sleep(600)' ],
	'<', \undef, '>', \$out, '2>', \$err);
$node->poll_query_until('postgres', q{
	SELECT count(*) = 7 FROM public.handed WHERE transport = 'hanging'})
  or die 'the transport has claimed nothing';

my @transports = map {
	IPC::Run::start(
		[ 'psql', '-XqAt', '-d', $node->connstr('postgres'),
			'-c', "CALL public.transport('$_', '1 hour')" ],
		'<', \undef, '>', \my $o, '2>', \my $e)
} qw(a b);
$node->safe_psql('postgres', q{
	SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE application_name = 'hanging'});
$hanging->finish;
$_->finish foreach @transports;

is( $node->safe_psql(
		'postgres', q{
		SELECT count(*), count(DISTINCT message_id) FROM public.handed
		WHERE result = 'S_OK'}),
	"$count|$count",
	'each message is finished once');
is( $node->safe_psql(
		'postgres', q{
		SELECT name, count(*) FROM msgstore.message_list
		JOIN msgstore.folder_list USING (store_id, folder_id) GROUP BY name}),
	"Sent Items|$count",
	'and is in Sent Items');
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*), count(*) FILTER (WHERE result IS NOT NULL)
		FROM public.handed WHERE transport = 'hanging'}),
	'7|0',
	'but not by the transport that was ended');
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*) FROM public.handed AS h JOIN public.handed AS again USING (message_id)
		WHERE h.transport = 'hanging' AND again.attempt = 2 AND again.result = 'S_OK'}),
	'7',
	'whose messages were offered again, as another attempt');
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*) FROM (SELECT message_id FROM public.handed
			WHERE transport <> 'hanging' GROUP BY message_id HAVING count(*) > 1) AS twice}),
	'0',
	'nothing else was offered twice');
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*) FROM msgstore.change_list WHERE kind = 'move'}),
	$count,
	'and each message was moved once');
is( $node->safe_psql(
		'postgres', q{
		SELECT string_agg(msgstore.finish_submit(s, h.message_id, h.claim, 'SENT')::text, ' ')
		FROM public.it, public.handed AS h WHERE transport = 'hanging'}),
	join(' ', ('MAPI_E_NOT_IN_QUEUE') x 7),
	'its claims are void');

$node->stop;
done_testing();
