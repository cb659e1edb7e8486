# A server on a socket in front of another one, whose first connections it cuts: before
# or after the server has carried out a statement.
package CutServer;

use strict;
use warnings;
use Exporter 'import';
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use PostgreSQL::Test::Utils;

our @EXPORT = qw(cut_start cut_end);

my $pid;
my $record;

sub send_all
{
	my ($socket, $bytes) = @_;

	while (length $bytes)
	{
		my $sent = syswrite $socket, $bytes;

		return 0 if !defined $sent;
		substr $bytes, 0, $sent, '';
	}
	return 1;
}

# Take the complete messages out of a buffer; returns them, type and body in front of
# the bytes.  The first message of a client has no type.
sub take
{
	my ($buffer, $is_first) = @_;
	my @messages;

	while (length $$buffer >= 5 || ($$is_first && length $$buffer >= 4))
	{
		my ($type, $length) =
		  $$is_first ? ('', unpack 'N', $$buffer) : unpack 'a N', $$buffer;
		my $size = $length + length $type;

		last if length $$buffer < $size;
		push @messages,
		  [ $type, substr($$buffer, 4 + length $type, $length - 4),
			substr($$buffer, 0, $size) ];
		substr $$buffer, 0, $size, '';
		$$is_first = 0;
	}
	return @messages;
}

# Pass on one connection.  Cut it at statement $at, if that is 0 or more.  Returns the
# statements that it had, and if it was cut.
sub pass_on
{
	my ($client, $server, $at, $after) = @_;
	my $select = IO::Select->new($client, $server);
	my ($sent, $input, $is_first, $no) = ('', '', 1, 0);
	my @statements;
	my $cut = 0;

	while (1)
	{
		foreach my $from ($select->can_read)
		{
			my $read = sysread $from, my $bytes, 65536;

			return (\@statements, $cut) if !$read;
			if ($from == $client)
			{
				$sent .= $bytes;
				foreach my $message (take(\$sent, \$is_first))
				{
					my ($type, $body, $whole) = @$message;

					push @statements, unpack('Z*', $body) if $type eq 'Q';
					push @statements, (unpack 'Z* Z*', $body)[1]
					  if $type eq 'P';
					$cut ||= $type =~ /[QP]/ && $#statements == $at;
					return (\@statements, 1) if $cut && !$after;
					send_all($server, $whole) or return (\@statements, $cut);
				}
				next;
			}
			$input .= $bytes;
			foreach my $message (take(\$input, \$no))
			{
				my ($type, undef, $whole) = @$message;

				# the server has done it, and nobody hears of that
				return (\@statements, 1) if $cut && $type eq 'Z';
				send_all($client, $whole) or return (\@statements, $cut)
				  if !$cut;
			}
		}
	}
}

# Start a server on a socket in a directory, in front of the server with the real
# socket.  It cuts the first connection at statement $at (-1: never), before or after
# the server carries it out.  Then it is gone, or passes all other connections on.
sub cut_start
{
	my ($dir, $port, $real, $at, $after, $gone) = @_;
	my $path = "$dir/.s.PGSQL.$port";

	unlink $path;
	my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5)
	  or die "$path: $!";
	$record = "$dir/statements";
	unlink $record;
	$pid = fork;
	die "fork: $!" if !defined $pid;
	return if $pid;

	local $SIG{PIPE} = 'IGNORE';
	local $SIG{TERM} = sub { POSIX::_exit(0) };
	my $first = 1;
	while (my $client = $listener->accept)
	{
		my $server = IO::Socket::UNIX->new(Peer => $real) or last;
		my ($statements, $cut) =
		  pass_on($client, $server, $first ? $at : -1, $after);

		close $client;
		close $server;
		next if !@$statements;
		if ($first)
		{
			open my $out, '>', "$record.new" or POSIX::_exit(1);
			print $out join "\0", @$statements;
			close $out;
			rename "$record.new", $record;
		}
		$first = 0;
		last if $cut && $gone;
	}
	unlink $path;
	POSIX::_exit(0);
}

# End the server, whose first connection has ended; returns the statements that it had.
sub cut_end
{
	for (my $i = 0; $i < 10 * $PostgreSQL::Test::Utils::timeout_default; $i++)
	{
		last if -e $record;
		select(undef, undef, undef, 0.1);
	}
	kill 'TERM', $pid;
	waitpid $pid, 0;
	return -e $record ? split(/\0/, slurp_file($record)) : ();
}

1;
