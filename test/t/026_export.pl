# "msgstore export" writes messages as mail: imported mail comes out as it was,
# attachments and signed parts to the byte, and edited mail has the edits.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MIME::Base64 qw(encode_base64 decode_base64);
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $samples = "$FindBin::RealBin/../../client/samples";
my $diff = "$FindBin::RealBin/../mail_diff.py";
my $corpus = $ENV{MSGSTORE_CORPUS}
  // "$FindBin::RealBin/../../../shared/corpus";
my $json = JSON::PP->new->utf8->canonical;

my $node = client_node('export');

# Import a mail into a store of its own; returns the id of the message.
my $stores = 0;
sub import_mail
{
	my ($text, @options) = @_;
	my $store = 'store' . ++$stores;
	my ($code, undef, $err) = msgstore('import', @options, '-s', $store,
		write_file("$store.eml", $text));

	die $err if $code;
	return ($store,
		$node->safe_psql('postgres', "SELECT message_id
			FROM msgstore.message_list JOIN msgstore.store_list USING (store_id)
			WHERE name = '$store'"));
}

# Save changes to a message.
sub edit
{
	my ($store, $id, $changes) = @_;

	return $node->safe_psql('postgres', "SELECT result
		FROM msgstore.store_list JOIN msgstore.message_list USING (store_id),
		msgstore.save_message(store_id, message_id, change_number,
			\$json\$$changes\$json\$)
		WHERE name = '$store' AND message_id = $id");
}

sub export_mail
{
	my ($store, $id) = @_;
	my ($code, $out, $err) = msgstore('export', '-s', $store, '-m', $id, '-');

	die $err if $code;
	return $out;
}

# The properties of a mail, as the import reads them.
sub properties
{
	my ($text) = @_;
	my (undef, $out) =
	  msgstore('import', '--dry-run', write_file('read.eml', $text));

	return $json->decode($out)->{properties};
}

# ------------------------------------------------------------- command line

my ($code, $out, $err) = msgstore('export', '--help');
is($code, 0, '--help succeeds');
like($out, qr/--$_\b/, "--help names --$_")
  foreach qw(store folder message json lines dbname host port username actor);
foreach my $bad (
	[ qr/no store given/, $dir ],
	[ qr/give one directory/, '-s', 'none' ],
	[ qr/give one directory/, '-s', 'none', 'a', 'b' ],
	[ qr/invalid message id "0"/, '-s', 'none', '-m', '0', $dir ],
	[ qr/no store "none"/, '-s', 'none', $dir ],
	[ qr/could not open "\S*nothing"/, '-l', "$dir/nothing", $dir ],
	[ qr/--lines cannot be used/, '-l', "$dir/nothing", '-m', '1', $dir ],
	[ qr/could not connect/, '-p', '1', '-s', 'none', $dir ])
{
	my ($message, @args) = @$bad;

	($code, $out, $err) = msgstore('export', @args);
	is($code, 2, "@args: exit code 2");
	like($err, $message, "@args: says so");
}

# -------------------------------------------------------- as it was imported

msgstore('import', '-s', 'mail', $samples);
($code, $out, $err) = msgstore('import', '--dry-run', $samples);
my @names = map { $json->decode($_)->{message} } split /\n/, $out;
($code, $out, $err) = msgstore('export', '-s', 'mail', "$dir/out");
is($code, 0, 'the samples: exit code 0');
is($err, '', 'the samples: no error');
is($out, "28 exported, 0 refused\n", 'the samples: all of them');
my @different;
foreach my $i (0 .. $#names)
{
	my ($path) = $names[$i] =~ /^(.*\.eml):1$/ or next;
	my $was = read_file($path) =~ s/\AFrom [^\n]*\n//r;
	my $is = read_file("$dir/out/Inbox/" . ($i + 1) . '.eml') // '';

	push @different, $path unless $was eq $is;
}
is_deeply(\@different, [], 'the samples are what they were, to the byte');
($code, $out, $err) =
  msgstore('export', '-s', 'mail', '-f', 'Drafts', "$dir/none");
is($code, 0, 'an empty folder: exit code 0');
is($out, "0 exported, 0 refused\n", 'an empty folder: nothing');
($code, $out, $err) = msgstore('export', '-s', 'mail', '-m', 999, "$dir/none");
is($code, 3, 'no such message: exit code 3');
like($err, qr/no message 999 in store "mail"/, 'no such message: says so');
($code, $out, $err) = msgstore('export', '-s', 'mail', '-f', 'No', $dir);
is($code, 2, 'no such folder: exit code 2');
like($err, qr/there is no folder "No"/, 'no such folder: says so');
($code, $out, $err) = msgstore('export', '-s', 'mail', "$dir/read.txt/x");
is($code, 0, 'directories are made');
write_file('file', 'x');
($code, $out, $err) = msgstore('export', '-s', 'mail', "$dir/file/x");
is($code, 2, 'no directory: exit code 2');
like($err, qr/could not create directory/, 'no directory: says so');

# An exported mbox is imported again as it was.
($code, $out, $err) = msgstore('export', '-s', 'mail', '-');
is($code, 0, 'an mbox: exit code 0');
my $mbox = write_file('all.mbox', $out);
($code, $out, $err) = msgstore('import', '-s', 'again', $mbox);
like($out, qr/^28 imported, 0 refused$/m, 'an mbox: all of them');
is( $node->safe_psql('postgres', q{
	SELECT count(*) FROM msgstore.message_list a
	 WHERE store_id = 1 AND NOT EXISTS (SELECT FROM msgstore.message_list b
		WHERE store_id = 2 AND b.message_id = a.message_id + 28
		AND b.subject IS NOT DISTINCT FROM a.subject
		AND (SELECT p->'PR_BODY' FROM msgstore.read_message(1, a.message_id) p)
		IS NOT DISTINCT FROM
		(SELECT p->'PR_BODY' FROM msgstore.read_message(2, b.message_id) p))}),
	'0',
	'an mbox: subjects and texts are the same');

# ------------------------------------------------------------- attachments

# Large enough to be blobs, in a message within a message within a message.
my $bytes = join '', map { chr(($_ * $_ + $_ / 7) % 256) } 1 .. 700_000;
my $coded = encode_base64($bytes);
my $inner = "Subject: innermost\nMIME-Version: 1.0\n"
  . "Content-Type: multipart/mixed; boundary=in\n\nbefore\n--in\n\nhello\n"
  . "--in\nContent-Type: application/x-data\nContent-Transfer-Encoding: base64\n"
  . "Content-Disposition: attachment;\n filename*=utf-8''%E2%82%AC.bin\n\n"
  . "$coded\n--in--\nafter\n";
my $signed = "Content-Type: text/plain \n\nsigned  \n trailing blanks \t\n";
my $mail = <<"END";
From: "A. Person" <a\@example.org>
To: b\@example.org
Subject: =?utf-8?q?caf=C3=A9?= and
	a fold
X-Odd:    spaces   kept
MIME-Version: 1.0
Content-Type: multipart/mixed;
	boundary="out"

This is a multi-part message.
--out
Content-Type: text/plain; charset=iso-8859-15
Content-Transfer-Encoding: quoted-printable

100 =A4
--out
Content-Type: message/rfc822

Subject: middle
Content-Type: multipart/mixed; boundary=mid

--mid
Content-Type: message/rfc822

${inner}--mid--
--out
Content-Type: multipart/signed; boundary=sig; micalg=pgp-sha1;
	protocol="application/pgp-signature"

--sig
${signed}
--sig
Content-Type: application/pgp-signature

not really
--sig--
--out
Content-Type: application/x-data; name=big
Content-Transfer-Encoding: base64

$coded
--out--
END
my ($store, $id) = import_mail($mail);
ok(export_mail($store, $id) eq $mail, 'nested and large: to the byte');
my $props = properties($mail);
my $list = $props->{PR_MESSAGE_ATTACHMENTS};
is_deeply([ map { "$_->{PR_ATTACH_METHOD} $_->{PR_ATTACH_MIME_TAG}" } @$list ],
	[ '5 message/rfc822', '1 multipart/signed', '1 application/x-data' ],
	'the attachments');
my $middle = $list->[0]{PR_ATTACH_DATA_OBJ};
is($middle->{PR_SUBJECT}, 'middle', 'an embedded message');
my $innermost = $middle->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_DATA_OBJ};
is($innermost->{PR_BODY}, 'hello', 'one within it');
my $data = $innermost->{PR_MESSAGE_ATTACHMENTS}[0];
is($data->{PR_ATTACH_LONG_FILENAME}, "\x{20ac}.bin", 'its file has a name');
is($data->{PR_ATTACH_EXTENSION}, '.bin', 'and an extension');
ok(decode_base64($data->{PR_ATTACH_DATA_BIN}) eq $bytes, 'and its bytes');
like(decode_base64($list->[1]{PR_ATTACH_DATA_BIN}),
	qr/\AContent-Type: multipart.*\n--sig\n\Q$signed\E\n--sig\n/s,
	'what is signed is there to the byte');
like($props->{PR_BODY}, qr/^100 \x{20ac}\nsigned  \n/, 'and can be read');
is($node->safe_psql('postgres', "SELECT count(*) FROM msgstore.blob"),
	'2', 'large ones are blobs');

# -------------------------------------------------------------------- edits

# Another subject: only that field differs.
is(edit($store, $id, '{"PR_SUBJECT": "p\u00e2t\u00e9"}'), 'S_OK', 'an edit');
my $edited = export_mail($store, $id);
is(properties($edited)->{PR_SUBJECT}, "p\x{e2}t\x{e9}", 'another subject');
is($edited =~ s/^Subject: .*\n//mr, $mail =~ s/^Subject: .*\n\ta fold\n//mr,
	'another subject: everything else is what it was');

# Other recipients, importance, time.
edit($store, $id, '{"PR_IMPORTANCE": 2, "PR_SENSITIVITY": 2,
	"PR_CLIENT_SUBMIT_TIME": "2026-01-02T03:04:05Z",
	"PR_SENT_REPRESENTING_NAME": "Z\u00eb", "PR_MESSAGE_RECIPIENTS": [
		{"PR_RECIPIENT_TYPE": 1, "PR_DISPLAY_NAME": "C, D",
		 "PR_SMTP_ADDRESS": "c@example.org"},
		{"PR_RECIPIENT_TYPE": 2, "PR_DISPLAY_NAME": "e@example.org",
		 "PR_SMTP_ADDRESS": "e@example.org"}]}');
$edited = export_mail($store, $id);
like($edited, qr/^To: "C, D" <c\@example\.org>$/m, 'recipients: To');
like($edited, qr/^Cc: e\@example\.org$/m, 'recipients: Cc');
like($edited, qr/^Importance: high$/m, 'importance');
like($edited, qr/^Sensitivity: Private$/m, 'sensitivity');
like($edited, qr/^Date: Fri, 0?2 Jan 2026 03:04:05 /m, 'time');
like($edited, qr/^From: =\?utf-8\?\S+\?= <a\@example\.org>$/mi, 'sender');
like($edited, qr/^X-Odd:    spaces   kept$/m, 'what has no property stays');

# Another text: the parts are composed again, and all of them are there.
edit($store, $id, '{"PR_BODY": "another \u20ac text"}');
my $new = properties(export_mail($store, $id));
is($new->{PR_BODY} =~ s/\nsigned.*//sr, "another \x{20ac} text",
	'another text');
my $newlist = $new->{PR_MESSAGE_ATTACHMENTS};
is_deeply(
	[ map { $_->{PR_ATTACH_DATA_BIN} } @$newlist[ 1, 2 ] ],
	[ map { $_->{PR_ATTACH_DATA_BIN} } @$list[ 1, 2 ] ],
	'another text: signed and large attachments are the same');
is_deeply(
	$newlist->[0]{PR_ATTACH_DATA_OBJ}{PR_MESSAGE_ATTACHMENTS},
	$middle->{PR_MESSAGE_ATTACHMENTS},
	'another text: embedded messages are the same');

# HTML with its images, an attachment added, an attachment deleted.
edit($store, $id, '{"PR_HTML": "PGI+aGk8L2I+", "PR_BODY": "hi",
	"PR_MESSAGE_ATTACHMENTS": [
	{"PR_ATTACH_CONTENT_ID": "x@y", "PR_ATTACH_FLAGS": 4,
	 "PR_ATTACH_MIME_TAG": "image/gif", "PR_ATTACH_DATA_BIN": "R0lG"},
	{"PR_ATTACH_LONG_FILENAME": "na\u00efve \"name\".txt",
	 "PR_ATTACH_MIME_TAG": "text/plain", "PR_ATTACH_DATA_BIN": "YWJj"}]}');
$edited = export_mail($store, $id);
like($edited, qr{multipart/mixed.*multipart/alternative.*text/plain
	.*multipart/related.*text/html.*image/gif.*text/plain}sx,
	'a structure for what is there');
$new = properties($edited);
is(decode_base64($new->{PR_HTML}), '<b>hi</b>', 'HTML');
is($new->{PR_BODY}, 'hi', 'and text');
is_deeply(
	[ map { [ @$_{qw(PR_ATTACH_CONTENT_ID PR_ATTACH_LONG_FILENAME
			PR_ATTACH_FLAGS PR_ATTACH_DATA_BIN)} ] }
		  @{ $new->{PR_MESSAGE_ATTACHMENTS} } ],
	[ [ 'x@y', undef, 4, 'R0lG' ],
		[ undef, "na\x{ef}ve \"name\".txt", undef, 'YWJj' ] ],
	'and attachments');

# Signed mail whose text is edited: nothing is lost, and nothing claims to be signed.
my $clear = <<"END";
From: a\@example.org
Subject: signed
Content-Type: multipart/signed; boundary=s; protocol="application/x"

--s
Content-Type: text/plain

I agree.
--s
Content-Type: application/x

(signature)
--s--
END
($store, $id) = import_mail($clear);
is(properties($clear)->{PR_MESSAGE_CLASS}, 'IPM.Note.SMIME.MultipartSigned',
	'signed: its class');
edit($store, $id, '{"PR_BODY": "I do not agree."}');
$edited = export_mail($store, $id);
like($edited, qr/multipart\/mixed.*I do not agree\..*multipart\/signed.*I agree/s,
	'signed: another text stands outside of it');
($store, $id) = import_mail($clear, '--no-original');
is( export_mail($store, $id) =~ s/^MIME-Version.*\n//mr,
	$clear, 'signed: without the original it is what was signed');

# A message that was never mail.
$id = $node->safe_psql('postgres', q{
	SELECT message_id FROM msgstore.save_new_message(1,
		msgstore.special_folder(1, 'Drafts'),
		'{"PR_SUBJECT": "written here", "PR_BODY": "text\n",
		  "PR_SENDER_NAME": "Me", "PR_SENDER_EMAIL_ADDRESS": "me@example.org",
		  "PR_MESSAGE_RECIPIENTS": [{"PR_RECIPIENT_TYPE": 3,
		  "PR_DISPLAY_NAME": "B", "PR_SMTP_ADDRESS": "b@example.org"}]}')});
is( export_mail('mail', $id),
	"MIME-Version: 1.0\r\nFrom: Me <me\@example.org>\r\n"
	  . "Bcc: B <b\@example.org>\r\nSubject: written here\r\n"
	  . "Content-Type: text/plain; charset=utf-8\r\n\r\ntext\r\n",
	'a message that was never mail');

# The value of a property cannot begin a header field.
my $hostile = 'x\r\nX-Injected: yes\r\n\r\nbody';
my $all = join ', ', map { qq("$_": "$hostile") } qw(PR_SUBJECT PR_SENDER_NAME
  PR_SENDER_EMAIL_ADDRESS PR_INTERNET_MESSAGE_ID PR_INTERNET_ORGANIZATION);
my $names = join ', ', map { qq("$_": "$hostile") } qw(PR_ATTACH_LONG_FILENAME
  PR_ATTACH_MIME_TAG PR_ATTACH_CONTENT_ID PR_ATTACH_CONTENT_LOCATION
  PidTagTextAttachmentCharset);
write_file('hostile', qq({"properties": {$all, "PR_MESSAGE_RECIPIENTS": [
	{"PR_RECIPIENT_TYPE": 1, "PR_DISPLAY_NAME": "$hostile",
	 "PR_SMTP_ADDRESS": "$hostile"}], "PR_MESSAGE_ATTACHMENTS": [
	{$names, "PR_ATTACH_DATA_BIN": "YWJj"}]}}) =~ s/\n//gr . "\n");
msgstore('export', '--lines', "$dir/hostile", "$dir/hostile.out");
$edited = read_file("$dir/hostile.out/1.eml");
like($edited, qr/X-Injected/, 'line ends in properties: they are there');
unlike($edited, qr/^X-Injected/m, 'line ends in properties: harmless');

# A report without content.
($store, $id) = import_mail(<<"END");
Subject: report
Content-Type: multipart/report; report-type=delivery-status; boundary=r

--r

It failed.
--r
Content-Type: message/delivery-status

--r--
END
is($node->safe_psql('postgres', "SELECT message_class
		FROM msgstore.message_list WHERE message_id = $id AND store_id =
		(SELECT max(store_id) FROM msgstore.store_list)"),
	'REPORT.IPM.Note.NDR', 'a report without a word');

# A folder's name may be longer than a directory's.
msgstore('import', '-s', 'long', '-f', "x\xe2\x82\xac" x 100,
	"$samples/02-plain.eml");
($code, $out, $err) = msgstore('export', '-s', 'long', "$dir/long");
is($code, 0, 'a long name of a folder: exit code 0');
my ($long) = map { s{.*/}{}r } glob "$dir/long/*";
is($long, "x\xe2\x82\xac" x 62 . 'x',
	'a long name of a folder: cut between characters');

# ------------------------------------------------- lines instead of a store

my $lines = write_file('lines', qq({"properties": {"PR_SUBJECT": "a"}}\nno\n));
($code, $out, $err) = msgstore('export', '--lines', $lines, "$dir/lines.out");
is($code, 1, 'a line that is none: exit code 1');
like($err, qr/line 2 .* is not a message/, 'a line that is none: says so');
like(read_file("$dir/lines.out/1.eml"), qr/^Subject: a\r$/m, 'the other is');

# ------------------------------------------------------------------- corpus

my $python = `command -v python3 2>/dev/null`;
chomp $python;

# The comparison of mail finds a difference.
SKIP:
{
	skip 'no python3', 3 unless $python;
	(undef, $out) = msgstore('import', '--dry-run', "$dir/store1.eml");
	my $one = write_file('one', $out);
	msgstore('export', '--lines', $one, "$dir/one.out");
	my $compared = `$python $diff $one $dir/one.out`;
	is($compared, "1 of 1 equal, 1 of them to the byte\n", 'alike: equal');
	my $text = read_file("$dir/one.out/1.eml");
	write_file('one.out/1.eml', $text =~ s/not really/nor really/r);
	$compared = `$python $diff $one $dir/one.out`;
	like($compared, qr/^0 of 1 equal/m, 'a byte of a part: noticed');
	write_file('one.out/1.eml', $text =~ s/signed  \n/signed \n/r);
	$compared = `$python $diff $one $dir/one.out`;
	like($compared, qr/: what is signed$/m, 'a blank that is signed: noticed');
}

SKIP:
{
	skip 'no corpus: set MSGSTORE_CORPUS', 3 unless -d "$corpus/messages";
	skip 'no python3', 3 unless $python;
	(undef, $out) = msgstore('import', '--dry-run', "$corpus/messages");
	my $all = write_file('all', $out);
	msgstore('import', '-s', 'corpus', '-f', 'All', "$corpus/messages");
	($code, $out, $err) = msgstore('export', '-s', 'corpus', "$dir/corpus");
	is($code, 0, 'the corpus: exit code 0');
	my $n = 0;
	rename "$dir/corpus/All/$_", "$dir/corpus/" . ++$n . '.eml'
	  foreach sort { $a <=> $b } map { s{.*/}{}r } glob "$dir/corpus/All/*";
	my $compared = `$python $diff $all $dir/corpus`;
	my ($total, $exact) =
	  $compared =~ /^\d+ of (\d+) equal, (\d+) of them to the byte/m;
	note($compared);
	cmp_ok($total, '>', 0, 'the corpus: compared');
	is($exact, $total, 'the corpus: all of it is what it was, to the byte');
}

$node->stop;
done_testing();
