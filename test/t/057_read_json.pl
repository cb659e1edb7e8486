# The two forms of a read: the text of read_message_json() and get_props_json() is the
# text of read_message() and get_props(), for values at random of every type.
#
# Large values are compressed with lz4 where the server has lz4, and a dump does not ask
# for it.  The escapes are compared with JSON's rule in each way of looking at 16 bytes.
# READ_JSON_VALUES sets the number of values (100000), READ_JSON_SEED repeats them.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RandomSeed;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $wanted = $ENV{READ_JSON_VALUES} || 100_000;
my $seed = random_seed('READ_JSON_SEED');

# ------------------------------------------------------------------ the escapes

my %ways = (
	'the way of this processor' => [],
	'plain C' => ['-DESCAPE_PLAIN'],
	'NEON' =>
	  [ '-U__SSE2__', '-D__aarch64__', '-D__ARM_NEON', "-I$top/test/escape" ]);

foreach my $way (sort keys %ways)
{
	my $program = "$PostgreSQL::Test::Utils::tmp_check/escape_test";

	is( system('cc', qw(-std=c99 -D_DEFAULT_SOURCE -O2 -Wall -Wextra -Werror),
			"-I$top/src/words", @{ $ways{$way} }, '-o', $program,
			"$top/test/escape/escape_test.c", "$top/src/words/escape.c"),
		0, "escape.c builds: $way");
	my ($texts) = run_command([ $program, $seed ]);
	like($texts, qr/^\d{6}$/, "all texts are escaped by the rule: $way");
}

# --------------------------------------------------------------- random values

my $count = 0;

sub pick { return $_[ rand @_ ]; }

# The length of a text: often at the border of a step of 16 bytes or of a block.
sub random_length
{
	return pick(0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, int(rand 60)) if rand() < 0.9;
	return pick(1008, 1023, 1024, 1025, 1040, 2048, int(rand 5000));
}

# A character in a JSON text: plain, or one that some form of text treats specially.
sub random_character
{
	my $which = rand;

	return chr(97 + rand 26) if $which < 0.6;
	return sprintf('\u%04x', 1 + rand 0x1F) if $which < 0.7;
	return pick('\"', '\\\\', '\/', '\b', '\f', '\n', '\r', '\t', '\u007f',
		'\u0022', '\u005c', '\u0020', '\u2028', '\u0085')
	  if $which < 0.85;
	return sprintf('\u%04x', 0x80 + rand(0xD800 - 0x80)) if $which < 0.95;
	# a character that JSON writes as two surrogates
	return sprintf('\u%04x\u%04x', 0xD800 + rand 0x400, 0xDC00 + rand 0x400);
}

sub random_text
{
	my $length = shift // random_length();
	my $plain = rand() < 0.3;

	return
		'"'
	  . join('', map { $plain ? 'x' : random_character() } 1 .. $length) . '"';
}

sub random_number
{
	return pick(0, 1, -1, 9, 10, 99, 100, 9999, 10000, 10001, -9999,
		2147483647, -2147483648, int(rand 100000));
}

sub random_double
{
	return pick(0, 0.1, -0.5, 1e15, '1e300', '-1e-300', '4.9e-324', 1e22,
		123456.789, '1.7976931348623157e308', rand, rand() * 1e-7);
}

sub random_base64
{
	return '"'
	  . encode_base64(join('', map { chr rand 256 } 1 .. random_length()), '')
	  . '"';
}

my @scalars = (
	[ '001F', sub { random_text() } ],
	[ '0003', sub { random_number() } ],
	[ '0005', sub { random_double() } ],
	[ '0006', sub { random_number() / 10000 } ],
	[ '0014', sub { pick(random_number(), '9223372036854775807', '-9223372036854775808') } ],
	[ '000B', sub { pick('true', 'false') } ],
	[ '0102', sub { random_base64() } ],
	[ '0040', sub { sprintf('"20%02d-01-02T03:04:05.%07dZ"', rand 100, rand 1e7) } ],
	[ '0048', sub { sprintf('"{%08X-0000-0000-C000-000000000046}"', rand 2**32) } ]);

# A list of values of one type, also an empty one.
sub random_list
{
	my $value = shift;
	my @values = map { $value->() } 1 .. pick(0, 1, 2, 5);

	$count += @values;
	return '[' . join(', ', @values) . ']';
}

# Members of an object: unknown tags of any type, named properties, known ones.
sub random_members
{
	my $number = shift;
	my %members;

	foreach my $id (1 .. $number)
	{
		my ($type, $value) = @{ pick(@scalars) };
		my $which = rand;

		$count++;
		if ($which < 0.6)
		{
			$members{ sprintf '"0x%04X%s"', 0x7100 + $id, $type } = $value->();
		}
		elsif ($which < 0.8 && $type ne '000B')
		{
			$members{ sprintf '"0x%04X1%s"', 0x7100 + $id, substr $type, 1 } =
			  random_list($value);
		}
		else
		{
			$members{ "\"PS_PUBLIC_STRINGS:$id"
				  . pick('', 'x', ' ü', '\"', '\\\\', '/', '\ud83d\ude00', 'x' x 30)
				  . '"' } = random_text();
		}
	}
	return %members;
}

sub object
{
	my %members = @_;

	return '{' . join(', ', map { "$_: $members{$_}" } sort keys %members) . '}';
}

# A message: members, bodies, recipients, attachments with messages in them.
sub random_message
{
	my ($depth, $number) = @_;
	my %members = random_members($number);

	$members{'"PR_SUBJECT"'} = random_text(rand 50);
	$members{'"PR_BODY"'} = random_text() if rand() < 0.5;
	$members{'"PR_HTML"'} = random_base64() if rand() < 0.2;
	$members{'"PR_TRANSPORT_MESSAGE_HEADERS"'} = random_text() if rand() < 0.2;
	$members{'"PR_MESSAGE_RECIPIENTS"'} =
	  '[' . join(', ', map { object('"PR_DISPLAY_NAME"', random_text(rand 20),
			random_members(pick(0, 1, 3))) } 1 .. pick(0, 1, 2)) . ']'
	  if rand() < 0.5;
	$members{'"PR_MESSAGE_ATTACHMENTS"'} = '['
	  . join(', ', map { object($depth > 0 && rand() < 0.7 ?
				('"PR_ATTACH_DATA_OBJ"', random_message($depth - 1, 3)) :
				('"PR_ATTACH_DATA_BIN"', random_base64()), random_members(2)) }
		  1 .. pick(0, 1, 2)) . ']'
	  if rand() < 0.5;
	return object(%members);
}

# ------------------------------------------------------------- the two forms

my $node = PostgreSQL::Test::Cluster->new('read_json');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
$node->safe_psql(
	'postgres', q{
CREATE SCHEMA test;
SELECT msgstore.create_store('test');

-- Set the properties of a new message; return true if both forms are equal, of the
-- handle, of some properties, of the saved message and of an attachment.
CREATE FUNCTION test.same(props jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	handle integer := msgstore.create_message(1, msgstore.special_folder(1, 'Inbox'));
	id bigint := msgstore.message_id(handle);
	tags text[] := ARRAY(SELECT key FROM jsonb_object_keys(props) AS key
						 ORDER BY md5(key) LIMIT 7);
	inner_handle integer;
	equal boolean;
BEGIN
	PERFORM msgstore.set_props(handle, props);
	equal := msgstore.get_props_json(handle)::text = msgstore.get_props(handle)::text
		AND msgstore.get_props_json(handle, tags)::text = msgstore.get_props(handle, tags)::text;
	IF jsonb_array_length(props->'PR_MESSAGE_ATTACHMENTS') > 0 THEN
		inner_handle := msgstore.open_attachment(handle, 0);
		equal := equal AND msgstore.get_props_json(inner_handle)::text =
			msgstore.get_props(inner_handle)::text;
	END IF;
	IF msgstore.save_changes(handle)::text <> 'S_OK' THEN
		RAISE 'the message was not saved';
	END IF;
	PERFORM msgstore.close_object(handle);
	RETURN equal
		AND msgstore.read_message_json(1, id)::text = msgstore.read_message(1, id)::text
		AND msgstore.read_message_json(1, id, tags)::text = msgstore.read_message(1, id, tags)::text
		-- the text is JSON, and its value is the same
		AND msgstore.read_message_json(1, id)::jsonb = msgstore.read_message(1, id);
END
$$;
});

my $messages = 0;
my $script = "SET standard_conforming_strings = on;\n";
while ($count < $wanted)
{
	my $message = random_message(rand() < 0.1 ? 12 : 2, pick(1, 20, 150, 300));

	die 'a quote' if $message =~ /\$q\$/;
	$script .= "SELECT test.same(\$q\$$message\$q\$);\n";
	$messages++;
}
my $answers = $node->safe_psql('postgres', $script);
is(scalar(grep { $_ eq 't' } split /\n/, $answers),
	$messages, "$count values in $messages messages have one text in both forms");

# ------------------------------------------------------------------ long texts

# Texts longer than a block, some of which outgrow the room that is made at first.
is( $node->safe_psql(
		'postgres', q{
CREATE TABLE test.long AS
SELECT (msgstore.save_new_message(1, msgstore.special_folder(1, 'Inbox'),
	jsonb_build_object('PR_BODY', body, 'PR_TRANSPORT_MESSAGE_HEADERS', body))).message_id
FROM (VALUES (repeat(E'\u0001', 3000000)), (repeat('"', 3000000)),
	(repeat('plain text ', 1500000)), (repeat(E'line\r\n', 100000)), ('')) AS v (body);
SELECT msgstore.read_message_json(1, message_id)::text =
		msgstore.read_message(1, message_id)::text
	AND msgstore.read_message_json(1, message_id, '{PR_BODY}')::text =
		msgstore.read_message(1, message_id, '{PR_BODY}')::text, count(*)
FROM test.long GROUP BY 1}),
	't|5', 'long texts are equal, whatever room they need');

# ------------------------------------------------------------------ compression

my $has_lz4 = $node->safe_psql('postgres',
	q{SELECT count(*) FROM pg_settings
	  WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)});

SKIP:
{
	skip 'the server has no lz4', 2 if !$has_lz4;
	is( $node->safe_psql(
			'postgres', q{
	SELECT count(*) > 10, count(*) FILTER (WHERE attcompression <> 'l')
	FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = attrelid
	WHERE relnamespace = 'msgstore'::regnamespace AND relkind = 'r'
		AND attnum > 0 AND attstorage IN ('x', 'm')}),
		't|0', 'all columns that may be compressed are compressed with lz4');
	is( $node->safe_psql(
			'postgres', q{
	SELECT DISTINCT pg_column_compression(body) FROM msgstore.message
	WHERE length(body) > 1000000}),
		'lz4', 'and a body is');
}
my ($dump) = run_command([ 'pg_dump', '-d', $node->connstr('postgres') ]);
like($dump, qr/^COPY msgstore\.message /m, 'a dump has the messages');
unlike($dump, qr/^ALTER TABLE msgstore\b.*COMPRESSION/m,
	'and does not name a method that the next server may lack');

$node->stop;
done_testing();
