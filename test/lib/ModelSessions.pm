# Sessions of psql for tests that walk at random: statements are sent and answered at
# once or later, and stand in a log.
#
package ModelSessions;

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(connect_session send_query has_answered answer ask
  end_sessions pick log_line last_queries);

my (@sessions, @log);
my $asked = 0;

# Connect one more session; returns its number, from 0 on.
sub connect_session
{
	my ($connstr) = @_;
	my %s = (in => '', out => '', err => '', 
		timer => IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

	$s{run} = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $connstr ],
		'<' => \$s{in},
		'>' => \$s{out},
		'2>' => \$s{err},
		$s{timer});
	push @sessions, \%s;
	ask($#sessions, 'SET search_path = msgstore, public');
	return $#sessions;
}

# Send statements to a session without waiting for the answer; quietly: not in the log.
sub send_query
{
	my ($s, $sql, $quietly) = @_;
	my $session = $sessions[$s];

	$session->{timer}->start;
	$session->{mark} = 'asked ' . ++$asked;
	push @log, "$s: $sql" if !$quietly;
	$session->{out} = '';
	$session->{err} = '';
	$session->{in} .= "$sql;\n\\echo :SQLSTATE $session->{mark}\n";
	$session->{run}->pump_nb;
	return;
}

# Return true if the session has answered.
sub has_answered
{
	my ($s) = @_;
	my $session = $sessions[$s];

	$session->{run}->pump_nb;
	return $session->{out} =~ /^\S+ $session->{mark}\n/m;
}

# Wait for the answer; return its SQLSTATE, and the output or the error.
sub answer
{
	my ($s) = @_;
	my $session = $sessions[$s];
	my $mark = $session->{mark};

	$session->{run}->pump until $session->{out} =~ /^\S+ $mark\n/m;
	my ($state) = $session->{out} =~ /^(\S+) $mark\n/m;
	if ($state ne '00000')
	{
		# standard error comes its own way
		$session->{run}->pump until $session->{err} =~ /\n/;
		push @log, "$s: -- $session->{err}";
		return ($state, $session->{err});
	}
	$session->{out} =~ s/^\S+ $mark\n//m;
	$session->{out} =~ s/\n+\z//;
	return ($state, $session->{out});
}

# Send statements and wait; return their output, die if they fail.
sub ask
{
	my ($s, $sql, $quietly) = @_;

	send_query($s, $sql, $quietly);
	my ($state, $out) = answer($s);
	die "$sql\n$out" if $state ne '00000';
	return $out;
}

sub end_sessions
{
	# ask all of them first: one may wait for a lock of another
	for my $session (@sessions)
	{
		$session->{in} .= "\\q\n";
		$session->{run}->pump_nb;
	}
	$_->{run}->finish for @sessions;
	return;
}

sub pick { return $_[ int rand @_ ] }

# Add lines to the log.
sub log_line { push @log, @_; return }

# Return the end of the log.
sub last_queries
{
	my ($count) = @_;

	return join "\n", @log[ ($#log > $count ? $#log - $count : 0) .. $#log ];
}

1;
