# A program in C and in C++ is built against an installed libmsgstore with the flags of
# pkg-config, runs with the shared library, and finds no symbol but the listed ones.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run qw(run);
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $dir = PostgreSQL::Test::Utils::tempdir('library');
my $prefix = "$dir/prefix";
my $node = client_node('library');

# Run a command; returns its exit status and its output.
sub outcome
{
	my @command = @_;
	my $output = '';

	run(\@command, '<', \undef, '>', \$output, '2>&1');
	return ($? >> 8, $output);
}

system_or_bail('cp', '-Rp', (map { "$top/$_" } qw(client data tools)),
	"$top/msgstore.control", $dir);
my ($status, $output) = outcome(
	$ENV{MAKE} // 'make', '-s', '-C', "$dir/client",
	'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config'),
	'COPT=' . ($ENV{COPT} // ''), "bindir=$prefix/bin",
	"libdir=$prefix/lib", "includedir=$prefix/include",
	'install');
is($status, 0, 'the client is installed in a prefix of its own')
  or diag($output);

# ------------------------------------------------------------- the flags

$ENV{PKG_CONFIG_PATH} = "$prefix/lib/pkgconfig";
my ($cflags) = run_command([ 'pkg-config', '--cflags', 'libmsgstore' ]);
my ($libs) = run_command([ 'pkg-config', '--libs', 'libmsgstore' ]);
like("$cflags ", qr/-I\Q$prefix\E\/include /, 'pkg-config finds the header');
like("$libs ", qr/-L\Q$prefix\E\/lib -lmsgstore /,
	'pkg-config finds the library');
my ($version) = run_command([ 'pkg-config', '--modversion', 'libmsgstore' ]);
my ($default) = slurp_file("$top/msgstore.control") =~
  /^default_version = '(.*)'$/m;
is($version, $default, 'and the version of the extension');

# ----------------------------------------------------------- two programs

my $program = <<'END';
#include <stdio.h>
#include <libmsgstore.h>

int
main(int argc, char **argv)
{
	msgstore   *ms = msgstore_connect_uri(argv[1]);
	int64_t		store_id = 0;
	bool		done;

	(void) argc;
	done = msgstore_connected(ms) &&
		msgstore_create_store(ms, argv[2], &store_id);
	if (!done)
		fputs(msgstore_last_error(ms)->message, stderr);
	puts(done ? msgstore_result_name(MSGSTORE_E_OBJECT_CHANGED) : "failed");
	msgstore_disconnect(ms);
	return done ? 0 : 1;
}
END

foreach my $language ([qw(c cc -std=c99)], [qw(cc c++ -std=c++11)])
{
	my ($suffix, @compiler) = @$language;

	SKIP:
	{
		skip "no $compiler[0]", 4
		  if system("command -v $compiler[0] >/dev/null") != 0;
		append_to_file("$dir/program.$suffix", $program);
		($status, $output) = outcome(@compiler, '-Wall', '-Wextra',
			'-Werror', "$dir/program.$suffix", split(' ', $cflags), '-o',
			"$dir/program_$suffix", split(' ', $libs));
		is($status, 0, "$suffix: the program is built") or diag($output);
		like((outcome('readelf', '-d', "$dir/program_$suffix"))[1],
			qr/NEEDED.*\[libmsgstore\.so\.0\]/,
			"$suffix: the program needs the shared library by its soname");
		local $ENV{LD_LIBRARY_PATH} = "$prefix/lib";
		($status, $output) =
		  outcome("$dir/program_$suffix", $node->connstr('postgres'),
			$suffix);
		is($status, 0, "$suffix: the program runs") or diag($output);
		is($output, "MAPI_E_OBJECT_CHANGED\n", "$suffix: and its calls answer");
	}
}

# ---------------------------------------------------------------- symbols

my ($symbols) =
  run_command([ 'nm', '-D', '--defined-only', "$prefix/lib/libmsgstore.so.0" ]);
my @exported = sort grep { $_ ne 'LIBMSGSTORE_0' }
  map { s/\@.*//r } $symbols =~ /^\S* +\S +(\S+)$/mg;
my @listed = grep { /\A\w/ } split /\n/,
  slurp_file("$top/client/lib/exports.txt");
is("@exported", "@listed", 'the library exports the listed functions only');

# -------------------------------------------------------------- uninstall

($status, $output) = outcome(
	$ENV{MAKE} // 'make', '-s', '-C', "$dir/client",
	'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config'), "bindir=$prefix/bin",
	"libdir=$prefix/lib", "includedir=$prefix/include", 'uninstall');
is($status, 0, 'the client is removed') or diag($output);
is((run_command([ 'find', $prefix, '!', '-type', 'd' ]))[0],
	'', 'and leaves no file');

done_testing();
