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
use PostgreSQL::Test::Utils;

our @EXPORT = qw(nonsense_kinds nonsense_start nonsense_end hostile_text);

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

my $pid;
my $record;

# Start a server on a socket in a directory, in front of the server with the real
# socket, that changes answer number "target" in a way.  It ends with the first client
# that sends anything.
sub nonsense_start
{
	my ($dir, $port, $real, $kind, $target) = @_;
	my $path = "$dir/.s.PGSQL.$port";

	die "no such kind: $kind" if !$kinds{$kind};
	unlink $path;
	my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 5)
	  or die "$path: $!";
	$record = "$dir/queries";
	$pid = fork;
	die "fork: $!" if !defined $pid;
	return if $pid;

	local $SIG{PIPE} = 'IGNORE';
	my @queries;
	while (!@queries)
	{
		my $client = $listener->accept or last;
		my $server = IO::Socket::UNIX->new(Peer => $real) or last;

		@queries = pass_on($client, $server, $kind, $target);
	}
	open my $out, '>', $record or POSIX::_exit(1);
	print $out join "\0", map { $_ // '' } @queries;
	close $out;
	POSIX::_exit(0);
}

# Wait for the end of the server; returns the queries whose answers it passed on.
sub nonsense_end
{
	waitpid $pid, 0;
	return $? == 0 ? split /\0/, slurp_file($record) : ();
}

1;
