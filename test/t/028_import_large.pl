# "msgstore import" stores mail with large parts in pieces: the message is the one that
# a single call would have stored, and is exported as it was; a failed import leaves
# nothing.
use strict;
use warnings;
use Encode qw(encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $json = JSON::PP->new->utf8->canonical;
my $node = client_node('import_large');

# A text of so many bytes in a charset, in lines.
sub text
{
	my ($size, $charset) = @_;
	my $line = encode($charset, "caf\x{e9} \x{e0} la carte, 100 pages\n");

	return $line x ($size / length($line));
}

# Bytes that are no text.
sub bytes
{
	my ($size) = @_;
	my $some = join '', map { chr(($_ * $_ + $_ / 7) % 256) } 1 .. 10_007;

	return substr($some x ($size / 10_007 + 1), 0, $size);
}

# A part, and a multipart.
sub part
{
	my ($type, $content) = @_;

	return "Content-Type: $type\n\n$content";
}

sub attachment
{
	my ($name, $size) = @_;

	return "Content-Type: application/x-data; name=$name\n"
	  . "Content-Transfer-Encoding: base64\n\n"
	  . encode_base64(bytes($size));
}

sub multipart
{
	my ($subtype, $boundary, @parts) = @_;

	return part("multipart/$subtype; boundary=$boundary",
		join('', map { "--$boundary\n$_\n" } @parts) . "--$boundary--\n");
}

my $large = 1_100_000;
my $latin = 'text/plain; charset=iso-8859-1';
my $html = 'text/html; charset=utf-8';
my $innermost = "Subject: innermost\n"
  . multipart('mixed', 'in', part($latin, 'short'),
	attachment('inner.bin', 900_000));
my $inner = "From: B <b\@example.org>\nSubject: inner\n"
  . multipart(
	'mixed', 'mid',
	multipart(
		'alternative', 'midalt',
		part($latin, text($large, 'iso-8859-1')),
		part($html, '<p>short</p>')),
	attachment('small.bin', 300),
	attachment('middle.bin', 100_000),
	part('message/rfc822', $innermost));
my $mail = "From: A <a\@example.org>\nTo: C <c\@example.org>\nSubject: large\n"
  . multipart(
	'mixed', 'out',
	multipart(
		'alternative', 'outalt',
		part($latin, text($large, 'iso-8859-1')),
		part($html, text($large, 'utf-8'))),
	attachment('small.bin', 3_000),
	part('message/rfc822', "Subject: untouched\n\nshort"),
	attachment('large.bin', 1_200_000),
	part('message/rfc822', $inner),
	attachment('middle.bin', 100_000));

# ----------------------------------------------------------- as in one call

my $path = write_file('large.eml', $mail);
my ($code, $out, $err) = msgstore('import', '-s', 'large', $path);
is($code, 0, 'imported: exit code 0');
is($err, '', 'imported: no error');
like($out, qr/^1 imported, 0 refused$/m, 'imported: says so');
($code, $out, $err) = msgstore('export', '-s', 'large', '-m', 1, '-');
ok($out eq $mail, 'exported again it is what it was, to the byte');

# Import a mail by one statement.
(undef, $out) = msgstore('import', '--dry-run', '--no-original', $path);
IPC::Run::run([ 'psql', '-XqAt', '-v', 'ON_ERROR_STOP=1' ],
	'<', \"SELECT result FROM msgstore.save_new_message(1,
		msgstore.special_folder(1, 'Inbox'),
		\$json\$$out\$json\$::jsonb->'properties');\n",
	'>', \my $stored);
is($stored, "S_OK\n", 'one call stores it, too');

# Return a value with everything long replaced by its size.
sub sized
{
	my ($name, $value) = @_;

	if (ref $value eq 'HASH')
	{
		return "$value->{size} bytes" if exists $value->{blob};
		# the size of objects that hold values or references differs
		my %rest = %$value;
		delete $rest{PR_ATTACH_SIZE} if exists $rest{PR_ATTACH_DATA_OBJ};
		# the times and random keys of two imports differ
		delete @rest{qw(PR_CREATION_TIME PR_LAST_MODIFICATION_TIME
			  PR_SEARCH_KEY PR_RECORD_KEY)};
		return { map { $_ => sized($_, $rest{$_}) } keys %rest };
	}
	return [ map { sized('', $_) } @$value ] if ref $value eq 'ARRAY';
	return $value if ref $value || length($value // '') < 8000;
	return length(MIME::Base64::decode_base64($value)) . ' bytes'
	  if $name =~ /^(PR_HTML|PR_ATTACH_DATA_BIN)$/;
	return length(Encode::encode_utf8($value)) . ' bytes';
}

sub message
{
	my ($id) = @_;
	my $message = $json->decode($node->safe_psql('postgres',
			"SELECT msgstore.read_message(1, $id)"));

	# properties that differ in every message, and sizes of the whole
	delete @$message{
		qw(PR_ENTRYID PR_SEARCH_KEY PR_SOURCE_KEY PR_CHANGE_KEY
		  PR_PREDECESSOR_CHANGE_LIST PR_CREATION_TIME
		  PR_LAST_MODIFICATION_TIME PR_LOCAL_COMMIT_TIME
		  PidTagChangeNumber PR_RECORD_KEY PidTagMid PR_MESSAGE_SIZE
		  PR_MESSAGE_SIZE_EXTENDED)};
	return $message;
}

my ($by_pieces, $in_one) = (message(1), message(2));
is_deeply(sized('', $by_pieces), sized('', $in_one),
	'what is stored is the same');
ok(exists $by_pieces->{PR_BODY}{blob} && exists $by_pieces->{PR_HTML}{blob},
	'both bodies are blobs');
is_deeply(
	[ map { $_->{PR_ATTACH_NUM} } @{ $by_pieces->{PR_MESSAGE_ATTACHMENTS} } ],
	[ 0 .. 4 ],
	'attachments are in their order');
is( $node->safe_psql('postgres', q{
	SELECT string_agg(kind, ' ') FROM msgstore.history(1, 1)}),
	'create', 'it was saved once');
is( $node->safe_psql('postgres', q{
	SELECT count(*) FROM msgstore.blob WHERE NOT sealed}),
	'0', 'every blob is of a version');

# ------------------------------------------------------- of what is refused

# With a unique index the server refuses a message after all of its parts are there.
my $blobs = 'SELECT count(*), sum(size) FROM msgstore.blob';
my $before = $node->safe_psql('postgres', $blobs);
$node->safe_psql('postgres',
	"CREATE UNIQUE INDEX ON msgstore.message ((props->>'PR_SUBJECT'))
		WHERE store_id = 2");
mkdir "$dir/batch" or die;
my @subjects = (qw(a b a c));
foreach my $i (0 .. $#subjects)
{
	my $attachment = $i == 3 ? '' : attachment('large.bin', 1_200_000);

	write_file("batch/$i",
		"Subject: $subjects[$i]\n" . multipart('mixed', 'x', $attachment));
}
($code, $out, $err) = msgstore('import', '-s', 'refused', "$dir/batch");
is($code, 1, 'one is refused: exit code 1');
like($out, qr/^3 imported, 1 refused$/m, 'the others are imported');
like($out, qr{/batch/2:1: .*unique constraint.*SQLSTATE 23505}m,
	'it is named, with the reason');
$node->safe_psql('postgres', 'DROP INDEX msgstore.message_expr_idx');
is( $node->safe_psql('postgres', q{
	SELECT string_agg(subject, ' ' ORDER BY message_id)
	FROM msgstore.message_list WHERE store_id = 2}),
	'a b c', 'what is stored is what it says');
my ($count, $bytes) = split /\|/, $before;
is( $node->safe_psql('postgres', $blobs),
	join('|', $count + 2, $bytes + 2 * 1_200_000),
	'nothing is left of what was refused');

# A lock timeout at the save ends the import.
my $holder = $node->background_psql('postgres');
$holder->query_safe(
	'BEGIN; SELECT name FROM msgstore.folder WHERE store_id = 2 FOR UPDATE');
$before = $node->safe_psql('postgres', $blobs);
{
	local $ENV{PGOPTIONS} = '-c lock_timeout=200ms';

	($code, $out, $err) = msgstore('import', '-s', 'refused', $path);
}
is($code, 2, 'an error that is not about the message: exit code 2');
like($err, qr/lock timeout/, 'an error: says so');
like($out, qr/^0 imported, 0 refused$/m, 'an error: nothing is imported');
$holder->quit;
is($node->safe_psql('postgres', $blobs),
	$before, 'an error: nothing is left of the message');

$node->stop;
done_testing();
