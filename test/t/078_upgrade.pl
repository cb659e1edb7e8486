# A database that an earlier release has made, with data of every kind, is upgraded by
# ALTER EXTENSION: its catalogue is that of a new database, and every answer is as before.
#
# test/upgrade has the released scripts (tools/freeze), the data, the calls whose answers
# are compared, and the query that lists the catalogue.  Since no script follows the
# newest one, the test also makes a next version of its own, and shows that an upgrade
# script that lacks something is found.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::Bin/../..";
my $dir = "$top/test/upgrade";
my $node = PostgreSQL::Test::Cluster->new('upgrade');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# The script of the next version is not the module's: a session warns of that.
$node->append_conf('postgresql.conf',
	"fsync = off\nlog_min_messages = error\nautovacuum = off");
$node->start;
my $scripts = $node->safe_psql('postgres',
	q{SELECT setting || '/extension' FROM pg_config WHERE name = 'SHAREDIR'});
my $newest = $node->safe_psql('postgres',
	q{SELECT default_version FROM pg_available_extensions WHERE name = 'msgstore'});

# The output of a script in test/upgrade.
sub run_script
{
	my ($db, $file) = @_;
	my ($out, $err);

	IPC::Run::run(
		[
			'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', "$dir/$file",
			$node->connstr($db)
		],
		'>', \$out, '2>', \$err) or die "$file: $err";
	return $out;
}

sub catalogue { return run_script($_[0], 'catalogue.sql') }
sub answers { return run_script($_[0], 'answers.sql') }

# The lines of one text that the other has not, for a diagnostic.
sub lacks
{
	my ($from, $in) = @_;
	my %there = map { $_ => 1 } split /\n/, $in;

	return join "\n", grep { !$there{$_} } split /\n/, $from;
}

# Make a database with a version of the extension.
my $databases = 0;

sub database
{
	my ($version, $template) = @_;
	my $db = 'upgrade' . ++$databases;

	$node->safe_psql('postgres',
		"CREATE DATABASE $db TEMPLATE " . ($template // 'template0'));
	$node->safe_psql($db, "CREATE EXTENSION msgstore VERSION '$version'")
	  unless $template;
	return $db;
}

# Make a database of a version with data in every table; return it and its answers.
sub filled
{
	my ($version) = @_;
	my $db = database($version);

	run_script($db, 'data.sql');
	is( $node->safe_psql(
			$db, q{
			SELECT c.relname FROM pg_extension AS e, unnest(e.extconfig) AS t (relation)
			JOIN pg_class AS c ON c.oid = t.relation
			WHERE e.extname = 'msgstore' AND c.relkind = 'r'
			  AND (xpath('//n/text()', query_to_xml(format(
				'SELECT count(*) AS n FROM msgstore.%I', c.relname), false, true, '')))[1]::text = '0'}),
		'',
		"$version: every table has data");
	return ($db, answers($db));
}

sub drop_roles
{
	return $node->safe_psql('postgres', 'DROP ROLE upgrade_owner, upgrade_agent');
}

# ------------------------------------------------------------ released versions

my @released = map { m{--([^/]*)\.sql$} } sort glob "$dir/msgstore--*.sql";
note('released: ', join(', ', @released) || 'nothing yet');
my $fresh = catalogue(database($newest));
like($fresh, qr/^function msgstore\.save_message\(/m, 'the catalogue has lines');
is(answers(database($newest)) =~ /\S/ ? 'something' : 'nothing',
	'nothing', 'a new database has no answers');
foreach my $version (@released)
{
	is(slurp_file("$top/msgstore--$version.sql"),
		slurp_file("$dir/msgstore--$version.sql"),
		"$version: the released script was not changed");
	is(slurp_file("$scripts/msgstore--$version.sql"),
		slurp_file("$dir/msgstore--$version.sql"),
		"$version: the released script is installed");
	my ($db, $before) = filled($version);
	$node->safe_psql($db, 'ALTER EXTENSION msgstore UPDATE');
	my $after = catalogue($db);
	is(lacks($fresh, $after), '', "$version: the upgrade makes all objects");
	is(lacks($after, $fresh), '', "$version: and leaves nothing behind");
	is(answers($db), $before, "$version: every answer is as before");
	drop_roles();
}

# ------------------------------------------------ a next version, made by the test

# The additions and changes of the next version, piece by piece.
my %next = (
	column => q{
		ALTER TABLE msgstore.store ADD COLUMN next_column text DEFAULT 'x';},
	comment => q{
		COMMENT ON TABLE msgstore.store IS 'Another comment';},
	table => q{
		CREATE TABLE msgstore.next_table (id bigint PRIMARY KEY);},
	dump => q{
		SELECT pg_catalog.pg_extension_config_dump('msgstore.blob_hold', '');},
	index => q{
		CREATE INDEX next_index ON msgstore.store (created_at);},
	function => q{
		CREATE FUNCTION msgstore.next_function(a integer) RETURNS integer
			LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
			SET search_path = pg_catalog, pg_temp AS 'SELECT a';},
	attribute => q{
		ALTER FUNCTION msgstore.succeeded(msgstore.hresult) COST 7;},
	grant => q{
		REVOKE EXECUTE ON FUNCTION msgstore.failed(msgstore.hresult) FROM PUBLIC;},
	option => q{
		ALTER VIEW msgstore.property_sets RESET (security_barrier);},
	drop => q{
		DROP FUNCTION msgstore.set_node_number(integer);});
my @written;

sub write_script
{
	my ($name, $text) = @_;
	my $path = "$scripts/$name.sql";

	die "$path exists" if -e $path;
	append_to_file($path, $text);
	push @written, $path;
	return;
}
END { my $status = $?; unlink @written; $? = $status }

my $script = slurp_file("$scripts/msgstore--$newest.sql");
write_script("msgstore--${newest}next", $script . join('', map { $next{$_} } sort keys %next));
write_script("msgstore--${newest}--${newest}next", join('', map { $next{$_} } sort keys %next));
my $next = catalogue(database("${newest}next"));
my ($db, $before) = filled($newest);

my $whole = database($newest, $db);
$node->safe_psql($whole, "ALTER EXTENSION msgstore UPDATE TO '${newest}next'");
my $after = catalogue($whole);
is(lacks($next, $after), '', 'next: the upgrade makes all objects');
is(lacks($after, $next), '', 'next: and leaves nothing behind');
is(answers($whole), $before, 'next: every answer is as before');

foreach my $piece (sort keys %next)
{
	my $version = "${newest}lacks$piece";

	write_script("msgstore--${newest}--$version",
		join('', map { $next{$_} } grep { $_ ne $piece } sort keys %next) . ';');
	my $lacking = database($newest, $db);
	$node->safe_psql($lacking, "ALTER EXTENSION msgstore UPDATE TO '$version'");
	my $has = catalogue($lacking);
	isnt(lacks($next, $has) . lacks($has, $next),
		'', "an upgrade script that lacks the piece '$piece' is found");
}

# An upgrade that changes a value is found by the answers.
write_script("msgstore--${newest}--${newest}spoils",
	q{UPDATE msgstore.message SET message_flags = message_flags | 2;});
my $spoiled = database($newest, $db);
$node->safe_psql($spoiled, "ALTER EXTENSION msgstore UPDATE TO '${newest}spoils'");
isnt(answers($spoiled), $before, 'an upgrade script that changes data is found');

# A token from before is good after, and a stale one is stale.
is( $node->safe_psql(
		$whole, q{
		SELECT DISTINCT (msgstore.save_message(c.store_id, c.message_id, c.change_number,
			'{"PR_SUBJECT": "x"}')).result
		FROM msgstore.change_list AS c JOIN msgstore.message_list AS m USING (store_id, message_id)
		WHERE c.change_number <> m.change_number AND m.folder_id IN (
			SELECT folder_id FROM msgstore.folder_list WHERE special = 'Inbox')}),
	'MAPI_E_OBJECT_CHANGED',
	'next: a stale number is refused');
is( $node->safe_psql(
		$whole, q{
		SELECT DISTINCT (msgstore.save_message(store_id, message_id, change_number,
			'{"PR_SUBJECT": "x"}')).result
		FROM msgstore.message_list WHERE folder_id IN (
			SELECT folder_id FROM msgstore.folder_list WHERE special = 'Inbox')}),
	'S_OK',
	'next: a number from before the upgrade is good');
$node->stop;
done_testing();
