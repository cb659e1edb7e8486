# Every subcommand of msgstore is made from its description: options, errors with a
# guess, help, man page and completion; the store may come from the environment.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use MsgstoreClient;
use Test::More;

my $node = client_node('frame');
query(q{SELECT msgstore.create_store('team')});

my ($code, $out, $err) = msgstore('--help');
is($code, 0, '--help succeeds');
my @commands = $out =~ /^Commands:\n((?:  .*\n)+)/m ? $1 =~ /^  (\w+) /mg : ();
cmp_ok(scalar(@commands), '>=', 8, 'it names the commands');
is((msgstore('help'))[1], $out, 'help is --help');

# -------------------------------------------------------- of every command

foreach my $command (@commands)
{
	($code, my $help, $err) = msgstore($command, '--help');
	is("$code $err", '0 ', "$command --help succeeds");
	like($help, qr/^msgstore $command - \w.*\n\nUsage:\n  msgstore $command/,
		"$command --help begins with a summary and the usage");
	like($help, qr/^Exit status:\n  0  \w/m, "$command --help has exit codes");
	ok(!(grep { length > 79 } split /\n/, $help),
		"$command --help has at most 79 columns");
	is((msgstore('help', $command))[1], $help, "help $command is --help");

	my @options = $help =~ /^ +(?:-\S, )?--([a-z-]+)/mg;
	($code, my $man) = msgstore('man', $command);
	is($code, 0, "$command has a man page");
	foreach my $section (qw(NAME SYNOPSIS DESCRIPTION OPTIONS))
	{
		like($man, qr/^\.SH $section$/m, "$command: the page has $section");
	}
	my $plain = $man =~ s/\\//gr;
	foreach my $option (grep { $_ !~ /^(?:help|version)$/ } @options)
	{
		like($plain, qr/--$option\b/, "$command: the page has --$option");
		foreach my $shell (qw(bash zsh fish))
		{
			my $script = (msgstore('completion', $shell))[1];

			like($script, $shell eq 'fish' ? qr/from $command' -l $option\b/ : qr/--$option\b/,
				"$command: $shell completes --$option");
		}
	}

	($code, $out, $err) = msgstore($command, '--no-such-option');
	is($code, 2, "$command: an unknown option is exit code 2");
	like($err, qr/unknown option "--no-such-option"\n.*msgstore $command --help/,
		"$command: says where to find help");
}
if (system('command -v man >/dev/null') == 0)
{
	my ($warnings) = ('');
	foreach my $command ('', @commands)
	{
		my $page = (msgstore('man', $command eq '' ? () : $command))[1];
		my ($text, $said) = ('', '');
		IPC::Run::run([qw(man --warnings -l -)], '<', \$page, '>', \$text, '2>', \$said);
		$warnings .= $said;
	}
	is($warnings, '', 'man finds no fault in the pages');
}

# ------------------------------------------------------------- did you mean

foreach my $one (
	[ qr/unknown command "imprt"\nDid you mean "import"\?/, 'imprt' ],
	[ qr/unknown command "reslove"\nDid you mean "resolve"\?/, 'reslove' ],
	[ qr/unknown command "exp"\nDid you mean "export"\?/, 'exp' ],
	[ qr/unknown command "xyzzy"\nTry /, 'xyzzy' ],
	[ qr/unknown command "\\x1b\[2J"\nTry /, "\e[2J" ],
	[ qr/unknown option "--dreft"\nDid you mean "--draft"\?/, qw(resolve --dreft=1) ],
	[ qr/unknown option "-Z"/, qw(resolve -Z) ],
	[ qr/option "--draft" needs an argument/, qw(resolve --draft) ],
	[ qr/option "--dry-run" has no argument/, qw(import --dry-run=yes) ],
	[ qr/invalid choice "B": must be one of KEEP_ORIGINAL, /, qw(resolve -s x --choice=B) ],
	[ qr/unknown shell "csh"/, qw(completion csh) ],
	[ qr/unknown command "none"/, qw(man none) ])
{
	my ($message, @args) = @$one;

	($code, $out, $err) = msgstore(@args);
	is("$code $out", '2 ', "@args: exit code 2");
	like($err, $message, "@args: the error");
}

# --------------------------------------------------------------- completion

foreach my $line ([ 'msgstore exp', 'export' ], [ 'msgstore resolve --cho', '--choice=' ])
{
	my ($typed, $expected) = @$line;
	my @words = split / /, $typed;
	my ($stdout) = ('');

	IPC::Run::run(
		[
			'bash', '-c',
			'compopt() { :; }; eval "$(msgstore completion bash)"; COMP_WORDS=("$@"); '
			  . 'COMP_CWORD=$(($# - 1)); _msgstore; echo "${COMPREPLY[@]}"',
			'bash', @words
		],
		'<', \undef, '>', \$stdout);
	is($stdout, "$expected\n", "bash completes \"$typed\"");
}

# -------------------------------------------------------------- environment

($code, $out, $err) = msgstore('set', '1', 'PR_SUBJECT=x');
is($code, 2, 'no store: exit code 2');
like($err, qr/no store given \(option --store\)/, 'no store: the error');
$ENV{MSGSTORE_STORE} = 'team';
($code, $out, $err) = msgstore('new', 'PR_SUBJECT=from the environment');
is("$code $err", '0 ', 'MSGSTORE_STORE is the store');
($code, $out, $err) = msgstore('new', '--store=other', 'PR_SUBJECT=x');
like($err, qr/there is no store "other"/, 'and --store goes before it');
($code, $out, $err) = msgstore('export', '--lines=/nonexistent', '-');
like($err, qr/nonexistent/, 'a command without a server does not need it');

$node->stop;
done_testing();
