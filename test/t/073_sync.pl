# One database is dumped and restored twice, both stores are edited, and the command "sync"
# brings them together: folders, messages, deletions, moves, read flags, large values, the
# mails that messages were made from.  What both have edited is a conflict in both.  A second
# run sends next to nothing, also into a store that was restored from a dump; a large value
# does not take much memory.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = client_node('sync');

sub connection
{
	my ($db) = @_;

	return $node->connstr($db);
}

# Run SQL with the schema in search_path.
sub sql
{
	my ($db, $sql) = @_;

	return $node->safe_psql($db, "SET search_path = msgstore; $sql");
}

# Run the command from one database to another; returns exit code, stdout, stderr.
sub sync
{
	my ($from, $to, @more) = @_;

	return run_program('msgstore', 'sync', '--from', connection($from), '--to',
		connection($to), '--store', 'team', @more);
}

# The bytes of the first line of a report.
sub bytes
{
	my ($report) = @_;

	return $report =~ /; (\d+) bytes$/m ? $1 : -1;
}

# The contents that are equal in stores that have been brought together.
my $content = q{
	SELECT string_agg(t, E'\n' ORDER BY t) FROM (
		SELECT concat_ws(' ', 'message', export_change(store_id, message_id) - '{blobs,PR_PARENT_SOURCE_KEY}'::text[]
			- 'PR_MESSAGE_ATTACHMENTS', f.name, (read_message(store_id, message_id) -> 'PR_READ')) AS t
		FROM message JOIN (SELECT store_id, folder_id, name FROM folder) AS f USING (store_id, folder_id)
		WHERE deleted_at IS NULL AND store_id = 1
		UNION ALL
		SELECT concat_ws(' ', 'folder', f.name, p.name, f.props)
		FROM folder AS f JOIN folder AS p ON p.store_id = f.store_id AND p.folder_id = f.parent_id
		WHERE f.deleted_at IS NULL AND f.store_id = 1) AS c};

# Compare two stores, and show the lines that one of them lacks.
sub is_equal
{
	my ($one, $two, $name) = @_;
	my ($a, $b) = (sql($one, $content), sql($two, $content));
	my %in = map { $_ => 1 } split /\n/, $a;
	my %also = map { $_ => 1 } split /\n/, $b;

	ok($a eq $b, $name)
	  or diag(join "\n", (map { "- $_" } grep { !$also{$_} } sort keys %in),
		(map { "+ $_" } grep { !$in{$_} } sort keys %also));
	return;
}

# ------------------------------------------------------------------ two copies

$node->safe_psql('postgres', 'CREATE DATABASE origin');
sql('origin', q{CREATE EXTENSION msgstore});
sql('origin', q{
	SELECT create_store('team');
	SELECT create_folder(1, NULL, 'one'), create_folder(1, NULL, 'two');
	SELECT count(save_new_message(1, special_folder(1, 'Inbox'), jsonb_build_object(
		'PR_SUBJECT', 'message ' || n, 'PR_BODY', 'body'))) FROM generate_series(1, 40) AS n;
	SELECT save_new_message(1, special_folder(1, 'Inbox'), jsonb_build_object('PR_SUBJECT', 'large',
		'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(jsonb_build_object('PR_ATTACH_FILENAME', 'f',
			'PR_ATTACH_DATA_BIN', encode(convert_to(repeat('0123456789', 60000), 'UTF8'), 'base64')))))});
my $dump = $node->basedir . '/dump.sql';
command_ok([ 'pg_dump', '-f', $dump, '-d', connection('origin') ], 'dump');
foreach my $db ('west', 'east')
{
	$node->safe_psql('postgres', "CREATE DATABASE $db TEMPLATE template0");
	command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', connection($db) ],
		"restore $db");
}

# One message after the other, by its subject.
my $edit = q{SELECT (save_message(1, message_id, change_number, '%s')).result
	FROM message_list WHERE subject = '%s'};
is(sql('west', sprintf($edit, '{"PR_SUBJECT": "west 1", "PR_BODY": "west"}', 'message 1')), 'S_OK', 'edit west');
is(sql('east', sprintf($edit, '{"PR_SUBJECT": "east 1"}', 'message 1')), 'S_OK', 'edit east');
is( sql('west', q{SELECT read_message(1, 1) -> 'PR_CHANGE_KEY'}) eq
	  sql('east', q{SELECT read_message(1, 1) -> 'PR_CHANGE_KEY'}),
	'', 'two copies never make equal change keys');
sql('west', sprintf($edit, '{"PR_SUBJECT": "west 2"}', 'message 2'));
sql('east', sprintf($edit, '{"PR_BODY": "east 3"}', 'message 3'));
sql('west', q{SELECT move_messages(1, ARRAY[4::bigint], folder_id) FROM folder_list WHERE name = 'one';
	SELECT delete_messages(1, ARRAY[5::bigint]);
	SELECT delete_messages(1, ARRAY[6::bigint], 'DELETE_HARD_DELETE');
	SELECT set_read_flag(1, 7, 'CLEAR_READ_FLAG');
	SELECT rename_folder(1, folder_id, 'eins') FROM folder_list WHERE name = 'one';
	SELECT save_new_message(1, create_folder(1, NULL, 'new west'), '{"PR_SUBJECT": "only west"}')});
sql('east', q{
	SELECT move_messages(1, ARRAY[8::bigint], folder_id) FROM folder_list WHERE name = 'two';
	SELECT delete_folder(1, folder_id) FROM folder_list WHERE name = 'none';
	SELECT save_new_message(1, create_folder(1, NULL, 'new east'), '{"PR_SUBJECT": "only east"}');
	SELECT (save_message(1, 9, change_number, '{"PR_SUBJECT": "nine"}')).result FROM message WHERE message_id = 9});

# --------------------------------------------------------------------- together

my ($code, $out, $err) = sync('west', 'east', '--both');
is($code, 0, 'sync both ways') or diag($err);
is($err, '', 'no error');
like($out, qr/1 conflicts/, 'one conflict is reported');
is_equal('west', 'east', 'the stores are equal');
# The store that met the conflict has the loser as a draft; the other store has it in the
# history, and takes the version that knows both.
is( sql('west', q{SELECT string_agg(DISTINCT message_at(1, 1, change_number) ->> 'PR_SUBJECT', '; '
	ORDER BY message_at(1, 1, change_number) ->> 'PR_SUBJECT') FROM history(1, 1)}),
	'east 1; message 1; west 1', 'west: the history has all versions');
foreach my $db ('east')
{
	is( sql($db, q{SELECT string_agg(subject || ' ' || array_to_string(properties, ' '), '; ') FROM parked}),
		'west 1 PR_SUBJECT PR_BODY',
		"$db: the edit that lost is a draft of the message");
	is( sql($db, q{SELECT read_message(1, 1) -> 'PR_MSG_STATUS', read_message(1, 1) ->> 'PR_SUBJECT'}),
		'2048|east 1',
		"$db: and the message is in conflict");
	is( sql($db, q{SELECT count(*) FROM check_store(1)}), '0', "$db: nothing is orphaned");
}
($code, $out, $err) = sync('west', 'east', '--both');
is($code, 0, 'once more');
is($out =~ tr/\n//, 2, 'a line per direction');
unlike($out, qr/[1-9]\d* (?:messages|folders|conflicts)/, 'nothing new');
is(sql('east', q{SELECT (resolve_parked(1, parked_id, 'MERGE')).result FROM parked}),
	'MAPI_E_OBJECT_CHANGED', 'both have changed the subject');
is(sql('east', q{SELECT (resolve_parked(1, parked_id, 'OVERWRITE')).result FROM parked}),
	'S_OK', 'resolved in one store');
($code, $out, $err) = sync('west', 'east', '--both');
is(sql('west', q{SELECT read_message(1, 1) ->> 'PR_SUBJECT'}), 'west 1', 'the resolution comes to the other');
is_equal('west', 'east', 'the stores are equal');

# ------------------------------------------------------------ into an empty store

$node->safe_psql('postgres', 'CREATE DATABASE empty');
sql('empty', q{CREATE EXTENSION msgstore});
sql('empty', q{SELECT create_store('team'), create_store('other')});
sql('west', q{SELECT count(save_new_message(1, special_folder(1, 'Inbox'), jsonb_build_object(
	'PR_SUBJECT', 'many ' || n, 'PR_BODY', repeat('text ', 40)))) FROM generate_series(1, 1000) AS n});
($code, $out, $err) = sync('west', 'empty');
is($code, 0, 'into an empty store') or diag($err);
my $first = bytes($out);
like($out, qr/ 1 large values/, 'the attachment was copied in pieces');
is_equal('west', 'empty', 'the stores are equal');
is( sql('empty', q{SELECT md5(read_blob(1, message_id, (p #>> '{PR_MESSAGE_ATTACHMENTS,0,PR_ATTACH_DATA_BIN,blob}')::bigint, 0, 700000))
	FROM message_list, read_message(1, message_id) AS p WHERE store_id = 1 AND subject = 'large'}),
	sql('empty', q{SELECT md5(convert_to(repeat('0123456789', 60000), 'UTF8'))}),
	'and the attachment is whole');
sql('west', sprintf($edit, '{"PR_IMPORTANCE": 2}', 'many 500'));
sql('west', sprintf($edit, '{"PR_IMPORTANCE": 2}', 'large'));
($code, $out, $err) = sync('west', 'empty');
is($code, 0, 'after two changes');
note bytes($out) . " bytes, after $first";
cmp_ok(bytes($out) * 100, '<', $first, 'a run that has little to bring sends little');
like($out, qr/ 0 large values/, 'an attachment that is there is not sent again');
is_equal('west', 'empty', 'the stores are equal');
# the position is dumped and restored with what it covers
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
command_ok([ 'pg_dump', '-f', $dump, '-d', connection('empty') ], 'dump the receiving store');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', connection('restored') ], 'restore it');
sql('west', sprintf($edit, '{"PR_IMPORTANCE": 0}', 'many 500'));
($code, $out, $err) = sync('west', 'restored');
like($out, qr/: 1 messages/, 'a restored store is brought what is new since the dump');
cmp_ok(bytes($out) * 100, '<', $first, 'and nothing else is sent');
is_equal('west', 'restored', 'the stores are equal');
is((sync('west', 'empty'))[0], 0, 'into the other store, too');
($code, $out, $err) = sync('empty', 'empty', '--to-store', 'other');
is($code, 0, 'from one store of a database to another');
is( sql('empty', q{SELECT count(*) FROM message_list WHERE store_id = 2}),
	sql('empty', q{SELECT count(*) FROM message_list WHERE store_id = 1}), 'all messages are there');
sql('empty', q{SELECT (save_message(1, a.message_id, a.change_number, '{"PR_BODY": "x"}')).result,
	(save_message(2, b.message_id, b.change_number, '{"PR_IMPORTANCE": 0}')).result
	FROM message_list AS a JOIN message_list AS b USING (subject)
	WHERE a.store_id = 1 AND b.store_id = 2 AND subject = 'many 7'});
($code, $out, $err) = sync('empty', 'empty', '--to-store', 'other', '--both');
like($out, qr/[1-9] conflicts/, 'their stores do not know the changes of each other');

# A position that was damaged, or is that of another store: the stores are compared anew.
my $peer = sql('empty', q{SELECT peer FROM sync_position WHERE store_id = 1 ORDER BY peer LIMIT 1});
my $good = sql('empty', qq{SELECT sync_token FROM get_sync_position(1, '$peer')});
foreach my $bad ('', 'x', substr($good, 0, -1), $good . '0', sql('empty', 'SELECT feed_position(2)'))
{
	sql('west', q{SELECT save_new_message(1, special_folder(1, 'Inbox'), '{"PR_SUBJECT": "one more"}')});
	sql('empty', qq{SELECT set_sync_position(1, '$peer', '$bad', '{}', '{}')});
	($code, $out, $err) = sync('west', 'empty');
	is($code, 0, "from position '$bad'") or diag($err);
	like($out, qr/ 1 messages/, 'only what is new is brought');
}
is(sql('empty', q{SELECT count(*) FROM message_list WHERE store_id = 1 AND subject = 'one more'}),
	'5', 'and nothing is missed');

# ------------------------------- the mails that the messages were made from

my $samples = "$FindBin::RealBin/../../client/samples";
my $long = write_file('long.eml', "From: a\@example.com\nSubject: long\n\n"
	  . join('', map { "line $_ of a long mail\n" } 1 .. 120000));

# Return the mails that "export" writes for a store, sorted.
sub exported
{
	my ($db) = @_;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my ($code, undef, $err) =
	  run_program('msgstore', 'export', '-d', connection($db), '-s', 'mails', $folder);

	is($code, 0, "export from $db") or diag($err);
	return [ sort map { read_file($_) } glob("$folder/*/*.eml") ];
}

sub sync_mails
{
	my ($code, $out, $err) = run_program('msgstore', 'sync', '--from', connection('west'),
		'--to', connection('empty'), '--store', 'mails');

	is($code, 0, 'sync') or diag($err);
	return $out;
}

is((run_program('msgstore', 'import', '-d', connection('west'), '-s', 'mails',
		glob("$samples/*.eml"), $long))[0], 0, 'import mails');
sql('empty', q{SELECT create_store('mails')});
like(sync_mails(), qr/ 15 originals/, 'the mails are brought');
my $here = exported('west');
my $there = exported('empty');
is_deeply($there, $here, 'and exported to the byte');
is(scalar(grep { $_ eq read_file($long) } @$there), 1, 'a long one, too');
unlike(sync_mails(), qr/[1-9]\d* originals/, 'but once only');
my $in = q{(SELECT store_id FROM store WHERE name = 'mails')};
sql('west', qq{SELECT (save_message(store_id, message_id, change_number, '{"PR_IMPORTANCE": 2}')).result
	FROM message_list WHERE store_id = $in});
like(sync_mails(), qr/ 15 messages, .* 0 originals/, 'not with a change of the message');
sql('empty', qq{SELECT keep_originals($in, false)});
sql('west', qq{SELECT copy_messages(store_id, ARRAY[message_id], folder_id)
	FROM message_list WHERE store_id = $in AND subject = 'long'});
like(sync_mails(), qr/ 1 messages, .* 0 originals/, 'a store that keeps none gets none');
sql('empty', qq{SELECT keep_originals($in, true)});
sql('west', qq{SELECT (save_message(store_id, message_id, change_number, '{"PR_IMPORTANCE": 0}')).result
	FROM message_list WHERE store_id = $in AND subject = 'long'});
like(sync_mails(), qr/ 2 messages, .* 1 originals/, 'and gets it with the next change of the message');
is_deeply(exported('empty'), exported('west'), 'all are there');

# ------------------------------------------ a first run, and deletions before it

is( sql('origin', q{SELECT count(*) FROM message_list WHERE message_id IN (5, 6)}),
	'2', 'the origin has what the west has deleted');
($code, $out, $err) = sync('west', 'origin');
is($code, 0, 'a first run to a store that has older versions') or diag($err);
is_equal('west', 'origin', 'brings the deletions, too: the stores are equal');

# A folder below one that is deleted there waits until the other is restored.
sql('west', q{SELECT create_folder(1, NULL, 'above')});
is((sync('west', 'origin'))[0], 0, 'a folder');
sql('origin', q{SELECT delete_folder(1, folder_id) FROM folder_list WHERE name = 'above'});
sql('west', q{SELECT create_folder(1, folder_id, 'below') FROM folder_list WHERE name = 'above'});
($code, $out, $err) = sync('west', 'origin');
is($code, 1, 'a folder below a folder that is deleted there: exit code 1') or diag($err);
like($out, qr/ 1 to be tried again/, 'and the report counts it');
is((sync('west', 'origin'))[0], 1, 'and it waits');
sql('origin', q{SELECT restore_folder(1, folder_id) FROM deleted_folder_list WHERE name = 'above'});
is((sync('origin', 'west'))[0], 0, 'the folder above is restored');
is((sync('west', 'origin'))[0], 0, 'and the folder below comes');
is_equal('west', 'origin', 'the stores are equal');

# a text whose pieces would end within characters
sql('west', q{DO $$
	DECLARE
		h integer := create_message(1, special_folder(1, 'Inbox'));
	BEGIN
		PERFORM set_props(h, '{"PR_SUBJECT": "large text"}');
		FOR i IN 0 .. 17 LOOP
			PERFORM write_stream(h, 'PR_BODY', i * 120000,
				convert_to(repeat(U&'\6F22\5B57\304B\306A', 10000), 'UTF8'));
		END LOOP;
		PERFORM save_changes(h);
	END $$});
($code, $out, $err) = sync('west', 'empty');
is($code, 0, 'a large text') or diag($err);
like($out, qr/ 1 large values/, 'the text was copied in pieces');
is( sql('empty', q{SELECT md5(read_blob(1, message_id, (p #>> '{PR_BODY,blob}')::bigint, 0, 3000000))
	FROM message_list, read_message(1, message_id) AS p WHERE store_id = 1 AND subject = 'large text'}),
	sql('empty', q{SELECT md5(convert_to(repeat(U&'\6F22\5B57\304B\306A', 180000), 'UTF8'))}),
	'and is whole');

# a value of 48 MB
SKIP:
{
	skip 'the sanitizers need a large address space', 2 if $ENV{ASAN_OPTIONS};
	sql('west', q{DO $$
		DECLARE
			h integer := create_message(1, special_folder(1, 'Inbox'));
		BEGIN
			PERFORM set_props(h, '{"PR_SUBJECT": "huge"}');
			FOR i IN 0 .. 47 LOOP
				PERFORM write_stream(h, 'PR_BODY', i * 1000000,
					convert_to(repeat('0123456789', 100000), 'UTF8'));
			END LOOP;
			PERFORM save_changes(h);
		END $$});
	($code, $out, $err) = run_program('sh', '-c', 'ulimit -v 80000; exec msgstore sync "$@"', 'sh',
		'--from', connection('west'), '--to', connection('empty'), '--store', 'team');
	is($code, 0, 'a huge value in little memory') or diag($err);
	is( sql('empty', q{SELECT md5(read_blob(1, message_id, (p #>> '{PR_BODY,blob}')::bigint, 0, 48000000))
		FROM message_list, read_message(1, message_id) AS p WHERE store_id = 1 AND subject = 'huge'}),
		sql('empty', q{SELECT md5(repeat('0123456789', 4800000))}), 'and it is whole');
}

# ---------------------------------------------------------------------- bad usage

($code, $out, $err) = run_program('msgstore', 'sync', '--from', connection('west'), '--store', 'team');
is($code, 2, 'no receiving side: exit code 2');
like($err, qr/--to/, 'and says so');
($code, $out, $err) = sync('west', 'east', '--to-store', 'none');
is($code, 2, 'no such store: exit code 2');
like($err, qr/no store "none"/, 'and says so');
($code, $out, $err) = sync('west', 'postgres');
is($code, 2, 'no extension: exit code 2');
($code, $out, $err) = run_program('msgstore', 'sync', '--help');
is($code, 0, 'help');
like($out, qr/--both/, 'names the options');

done_testing();
