# Handles end with the tables on which they were opened, and the settings that
# limit handles are for superusers to set.  A renamed schema is named by every call.
# (Faults F6, F11 and F13.)
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('handles_end');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'log_min_messages = error');
$node->start;

# Run a script; returns what it printed, and then its errors by SQLSTATE.
sub run
{
	my ($script, %options) = @_;
	my ($out, $err);

	$node->psql('postgres', "\\set VERBOSITY sqlstate\n$script",
		stdout => \$out, stderr => \$err, on_error_stop => 0, %options);
	return join "\n", grep { $_ ne '' } split(/\n/, $out),
	  map { "ERROR $_" } $err =~ /ERROR:\s+(\w{5})/g;
}

my $make = q{
	CREATE EXTENSION msgstore;
	SET search_path = msgstore;
	SELECT create_store('s') AS s \gset
	SELECT special_folder(:s, 'Inbox') AS f \gset
	SELECT message_id AS m FROM save_new_message(:s, :f, '{"PR_SUBJECT": "stored"}') \gset
};
my $open = q{
	SELECT open_message(:s, :m, 'MAPI_MODIFY') AS h \gset
	SELECT set_props(:h, '{"PR_SUBJECT": "of the dropped message"}') AS nothing \gset
	SELECT write_stream(:h, 'PR_HTML', 0, repeat('x', 1100000)::bytea) AS written \gset
};
my $again = "DROP EXTENSION msgstore;\n$make";
# F6: the handle saved into another message of the same number.
is( run("$make $open $again
	SELECT save_changes(:h), force_save(:h);
	SELECT get_props(:h);
	SELECT park(:h);
	SELECT count(*) FROM open_handles;
	SELECT open_message(:s, :m) AS h2 \\gset
	SELECT count(*) FROM open_handles;
	SELECT read_message(:s, :m, '{PR_SUBJECT}');"),
	join("\n", '0', '1', '{"PR_SUBJECT": "stored"}', ('ERROR MA108') x 3),
	'a handle ends with DROP EXTENSION');
is( run("DROP EXTENSION msgstore; $make
	BEGIN; $open $again
	SELECT save_changes(:h);
	ROLLBACK;
	BEGIN; $open $again
	COMMIT;
	SELECT save_changes(:h);
	SELECT count(*) FROM open_handles;"),
	join("\n", '0', ('ERROR MA108') x 2),
	'also within one transaction');
is( run("DROP EXTENSION msgstore; $make $open
	BEGIN; $again
	SELECT open_message(:s, :m) AS other \\gset
	SELECT count(*) FROM open_handles;
	ROLLBACK;
	SELECT count(*) FROM open_handles;
	SELECT save_changes(:h);
	SELECT read_message(:s, :m) ? 'PR_HTML';"),
	"1\n1\nS_OK\nt",
	'and is back if DROP EXTENSION is rolled back');
is( run("DROP EXTENSION msgstore; $make
	SET msgstore.max_open_handles = 3;
	SET msgstore.max_pending = '64kB';
	SELECT count(open_message(:s, :m, 'MAPI_MODIFY')) FROM generate_series(1, 2);
	SELECT min(handle) AS h FROM open_handles \\gset
	SELECT set_props(:h, jsonb_build_object('PR_BODY', repeat('b', 65000))) AS nothing \\gset
	$again
	SELECT open_message(:s, :m, 'MAPI_MODIFY') AS h \\gset
	SELECT set_props(:h, jsonb_build_object('PR_BODY', repeat('b', 65000))) AS nothing \\gset
	SELECT count(open_message(:s, :m)) FROM generate_series(1, 2);
	SELECT count(*), bool_or(has_edits) FROM open_handles;"),
	"2\n2\n3|t",
	'the next handle to be opened makes room for others');

# The new tables give the same ids again: the end of the old handle must not
# delete the upload of the new one.
is( run("DROP EXTENSION msgstore; $make
	SET msgstore.handles = 'transaction';
	BEGIN; $open $again
	SET LOCAL msgstore.handles = 'session';
	$open
	COMMIT;
	SELECT count(*) FROM blob;
	SELECT save_changes(:h);
	SELECT read_message(:s, :m) ? 'PR_HTML';"),
	"1\nS_OK\nt",
	'the end of an old handle deletes no upload of a new one');

# F11: roles may not lift the limits, neither before the module is loaded.
$node->safe_psql('postgres', q{
	CREATE ROLE plain LOGIN;
	CREATE DATABASE pooled;
	ALTER DATABASE pooled SET msgstore.handles = 'off';
});
$node->safe_psql('pooled', q{
	CREATE EXTENSION msgstore;
	SELECT msgstore.create_store('s', 'plain');
});
my ($out, $err);
$node->psql(
	'pooled', q{
	SET msgstore.handles = 'session';
	SET msgstore.max_pending = '2GB';
	SELECT msgstore.create_message(1, msgstore.special_folder(1, 'Inbox'));
	SHOW msgstore.handles;
	SHOW msgstore.max_pending;
	SET msgstore.handles = 'session';},
	extra_params => [ '-U', 'plain' ],
	stdout => \$out,
	stderr => \$err,
	on_error_stop => 0);
is($out, "off\n1GB", 'a setting made before the module is loaded is ignored');
like($err, qr/ERROR: .*this session cannot open handles/, 'and no handle opens');
like($err, qr/ERROR: .*permission denied to set parameter "msgstore.handles"/,
	'nor can it be set later');

# F13: every call says how to get the schema back, in the session that has
# renamed it and in others.
my @calls = (
	'SELECT count(*) FROM mail.store_list',
	'SELECT mail.read_message(1, 1)',
	"SELECT mail.create_store('renamed')",
	'SELECT mail.history(1, 1)',
	'SELECT mail.merge_report(1, 1, 1)',
	'CALL mail.prune_history(1)',
	'CALL mail.sweep_blobs(1)',
	'SELECT mail.save_message(1, 1, 1, \'{}\')');
foreach my $session ('', 'SELECT count(*) FROM msgstore.store_list;
	ALTER SCHEMA msgstore RENAME TO mail;')
{
	my $name = $session eq '' ? 'a new session' : 'the session itself';

	$node->safe_psql('pooled', 'ALTER SCHEMA msgstore RENAME TO mail')
	  if $session eq '';
	foreach my $call (@calls)
	{
		# the session has the store in its cache, and the view needs no name
		next if $session ne '' && $call =~ /store_list/;
		$node->psql('pooled', "$session $call", stderr => \$err);
		like(
			$err,
			qr/ERROR: .*the schema of the extension msgstore was renamed to "mail"\nHINT: .*ALTER SCHEMA mail RENAME TO msgstore/,
			"$name after ALTER SCHEMA: $call");
		$node->safe_psql('pooled', 'ALTER SCHEMA mail RENAME TO msgstore')
		  if $session ne '';
	}
	$node->safe_psql('pooled', 'ALTER SCHEMA mail RENAME TO msgstore')
	  if $session eq '';
}
$node->safe_psql('postgres', 'ALTER DATABASE pooled RESET msgstore.handles');
is( run('\c pooled
	SELECT msgstore.open_message(1, m, \'MAPI_MODIFY\') AS h FROM (
		SELECT message_id AS m FROM msgstore.save_new_message(1,
			msgstore.special_folder(1, \'Inbox\'), \'{}\')) AS n \gset
	ALTER SCHEMA msgstore RENAME TO mail;
	SELECT mail.save_changes(:h);
	ALTER SCHEMA mail RENAME TO msgstore;
	SELECT msgstore.save_changes(:h);'),
	"S_OK\nERROR 3F000", 'and all is as before when it has its name again');
is( run('\c pooled
	SELECT msgstore.create_message(1, msgstore.special_folder(1, \'Inbox\')) AS h \gset
	SELECT msgstore.write_stream(:h, \'PR_HTML\', 0, repeat(\'x\', 1100000)::bytea);
	ALTER SCHEMA msgstore RENAME TO mail;
	DISCARD ALL;
	ALTER SCHEMA mail RENAME TO msgstore;
	SELECT count(*) FROM msgstore.open_handles;'),
	"1100000\n0", 'DISCARD ALL after ALTER SCHEMA');

$node->stop;
done_testing();
