# Hostile and damaged mail: nothing in it ends the import or gets control of it, and its
# content is not lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MIME::Base64 qw(encode_base64 decode_base64);
use MsgstoreClient;
use Test::More;

my $json = JSON::PP->new->utf8->canonical;
my ($code, $out, $err);

# The properties of a mail; sets $code and $err.
sub properties
{
	my ($mail) = @_;

	($code, $out, $err) =
	  msgstore('import', '--dry-run', write_file('mail.eml', $mail));
	return $code ? {} : $json->decode($out)->{properties};
}

# The mail that properties make; sets $code and $err.
sub mail_of
{
	my ($props) = @_;

	unlink "$dir/out/1.eml";
	($code, $out, $err) = msgstore('export', '--lines',
		write_file('lines', $json->encode({ properties => $props }) . "\n"),
		"$dir/out");
	return read_file("$dir/out/1.eml") // '';
}

# Test that a mail and its properties make the mail again.
sub is_same
{
	my ($mail, $what) = @_;

	is(mail_of(properties($mail)), $mail, "$what: comes out as it was");
}

# A message of one part.
sub part
{
	my ($fields, $body) = @_;

	return "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n"
	  . "--b\n$fields\n$body\n--b--\n";
}

# The bytes of the first attachment.
sub first_data
{
	my ($props) = @_;

	return decode_base64(
		$props->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_DATA_BIN} // '');
}

# ---------------------------------------------------------------- addresses

my $props = properties('To: ' . 'a:' x 500_000 . "b\@example.org\n\nx\n");
is($code, 0, 'groups in groups: exit code 0');
is($props->{PR_BODY}, "x\n", 'groups in groups: the text is read');

$props = properties('To: ' . join(', ', map { "u$_" } 1 .. 20_000) . "\n\n");
is(scalar @{ $props->{PR_MESSAGE_RECIPIENTS} },
	20_000, 'many words without an address: all are there');

my @people = map { ("\"L, F$_\" <l$_\@example.org>", "g$_: m$_\@example.org;") }
  1 .. 2000;
$props = properties('Cc: ' . join(', ', @people) . "\n\n");
is_deeply(
	[ map { $_->{PR_DISPLAY_NAME} } @{ $props->{PR_MESSAGE_RECIPIENTS} } ],
	[ map { ("L, F$_", "m$_\@example.org") } 1 .. 2000 ],
	'a long list is cut between addresses only');

# ------------------------------------------------------------------ headers

$props = properties('Subject: a' . ' ' x 2_000_000 . "b\n\nx\n");
is(length $props->{PR_SUBJECT}, 2_000_002, 'many blanks: a long subject');

# a name with a blank before its colon is a field like others
$props = properties("Subject : old\nContent-Type : text/plain\n\nx\n");
is($props->{PR_SUBJECT}, 'old', 'a blank before the colon: read');
$props->{PR_SUBJECT} = 'new';
is(mail_of($props), "Subject: new\nContent-Type : text/plain\n\nx\n",
	'a blank before the colon: another subject is the only one');
$props = properties(part("Content-Type: text/plain\n", 'old')
	  =~ s/Content-Type:/Content-Type :/r);
$props->{PR_BODY} = 'new';
is(mail_of($props),
	"Subject: x\nContent-Type : multipart/mixed; boundary=b\n\n"
	  . "--b\nContent-Type: text/plain; charset=utf-8\n\nnew\n--b--\n",
	'a blank before the colon: another body has one type');

# line ends that were converted once too often
my $crcrlf = "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
  . "Content-Type: text/plain\nContent-Transfer-Encoding: quoted-printable\n"
  . "\nSubject: quoted\n\n=E4\n--b\n\nno header\n--b--\n";
$crcrlf =~ s/\n/\r\r\n/g;
$props = properties($crcrlf);
is($props->{PR_SUBJECT}, 'x', 'CR CR LF: a subject without them');
is($props->{PR_BODY} =~ s/\r//gr, "Subject: quoted\n\n\x{e4}\nno header",
	'CR CR LF: the texts, and no header field');
is_deeply(properties(mail_of($props))->{PR_BODY},
	$props->{PR_BODY}, 'CR CR LF: the same texts again');

# without an empty line, the look of the text decides if it is a header
is_same(
	part("Content-Transfer-Encoding: quoted-printable\n--x=3D\n=41=\n",
		"b=3Dc=\n"),
	'no empty line before a text');

# ------------------------------------------------------------------- base64

my $fields = "Content-Type: application/x\nContent-Transfer-Encoding: base64\n";
foreach my $data (
	[ "QUJD\nREU", 'ABCDE', 'no padding at the end' ],
	[ "QUJD\nRA", 'ABCD', 'no padding at the end, one byte' ],
	[ "QUI=\nQUJD\n", 'ABABC', 'padding in between' ],
	[ "=\nQUJD\n=", 'ABC', 'padding of nothing' ],
	[ "QUJD!REVG", 'ABCDEF', 'other characters in between' ],
	[ "QUI=\n-- \nA footer.", 'AB', 'a footer' ])
{
	my ($coded, $bytes, $what) = @$data;

	is(first_data(properties(part($fields, $coded))), $bytes,
		"base64, $what: read");
	is_same(part($fields, $coded), "base64, $what");
	is_same(part($fields =~ s/application/text/r, $coded),
		"base64 of a text, $what");
}

# large ones, whose base64 is encoded again, with all of their content
my $bytes = 'lots of it ' x 10_000;
my $coded = encode_base64($bytes);
my $footed = part($fields, "$coded\n-- \nA footer, as lists have it.\n");
is(first_data(properties($footed)), $bytes, 'a footer behind a large part');
is_same($footed, 'a footer behind a large part');
$coded =~ s/=+\n\z//;
is(first_data(properties(part($fields, $coded))),
	$bytes, 'a large part without padding');

# ------------------------------------------------------------------- others

# a multipart in a multipart without a part
my $lost = part("Content-Type: multipart/alternative; boundary=none\n",
	"nowhere else\n" x 10_000);
$props = properties($lost);
like(first_data($props), qr/^nowhere else$/m, 'no part inside: attached');
is($props->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_LONG_FILENAME},
	undef, 'no part inside: not called signed');
is_same($lost, 'no part inside');
delete $props->{PR_INTERNET_CONTENT};
like(mail_of($props), qr/\n--\S+\nContent-Type: multipart.*\n\nnowhere else/,
	'no part inside: put together anew');

# characters beyond Unicode
my $ucs4 = "Subject: x\nContent-Type: text/plain; charset=ucs-4\n\n"
  . pack 'N*', 65, 0x200000, 66, 0x7fffffff, 67;
$props = properties($ucs4);
like($props->{PR_BODY}, qr/\AA\x{fffd}+B\x{fffd}+C\z/, 'no Unicode: replaced');
like($err, qr/mean nothing in their charset/, 'no Unicode: counted');
is_same($ucs4, 'no Unicode');

# messages in messages, plain and encoded, up to the limit
my $inner = "Subject: innermost\n\nhello\n";
foreach my $level (1 .. 60)
{
	$inner =
	  $level % 20
	  ? "Subject: $level\nContent-Type: message/rfc822\n\n$inner"
	  : "Subject: $level\nContent-Type: message/rfc822\n"
	  . "Content-Transfer-Encoding: base64\n\n" . encode_base64($inner);
}
$props = properties($inner);
my $depth = 0;
for (my $at = $props; $at; $depth++)
{
	$props = $at;
	$at = $at->{PR_MESSAGE_ATTACHMENTS}[0]{PR_ATTACH_DATA_OBJ};
}
is("$depth $props->{PR_BODY}", "61 hello\n", 'messages in messages');
is_same($inner, 'messages in messages');

# -------------------------------------------------------------------- files

# a file or link in the way is replaced, not written to
$props = properties("Subject: x\n\nx\n");
write_file('victim', 'precious');
unlink "$dir/out/1.eml";
symlink("$dir/victim", "$dir/out/1.eml.part") or die;
is(mail_of($props), "Subject: x\n\nx\n", 'a link in the way: exported');
is(read_file("$dir/victim"), 'precious', 'a link in the way: not followed');
ok(!-l "$dir/out/1.eml", 'a link in the way: gone');

($code, $out, $err) = msgstore('export', '--lines', $dir, "$dir/out");
is($code, 2, 'lines that cannot be read: exit code 2');
like($err, qr/could not read ".*": Is a directory/,
	'lines that cannot be read: says so');

# a disk that is full
mail_of(properties("Subject: x\n\n" . 'x' x 100_000));
unlink "$dir/out/1.eml";
($code, $out, $err) = run_program('sh', '-c',
	q{trap '' XFSZ; ulimit -f 1; exec msgstore export --lines "$0" "$1"},
	"$dir/lines", "$dir/out");
is($code, 2, 'no room for a file: exit code 2');
like($err, qr/could not write "\S*1\.eml"/, 'no room for a file: says so');
is_deeply([ glob "$dir/out/*" ], [], 'no room for a file: nothing is left');
SKIP:
{
	skip 'no /dev/full', 4 unless -e '/dev/full';
	foreach my $args (
		'import --dry-run "$0/mail.eml"',
		'export --lines "$0/lines" -')
	{
		($code, $out, $err) =
		  run_program('sh', '-c', "exec msgstore $args >/dev/full", $dir);
		is($code, 2, "no room for $args: exit code 2");
		like($err, qr/could not write: No space left/,
			"no room for $args: says so");
	}
}

done_testing();
