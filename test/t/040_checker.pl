# The checker of histories: many sessions work on a few messages at random, at all
# isolation levels, and all answers agree with the stored history, also where sessions
# are cancelled and the server is killed.  Builds of the module with a fault do not pass.
#
# CHECKER_STEPS sets the number of steps (24000), CHECKER_SEED repeats random ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RandomSeed;
use ServerCrash;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $checker = "$top/test/checker/checker";
my $steps = $ENV{CHECKER_STEPS} || 24000;
my $seed = random_seed('CHECKER_SEED');

my $node = PostgreSQL::Test::Cluster->new('checker');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf(
	'postgresql.conf', q{
restart_after_crash = on
deadlock_timeout = 20ms
max_connections = 30
log_statement = none
log_min_error_statement = panic
});
$node->start;

# A database with the extension, and a directory for records.
sub prepare
{
	my $name = shift;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, 'CREATE EXTENSION msgstore');
	return PostgreSQL::Test::Utils::tempdir("records_$name");
}

# Start "checker run".  A run may take any time as long as it prints that more
# steps are done; one that stands still for too long fails.
sub start_run
{
	my ($name, $records, @args) = @_;
	my $run = { out => '', err => '',
		timer =>
		  IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default) };

	$run->{handle} = IPC::Run::start(
		[
			$checker, 'run', '--dbname=' . $node->connstr($name),
			"--record=$records", "--seed=$seed", @args
		],
		'<', \undef, '>', \$run->{out}, '2>', \$run->{err}, $run->{timer});
	return $run;
}

# Wait until more is printed; return false if the run has ended.
sub pump_run
{
	my $run = shift;
	my $length = length $run->{out};
	my $pumped = $run->{handle}->pumpable && $run->{handle}->pump;

	$run->{timer}->start if length $run->{out} > $length;
	return $pumped;
}

# Wait for the end of a run; return its exit code.
sub end_run
{
	my $run = shift;

	while (pump_run($run)) { }
	$run->{handle}->finish;
	diag($run->{err}) if $run->{err} ne '';
	return $run->{handle}->result(0);
}

sub steps_done
{
	my $run = shift;

	return $run->{out} =~ /.*^(\d+) steps/ms ? $1 : 0;
}

# Wait until so many steps are done.
sub reach
{
	my ($run, $count) = @_;

	while (steps_done($run) < $count)
	{
		pump_run($run) or die "the run has ended early: $run->{err}";
	}
}

# Run "checker verify"; return its exit code and output.
sub verify
{
	my ($name, $records) = @_;
	my $out = '';

	IPC::Run::run(
		[
			$checker, 'verify', '--dbname=' . $node->connstr($name),
			"--record=$records"
		],
		'<', \undef, '>', \$out, '2>&1');
	return ($? >> 8, $out);
}

# Test that record and store agree; return what "checker verify" prints.
sub verified
{
	my ($name, $records, $what) = @_;
	my ($code, $out) = verify($name, $records);

	is($code, 0, "$what: what was answered and what is stored agree")
	  or diag($out);
	note $out;
	return $out;
}

# ------------------------------------------------------- sessions and cancels

my $records = prepare('busy');
my $run = start_run('busy', $records, "--steps=$steps", '--disturb=100');
is(end_run($run), 0, "$steps random steps in 8 sessions");
cmp_ok(steps_done($run), '>=', $steps, 'all of them are done');
my $out = verified('busy', $records, 'sessions');

# There were enough operations of every kind: at least so many per thousand steps.
foreach my $kind (
	[ qr/(\d+) acknowledged/ => 25 ],
	[ qr/(\d+) refused/ => 25 ],
	[ qr/(\d+) rolled back/ => 10 ],
	[ qr/(\d+) created/ => 6 ],
	[ qr/(\d+) saved/ => 8 ],
	[ qr/(\d+) forced/ => 3 ],
	[ qr/(\d+) merged/ => 1 ],
	[ qr/(\d+) moved/ => 2 ],
	[ qr/(\d+) restored/ => 1 ],
	[ qr/(\d+) deleted for good/ => 0.5 ])
{
	my ($pattern, $share) = @$kind;
	my ($count, $what) = $out =~ $pattern ? ($1, $&) : (0, "no $pattern");

	cmp_ok($count, '>=', $steps * $share / 1000, "there were $what");
}

# ---------------------------------------------------------------- the crashes

# Kill a backend of one of the sessions of a run: all of them end, and the server
# recovers by itself.  If the backend was ending anyway, kill another one.  The run
# prints nothing while the server is down.
sub kill_backend
{
	my ($run) = @_;

	while (pump_run($run))
	{
		my $pid = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity
			WHERE application_name = 'checker' ORDER BY state = 'active' DESC LIMIT 1");

		next if !$pid || !kill_process($node, $pid);
		$run->{timer}->start;
		return;
	}
	die "the run has ended early: $run->{err}";
}

# The run has steps left after each crash, however fast the machine is.
my $crash_steps = 60000;
$run = start_run('busy', $records, "--steps=$crash_steps", '--first=8');
reach($run, $crash_steps * 0.05);
kill_backend($run);
reach($run, $crash_steps * 0.1);
kill_server($node);
$run->{timer}->start;
reach($run, $crash_steps * 0.15);
kill_backend($run);
is(end_run($run), 0, 'the sessions go on after crashes');
$out = verified('busy', $records, 'crashes');
like($out, qr/^4 incarnations/m, 'each crash began an incarnation');

# ----------------------------------------------------------- broken on purpose

# Build the module with one thing changed.  Returns the file to load.
sub build_mutant
{
	my ($name, $file, @changes) = @_;
	my $dir = PostgreSQL::Test::Utils::tempdir("mutant_$name");
	my $source;

	system_or_bail('cp', '-Rp',
		(map { "$top/$_" } qw(Makefile msgstore.control src data tools)),
		glob("$top/msgstore--*.sql"), glob("$top/msgstore.so"), $dir);
	my ($path) = glob "$dir/src/*/$file";
	$source = slurp_file($path);
	while (my ($from, $to) = splice(@changes, 0, 2))
	{
		my $times = () = $source =~ /\Q$from\E/g;

		die "\"$from\" stands $times times in $file" if $times != 1;
		$source =~ s/\Q$from\E/$to/;
	}
	open my $handle, '>', $path or die "$file: $!";
	print $handle $source;
	close $handle;
	system_or_bail(
		$ENV{MAKE} // 'make', '-s', '-C', $dir, 'all', 'CLIENT=no',
		'with_llvm=no',
		'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config'),
		'COPT=' . ($ENV{COPT} // ''));
	return "$dir/msgstore";
}

# Make a database that runs such a build instead of the module.
sub prepare_mutant
{
	my ($name, @change) = @_;
	my $library = build_mutant($name, @change);
	my $records = prepare($name);

	$node->safe_psql($name,
		"UPDATE pg_proc SET probin = '$library' WHERE probin LIKE '%/msgstore'"
	);
	return $records;
}

foreach my $mutant (
	[
		'no_check', 'save.c',
		[
			'if (row->version.change_number !=' =>
			  'if (false && row->version.change_number !='
		],
		qr/was good for version \d+ of message \d+ only/,
		'without the version check'
	],
	[
		'early', 'save.c',
		[
			'messagerow_lock(&work->row, false)' =>
			  'messagerow_lock(&work->row, true)',
			"\t*result = decide(work);\n\tif (*result == S_OK && work->request" =>
			  "\t*result = S_OK;\n\tif (*result == S_OK && work->request"
		],
		qr/was good for version \d+ of message \d+ only/,
		'deciding before the wait',
		8000
	],
	[
		'headers', 'undo.c',
		[
			'undo->has_large[part] = true;' =>
			  'undo->has_large[part] = part != PART_HEADERS;'
		],
		qr/has another PR_TRANSPORT_MESSAGE_HEADERS than was saved/,
		'not recording what replaced headers were'
	],
	[
		'folder', 'change.c',
		[
			'if (bag_find(undo->props, UNDO_FOLDER, &value))' =>
			  'if (false && bag_find(undo->props, UNDO_FOLDER, &value))'
		],
		qr/stands in folder \d+, not in \d+/,
		'forgetting where an older version stood'
	],
	[
		'handles', 'handle.c',
		[
			"saved->level == level)\n\t\tpending_restore(handle);" =>
			  "saved->level == level)\n\t\tpending_drop_saved(handle);"
		],
		# by the view of a handle, or by the version that its next save stored
		qr/a\ handle\ on\ message\ \d+\ (stands\ on|at\ \d+\ shows\ another)
			|,\ and\ left\ version|has\ another\ PR_\w+\ than\ was\ saved/x,
		'leaving handles as they were when a savepoint is rolled back'
	])
{
	my ($name, $file, $changes, $fault, $what, $more) = @$mutant;
	my $dir = prepare_mutant($name, $file, @$changes);

	is( end_run(
			start_run($name, $dir, '--steps=' . ($more // 4000),
				'--messages=2')),
		0,
		"$what: the sessions get to the end");
	my ($code, $said) = verify($name, $dir);
	is($code, 1, "$what: the checker objects");
	like($said, $fault, "$what: and says what is wrong");
}

# A crash shows commits that are acknowledged before they are safe, and numbers that
# are forgotten with them, if no other process writes WAL meanwhile.
$records =
  prepare_mutant('forgetful', 'number.c',
	'Max(last + NUMBER_STEP, clock)' => 'last');
$node->append_conf(
	'postgresql.conf', q{
synchronous_commit = off
wal_buffers = 64MB
bgwriter_lru_maxpages = 0
autovacuum = off
});
$node->restart;
my $walwriter = server_process($node, 'walwriter');
is(end_run(start_run('forgetful', $records, '--steps=800')),
	0, 'unsafe commits: the sessions get to the end');
# changes so far survive the crash, later ones do not
$node->safe_psql('postgres', 'CHECKPOINT');
kill 'STOP', $walwriter or die 'the WAL writer has ended';
is( end_run(
		start_run('forgetful', $records, '--steps=1600', '--first=8')),
	0,
	'unsafe commits: and go on');
kill_server($node, $walwriter);
is( end_run(
		start_run('forgetful', $records, '--steps=1600', '--first=16')),
	0,
	'unsafe commits: and again after a crash');
my ($code, $said) = verify('forgetful', $records);
is($code, 1, 'unsafe commits: the checker objects');
like($said, qr/was acknowledged and is missing/,
	'unsafe commits: some are missing');
like($said, qr/was given out twice/,
	'numbers that are forgotten: some are given out twice');

$node->stop;
done_testing();
