# The common part of the client's tests: a server, the command, files.
#
package MsgstoreClient;

use strict;
use warnings;
use Encode qw(decode encode);
use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT =
  qw(client_node run_program msgstore query $dir read_file write_file);

my $node;

# a directory that is removed with the test
our $dir = PostgreSQL::Test::Utils::tempdir();

# Start a server with the extension, and make it the one that the command and
# query() speak to; returns the node.  "extra" are more options of initdb.
sub client_node
{
	my ($name, @extra) = @_;

	$node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '--encoding=UTF8', '--locale=C', @extra ]);
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
	$ENV{PGHOST} = $node->host;
	$ENV{PGPORT} = $node->port;
	$ENV{PGDATABASE} = 'postgres';
	delete @ENV{qw(PGAPPNAME MSGSTORE_STORE MSGSTORE_MERGETOOL)};
	return $node;
}

# Run a program without input; returns exit code, stdout and stderr, as bytes.
# A program that a signal ended has the exit code that a shell gives it.
sub run_program
{
	my @command = @_;
	my ($out, $err) = ('', '');

	IPC::Run::run(\@command, '<', \undef, '>', \$out, '2>', \$err);
	return ($? & 127 ? 128 + ($? & 127) : $? >> 8, $out, $err);
}

# Run the command "msgstore"; returns what run_program() returns.
sub msgstore
{
	my @args = @_;

	return run_program('msgstore', @args);
}

# Run a query; returns its answer as characters.
sub query
{
	my ($sql) = @_;

	return decode('UTF-8',
		$node->safe_psql('postgres', encode('UTF-8', $sql)),
		Encode::FB_CROAK);
}

# Write bytes to a file in the directory; returns its path.
sub write_file
{
	my ($name, $bytes) = @_;

	open my $file, '>:raw', "$dir/$name" or die "$name: $!";
	print $file $bytes;
	close $file or die "$name: $!";
	return "$dir/$name";
}

# Return the bytes of a file, undef if there is no such file.
sub read_file
{
	my ($path) = @_;

	open my $file, '<:raw', $path or return undef;
	local $/ = undef;
	my $bytes = <$file>;
	close $file;
	return $bytes;
}

1;
