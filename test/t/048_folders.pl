# Eight sessions create, copy, move, delete, restore and mark messages in a few folders,
# and rename, move, delete, restore and empty the folders, in transactions and savepoints
# of which a part is rolled back, while statements are cancelled.  No call fails with
# anything but an answer of its own or a missing folder, no two of them deadlock, the tree
# stays a tree, nothing live is left in a folder that is deleted, and at the end the
# numbers of every folder are those of its messages, and the number of unread messages of
# every user too.  A crash and a dump leave the numbers as they were.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RandomSeed;
use Test::More;

my $sessions = 8;
my $transactions = 120;

my $node = PostgreSQL::Test::Cluster->new('folders');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'deadlock_timeout = 100ms');
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION msgstore;
ALTER DATABASE postgres SET search_path = msgstore, public;
SET search_path = msgstore, public;
CREATE TABLE answers (call text, answer text);
SELECT create_store('storm');
SELECT create_folder(1, NULL, 'f' || n) FROM generate_series(1, 6) n;
SELECT count(save_new_message(1, folder_id, '{}'))
FROM folder_list, generate_series(1, 10) WHERE special IS NULL;

-- some folder, deleted or not, some messages, and the answer of a call
CREATE FUNCTION any_folder() RETURNS bigint LANGUAGE sql VOLATILE AS
	'SELECT folder_id FROM folder WHERE special IS NULL ORDER BY random() LIMIT 1';
CREATE FUNCTION reader() RETURNS text LANGUAGE sql STABLE AS
	$$SELECT current_setting('storm.reader')$$;
CREATE FUNCTION any_messages() RETURNS bigint[] LANGUAGE sql VOLATILE AS
	'SELECT coalesce(array_agg(message_id ORDER BY random()), ''{}'') FROM
	 (SELECT message_id FROM message ORDER BY random() LIMIT 4) m';
CREATE PROCEDURE call_one() LANGUAGE plpgsql AS $$
DECLARE
	kind text := (ARRAY['create', 'create', 'create', 'associated', 'save', 'move', 'move',
		'delete', 'restore', 'hard', 'read', 'folder', 'rename', 'move_folder',
		'delete_folder', 'restore_folder', 'empty', 'mark', 'mark', 'mark_folder',
		'copy'])[1 + floor(random() * 21)];
	answer text;
	message text;
	handle int;
BEGIN
	CASE kind
	WHEN 'create' THEN
		answer := (save_new_message(1, any_folder(), '{}')).result;
	WHEN 'associated' THEN
		handle := create_message(1, any_folder(), 'MAPI_ASSOCIATED');
		answer := save_changes(handle);
		PERFORM close_object(handle);
	WHEN 'save' THEN
		SELECT (save_message(1, message_id, change_number, '{"PR_SUBJECT": "x"}')).result
		INTO answer FROM message ORDER BY random() LIMIT 1;
	WHEN 'move' THEN answer := move_messages(1, any_messages(), any_folder());
	WHEN 'delete' THEN answer := delete_messages(1, any_messages());
	WHEN 'restore' THEN answer := restore_messages(1, any_messages());
	WHEN 'hard' THEN answer := delete_messages(1, (any_messages())[1:1], 'DELETE_HARD_DELETE');
	WHEN 'read' THEN answer := get_folder_props(1, any_folder(), '{PR_CONTENT_COUNT}') IS NOT NULL;
	WHEN 'folder' THEN
		answer := create_folder(1, any_folder(), 'g' || floor(random() * 3), 'OPEN_IF_EXISTS') > 0;
	WHEN 'rename' THEN answer := rename_folder(1, any_folder(), 'h' || floor(random() * 20));
	WHEN 'move_folder' THEN answer := move_folder(1, any_folder(), any_folder());
	WHEN 'delete_folder' THEN
		answer := delete_folder(1, any_folder(), CASE WHEN random() < 0.1 THEN 0
			WHEN random() < 0.9 THEN 5 ELSE 5 | 16 END);
	WHEN 'restore_folder' THEN answer := restore_folder(1, any_folder());
	WHEN 'empty' THEN
		answer := empty_folder(1, any_folder(), CASE WHEN random() < 0.2 THEN 8 ELSE 0 END);
	WHEN 'mark' THEN
		answer := set_read_flags(1, any_messages(), CASE WHEN random() < 0.4 THEN 4 ELSE 0 END,
			NULL, reader());
	WHEN 'mark_folder' THEN answer := set_read_flags(1, NULL, 0, any_folder(), reader());
	WHEN 'copy' THEN
		SELECT min(result::text) INTO answer FROM copy_messages(1, any_messages(), any_folder());
	END CASE;
	IF random() < 0.04 THEN
		PERFORM pg_cancel_backend(pg_backend_pid());
	END IF;
	INSERT INTO answers VALUES (kind, coalesce(answer, 'nothing'));
-- a folder that is gone, or no folder or message left
EXCEPTION
	WHEN SQLSTATE 'MA10F' THEN
		INSERT INTO answers VALUES (kind, 'gone');
	WHEN SQLSTATE 'MA057' THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
		INSERT INTO answers VALUES (kind, CASE WHEN message ~ ' must (not be NULL|be given)$' THEN 'gone' ELSE message END);
END $$;
CREATE PROCEDURE storm() LANGUAGE plpgsql AS $$
BEGIN
	-- a call that is undone keeps no locks, in an order in which two could deadlock
	IF random() < 0.2 THEN
		BEGIN
			CALL call_one();
			RAISE EXCEPTION USING ERRCODE = 'UNDON';
		EXCEPTION WHEN SQLSTATE 'UNDON' THEN
			NULL;
		END;
	END IF;
	CALL call_one();
	IF random() < 0.25 THEN
		ROLLBACK;
	ELSE
		COMMIT;
	END IF;
END $$;

CREATE VIEW wrong AS
	SELECT f.folder_id, c.numbers AS counted, m.numbers AS found
	FROM folder AS f,
		LATERAL (SELECT ARRAY[coalesce(sum(messages), 0), coalesce(sum(associated), 0),
				coalesce(sum(deleted), 0), coalesce(sum(deleted_associated), 0)]::bigint[] AS numbers
			FROM folder_count AS c WHERE c.folder_id = f.folder_id) AS c,
		LATERAL (SELECT ARRAY[count(*) FILTER (WHERE NOT a AND NOT d),
				count(*) FILTER (WHERE a AND NOT d), count(*) FILTER (WHERE NOT a AND d),
				count(*) FILTER (WHERE a AND d)] AS numbers
			FROM (SELECT message_flags & 64 <> 0 AS a, deleted_at IS NOT NULL AS d
				FROM message AS m WHERE m.folder_id = f.folder_id) AS m) AS m
	WHERE c.numbers <> m.numbers;
-- the unread messages of a user, counted by folder and asked one by one
CREATE VIEW wrong_unread AS
	SELECT * FROM (
		SELECT folder_id, reader, count_unread(1, folder_id, reader) AS counted,
			(SELECT count(*) FROM message AS m
			 WHERE m.folder_id = f.folder_id AND deleted_at IS NULL AND message_flags & 64 = 0
			   AND read_message(1, message_id, '{PR_READ}', reader)->>'PR_READ' = 'false') AS found
		FROM folder_list AS f, (SELECT 'reader-' || n AS reader FROM generate_series(0, 8) AS n) AS r) AS u
	WHERE counted <> found;
END

# Start the sessions; each makes its calls, whatever happens to one of them.
my $seed = random_seed('STORM_SEED');
my @storm;
for my $number (1 .. $sessions)
{
	my $run = { out => '', err => '' };
	my $script = $node->basedir . "/storm-$number.sql";

	append_to_file($script,
			"SELECT setseed(@{[ ($seed + $number) % 1_000_000 / 1_000_000 ]});\n"
		  . "SET storm.reader = 'reader-$number';\n"
		  . "CALL storm();\n" x $transactions . "\\echo done\n");
	$run->{handle} = IPC::Run::start(
		[
			'psql', '-XAtq', '-f', $script, '-d',
			$node->connstr('postgres') . ' application_name=storm'
		],
		'<', \undef, '>', \$run->{out}, '2>', \$run->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	push @storm, $run;
}

# Cancel a statement here and there, beside those that cancel themselves.
while (grep { $_->{handle}->pumpable } @storm)
{
	$_->{handle}->pump_nb for grep { $_->{handle}->pumpable } @storm;
	$node->safe_psql('postgres', q{
		SELECT pg_cancel_backend(pid) FROM (
			SELECT pid FROM pg_stat_activity
			WHERE application_name = 'storm' AND state = 'active'
			ORDER BY random() LIMIT 1) AS a});
}
$_->{handle}->finish for @storm;
is(join('', map { $_->{out} =~ s/^\n+//r } @storm), "done\n" x $sessions,
	'eight sessions at once get to their end');
is(join('', grep { !/canceling statement due to user request|^CONTEXT:|^SQL |^PL/ }
		  map { split /^/, $_->{err} } @storm),
	'', 'no call fails, unless it is cancelled');
cmp_ok(scalar(grep { /canceling/ } map { split /^/, $_->{err} } @storm),
	'>', 5, 'statements were cancelled');
unlike(slurp_file($node->logfile), qr/deadlock detected|40001|XX000/, 'no deadlock');

# The answer of a query, of which an empty answer would show nothing.
sub rows
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', "SET search_path = msgstore, public; $sql");
}

cmp_ok(rows('SELECT count(DISTINCT call) FROM answers'), '==', 17, 'every call was made');
cmp_ok(rows("SELECT count(*) FROM answers WHERE answer IN ('S_OK', 'true')"),
	'>', 100, 'many of them did what was asked');
is(rows("SELECT DISTINCT call, answer FROM answers WHERE answer NOT IN ('S_OK', 'true',
		'gone', 'nothing', 'MAPI_W_PARTIAL_COMPLETION', 'MAPI_E_NOT_FOUND',
		'MAPI_E_OBJECT_CHANGED', 'MAPI_E_OBJECT_DELETED', 'MAPI_E_COLLISION',
		'MAPI_E_FOLDER_CYCLE', 'MAPI_E_HAS_FOLDERS', 'MAPI_E_HAS_MESSAGES')"),
	'', 'no other answer was given');
is(rows('SELECT * FROM wrong'), '', 'every number is that of the messages');
is(rows('SELECT * FROM check_store()'), '', 'check_store() finds nothing');
is(rows('SELECT * FROM wrong_unread'), '', 'every user has as many unread messages as are counted');
is( rows("SELECT count(save_new_message(1, special_folder(1, 'Inbox'), '{}')) FROM generate_series(1, 5);
	SELECT set_read_flags(1, (SELECT array_agg(message_id) FROM (SELECT message_id FROM message
		WHERE folder_id = special_folder(1, 'Inbox') LIMIT 3) AS m), 0, NULL, 'reader-1');
	SELECT count_unread(1, special_folder(1, 'Inbox'), reader) FROM unnest('{reader-0,reader-1}'::text[]) AS reader"),
	"5\nS_OK\n5\n2", 'and a user who marks messages has fewer of them');
is(rows("WITH RECURSIVE t AS (
		SELECT folder_id FROM folder WHERE special = 'Root'
		UNION SELECT f.folder_id FROM folder f JOIN t ON f.parent_id = t.folder_id)
	SELECT count(*) FROM folder WHERE folder_id NOT IN (SELECT folder_id FROM t)"),
	0, 'every folder is below the root');
is(rows("SELECT count(*) FROM folder f JOIN folder p ON p.folder_id = f.parent_id
	WHERE f.deleted_at IS NULL AND p.deleted_at IS NOT NULL"),
	0, 'no folder is below a deleted one');
is(rows("SELECT count(*) FROM message m LEFT JOIN folder f USING (folder_id)
	WHERE f.folder_id IS NULL OR m.deleted_at IS NULL AND f.deleted_at IS NOT NULL"),
	0, 'no message is in a deleted folder, or in none');
is(rows("SELECT count(*) FROM folder f WHERE NOT EXISTS (SELECT FROM folder_change c
	WHERE c.folder_id = f.folder_id AND c.change_number = f.change_number)"),
	0, 'every version of a folder is in its history');

# The counts of every folder, twice, since the first look may fold rows.
my $numbers = "SELECT folder_id, get_folder_props(1, folder_id, '{PR_CONTENT_COUNT,
	PR_ASSOC_CONTENT_COUNT,PR_DELETED_MSG_COUNT,PR_DELETED_ASSOC_MSG_COUNT}')
	|| jsonb_build_object('unread', (SELECT jsonb_agg(count_unread(1, folder_id, 'reader-' || n))
		FROM generate_series(0, $sessions) AS n))
	FROM folder_list ORDER BY folder_id";
my $shown = rows($numbers);
is(rows($numbers), $shown, 'a second look shows the same');
is(rows('SELECT * FROM wrong'), '', 'folded rows have the same sums');

$node->stop('immediate');
$node->start;
is(rows($numbers), $shown, 'a crash leaves the numbers');

$node->command_ok(
	[ 'pg_dump', '-Fc', '-f', $node->basedir . '/dump', $node->connstr('postgres') ],
	'dumped');
$node->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE template0');
$node->command_ok(
	[ 'pg_restore', '-d', $node->connstr('copy'), $node->basedir . '/dump' ],
	'restored');
is($node->safe_psql('copy', "SET search_path = msgstore, public; $numbers"),
	$shown, 'the copy has the numbers');
is($node->safe_psql('copy', 'SET search_path = msgstore, public;
	SELECT (SELECT count(*) FROM folder_change) > 0'),
	't', 'and the history of the folders');

done_testing();
