# Twenty sessions open one message and save it at one moment, a hundred times: one save
# is stored, and nineteen are refused.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sessions = 20;
my $rounds = 100;

my $node = PostgreSQL::Test::Cluster->new('race');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'max_connections = 40');
$node->start;

# A round begins when all sessions wait for its advisory lock.  In every second round
# the referee locks the row until all sessions wait for it: then each has found its base
# current, and one of them can be the first.
$node->safe_psql('postgres', <<"END");
CREATE EXTENSION msgstore;
ALTER DATABASE postgres SET search_path = msgstore, public;
SET search_path = msgstore, public;
CREATE TABLE result (kind text, round int, client int, result hresult);
CREATE TABLE race AS
	SELECT k.kind, r.round, (save_new_message(1, special_folder(1, 'Inbox'),
		'{"PR_SUBJECT": "nobody"}')).message_id
	FROM create_store('race') s, generate_series(1, $rounds) r (round),
		 unnest(ARRAY['handle', 'token']) k (kind);

CREATE FUNCTION at_line(round int) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM pg_advisory_lock_shared(round);
	RETURN 'client ';
END \$\$;

CREATE FUNCTION waiting(kinds text[], round int) RETURNS bigint LANGUAGE sql AS \$\$
	SELECT count(*) FROM pg_locks
	WHERE NOT granted AND locktype = ANY (kinds) AND
		  (locktype <> 'advisory' OR objid = round)
\$\$;

CREATE PROCEDURE referee(race_kind text) LANGUAGE plpgsql AS \$\$
BEGIN
	PERFORM pg_advisory_lock(r) FROM generate_series(1, $rounds) r;
	COMMIT;
	FOR r IN 1 .. $rounds LOOP
		WHILE waiting('{advisory}', r) < $sessions LOOP
			PERFORM pg_sleep(0.001);
		END LOOP;
		IF r % 2 = 0 THEN
			PERFORM FROM message JOIN race USING (message_id)
			WHERE round = r AND kind = race_kind FOR UPDATE OF message;
		END IF;
		PERFORM pg_advisory_unlock(r);
		WHILE r % 2 = 0 AND
			waiting('{tuple,transactionid}', r) < $sessions LOOP
			PERFORM pg_sleep(0.001);
		END LOOP;
		COMMIT;
	END LOOP;
END \$\$;
END

my %script = (
	handle => q(
SELECT open_message(1, :m, 'MAPI_MODIFY') AS h \gset
SELECT save_changes(:h)::int4 AS r
	FROM set_props(:h, jsonb_build_object('PR_SUBJECT',
		at_line(:round) || ':client_id')) \gset
SELECT close_object(:h);
),
	token => q(
SELECT change_number AS number FROM message_list WHERE message_id = :m \gset
SELECT result::int4 AS r FROM save_message(1, :m, :number,
	jsonb_build_object('PR_SUBJECT', at_line(:round) || ':client_id')) \gset
));

$ENV{PGAPPNAME} = 'race';
foreach my $kind ('handle', 'token')
{
	my $referee = $node->background_psql('postgres');

	# without a limit the referee would wait for ever for a session that has failed
	$referee->query_safe(
		"SET statement_timeout = '${PostgreSQL::Test::Utils::timeout_default}s'");
	$referee->query_until(qr/ready/, "\\echo ready\nCALL referee('$kind');\n");
	$node->poll_query_until('postgres',
		"SELECT count(*) = $rounds FROM pg_locks
		 WHERE locktype = 'advisory' AND granted")
	  or die 'the referee is not ready';

	# a third of the sessions at each isolation level
	$node->pgbench(
		"-n -c $sessions -j 2 -t $rounds -D round=0",
		0,
		[qr/actually processed: (\d+)\/\1\b/],
		[qr/^(?!.*(?:ERROR|aborted))/s],
		"$kind: $rounds rounds of $sessions sessions",
		{
			"race_$kind" => q(
\set round :round + 1
\set level :client_id % 3
\if :level = 1
SET default_transaction_isolation = 'repeatable read';
\elif :level = 2
SET default_transaction_isolation = 'serializable';
\endif
) . "SELECT message_id AS m FROM race WHERE kind = '$kind' AND round = :round \\gset\n"
			  . $script{$kind}
			  . "INSERT INTO result VALUES ('$kind', :round, :client_id, (:r)::int4::hresult);\n"
			  . "SELECT pg_advisory_unlock_shared(:round);\n"
		});
	$referee->query_safe('SELECT');
	$referee->quit;

	is( $node->safe_psql(
			'postgres', "SELECT result, count(*) FROM result
			WHERE kind = '$kind' GROUP BY 1 ORDER BY result"),
		'MAPI_E_OBJECT_CHANGED|' . $rounds * ($sessions - 1)
		  . "\nS_OK|$rounds",
		"$kind: the answers of all rounds");
	is( $node->safe_psql(
			'postgres', "SELECT round, count(*) FROM result
			WHERE kind = '$kind' AND result = 'S_OK'
			GROUP BY 1 HAVING count(*) <> 1"),
		'',
		"$kind: one save was stored in every round");
	is( $node->safe_psql(
			'postgres', "SELECT count(*) FROM result JOIN race USING (kind, round)
			WHERE kind = '$kind' AND result = 'S_OK' AND
				read_message(1, message_id)->>'PR_SUBJECT' = 'client ' || client"),
		$rounds,
		"$kind: a fresh read shows what the winner saved");
	is( $node->safe_psql(
			'postgres', "SELECT h.kind, count(DISTINCT message_id), count(*),
				count(*) FILTER (WHERE h.change_number = l.change_number)
			FROM race JOIN message_list l USING (message_id),
				 history(1, message_id) h
			WHERE race.kind = '$kind' GROUP BY 1 ORDER BY 1"),
		"create|$rounds|$rounds|0\nsave|$rounds|$rounds|$rounds",
		"$kind: the history has the first version, the winner's, no other");
}

$node->stop;
done_testing();
