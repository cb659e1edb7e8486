# A checker of the feed: writers change a store at all levels, one message or many in a
# call, in transactions that are short, long, rolled back, and with savepoints; readers
# follow the feed with pages of random size, and each keeps a copy of the store.  One more
# reader follows a standby and keeps its copy outside of the database; and one follows the
# change numbers in place of the feed, so that the checker is seen to find its faults.
#
# test_feed($changes) runs all of that on a server with a standby, in rounds, until so many
# changes have been made: clients are killed, the backends of a writer and of a reader
# (which is a crash of the server), the server; at last the standby is promoted under its
# readers, without what the primary has not sent.  A transaction is open all the time.  It
# tests that there is none of these faults, each with a number:
#
#	missed		changes that a reader was not given
#	order		changes of a message that a reader was given in the wrong order
#	differ		messages of which a reader's copy is not the store's
#	outside		messages of which the copy of the reader of the standby is not the store's
#	stalled		a text: faults at the end of a round, while a transaction is open
#	errors		errors of readers: a change that was given twice is one
#
# Also counted are "changes"; "late", the number of those that a transaction has made over
# the version of a later one; "by_number", the number of changes that a reader misses who
# follows the change numbers; "crashes", the number of backends whose death was a crash of
# the server.
#
# All random choices follow from the seed: each session gets one of its own.
package FeedChecker;
use strict;
use warnings;
use Exporter 'import';
use IPC::Run qw(start timeout);
use List::Util qw(max min sum0);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils ();
use RandomSeed;
use ServerCrash qw(kill_process wait_for_queries);
use Test::More;
use Time::HiRes qw(usleep);

our @EXPORT_OK = qw(test_feed);

my $writers = 8;
my $readers = 4;
my $by_number = $readers + 1;		# the reader that follows the change numbers
my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

my $set_up = q{
CREATE EXTENSION IF NOT EXISTS msgstore;
SET search_path = public, msgstore;
CREATE TABLE it AS SELECT msgstore.create_store('checked') AS s;
CREATE TABLE folders AS SELECT row_number() OVER () AS n, f.folder_id AS f, s
	FROM it, folder_list AS f WHERE f.store_id = s AND special IN ('Inbox', 'Drafts', 'Conflicts');
CREATE TABLE pool (n integer PRIMARY KEY, m bigint);
INSERT INTO pool SELECT n, (save_new_message(s, (SELECT f FROM folders WHERE folders.n = g.n % 3 + 1),
	jsonb_build_object('PR_SUBJECT', n::text))).message_id FROM it, generate_series(1, 200) AS g(n);

-- Save a message through a handle.
CREATE FUNCTION save_by_handle(st bigint, id bigint, subject text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	handle integer := open_message(st, id, 'MAPI_MODIFY');
	answer text;
BEGIN
	PERFORM set_props(handle, jsonb_build_object('PR_SUBJECT', subject));
	answer := save_changes(handle);
	PERFORM close_object(handle);
	RETURN answer;
EXCEPTION WHEN SQLSTATE 'MA10F' THEN
	RETURN 'MAPI_E_NOT_FOUND';
END $$;

-- Save many messages in one call, each over its version of now.
CREATE FUNCTION save_many(st bigint, ids bigint[], changes jsonb, flags save_flags) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT result::text, ' ') FROM save_messages(st, (SELECT jsonb_agg(jsonb_build_object(
		'message_id', message_id, 'change_number', change_number, 'changes', changes))
		FROM msgstore.message WHERE store_id = st AND message_id = ANY (ids)), flags) $$;

-- Change one message or many, or be refused.
CREATE FUNCTION change_something() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	st bigint := (SELECT s FROM it);
	chosen integer := 1 + floor(random() * 3)::integer;
	place bigint := (SELECT f FROM folders WHERE n = chosen);
	many integer := CASE WHEN random() < 0.4 THEN 1 ELSE 2 + floor(random() * 30)::integer END;
	-- some messages more often than others, so that the transactions meet
	slot integer := 1 + floor(200 * random() * random())::integer;
	ids bigint[] := ARRAY(SELECT m FROM pool WHERE n BETWEEN slot AND slot + many - 1);
	what double precision := random();
	number bigint := (SELECT change_number FROM msgstore.message WHERE store_id = st AND message_id = ids[1]);
	subject jsonb := jsonb_build_object('PR_SUBJECT', what::text);
	mark read_flags := CASE WHEN random() < 0.5 THEN 4 ELSE 0 END;
	reader text := 'r' || 1 + floor(random() * 4)::integer;
BEGIN
	IF what < 0.40 THEN
		RETURN CASE WHEN many > 1 THEN save_many(st, ids, subject, '0')
			WHEN what < 0.10 THEN save_by_handle(st, ids[1], what::text)
			ELSE (SELECT result::text FROM save_message(st, ids[1], number, subject)) END;
	ELSIF what < 0.50 THEN
		RETURN save_many(st, ids, jsonb_build_object('PR_BODY', what::text), 'FORCE_SAVE');
	ELSIF what < 0.62 THEN
		RETURN move_messages(st, ids, place);
	ELSIF what < 0.68 THEN
		RETURN delete_messages(st, ids);
	ELSIF what < 0.77 THEN
		RETURN restore_messages(st, ids);
	ELSIF what < 0.80 THEN
		RETURN (SELECT result FROM save_new_message(st, place, subject));
	ELSIF what < 0.83 THEN
		RETURN (SELECT count(*) FROM copy_messages(st, ids, place));
	ELSIF what < 0.86 THEN
		RETURN delete_messages(st, ARRAY(SELECT message_id FROM msgstore.message WHERE store_id = st
			AND message_id NOT IN (SELECT m FROM pool) ORDER BY random() LIMIT many), 'DELETE_HARD_DELETE');
	ELSIF what < 0.92 THEN
		RETURN set_read_flags(st, ids, mark, actor => reader);
	ELSIF what < 0.93 THEN
		RETURN set_read_flags(st, NULL, mark, place, reader);
	ELSIF what < 0.98 THEN
		RETURN set_message_status(st, ids[1], floor(random() * 8)::integer, 7);
	END IF;
	RETURN set_folder_props(st, place, jsonb_build_object('PR_COMMENT', what::text));
END $$;

-- Readers: a token, a copy, and everything that was given.
CREATE TABLE reader (r integer PRIMARY KEY, token text, started text);
CREATE TABLE copy (r integer, m bigint, number bigint, folder bigint, deleted boolean, is_read boolean, status integer,
	PRIMARY KEY (r, m));
CREATE SEQUENCE page_seq;
CREATE TABLE given (r integer, m bigint, number bigint, page bigint, n bigint, PRIMARY KEY (r, m, number));
CREATE TABLE stop (rounds integer, closed integer);
INSERT INTO stop VALUES (0, 0);

CREATE FUNCTION read_by(st bigint, id bigint, who integer) RETURNS boolean LANGUAGE sql AS $$
	SELECT (read_message(st, id, '{PR_READ}', 'r' || who)->>'PR_READ')::boolean
	FROM msgstore.message WHERE store_id = st AND message_id = id AND deleted_at IS NULL $$;

-- A page of the feed, as a reader follows it: one of them as if it were ordered by number.
CREATE FUNCTION page_of(st bigint, who integer, last text, many integer) RETURNS TABLE
	(token text, m bigint, folder bigint, number bigint, kind text, n bigint) LANGUAGE plpgsql AS $$
BEGIN
	IF who < 5 THEN
		RETURN QUERY SELECT f.token, message_id, folder_id, change_number, f.kind, f.n
		FROM changes_since(st, last, many, actor => 'r' || who) WITH ORDINALITY
			AS f (token, message_id, folder_id, change_number, kind, changed_by, client, changed_at, properties, n);
	ELSE
		RETURN QUERY SELECT c.change_number::text, c.message_id, x.folder_id, c.change_number,
			CASE c.kind WHEN 'd' THEN 'delete' WHEN 'h' THEN 'delete' WHEN 'r' THEN 'restore' ELSE 'save' END,
			row_number() OVER (ORDER BY c.change_number)
		FROM msgstore.change AS c LEFT JOIN msgstore.message AS x USING (store_id, message_id)
		WHERE c.store_id = st AND c.change_number > last::bigint ORDER BY c.change_number LIMIT 10 * many;
		IF NOT FOUND THEN
			RETURN QUERY SELECT last, NULL::bigint, NULL::bigint, NULL::bigint, 'end', 1::bigint;
		END IF;
	END IF;
END $$;

-- Work on one page in one transaction; true at the end of the feed.
CREATE FUNCTION work(who integer, many integer) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	st bigint := (SELECT s FROM it);
	this bigint := nextval('page_seq');
	next text;
	marked boolean;
	at_end boolean;
BEGIN
	WITH page AS MATERIALIZED (SELECT * FROM page_of(st, who, (SELECT token FROM reader WHERE r = who), many)),
	kept AS (INSERT INTO given (r, m, number, page, n) SELECT who, m, number, this, n FROM page
		WHERE m IS NOT NULL AND number IS NOT NULL AND kind <> 'present'),
	news AS (SELECT m, (array_agg(number ORDER BY n DESC) FILTER (WHERE number IS NOT NULL))[1] AS number,
			(array_agg(folder ORDER BY n DESC) FILTER (WHERE number IS NOT NULL))[1] AS folder,
			(array_agg(kind <> 'restore' ORDER BY n DESC) FILTER (WHERE kind IN ('delete', 'gone', 'restore')))[1] AS deleted,
			bool_or(kind IN ('read', 'present', 'create', 'copy', 'restore')) AS reads,
			bool_or(kind IN ('status', 'present', 'create', 'copy', 'restore')) AS states
		FROM page WHERE m IS NOT NULL GROUP BY m),
	copied AS (INSERT INTO copy AS c SELECT who, m, number, folder, deleted,
			CASE WHEN reads THEN read_by(st, m, who) END,
			CASE WHEN states THEN coalesce((SELECT status FROM message_status WHERE store_id = st AND message_id = m), 0) END
		FROM news
		ON CONFLICT (r, m) DO UPDATE SET number = coalesce(excluded.number, c.number),
			folder = coalesce(excluded.folder, c.folder),
			deleted = coalesce(excluded.deleted, c.deleted),
			is_read = coalesce(excluded.is_read, c.is_read), status = coalesce(excluded.status, c.status))
	SELECT (array_agg(token ORDER BY n DESC))[1], bool_or(kind = 'end'), bool_or(kind = 'read_folder')
	INTO next, at_end, marked FROM page;
	IF marked THEN
		UPDATE copy SET is_read = read_by(st, m, who) WHERE r = who AND deleted IS NOT TRUE AND read_by(st, m, who) <> is_read;
	END IF;
	UPDATE reader SET token = next WHERE r = who;
	RETURN at_end;
END $$;

-- Follow the feed until the round has been stopped, and nothing is new.
CREATE PROCEDURE follow(who integer, round integer) LANGUAGE plpgsql AS $$
DECLARE
	stopped boolean;
	ends integer := 0;
BEGIN
	LOOP
		stopped := (SELECT rounds >= round FROM stop);
		COMMIT;
		-- a pass that had begun before does not give all
		IF work(who, 1 + floor(exp(random() * 6.5))::integer) AND stopped THEN
			ends := ends + 1;
		END IF;
		EXIT WHEN ends = 2;
		COMMIT;
		-- there is no index of change numbers
		PERFORM pg_sleep(random() * CASE WHEN who < 5 THEN 0.01 ELSE 0.2 END);
	END LOOP;
END $$;

-- Keep the transaction open until the round is over.
CREATE PROCEDURE stay_open(round integer) LANGUAGE plpgsql AS $$
BEGIN
	WHILE (SELECT closed < round FROM stop) LOOP
		PERFORM pg_sleep(0.05);
	END LOOP;
END $$;

-- The copies as they should be, and as they are.
CREATE VIEW wanted AS
	SELECT e.r, m.message_id AS m, m.change_number AS number, m.folder_id AS folder,
		read_by(it.s, m.message_id, e.r) AS is_read, coalesce(x.status, 0) AS status
	FROM it, reader AS e, msgstore.message AS m LEFT JOIN message_status AS x USING (store_id, message_id)
	WHERE m.store_id = it.s AND m.deleted_at IS NULL;
CREATE VIEW copied AS
	SELECT r, m, number, folder, is_read, coalesce(status, 0) AS status FROM copy
	WHERE deleted IS NOT TRUE;
CREATE VIEW different AS
	(SELECT 'wanted', * FROM (TABLE wanted EXCEPT TABLE copied) AS w)
	UNION ALL (SELECT 'copied', * FROM (TABLE copied EXCEPT TABLE wanted) AS c);
CREATE FUNCTION faults(readers integer[]) RETURNS TABLE (missed bigint, out_of_order bigint, differ bigint)
LANGUAGE sql AS $$
	SELECT (SELECT count(*) FROM msgstore.change AS c, it, reader AS e WHERE c.store_id = s AND e.r = ANY (readers)
			AND NOT pg_visible_in_snapshot(coalesce(c.late_xid, c.xid), e.started::pg_snapshot)
			AND NOT EXISTS (SELECT FROM given AS g WHERE g.r = e.r AND g.m = c.message_id AND g.number = c.change_number)),
		-- a subquery, since a join would look at all changes of the message for each of them
		(SELECT count(*) FROM given AS g JOIN msgstore.change AS c ON c.store_id = (SELECT s FROM it)
			AND c.message_id = g.m AND c.change_number = g.number
			WHERE g.r = ANY (readers) AND (SELECT (p.page, p.n) > (g.page, g.n) FROM given AS p
				WHERE p.r = g.r AND p.m = g.m AND p.number = c.previous)),
		(SELECT count(*) FROM different WHERE r = ANY (readers)) $$;
};

# The statements of a writer: transactions with about so many calls.
sub script
{
	my ($calls) = @_;
	my @lines = ("SET lock_timeout = '2s';");

	while ($calls > 0)
	{
		my $level = $levels[ rand @levels ];
		my $count = 1 + int(rand() * rand() * 6);

		# a transaction of one statement, and one with its own id before all
		if (rand() < 0.3)
		{
			push @lines, 'SELECT change_something();';
			$calls--;
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
		$calls -= $count;
	}
	return join("\n", @lines) . "\n";
}

# Start psql with a script, from a file; its errors go to a file as well.
sub session
{
	my ($node, $name, $script) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/script';
	my $session = { name => $name, errors => "$file.err" };

	PostgreSQL::Test::Utils::append_to_file($file, sprintf(
		"SET application_name = '%s';\nSET search_path = public, msgstore;\nSELECT setseed(%.9f);\n%s",
		$name, rand() * 2 - 1, $script));
	$session->{handle} = start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=0', '-d', $node->connstr('postgres'), '-f', $file ],
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

# Kill the backend of a session in a transaction, with SIGKILL.  Returns true if the
# server has crashed.
sub kill_backend
{
	my ($node, $session) = @_;
	my $from = "FROM pg_stat_activity
		WHERE application_name = '$session->{name}' AND backend_xid IS NOT NULL";
	my $pid = '';

	while ($pid eq '')
	{
		$session->{handle}->pumpable or die "$session->{name} has ended";
		$pid = $node->safe_psql('postgres', "SELECT pid $from");
	}
	return kill_process($node, $pid);
}

# ------------------------------------------------- a reader outside of the database

# Start a psql that answers queries of a reader, one after the other.
sub outside_start
{
	my ($reader) = @_;

	@{$reader}{qw(in out err)} = ('', '', '');
	$reader->{psql} = start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $reader->{node}->connstr('postgres') ],
		'<', \$reader->{in}, '>', \$reader->{out}, '2>', \$reader->{err},
		my $timer = timeout($PostgreSQL::Test::Utils::timeout_default));
	$reader->{timer} = $timer;
	return;
}

# Return the rows that a query answers.
sub outside_rows
{
	my ($reader, $query) = @_;

	$reader->{out} = '';
	$reader->{in} .= "$query;\n\\echo done\n";
	$reader->{timer}->start;
	until ($reader->{out} =~ s/^done\n\z//m)
	{
		$reader->{psql}->pumpable or die "the reader of the standby has ended: $reader->{err}";
		$reader->{psql}->pump;
	}
	return split /\n/, $reader->{out};
}

# Follow the feed by one page.  Returns true at its end.
sub outside_page
{
	my ($reader) = @_;
	my $size = 1 + int(exp(rand() * 6.5));
	my $token = defined $reader->{token} ? "'$reader->{token}'" : 'NULL';
	my $kind = '';

	foreach my $row (outside_rows($reader, "
		SELECT kind, message_id, folder_id, change_number, token
		FROM msgstore.changes_since((SELECT s FROM public.it), $token, $size)"))
	{
		($kind, my ($id, $folder, $number), $reader->{token}) = split /\|/, $row;
		next if $id eq '';
		my $copy = $reader->{copy}{$id} //= {};

		@{$copy}{qw(number folder)} = ($number, $folder) if $number ne '';
		$copy->{gone} = 1 if $kind eq 'delete' || $kind eq 'gone';
		$copy->{gone} = 0 if $kind eq 'restore';
		next if $number eq '' || $kind eq 'present';
		$reader->{errors} .= "change $number of message $id was given twice\n"
		  if $reader->{given}{"$id $number"}++;
	}
	return $kind eq 'end';
}

# Follow the feed while something else is true.
sub outside_follow
{
	my ($reader, $goes_on) = @_;

	while ($goes_on->())
	{
		usleep(50_000) if outside_page($reader);
	}
	return;
}

# Return the number of messages in which the copy of the reader is not the store.
sub outside_faults
{
	my ($reader) = @_;
	my %store = map { $_ => 1 } split /\n/, $reader->{node}->safe_psql('postgres', q{
		SELECT message_id, change_number, folder_id FROM msgstore.message
		WHERE store_id = (SELECT s FROM public.it) AND deleted_at IS NULL});
	my %copy = map { join('|', $_, @{ $reader->{copy}{$_} }{qw(number folder)}) => 1 }
	  grep { !$reader->{copy}{$_}{gone} } keys %{ $reader->{copy} };

	return scalar(grep { !$copy{$_} } keys %store) + grep { !$store{$_} } keys %copy;
}

# ------------------------------------------------------------------------- rounds

# Return what a query in the schemas of the checker and of the extension answers.
sub answer
{
	my ($node, $query) = @_;

	return split /\|/, $node->safe_psql('postgres', "SET search_path = public, msgstore; $query");
}

sub faults
{
	my ($node, @readers) = @_;
	my %faults;

	@faults{qw(missed order differ)} =
	  answer($node, "SELECT * FROM faults('{" . join(',', @readers) . "}')");
	return \%faults;
}

# Return some rows in which the copies of readers are not the store.
sub shown
{
	my ($node, @readers) = @_;

	return $node->safe_psql('postgres', 'SET search_path = public, msgstore; SELECT * FROM different
		WHERE r IN (' . join(', ', @readers) . ') ORDER BY r, m LIMIT 20');
}

# Return the number of changes since the checker began.
sub made
{
	my ($check) = @_;

	return (answer($check->{node}, 'SELECT count(*) FROM msgstore.change, it WHERE store_id = s'))[0] - $check->{before};
}

# One round of writers, with so many calls, and readers, disturbed by a function in the
# middle, after which the work begins anew.  Without calls, readers come to the end.
sub round
{
	my ($check, $calls, $disturb) = @_;
	my ($node, $number) = ($check->{node}, ++$check->{round});
	my $follow = sub { return session($node, "reader $_[0]", "CALL follow($_[0], $number);\n") };
	my $write = sub { return map { session($node, "writer $_", script($_[0] / $writers)) } 1 .. $writers };
	my $position = sub { return (answer($node, 'SELECT last_value FROM msgstore.change_number_seq'))[0] };
	# in the middle of the round, the sequence has come so far
	my $middle = $position->() + $calls / 2;
	my @open = $calls == 0 ? () : session($node, 'open', "BEGIN;
		SELECT message_id FROM it, save_new_message(s, (SELECT f FROM folders LIMIT 1), '{\"PR_SUBJECT\": \"open\"}');
		CALL stay_open($number);
		COMMIT;\n");
	my @reading = map { $follow->($_) } 1 .. $readers, $by_number;
	my @writing = $write->($disturb ? $calls / 2 : $calls);
	my $working = sub { return grep { $_->{handle}->pumpable } @writing };

	if ($disturb)
	{
		outside_follow($check->{outside}, sub { return $working->() && $position->() < $middle });
		my @ended = $disturb->(\@reading, \@writing);
		$node = $check->{node};
		# those that were killed, or lost their server, begin anew: a reader that was
		# followed by two sessions would be given its changes twice
		finish(@ended);
		my %ended = map { $_->{name} => 1 } @ended;
		push @reading, map { $follow->($_) } grep { $ended{"reader $_"} } 1 .. $readers, $by_number;
		push @writing, $write->($calls / 2);
	}
	outside_follow($check->{outside}, $working);
	finish(@writing);
	$node->safe_psql('postgres', "UPDATE public.stop SET rounds = $number");
	finish(@reading);
	my $faults = faults($node, 1 .. $readers);
	$check->{stalled} .= sprintf("round %d: %d missed, %d out of order, %d differ:\n%s\n",
		$number, @{$faults}{qw(missed order differ)}, shown($node, 1 .. $readers))
	  if sum0(values %$faults) > 0;
	$node->safe_psql('postgres', "UPDATE public.stop SET closed = $number");
	finish(@open);
	my $errors = join("\n", map { PostgreSQL::Test::Utils::slurp_file($_->{errors}) } @reading);
	# errors that the disturbance itself causes
	$errors =~ s/^.*(?:terminat|connection to server|server closed|before or while|could not connect|the database system|shutting down|crash of another|current transaction|reconnect|Is the server|No such file|could not serialize|deadlock).*\n?//gm;
	$check->{errors} .= $errors =~ s/^\s*\n//gmr;
	return;
}

# Do rounds that nothing but an open transaction disturbs, until so many changes have been
# made since the checker began.
sub rounds_until
{
	my ($check, $changes) = @_;

	for (my $made = made($check); $made < $changes; $made = made($check))
	{
		round($check, max($writers * 4, min(1000, ($changes - $made) / 4)));
	}
	return;
}

# Run the checker, and return a hash of what was found; "shown" are some of the messages
# that differ.
sub feed_checker
{
	my ($node, $standby, $changes) = @_;
	my $outside = { node => $standby, errors => '' };
	my $check = { node => $node, outside => $outside, round => 0, stalled => '', errors => '', before => 0 };
	my $crashes = 0;
	my $calls = $changes / 40;

	$node->safe_psql('postgres', $set_up);
	$node->safe_psql('postgres', "
		SET search_path = public, msgstore;
		INSERT INTO reader SELECT r, CASE WHEN r = $by_number THEN (SELECT max(change_number)::text FROM msgstore.change)
				WHEN r > 1 THEN feed_position(s) END, pg_current_snapshot()
			FROM it, generate_series(1, $by_number) AS r;
		INSERT INTO copy SELECT r, m, number, folder, false, read_by(s, m, r), 0
			FROM it, generate_series(2, $readers) AS r, LATERAL (SELECT message_id AS m, change_number AS number,
				folder_id AS folder FROM msgstore.message WHERE store_id = s) AS l");
	$check->{before} = made($check);
	$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
	outside_start($outside);

	rounds_until($check, $changes / 2);

	# clients that are killed
	round($check, $calls, sub {
		my ($reading, $writing) = @_;
		my @killed = (@{$reading}[ 0, 1 ], @{$writing}[ 0, 1 ]);

		kill_client($_) foreach @killed;
		# the backends go on until they notice, a reader's for long
		$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name IN ('reader 1', 'reader 2')});
		$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity
			WHERE application_name IN ('} . join("', '", map { $_->{name} } @killed) . q{')});
		return @killed;
	});

	# the backends of a writer and of a reader, and the server
	round($check, $calls, sub {
		my ($reading, $writing) = @_;
		# one that has much to do
		push @$writing, session($node, 'victim', script(10000));
		$crashes += kill_backend($node, $writing->[-1]);
		return (@$reading, @$writing);
	});
	round($check, $calls, sub {
		$crashes += kill_backend($node, $_[0][0]);
		return map { @$_ } @_;
	});
	round($check, $calls, sub {
		$node->stop('immediate');
		$node->start;
		return map { @$_ } @_;
	});

	# the standby takes over
	round($check, $calls, sub {
		$node->stop('immediate');
		$standby->promote;
		wait_for_queries($standby);
		$check->{node} = $standby;
		return map { @$_ } @_;
	});
	rounds_until($check, $changes);
	# what the open transaction has changed
	round($check, 0);
	# to the end of the pass that has begun, and of the next one
	1 until outside_page($outside);
	1 until outside_page($outside);
	$outside->{psql}->finish;
	my $faults = faults($standby, 1 .. $readers);
	$faults->{outside} = outside_faults($outside);
	$faults->{stalled} = $check->{stalled};
	$faults->{errors} = $check->{errors} . $outside->{errors};
	$faults->{shown} = shown($standby, 1 .. $readers);
	$faults->{crashes} = $crashes;
	$faults->{changes} = made($check);
	$faults->{by_number} = faults($standby, $by_number)->{missed};
	($faults->{late}) = answer($standby, 'SELECT count(late_xid) FROM msgstore.change, it WHERE store_id = s');
	return $faults;
}

# Run the checker on servers of its own until so many changes have been made, and test that
# it finds no fault but those of the reader that follows the change numbers.
sub test_feed
{
	my ($changes) = @_;

	random_seed('FEED_SEED');
	my $node = PostgreSQL::Test::Cluster->new('followed');
	$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C' ]);
	$node->append_conf('postgresql.conf', <<'END');
max_connections = 50
restart_after_crash = on
wal_keep_size = 1GB
shared_buffers = 64MB
deadlock_timeout = 50ms
END
	$node->start;
	$node->backup('backup');
	my $standby = PostgreSQL::Test::Cluster->new('standby');
	$standby->init_from_backup($node, 'backup', has_streaming => 1);
	# its reader is never cancelled by what is replayed
	$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nmax_standby_streaming_delay = -1\n");
	$standby->start;

	my $found = feed_checker($node, $standby, $changes);
	note "$found->{changes} changes, $found->{late} over a version of a later transaction, "
	  . "$found->{by_number} missed by number";
	cmp_ok($found->{changes}, '>=', $changes, 'there were so many changes');
	is($found->{stalled}, '', 'no reader waits for an open transaction');
	is($found->{missed}, 0, 'no reader misses a change');
	is($found->{order}, 0, 'each reader gets the versions of a message in order');
	is($found->{differ}, 0, 'every copy is equal to the store') or diag($found->{shown});
	is($found->{outside}, 0, 'so is that of the reader whose standby was promoted');
	is($found->{errors}, '', 'no reader gets a change twice');
	cmp_ok($found->{crashes}, '>', 0, 'the server has crashed with a backend');
	cmp_ok($found->{late}, '>', 0, 'transactions have overtaken each other');
	cmp_ok($found->{by_number}, '>', 0,
		'a reader that follows the change numbers misses changes');
	return;
}

1;
