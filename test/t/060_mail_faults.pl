# Mail that is not quite what the standards say is read as its sender meant it:
# each kind of fault, and three more of its kin.
#
# The mail of each kind with which other products have failed is no part of the
# project.  Its directory is MSGSTORE_FAULTS, or a default beside the project.
use strict;
use warnings;
use utf8;
use Encode qw(encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);
use MsgstoreClient;
use Test::More;

my $json = JSON::PP->new->utf8->canonical;
my ($code, $out, $err);

# The properties of a mail; sets $err to the report.
sub properties
{
	my ($mail) = @_;

	$mail = encode('UTF-8', $mail) if utf8::is_utf8($mail);
	($code, $out, $err) =
	  msgstore('import', '--dry-run', write_file('mail.eml', $mail));
	return $code ? {} : $json->decode($out)->{properties};
}

# The people of a list of recipients, as "type name <address>".
sub people
{
	my ($props) = @_;

	return [
		map {
			"$_->{PR_RECIPIENT_TYPE} $_->{PR_DISPLAY_NAME}"
			  . ($_->{PR_SMTP_ADDRESS} ? " <$_->{PR_SMTP_ADDRESS}>" : '')
		} @{ $props->{PR_MESSAGE_RECIPIENTS} // [] }
	];
}

# The recipients in a field To.
sub to
{
	my ($value) = @_;

	return people(properties("From: a\@example.org\nTo: $value\n\nx\n"));
}

# A message with one part beside its text.
sub with_part
{
	my ($fields, $body) = @_;

	return "Subject: x\nContent-Type: multipart/mixed; boundary=cut\n\n"
	  . "--cut\nContent-Type: text/plain\n\ntext\n"
	  . "--cut\n$fields\n$body\n--cut--\n";
}

# The first attachment of a message.
sub attachment
{
	my ($mail) = @_;

	return properties($mail)->{PR_MESSAGE_ATTACHMENTS}[0] // {};
}

# -------------------------------------------------------------- addresses

# dots in local parts, which RFC 5321 has nowhere but between characters
is_deeply(
	to("first\@example.org, two..dots\@example.org, last\@example.org\n"
		  . 'Cc: Carl <ends.with.dot.@example.org>'),
	[
		'1 first@example.org <first@example.org>',
		'1 two..dots@example.org <two..dots@example.org>',
		'1 last@example.org <last@example.org>',
		'2 Carl <ends.with.dot.@example.org>'
	],
	'dots: beside readable addresses');
is_deeply(to('.begins@example.org'),
	['1 .begins@example.org <.begins@example.org>'], 'dots: at the start');
is_deeply(to('"Q, R" <..@example.org>, x@example.org'),
	[ '1 Q, R <..@example.org>', '1 x@example.org <x@example.org>' ],
	'dots: alone, behind a name with a comma');
is_deeply(
	to('Team: a..b@example.org, c@example.org;, d@example.org'),
	[
		'1 a..b@example.org <a..b@example.org>',
		'1 c@example.org <c@example.org>',
		'1 d@example.org <d@example.org>'
	],
	'dots: in a group');
my $props = properties("From: dots..in\@example.org\n\nx\n");
is($props->{PR_SENDER_SMTP_ADDRESS}, 'dots..in@example.org',
	'dots: of a sender');

# all of them are there after another one was added
$props = properties("From: a\@example.org\nTo: b\@example.org, "
	  . "two..dots\@example.org\n\nx\n");
push @{ $props->{PR_MESSAGE_RECIPIENTS} },
  { PR_RECIPIENT_TYPE => 1, PR_DISPLAY_NAME => 'New',
	PR_SMTP_ADDRESS => 'new@example.org' };
msgstore('export', '--lines',
	write_file('lines', $json->encode({ properties => $props }) . "\n"), "$dir/out");
is(read_file("$dir/out/1.eml"),
	"From: a\@example.org\nTo: b\@example.org, two..dots\@example.org, "
	  . "New <new\@example.org>\n\nx\n",
	'dots: all recipients are exported when one was added');

# semicolons between recipients
is_deeply(
	to('bob@example.org; carl@example.org; "Dora, Ed" <dora@example.org>'),
	[
		'1 bob@example.org <bob@example.org>',
		'1 carl@example.org <carl@example.org>',
		'1 Dora, Ed <dora@example.org>'
	],
	'semicolons');
is_deeply(to('Bob <bob@example.org>;'), ['1 Bob <bob@example.org>'],
	'semicolons: at the end');
is_deeply(to('a@example.org, b@example.org; c@example.org'),
	[ map { "1 $_\@example.org <$_\@example.org>" } qw(a b c) ],
	'semicolons: among commas');
is_deeply(to('One: a@example.org; b@example.org;; c@example.org'),
	[ map { "1 $_\@example.org <$_\@example.org>" } qw(a b c) ],
	'semicolons: behind a group');

# somebody without an address
$props = properties("From: Mail Delivery System <>\nTo: b\@example.org\n\nx\n");
is($props->{$_}, 'Mail Delivery System', "no address: $_")
  foreach qw(PR_SENDER_NAME PR_SENT_REPRESENTING_NAME);
ok(!exists $props->{PR_SENDER_SMTP_ADDRESS}, 'no address: none is made up');
like($err, qr/1  people without an address: kept by their names/,
	'no address: counted');
is_deeply(to('Somebody <>, b@example.org'),
	[ '1 Somebody', '1 b@example.org <b@example.org>' ],
	'no address: of a recipient');
is_deeply(to('"Nobody, really" < >'), ['1 Nobody, really'],
	'no address: a blank');
is_deeply(to('<see the list below>, b@example.org'),
	[ '1 see the list below', '1 b@example.org <b@example.org>' ],
	'no address: a text where it should be');
is_deeply(to('undisclosed-recipients:;'), [], 'an empty group is nobody');

# a whole address in an encoded word
is_deeply(to('=?utf-8?q?Z=C3=B6e_=3Czoe=40example=2Eorg=3E?='),
	["1 Z\x{f6}e <zoe\@example.org>"], 'an address in an encoded word');
is_deeply(to('=?utf-8?b?em9lQGV4YW1wbGUub3Jn?=, b@example.org'),
	[ '1 zoe@example.org <zoe@example.org>', '1 b@example.org <b@example.org>' ],
	'an address in an encoded word: without a name');
is_deeply(
	to('=?utf-8?q?a=40example=2Eorg=2C_b=40example=2Eorg?='),
	[ '1 a@example.org <a@example.org>', '1 b@example.org <b@example.org>' ],
	'an address in an encoded word: two of them');
is_deeply(to('=?utf-8?q?only_a_name?='), ['1 only a name'],
	'an encoded word without an address');

# addresses in another form, of which the parser finds one or none
is_deeply(to('a@example.org | b@example.org'),
	[ map { "1 $_\@example.org <$_\@example.org>" } qw(a b) ],
	'other forms: a bar between two');
is_deeply(to('Bob [mailto:bob@example.org], x@example.org'),
	[ '1 Bob <bob@example.org>', '1 x@example.org <x@example.org>' ],
	'other forms: in brackets of another kind');
is_deeply(to('<@relay.example:user@example.org>, Ann <mailto:ann@example.org>'),
	[ '1 user@example.org <user@example.org>', '1 Ann <ann@example.org>' ],
	'other forms: a route, a scheme');
is_deeply(to('Smith, Bob [Org, Inc] <b@example.org>, Roe, A, PhD <r@example.org>'),
	[ '1 Smith, Bob [Org, Inc] <b@example.org>', '1 Roe, A, PhD <r@example.org>' ],
	'other forms: commas in a name without quotes');
is_deeply(to('a, Team: b@example.org;, c@example.org'),
	[ '1 a <a>', map { "1 $_\@example.org <$_\@example.org>" } qw(b c) ],
	'other forms: a word before a group');
is_deeply(to('"Only a name", b@example.org'),
	[ '1 Only a name', '1 b@example.org <b@example.org>' ],
	'other forms: a quoted name is no address');
is_deeply(to('Bob <bob@example.org> (bob@home), =?utf-8?q?Z=C3=B6?= <z@example.org>'),
	[ '1 Bob <bob@example.org>', "1 Z\x{f6} <z\@example.org>" ],
	'other forms: a comment with an address is a comment');

# -------------------------------------------------------------- charsets

# the rows of code page 932, and charsets by the names that they have elsewhere
foreach my $case (
	[ 'cp50221', "\e\$B-!\e(I6E\e(B", '①ｶﾅ' ],
	[ 'ISO-2022-JP-MS', "\e\$B-j\e(B", '㈱' ],
	[ 'euc-jp', "\xb5\xc4\xad\xa1\xfc\xe2\x8e\xb6", '議①髙ｶ' ],
	[ 'x-euc-jp', "\xb5\xc4", '議' ],
	[ 'win-1251', "\xef", 'п' ],
	[ 'x-cp1252', "\x93", '“' ],
	[ 'iso-8859-8-e', "\xe0", 'א' ],
	[ 'iso-8859-9', "\xdd\x80", 'İ€' ],
	[ 'ISO646-US', "\xe9", 'é' ])
{
	my ($charset, $bytes, $text) = @$case;
	my $word = encode_base64($bytes, '');

	is(properties("Subject: =?$charset?B?$word?=\n\nx\n")->{PR_SUBJECT},
		$text, "charsets: $charset");
}
is( properties("Subject: \xd0\xd2\nContent-Type: multipart/mixed; boundary=b\n\n"
		  . "--b\nContent-Type: text/plain; charset=koi8-r\n\nx\n--b--\n")
	  ->{PR_SUBJECT},
	'пр', 'charsets: the bytes of a header are in that of the first part');

# rows that code page 932 adds to ISO-2022-JP
foreach my $case (
	[ "\e\$BK\\F|\e(B \e\$B-!\e(B", "本日 ①", 'row 13' ],
	[ "\e\$B-5-j\e(B", 'Ⅰ㈱', 'row 13, roman and in brackets' ],
	[ "\e\$B|b\e(B", '髙', 'rows 89 to 92' ],
	[ "\e(I6E\e(B\e\$B-!\e(B", 'ｶﾅ①', 'beside narrow kana' ])
{
	my ($bytes, $text, $what) = @$case;
	my $word = encode_base64($bytes, '');

	$props = properties("Subject: =?ISO-2022-JP?B?$word?=\n"
		  . "Content-Type: text/plain; charset=ISO-2022-JP\n\n$bytes\n");
	is($props->{PR_SUBJECT}, $text, "ISO-2022-JP, $what: a subject");
	is($props->{PR_BODY}, "$text\n", "ISO-2022-JP, $what: a text");
}

# bad pairs, and words with a wrong label
foreach my $case (
	[ "=?gb2312?b?" . encode_base64("\xc4\xe3\xff\xba\xc3", '') . '?=',
		"你\x{fffd}好", 'a bad byte between two pairs' ],
	[ "=?big5?b?" . encode_base64("\xa4\xa4\xa4", '') . '?=',
		"中\x{fffd}", 'half a pair' ],
	[ '=?iso-2022-jp?q?caf=C3=A9?=', 'café', 'UTF-8 called ISO-2022-JP' ],
	[ '=?us-ascii?q?caf=E9?=', 'café', 'Latin-1 called ASCII' ],
	[ '=?x-unknown?q?=E2=82=AC?=', '€', 'UTF-8 called something unknown' ])
{
	my ($subject, $text, $what) = @$case;

	is(properties("Subject: $subject\n\nx\n")->{PR_SUBJECT},
		$text, "charsets: $what");
}

# -------------------------------------------------------------- parameters

foreach my $case (
	[
		"filename=\"=?ISO-8859-1?B?3GJlcnNpY2h0ZW4=?=\n"
		  . "\t=?ISO-8859-1?B?X2b8cl9NYWk=?=\n\t=?ISO-8859-1?B?LnBkZg==?=\"",
		'Übersichten_für_Mai.pdf', 'three padded words'
	],
	[
		'filename="=?utf-8?b?w5w=?==?utf-8?b?YmVyLnBkZg==?="',
		'Über.pdf', 'without a blank between them'
	],
	[
		'filename=" =?utf-8?q?=C3=9Cber?= =?utf-8?q?_uns.pdf?="',
		'Über uns.pdf', 'quoted-printable, behind a blank'
	],
	[
		'filename*0="=?utf-8?b?w5w=?=";' . "\n filename*1=\"ber.pdf\"",
		'Über.pdf', 'within pieces of a parameter'
	])
{
	my ($parameter, $name, $what) = @$case;
	my $found = attachment(with_part(
			"Content-Type: application/pdf\nContent-Disposition: attachment;\n"
			  . "\t$parameter\nContent-Transfer-Encoding: base64\n",
			'JVBERi0='));

	is($found->{PR_ATTACH_LONG_FILENAME}, $name, "file names: $what");
	is($found->{PR_ATTACH_EXTENSION}, '.pdf', "file names: $what: extension");
}

# extended parameters (RFC 2231) with charsets of mail, and paths
foreach my $case (
	[ "filename*=utf-8''%C3%9Cber.pdf", 'Über.pdf', 'UTF-8' ],
	[ "filename*=utf-8''%DCber.pdf", 'Über.pdf', 'Latin-1 called UTF-8' ],
	[ "filename*=us-ascii''%C3%9Cber.pdf", 'Über.pdf', 'UTF-8 called ASCII' ],
	[ "filename*=shift_jis''%87%40.pdf", '①.pdf', 'code page 932' ],
	[ "filename*=iso-2022-jp''%1B%24B-!%1B%28B.pdf", '①.pdf', 'ISO-2022-JP' ],
	[ "filename*0*=gb2312''%C4; filename*1*=%E3.pdf", '你.pdf',
		'a character in two pieces' ],
	[ "filename*1*=ber.pdf; filename*0*=utf-8''%C3%9C", 'Über.pdf',
		'pieces that are not in order' ],
	[ "filename*0*=utf-8''%C3%9C; filename*1=\"\x{f6}ber.pdf\"", 'Üöber.pdf',
		'a piece that is not coded' ],
	[ 'filename="C:\\dir\\file.pdf"', 'C:\\dir\\file.pdf', 'a path' ],
	[ 'filename="a\\"b.pdf"', 'a"b.pdf', 'a quote' ],
	[ 'filename="never closed.pdf', 'never closed.pdf', 'a quote at the start' ])
{
	my ($parameter, $name, $what) = @$case;

	is( attachment(with_part("Content-Type: application/pdf\n"
				  . "Content-Disposition: attachment; $parameter\n", 'x'))
		  ->{PR_ATTACH_LONG_FILENAME},
		$name, "file names, RFC 2231: $what");
}

# -------------------------------------------------------------- types

foreach my $case (
	[ 'image', 'image/octet-stream' ],
	[ 'pdf', 'application/pdf' ],
	[ 'attachment', 'application/attachment' ])
{
	my ($type, $tag) = @$case;
	my $found = attachment(with_part("Content-Type: $type; name=a.pdf\n", 'x'));

	is($found->{PR_ATTACH_MIME_TAG}, $tag, "a type without a slash: $type");
	is($found->{PR_ATTACH_LONG_FILENAME}, 'a.pdf',
		"a type without a slash: $type: name");
}
is(properties("Subject: x\nContent-Type: text\n\nhello\n")->{PR_BODY},
	"hello\n", 'a type without a slash: text');
is( properties(
		"Subject: x\nContent-Type: text; charset=koi8-r\n\n\xd0\xd2\n")
	  ->{PR_BODY},
	"пр\n", 'a type without a slash: its parameters count');
is( attachment(
		"Subject: x\nContent-Type: multipart; boundary=b\n\n--b\n"
		  . "Content-Type: application/pdf; name=a.pdf\n\nx\n--b--\n")
	  ->{PR_ATTACH_LONG_FILENAME},
	'a.pdf', 'a type without a slash: multipart');
is( attachment(with_part("Content-Type: application; name=a.bin\n", 'x'))
	  ->{PR_ATTACH_MIME_TAG},
	'application/octet-stream', 'a type without a slash: application');

# a message that is nothing but a calendar, or a file
foreach my $case (
	[ 'text/calendar; method=REPLY', undef, "BEGIN:VCALENDAR\n" ],
	[ 'text/csv; name=list.csv', 'attachment; filename=list.csv', "item;1\n" ],
	[ 'text/plain', 'attachment; filename=note.txt', "a note\n" ],
	[ 'text/x-vcard', undef, "BEGIN:VCARD\n" ],
	[ 'text/html', 'ATTACHMENT; filename=page.html', "<p>\n" ])
{
	my ($type, $disposition, $body) = @$case;
	my ($tag) = $type =~ /^([^;]+)/;
	my ($name) = ($disposition // '') =~ /filename=(\S+)/;

	$props = properties("Subject: x\nContent-Type: $type\n"
		  . ($disposition ? "Content-Disposition: $disposition\n" : '')
		  . "\n$body");
	my $one = $props->{PR_MESSAGE_ATTACHMENTS}[0];
	ok(!exists $props->{PR_BODY} && !exists $props->{PR_HTML},
		"alone, $type: no body");
	is($one->{PR_ATTACH_MIME_TAG}, $tag, "alone, $type: its type");
	is($one->{PR_ATTACH_LONG_FILENAME}, $name, "alone, $type: its name");
	is(decode_base64($one->{PR_ATTACH_DATA_BIN} // ''),
		$body, "alone, $type: its bytes");
}
is(properties("Subject: x\nContent-Type: text/plain; name=a.txt\n\nhi\n")
	  ->{PR_BODY}, "hi\n", 'alone: a text with a name is the text still');

# -------------------------------------------------------------- lines

my $quoted = "Subject: x\nContent-Type: text/plain; charset=utf-8\n"
  . "Content-Transfer-Encoding: quoted-printable\n\n";
foreach my $case (
	[ "one  \ntwo=20\nthr=C3=A9e\t \n", "one\ntwo \nthrée\n", 'three lines' ],
	[ "one =\ntwo\n", 'one two' . "\n", 'a soft break' ],
	[ "one= \t\ntwo\n", 'onetwo' . "\n", 'blanks behind a soft break' ],
	[ "one \r\ntwo\t\r\n", "one\r\ntwo\r\n", 'CR LF' ],
	[ 'the end  ', 'the end', 'the end of the text' ])
{
	my ($body, $text, $what) = @$case;

	is(properties($quoted . $body)->{PR_BODY},
		$text, "blanks before a line end: $what");
}

my $mail;
my $lines = "From: Ann <ann\@example.org>\nTo: b\@example.org\nSubject: CR\n"
  . "Content-Type: multipart/mixed; boundary=cut\n\n--cut\n\none\ntwo\n--cut\n"
  . "Content-Type: application/x; name=f\nContent-Transfer-Encoding: base64\n\n"
  . "QUJD\n--cut--\n";
$props = properties($lines =~ tr/\n/\r/r);
is($props->{PR_SUBJECT}, 'CR', 'lines that end with CR: the header is read');
is($props->{PR_BODY}, "one\ntwo", 'lines that end with CR: the text');
is(decode_base64($props->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_DATA_BIN}),
	'ABC', 'lines that end with CR: the attachment');
$props = properties("Subject: CR\rTo: b\@example.org\r\rone\rtwo");
is($props->{PR_BODY}, "one\ntwo", 'lines that end with CR: no end at the end');
is(properties("Subject: a\rb\nTo: b\@example.org\n\nx\n")->{PR_BODY},
	"x\n", 'a CR among lines that end with LF: no line end');

# a line with a fold before the first field
is(properties("odd line\n its fold\nSubject: x\n\ny\n")->{PR_SUBJECT},
	'x', 'a folded line before the first field');

# text in front of the first field
foreach my $case (
	[ "\n\n", 'empty lines' ], [ " \n\t\n", 'blank lines' ],
	[ ">From a\@example.org Tue\n", 'a quoted From_ line' ],
	[ "odd: \xfe line\x{7f}\nFrom a\n", 'a From_ line behind a field' ],
	[ "odd line\nFrom a\n", 'a From_ line behind another line' ])
{
	my ($before, $what) = @$case;

	is(properties("${before}Subject: x\n\ny\n")->{PR_SUBJECT},
		'x', "before the first field: $what");
}
is(properties("Subject: x\nContent-Transfer-Encoding: \"base64\"\n\naGk=\n")
	  ->{PR_BODY}, 'hi', 'a transfer encoding in quotes');

# -------------------------------------------------------------- dates

foreach my $case (
	[ '2024-05-14T07:30:00Z', '2024-05-14T07:30:00.0000000Z' ],
	[ '2024-05-14T07:30:00+02:00', '2024-05-14T05:30:00.0000000Z' ],
	[ '2024-05-14 07:30:00 -0100', '2024-05-14T08:30:00.0000000Z' ],
	[ '2024-05-14 07:30:00.25', '2024-05-14T07:30:00.0000000Z' ],
	[ '2024-05-14', '2024-05-14T00:00:00.0000000Z' ],
	[ '2024-05-14T07:30', '2024-05-14T07:30:00.0000000Z' ],
	[ '20240514T073000Z', '2024-05-14T07:30:00.0000000Z' ],
	[ '2024-05-14 07:30 +02:00', '2024-05-14T05:30:00.0000000Z' ],
	[ 'Tue, 14 May 2024 07:30:00 +02:00', '2024-05-14T05:30:00.0000000Z' ],
	[ 'Tue, 14 May 2024 07:30:00+0200', '2024-05-14T05:30:00.0000000Z' ],
	[ 'Tue May 14 2024 07:30:00 GMT+0200 (CEST)',
		'2024-05-14T05:30:00.0000000Z' ],
	[ 'Tue, 14 May 2024 07:30:00 +0000', '2024-05-14T07:30:00.0000000Z' ])
{
	my ($date, $time) = @$case;

	is(properties("Subject: x\nDate: $date\n\nx\n")->{PR_CLIENT_SUBMIT_TIME},
		$time, "a date: $date");
}

# -------------------------------------------------------------- uuencode

my $coded = "begin 644 a file.txt\n#0V%T\n`\nend\n";
$props = properties("Subject: x\n\nbefore\n${coded}after\n");
is($props->{PR_BODY}, "before\nafter\n", 'uuencoded: gone from the text');
is($props->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_LONG_FILENAME},
	'a file.txt', 'uuencoded: its name');
is(decode_base64($props->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_DATA_BIN}),
	'Cat', 'uuencoded: its bytes');
is(scalar @{ properties("Subject: x\n\n$coded\n$coded")
		  ->{PR_MESSAGE_ATTACHMENTS} },
	2, 'uuencoded: two files');
is( decode_base64(
		attachment(with_part("Content-Type: application/x; name=f\n"
				  . "Content-Transfer-Encoding: x-uuencode\n", $coded))
		  ->{PR_ATTACH_DATA_BIN}),
	'Cat', 'uuencoded: as the transfer encoding');
is(properties("Subject: x\n\n" . ($coded =~ s/end/end /r))->{PR_BODY},
	undef, 'uuencoded: a blank at the end');
is( decode_base64(properties("Subject: x\n\nbegin 644 f\n"
			  . 'M' . 'A' x 60 . "\n`\nend\n")
		  ->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_DATA_BIN} // ''),
	unpack('u', 'M' . 'A' x 60), 'uuencoded: a whole line');
foreach my $prose (
	"begin 644 words\nand more of them\nend\n",
	"begin 644 x\n#0V%T\n",
	"begin with\nend\n")
{
	is(properties("Subject: x\n\n$prose")->{PR_BODY},
		$prose, 'uuencoded: what only looks like it stays');
}

# -------------------------------------------------------------- TNEF

# An attribute of TNEF: level, id, bytes, checksum.
sub attribute
{
	my ($level, $id, $bytes) = @_;
	my $sum = 0;

	$sum += $_ foreach unpack 'C*', $bytes;
	return pack('CVV', $level, $id, length $bytes) . $bytes
	  . pack('v', $sum & 0xFFFF);
}

# A MAPI property with bytes of any length.
sub mapi_bytes
{
	my ($tag, $bytes) = @_;

	return pack('VVV', $tag, 1, length $bytes) . $bytes
	  . "\0" x (-length($bytes) & 3);
}

my $ticks = (1715671800 + 11644473600) * 10_000_000;    # 2024-05-14 07:30
my $mapi = pack('V', 5)
  . mapi_bytes(0x001A001E, "IPM.Contact\0")
  . pack('VV', 0x00170003, 2)
  . pack('VQ<', 0x00390040, $ticks)
  . mapi_bytes(0x0070001F, encode('UTF-16LE', "Zoë\0"))
  . mapi_bytes(0x10090102, 'compressed');
my $tnef = pack('Vv', 0x223E9F78, 1)
  . attribute(1, 0x00089006, pack('V', 0x10000))
  . attribute(1, 0x00078008, "IPM.Microsoft Mail.Note\0")
  . attribute(1, 0x00069003, $mapi)
  . attribute(2, 0x00069002, "\1\0" . "\0" x 12)
  . attribute(2, 0x00018010, "first.bin\0")
  . attribute(2, 0x0006800F, "one\0two")
  . attribute(2, 0x00069002, "\1\0" . "\0" x 12)
  . attribute(2, 0x00018010, "second.txt\0")
  . attribute(2, 0x0006800F, "text");
my $winmail = "Content-Type: application/ms-tnef; name=winmail.dat\n"
  . "Content-Transfer-Encoding: base64\n";
$mail = with_part($winmail, encode_base64($tnef));
$props = properties($mail);
is($props->{PR_BODY}, 'text', 'TNEF: the text beside it');
is_deeply(
	[ map { [ $_->{PR_ATTACH_LONG_FILENAME},
				decode_base64($_->{PR_ATTACH_DATA_BIN}) ] }
		  @{ $props->{PR_MESSAGE_ATTACHMENTS} } ],
	[ [ 'first.bin', "one\0two" ], [ 'second.txt', 'text' ] ],
	'TNEF: its attachments');
is($props->{PR_MESSAGE_CLASS}, 'IPM.Contact', 'TNEF: the class');
is($props->{PR_IMPORTANCE}, 2, 'TNEF: a number');
is($props->{PR_CLIENT_SUBMIT_TIME}, '2024-05-14T07:30:00.0000000Z',
	'TNEF: a time');
is(decode_base64($props->{PR_RTF_COMPRESSED}), 'compressed', 'TNEF: RTF');
is($props->{PR_SUBJECT}, 'x', 'TNEF: the header has precedence');

# a message in TNEF, with an attachment of its own; properties with LIDs
my $task = "\x03\x20\x06\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
my $inner = pack('Vv', 0x223E9F78, 1)
  . attribute(1, 0x00089006, pack('V', 0x10000))
  . attribute(1, 0x00069003, pack('V', 4)
	  . mapi_bytes(0x0037001E, "inner\0")
	  . pack('V', 0x80010003) . $task . pack('VVV', 0, 0x8101, 2)
	  . pack('V', 0x80020005) . $task . pack('VVd<', 0, 0x8102, 0.5)
	  . pack('V', 0x8003001E) . $task
	  . pack('VV', 0, 0x811F) . pack('VV', 1, 4) . "Ann\0")
  . attribute(2, 0x00069002, "\1\0" . "\0" x 12)
  . attribute(2, 0x00018010, "in.txt\0")
  . attribute(2, 0x0006800F, "inside");
my $outer = pack('Vv', 0x223E9F78, 1)
  . attribute(1, 0x00089006, pack('V', 0x10000))
  . attribute(2, 0x00069002, "\1\0" . "\0" x 12)
  . attribute(2, 0x00018010, "inner.msg\0")
  . attribute(2, 0x00069005, pack('V', 2) . pack('VV', 0x37050003, 5)
	  . mapi_bytes(0x3701000D, "\x07\x03\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46"
		  . $inner));
my $embedded = attachment(with_part($winmail, encode_base64($outer)));
is($embedded->{PR_ATTACH_METHOD}, 5, 'TNEF: an embedded message');
is($embedded->{PR_DISPLAY_NAME}, 'inner', 'TNEF: its subject');
my $within = $embedded->{PR_ATTACH_DATA_OBJ};
is(decode_base64($within->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_DATA_BIN} // ''),
	'inside', 'TNEF: its attachment');
is($within->{PidLidTaskStatus}, 2, 'TNEF: a named number');
is($within->{PidLidPercentComplete}, 0.5, 'TNEF: a named fraction');
is($within->{PidLidTaskOwner}, 'Ann', 'TNEF: a named text');

# recipients: rows of properties, in any order, in both kinds of text
sub row
{
	my (@properties) = @_;

	return pack('V', scalar @properties) . join '', @properties;
}

my $people = attribute(1, 0x00069004, pack('V', 4)
	  . row(pack('VV', 0x0C150003, 1), mapi_bytes(0x3001001E, "Ann\0"),
		mapi_bytes(0x3002001E, "SMTP\0"),
		mapi_bytes(0x3003001E, "ann\@example.org\0"))
	  . row(mapi_bytes(0x39FE001F, encode('UTF-16LE', "zoe\@example.org\0")),
		pack('Vv4', 0x00400040, 0, 0, 0, 0), pack('VV', 0x0E0F0003, 1),
		mapi_bytes(0x3001001F, encode('UTF-16LE', "Zo\x{eb}\0")),
		pack('VV', 0x0C150003, 2))
	  . row(mapi_bytes(0x3001001E, "Nobody's address\0"),
		pack('VVVV', 0x00011003, 2, 7, 8),
		pack('V', 0x80010003) . $task . pack('VVV', 0, 0x8101, 2))
	  . row(mapi_bytes(0x3002001E, "EX\0"), mapi_bytes(0x3003001E, "/o=x\0")));
my @read = (
	'1 Ann <ann@example.org>', "2 Zo\x{eb} <zoe\@example.org>",
	"1 Nobody's address", '1 /o=x');

is_deeply(people(properties(with_part($winmail, encode_base64($tnef . $people)))),
	\@read, 'TNEF: its recipients, if the header has none');
is_deeply(
	people(properties("To: zoe\@example.org\n"
			  . with_part($winmail, encode_base64($tnef . $people)))),
	['1 zoe@example.org <zoe@example.org>'],
	'TNEF: the recipients of the header have precedence');
like($err, qr/3  recipients only in TNEF: left out/,
	'TNEF: recipients that only TNEF has are counted');
$outer = pack('Vv', 0x223E9F78, 1)
  . attribute(1, 0x00089006, pack('V', 0x10000))
  . attribute(2, 0x00069002, "\1\0" . "\0" x 12)
  . attribute(2, 0x00018010, "inner.msg\0")
  . attribute(2, 0x00069005, pack('V', 2) . pack('VV', 0x37050003, 5)
	  . mapi_bytes(0x3701000D, "\x07\x03\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46"
		  . $inner . $people));
is_deeply(
	people(attachment(with_part($winmail, encode_base64($outer)))
		  ->{PR_ATTACH_DATA_OBJ}),
	\@read, 'TNEF: the recipients of an embedded message');
foreach my $cut (1 .. 12)
{
	my $table = substr($people, 9, -2);

	$table = substr($table, 0, int(length($table) * $cut / 13));
	properties(with_part($winmail,
			encode_base64($tnef . attribute(1, 0x00069004, $table))));
	is($code, 0, "TNEF: a table of recipients that is cut off ($cut)");
}

# one attachment less: the other one is there, and TNEF is not
shift @{ $props->{PR_MESSAGE_ATTACHMENTS} };
msgstore('export', '--lines',
	write_file('lines', $json->encode({ properties => $props }) . "\n"), "$dir/out");
my $edited = properties(read_file("$dir/out/1.eml"));
is_deeply(
	[ map { $_->{PR_ATTACH_LONG_FILENAME} } @{ $edited->{PR_MESSAGE_ATTACHMENTS} } ],
	['second.txt'], 'TNEF: an attachment is taken away');

foreach my $case (
	[ substr($tnef, 0, 40), 'cut off' ],
	[ 'no TNEF', 'something else' ],
	[ pack('Vv', 0x223E9F78, 1) . "\xFF" x 100, 'nonsense' ])
{
	my ($bytes, $what) = @$case;
	my $found = attachment(with_part($winmail, encode_base64($bytes)));

	is($code, 0, "TNEF, $what: read");
	is($found->{PR_ATTACH_MIME_TAG} // 'application/ms-tnef',
		'application/ms-tnef', "TNEF, $what: attached as it is, if at all");
}

# ------------------------------------------------------- the faults themselves

# Per file: properties; then recipients, and attachments with type and bytes.
my $faults = $ENV{MSGSTORE_FAULTS}
  // "$FindBin::RealBin/../../../shared/faults";
my @bob = ('1 bob@example.org <bob@example.org>');
my %right = (
	'recipient-dots' => [ {}, [
			'1 first@example.org <first@example.org>',
			'1 two..dots@example.org <two..dots@example.org>',
			'1 last@example.org <last@example.org>',
			'2 Carl <ends.with.dot.@example.org>'
		], [] ],
	'recipients-semicolon' => [ {}, [
			@bob, '1 carl@example.org <carl@example.org>',
			'1 Dora, Ed <dora@example.org>'
		], [] ],
	'japanese-circled-digit' =>
	  [ { PR_SUBJECT => '議題①', PR_BODY => "本日の議題 ① 予算\n" }, \@bob, [] ],
	'filename-padded-words' =>
	  [ {}, \@bob, ['Übersichten_für_Mai.pdf .pdf application/pdf'] ],
	'sender-without-address' => [
		{   PR_SENDER_NAME => 'Mail Delivery System',
			PR_SENT_REPRESENTING_NAME => 'Mail Delivery System',
			PR_SENDER_SMTP_ADDRESS => undef },
		\@bob, [] ],
	'text-attachment-alone' =>
	  [ { PR_BODY => undef }, \@bob, ['list.csv .csv text/csv'] ],
	'calendar-alone' =>
	  [ { PR_BODY => undef }, \@bob, ['- - text/calendar'] ],
	'blanks-before-line-end' =>
	  [ { PR_BODY => "one\ntwo \nthrée\n" }, \@bob, [] ]);

SKIP:
{
	skip 'no faults: set MSGSTORE_FAULTS', 3 * keys %right unless -d $faults;
	foreach my $name (sort keys %right)
	{
		my ($values, $recipients, $attachments) = @{ $right{$name} };

		$props = properties(read_file("$faults/$name.eml"));
		is_deeply({ map { $_ => $props->{$_} } keys %$values },
			$values, "$name: its properties");
		is_deeply(people($props), $recipients, "$name: its recipients");
		is_deeply(
			[ map {
				my $one = $_;
				join ' ', map { $one->{$_} // '-' }
				  qw(PR_ATTACH_LONG_FILENAME PR_ATTACH_EXTENSION PR_ATTACH_MIME_TAG)
			} @{ $props->{PR_MESSAGE_ATTACHMENTS} // [] } ],
			$attachments, "$name: its attachments");
	}
}

done_testing();
