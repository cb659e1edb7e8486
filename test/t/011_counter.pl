# Eight sessions count in one message, 200 times each; after OBJECT_CHANGED a session
# reads again and repeats.  No increment is lost, and none is counted twice.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sessions = 8;
my $increments = 200;
my $total = $sessions * $increments;

my $node = PostgreSQL::Test::Cluster->new('counter');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION msgstore;
ALTER DATABASE postgres SET search_path = msgstore, public;
SET search_path = msgstore, public;
CREATE TABLE tries (kind text, level text, result text, tries int);

-- each way to count answers with the result of the save
CREATE FUNCTION count_by_token(message bigint) RETURNS hresult LANGUAGE sql AS $$
	SELECT result FROM read_message(1, message) shown,
		LATERAL save_message(1, message, (shown->>'PidTagChangeNumber')::bigint,
			jsonb_build_object('PR_ICON_INDEX',
				(shown->>'PR_ICON_INDEX')::int + 1))
$$;

CREATE PROCEDURE count_up(kind text, message bigint, times int)
LANGUAGE plpgsql AS $$
DECLARE
	handle int;
	outcome hresult;
	done int := 0;
	refused int := 0;
BEGIN
	WHILE done < times LOOP
		IF kind = 'token' THEN
			outcome := count_by_token(message);
		ELSE
			handle := open_message(1, message, 'MAPI_MODIFY');
			COMMIT;
			PERFORM set_props(handle, jsonb_build_object('PR_ICON_INDEX',
				(get_props(handle)->>'PR_ICON_INDEX')::int + 1));
			COMMIT;
			outcome := save_changes(handle);
			PERFORM close_object(handle);
		END IF;
		COMMIT;
		IF outcome = 'S_OK' THEN
			done := done + 1;
		ELSIF outcome = 'MAPI_E_OBJECT_CHANGED' THEN
			refused := refused + 1;
		ELSE
			RAISE EXCEPTION 'saving answered %', outcome;
		END IF;
	END LOOP;
	INSERT INTO tries VALUES
		(kind, current_setting('transaction_isolation'), 'S_OK', done),
		(kind, current_setting('transaction_isolation'), 'OBJECT_CHANGED', refused);
END $$;
SELECT create_store('counter');
END

foreach my $level ('read committed', 'repeatable read')
{
	foreach my $kind ('handle', 'token')
	{
		my $message = $node->safe_psql('postgres', q(
			SELECT message_id FROM save_new_message(1, special_folder(1, 'Inbox'),
				'{"PR_ICON_INDEX": 0}')));

		local $ENV{PGOPTIONS} =
		  '-c default_transaction_isolation=' . $level =~ s/ /\\ /r;
		$node->pgbench(
			"-n -c $sessions -j 2 -t 1",
			0,
			[qr/actually processed: $sessions\b/],
			[qr/^(?!.*(?:ERROR|aborted))/s],
			"$kind, $level: count",
			{
				"counter_${kind}_" . $level =~ s/ /_/r =>
				  "CALL count_up('$kind', $message, $increments);\n"
			});
		is( $node->safe_psql(
				'postgres',
				"SELECT read_message(1, $message)->>'PR_ICON_INDEX'"),
			$total,
			"$kind, $level: every count is there");
		is( $node->safe_psql(
				'postgres', "SELECT count(*), count(DISTINCT previous),
				sum((previous = base_change_number)::int)
				FROM change_list WHERE message_id = $message AND kind = 'save'"),
			"$total|$total|$total",
			"$kind, $level: each was saved over the one before it");
	}
}
note $node->safe_psql('postgres', 'SELECT kind, level, result, sum(tries)
	FROM tries GROUP BY 1, 2, 3 ORDER BY 1, 2, 3');

$node->stop;
done_testing();
