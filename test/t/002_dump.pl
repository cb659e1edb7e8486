
# pg_dump and restore lose nothing: stores, folders, messages and their histories are
# as they were, a change number that a client has from before is valid afterwards, and
# no number is given twice.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('dump');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
my $dir = $node->basedir;

# Everything that a user can see, as text.
my $everything = q{
	SET search_path = msgstore;
	SELECT s FROM store_list AS s ORDER BY store_id;
	SELECT f FROM folder_list AS f ORDER BY store_id, folder_id;
	SELECT m FROM message_list AS m ORDER BY store_id, message_id;
	SELECT h FROM message_list AS m, history(m.store_id, m.message_id) AS h
	ORDER BY m.store_id, m.message_id, h.change_number;
	SELECT md5(read_message(store_id, message_id)::text)
	FROM message_list ORDER BY store_id, message_id};

# The values that each change has replaced.
my $undo = q{
	SELECT change_number, incarnation, xid, base_change_number, undo,
		md5(undo_headers), md5(undo_body), md5(undo_html), md5(undo_rtf)
	FROM msgstore.change ORDER BY store_id, message_id, change_number};

$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	CREATE ROLE regress_keeper;
	SET search_path = msgstore;
	SET msgstore.actor = 'somebody, "quoted"';
	SELECT create_store('one'), create_store('two', 'regress_keeper');
	SELECT create_folder(store_id, NULL, E'back\\slash, "quote" and Größe')
	FROM store_list;
	-- a small message, one with every large part, one without anything
	SELECT save_new_message(store_id, folder_id, props)
	FROM folder_list,
		(VALUES ('{"PR_SUBJECT": "small"}'::jsonb), ('{}'),
			(jsonb_build_object('PR_SUBJECT', E'back\\slash \u00fc',
				'PR_BODY', repeat('body ', 4000),
				'PR_HTML', 'PGI+YjwvYj4=', 'PR_IMPORTANCE', 2,
				'PR_TRANSPORT_MESSAGE_HEADERS', repeat('X: y', 2000),
				'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "A",
				"PR_RECIPIENT_TYPE": 1}]'::jsonb)))
		AS m (props)
	WHERE special = 'Inbox';
	-- versions: some saved, one of them forced over another
	SELECT save_message(store_id, message_id, change_number,
		'{"PR_SUBJECT": "saved", "PR_BODY": "short"}') FROM message_list;
	SELECT save_message(store_id, message_id, previous,
		'{"PR_IMPORTANCE": 0}', 'FORCE_SAVE')
	FROM change_list WHERE kind = 'save';
});
my $before = $node->safe_psql('postgres', $everything);
my $undo_before = $node->safe_psql('postgres', $undo);
my $highest = $node->safe_psql('postgres',
	'SELECT max(change_number) FROM msgstore.change');
like($before, qr/force/, 'there is something to lose');

foreach my $format ('custom', 'plain', 'inserts')
{
	my $db = "restored_$format";

	$node->command_checks_all(
		[
			'pg_dump',
			$format eq 'inserts' ? '--inserts' : "--format=$format",
			"--file=$dir/$db", 'postgres'
		],
		0, [qr/^$/], [qr/^$/], "$format: dumped without a warning");
	$node->safe_psql('postgres',
		"CREATE DATABASE $db TEMPLATE template0 ENCODING 'UTF8'");
	$node->command_ok(
		$format ne 'custom'
		? [ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', "$dir/out", '-f',
			"$dir/$db", $db ]
		: [ 'pg_restore', '--exit-on-error', '-d', $db, "$dir/$db" ],
		"$format: restored without an error");
	is($node->safe_psql($db, $everything),
		$before, "$format: everything is as it was");
	is($node->safe_psql($db, $undo),
		$undo_before, "$format: and so is all that was replaced");

	# A client that read before the dump, and one that was stale even then.
	is( $node->safe_psql(
			$db, q{
			SET search_path = msgstore;
			SELECT DISTINCT (save_message(c.store_id, c.message_id,
				c.change_number, '{"PR_SUBJECT": "stale"}')).result
			FROM change_list AS c, message_list AS m
			WHERE (m.store_id, m.message_id) = (c.store_id, c.message_id)
			  AND c.change_number <> m.change_number}),
		'MAPI_E_OBJECT_CHANGED',
		"$format: a token that was stale still is");
	is( $node->safe_psql(
			$db, q{
			SET search_path = msgstore;
			SELECT DISTINCT (save_message(store_id, message_id,
				change_number, '{"PR_SUBJECT": "later"}')).result
			FROM message_list}),
		'S_OK',
		"$format: a token that was good still is");
	cmp_ok(
		$node->safe_psql(
			$db, 'SELECT min(change_number) FROM msgstore.message_list'),
		'>=', $highest + (1 << 20),
		"$format: the numbers go on where none can have been handed out since");
	is( $node->safe_psql(
			$db, "SELECT count(DISTINCT incarnation) > 1 FROM msgstore.change"
		),
		't',
		"$format: in another incarnation");
	is( $node->safe_psql(
			$db, q{
			SET search_path = msgstore;
			SELECT (save_new_message(store_id, folder_id, '{}')).result
			FROM folder_list WHERE special = 'Inbox'}),
		"S_OK\nS_OK",
		"$format: and new messages get ids of their own");
}

# A copy of the database is no other than a restored dump.
$node->safe_psql('template1', 'CREATE DATABASE copied TEMPLATE postgres');
my $later = q{
	SELECT (save_message(store_id, message_id, change_number,
		'{"PR_SUBJECT": "in one of the two"}')).change_number
	FROM msgstore.message_list WHERE store_id = 1 LIMIT 1};
my $token = $node->safe_psql('postgres', "SET search_path = msgstore; $later");
my $copied = $node->safe_psql('copied', "SET search_path = msgstore; $later");
cmp_ok($copied, '>=', $token + (1 << 20),
	'copy: the original and its copy do not give out the same numbers');
cmp_ok(
	$node->safe_psql('copied', "SET search_path = msgstore; $later"),
	'<', $copied + (1 << 20),
	'copy: which go on from there');

$node->stop;
done_testing();
