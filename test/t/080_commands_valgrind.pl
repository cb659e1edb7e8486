# The commands of people and the calls of libmsgstore read no memory out of bounds and
# lose none, as valgrind sees it: listing, editing, conflicts, folders, JSON.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $client = "$FindBin::RealBin/../../client";
my ($out, $err);

plan skip_all => 'valgrind is not there'
  unless eval { IPC::Run::run([ 'valgrind', '--version' ], '>', \$out) };

# Make GLib free blocks, which it otherwise keeps where valgrind cannot see them.
$ENV{G_SLICE} = 'always-malloc';
$ENV{XDG_STATE_HOME} = PostgreSQL::Test::Utils::tempdir();
my $node = client_node('commands_valgrind');
$ENV{MSGSTORE_STORE} = 'team';

# Run a program under valgrind; it exits with 99 if there is an error.
sub under_valgrind
{
	my ($expected, $input, @command) = @_;
	my $what = join ' ', map { s{.*/}{}r } grep { !/=/ } @command;

	IPC::Run::run(
		[
			'valgrind', '--quiet', '--error-exitcode=99', '--leak-check=full',
			'--errors-for-leak-kinds=definite', '--child-silent-after-fork=yes',
			"--suppressions=$client/valgrind.supp", @command
		],
		'<', \$input, '>', \$out, '2>', \$err);
	is($? >> 8, $expected, "$what: exit code $expected") or diag($err);
	unlike($err, qr/^==\d+==/m, "$what: nothing to say for valgrind");
	return;
}

under_valgrind(0, '', "$client/examples/tour", $node->connstr('postgres'), 'tour');
under_valgrind(0, '', 'msgstore', 'init');
under_valgrind(0, '', 'msgstore', 'new', '--folder=A/B', 'PR_SUBJECT=base', "PR_BODY=one\ntwo\n");
my ($id) = $out =~ /message (\d+)/;
my $base = query("SELECT change_number FROM msgstore.message_list WHERE message_id = $id");
msgstore('set', $id, 'PR_SUBJECT=theirs', "PR_BODY=ONE\ntwo\n", 'PR_IMPORTANCE=2');
foreach my $n (1 .. 2)
{
	msgstore('set', "--base=$base", $id, "PR_SUBJECT=mine $n", "PR_BODY=Eins\ntwo\n");
}
$ENV{EDITOR} = q{sed -i '/^[<|=>]\{7\}/d'};
foreach my $one (
	[ 0, 'folders' ],
	[ 0, 'ls', '--folder=A/B' ],
	[ 2, 'ls', '--folder=A/b' ],
	[ 0, 'show', $id ],
	[ 0, 'log', '--json', $id ],
	[ 0, 'diff', $id ],
	[ 0, 'drafts' ],
	[ 1, 'resolve', '--json' ],
	[ 0, 'mv', $id, 'Inbox' ],
	[ 0, 'grant', 'Inbox', 'PUBLIC', 'REVIEWER' ],
	[ 0, 'watch', '--all', '--once' ])
{
	my ($expected, @args) = @$one;

	under_valgrind($expected, '', 'msgstore', @args);
}
under_valgrind(0, "d\nw\nz\nn\no\ne\n", 'msgstore', 'resolve', $id);
$ENV{EDITOR} = q{sed -i 's/^PR_SENSITIVITY/PR_NOPE/'};
under_valgrind(1, '', 'msgstore', 'edit', $id);
$ENV{EDITOR} = q{sed -i 's/^PR_NOPE/PR_SENSITIVITY/; s/two/zwei/'};
under_valgrind(0, '', 'msgstore', 'edit', '--draft', '--json');

$node->stop;
done_testing();
