# "msgstore import" imports mail into a store: the messages have the content of the
# samples, mail that cannot be imported is named, and each batch is atomic.
use strict;
use warnings;
use utf8;
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $samples = "$FindBin::RealBin/../../client/samples";

my $node = client_node('import');

# All messages of a store, by subject, each a hash of properties.
sub messages
{
	my ($store) = @_;
	my $json = query(
		"SELECT jsonb_agg(msgstore.read_message(store_id, message_id))
		   FROM msgstore.message_list JOIN msgstore.store_list USING (store_id)
		  WHERE name = '$store'");

	return map { ($_->{PR_SUBJECT} // '') => $_ }
	  @{ JSON::PP->new->decode($json) };
}

# ------------------------------------------------------------- command line

my ($code, $out, $err) = msgstore('--version');
is($code, 0, '--version succeeds');
like($out, qr/^msgstore \d+\.\d+$/, '--version prints the version');
($code, $out, $err) = msgstore('--help');
is($code, 0, '--help succeeds');
like($out, qr/^  import /m, '--help names the commands');
($code, $out, $err) = msgstore('import', '--help');
is($code, 0, 'import --help succeeds');
like($out, qr/--$_\b/, "import --help names --$_")
  foreach qw(store folder batch dry-run no-original skip-known follow-links verbose dbname host port username actor);

foreach my $bad (
	[ 'no arguments', qr/Usage/ ],
	[ 'an unknown command', qr/unknown command "exhume"/, 'exhume' ],
	[ 'an unknown option', qr/unknown option "--no-such"/,
		qw(import --no-such -s mail x) ],
	[ 'an option first', qr/unknown option "--store"/, qw(--store x) ],
	[ 'an option cut short', qr/option "--store" needs an argument/, qw(import --store) ],
	[ 'no store', qr/no store given/, 'import', $samples ],
	[ 'no path', qr/no path given/, qw(import --store mail) ],
	[ 'batch 0', qr/invalid batch size "0"/, qw(import -b 0 -s mail x) ],
	[ 'batch x', qr/invalid batch size "x"/, qw(import -b x -s mail x) ])
{
	my ($what, $says, @args) = @$bad;

	($code, $out, $err) = msgstore(@args);
	is($code, 2, "$what: exit code 2");
	like($err, $says, "$what: says so");
	is($out, '', "$what: nothing on stdout");
}

($code, $out, $err) =
  msgstore('import', '-h', $node->host, '-p', '1', '-s', 'mail', $samples);
is($code, 2, 'no connection: exit code 2');
like($err, qr/could not connect: .*failed/, 'no connection: says so');
($code, $out, $err) =
  msgstore('import', '-d', 'template1', '-s', 'mail', $samples);
is($code, 2, 'no extension: exit code 2');
like($err, qr/database "template1" does not have the extension msgstore\n/,
	'no extension: says so');
($code, $out, $err) = msgstore('import', '-s', 'mail', "$samples/nothing");
is($code, 1, 'a path that is not there is refused: exit code 1');
like($out, qr{^  \S*/nothing: No such file or directory$}m,
	'a path that is not there: says so');
is(query('SELECT count(*) FROM msgstore.store_list'),
	'0', 'nothing of that made a store');

# ------------------------------------------------------------- the samples

($code, $out, $err) = msgstore('import', '--store', 'mail', $samples);
is($code, 1, 'one sample is refused: exit code 1');
is($err, '', 'nothing on stderr, which is no terminal');
like($out, qr/^28 imported, 1 refused$/m, 'the rest is imported');
like(
	$out,
	qr{^Refused:\n  \S*broken/not-mail\.txt:1: no message: no header field}m,
	'what is no mail is refused by name');
like($out, qr/^ +1  \Q$_\E$/m, "attachments of type $_ are counted")
  foreach (
	'application/octet-stream', 'application/pdf',
	'image/png', 'message/rfc822',
	'text/csv', 'message/delivery-status');
like($out, qr/^ +1  NUL characters: now U\+FFFD$/m, 'NULs are counted');
like($out, qr/^ +1  Date fields that hold no date: left out$/m,
	'dates out of range are counted');
is(query("SELECT name FROM msgstore.store_list"),
	'mail', 'the store is made');
is( query(
		"SELECT f.name, count(*) FROM msgstore.message_list
		   JOIN msgstore.folder_list f USING (store_id, folder_id) GROUP BY 1"
	),
	'Inbox|28',
	'the messages are in the Inbox');

# decoded: subject => [property, value or pattern]...
my %expected = (
	'Lunch on Friday' => [
		PR_BODY => qr/^Dear all,\n\nthe café at .*Carol\n$/s,
		PR_CLIENT_SUBMIT_TIME => '2024-05-14T07:30:00.0000000Z',
		PR_DISPLAY_CC => 'Alice; Bob',
		PR_DISPLAY_TO => 'Team, the whole of it',
		PR_INTERNET_MESSAGE_ID => '<lunch-1@example.org>',
		PR_MESSAGE_CLASS => 'IPM.Note',
		PR_MESSAGE_DELIVERY_TIME => '2024-05-14T07:30:12.0000000Z',
		PR_TRANSPORT_MESSAGE_HEADERS =>
		  qr/^Return-Path: .*\n\tby mx.*\nContent-Transfer-Encoding: 8bit\n$/s,
	],
	'Re: Printer on the second floor' => [
		PR_CONVERSATION_TOPIC => 'Printer on the second floor',
		PR_DISPLAY_BCC => 'archive@example.org',
		PR_IMPORTANCE => 2,
		PR_INTERNET_REFERENCES =>
		  '<printer-0@example.org> <printer-1@example.org>',
		PR_IN_REPLY_TO_ID => '<printer-1@example.org>',
		PR_PRIORITY => 1,
		PR_READ_RECEIPT_REQUESTED => JSON::PP::true,
		PR_REPLY_RECIPIENT_NAMES => 'Helpdesk; dora@example.org',
		PR_SENDER_EMAIL_ADDRESS => 'office@example.org',
		PR_SENSITIVITY => 3,
		PR_SENT_REPRESENTING_NAME => 'Dora Fields',
	],
	'Grüße aus Köln ✓ und noch mehr Grüße (fast)' => [
		PR_DISPLAY_TO => 'Анна; Björk',
		PR_SENDER_NAME => 'Jürgen Müller',
	],
	'Précis du procès-verbal' => [
		PR_BODY => qr/la norme\x{A0}; elle coûte 3\x{A0}€\.\n— Zoë\n$/,
		PR_SENDER_NAME => 'Zoë',
	],
	'会議の予定①' => [
		PR_BODY => "これは Shift_JIS のメールです。\n①と表も入っています。\n",
		PR_SENDER_NAME => '山田太郎',
	],
	'Привет из Москвы' =>
	  [ PR_BODY => qr/^Тема этого письма не закодирована/ ],
	'囍:测试邮件' => [ PR_BODY => qr/GBK 的字:朱镕基、囍。\n$/ ],
	'Only HTML' => [
		PR_DISPLAY_TO => '',
		PR_HTML => qr/<p>“Smart quotes” – says Latin-1/,
		PR_INTERNET_CPID => 65001,
		PR_LIST_UNSUBSCRIBE => '<https://lists.example.org/leave>',
	],
	'Both ways' => [
		PR_BODY => "The plain text.\n--\nThe footer of a mailing list.",
		PR_CONVERSATION_INDEX => 'AQECAwQFBgcICQoLDA0ODxAREhMUFQ==',
		PR_DISPLAY_TO => 'bob@example.org; Carol Jones; dora@example.org',
		PR_HTML => '<p>The <b>HTML</b> text.</p>',
	],
	'The figures' => [ PR_BODY => 'See the two files.' ],
	'A very small picture' => [ PR_HTML => qr/cid:dot\@example\.org/ ],
	'Fwd: Keys' => [ PR_BODY => 'See below.' ],
	'Long lines' => [ PR_BODY => qr/^This paragraph .*flowed, \nand three/ ],
	'Undelivered mail' => [
		PR_BODY => 'Nobody of that name lives here.',
		PR_MESSAGE_CLASS => 'REPORT.IPM.Note.NDR',
	],
	'First of three' => [
		PR_BODY => "From here on it is quoted, and so is\n"
		  . ">From with one more.\n"
		  . "From the programs that quote nothing comes this line.\n",
	],
	'Second of three, without a date' => [
		PR_CLIENT_SUBMIT_TIME => undef,
		PR_MESSAGE_DELIVERY_TIME => '2024-01-02T11:00:00.0000000Z',
	],
	'Third of three' => [ PR_BODY => "The end.\n", PR_FLAG_STATUS => 2 ],
	'Read, answered and flagged' =>
	  [ PR_FLAG_STATUS => 2, PR_LAST_VERB_EXECUTED => 102 ],
	'New' => [ PR_BODY => "Nobody has seen this one.\n" ],
	'A date out of this world' => [
		PR_BODY => "The date is left out, the message is not.\n",
		PR_CLIENT_SUBMIT_TIME => undef,
	],
	'No body, not even an empty line' => [ PR_BODY => undef ],
	'One line this way, the other that' =>
	  [ PR_BODY => "CR LF here,\r\nLF there.\n" ],
	'The empty line is missing' =>
	  [ PR_BODY => "so the text begins right here.\nIt goes on.\n" ],
	'A NUL in the subject' => [
		PR_BODY => "And one \x{FFFD} in the text.\n",
		PR_TRANSPORT_MESSAGE_HEADERS => qr/A NUL\x{FFFD} in the subject/,
	],
	'Déjà vu' => [
		PR_BODY => "Bytes as they are: café.\n",
		PR_SENDER_NAME => 'René',
		PR_TRANSPORT_MESSAGE_HEADERS => qr/^From: René .*Déjà vu/s,
	],
	'Cut off' => [ PR_BODY => 'The first part is whole.' ],
	'naïve' => [ PR_BODY => "It was UTF-8 all along: naïve.\n" ],
	'Parts without a boundary' => [ PR_BODY => "The text is kept.\n" ]);

my %messages = messages('mail');
is(scalar(keys %messages), 28, 'every message has its subject');
is_deeply(
	[ sort keys %messages ],
	[ sort keys %expected ],
	'and these are the subjects');
foreach my $subject (sort keys %expected)
{
	my @cases = @{ $expected{$subject} };

	while (my ($property, $value) = splice @cases, 0, 2)
	{
		my $got = $messages{$subject}{$property};
		my $name = encode('UTF-8', "$subject: $property");

		$got = decode('UTF-8', decode_base64($got), Encode::FB_CROAK)
		  if $property eq 'PR_HTML';
		ref $value eq 'Regexp' ? like($got, $value, $name)
		  : is($got, $value, $name);
	}
}

# bits 1 and 8: read, unsent
foreach my $case (
	[ 'First of three', 1 ],
	[ 'Second of three, without a date', 0 ],
	[ 'Read, answered and flagged', 1 ],
	[ 'New', 0 ],
	[ 'Lunch on Friday', 0 ])
{
	my ($subject, $flags) = @$case;

	is($messages{$subject}{PR_MESSAGE_FLAGS} & 9,
		$flags, "$subject: read or not, and no draft");
}

is_deeply(
	[
		map { "$_->{PR_RECIPIENT_TYPE} $_->{PR_ADDRTYPE} $_->{PR_SMTP_ADDRESS}" }
		  @{ $messages{'Re: Printer on the second floor'}
			  {PR_MESSAGE_RECIPIENTS} }
	],
	[
		'1 SMTP alice@example.org',
		'2 SMTP bob@example.org',
		'3 SMTP archive@example.org'
	],
	'To, Cc and Bcc are the recipients');

# -------------------------------------------------------- again, and folders

($code, $out, $err) = msgstore('import', '-s', 'mail', "$samples/01-story.eml");
is($code, 0, 'all imported: exit code 0');
is($out, "1 imported, 0 refused\n", 'and nothing more to say');
is(query('SELECT count(*) FROM msgstore.store_list'),
	'1', 'the store is found again');
is(query('SELECT count(*) FROM msgstore.message_list'),
	'29', 'a message imported again is stored again');

foreach my $time (1, 2)
{
	($code, $out, $err) = msgstore('import', '-s', 'mail', '-f', "Anna's mail",
		"$samples/maildir", "$samples/01-story.eml");
	is($code, 0, "import into a folder, $time");
}
is( query(
		"SELECT count(*), count(DISTINCT m.folder_id),
			bool_and(f.parent_id = inbox.parent_id)
		   FROM msgstore.message_list m
		   JOIN msgstore.folder_list f USING (store_id, folder_id)
		   JOIN msgstore.folder_list inbox USING (store_id)
		  WHERE f.name = 'Anna''s mail' AND inbox.name = 'Inbox'"),
	'6|1|t',
	'the folder is made once, beside the Inbox');

# ----------------------------------------------------------- what paths mean

my $dir = PostgreSQL::Test::Utils::tempdir();
my $deep = "Subject: deep\n";

mkdir "$dir/folder" or die;
symlink('..', "$dir/folder/loop") or die;
symlink('nowhere', "$dir/folder/dangling") or die;
append_to_file("$dir/folder/.hidden", "Subject: hidden\n\n");
append_to_file("$dir/folder/b.eml", "From a\@b 10:00\nSubject: b\n\nx\n");
append_to_file("$dir/folder/a", "\xEF\xBB\xBFSubject: a\n\nx\n");
append_to_file("$dir/folder/empty", '');
$deep .= "Content-Type: multipart/mixed; boundary=b$_\n\n--b$_\n" for 1 .. 3000;
append_to_file("$dir/folder/c.eml", "$deep\nat the bottom\n");
mkdir "$dir/box" or die;
mkdir "$dir/box/$_" or die foreach qw(cur new tmp .Sent .Sent/cur .Sent/new);
append_to_file("$dir/box/tmp/t", "Subject: being delivered\n\n");
append_to_file("$dir/box/cur/u:2,DT", "Subject: draft\n\n");
append_to_file("$dir/box/.Sent/cur/s:2,PS", "Subject: sent\n\n");
append_to_file("$dir/box/uidlist", "3 V1\n");

($code, $out, $err) = msgstore('import', '-v', '-s', 'paths', "$dir/folder",
	"$dir/box", "$dir/folder", "$dir/no-such");
is($code, 1, 'odd paths: exit code 1');
%messages = messages('paths');
is_deeply(
	[ sort keys %messages ],
	[ 'a', 'b', 'deep', 'draft', 'sent' ],
	'files, folders and Maildir folders are found, each once');
like($out, qr/^5 imported, 4 refused$/m, 'and counted');
like($out, qr{^  \S*/$_}m, "refused: $_")
  foreach (
	'folder/dangling: No such file or directory$',
	'folder/loop: a symbolic link out of the folder',
	'folder/empty:1: no message',
	'no-such: No such file or directory$');
like($out, qr/^2 hidden or housekeeping files skipped$/m, 'skipped are counted');
like($err, qr{/folder/\.hidden: skipped$}m, '-v names what is skipped');
like($err, qr{/folder/c\.eml:1: multiparts nested too deep}m,
	'-v names what is not imported whole');
is($messages{draft}{PR_MESSAGE_FLAGS} & 9, 8, 'Maildir flag D: unsent');
is($messages{sent}{PR_LAST_VERB_EXECUTED}, 104, 'Maildir flag P: forwarded');
is($messages{sent}{PR_MESSAGE_FLAGS} & 9, 1, 'Maildir flag S: read');

# a file too long for a message, without writing all of it
append_to_file("$dir/long.eml", "Subject: long\n\n");
truncate("$dir/long.eml", 1024 * 1024 * 1024 + 1) or die;
($code, $out, $err) = msgstore('import', '-s', 'paths', "$dir/long.eml");
is($code, 1, 'too long: exit code 1');
like($out, qr{/long\.eml:1: message longer than 1 GB$}m, 'too long: says so');

# ------------------------------------------------------------------- dry run

{
	local $ENV{PGPORT} = 1;

	($code, $out, $err) = msgstore('import', '--dry-run', $samples);
}
is($code, 1, 'a dry run needs no server');
my @lines = split /\n/, $out;
is(scalar(@lines), 28, 'it prints a line a message');
my $bad = 0;
foreach my $line (@lines)
{
	my $object = eval { JSON::PP->new->utf8->decode($line) };

	$bad++
	  unless $object
	  && $object->{message} =~ /:\d+$/
	  && $object->{properties}{PR_SUBJECT} ne ''
	  && $line !~ /\\u0000/;
}
is($bad, 0, 'each is a JSON object in UTF-8, without U+0000');
like($err, qr/^28 read, none stored, 1 refused$/m, 'its report is on stderr');

# -------------------------------------------------------------------- batches

# With a unique index the server refuses a message because of its subject.
$node->safe_psql('postgres', 'CREATE DATABASE batches');
$node->safe_psql('batches', 'CREATE EXTENSION msgstore');
$node->safe_psql('batches',
	"CREATE UNIQUE INDEX ON msgstore.message
		(store_id, (props->>'PR_SUBJECT'))");
mkdir "$dir/batch" or die;
append_to_file("$dir/batch/$_->[0]", "Subject: s$_->[1]\n\nmessage $_->[0]\n")
  foreach ([ 1, 1 ], [ 2, 2 ], [ 3, 3 ], [ 4, 4 ], [ 5, 2 ], [ 6, 6 ],
	[ 7, 7 ], [ 8, 1 ]);
($code, $out, $err) = msgstore('import', '-d', 'batches', '-s', 'b', '-b', '3',
	"$dir/batch");
is($code, 1, 'the server refuses two: exit code 1');
like($out, qr/^6 imported, 2 refused$/m, 'only these two are left out');
like($out, qr{/batch/$_:1: .*unique constraint.*SQLSTATE 23505}m,
	"message $_ is named, with the reason")
  foreach (5, 8);
is( $node->safe_psql(
		'batches',
		q{SELECT string_agg(subject, ' ' ORDER BY message_id)
			FROM msgstore.message_list}),
	's1 s2 s3 s4 s6 s7',
	'the others are stored, in order');

# Start an import that waits for a lock of another session, and return when it
# does.  Its output goes to $out and $err.
sub start_waiting
{
	my @args = @_;

	($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'msgstore', 'import', @args ],
		'<', \undef, '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity
		  WHERE application_name = 'msgstore import'
			AND wait_event_type = 'Lock'")
	  or die 'the import does not wait';
	return $run;
}

# Wait for the end of such an import; return its exit code.
sub end_waiting
{
	my ($run) = @_;

	$run->finish;
	return $run->result(0);
}

# The connection breaks in the third batch, which waits for a session that has
# one of its subjects in a transaction of its own.
$node->safe_psql('batches', "SELECT msgstore.create_store('c')");
my $holder = $node->background_psql('batches');
$holder->query_safe(
	q{BEGIN;
	SELECT msgstore.save_new_message(store_id,
		msgstore.special_folder(store_id, 'Drafts'), '{"PR_SUBJECT": "s7"}')
	  FROM msgstore.store_list WHERE name = 'c'});
my $import =
  start_waiting('-d', 'batches', '-s', 'c', '-b', '3', "$dir/batch");
$node->safe_psql('batches',
	"SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	  WHERE application_name = 'msgstore import'");
is(end_waiting($import), 2, 'the connection is lost: exit code 2');
like($err, qr{error: \S*/batch/7:1: }, 'lost: says where');
like(
	$err,
	qr{stopped: 5 messages are imported; the 2 from \S*/batch/7:1 on are not$}m,
	'lost: says how far it got');
like($out, qr/^5 imported, 1 refused$/m, 'lost: the report counts');
$holder->quit;
is( $node->safe_psql(
		'batches',
		q{SELECT string_agg(subject, ' ' ORDER BY message_id)
			FROM msgstore.message_list JOIN msgstore.store_list
			USING (store_id) WHERE name = 'c'}),
	's1 s2 s3 s4 s6',
	'lost: what it says it stored is stored, and no more');

# A server with moods stands in for deadlocks, and for a folder that is deleted: it
# answers with the next line of a table.
$node->safe_psql('postgres', 'CREATE DATABASE moods');
$node->safe_psql('moods', 'CREATE EXTENSION msgstore');
$node->safe_psql(
	'moods', q{
	CREATE SEQUENCE calls;
	CREATE TABLE moods (call int, mood text);
	ALTER EXTENSION msgstore DROP FUNCTION msgstore.import_message(
		bigint, bigint, jsonb, text, text, bytea, bytea[], bytea, text, text);
	CREATE OR REPLACE FUNCTION msgstore.import_message(store_id bigint,
		folder_id bigint, props jsonb, headers text DEFAULT NULL,
		body text DEFAULT NULL, html bytea DEFAULT NULL,
		attachments bytea[] DEFAULT NULL, original bytea DEFAULT NULL,
		request text DEFAULT NULL, actor text DEFAULT NULL,
		OUT result msgstore.hresult, OUT message_id bigint,
		OUT change_number bigint)
	LANGUAGE plpgsql AS $$
	DECLARE
		n bigint := nextval('public.calls');
		today text := (SELECT mood FROM public.moods WHERE call = n);
	BEGIN
		IF today ~ '^MAPI' THEN
			result := today::msgstore.hresult;
		ELSIF today IS NOT NULL THEN
			RAISE 'out of sorts' USING ERRCODE = today;
		ELSE
			result := 'S_OK';
		END IF;
	END $$});

# An import of two messages in a mood: [moods, exit code, report, calls made].
foreach my $case (
	[ [], 0, qr/^2 imported, 0 refused$/m, 2 ],
	[ ['40P01'], 0, qr/^2 imported, 0 refused$/m, 3 ],
	[ [ ('40001') x 4 ], 0, qr/^2 imported, 0 refused$/m, 6 ],
	[ [ ('40001') x 5 ], 2, qr/^0 imported, 0 refused$/m, 5 ],
	[ ['53100'], 2, qr/^0 imported, 0 refused$/m, 1 ],
	[ ['MA005'], 2, qr/^0 imported, 0 refused$/m, 1 ],
	[
		[ 'MA057', 'MA057' ], 1,
		qr{/batch/1:1: out of sorts \(SQLSTATE MA057\).*^1 imported}ms, 3
	],
	[
		['MAPI_E_OBJECT_DELETED'], 1,
		qr{/batch/1:1: MAPI_E_OBJECT_DELETED\n.*^1 imported}ms, 2
	])
{
	my ($moods, $exit, $report, $calls) = @$case;
	my $name = @$moods ? join(' ', @$moods) : 'no mood';
	my $n = 0;

	$node->safe_psql('moods',
		join ';', 'TRUNCATE moods', q{SELECT setval('calls', 1, false)},
		map { $n++; "INSERT INTO moods VALUES ($n, '$_')" } @$moods);
	($code, $out, $err) = msgstore('import', '--no-original', '-d', 'moods', '-s', 'm',
		"$dir/batch/1", "$dir/batch/2");
	is($code, $exit, "$name: exit code $exit");
	like($out, $report, "$name: the report");
	$exit == 2
	  ? like($err, qr/out of sorts\n.*stopped: 0 messages/s, "$name: says so")
	  : is($err, '', "$name: no error");
	is($node->safe_psql('moods', 'SELECT last_value FROM calls'),
		$calls, "$name: calls made");
}

# ------------------------------------------------------ two make it at a time

foreach my $made (
	[ q{create_store('new')}, 'the store', '-s', 'new' ],
	[ q{create_folder(store_id, folder_id, 'New') FROM folder_list
		JOIN store_list USING (store_id)
		WHERE folder_list.name = 'Root' AND store_list.name = 'new'},
		'the folder', '-s', 'new', '-f', 'New' ])
{
	my ($sql, $what, @args) = @$made;
	my $other = $node->background_psql('postgres');

	$other->query_safe("BEGIN; SET search_path = msgstore; SELECT $sql");
	$import = start_waiting(@args, "$samples/01-story.eml");
	$other->query_safe('COMMIT');
	$other->quit;
	is(end_waiting($import), 0, "another session makes $what meanwhile: imported there");
	is($err, '', "another session makes $what meanwhile: no error");
}
query(q{SELECT msgstore.delete_messages(store_id, array_agg(message_id))
	FROM msgstore.message_list JOIN msgstore.store_list USING (store_id)
	WHERE name = 'new' GROUP BY store_id});

# ------------------------------------------------------------ somebody else's

$node->safe_psql('postgres', 'CREATE ROLE regress_stranger LOGIN');
($code, $out, $err) = msgstore('import', '-U', 'regress_stranger',
	'-s', 'mail', "$samples/01-story.eml");
is($code, 2, 'no right to make a store: exit code 2');
like($err, qr/could not find or create store "mail": permission denied/,
	'a store of others is not seen, and none can be made');
is(query(q{SELECT count(*) FROM msgstore.message_list}),
	'40', 'nothing was stored');

$node->stop;
done_testing();
