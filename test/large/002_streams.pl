
# Streams of an attachment of 2 GB (MSGSTORE_LARGE_MB megabytes), and of a body and a
# property of more than half that size each, in pieces of one megabyte: the backend's
# memory is bounded by the piece, not by the value, and a property of their message is
# saved at the cost of one in a small message.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $megabytes = $ENV{MSGSTORE_LARGE_MB} // 2048;
my $half = int($megabytes / 2) + 1;
my $bound = 96 * 1024;			# kB, of which 32 MB are shared buffers

my $node = PostgreSQL::Test::Cluster->new('streams');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', <<'END');
fsync = off
max_wal_size = 256MB
shared_buffers = 32MB
autovacuum = off
search_path = 'msgstore, public'
END
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SELECT create_store('large');
	CREATE TABLE made AS
		SELECT which, r.message_id AS m
		FROM unnest(ARRAY['large', 'small']) AS which,
			save_new_message(1, special_folder(1, 'Inbox'), '{"PR_SUBJECT": "x"}') AS r;
	-- megabyte i of a value; of the body it is text
	CREATE FUNCTION piece(i integer, property text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE WHEN property = 'PR_BODY'
			THEN convert_to(repeat(md5(i::text), 32768), 'UTF8')
			ELSE decode(repeat(md5(i::text), 65536), 'hex') END $$});

# Run statements in one session; return their output, and the most memory that its
# backend has used, in kB, with the shared buffers that it has touched.
my $memory = q{
	SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+)')};

sub in_session
{
	my ($sql) = @_;

	return split /\n/, $node->safe_psql('postgres', $sql . $memory);
}

# Write a value through handles that SQL opens (h the message's, t the one that
# is written to), read it back, and look at both backends' memory.
sub write_and_read
{
	my ($what, $property, $count, $open, $open_again) = @_;
	my ($size, $used) = in_session(
		qq{
		DO \$\$
		DECLARE
			h integer := open_message(1, (SELECT m FROM made WHERE which = 'large'), 'MAPI_MODIFY');
			t integer := $open;
		BEGIN
			FOR i IN 0 .. $count - 1 LOOP
				PERFORM write_stream(t, '$property', i * 1048576::bigint, piece(i, '$property'));
				COMMIT;
			END LOOP;
			IF t <> h THEN
				PERFORM save_changes(t);
			END IF;
			PERFORM throw_if_failed(save_changes(h), h);
		END \$\$;
		SELECT stream_size($open_again, '$property')
		FROM open_message(1, (SELECT m FROM made WHERE which = 'large')) AS h;});
	is($size, $count * 1048576, "$count MB of $what are written");
	diag "memory of the backend that wrote $what: $used kB";
	cmp_ok($used, '<', $bound, "with less than $bound kB of memory");

	my ($same, $used_to_read) = in_session(
		qq{
		SELECT $open_again AS t
		FROM open_message(1, (SELECT m FROM made WHERE which = 'large')) AS h \\gset
		SELECT bool_and(read_stream(:t, '$property', i * 1048576::bigint, 1048576) = piece(i, '$property'))
		FROM generate_series(0, $count - 1) AS i;});
	is($same, 't', 'and read back as they were');
	diag "memory of the backend that read $what: $used_to_read kB";
	cmp_ok($used_to_read, '<', $bound, "with less than $bound kB of memory");
}

SKIP:
{
	skip '/proc shows the memory of processes on Linux only', 12
	  unless -r '/proc/self/status';

	write_and_read('an attachment', 'PR_ATTACH_DATA_BIN', $megabytes,
		'create_attachment(h)', 'open_attachment(h, 0)');
	write_and_read('a text body', 'PR_BODY', $half, 'h', 'h');
	write_and_read('a named property', 'PS_PUBLIC_STRINGS:large:PT_BINARY',
		$half, 'h', 'h');
}

# get_props() shows references to them; the size of the message has their bytes.
is( $node->safe_psql(
		'postgres', qq{
		SELECT props->'PR_BODY'->>'size', props->'PS_PUBLIC_STRINGS:large:PT_BINARY'->>'size',
			(props->>'PR_MESSAGE_SIZE_EXTENDED')::bigint > ($megabytes + 2 * $half) * 1048576::bigint
		FROM read_message(1, (SELECT m FROM made WHERE which = 'large')) AS props}),
	join('|', ($half * 1048576) x 2, 't'),
	'get_props shows references');

# WAL of saving one property, in bytes; full pages are not written again.
sub wal_of_save
{
	my ($which) = @_;
	my $save = qq{
		SELECT save_changes(h) FROM (SELECT h, set_props(h, '{"PR_COMMENT": "edited"}')
			FROM (SELECT open_message(1, m, 'MAPI_MODIFY') AS h FROM made
				  WHERE which = '$which' OFFSET 0) AS o OFFSET 0) AS e;};

	my ($from, $to) = split /\n/, $node->safe_psql(
		'postgres', qq{
		$save
		\\o /dev/null
		$save
		\\o
		SELECT pg_current_wal_insert_lsn();
		\\o /dev/null
		$save
		\\o
		SELECT pg_current_wal_insert_lsn()}) =~ s/^S_OK\n//r;
	return $node->safe_psql('postgres', "SELECT pg_wal_lsn_diff('$to', '$from')");
}

$node->safe_psql('postgres', 'CHECKPOINT');
my ($large, $small) = (wal_of_save('large'), wal_of_save('small'));
diag sprintf('WAL of saving a property: %d bytes, of a small message %d: ratio %.2f',
	$large, $small, $large / $small);
cmp_ok($large, '<', 2 * $small + 1024,
	'a property of that message is saved as cheaply as of a small one');

$node->stop;
done_testing();
