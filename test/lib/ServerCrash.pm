# Crash a server on purpose, and wait until it accepts queries again.
#
# A test that has killed a process cannot just connect: the postmaster may not
# have noticed yet and answer as before, or it may still recover.  Both end in a
# state that can be asked for.  A crash ends every process of the server, so a
# server whose checkpointer began at another time has crashed since; and a server
# that answers a query has recovered.
#
package ServerCrash;

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(server_process kill_process kill_server wait_for_queries);

# Return the process id of the one process of a type ("walwriter"), once the
# server has started it.
sub server_process
{
	my ($node, $type) = @_;
	my $from = "FROM pg_stat_activity WHERE backend_type = '$type'";

	$node->poll_query_until('postgres', "SELECT count(*) = 1 $from")
	  or die "the server has no $type";
	return $node->safe_psql('postgres', "SELECT pid $from");
}

# Return when the checkpointer began: another answer after every crash.
sub last_start
{
	my ($node) = @_;

	server_process($node, 'checkpointer');
	return $node->safe_psql('postgres', "SELECT backend_start
		FROM pg_stat_activity WHERE backend_type = 'checkpointer'");
}

# Wait until a process is gone, and its parent has been told.
sub wait_for_end
{
	my ($pid) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;

	while (kill 0, $pid)
	{
		die "process $pid does not end" if time > $deadline;
		usleep(10_000);
	}
	return;
}

# Wait until the server answers a query.  poll_query_until() does not do here: it
# writes the query to psql, and dies of a broken pipe if psql was refused before.
sub wait_for_queries
{
	my ($node) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	my $err;

	until (IPC::Run::run(
			[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', 'SELECT' ],
			'<', \undef, '>', \my $out, '2>', \$err))
	{
		die "the server does not answer: $err" if time > $deadline;
		usleep(100_000);
	}
	return;
}

# Kill one process of a running server with SIGKILL, and wait until the server
# accepts queries again.  Returns true if the server has crashed, and false if
# the process was ending anyway, which does no harm.
sub kill_process
{
	my ($node, $pid) = @_;
	my $before = last_start($node);

	return 0 if !kill 'KILL', $pid;

	# The postmaster refuses connections from the moment on that it is told of
	# the crash: whoever connects now sees the server after it, or no crash.
	wait_for_end($pid);
	wait_for_queries($node);
	return last_start($node) ne $before;
}

# Kill the postmaster with SIGKILL, and further processes with it; start the
# server again, as soon as the processes that are left have noticed and ended.
sub kill_server
{
	my ($node, @others) = @_;
	my ($pid) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;

	$node->kill9;
	kill 'KILL', @others if @others;
	wait_for_end($pid);
	while (!$node->start(fail_ok => 1))
	{
		die 'the server did not start again' if time > $deadline;

		# one that still starts would be in the way of the next
		$node->stop('fast', fail_ok => 1);
		usleep(100_000);
	}
	return;
}

1;
