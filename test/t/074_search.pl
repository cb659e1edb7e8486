# Full text search survives a crash, a dump and a restore: what was committed is found
# and nothing else, without a rebuild; a rebuild that was cut off goes on.  Saves of
# messages stay HOT with search on and off.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('searched');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "autovacuum = off");
$node->start;

sub sql
{
	my ($where, $sql) = @_;

	return $where->safe_psql('postgres', "SET search_path = msgstore;\n$sql");
}

# Return the subjects that a query finds in the store with a name.
sub found
{
	my ($where, $store, $query) = @_;

	return sql($where, qq{
		SELECT string_agg(m.subject, ' ' ORDER BY m.subject)
		FROM store AS s, search_messages(s.store_id, '$query', max => NULL) AS r
		JOIN message AS m USING (message_id)
		WHERE s.name = '$store' AND m.store_id = s.store_id});
}

sub create
{
	my ($store, @subjects) = @_;

	sql($node, qq{
		SELECT count(save_new_message(store_id, special_folder(store_id, 'Inbox'),
			jsonb_build_object('PR_SUBJECT', '$_', 'PR_BODY', 'word of $_')))
		FROM store WHERE name = '$store'}) foreach @subjects;
	return;
}

sql($node, q{
	CREATE EXTENSION msgstore;
	SELECT create_store('on'), create_store('off'), create_store('half');
	SELECT set_search(store_id, true) FROM store WHERE name = 'on'});
create('on', qw(ant bee cat));
create('off', qw(ant bee));
create('half', qw(dog eel fox gnu));

# ------------------------------------------------------------------ HOT saves

# Return how many of 40 saves of one message were HOT.
sub hot_saves
{
	my ($store, $changes) = @_;

	sql($node, q{SELECT pg_stat_reset_single_table_counters('message'::regclass)});
	sql($node, qq{
		SELECT (save_message(m.store_id, m.message_id, m.change_number, $changes)).result
		FROM store AS s JOIN message AS m USING (store_id)
		WHERE s.name = '$store' AND m.subject = 'ant'}) foreach 1 .. 40;
	$node->poll_query_until('postgres', q{
		SELECT n_tup_upd >= 40 FROM pg_stat_user_tables
		WHERE relid = 'msgstore.message'::regclass}) or die 'no statistics';
	return sql($node, q{
		SELECT n_tup_hot_upd || ' of ' || n_tup_upd FROM pg_stat_user_tables
		WHERE relid = 'message'::regclass});
}

sql($node, 'VACUUM message');
foreach my $store ('on', 'off')
{
	foreach my $changes (
		q{jsonb_build_object('PR_SENSITIVITY', m.change_number % 3)},
		q{jsonb_build_object('PR_BODY', 'word of ant ' || m.change_number)})
	{
		is(hot_saves($store, $changes), '40 of 40', "HOT, search $store: $changes");
	}
}
is(found($node, 'on', 'word ant'), 'ant', 'found after many saves');

# --------------------------------------------------------- crash in a rebuild

sql($node, q{SELECT set_search(store_id, true) FROM store WHERE name = 'half'});
sql($node, q{
	SELECT msgstore_internal.rebuild_begin(store_id) FROM store WHERE name = 'half';
	SELECT msgstore_internal.rebuild_batch(store_id, 2) FROM store WHERE name = 'half'});
$node->stop('immediate');
$node->start;
is(found($node, 'half', 'word'), 'dog eel', 'the committed batches are found');
is(found($node, 'on', 'word'), 'ant bee cat', 'saves are found after a crash');
is(sql($node, q{SELECT phase || ' ' || messages_done FROM search_progress
		JOIN store USING (store_id) WHERE name = 'half'}),
	'rebuilding 2', 'the rebuild stands where it stood');
my $half = sql($node, q{SELECT store_id FROM store WHERE name = 'half'});
is(sql($node, "CALL rebuild_search($half)"), '2', 'the rebuild goes on there');
is(found($node, 'half', 'word'), 'dog eel fox gnu', 'all messages are found');

# --------------------------------------------------------------- dump, restore

my $file = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '--no-sync', '-f', $file, '-d', $node->connstr('postgres') ],
	'dumped');
my $copy = PostgreSQL::Test::Cluster->new('restored');
$copy->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$copy->start;
$copy->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file,
		'-d', $copy->connstr('postgres') ], 'restored');
foreach my $store ('on', 'half')
{
	is(found($copy, $store, 'word'), found($node, $store, 'word'),
		"found in the copy as before: $store");
}
is(sql($copy, q{SELECT string_agg(phase, ' ' ORDER BY phase) FROM search_progress}),
	'complete to rebuild', 'the progress is as it was');
sql($copy, qq{
	SELECT result FROM message AS m, save_message(m.store_id, m.message_id,
		m.change_number, '{"PR_SUBJECT": "hen"}') WHERE m.subject = 'gnu';
	CALL rebuild_search($half)});
is(found($copy, 'half', 'hen'), 'hen', 'saves in the copy are found');

done_testing();
