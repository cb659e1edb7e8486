# "msgstore export" writes values that the server holds as blobs completely: bodies,
# headers and names, in messages, attachments and embedded messages.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use Encode qw(encode_utf8);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use JSON::PP;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $python = `command -v python3 2>/dev/null`;
chomp $python;
plan skip_all => 'no python3' unless $python;

my $node = client_node('export_large');

# Read a mail with an independent reader: the header fields, and type, content and
# location of each part in order, at full length.
my $reader = "$dir/reader.py";
append_to_file($reader, <<'END');
import email, email.policy, hashlib, json, sys
def described(text):
    data = text.encode('utf-8') if isinstance(text, str) else text
    return '%d %s' % (len(data), hashlib.md5(data).hexdigest())
message = email.message_from_binary_file(open(sys.argv[1], 'rb'),
                                         policy=email.policy.default)
parts = []
for part in message.walk():
    if part.is_multipart():
        continue
    content = part.get_content()
    if isinstance(content, str):    # lines end as those of a text do
        content = content.replace('\r\n', '\n').rstrip('\n')
    parts.append([part.get_content_type(), described(content),
                  described(dict(part.raw_items()).get('Content-Location', ''))])
print(json.dumps({'subject': message['Subject'], 'parts': parts,
                  'fields': len(message.get_all('X-Trace', [])),
                  'subjects': [p['Subject'] for p in message.walk()
                               if p['Subject'] is not None]}))
END

sub described
{
	my ($data) = @_;

	return length($data) . ' ' . md5_hex($data);
}

# Export a message and let the reader read it.
sub exported
{
	my ($id) = @_;
	my ($mail, $err) = ('', '');

	IPC::Run::run([ 'msgstore', 'export', '-s', 'large', '-m', $id, '-' ],
		'<', \undef, '>', "$dir/$id.eml", '2>', \$err)
	  or die $err;
	return JSON::PP->new->utf8->decode(scalar `$python $reader $dir/$id.eml`);
}

# Texts of 1.5 MB, equal here and on the server; characters of one, two, three and
# four bytes.
my $line = "caf\x{e9} 100 \x{20ac} \x{1f4e8} and so on\n";
my $count = int(1_500_000 / length(encode_utf8($line))) + 1;
$node->safe_psql('postgres', <<"END");
CREATE FUNCTION line() RETURNS bytea LANGUAGE sql IMMUTABLE AS
	\$\$SELECT convert_to(E'caf\\u00e9 100 \\u20ac \\U0001f4e8 and so on\\n', 'UTF8')\$\$;
-- write a value in pieces of whole lines
CREATE FUNCTION write_lines(handle integer, property text, line bytea, n integer)
	RETURNS bigint LANGUAGE sql AS \$\$
	SELECT max(msgstore.write_stream(handle, property, i * 1000 * length(line),
		(SELECT string_agg(line, '') FROM generate_series(1, least(1000, n - i * 1000)))))
	FROM generate_series(0, (n - 1) / 1000) i\$\$;
SELECT msgstore.create_store('large');
END

# Make a message by a statement about its handle, $h; returns its id.
sub make_message
{
	my ($do) = @_;

	return $node->safe_psql('postgres', <<"END");
CREATE TEMP TABLE made AS SELECT msgstore.create_message(store_id,
	msgstore.special_folder(store_id, 'Inbox')) AS h FROM msgstore.store_list;
$do
SELECT msgstore.message_id(h) FROM made, msgstore.save_changes(h);
END
}

# Return the last line of the output of statements.
sub last_line
{
	return (split /\n/, $_[0])[-1];
}

# Test that the server holds the property as a blob.
sub is_blob
{
	my ($id, $path, $size) = @_;

	is( $node->safe_psql('postgres', "SELECT msgstore.read_message(store_id, $id)
			#>> '{$path,size}' FROM msgstore.store_list"),
		$size, "$path is a blob");
}

my $text = encode_utf8($line x $count);
my $size = length($text);
my $body = $text =~ s/\n\z//r;

# A text.
my $id = last_line(make_message(<<"END"));
SELECT msgstore.set_props(h, '{"PR_SUBJECT": "large text"}') FROM made;
SELECT write_lines(h, 'PR_BODY', line(), $count) FROM made;
END
is_blob($id, 'PR_BODY', $size);
my $got = exported($id);
is($got->{subject}, 'large text', 'a text: subject');
is_deeply($got->{parts}, [ [ 'text/plain', described($body), described('') ] ],
	'a text: the whole of it');

# HTML.
$id = last_line(make_message(<<"END"));
SELECT write_lines(h, 'PR_HTML', '<p>'::bytea || line(), $count) FROM made;
END
is_blob($id, 'PR_HTML', $size + 3 * $count);
my $html = $text =~ s/^/<p>/gmr;
is_deeply(exported($id)->{parts},
	[ [ 'text/html', described($html =~ s/\n\z//r), described('') ] ],
	'HTML: the whole of it');

# Transport headers, of an imported mail that is a reply to everything.
my $fields = 10_000;
append_to_file("$dir/headers.eml",
		"Subject: large header\n"
	  . join('', map { "X-Trace: by way of host number $_ " . 'x' x 90 . "\n" } 1 .. $fields)
	  . "\ntext\n");
system_or_bail('msgstore', 'import', '-s', 'large', "$dir/headers.eml");
$id = $node->safe_psql('postgres', q{SELECT message_id
	FROM msgstore.message_list WHERE subject = 'large header'});
$size = length(slurp_file("$dir/headers.eml")) - length("\ntext\n");
# set again by a stream, to an equal value
$node->safe_psql('postgres', <<"END");
CREATE TEMP TABLE made AS SELECT msgstore.open_message(store_id, $id, 1) AS h
	FROM msgstore.store_list;
SELECT msgstore.write_stream(h, 'PR_TRANSPORT_MESSAGE_HEADERS', 0, 'S'), msgstore.save_changes(h)
	FROM made;
END
is_blob($id, 'PR_TRANSPORT_MESSAGE_HEADERS', $size);
$got = exported($id);
is($got->{subject}, 'large header', 'headers: subject');
is($got->{fields}, $fields, 'headers: all fields');
ok(slurp_file("$dir/$id.eml") eq slurp_file("$dir/headers.eml"),
	'headers: the mail is what it was, to the byte');

# A message within a message within a message, each with a large value, and an
# attachment with a large location, beside small ones.
$id = last_line(make_message(<<"END"));
SELECT msgstore.set_props(h, '{"PR_SUBJECT": "outer", "PR_BODY": "short"}') FROM made;
ALTER TABLE made ADD a int, ADD m int, ADD b int, ADD n int, ADD c int;
UPDATE made SET c = msgstore.create_attachment(h);
SELECT msgstore.set_props(c, '{"PR_ATTACH_DATA_BIN": "c21hbGw="}'), msgstore.save_changes(c) FROM made;
UPDATE made SET a = msgstore.create_attachment(h);
UPDATE made SET m = msgstore.open_embedded_message(a, 'MAPI_CREATE');
SELECT msgstore.set_props(m, '{"PR_SUBJECT": "middle"}'), write_lines(m, 'PR_BODY', line(), $count) FROM made;
UPDATE made SET b = msgstore.create_attachment(m);
UPDATE made SET n = msgstore.open_embedded_message(b, 'MAPI_CREATE');
SELECT msgstore.set_props(n, '{"PR_SUBJECT": "inner"}'), write_lines(n, 'PR_HTML', line(), $count + 1) FROM made;
UPDATE made SET c = msgstore.create_attachment(n);
SELECT write_lines(c, 'PR_ATTACH_DATA_BIN', line(), $count + 2),
	write_lines(c, 'PR_ATTACH_CONTENT_LOCATION', 'name.', 300000) FROM made;
SELECT msgstore.save_changes(x) FROM made, unnest(ARRAY[c, n, b, m, a]) WITH ORDINALITY u(x, i) ORDER BY i;
END
is_blob($id, 'PR_MESSAGE_ATTACHMENTS,1,PR_ATTACH_DATA_OBJ,PR_BODY',
	length($text));
$got = exported($id);
is_deeply($got->{subjects}, [qw(outer middle inner)], 'embedded: subjects');
my @parts = @{ $got->{parts} };
my $last = pop @parts;
is_deeply(
	\@parts,
	[
		[ 'text/plain', described('short'), described('') ],
		[ 'application/octet-stream', described('small'), described('') ],
		[ 'text/plain', described($body), described('') ],
		[ 'text/html', described($text . encode_utf8($line) =~ s/\n\z//r), described('') ]
	],
	'embedded: small and large, the whole of them');
is_deeply(
	$last,
	[
		'application/octet-stream',
		described(encode_utf8($line x ($count + 2))),
		described('name.' x 300_000)
	],
	'embedded: the bytes of the innermost attachment, and its location');

# All of them, one after another.
my ($code, $out, $err) = msgstore('export', '-s', 'large', "$dir/all");
is($err, '', 'all of them: no error');
is($out, "4 exported, 0 refused\n", 'all of them: exported');

# A message longer than any mail is named, and the others are exported.
$id = last_line(make_message(<<"END"));
SELECT msgstore.write_stream(h, 'PR_COMMENT', 0, convert_to(repeat('x', 1048577), 'UTF8')) FROM made;
END
$node->safe_psql('postgres', <<"END");
UPDATE msgstore.message SET props = jsonb_set(props, '{PR_COMMENT,size}', '1073741825')
	WHERE message_id = $id;
END
($code, $out, $err) = msgstore('export', '-s', 'large', "$dir/all");
is($code, 1, 'too long: exit code 1');
is($err, "msgstore: error: could not read message $id: message longer than 1 GB\n",
	'too long: says so');
is($out, "4 exported, 1 refused\n", 'too long: the others are exported');

$node->stop;
done_testing();
