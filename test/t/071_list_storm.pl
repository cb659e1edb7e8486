# Pages of a list and of a search while other sessions save, create, move, delete and
# restore messages: every message that stands still is shown once, in every order.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $standing = 200;
my $moving = 200;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsynchronous_commit = off\n");
$node->start;
$node->safe_psql(
	'postgres', qq{
	CREATE EXTENSION msgstore;
	SET search_path = msgstore, public;
	SELECT create_store('storm') AS s \\gset
	SELECT special_folder(:s, 'Inbox') AS f, special_folder(:s, 'Drafts') AS d \\gset
	SELECT set_search(:s, true);
	CREATE FUNCTION public.props(n bigint) RETURNS jsonb LANGUAGE sql AS \$\$
		SELECT jsonb_build_object('PR_SUBJECT', 's' || n % 13, 'PR_SENDER_NAME', 'n' || n % 7,
			'PR_IMPORTANCE', n % 3, 'PR_MESSAGE_DELIVERY_TIME',
			to_char('2026-01-01'::timestamp + n % 50 * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) \$\$;
	CREATE TABLE public.standing AS
	SELECT message_id FROM generate_series(1, $standing) AS n, save_new_message(:s, :f, props(n));
	CREATE TABLE public.moving AS
	SELECT row_number() OVER () AS n, message_id
	FROM generate_series(1, $moving) AS n, save_new_message(:s, :f, props(n));
	CREATE TABLE public.place AS SELECT :s::bigint AS s, :f::bigint AS f, :d::bigint AS d;

	-- the ids of all pages; every page is a statement with a snapshot of its own
	CREATE FUNCTION public.pass(sorted text[], size integer) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS \$\$
	DECLARE ids bigint[] := '{}'; page bigint[]; p text;
	BEGIN
		LOOP
			SELECT array_agg(l.message_id), (array_agg(l."position"))[count(*)] INTO page, p
			FROM public.place, msgstore.list_messages(s, f, '{}', NULL, sorted, size, p) AS l;
			EXIT WHEN page IS NULL;
			ids := ids || page;
		END LOOP;
		RETURN ids;
	END \$\$;
	-- the messages that a search has in its pages
	CREATE FUNCTION public.search_pass(size integer) RETURNS bigint[] LANGUAGE plpgsql VOLATILE AS \$\$
	DECLARE ids bigint[] := '{}'; page bigint[]; p text;
	BEGIN
		LOOP
			SELECT array_agg(r.message_id), (array_agg(r."position"))[count(*)] INTO page, p
			FROM public.place, msgstore.search_messages(s, 's1 or s2 or n3 -s7', f, size, p) AS r;
			EXIT WHEN page IS NULL;
			ids := ids || page;
		END LOOP;
		RETURN ids;
	END \$\$;
	-- one change of a random message that moves
	CREATE FUNCTION public.stir(k bigint, action integer) RETURNS text LANGUAGE plpgsql AS \$\$
	DECLARE m bigint := (SELECT message_id FROM public.moving WHERE n = k); o public.place;
	BEGIN
		SELECT * INTO o FROM public.place;
		RETURN CASE action
			WHEN 0 THEN msgstore.move_messages(o.s, ARRAY[m], o.d)::text
			WHEN 1 THEN msgstore.move_messages(o.s, ARRAY[m], o.f)::text
			WHEN 2 THEN msgstore.delete_messages(o.s, ARRAY[m])::text
			WHEN 3 THEN msgstore.restore_messages(o.s, ARRAY[m])::text
			WHEN 4 THEN (SELECT result::text FROM msgstore.save_new_message(o.s, o.f, public.props(k)))
			ELSE (SELECT x.result::text FROM msgstore.message AS t,
					msgstore.save_message(t.store_id, t.message_id, t.change_number, public.props(k * action)) AS x
				  WHERE t.store_id = o.s AND t.message_id = m) END;
	END \$\$});
my @still = split /\n/, $node->safe_psql('postgres', 'SELECT message_id FROM standing ORDER BY 1');
is(scalar(@still), $standing, 'there are messages that stand still');

my @found = split /\n/, $node->safe_psql('postgres', q{
	SELECT message_id FROM standing JOIN msgstore.message USING (message_id)
	WHERE props->>'PR_SUBJECT' IN ('s1', 's2')
	   OR props->>'PR_SENDER_NAME' = 'n3' AND props->>'PR_SUBJECT' <> 's7' ORDER BY 1});
cmp_ok(scalar(@found), '>', 30, 'and a search finds some of them');

my $script = "$PostgreSQL::Test::Utils::tmp_check/storm.sql";
append_to_file($script, "\\set k random(1, $moving)\n\\set action random(0, 9)\nSELECT stir(:k, :action);\n");
my $output = '';
my $storm = IPC::Run::start(
	[ 'pgbench', '-n', '-c', '3', '-t', '700', '-h', $node->host, '-p', $node->port,
		'-f', $script, 'postgres' ], '>', \$output, '2>&1');

my @orders = ('{PR_MESSAGE_DELIVERY_TIME DESC}', '{PR_MESSAGE_DELIVERY_TIME}',
	'{PR_NORMALIZED_SUBJECT DESC}', '{PR_SENDER_NAME,PR_IMPORTANCE DESC}', '{PR_IMPORTANCE}', '{}');
my ($passes, $missed, $twice, $unfound, $found_twice) = (0, 0, 0, 0, 0);
while ($passes < 2 * @orders || $storm->pumpable)
{
	my $order = $orders[ $passes % @orders ];
	my %shown;

	$shown{$_}++ foreach split /,/, $node->safe_psql('postgres',
		"SELECT array_to_string(pass('$order', 7), ',')");
	foreach my $id (@still)
	{
		$missed++ if !$shown{$id};
		$twice++ if ($shown{$id} // 0) > 1;
	}
	%shown = ();
	$shown{$_}++ foreach split /,/,
	  $node->safe_psql('postgres', "SELECT array_to_string(search_pass(7), ',')");
	foreach my $id (@found)
	{
		$unfound++ if !$shown{$id};
		$found_twice++ if ($shown{$id} // 0) > 1;
	}
	$passes++;
	$storm->pump_nb if $storm->pumpable;
}
$storm->finish;
is($storm->result(0), 0, 'the storm ran') or diag($output);
is($missed, 0, 'no message that stood still was missed');
is($twice, 0, 'none was shown twice');
is($unfound, 0, 'nor was one missed by a search');
is($found_twice, 0, 'or found twice');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM msgstore.change') , '>',
	$standing + $moving, 'messages changed meanwhile');

# after the storm, every order has the same messages
my @sets = map { $node->safe_psql('postgres',
		"SELECT md5(array_agg(id ORDER BY id)::text) FROM unnest(pass('$_', 11)) AS id") } @orders;
is(scalar(grep { $_ ne $sets[0] } @sets), 0, 'every order lists the same messages');
is($node->safe_psql('postgres',
		"SELECT md5(array_agg(message_id ORDER BY message_id)::text) FROM msgstore.message_list, place WHERE folder_id = f"),
	$sets[0], 'which are those of the view');

$node->stop;
done_testing();
