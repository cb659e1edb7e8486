# msgstore watch: a line per change, at once with wake-ups; nothing is left out when the
# server crashes in between; on a standby, without LISTEN, it looks again and again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Run qw(start);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('watched');
$node->init(
	allows_streaming => 1,
	extra => [ '--encoding=UTF8', '--locale=C' ]);
# a standby that starts late finds its WAL
$node->append_conf('postgresql.conf', 'wal_keep_size = 1GB');
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SELECT msgstore.create_store('watched');
	CREATE TABLE public.it AS SELECT store_id AS s, folder_id AS f
		FROM msgstore.folder_list WHERE special = 'Inbox';
	CREATE FUNCTION public.add(subject text) RETURNS bigint LANGUAGE sql AS $$
		SELECT message_id FROM it, msgstore.save_new_message(s, f,
			jsonb_build_object('PR_SUBJECT', subject)) $$});
my $dir = PostgreSQL::Test::Utils::tempdir();

# Start a watch whose output goes to a file.
sub watch
{
	my ($name, $server, @options) = @_;

	return start(
		[ 'msgstore', 'watch', '--store', 'watched', '--dbname',
			$server->connstr('postgres'), @options ],
		'>', "$dir/$name", '2>', "$dir/$name.err");
}

# Wait until the output of a watch, or its errors, match.
sub wait_for
{
	my ($name, $pattern) = @_;
	my $text = '';

	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		$text = -e "$dir/$name" ? slurp_file("$dir/$name") : '';
		return $text if $text =~ $pattern;
		select(undef, undef, undef, 0.1);
	}
	return $text;
}

sub messages
{
	return map { $_->{message_id} } grep { defined $_->{message_id} }
	  map { decode_json($_) } split /\n/, $_[0];
}

sub stop
{
	my ($watch) = @_;

	$watch->signal('TERM');
	$watch->finish;
	return $watch->result(0);
}

# ------------------------------------------------------------------- once

my $one = $node->safe_psql('postgres', "SELECT public.add('one')");
my ($out, $err) = run_command(
	[ 'msgstore', 'watch', '--store', 'watched', '--dbname',
		$node->connstr('postgres'), '--once', '--all', '--json' ]);
my @rows = map { decode_json($_) } split /\n/, $out;
is($rows[-1]{kind}, 'end', '--once --json: the last line is the end');
my $token = $rows[-1]{token};
is_deeply([ map { $_->{kind} } grep { defined $_->{message_id} } @rows ],
	['present'], '--all: the messages that are there');
my $two = $node->safe_psql('postgres', "SELECT public.add('two')");
($out) = run_command(
	[ 'msgstore', 'watch', '--store', 'watched', '--dbname',
		$node->connstr('postgres'), '--once', '--since', $token ]);
like($out, qr/^\S.*  create  .*message $two  folder \d+  by "\w+"\s*$/,
	'--since: a line for people');
command_fails_like(
	[ 'msgstore', 'watch', '--store', 'watched', '--dbname',
		$node->connstr('postgres'), '--once', '--since', 'x' ],
	qr/is not a token of the feed/, 'a text that is no token');
command_fails_like(
	[ 'msgstore', 'watch', '--store', 'watched', '--dbname',
		$node->connstr('postgres'), '--folder', 'nowhere' ],
	qr/there is no folder/, 'a folder that is not there');
command_fails_like(
	[ 'msgstore', 'watch', '--store', 'watched', '--all', '--since', 'x' ],
	qr/--all cannot be used with --since/, 'options that contradict');

# ---------------------------------------------------------------- wake-ups

$node->safe_psql('postgres', 'SELECT msgstore.set_wakeups(s, true) FROM public.it');
my $watch = watch('woken', $node, '--json', '--interval', '3600');
# it listens when it is idle
$node->poll_query_until('postgres', q{
	SELECT count(*) = 1 FROM pg_stat_activity
	WHERE state = 'idle' AND query ~ 'changes_since'});
my $three = $node->safe_psql('postgres', "SELECT public.add('three')");
is_deeply([ messages(wait_for('woken', qr/\n/)) ],
	[$three], 'a change wakes the command up');
my $four = $node->safe_psql('postgres', "SELECT public.add('four')");
is_deeply([ messages(wait_for('woken', qr/\n.*\n/)) ],
	[ $three, $four ], 'and the next one');

# -------------------------------------------------------- a broken connection

$node->stop('immediate');
wait_for('woken.err', qr/error/);
$node->start;
my $five = $node->safe_psql('postgres', "SELECT public.add('five')");
is_deeply([ messages(wait_for('woken', qr/\n.*\n.*\n/)) ],
	[ $three, $four, $five ],
	'after a crash it connects again, and goes on where it was');
is(stop($watch), 0, 'a signal ends it');

# ----------------------------------------------------------------- a standby

$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$watch = watch('standby', $standby, '--interval', '1');
like(wait_for('standby.err', qr/\n/),
	qr/no wake-ups here.*looking every 1 seconds/,
	'a standby cannot listen');
my $six = $node->safe_psql('postgres', "SELECT public.add('six')");
like(wait_for('standby', qr/\n/), qr/create .*message $six /,
	'it looks, and prints the change');
is(stop($watch), 0, 'a signal ends it');

done_testing();
