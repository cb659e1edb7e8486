# No row is left without its parent: folders are deleted, as an administrator
# does it, beside sessions that place messages and folders in them, park drafts
# and write attachments, and sweep them; then every reference is checked that a
# foreign key would have checked.  (Fault F2: foreign keys refused parallel restores.)
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('orphans');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION msgstore;
ALTER DATABASE postgres SET search_path = msgstore, public;
SET search_path = msgstore, public;
CREATE TABLE outcome (what text, result text);
SELECT create_store('storm');
SELECT create_folder(1, NULL, 'folder ' || i) FROM generate_series(1, 6) i;

-- one of the folders that come and go
CREATE FUNCTION one() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT coalesce((SELECT folder_id FROM folder WHERE special IS NULL
					 ORDER BY random() LIMIT 1), special_folder(1, 'Inbox')) $$;
CREATE FUNCTION attached() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
	SELECT jsonb_build_object('PR_SUBJECT', random()::text,
		'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object(
			'PR_ATTACH_METHOD', 1,
			'PR_ATTACH_DATA_BIN', repeat('AAAA', 3000)))) $$;

CREATE PROCEDURE try(what text, call text) LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	BEGIN
		EXECUTE call INTO result;
	EXCEPTION WHEN OTHERS THEN
		result := SQLSTATE;
	END;
	INSERT INTO outcome VALUES (what, coalesce(result, 'done'));
	COMMIT;
END $$;
END

my @work = (
	save => q{SELECT result::text FROM save_new_message(1, one(), attached())},
	move => q{SELECT move_messages(1, ARRAY[message_id], one())::text
		FROM message_list ORDER BY random() LIMIT 1},
	below => q{SELECT (create_folder(1, one(), md5(random()::text)) > 0)::text},
	first => q{SELECT save_changes(h)::text
		FROM (SELECT create_message(1, one()) AS h) o, set_props(h, attached())},
	gone => q{SELECT delete_messages(1, ARRAY[message_id],
		'DELETE_HARD_DELETE')::text FROM message ORDER BY random() LIMIT 1},
	park => q{SELECT (park(h) > 0)::text FROM (SELECT open_message(1, message_id,
			'MAPI_MODIFY') AS h FROM message_list ORDER BY random() LIMIT 1) o,
		set_props(h, attached())},
	delete => q{DELETE FROM folder WHERE special IS NULL AND folder_id = one()
		RETURNING 'deleted'},
	clear => q{WITH f AS MATERIALIZED (SELECT one() AS id), m AS (
			DELETE FROM message USING f WHERE folder_id = f.id)
		DELETE FROM folder USING f WHERE special IS NULL AND folder_id = f.id
		RETURNING 'deleted with its messages'});
my %script;
for (my $i = 0; $i < @work; $i += 2)
{
	my ($what, $call) = @work[ $i, $i + 1 ];

	$script{"storm_$what"} = "CALL try('$what', \$\$"
	  . ($call =~ s/\s+/ /gr)
	  . "\$\$);\n";
}
# the sweeper is an administrator's, and waits for rows that it is to delete
$script{storm_sweep} =
	"SET default_transaction_isolation = 'read committed';\n"
  . "CALL sweep_blobs(1);\nRESET default_transaction_isolation;\n";

# Return how often each call had each result.
sub outcomes
{
	return map { split /\|/ } split /\n/,
	  $node->safe_psql('postgres',
		"SELECT what || ' ' || result, count(*) FROM outcome GROUP BY 1");
}

# Return true if every kind of call was carried out more than ten times.
sub blown
{
	my %count = outcomes();

	return ($count{'save S_OK'} // 0) > 10
	  && ($count{'move S_OK'} // 0) > 10
	  && ($count{'delete deleted'} // 0) +
	  ($count{'clear deleted with its messages'} // 0) > 10
	  && ($count{'delete 23503'} // 0) + ($count{'clear 23503'} // 0) > 0;
}

# Chance decides how many messages a storm finds to move, so a storm goes on until
# enough of them were moved.
foreach my $level ('read committed', 'repeatable read')
{
	my $storms = 0;

	local $ENV{PGOPTIONS} =
	  '-c default_transaction_isolation=' . $level =~ s/ /\\ /r
	  . ' -c msgstore.max_open_handles=100000';
	do
	{
		$storms++;
		$node->pgbench(
			'-n -c 8 -j 2 -t 150',
			0,
			[qr/actually processed: 1200\b/],
			[qr/^(?!.*ERROR)/s],
			"$level: storm $storms",
			{
				map { ("$_ $level $storms" =~ s/ /_/gr => $script{$_}) }
				  sort keys %script
			});
	} while (!blown() && $storms < 20);
	is($node->safe_psql('postgres', 'SELECT * FROM check_store()'),
		'', "$level: check_store() finds nothing");

	# each of the keys that the tables had, checked without it
	my @keys = (
		[ 'folder', 'store_id', 'store', 'store_id' ],
		[ 'named_property', 'store_id', 'store', 'store_id' ],
		[ 'parked_draft', 'store_id', 'store', 'store_id' ],
		[ 'blob', 'store_id', 'store', 'store_id' ],
		[ 'message', 'store_id, folder_id', 'folder', 'store_id, folder_id' ],
		[ 'folder', 'store_id, parent_id', 'folder', 'store_id, folder_id' ],
		[ 'blob_chunk', 'store_id, blob_id', 'blob', 'store_id, blob_id' ],
		[ 'blob_ref', 'store_id, blob_id', 'blob', 'store_id, blob_id' ]);
	foreach my $key (@keys)
	{
		my ($child, $columns, $parent, $parent_columns) = @$key;

		is( $node->safe_psql('postgres', "BEGIN;
				ALTER TABLE $child ADD CONSTRAINT regress_key
				FOREIGN KEY ($columns) REFERENCES $parent ($parent_columns);
				ROLLBACK; SELECT 'ok'"),
			'ok',
			"$level: every $columns of $child is there");
	}
}

# The storm blew.
my %count = outcomes();
note explain \%count;
cmp_ok($count{'save S_OK'} // 0, '>', 10, 'messages were saved');
cmp_ok($count{'move S_OK'} // 0, '>', 10, 'messages were moved');
cmp_ok(
	($count{'delete deleted'} // 0) +
	  ($count{'clear deleted with its messages'} // 0),
	'>', 10, 'folders were deleted');
cmp_ok(($count{'delete 23503'} // 0) + ($count{'clear 23503'} // 0),
	'>', 0, 'and kept where something was in them');
is( join(' ', sort grep { /XX000|40P01|23505/ } keys %count),
	'', 'no deadlock, and nothing that cannot be');

$node->stop;
done_testing();
