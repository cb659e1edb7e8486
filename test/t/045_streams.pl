
# Bytes written through streams are stored with their message or swept: after a crash,
# or the end of a session, in the middle of an upload a sweep leaves none of its bytes;
# dumps, restores and standbys have every stored byte.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use ServerCrash;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('streams');
$node->init(
	allows_streaming => 1,
	extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'restart_after_crash = on');
# a standby that starts late finds its WAL
$node->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SELECT msgstore.create_store('streams');

	-- n bytes that look random, and are the same wherever they are made
	CREATE FUNCTION public.bytes(seed integer, n integer) RETURNS bytea
	LANGUAGE sql IMMUTABLE AS $$
		SELECT string_agg(pg_catalog.decode(pg_catalog.md5(seed || '/' || i), 'hex'), '' ORDER BY i)
		FROM generate_series(1, n / 16) i $$;
	CREATE FUNCTION public.upload(h integer, bytes bytea) RETURNS integer
	LANGUAGE plpgsql AS $$
		DECLARE
			a integer := msgstore.create_attachment(h);
		BEGIN
			FOR i IN 0 .. length(bytes) / 100000 LOOP
				PERFORM msgstore.write_stream(a, 'PR_ATTACH_DATA_BIN', i * 100000,
					substr(bytes, i * 100000 + 1, 100000));
			END LOOP;
			RETURN a;
		END $$;
	-- a text as long, and written to a body in pieces
	CREATE FUNCTION public.hex(seed integer, n integer) RETURNS text
	LANGUAGE sql IMMUTABLE AS $$
		SELECT pg_catalog.encode(public.bytes(seed, n / 2), 'hex') $$;
	CREATE FUNCTION public.upload_body(h integer, body text) RETURNS bigint
	LANGUAGE sql AS $$
		SELECT max(msgstore.write_stream(h, 'PR_BODY', i * 100000,
			convert_to(substr(body, i * 100000 + 1, 100000), 'UTF8')))
		FROM generate_series(0, length(body) / 100000 - 1) i $$;
	-- the md5 of an attachment, read in pieces that do not fit its chunks
	CREATE FUNCTION public.md5_of(a integer) RETURNS text
	LANGUAGE plpgsql AS $$
		DECLARE
			bytes bytea := '';
		BEGIN
			WHILE length(bytes) < msgstore.stream_size(a, 'PR_ATTACH_DATA_BIN') LOOP
				bytes := bytes || msgstore.read_stream(a, 'PR_ATTACH_DATA_BIN',
					length(bytes), 99999);
			END LOOP;
			RETURN md5(bytes);
		END $$;
	-- uploads without end, a piece a transaction
	CREATE PROCEDURE public.endless() LANGUAGE plpgsql AS $$
		DECLARE
			a integer := msgstore.create_attachment(msgstore.create_message(1,
				msgstore.special_folder(1, 'Inbox')));
			at bigint := 0;
		BEGIN
			LOOP
				at := msgstore.write_stream(a, 'PR_ATTACH_DATA_BIN', at,
					public.bytes(7, 16000));
				COMMIT;
			END LOOP;
		END $$});

my $path = "SET search_path = msgstore, public;\n";

sub sql
{
	my ($sql, $server) = @_;

	return ($server // $node)->safe_psql('postgres', $path . $sql);
}

# ------------------------------------- what is stored, and must stay so below

sql(q{
	CREATE TABLE public.made AS
		SELECT open_message(1, message_id, 'MAPI_MODIFY') AS h, message_id AS m
		FROM save_new_message(1, special_folder(1, 'Inbox'), '{"PR_SUBJECT": "it"}');
	-- one megabyte; an embedded message with an attachment; a small one
	SELECT save_changes(upload(h, bytes(1, 1000000))) FROM made;
	DO $$
	DECLARE
		h integer := (SELECT h FROM public.made);
		a integer := create_attachment(h);
		e integer := open_embedded_message(a, 'MAPI_CREATE');
	BEGIN
		PERFORM save_changes(upload(e, bytes(2, 300000))), save_changes(e),
			save_changes(a);
	END $$;
	SELECT save_changes(upload(h, bytes(3, 160))) FROM made;
	-- and a body that no column takes
	SELECT upload_body(h, hex(6, 1200000)), save_changes(h) FROM made;
	-- a draft of it, with an attachment more and one of them changed
	SELECT open_attachment(h, 0, 'MAPI_MODIFY') AS first FROM made \gset
	SELECT write_stream(:first, 'PR_ATTACH_DATA_BIN', 500000, bytes(4, 16)),
		save_changes(:first);
	SELECT write_stream(h, 'PR_BODY', 600000, '-') FROM made;
	SELECT save_changes(upload(h, bytes(5, 500000))), park(h) FROM made});

my $read = q{
	SELECT md5_of(open_attachment(h, 0)), md5_of(open_attachment(
		open_embedded_message(open_attachment(h, 1)), 0)), md5_of(open_attachment(h, 2)),
		md5(read_stream(h, 'PR_BODY', 0, 9999999))
	FROM (SELECT open_message(1, m) AS h FROM public.made) AS o;
	SELECT md5_of(open_attachment(h, 0)), md5_of(open_attachment(h, 3)),
		md5(read_stream(h, 'PR_BODY', 0, 9999999))
	FROM parked, LATERAL resume(store_id, parked_id) AS h};
my $written = sql(q{
	SELECT md5(bytes(1, 1000000)), md5(bytes(2, 300000)), md5(bytes(3, 160)),
		md5(hex(6, 1200000));
	SELECT md5(overlay(bytes(1, 1000000) PLACING bytes(4, 16) FROM 500001)),
		md5(bytes(5, 500000)), md5(overlay(hex(6, 1200000) PLACING '-' FROM 600001))});
my $left = q{
	SELECT count(*), (SELECT count(*) FROM blob_chunk), (SELECT count(*) FROM blob_ref)
	FROM blob};

# Sweep when every session that has ended is gone from the server's list: until
# then its uploads are in progress.
sub sweep
{
	my ($server) = @_;

	$server->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_activity
		 WHERE backend_type = 'client backend'")
	  or die 'a session does not end';
	sql('CALL sweep_blobs(1)', $server);
	return;
}

is(sql($read), $written, 'message and draft hold what was written');
sweep($node);
my $swept = sql($left);

# ----------------------------------------- uploads that come to a sudden end

# Begin an upload, and wait until some of it is committed; return the client and the
# process id of its backend.
sub begin_upload
{
	my $client = IPC::Run::start(
		[
			'psql', '-X', '-q', '-d', $node->connstr('postgres'),
			'-c', 'CALL public.endless()'
		],
		'<', \undef, '>', \my $out, '2>', \my $err);

	$node->poll_query_until('postgres',
		'SELECT count(*) >= 3 FROM msgstore.blob_chunk c, msgstore.blob b
		 WHERE NOT b.sealed AND b.blob_id = c.blob_id')
	  or die 'nothing was uploaded';
	return ($client,
		sql('SELECT uploader_pid FROM blob WHERE NOT sealed'));
}

sub is_swept
{
	my ($name) = @_;

	isnt(sql($left), $swept, "$name: bytes of the upload are there");
	sweep($node);
	is(sql($left), $swept, "$name: a sweep takes them all, and no others");
	is(sql($read), $written, "$name: the rest is what it was");
}

{
	my ($client, $backend) = begin_upload();

	sql('CALL sweep_blobs(1)');
	isnt(sql($left), $swept, 'a sweep leaves an upload in progress alone');
	$node->stop('immediate');
	$client->finish;
	$node->start;
	is_swept('the server is stopped at once');
}
{
	my ($client, $backend) = begin_upload();

	ok(kill_process($node, $backend), 'a backend is killed, a crash');
	$client->finish;
	is_swept('a backend is killed');
}
{
	my ($client, $backend) = begin_upload();

	sql("SELECT pg_terminate_backend($backend)");
	$client->finish;
	is_swept('a session ends');
}

# ------------------------------------------------------------ dump and restore

{
	my ($client, $backend) = begin_upload();
	my $dump = $node->basedir . '/streams.sql';

	command_ok(
		[ 'pg_dump', '-d', $node->connstr('postgres'), '-f', $dump ],
		'dumped while somebody uploads');
	sql("SELECT pg_terminate_backend($backend)");
	$client->finish;

	my $restored = PostgreSQL::Test::Cluster->new('restored');
	$restored->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
	$restored->start;
	command_ok(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d',
			$restored->connstr('postgres'), '-f', $dump
		],
		'restored');
	is(sql($read, $restored),
		$written, 'a restore has all bytes, and the drafts');
	isnt(sql($left, $restored), $swept, 'and what was being uploaded');
	sweep($restored);
	is(sql($left, $restored), $swept, 'which nobody is uploading there');
	is(sql($read, $restored), $written, 'sweeping took nothing else');
	is( sql(q{
		SELECT save_changes(h), md5_of(open_attachment(h, 3)) = md5(bytes(5, 500000))
		FROM parked, LATERAL resume(store_id, parked_id) AS h}, $restored),
		'S_OK|t',
		'a restored draft is saved with its attachments');
	$restored->stop;
}

# --------------------------------------------------------------------- standby

sweep($node);
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is(sql($read, $standby), $written, 'a standby reads streams');
my ($code, $out, $err) = $standby->psql(
	'postgres', $path . q{
	SELECT write_stream(open_attachment(open_message(1, m, 'MAPI_MODIFY'), 0,
		'MAPI_MODIFY'), 'PR_ATTACH_DATA_BIN', 0, 'x') FROM made});
like($err, qr/write_stream\(\) .*(recovery|read-only)/,
	'and writes none');
isnt($standby->psql('postgres', $path . 'CALL sweep_blobs(1)'),
	0, 'nor sweeps');

$standby->stop;
$node->stop;
done_testing();
