# Every way back: numbers that clients were given, and that the database does
# not know any longer, are given out by none of them.  Restores by one job and
# by several, a template copy, a copy of a stopped server, a standby that is
# promoted, a point in time, and subscribers of logical replication.  Keys that
# two copies of one database make of their numbers differ.  (Faults F2, of restores by
# several jobs, and F3, of promoted subscribers.)
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('origin');
$node->init(
	allows_streaming => 'logical',
	has_archiving => 1,
	extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'max_logical_replication_workers = 8');
# a standby that starts late finds its WAL
$node->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$node->start;

sub sql
{
	my ($server, $db, $sql) = @_;

	return $server->safe_psql($db,
		"SET search_path = msgstore, public; $sql");
}

# Empty all tables of a database that a dump carries.
sub truncate_all
{
	my ($db) = @_;

	sql($node, $db, q{
		SELECT 'TRUNCATE ' || string_agg(c.oid::regclass::text, ', ')
		FROM pg_extension AS e, unnest(e.extconfig) AS d (oid)
			JOIN pg_class AS c USING (oid)
		WHERE e.extname = 'msgstore' AND c.relkind = 'r' \gexec
	});
	return;
}

sub create_database
{
	my ($db, $template) = @_;

	$node->safe_psql('template1',
		"CREATE DATABASE $db TEMPLATE " . ($template // 'template0'));
	return $db;
}

# A number of every series: each new number with the name of its series.
my $take = q{
	SELECT 'store ' || create_store(md5(random()::text));
	SELECT 'folder ' || create_folder(s.store_id, NULL, md5(random()::text))
	FROM store s WHERE name = 'kept';
	SELECT 'message ' || r.message_id || E'\nchange ' || r.change_number
	FROM store s, save_new_message(s.store_id,
		special_folder(s.store_id, 'Inbox'), jsonb_build_object(
			'PR_SUBJECT', 'new', 'PR_MESSAGE_ATTACHMENTS', jsonb_build_array(
				jsonb_build_object('PR_ATTACH_METHOD', 1,
					'PR_ATTACH_DATA_BIN', repeat('AAAA', 3000))))) r
	WHERE name = 'kept';
	SELECT 'blob ' || max(blob_id) FROM blob;
	SELECT 'parked ' || park(h)
	FROM (SELECT open_message(store_id, message_id, 'MAPI_MODIFY') AS h
		  FROM message_list WHERE subject = 'kept') o,
		 set_props(h, '{"PR_BODY": "parked"}');
	SELECT 'change ' || r.change_number
	FROM message_list m, save_message(m.store_id, m.message_id,
		m.change_number, jsonb_build_object('PR_COMMENT', random()::text)) r
	WHERE subject = 'kept' AND r.result = 'S_OK';
};

sub take
{
	my ($server, $db) = @_;
	my @numbers = split /\n/, sql($server, $db, $take);

	is(scalar(@numbers), 7, "$db: a number of every series")
	  or diag("@numbers");
	return @numbers;
}

# Numbers, none of which may have been seen in a line of copies.
sub never_twice
{
	my ($given, $what, @numbers) = @_;

	is_deeply([ grep { $given->{$_}++ } @numbers ],
		[], "$what: no number comes twice");
	is( scalar(grep { !/ (\d+)$/ || $1 >= 2**53 } @numbers),
		0, "$what: all are below 2^53");
	return;
}

# The data that are kept: everything but xids, and all keys.
my $everything = q{
	SELECT m.message_id, m.change_number, p->'PR_CHANGE_KEY',
		p->'PR_PREDECESSOR_CHANGE_LIST', p->'PR_SOURCE_KEY',
		p->'PR_PARENT_SOURCE_KEY', md5(p::text)
	FROM message_list m, read_message(m.store_id, m.message_id) p
	ORDER BY 1;
	SELECT message_id, change_number, kind, previous
	FROM change_list ORDER BY 1, 2;
	SELECT store_id, folder_id, parent_id, name FROM folder_list ORDER BY 1, 2;
	SELECT blob_id, size FROM blob ORDER BY 1;
	SELECT blob_id, chunk_number, md5(bytes) FROM blob_chunk ORDER BY 1, 2;
	SELECT parked_id, message_id, change_number FROM parked ORDER BY 1;
};

# The answer of a save over a number.
sub save_over
{
	my ($server, $db, $number) = @_;

	return sql($server, $db, "SELECT r.result FROM message m,
		save_message(store_id, message_id, $number,
			'{\"PR_SUBJECT\": \"kept\", \"PR_BODY\": \"$number\"}') r
		WHERE props->>'PR_SUBJECT' = 'kept'");
}

my $newest = q{SELECT change_number FROM message
	WHERE props->>'PR_SUBJECT' = 'kept'};
my $key = q{SELECT encode(decode(p->>'PR_CHANGE_KEY', 'base64'), 'hex'),
		encode(decode(p->>'PR_PREDECESSOR_CHANGE_LIST', 'base64'), 'hex')
	FROM message m, read_message(store_id, message_id) p
	WHERE props->>'PR_SUBJECT' = 'kept'};

sub make_origin
{
	my ($db) = @_;

	create_database($db);
	sql($node, $db, q{
		CREATE EXTENSION msgstore;
		SELECT save_new_message(s, special_folder(s, 'Inbox'),
			'{"PR_SUBJECT": "kept"}')
		FROM create_store('kept') s;
		SELECT get_ids_from_names(store_id,
			'{PS_PUBLIC_STRINGS:here:PT_LONG}', true) FROM store});
	return $db;
}

# ------------------------------------------------------------ dump and restore

my %given;
my $dir = $node->basedir;
make_origin('dumped');
never_twice(\%given, 'before the dump', take($node, 'dumped'));
my $before = sql($node, 'dumped', $everything);
my $token = sql($node, 'dumped', $newest);
$node->command_checks_all([ 'pg_dump', '-Fc', "--file=$dir/dump", 'dumped' ],
	0, [qr/^$/], [qr/^$/], 'dumped without a warning');
$node->command_checks_all(
	[ 'pg_dump', '-Fd', '-j2', "--file=$dir/dumpdir", 'dumped' ],
	0, [qr/^$/], [qr/^$/], 'dumped by two jobs');
never_twice(\%given, 'after the dump', take($node, 'dumped'));
my $lost = sql($node, 'dumped', $newest);

my %restore = (
	one_job => ["$dir/dump"],
	four_jobs => [ '-j4', "$dir/dump" ],
	directory => [ '-j2', "$dir/dumpdir" ],
	one_transaction => [ '--single-transaction', "$dir/dump" ],
	data_only => [ '--data-only', "$dir/dump" ],
	data_by_jobs => [ '--data-only', '-j4', "$dir/dump" ]);
my %edited;
foreach my $db (sort keys %restore)
{
	create_database($db);
	sql($node, $db, 'CREATE EXTENSION msgstore') if $db =~ /^data/;
	$node->command_checks_all(
		[ 'pg_restore', '--exit-on-error', '-d', $db, @{ $restore{$db} } ],
		0, [qr/^$/], [qr/^$/], "$db: restored without an error");
	is(sql($node, $db, $everything), $before, "$db: all is there, and all keys");
	is(sql($node, $db, 'SELECT count(*) FROM check_store()'),
		'0', "$db: nothing is without its folder, store or blob");
	is(save_over($node, $db, $lost),
		'MAPI_E_OBJECT_CHANGED', "$db: a number that was lost is stale");
	is(save_over($node, $db, $token), 'S_OK', "$db: the newest one is good");
	never_twice({%given}, $db, take($node, $db));
	is(save_over($node, $db, $lost),
		'MAPI_E_OBJECT_CHANGED', "$db: the lost one stays stale");
	$edited{$db} = [ split /\|/, sql($node, $db, $key) ];
}

# Two restores of one dump, both edited: a conflict by their keys.
foreach my $pair ([ 'one_job', 'four_jobs' ], [ 'directory', 'data_only' ])
{
	my ($a, $b) = @edited{@$pair};

	isnt(substr($a->[0], 0, 32), substr($b->[0], 0, 32),
		"@$pair: each has a GUID of its own");
	is(index($a->[1], $b->[0]),
		-1, "@$pair: neither follows the other (first)");
	is(index($b->[1], $a->[0]),
		-1, "@$pair: neither follows the other (second)");
	cmp_ok(index($a->[1], $a->[0]), '>', -1, "@$pair: each follows itself");
}

# Data that is restored in place, over numbers that were given out in a later
# incarnation: the series are set back, which the next number shows.
make_origin('in_place');
my %in_place;
never_twice(\%in_place, 'in place', take($node, 'in_place'));
$node->command_ok([ 'pg_dump', '-Fc', "--file=$dir/in_place", 'in_place' ],
	'in place: dumped');
$node->restart;
never_twice(\%in_place, 'in place, after a restart', take($node, 'in_place'));
my $session = $node->background_psql('in_place');
$session->query_safe("SET search_path = msgstore; $take");
my $in_place = sql($node, 'in_place', $newest);
truncate_all('in_place');
$node->command_ok(
	[ 'pg_restore', '--data-only', '-d', 'in_place', "$dir/in_place" ],
	'in place: restored');
cmp_ok(
	$session->query_safe("SELECT (save_new_message(store_id,
		special_folder(store_id, 'Inbox'), '{}')).change_number
		FROM store WHERE name = 'kept'"), '>', $in_place,
	'in place: a session that has numbers in its cache goes on above them');
$session->quit;
never_twice(\%in_place, 'in place, restored', take($node, 'in_place'));

# A copy by CREATE DATABASE has the marker of its template.
create_database('copied', 'dumped');
my %copied = %given;
never_twice(\%copied, 'template copy', take($node, 'copied'));
never_twice(\%given, 'its template', take($node, 'dumped'));

# ---------------------------------------------------------- logical replication

# A subscriber has the rows, and series that were never used.
make_origin('publisher');
my %published;
never_twice(\%published, 'publisher', take($node, 'publisher'));
# an incarnation that a transaction began which rolled back
sql($node, 'publisher', "TRUNCATE number_marker");
sql($node, 'publisher', "BEGIN; $take ROLLBACK");
never_twice(\%published, 'publisher', take($node, 'publisher'));
sql($node, 'publisher', 'CREATE PUBLICATION p FOR ALL TABLES');

sub subscribe
{
	my ($publisher, $subscriber) = @_;
	my $connection = $node->connstr($publisher) =~ s/'/''/gr;

	sql($node, $publisher,
		"SELECT pg_create_logical_replication_slot('$subscriber', 'pgoutput')");
	sql($node, $subscriber, "CREATE SUBSCRIPTION $subscriber CONNECTION '$connection'
		PUBLICATION p
		WITH (create_slot = false, slot_name = '$subscriber')");
	$node->poll_query_until($subscriber, q{
		SELECT count(*) = 0 FROM pg_subscription_rel WHERE srsubstate <> 'r'});
	return;
}

sub promote_subscriber
{
	my ($publisher, $subscriber) = @_;

	$node->wait_for_catchup($subscriber, 'replay',
		$node->lsn('insert'));
	sql($node, $subscriber, "ALTER SUBSCRIPTION $subscriber DISABLE;
		ALTER SUBSCRIPTION $subscriber SET (slot_name = NONE);
		DROP SUBSCRIPTION $subscriber");
	$node->poll_query_until($publisher, "SELECT NOT active
		FROM pg_replication_slots WHERE slot_name = '$subscriber'");
	sql($node, $publisher, "SELECT pg_drop_replication_slot('$subscriber')");
	return;
}

create_database('subscriber');
sql($node, 'subscriber', 'CREATE EXTENSION msgstore');
subscribe('publisher', 'subscriber');
# rows that come by replication, of an incarnation that comes with them
my $reader = $node->background_psql('subscriber');
$reader->query_safe("SET search_path = msgstore; $key");
sql($node, 'publisher', 'TRUNCATE number_marker');
never_twice(\%published, 'publisher, on', take($node, 'publisher'));
my $number = sql($node, 'publisher', $newest);
$node->poll_query_until('subscriber', "SELECT change_number = $number
	FROM msgstore.message WHERE props->>'PR_SUBJECT' = 'kept'");
is($reader->query_safe($key), sql($node, 'publisher', $key),
	'subscriber: a session sees the keys of a new incarnation');
$reader->quit;
promote_subscriber('publisher', 'subscriber');
is(sql($node, 'subscriber', $everything), sql($node, 'publisher', $everything),
	'subscriber: all is there, and all keys');
my $old_key = sql($node, 'subscriber', $key);
is(save_over($node, 'subscriber', $number), 'S_OK', 'subscriber: a save');
cmp_ok(sql($node, 'subscriber', $newest), '>', $number,
	'subscriber: its number is above the one that it replaces');
is(save_over($node, 'subscriber', $number),
	'MAPI_E_OBJECT_CHANGED', 'subscriber: a stale save is refused');
never_twice(\%published, 'subscriber', take($node, 'subscriber'));
is(sql($node, 'subscriber', 'SELECT count(*) FROM check_store()'),
	'0', 'subscriber: nothing is without its folder, store or blob');

# And back: the old publisher, whose marker is in place, gets the rows of the
# subscriber, of its own node, and is written to again.
sql($node, 'subscriber', 'CREATE PUBLICATION p FOR ALL TABLES');
sql($node, 'publisher', 'DROP PUBLICATION p');
truncate_all('publisher');
subscribe('subscriber', 'publisher');
never_twice(\%published, 'subscriber, on', take($node, 'subscriber'));
$number = sql($node, 'subscriber', $newest);
$node->poll_query_until('publisher', "SELECT change_number = $number
	FROM msgstore.message WHERE props->>'PR_SUBJECT' = 'kept'");
promote_subscriber('subscriber', 'publisher');
is(sql($node, 'publisher', $key), sql($node, 'subscriber', $key),
	'failback: the keys are the same');
is(save_over($node, 'publisher', $number), 'S_OK', 'failback: a save');
cmp_ok(sql($node, 'publisher', $newest), '>', $number,
	'failback: its number is above the one that it replaces');
is(save_over($node, 'publisher', $number),
	'MAPI_E_OBJECT_CHANGED', 'failback: a stale save is refused');
never_twice(\%published, 'failback', take($node, 'publisher'));
is( sql($node, 'publisher', q{
		SELECT count(*) FROM change c JOIN change p
		ON p.store_id = c.store_id AND p.message_id = c.message_id
			AND p.change_number = c.previous
		WHERE c.incarnation < p.incarnation}),
	'0',
	'failback: incarnations never go back within a message');

# ------------------------------------------------------------ copies of files

make_origin('stopped');
my %stopped;
never_twice(\%stopped, 'to be stopped', take($node, 'stopped'));
$node->stop;
$node->backup_fs_cold('cold');
$node->start;
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($node, 'cold');
my %of_copy = %stopped;
never_twice(\%stopped, 'started again', take($node, 'stopped'));
never_twice(\%stopped, 'started again', take($node, 'stopped'));
my $of_original = sql($node, 'stopped', $newest);
$copy->start;
is(save_over($copy, 'stopped', $of_original),
	'MAPI_E_OBJECT_CHANGED', 'cold copy: a number of the original is stale');
never_twice(\%of_copy, 'cold copy', take($copy, 'stopped'));
isnt(
	substr(sql($copy, 'stopped', $key), 0, 32),
	substr(sql($node, 'stopped', $key), 0, 32),
	'cold copy: original and copy have GUIDs of their own');
$copy->stop;

# A standby that has not got the newest saves, and a point in time.
my %streamed = %stopped;
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
never_twice(\%streamed, 'streamed', take($node, 'stopped'));
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
$node->safe_psql('postgres', q{SELECT pg_create_restore_point('here')});
$standby->stop;
never_twice(\%streamed, 'not replayed', take($node, 'stopped'));
$lost = sql($node, 'stopped', $newest);
my $archived = $node->safe_psql('postgres',
	'SELECT pg_walfile_name(pg_current_wal_lsn())');
$node->safe_psql('postgres', 'SELECT pg_switch_wal()');
$node->poll_query_until('postgres', "SELECT last_archived_wal >= '$archived'
	FROM pg_stat_archiver");
my %recovered = %streamed;
my $point = PostgreSQL::Test::Cluster->new('point');
$point->init_from_backup($node, 'base', has_restoring => 1);
$point->append_conf('postgresql.conf', q{
recovery_target_timeline = 'current'
recovery_target_name = 'here'
recovery_target_action = 'promote'});
$node->stop('immediate');
$standby->start;
$standby->promote;
foreach my $case ([ 'promoted', $standby, \%streamed ],
	[ 'point in time', $point, \%recovered ])
{
	my ($what, $server, $known) = @$case;

	if ($server == $point)
	{
		$server->start;
		$server->poll_query_until('postgres',
			'SELECT NOT pg_is_in_recovery()');
	}
	is(save_over($server, 'stopped', $lost),
		'MAPI_E_OBJECT_CHANGED', "$what: a number that was lost is stale");
	never_twice($known, $what, take($server, 'stopped'));
	is(sql($server, 'stopped', 'SELECT count(*) FROM check_store()'),
		'0', "$what: nothing is without its folder, store or blob");
	$server->stop;
}

done_testing();
