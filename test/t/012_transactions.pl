# Handles follow their transaction: a rollback, to a savepoint, by an exception or by an
# error, puts them back as they were.  Only their session and role can use them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('transactions');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'max_prepared_transactions = 5');
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION msgstore;
ALTER DATABASE postgres SET search_path = msgstore, public;
SET search_path = msgstore, public;
SELECT create_store('transactions');
CREATE TABLE orders (id int PRIMARY KEY, text text);
CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED);

CREATE FUNCTION subject(text) RETURNS jsonb LANGUAGE sql AS
	$$ SELECT jsonb_build_object('PR_SUBJECT', $1) $$;

-- the subject that a handle shows, and its base
CREATE FUNCTION look(h int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	o record;
BEGIN
	SELECT * INTO o FROM open_handles WHERE handle = h;
	IF NOT FOUND THEN
		RETURN 'closed';
	END IF;
	RETURN concat_ws(', ', get_props(h)->>'PR_SUBJECT',
		CASE o.access_level WHEN 1 THEN 'read/write' ELSE 'read-only' END,
		CASE WHEN o.is_new THEN 'new'
			WHEN EXISTS (SELECT FROM message_list l
						 WHERE l.message_id = o.message_id
						   AND l.change_number = o.change_number)
			THEN 'current' ELSE 'stale' END,
		CASE WHEN o.has_edits THEN 'edits' END);
END $$;

CREATE FUNCTION stored(message bigint) RETURNS text LANGUAGE sql AS $$
	SELECT concat(read_message(1, message)->>'PR_SUBJECT', ', ', count(*),
				  ' changes') FROM history(1, message)
$$;
END

# Run a script in a new session, with a message :m and a handle :h on it; compare its
# output, and its errors by SQLSTATE.
sub session
{
	my ($name, $script, @expected) = @_;
	my ($out, $err);

	$node->psql(
		'postgres', <<'END' . $script,
\set VERBOSITY sqlstate
SELECT message_id AS m FROM save_new_message(1, special_folder(1, 'Inbox'),
	subject('original')) \gset
SELECT open_message(1, :m, 'MAPI_MODIFY') AS h \gset
\o /dev/null
END
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 0);
	my @errors = $err =~ /ERROR:\s+(\w{5})/g;
	is( join("\n", split(/\n/, $out), map { "ERROR $_" } @errors),
		join("\n", @expected), $name);
	return;
}

# \o hides output that does not matter; show() shows one line
sub show
{
	return join '', map { "\\o\nSELECT $_;\n\\o /dev/null\n" } @_;
}
my $look = show('look(:h)');
my $both = show('look(:h)', 'stored(:m)');

note 'ROLLBACK and savepoints';

session(
	'ROLLBACK puts back edits, base and level',
	"SELECT set_props(:h, subject('before'));
	BEGIN;
	SELECT set_props(:h, subject('inside'));
	SELECT save_changes(:h, 'KEEP_OPEN_READONLY');
	$both ROLLBACK; $both
	SELECT save_changes(:h); $both",
	'inside, read-only, current', 'inside, 2 changes',
	'before, read/write, current, edits', 'original, 1 changes',
	'before, read/write, current', 'before, 2 changes');
session(
	'COMMIT keeps them',
	"BEGIN;
	SELECT set_props(:h, subject('inside'));
	SELECT save_changes(:h, 'KEEP_OPEN_READONLY');
	COMMIT AND CHAIN; $both
	ROLLBACK; $both",
	('inside, read-only, current', 'inside, 2 changes') x 2);
session(
	'savepoints, one inside the other',
	"BEGIN;
	SELECT set_props(:h, subject('one'));
	SAVEPOINT a;
	SELECT set_props(:h, subject('two'));
	SAVEPOINT b;
	SELECT save_changes(:h, 1);
	$look ROLLBACK TO b; $look ROLLBACK TO a; $look
	SELECT set_props(:h, subject('three'));
	RELEASE a; $look COMMIT; $both",
	'two, read-only, current',
	'two, read/write, current, edits',
	'one, read/write, current, edits',
	('three, read/write, current, edits') x 2,
	'original, 1 changes');
session(
	'a savepoint released belongs to the one around it',
	"BEGIN;
	SELECT set_props(:h, subject('one'));
	SAVEPOINT a; SAVEPOINT b;
	SELECT set_props(:h, subject('two'));
	SELECT save_changes(:h);
	RELEASE b; $look
	SAVEPOINT c;
	SELECT set_props(:h, subject('three'));
	RELEASE c; $look
	ROLLBACK TO a; $look ROLLBACK TO a;
	SELECT save_changes(:h); $look ROLLBACK; $both",
	'two, read/write, current',
	'three, read/write, current, edits',
	'one, read/write, current, edits',
	'one, read/write, current',
	'original, read/write, current',
	'original, 1 changes');
session(
	'a hundred savepoints, every third of them rolled back',
	"BEGIN;\n"
	  . join('',
		map {
				"SAVEPOINT s; SELECT set_props(:h, jsonb_build_object("
			  . "'PR_SUBJECT', get_props(:h)->>'PR_SUBJECT' || '.'));\n"
			  . ($_ % 3 ? 'RELEASE s;' : 'ROLLBACK TO s; RELEASE s;') . "\n"
		} 1 .. 100)
	  . "COMMIT; $look",
	'original' . '.' x 67 . ', read/write, current, edits');
session(
	'a savepoint around each save: the chain of versions fits',
	"BEGIN;
	SAVEPOINT a;
	SELECT save_changes(:h) FROM set_props(:h, subject('one'));
	RELEASE a; SAVEPOINT a;
	SELECT save_changes(:h) FROM set_props(:h, subject('two'));
	ROLLBACK TO a;
	SELECT save_changes(:h) FROM set_props(:h, subject('three'));
	COMMIT; $both"
	  . show("bool_and(c.previous IS NULL OR p.message_id = :m)
		FROM change c LEFT JOIN change p ON p.change_number = c.previous
		WHERE c.message_id = :m"),
	'three, read/write, current', 'three, 3 changes', 't');

note 'errors';

session(
	'a PL/pgSQL exception block',
	"SELECT set_props(:h, subject('before'));
	SELECT set_config('test.h', :'h', false);
	DO \$\$
	DECLARE
		h int := current_setting('test.h');
	BEGIN
		BEGIN
			PERFORM set_props(h, subject('inside'));
			ASSERT save_changes(h, 'KEEP_OPEN_READONLY') = 'S_OK';
			ASSERT look(h) = 'inside, read-only, current';
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			ASSERT look(h) = 'before, read/write, current, edits', look(h);
		END;
		PERFORM set_props(h, '{\"PR_KEYWORD\": \"after\"}');
	END \$\$;
	$both SELECT save_changes(:h); $both",
	'before, read/write, current, edits', 'original, 1 changes',
	'before, read/write, current', 'before, 2 changes');
session(
	'an error after the save, in the same statement',
	"SELECT set_props(:h, subject('before'));
	SELECT save_changes(:h, 1), 1 / (random() * 0)::int; $both",
	'before, read/write, current, edits', 'original, 1 changes',
	'ERROR 22012');
session(
	'an error in a transaction that had saved',
	"SELECT set_props(:h, subject('before'));
	BEGIN;
	SELECT save_changes(:h, 1);
	SELECT 1 / 0;
	SELECT get_props(:h);
	COMMIT; $both",
	'before, read/write, current, edits', 'original, 1 changes',
	'ERROR 22012', 'ERROR 25P02');
session(
	'an error at COMMIT',
	"SELECT set_props(:h, subject('before'));
	BEGIN;
	SELECT save_changes(:h, 1);
	INSERT INTO late VALUES (1), (1);
	COMMIT; $both",
	'before, read/write, current, edits', 'original, 1 changes',
	'ERROR 23505');
session(
	'a patch that is refused changes nothing of the handle',
	"SELECT set_props(:h, subject('before'));
	BEGIN;
	SAVEPOINT a;
	SELECT set_props(:h, '{\"PR_KEYWORD\": \"x\", \"PR_SUBJECT\": 1}');
	ROLLBACK TO a;
	COMMIT; $look"
	  . show("get_props(:h)->>'PR_KEYWORD' IS NULL"),
	'before, read/write, current, edits', 't', 'ERROR MA304');
session(
	'a read-only transaction',
	"SELECT set_props(:h, subject('before'));
	SELECT open_message(1, :m) AS r \\gset
	BEGIN READ ONLY;
	SAVEPOINT a;
	SELECT save_changes(:h);
	ROLLBACK TO a;
	SELECT force_save(:h);
	ROLLBACK TO a;
	SELECT save_message(1, :m, 1, '{}');
	ROLLBACK TO a;
	SELECT save_new_message(1, special_folder(1, 'Inbox'), '{}');
	ROLLBACK TO a;
	SELECT create_message(1, special_folder(1, 'Inbox'));
	ROLLBACK TO a;
	$look" . show('save_changes(:r)', 'save_changes(:h, 64)') . "COMMIT; $both",
	'before, read/write, current, edits', 'MAPI_E_NO_ACCESS',
	'MAPI_E_UNKNOWN_FLAGS',
	'before, read/write, current, edits', 'original, 1 changes',
	('ERROR 25006') x 5);

note 'handles opened and closed';

session(
	'opened since is gone, closed since is open again',
	"SELECT set_props(:h, subject('before'));
	BEGIN;
	SELECT open_message(1, :m, 'MAPI_MODIFY') AS o \\gset
	SELECT close_object(:h);
	" . show('look(:h)', 'look(:o)') . "ROLLBACK;
	" . show('look(:h)', 'look(:o)') . "SELECT get_props(:o); $look",
	'closed', 'original, read/write, current',
	'before, read/write, current, edits', 'closed',
	'before, read/write, current, edits', 'ERROR MA108');
session(
	'the same to a savepoint, and to one around a released one',
	"BEGIN;
	SAVEPOINT a;
	SAVEPOINT b;
	SELECT open_message(1, :m, 'MAPI_MODIFY') AS o \\gset
	SELECT set_props(:o, subject('o')), set_props(:h, subject('h'));
	SELECT close_object(:h);
	RELEASE b;
	" . show('look(:h)', 'look(:o)') . "SAVEPOINT c;
	SELECT close_object(:o);
	" . show('look(:o)') . "ROLLBACK TO c;
	" . show('look(:o)') . "ROLLBACK TO a;
	" . show('look(:h)', 'look(:o)') . "COMMIT;
	" . show('look(:h)', 'look(:o)'),
	'closed', 'o, read/write, current, edits',
	'closed', 'o, read/write, current, edits',
	('original, read/write, current', 'closed') x 2);
session(
	'committed, both stay',
	"BEGIN;
	SAVEPOINT a;
	SELECT open_message(1, :m, 'MAPI_MODIFY') AS o \\gset
	SELECT close_object(:h);
	RELEASE a; COMMIT; BEGIN; ROLLBACK;
	" . show('look(:h)', 'look(:o)') . "SELECT close_object(:h);",
	'closed', 'original, read/write, current', 'ERROR MA108');
session(
	'a new message whose first save is rolled back is new again',
	"SELECT create_message(1, special_folder(1, 'Drafts')) AS h \\gset
	SELECT message_id(:h) AS m \\gset
	SELECT set_props(:h, subject('draft'));
	BEGIN;
	SAVEPOINT a;
	SELECT save_changes(:h, 1); $both
	ROLLBACK TO a; $look
	SELECT save_changes(:h); $both
	ROLLBACK; $look"
	  . show('count(*) FROM message WHERE message_id = :m') . "
	SELECT save_changes(:h); $both",
	'draft, read-only, current', 'draft, 1 changes',
	'draft, read/write, new, edits',
	'draft, read/write, current', 'draft, 1 changes',
	'draft, read/write, new, edits', '0',
	'draft, read/write, current', 'draft, 1 changes');
session(
	'a new message created in what is rolled back leaves nothing',
	"BEGIN;
	SELECT create_message(1, special_folder(1, 'Drafts')) AS h \\gset
	SELECT message_id(:h) AS m \\gset
	SELECT save_changes(:h);
	ROLLBACK; $look"
	  . show('(SELECT count(*) FROM message WHERE message_id = :m) +
		(SELECT count(*) FROM change WHERE message_id = :m)'),
	'closed', '0');
session(
	'numbers are not given out twice',
	"CREATE TEMP TABLE seen (handle int);\n"
	  . join('',
		map {
			"BEGIN; SELECT open_message(1, :m) AS o \\gset\n"
			  . ($_ % 2 ? 'ROLLBACK' : 'COMMIT')
			  . "; INSERT INTO seen VALUES (:o);\n"
			  . ($_ % 4 ? '' : "SELECT close_object(:o);\n")
		} 1 .. 40)
	  . "DISCARD PLANS;\n"
	  . show('count(*), count(DISTINCT handle), min(handle) > 0 FROM seen')
	  . show('count(*) FROM open_handles JOIN seen USING (handle)'),
	'40|40|t', '10');

note 'together with other work';

session(
	'a save and an INSERT stand or fall together',
	"SELECT set_props(:h, subject('order'));
	BEGIN;
	SELECT save_changes(:h);
	INSERT INTO orders VALUES (:m, 'order');
	ROLLBACK; $both" . show('count(*) FROM orders WHERE id = :m') . "
	BEGIN;
	INSERT INTO orders VALUES (:m, 'order');
	SELECT save_changes(:h);
	COMMIT; $both" . show('count(*) FROM orders WHERE id = :m') . "
	SELECT set_props(:h, subject('twice'));
	BEGIN;
	SELECT save_changes(:h);
	INSERT INTO orders VALUES (:m, 'twice');
	COMMIT; $both" . show('text FROM orders WHERE id = :m'),
	'order, read/write, current, edits', 'original, 1 changes', '0',
	'order, read/write, current', 'order, 2 changes', '1',
	'twice, read/write, current, edits', 'order, 2 changes', 'order',
	'ERROR 23505');
session(
	'COMMIT and ROLLBACK inside a procedure',
	"CREATE OR REPLACE PROCEDURE work(h int) LANGUAGE plpgsql AS \$\$
	BEGIN
		PERFORM set_props(h, subject('committed'));
		COMMIT;
		PERFORM save_changes(h, 1);
		ROLLBACK;
		ASSERT look(h) = 'committed, read/write, current, edits', look(h);
		PERFORM save_changes(h);
		COMMIT;
		PERFORM set_props(h, subject('rolled back'));
		ROLLBACK;
	END \$\$;
	CALL work(:h); $both",
	'committed, read/write, current', 'committed, 2 changes');
session(
	'large edits rolled back give their memory back',
	"BEGIN;\n"
	  . join('',
		map {
			"SAVEPOINT s;\n"
			  . "SELECT set_props(:h, jsonb_build_object('PR_BODY', repeat('x', 1000000)));\n"
			  . "ROLLBACK TO s;\n"
			  . "SELECT set_props(:h, jsonb_build_object('PR_BODY', repeat('y', 1000000)));\n"
		} 1 .. 20)
	  . "COMMIT;\n"
	  . show(
		"sum(total_bytes) < 4000000, length(get_props(:h)->>'PR_BODY')
		FROM pg_backend_memory_contexts
		WHERE name LIKE 'msgstore handle%'"
	  ),
	't|1000000');

session(
	'two handles of one transaction are two clients',
	"SELECT open_message(1, :m, 'MAPI_MODIFY') AS o \\gset
	SELECT set_props(:h, subject('h')), set_props(:o, subject('o'));
	BEGIN;
	SAVEPOINT a;
	" . show('save_changes(:h)', 'save_changes(:o)') . "
	ROLLBACK TO a;
	" . show('save_changes(:o)', 'save_changes(:h)', 'force_save(:h)') . "
	COMMIT;
	" . show('look(:h)', 'look(:o)', 'stored(:m)'),
	'S_OK', 'MAPI_E_OBJECT_CHANGED', 'S_OK', 'MAPI_E_OBJECT_CHANGED', 'S_OK',
	'h, read/write, current', 'o, read/write, stale', 'h, 3 changes');

note 'whose handles they are';

$node->safe_psql('postgres', <<'END');
CREATE ROLE regress_team;
CREATE ROLE regress_anna IN ROLE regress_team;
CREATE ROLE regress_bert IN ROLE regress_team;
UPDATE store SET owner = 'regress_team';
CREATE FUNCTION as_bert(h int) RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS
	$$ SELECT get_props(h) $$;
ALTER FUNCTION as_bert(int) OWNER TO regress_bert;
CREATE FUNCTION bert_opens(m bigint) RETURNS int LANGUAGE sql SECURITY DEFINER AS
	$$ SELECT open_message(1, m, 'MAPI_MODIFY') $$;
ALTER FUNCTION bert_opens(bigint) OWNER TO regress_bert;
END
session(
	'another role cannot use it, not even a superuser',
	"SET ROLE regress_anna;
	SELECT open_message(1, :m, 'MAPI_MODIFY') AS h \\gset
	SELECT set_props(:h, subject('anna'));
	$look
	SET ROLE regress_bert;
	SELECT get_props(:h);
	SELECT set_props(:h, subject('bert'));
	SELECT delete_props(:h, '{PR_SUBJECT}');
	SELECT save_changes(:h);
	SELECT force_save(:h);
	SELECT refresh(:h);
	SELECT message_id(:h);
	SELECT close_object(:h);
	$look" . show('count(*) FROM open_handles') . "
	SET ROLE regress_anna;
	SELECT as_bert(:h);
	SELECT bert_opens(:m) AS o \\gset
	SELECT get_props(:o);
	" . show('count(*) FROM open_handles') . "
	RESET ROLE;
	SELECT get_props(:h);
	SET ROLE regress_anna;
	SELECT save_changes(:h); $look",
	'anna, read/write, current, edits', 'closed', '0', '1',
	'anna, read/write, current',
	('ERROR MA108') x 11);
session(
	'neither can another session',
	'\c
	SELECT get_props(:h);' . show('count(*) FROM open_handles'),
	'0', 'ERROR MA108');
session(
	'DISCARD ALL closes all of them, whoever opened them',
	"SELECT bert_opens(:m) AS o \\gset
	SELECT set_props(:h, subject('before'));
	BEGIN;
	DISCARD ALL;
	ROLLBACK; $look
	DISCARD ALL;
	SET search_path = msgstore, public; $look"
	  . show('count(*) FROM open_handles') . "
	SELECT open_message(1, :m, 'MAPI_MODIFY') AS n \\gset
	" . show(':n <> :h AND :n <> :o') . "SET ROLE regress_bert;
	SELECT get_props(:o);",
	'before, read/write, current, edits', 'closed', '0', 't',
	'ERROR 25001', 'ERROR MA108');

note 'limits';

session(
	'msgstore.max_open_handles counts what a rollback could bring back',
	"SET msgstore.max_open_handles = 3;
	SELECT open_message(1, :m) AS o \\gset
	SELECT open_message(1, :m) AS p \\gset
	SELECT open_message(1, :m);
	SELECT create_message(1, special_folder(1, 'Drafts'));
	BEGIN;
	SELECT close_object(:o);
	SAVEPOINT a;
	SELECT open_message(1, :m);
	ROLLBACK TO a;
	COMMIT;
	SELECT open_message(1, :m) AS q \\gset
	SET msgstore.max_open_handles = 1;
	SELECT open_message(1, :m);
	" . show('look(:q)', 'count(*) FROM open_handles'),
	'original, read-only, current', '3', ('ERROR MA10E') x 4);

note 'PREPARE TRANSACTION';

foreach my $work (
	"open_message(1, :m)",
	"set_props(:h, subject('prepared'))",
	"save_changes(:h)",
	"refresh(:h)",
	"close_object(:h)")
{
	session(
		"refused after $work",
		"SELECT set_props(:h, subject('before'));
		BEGIN;
		SELECT $work;
		PREPARE TRANSACTION 'refused'; $both",
		'before, read/write, current, edits', 'original, 1 changes',
		'ERROR 0A000');
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'),
	'0', 'nothing was prepared');
foreach my $end ('COMMIT', 'ROLLBACK')
{
	my $done = $end eq 'COMMIT';

	session(
		"save_message() and reading can be prepared: $end",
		"SELECT set_props(:h, subject('handle'));
		SELECT change_number AS n FROM message_list WHERE message_id = :m \\gset
		BEGIN;
		SELECT get_props(:h);
		SELECT save_message(1, :m, :n, subject('prepared'));
		PREPARE TRANSACTION 'kept'; $both
		SET lock_timeout = '10ms';
		SELECT save_changes(:h); $look
		RESET lock_timeout;
		$end PREPARED 'kept'; $both" . show('save_changes(:h)') . $both,
		'handle, read/write, current, edits', 'original, 1 changes',
		'handle, read/write, current, edits',
		$done
		? ( 'handle, read/write, stale, edits', 'prepared, 2 changes',
			'MAPI_E_OBJECT_CHANGED',
			'handle, read/write, stale, edits', 'prepared, 2 changes')
		: ( 'handle, read/write, current, edits', 'original, 1 changes',
			'S_OK', 'handle, read/write, current', 'handle, 2 changes'),
		'ERROR 55P03');
}

$node->stop;
done_testing();
