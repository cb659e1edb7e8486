# Three stores in a ring are edited by random walks (properties that both edit and that
# only one edits, moves, deletions, restores, read flags, folders), and brought together
# pair by pair in random order, in runs of which a part is killed, beside edits of the two
# and beside crashes of the server.  At the end all are equal, with the mails that messages were made from, no
# run brings anything any more, and every edit is in the message, its history, or a draft.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use RandomSeed;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = $ENV{SYNC_ROUNDS} // 8;
my @stores = ('a', 'b', 'c');

random_seed('SYNC_SEED');

my $node = client_node('sync_walk');
$node->append_conf('postgresql.conf', "restart_after_crash = on\n");
$node->reload;

sub sql
{
	my ($db, $sql) = @_;

	return $node->safe_psql($db, "SET search_path = msgstore; $sql");
}

# A step of a walk: an edit puts a value into a property that is found again later.
my $walk = q{
CREATE TABLE public.edits (value text PRIMARY KEY);
CREATE PROCEDURE public.step(store text, n integer) LANGUAGE plpgsql AS $$
DECLARE
	m record;
	f record;
	value text := store || n;
	kind text := (ARRAY['new', 'edit', 'edit', 'edit', 'edit', 'edit', 'move', 'move', 'delete', 'restore',
		'read', 'folder', 'rename', 'place', 'drop', 'undrop'])[1 + floor(random() * 16)];
	answer text;
BEGIN
	SELECT message_id, change_number, folder_id INTO m FROM message WHERE deleted_at IS NULL ORDER BY random() LIMIT 1;
	SELECT folder_id INTO f FROM folder WHERE deleted_at IS NULL AND special IS NULL ORDER BY random() LIMIT 1;
	CASE kind
	WHEN 'new' THEN
		SELECT s.result, s.message_id INTO m FROM save_new_message(1, f.folder_id,
			jsonb_build_object('PR_SUBJECT', value, 'PR_BODY', value)) AS s;
		answer := m.result;
		PERFORM write_original(1, m.message_id, 0, convert_to(value, 'UTF8'));
	WHEN 'edit' THEN
		answer := (save_message(1, m.message_id, m.change_number, jsonb_build_object(
			(ARRAY['PR_SUBJECT', 'PR_BODY', 'PR_COMMENT', 'PR_KEYWORD'])[1 + floor(random() * 4)], value))).result;
	WHEN 'move' THEN PERFORM move_messages(1, ARRAY[m.message_id], f.folder_id);
	WHEN 'delete' THEN
		IF random() < 0.5 THEN PERFORM delete_messages(1, ARRAY[m.message_id]); END IF;
	WHEN 'restore' THEN
		PERFORM restore_messages(1, ARRAY[(SELECT message_id FROM deleted_message_list ORDER BY random() LIMIT 1)]);
	WHEN 'read' THEN
		PERFORM set_read_flag(1, m.message_id, CASE WHEN random() < 0.5 THEN 'CLEAR_READ_FLAG' ELSE '0' END::read_flags);
	WHEN 'folder' THEN
		PERFORM create_folder(1, CASE WHEN random() < 0.5 THEN f.folder_id END, 'f' || floor(random() * 4), 'OPEN_IF_EXISTS');
	WHEN 'rename' THEN PERFORM rename_folder(1, f.folder_id, 'f' || floor(random() * 6));
	WHEN 'place' THEN
		PERFORM move_folder(1, f.folder_id, (SELECT folder_id FROM folder WHERE deleted_at IS NULL
			AND (special IS NULL OR special = 'Root') ORDER BY random() LIMIT 1));
	WHEN 'drop' THEN
		IF random() < 0.3 THEN PERFORM delete_folder(1, f.folder_id, 'DEL_MESSAGES|DEL_FOLDERS'); END IF;
	WHEN 'undrop' THEN
		PERFORM restore_folder(1, (SELECT folder_id FROM deleted_folder_list ORDER BY random() LIMIT 1));
	END CASE;
	IF answer = 'S_OK' THEN
		INSERT INTO public.edits VALUES (value);
	END IF;
EXCEPTION WHEN SQLSTATE 'MA10F' OR SQLSTATE 'MA604' OR SQLSTATE 'MA057' THEN
	NULL;
END $$;
};

foreach my $db (@stores)
{
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	sql($db, 'CREATE EXTENSION msgstore');
	sql($db, "SELECT create_store('team')");
	$node->safe_psql($db, $walk);
}
sql('a', q{SELECT create_folder(1, NULL, 'f' || n) FROM generate_series(0, 2) AS n;
	SELECT count(save_new_message(1, folder_id, jsonb_build_object('PR_SUBJECT', 'start', 'PR_BODY', 'start')))
	FROM folder, generate_series(1, 6) WHERE special IS NULL});

sub start_sync
{
	my ($from, $to, @more) = @_;

	return IPC::Run::start(
		[
			'msgstore', 'sync', '--from', $node->connstr($from), '--to', $node->connstr($to),
			'--store', 'team', @more
		],
		'<', \undef, '>', \my $out, '2>', \my $err);
}

# Bring a pair together, to the end; returns the report.
sub sync
{
	my ($from, $to) = @_;
	my ($code, $out, $err) = run_program('msgstore', 'sync', '--from', $node->connstr($from),
		'--to', $node->connstr($to), '--store', 'team');

	cmp_ok($code, '<', 2, "sync from $from to $to") or diag($err);
	return $out;
}

my $n = 0;

# Return the statements of a walk of so many steps.
sub walk
{
	my ($db, $steps) = @_;

	return sprintf('SET search_path = msgstore; SELECT setseed(%.6f); ', rand())
	  . join '', map { $n++; "CALL public.step('$db', $n); " } 1 .. $steps;
}

# Have a store edited while something else is done.
sub beside
{
	my ($db, $work) = @_;
	my $walk = walk($db, 8);
	my $session = IPC::Run::start([ 'psql', '-Xq', '-d', $node->connstr($db) ],
		'<', \$walk, '>', \my $out, '2>', \my $err);

	$work->();
	$session->finish;
	return;
}

sync('a', $_) foreach ('b', 'c');
foreach my $round (1 .. $rounds)
{
	$node->safe_psql($_, walk($_, 12)) foreach @stores;
	foreach (1 .. 3)
	{
		my $i = int(rand(3));
		my ($from, $to) = rand() < 0.5 ? ($stores[$i], $stores[ $i - 1 ]) : ($stores[ $i - 1 ], $stores[$i]);
		my $end = rand();

		if ($end < 0.5)
		{
			beside($from, sub { beside($to, sub { sync($from, $to) }) });
			next;
		}
		my $run = start_sync($from, $to);
		usleep(int(rand(120000)));
		if ($end < 0.85)
		{
			$run->signal('KILL');
		}
		else
		{
			$node->stop('immediate');
			$node->start;
		}
		eval { $run->finish };
	}
}

# ------------------------------------------------------------------ all together

my $content = q{
	SELECT string_agg(t, E'\n' ORDER BY t) FROM (
		SELECT concat_ws(' ', export_change(store_id, message_id) - 'PR_PARENT_SOURCE_KEY', f.name,
			read_message(store_id, message_id) -> 'PR_READ', read_original(store_id, message_id, 0, 100)) AS t
		FROM message JOIN (SELECT store_id, folder_id, name FROM folder) AS f USING (store_id, folder_id)
		WHERE deleted_at IS NULL
		UNION ALL
		SELECT concat_ws(' ', 'folder', f.name, p.name, f.props)
		FROM folder AS f JOIN folder AS p ON p.store_id = f.store_id AND p.folder_id = f.parent_id
		WHERE f.deleted_at IS NULL) AS c};
my $quiet = 0;
my $passes = 0;
while (!$quiet && $passes++ < 12)
{
	my $report = join '',
	  map { sync($stores[$_], $stores[ $_ - 1 ]), sync($stores[ $_ - 1 ], $stores[$_]) } 0 .. 2;

	$quiet = $report !~ /[1-9]\d* (?:messages|folders|read flags.*[1-9]\d* conflicts)/;
}
ok($quiet, 'the ring comes to rest');
my $a = sql('a', $content);
foreach my $db ('b', 'c')
{
	my $other = sql($db, $content);

	ok($other eq $a, "store $db is equal to store a")
	  or diag(difference($a, $other) . "\n" . disagreement('a', $db));
}

# The objects of a store by source key: the keys and the state of each, and the changes
# that led there.
sub objects
{
	my ($db) = @_;
	my $rows = sql($db, q{
		SELECT concat_ws(E'\t', concat(k, ' ', o ->> 'PR_SOURCE_KEY'), concat_ws(' ',
			o ->> 'PR_CHANGE_KEY', o ->> 'PR_PREDECESSOR_CHANGE_LIST', o ->> 'PR_DELETED_ON',
			o ->> 'PR_LAST_MODIFICATION_TIME', 'restored', o ->> 'restored'), string_agg(concat_ws(' ',
			c.change_number, c.kind, c.changed_at::time), ', ' ORDER BY c.changed_at, c.change_number))
		FROM (SELECT 'message' AS k, message_id AS id, export_change(store_id, message_id) AS o FROM message
			UNION ALL SELECT 'folder', folder_id, export_folder(store_id, folder_id) FROM folder) AS v
		LEFT JOIN (SELECT 'message' AS k, message_id AS id, change_number, kind, changed_at FROM change
			UNION ALL SELECT 'folder', folder_id, change_number, kind, changed_at FROM folder_change) AS c
			USING (k, id)
		GROUP BY k, o});

	return map { split /\t/, $_, 2 } split /\n/, $rows;
}

# The objects of which two stores have different versions.
sub disagreement
{
	my ($one, $two) = @_;
	my %of_one = objects($one);
	my %of_two = objects($two);
	my %keys = (%of_one, %of_two);
	my @lines;

	foreach my $key (sort keys %keys)
	{
		my @of = map { $_ // 'none' } ($of_one{$key}, $of_two{$key});

		next if $of[0] =~ s/\t.*//r eq $of[1] =~ s/\t.*//r;
		push @lines, "$key\n  $one: $of[0]\n  $two: $of[1]";
	}
	return join "\n", @lines;
}

# The lines that one of two texts has.
sub difference
{
	my ($one, $two) = @_;
	my %in = map { $_ => 1 } split /\n/, $one;
	my %also = map { $_ => 1 } split /\n/, $two;

	return join "\n", (map { "- $_" } grep { !$also{$_} } sort keys %in),
	  (map { "+ $_" } grep { !$in{$_} } sort keys %also);
}

# Every edit is somewhere in the store that made it: in a message, its history, a draft.
foreach my $db (@stores)
{
	is( sql($db, q{
		SELECT string_agg(value, ' ') FROM public.edits
		WHERE NOT EXISTS (SELECT FROM message AS m, history(1, m.message_id) AS h,
				message_at(1, m.message_id, h.change_number) AS p
			WHERE value IN (p ->> 'PR_SUBJECT', p ->> 'PR_BODY', p ->> 'PR_COMMENT', p ->> 'PR_KEYWORD'))
		  AND NOT EXISTS (SELECT FROM parked_draft AS d
			WHERE value IN (d.props ->> 'PR_SUBJECT', d.body, d.props ->> 'PR_COMMENT', d.props ->> 'PR_KEYWORD'))}),
		'', "store $db: no edit is lost");
	is(sql($db, 'SELECT count(*) FROM check_store(1)'), '0', "store $db: nothing is orphaned");
}
# An edit that the others lack lost a conflict, and is a draft where it was met.
is( sql('a', q{SELECT count(*) FROM message_status WHERE status & 2048 <> 0 AND NOT EXISTS (
	SELECT FROM parked_draft AS d WHERE d.message_id = message_status.message_id)}),
	'0', 'a message in conflict has a draft');

done_testing();
