# Each program in examples/ tells one story and prints what examples/expected.txt
# says.  A program is skipped if its language or driver is not installed.
use strict;
use warnings;
use FindBin;
use IPC::Run qw(run);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $examples = "$top/examples";
my $dir = PostgreSQL::Test::Utils::tempdir('examples');
my $expected = slurp_file("$examples/expected.txt");
my $java = '/usr/share/java/postgresql.jar';
my $node = PostgreSQL::Test::Cluster->new('examples');

$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# JDBC and lib/pq connect by TCP; the others by the socket.
$node->append_conf('postgresql.conf', "listen_addresses = '127.0.0.1'");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');
chomp(my $user = qx(id -un));
$ENV{PGPORT} = $node->port;
$ENV{PGUSER} = $user;
$ENV{PGDATABASE} = 'postgres';
$ENV{HOME} = $dir;
# packages of npm that "make test-examples" has installed
$ENV{NODE_PATH} = join ':', grep { defined } "$top/build/npm/node_modules",
  '/usr/share/nodejs', $ENV{NODE_PATH};

# Run a command; returns its exit status and its output.
sub outcome
{
	my @command = @_;
	my $output = '';

	eval { run(\@command, '<', \undef, '>', \$output, '2>&1') };
	return (-1, $@) if $@;
	return ($?, $output);
}

# Debian's interpreter, also where another one is in front of it.
my ($python) = grep { -x } '/usr/bin/python3', '/usr/local/bin/python3';
my ($includes) =
  run_command([ $ENV{PG_CONFIG} // 'pg_config', '--includedir' ]);
my ($libs) = run_command([ $ENV{PG_CONFIG} // 'pg_config', '--libdir' ]);
my @go = (
	'env', 'GO111MODULE=off', 'GOPATH=/usr/share/gocode',
	"GOCACHE=$dir/go", 'CGO_ENABLED=0', 'go');

# Per program: what must succeed, the build, the command that runs.
my @programs = (
	{
		file => 'c_libpq.c',
		needs => [ 'cc', '--version' ],
		build => [ 'cc', '-Wall', '-Wextra', '-Werror', "-I$includes",
			"$examples/c_libpq.c", '-o', "$dir/c_libpq", "-L$libs", '-lpq' ],
		run => ["$dir/c_libpq"]
	},
	{
		file => 'cpp_libmsgstore.cpp',
		needs => [ 'c++', '--version' ],
		build => [ 'c++', '-Wall', '-Wextra', '-Werror', "-I$includes",
			"-I$top/client/lib", "$examples/cpp_libmsgstore.cpp", '-o',
			"$dir/cpp", "$top/client/libmsgstore.a", "-L$libs", '-lpq' ],
		run => ["$dir/cpp"]
	},
	{
		file => 'perl_dbi.pl',
		needs => [ 'perl', '-MDBD::Pg', '-e', '1' ],
		run => [ 'perl', "$examples/perl_dbi.pl" ]
	},
	{
		file => 'python_psycopg.py',
		needs => [ $python // 'python3', '-c', 'import psycopg' ],
		run => [ $python, "$examples/python_psycopg.py" ]
	},
	{
		file => 'python_sqlalchemy.py',
		needs => [ $python // 'python3', '-c', 'import sqlalchemy, psycopg2' ],
		run => [ $python, "$examples/python_sqlalchemy.py" ]
	},
	{
		file => 'node_pg.js',
		needs => [ 'node', '-e', 'require("pg")' ],
		run => [ 'node', "$examples/node_pg.js" ]
	},
	{
		file => 'ruby_pg.rb',
		needs => [ 'ruby', '-e', 'require "pg"' ],
		run => [ 'ruby', "$examples/ruby_pg.rb" ]
	},
	{
		file => 'php_pgsql.php',
		needs => [ 'php', '-r', 'exit(function_exists("pg_connect") ? 0 : 1);' ],
		run => [ 'php', "$examples/php_pgsql.php" ]
	},
	{
		file => 'Java_jdbc.java',
		needs => [ 'sh', '-c', "test -f $java && javac -version" ],
		tcp => 1,
		run => [ 'java', '-cp', $java, "$examples/Java_jdbc.java" ]
	},
	{
		file => 'go_pq.go',
		needs => [ @go, 'list', 'github.com/lib/pq' ],
		build => [ @go, 'build', '-o', "$dir/go_pq", "$examples/go_pq.go" ],
		tcp => 1,
		run => ["$dir/go_pq"]
	});

# Every program of the folder is one of these, but the one that nothing runs.
my %listed = map { $_->{file} => 1 } @programs;
my @unknown = grep { !$listed{$_} }
  grep { !/\A(?:README\.md|expected\.txt|api\.sql|dotnet_npgsql\.cs)\z/ }
  map { s/.*\///r } glob "$examples/*";
is("@unknown", '', 'every program in examples/ is run');

foreach my $program (@programs)
{
	my $file = $program->{file};

	SKIP:
	{
		skip "$file: @{ $program->{needs} }[0] or its driver is not here", 1
		  if (outcome(@{ $program->{needs} }))[0] != 0;
		my ($status, $output) = (0, '');

		local $ENV{PGHOST} = $program->{tcp} ? '127.0.0.1' : $node->host;
		($status, $output) = outcome(@{ $program->{build} })
		  if $program->{build};
		($status, $output) = outcome(@{ $program->{run} }, $file)
		  if $status == 0;
		is("$status $output", "0 $expected", $file);
	}
}

done_testing();
