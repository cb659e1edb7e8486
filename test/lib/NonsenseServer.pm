# A server that answers nonsense: it passes on the answers of a real server, but
# changes one of them.
#
# An answer is what comes between two ReadyForQuery messages; answer 0 is the start of
# the connection.
#
package NonsenseServer;

use strict;
use warnings;
use Encode qw(encode);
use Exporter 'import';
use IO::Select;
use IO::Socket::UNIX;
use POSIX ();
use PostgreSQL::Test::Utils;

our @EXPORT = qw(nonsense_kinds nonsense_start nonsense_end hostile_text
  plain_connect plain_query);

# Characters that control a terminal, that change the direction of writing, or that
# begin a line.
sub hostile_text
{
	return "\e]0;title\a\e[31m\x{9b}2J\x{7f}\r\n\tmsgstore: forged\x{202e}\x{2028}";
}

my $hostile = encode('UTF-8', hostile_text());
my $hostile_json = encode('UTF-8',
		'{"blob": -1, "size": -5, "bytes": 7, "begins": "\u001b[2J\u202e",'
	  . ' "PR_SUBJECT": "\u001b]0;x\u0007\u009b2J\n\u2028", "PR_BODY": 17,'
	  . ' "PidTagChangeNumber": "1", "PR_MESSAGE_RECIPIENTS": [3, null, {}],'
	  . ' "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 1e300,'
	  . ' "PR_ATTACH_DATA_OBJ": {"PR_BODY": {"blob": 1, "size": 1e18}}}]}');

# ------------------------------------------------------------------- messages

sub message
{
	my ($type, $body) = @_;

	return $type . pack('N', 4 + length $body) . $body;
}

# An ErrorResponse or NoticeResponse with control characters in every text.
sub complaint
{
	my ($type, $severity, $state) = @_;

	return message($type,
		join('', map { "$_\0" } "S$severity", "V$severity", "C$state",
			"Mhello $hostile", "Ddetail $hostile", "Hhint $hostile") . "\0");
}

# Return the columns of a RowDescription: name, table, number, type, size, modifier,
# format.
sub columns_of
{
	my ($body) = @_;

	return unpack 'n/(Z* N n N n N n)', $body if $body eq "\0\0";
	my ($n, @fields) = unpack 'n (Z* N n N n N n)*', $body;
	my @columns;

	push @columns, [ splice @fields, 0, 7 ] while @fields;
	return @columns;
}

sub row_description
{
	my @columns = @_;

	return message('T',
		pack('n', scalar @columns) . join '',
		map { pack('Z* N n N n N n', @$_) } @columns);
}

# Return the values of a DataRow, undef for NULL.
sub values_of
{
	my ($body) = @_;
	my $n = unpack 'n', $body;
	my $at = 2;
	my @values;

	foreach (1 .. $n)
	{
		my $length = unpack 'N', substr $body, $at, 4;

		$at += 4;
		push @values, $length == 0xFFFFFFFF ? undef : substr $body, $at, $length;
		$at += $length if $length != 0xFFFFFFFF;
	}
	return @values;
}

sub data_row
{
	my @values = @_;

	return message('D',
		pack('n', scalar @values) . join '',
		map { defined $_ ? pack('N/a*', $_) : pack('N', 0xFFFFFFFF) } @values);
}

# ------------------------------------------------------------------- nonsense

# The ways to change an answer: functions that get a message's type, its body, and the
# columns of the answer, and return what is sent in place of the message.
sub with_types
{
	my ($type_of) = @_;

	return sub {
		my ($type, $body, $columns) = @_;

		return message($type, $body) if $type ne 'T';
		return row_description(
			map { [ @$_[ 0 .. 2 ], $type_of->(), @$_[ 4 .. 6 ] ] } @$columns);
	};
}

sub with_values
{
	my ($value_of) = @_;

	return sub {
		my ($type, $body, $columns) = @_;
		my $i = 0;

		return message($type, $body) if $type ne 'D';
		return data_row(map { $value_of->($_, $columns->[ $i++ ]) }
			  values_of($body));
	};
}

my %kinds = (
	'no columns' => sub {
		my ($type, $body) = @_;

		return message($type, $type =~ /[TD]/ ? pack('n', 0) : $body);
	},
	'a column more' => sub {
		my ($type, $body, $columns) = @_;

		return row_description(@$columns, [ 'more', 0, 0, 25, -1, -1, 0 ])
		  if $type eq 'T';
		return data_row(values_of($body), 'x') if $type eq 'D';
		return message($type, $body);
	},
	'a column less' => sub {
		my ($type, $body, $columns) = @_;

		return row_description(@$columns[ 1 .. $#$columns ]) if $type eq 'T';
		return data_row((values_of($body))[ 1 .. $#$columns ]) if $type eq 'D';
		return message($type, $body);
	},
	'no rows' => sub {
		my ($type, $body) = @_;

		return $type eq 'D' ? '' : message($type, $body);
	},
	'each row twice' => sub {
		my ($type, $body) = @_;

		return message($type, $body) x ($type eq 'D' ? 2 : 1);
	},
	'only NULL' => with_values(sub { return undef }),
	'booleans' => with_types(sub { return 16 }),
	'texts for all' => with_types(sub { return 25 }),
	'short values' => with_values(sub { return 'abc' }),
	'empty values' => with_values(sub { return '' }),
	'large numbers' => with_values(
		sub {
			my ($value, $column) = @_;

			return "\x7f" . "\xff" x (length($value // '') - 1)
			  if $column->[6] == 1 && length($value // '') > 1;
			return $column->[3] == 20 ? '9' x 40 : $value;
		}),
	'negative numbers' => with_values(
		sub {
			my ($value, $column) = @_;

			return "\xff" x length $value if $column->[6] == 1;
			return $column->[3] == 20 ? '-1' : $value;
		}),
	'hostile texts' => with_values(
		sub {
			my ($value, $column) = @_;

			return $value if $column->[6] == 1;
			return $column->[3] == 25 || $column->[3] == 19 ? $hostile
			  : $column->[3] == 114 || $column->[3] == 3802 ? $hostile_json
			  : $value;
		}),
	'bytes that are no text' => with_values(sub { return "\xff\xfe\0x\x1b" }),
	'JSON of another kind' => with_values(
		sub {
			my ($value, $column) = @_;

			return $column->[3] == 114 || $column->[3] == 3802 ? '[[0]]' : $value;
		}),
	'a hostile error' => sub {
		my ($type, $body) = @_;

		return $type eq 'C' ? complaint('E', 'ERROR', 'MA109')
		  : $type =~ /[TD]/ ? ''
		  : message($type, $body);
	},
	'a hostile notice' => sub {
		my ($type, $body) = @_;

		return ($type =~ /[CR]/ ? complaint('N', 'NOTICE', '00000') : '')
		  . message($type, $body);
	},
	'a copy' => sub {
		my ($type, $body) = @_;

		return $type eq 'T' ? message('H', "\0\0\0")
		  : $type eq 'D' ? message('d', 'x')
		  : $type eq 'C' ? message('c', '') . message($type, "COPY 1\0")
		  : message($type, $body);
	},
	'a row without an end' => sub {
		my ($type, $body) = @_;

		return $type eq 'D' ? "D\0\0\0\x0a\0\x09\x7f\xff\xff\xff"
		  : message($type, $body);
	},
	'as it is' => sub { my ($type, $body) = @_; return message($type, $body); });

# Return the names of all kinds of nonsense.
sub nonsense_kinds
{
	return sort grep { $_ ne 'as it is' } keys %kinds;
}

# --------------------------------------------------------------------- server

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

# Take the complete messages of a client out of a buffer, and return the query in
# them, if there is one.  The first message of a connection has no type.
sub take_query
{
	my ($buffer, $is_first) = @_;
	my $query;

	while (length $$buffer >= ($$is_first ? 4 : 5))
	{
		my ($type, $length) =
		  $$is_first ? ('', unpack 'N', $$buffer) : unpack 'a N', $$buffer;
		my $size = $length + length $type;

		last if length $$buffer < $size;
		my $body = substr $$buffer, length($type) + 4, $length - 4;
		substr $$buffer, 0, $size, '';
		$$is_first = 0;
		$query = unpack 'Z*', $body if $type eq 'Q';
		(undef, $query) = unpack 'Z* Z*', $body if $type eq 'P';
	}
	return $query;
}

# Pass on one connection.  Returns the queries of the answers, '' for the start; an
# empty list if the client sent nothing.
sub pass_on
{
	my ($client, $server, $kind, $target) = @_;
	my $select = IO::Select->new($client, $server);
	my ($answer, $columns, $input, $sent, $is_first) = (0, [], '', '', 1);
	my @queries;

	while (1)
	{
		foreach my $from ($select->can_read)
		{
			my $read = sysread $from, my $bytes, 65536;

			return @queries if !$read;
			if ($from == $client)
			{
				$sent .= $bytes;
				my $query = take_query(\$sent, \$is_first);
				$queries[$answer] = $query // $queries[$answer] // '';
				send_all($server, $bytes) or return @queries;
				next;
			}
			$input .= $bytes;
			my $output = '';
			while (length $input >= 5)
			{
				my ($type, $length) = unpack 'a N', $input;

				last if length $input < 1 + $length;
				my $body = substr $input, 5, $length - 4;
				substr $input, 0, 1 + $length, '';
				$columns = [ columns_of($body) ] if $type eq 'T';
				$output .=
				  $answer == $target
				  ? $kinds{$kind}->($type, $body, $columns)
				  : message($type, $body);
				$answer++ if $type eq 'Z';
			}
			send_all($client, $output) or return @queries;
		}
	}
}

# --------------------------------------------------------------- a plain client

# Read messages up to ReadyForQuery; dies at an error.
sub read_to_ready
{
	my ($socket) = @_;
	my $input = '';

	while (1)
	{
		while (length $input >= 5)
		{
			my ($type, $length) = unpack 'a N', $input;

			last if length $input < 1 + $length;
			my $body = substr $input, 5, $length - 4;
			substr $input, 0, 1 + $length, '';
			die "the server's error: " . $body =~ tr/\0/ /r if $type eq 'E';
			return if $type eq 'Z';
		}
		sysread $socket, $input, 65536, length $input
		  or die 'the server has ended the connection';
	}
}

# Connect to the server with a socket, which asks for no password.
sub plain_connect
{
	my ($path, $user, $database) = @_;
	my $socket = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!";
	my $start = pack 'N', 196608;

	$start .= join('', map { "$_\0" } 'user', $user, 'database', $database) . "\0";
	send_all($socket, pack('N', 4 + length $start) . $start);
	read_to_ready($socket);
	return $socket;
}

# Run a query, and drop its rows.
sub plain_query
{
	my ($socket, $query) = @_;

	send_all($socket, message('Q', "$query\0"));
	read_to_ready($socket);
	return;
}

# --------------------------------------------------------- the server's process

my $pid;
my $dir_of_records;

# Serve one client in a process of its own, which records the queries; returns its id.
sub serve
{
	my ($client, $real, $record, @how) = @_;
	my $child = fork // die "fork: $!";

	return $child if $child;
	local $SIG{TERM} = 'DEFAULT';
	my $server = IO::Socket::UNIX->new(Peer => $real) or POSIX::_exit(1);
	my @queries = pass_on($client, $server, @how);

	if (@queries)
	{
		open my $out, '>', $record or POSIX::_exit(1);
		print $out join "\0", map { $_ // '' } @queries;
		close $out;
	}
	POSIX::_exit(0);
}

# Start a server on a socket in a directory, in front of the server with the real
# socket, that changes answer number "target" of every connection in a way.
sub nonsense_start
{
	my ($dir, $port, $real, $kind, $target) = @_;
	my $path = "$dir/.s.PGSQL.$port";

	die "no such kind: $kind" if !$kinds{$kind};
	unlink $path, glob "$dir/queries.*";
	my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5)
	  or die "$path: $!";
	$dir_of_records = $dir;
	$pid = fork // die "fork: $!";
	return if $pid;

	my $ended = 0;
	my @children;
	# without SA_RESTART, so that accept() ends, too
	POSIX::sigaction(POSIX::SIGTERM(),
		POSIX::SigAction->new(sub { $ended = 1 }));
	local $SIG{PIPE} = 'IGNORE';
	my $select = IO::Select->new($listener);
	while (!$ended)
	{
		# the time covers a signal between the test and the call
		next if !$select->can_read(0.1);
		my $client = $listener->accept or next;

		push @children, serve($client, $real,
			sprintf("%s/queries.%03d", $dir, scalar @children), $kind, $target);
	}
	waitpid $_, 0 foreach @children;
	POSIX::_exit(0);
}

# End the server, whose clients have ended; returns the queries of the client that sent
# most.
sub nonsense_end
{
	my @most;

	kill 'TERM', $pid;
	waitpid $pid, 0;
	foreach my $record (sort glob "$dir_of_records/queries.*")
	{
		my @queries = split /\0/, slurp_file($record);

		@most = @queries if @queries > @most;
	}
	return @most;
}

1;
