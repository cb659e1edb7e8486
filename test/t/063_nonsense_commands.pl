# Against a server that answers nonsense, the commands for people end with an error or an
# exit code, and print no control characters.  (Fault F10.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use NonsenseAttack;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = attack_node('nonsense_commands');
my $message = make_drafts();
my @any = (0 .. 3);
$ENV{EDITOR} = q{sed -i 's/^Subject:.*/Subject: edited/'};
my $first = query("SELECT min(change_number) FROM msgstore.change_list WHERE message_id = $message");
query(q{SELECT msgstore.set_search(s, true, 'simple') FROM public.place});
my $other = query(q{SELECT message_id FROM public.place,
	msgstore.save_new_message(s, msgstore.special_folder(s, 'Inbox'), '{}')});
query(q{SELECT msgstore.create_store('copies')});
my %before = (
	'init' => q{UPDATE msgstore.store SET name = name || store_id WHERE name = 'made'},
	'rm' => "SELECT msgstore.restore_messages(s, ARRAY[$other]) FROM public.place",
	"restore $other" =>
	  "SELECT msgstore.delete_messages(s, ARRAY[$other]) FROM public.place",
	'sync' => q{SELECT msgstore.save_new_message(s, msgstore.special_folder(s, 'Inbox'),
		'{"PR_SUBJECT": "to be brought"}') FROM public.place});
my %attacked;
foreach my $line (
	[ 'init', '--store=made' ],
	[ 'stores' ],
	[ 'show', $message ],
	[ 'show', $message, '--json', 'PR_SUBJECT' ],
	[ 'log', $message ],
	[ 'diff', $message ],
	[ 'drafts' ],
	[ 'drafts', '--json' ],
	[ 'edit', $message ],
	[ 'edit', '--draft', $message ],
	[ 'new', 'PR_SUBJECT=new' ],
	[ 'set', $message, 'PR_SUBJECT=set' ],
	[ 'mark', $message ],
	[ 'cp', $message, 'Drafts' ],
	[ 'grant', 'Inbox', 'PUBLIC', 'REVIEWER' ],
	[ 'mv', $message, 'Inbox' ],
	[ 'restore', $message, "--version=$first" ],
	[ 'rm', $other ],
	[ 'restore', $other ],
	[ 'folders' ],
	[ 'ls' ],
	[ 'search', 'new' ],
	[ 'watch', '--once', '--all' ],
	[ 'resolve', '--json' ],
	[ 'sync', '--from=postgres', '--to=postgres', '--to-store=copies' ],
	[ 'prune' ],
	[ 'sweep' ])
{
	my ($command, @rest) = @$line;

	attack("@$line", $before{"@$line"} // $before{$command} // $another_draft,
		'', \@any, 'msgstore', $command, '--store=drafts', @rest);
	$attacked{$command} = 1;
}

# no command is left out
my ($names) = run_command([ 'msgstore', 'man', '--names' ]);
my $other_test = slurp_file("$FindBin::RealBin/063_nonsense.pl");
foreach my $command (grep { !/^(completion|man)$/ } split ' ', $names)
{
	ok($attacked{$command} || $other_test =~ /'msgstore', '$command'/,
		"$command was attacked");
}

$node->stop;
done_testing();
