# A checker of the feed: writers change a store at all levels, in transactions that
# are short, long, rolled back, and with savepoints; readers follow the feed with pages
# of random size, and each keeps a copy of the store.
#
# feed_checker($node, $changes) runs all of that on a server, with readers and writers
# that are killed, and a crash, and returns a hash of faults, each with a number:
#
#	missed		changes that a reader was not given
#	order		changes of a message that a reader was given in the wrong order
#	differ		messages of which a reader's copy is not the store's
#	errors		errors of readers: a change that was given twice is one
#
# and "changes", the number of changes; "by_number", the number of those that a reader
# misses who follows the change numbers; "stalled", the same faults while a transaction
# is open that has been so from the beginning.
package FeedChecker;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run qw(start);
use List::Util qw(sum0);
use PostgreSQL::Test::Utils ();

our @EXPORT_OK = qw(feed_checker);

my $writers = 8;
my $readers = 4;
my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

my $set_up = q{
CREATE EXTENSION IF NOT EXISTS msgstore;
SET search_path = public, msgstore;
CREATE TABLE it AS SELECT msgstore.create_store('checked') AS s;
CREATE TABLE folders AS SELECT row_number() OVER () AS n, f.folder_id AS f, s
	FROM it, folder_list AS f WHERE f.store_id = s AND special IN ('Inbox', 'Drafts', 'Conflicts');
CREATE TABLE pool (n integer PRIMARY KEY, m bigint);
INSERT INTO pool SELECT n, (save_new_message(s, (SELECT f FROM folders WHERE folders.n = g.n % 3 + 1),
	jsonb_build_object('PR_SUBJECT', n::text))).message_id FROM it, generate_series(1, 60) AS g(n);

-- Change something, or be refused.
CREATE FUNCTION change_something() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	st bigint := (SELECT s FROM it);
	chosen integer := 1 + floor(random() * 3)::integer;
	place bigint := (SELECT f FROM folders WHERE n = chosen);
	-- few messages, so that the transactions meet
	slot integer := 1 + floor(60 * random() * random())::integer;
	id bigint := (SELECT m FROM pool WHERE n = slot);
	what double precision := random();
	number bigint := (SELECT change_number FROM msgstore.message WHERE store_id = st AND message_id = id);
	reader text := 'r' || 1 + floor(random() * 4)::integer;
BEGIN
	IF what < 0.45 THEN
		RETURN (SELECT result FROM save_message(st, id, number, jsonb_build_object('PR_SUBJECT', what::text)));
	ELSIF what < 0.55 THEN
		RETURN (SELECT result FROM save_message(st, id, number, jsonb_build_object('PR_BODY', what::text), 'FORCE_SAVE'));
	ELSIF what < 0.65 THEN
		RETURN move_messages(st, ARRAY[id], place);
	ELSIF what < 0.70 THEN
		RETURN delete_messages(st, ARRAY[id]);
	ELSIF what < 0.77 THEN
		RETURN restore_messages(st, ARRAY[id]);
	ELSIF what < 0.82 THEN
		RETURN (SELECT result FROM save_new_message(st, place, jsonb_build_object('PR_SUBJECT', what::text)));
	ELSIF what < 0.84 THEN
		RETURN delete_messages(st, ARRAY(SELECT message_id FROM msgstore.message WHERE store_id = st
			AND message_id NOT IN (SELECT m FROM pool) ORDER BY random() LIMIT 1), 'DELETE_HARD_DELETE');
	ELSIF what < 0.90 THEN
		RETURN set_read_flag(st, id, CASE WHEN random() < 0.5 THEN 4 ELSE 0 END, reader);
	ELSIF what < 0.92 THEN
		RETURN set_read_flags(st, NULL, CASE WHEN random() < 0.5 THEN 4 ELSE 0 END, place, reader);
	ELSIF what < 0.97 THEN
		RETURN set_message_status(st, id, floor(random() * 8)::integer, 7);
	END IF;
	RETURN set_folder_props(st, place, jsonb_build_object('PR_COMMENT', what::text));
END $$;

-- Readers: a token, a copy, and everything that was given.
CREATE TABLE reader (r integer PRIMARY KEY, token text, started text);
CREATE TABLE copy (r integer, m bigint, number bigint, folder bigint, deleted boolean, is_read boolean, status integer,
	PRIMARY KEY (r, m));
CREATE SEQUENCE given_seq;
CREATE TABLE given (r integer, m bigint, number bigint, kind text, n bigint DEFAULT nextval('given_seq'),
	PRIMARY KEY (r, m, number));
CREATE TABLE stop (rounds integer);
INSERT INTO stop VALUES (0);
CREATE TABLE by_number (last bigint, given bigint[]);

CREATE FUNCTION read_by(st bigint, id bigint, who integer) RETURNS boolean LANGUAGE sql AS $$
	SELECT (read_message(st, id, '{PR_READ}', 'r' || who)->>'PR_READ')::boolean
	FROM msgstore.message WHERE store_id = st AND message_id = id AND deleted_at IS NULL $$;

-- Work on one page in one transaction.
CREATE FUNCTION work(who integer, size integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	st bigint := (SELECT s FROM it);
	f record;
	at_end boolean := false;
	next text;
BEGIN
	FOR f IN SELECT * FROM changes_since(st, (SELECT token FROM reader WHERE r = who), size, actor => 'r' || who) LOOP
		next := f.token;
		at_end := f.kind = 'end';
		IF f.message_id IS NOT NULL AND f.change_number IS NOT NULL AND f.kind <> 'present' THEN
			INSERT INTO given (r, m, number, kind) VALUES (who, f.message_id, f.change_number, f.kind);
		END IF;
		IF f.kind = 'read_folder' THEN
			UPDATE copy SET is_read = read_by(st, m, who) WHERE r = who AND NOT deleted AND read_by(st, m, who) IS NOT NULL;
		END IF;
		CONTINUE WHEN f.message_id IS NULL;
		INSERT INTO copy (r, m, deleted) VALUES (who, f.message_id, false) ON CONFLICT DO NOTHING;
		IF f.change_number IS NOT NULL THEN
			UPDATE copy SET number = f.change_number, folder = f.folder_id WHERE r = who AND m = f.message_id;
		END IF;
		IF f.kind IN ('delete', 'gone') THEN
			UPDATE copy SET deleted = true WHERE r = who AND m = f.message_id;
		ELSIF f.kind = 'restore' THEN
			UPDATE copy SET deleted = false WHERE r = who AND m = f.message_id;
		END IF;
		IF f.kind IN ('read', 'present', 'create', 'restore') THEN
			UPDATE copy SET is_read = read_by(st, m, who) WHERE r = who AND m = f.message_id;
		END IF;
		IF f.kind IN ('status', 'present', 'create', 'restore') THEN
			UPDATE copy SET status = (SELECT x.status FROM message_status AS x WHERE x.store_id = st AND x.message_id = m)
			WHERE r = who AND m = f.message_id;
		END IF;
	END LOOP;
	UPDATE reader SET token = next WHERE r = who;
	RETURN at_end;
END $$;

-- Follow the feed until the round has been stopped, and nothing is new.
CREATE PROCEDURE follow(who integer, round integer) LANGUAGE plpgsql AS $$
DECLARE
	stopped boolean;
BEGIN
	LOOP
		stopped := (SELECT rounds >= round FROM stop);
		COMMIT;
		EXIT WHEN work(who, 1 + floor(exp(random() * 6))::integer) AND stopped;
		COMMIT;
		PERFORM pg_sleep(random() * 0.01);
	END LOOP;
END $$;

-- Follow the change numbers, as a feed without snapshots would.
CREATE PROCEDURE follow_numbers(round integer) LANGUAGE plpgsql AS $$
DECLARE
	stopped boolean;
	found bigint[];
BEGIN
	LOOP
		stopped := (SELECT rounds >= round FROM stop);
		COMMIT;
		found := ARRAY(SELECT change_number FROM msgstore.change, it WHERE store_id = s
			AND change_number > (SELECT last FROM by_number) ORDER BY change_number LIMIT 1000);
		IF cardinality(found) > 0 THEN
			UPDATE by_number SET last = found[cardinality(found)], given = given || found;
		END IF;
		COMMIT;
		EXIT WHEN stopped AND cardinality(found) = 0;
	END LOOP;
END $$;

-- The copies as they should be, and as they are.
CREATE VIEW wanted AS
	SELECT e.r, m.message_id AS m, m.change_number AS number, m.folder_id AS folder,
		read_by(it.s, m.message_id, e.r) AS is_read, coalesce(x.status, 0) AS status
	FROM it, reader AS e, msgstore.message AS m LEFT JOIN message_status AS x USING (store_id, message_id)
	WHERE m.store_id = it.s AND m.deleted_at IS NULL;
CREATE VIEW copied AS
	SELECT r, m, number, folder, is_read, coalesce(status, 0) AS status FROM copy WHERE NOT deleted;
CREATE FUNCTION faults() RETURNS TABLE (missed bigint, out_of_order bigint, differ bigint) LANGUAGE sql AS $$
	SELECT (SELECT count(*) FROM msgstore.change AS c, it, reader AS e WHERE c.store_id = s
			AND NOT pg_visible_in_snapshot(coalesce(c.late_xid, c.xid), e.started::pg_snapshot)
			AND NOT EXISTS (SELECT FROM given AS g WHERE g.r = e.r AND g.m = c.message_id AND g.number = c.change_number)),
		(SELECT count(*) FROM given AS g JOIN msgstore.change AS c ON c.store_id = (SELECT s FROM it)
			AND c.message_id = g.m AND c.change_number = g.number
			JOIN given AS p ON p.r = g.r AND p.m = g.m AND p.number = c.previous WHERE p.n > g.n),
		(SELECT count(*) FROM ((TABLE wanted EXCEPT TABLE copied) UNION ALL (TABLE copied EXCEPT TABLE wanted)) AS d) $$;
};

# The statements of a writer: transactions with about so many changes.
sub script
{
	my ($changes) = @_;
	my @lines = ('SET search_path = public, msgstore;', "SET lock_timeout = '5s';");

	while ($changes > 0)
	{
		my $level = $levels[ rand @levels ];
		my $count = 1 + int(rand() * rand() * 6);

		# a transaction of one statement, and one with its own id before all
		if (rand() < 0.3)
		{
			push @lines, 'SELECT change_something();';
			$changes--;
			next;
		}
		push @lines, "BEGIN ISOLATION LEVEL $level;";
		push @lines, 'SELECT pg_current_xact_id();' if rand() < 0.5;
		push @lines, 'SELECT pg_sleep(' . rand() * 0.02 . ');' if rand() < 0.3;
		for (1 .. $count)
		{
			my $tried = rand() < 0.3;

			push @lines, 'SAVEPOINT s;' if $tried;
			push @lines, 'SELECT change_something();';
			push @lines, rand() < 0.5 ? 'ROLLBACK TO s;' : 'RELEASE s;' if $tried;
			push @lines, 'SELECT pg_sleep(' . rand() * 0.05 . ');' if rand() < 0.02;
		}
		push @lines, rand() < 0.1 ? 'ROLLBACK;' : 'COMMIT;';
		$changes -= $count;
	}
	return join("\n", @lines) . "\n";
}

# Start psql with a script, from a file; its errors go to a file as well.
sub session
{
	my ($node, $script) = @_;
	my $name = PostgreSQL::Test::Utils::tempdir() . '/script';
	my $session = { errors => "$name.err" };

	PostgreSQL::Test::Utils::append_to_file($name, $script);
	$session->{handle} = start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=0', '-d', $node->connstr('postgres'), '-f', $name ],
		'>', '/dev/null', '2>', $session->{errors});
	return $session;
}

sub finish
{
	my @sessions = @_;

	$_->{handle}->finish foreach @sessions;
	return;
}

# Kill the client of a session.
sub kill_client
{
	my ($session) = @_;

	$session->{handle}->kill_kill(grace => 0);
	return;
}

sub faults
{
	my ($node) = @_;
	my %faults;

	@faults{qw(missed order differ)} =
	  split /\|/, $node->safe_psql('postgres',
		'SET search_path = public, msgstore; SELECT * FROM faults()');
	return \%faults;
}

# One round of writers and readers, disturbed by a function in the middle.
sub round
{
	my ($node, $number, $changes, $disturb) = @_;
	my $follow = sub {
		return session($node, "SET search_path = public, msgstore;\nCALL follow($_[0], $number);\n");
	};
	my @reading = map { $follow->($_) } 1 .. $readers;
	my @writing = map { session($node, script($changes / $writers)) } 1 .. $writers;
	my $numbers = session($node, "SET search_path = public, msgstore;\nCALL follow_numbers($number);\n");
	my @killed;

	if ($disturb)
	{
		# in the middle of the round
		$node->poll_query_until('postgres',
			"SELECT last_value >= (SELECT last_value FROM public.round_began) + " . int($changes / 4)
			  . ' FROM msgstore.change_number_seq');
		@killed = $disturb->(\@reading, \@writing);
	}
	finish(@writing);
	# those that were killed, or lost their server, begin anew
	push @killed, map { $follow->($_) } 1 .. $readers if $disturb;
	$node->safe_psql('postgres', "UPDATE public.stop SET rounds = $number");
	finish(@reading, @killed, $numbers);
	my $errors = join("\n", map { PostgreSQL::Test::Utils::slurp_file($_->{errors}) } @reading, @killed);
	# errors that the disturbance itself causes
	$errors =~ s/^.*(?:terminat|connection to server|server closed|before or while|could not connect|the database system|shutting down|crash of another|current transaction|reconnect|Is the server|No such file|could not serialize|deadlock).*\n?//gm;
	return $errors =~ s/^\s*\n//gmr;
}

sub feed_checker
{
	my ($node, $changes) = @_;
	my $errors = '';

	$node->safe_psql('postgres', $set_up);
	$node->safe_psql('postgres', "
		CREATE SEQUENCE public.round_began;
		SET search_path = public, msgstore;
		INSERT INTO reader SELECT r, CASE WHEN r > 1 THEN feed_position(s) END, pg_current_snapshot()
			FROM it, generate_series(1, $readers) AS r;
		INSERT INTO copy SELECT r, m, number, folder, false, read_by(s, m, r), NULL
			FROM it, generate_series(2, $readers) AS r, LATERAL (SELECT message_id AS m, change_number AS number,
				folder_id AS folder FROM msgstore.message WHERE store_id = s) AS l;
		INSERT INTO by_number SELECT max(change_number), '{}' FROM msgstore.change");
	my $began = sub {
		$node->safe_psql('postgres',
			"SELECT setval('public.round_began', last_value) FROM msgstore.change_number_seq");
	};
	my $first = $node->safe_psql('postgres', 'SELECT pg_current_snapshot()');

	# a transaction that is open all the time
	my $open = $node->background_psql('postgres');
	$open->query_safe("BEGIN; SELECT message_id FROM public.it, msgstore.save_new_message(s,
		(SELECT f FROM public.folders LIMIT 1), '{\"PR_SUBJECT\": \"open\"}')");
	$began->();
	$errors .= round($node, 1, $changes / 2);
	my $stalled = faults($node);
	$open->query_safe('COMMIT');
	$open->quit;

	# readers and writers that are killed
	$began->();
	$errors .= round($node, 2, $changes / 4, sub {
		my ($reading, $writing) = @_;
		kill_client($_) foreach @{$reading}[ 0, 1 ], @{$writing}[ 0, 1 ];
		return;
	});

	# a crash of the server
	$began->();
	$errors .= round($node, 3, $changes / 4, sub {
		$node->stop('immediate');
		$node->start;
		return;
	});

	# and the rest, with a server that nobody disturbs
	$began->();
	$errors .= round($node, 4, 100);
	my $faults = faults($node);
	$faults->{stalled} = sum0(@{$stalled}{qw(missed order differ)});
	$faults->{errors} = $errors;
	($faults->{changes}, $faults->{late}, $faults->{by_number}) =
	  split /\|/, $node->safe_psql('postgres', "
		SELECT count(*), count(late_xid), count(*) FILTER (WHERE change_number <> ALL (given))
		FROM msgstore.change, public.it, public.by_number WHERE store_id = s
		AND NOT pg_visible_in_snapshot(coalesce(late_xid, xid), '$first')");
	return $faults;
}

1;
