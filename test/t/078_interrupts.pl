# Ctrl-C and the end of input at every question of "edit", "new", "set" and "resolve":
# the command says where the edits are, ends by that signal, and "msgstore edit --draft"
# finds them; two terminals on one draft lose nothing.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Terminal;
use Test::More;

my $folder = abs_path($dir);
my $node = client_node('interrupts');
query(q{SELECT msgstore.create_store('team')});
$ENV{MSGSTORE_STORE} = 'team';
$ENV{XDG_STATE_HOME} = "$folder/state";
$ENV{TERM} = 'dumb';
$ENV{PAGER} = 'cat';
delete @ENV{qw(VISUAL EDITOR MSGSTORE_MERGETOOL)};

my $menu = qr/ q or \? $/;
my $again = qr/Edit the text again\? \(y or n\) $/;
my $n = 0;

sub set_editor
{
	my ($script) = @_;
	my $path = abs_path(write_file('editor', "#!/bin/sh\n$script\n"));

	chmod 0755, $path;
	$ENV{EDITOR} = $path;
	return;
}

sub message
{
	return query(q{SELECT message_id FROM msgstore.save_new_message(1,
		msgstore.special_folder(1, 'Inbox'),
		'{"PR_SUBJECT": "base", "PR_BODY": "one\ntwo\n"}')});
}

sub change_number
{
	my ($id) = @_;

	return query("SELECT msgstore.read_message(1, $id)->>'PidTagChangeNumber'");
}

# Save over a message without a question.
sub theirs
{
	my ($id) = @_;

	return query("SELECT result FROM msgstore.save_message(1, $id, " . change_number($id)
		  . q{, '{"PR_SUBJECT": "theirs", "PR_BODY": "one\nTWO\n"}')});
}

# Go on with a draft or a text, mend the error that the editors below make, and settle
# a conflict by overwriting; returns the subjects of the messages.
sub go_on
{
	my ($draft) = @_;

	local $ENV{EDITOR} = q{sed -i -e 's/^PR_NOPE/PR_SENSITIVITY/' -e '/^[<|=>]\{7\}/d'};
	my ($code) = msgstore('edit', "--draft=$draft");
	msgstore('resolve', '--choice=OVERWRITE') if $code == 1;
	return split /\n/, query('SELECT subject FROM msgstore.message_list');
}

# The ways to each question: arguments from an id, the text, and what to type for each
# question before the last.
my $broken = q{sed -i "s/^Subject:.*/Subject: $TEXT/; s/^PR_SENSITIVITY/PR_NOPE/" "$1"};
my $good = q{sed -i "s/^Subject:.*/Subject: $TEXT/" "$1"};
my $racing = qq{$good; msgstore set \$ID PR_SUBJECT=theirs "PR_BODY=\$BODY" >/dev/null};
$ENV{BODY} = "one\nTWO\n";
my @questions = (
	{
		name => 'edit, a text with an error',
		editor => $broken,
		args => sub { return ('edit', $_[0]) },
		steps => [ [ $again, '' ] ]
	},
	{
		name => 'edit, a text with an error again',
		editor => $broken,
		args => sub { return ('edit', $_[0]) },
		steps => [ [ $again, "y\n" ], [ $again, '' ] ]
	},
	{
		name => 'edit, a conflict',
		editor => $racing,
		args => sub { return ('edit', $_[0]) },
		steps => [ [ $menu, '' ] ]
	},
	{
		name => 'edit, a conflict, an answer that is none',
		editor => $racing,
		args => sub { return ('edit', $_[0]) },
		steps => [ [ $menu, "z\n" ], [ $menu, '' ] ]
	},
	{
		name => 'edit, a conflict, after the differences',
		editor => $racing,
		args => sub { return ('edit', $_[0]) },
		steps => [ [ $menu, "d\n" ], [ $menu, "w\n" ], [ $menu, '' ] ]
	},
	{
		name => 'edit, a conflict, a mark is left in the text of both',
		editor => qq{grep -q '^<<<<' "\$1" || { $racing; }},
		args => sub { return ('edit', $_[0]) },
		change => q{sed -i "s/^two/mine/" "$1"; },
		steps => [ [ $menu, "e\n" ], [ $again, '' ] ]
	},
	{
		name => 'new, a text with an error',
		editor => q{printf 'Subject: %s\nPR_NOPE: 1\n\n' "$TEXT" >"$1.new"; }
		  . q{head -n 1 "$1" | cat - "$1.new" >"$1.all"; cat "$1.all" >"$1"; rm "$1.new" "$1.all"},
		args => sub { return ('new') },
		steps => [ [ $again, '' ] ]
	},
	{
		name => 'set, a conflict',
		editor => 'true',
		stale => 1,
		args => sub { return ('set', $_[0], "--base=$_[1]", "PR_SUBJECT=$ENV{TEXT}") },
		steps => [ [ $menu, '' ] ]
	},
	{
		name => 'resolve',
		editor => 'true',
		stale => 1,
		parked => 1,
		args => sub { return ('resolve', $_[0]) },
		steps => [ [ $menu, '' ] ]
	},
	{
		name => 'resolve, a mark is left in the text of both',
		editor => 'true',
		stale => 1,
		parked => 1,
		args => sub { return ('resolve', $_[0]) },
		steps => [ [ $menu, "e\n" ], [ $again, '' ] ]
	},
	{
		name => 'resolve, not edited again',
		editor => 'true',
		stale => 1,
		parked => 1,
		args => sub { return ('resolve', $_[0]) },
		steps => [ [ $menu, "e\n" ], [ $again, "n\n" ], [ $menu, '' ] ]
	});

foreach my $question (@questions)
{
	foreach my $key ([ 'Ctrl-C', "\cC", 130 ], [ 'Ctrl-D', "\cD", 1 ])
	{
		my ($typed, $bytes, $expected) = @$key;
		my $what = "$question->{name}, $typed";
		my $id = message();
		my $base = change_number($id);

		$ENV{TEXT} = 'text' . ++$n;
		$ENV{ID} = $id;
		theirs($id) if $question->{stale};
		query("SELECT msgstore.park_message(1, $id, $base,
			'{\"PR_SUBJECT\": \"$ENV{TEXT}\", \"PR_BODY\": \"one\\nmine\\n\"}')")
		  if $question->{parked};
		set_editor(($question->{change} // '') . $question->{editor});

		my $terminal = on_terminal(80, $question->{args}->($id, $base));
		my $shown = '';
		foreach my $step (@{ $question->{steps} })
		{
			my ($pattern, $answer) = @$step;

			$shown .= wait_for($terminal, $pattern);
			type($terminal, $answer) if $answer ne '';
		}
		type($terminal, $bytes);
		my ($code, $out) = finish($terminal);
		is($code, $expected, "$what: exit code $expected");
		like($out, qr/^(?:The text is kept in .*\n.*--draft=|Draft \d+ stays parked)/m,
			"$what: says where the edits are");

		my ($draft) = "$shown$out" =~ /.*--draft='?([^'\n]+)'?$/ms;
		($draft) = $out =~ /Draft (\d+) stays parked/ if !defined $draft;
		is(scalar(grep { $_ eq $ENV{TEXT} } go_on($draft)), 1,
			"$what: edit --draft finds them");
		query('SELECT msgstore.discard_parked(store_id, parked_id) FROM msgstore.parked');
		unlink glob("$folder/state/msgstore/*");
	}
}

# Ctrl-C while the editor runs is the editor's
my $id = message();
$ENV{TEXT} = 'text of an editor';
set_editor(qq{trap : INT; touch '$folder/running'; while [ ! -e '$folder/go' ]; do sleep 0.1; done; $good});
my $terminal = on_terminal(80, 'edit', $id);
for (my $i = 0; $i < 10 * $PostgreSQL::Test::Utils::timeout_default; $i++)
{
	last if -e "$folder/running";
	select(undef, undef, undef, 0.1);
}
type($terminal, "\cC", qr/\^C|\z/);
write_file('go', '');
my ($code, $out) = finish($terminal);
is($code, 0, 'Ctrl-C while the editor runs: the command goes on');
is(query("SELECT subject FROM msgstore.message_list WHERE message_id = $id"),
	$ENV{TEXT}, 'Ctrl-C while the editor runs: saved');

# ------------------------------------------------- two terminals on one draft

$id = message();
my $base = change_number($id);
theirs($id);
my $draft = query("SELECT msgstore.park_message(1, $id, $base, '{\"PR_SUBJECT\": \"mine\"}')");
my @terminals = map { on_terminal(80, 'resolve', "--draft=$draft") } 1, 2;
wait_for($_, $menu) foreach @terminals;
type($terminals[0], "o\n");
($code, $out) = finish($terminals[0]);
is($code, 0, 'two terminals: the first one settles the draft');
my $shown = type($terminals[1], "o\n", $menu);
like($shown, qr/others have changed the message/, 'two terminals: the second one sees that');
type($terminals[1], "k\n");
finish($terminals[1]);
is(query("SELECT subject FROM msgstore.message_list WHERE message_id = $id"), 'mine',
	'two terminals: what the first one saved stands');

# two editors on one draft
$draft = query("SELECT msgstore.park_message(1, $id, " . change_number($id)
	  . q{, '{"PR_SUBJECT": "both"}')});
foreach my $one (1, 2)
{
	unlink "$folder/running$one", "$folder/go$one";
	set_editor(qq{touch '$folder/running$one'; while [ ! -e '$folder/go$one' ]; do sleep 0.1; done;}
		  . qq{ sed -i 's/^Subject:.*/Subject: terminal $one/' "\$1"});
	$terminals[$one] = on_terminal(80, 'edit', "--draft=$draft");
	for (my $i = 0; $i < 10 * $PostgreSQL::Test::Utils::timeout_default; $i++)
	{
		last if -e "$folder/running$one";
		select(undef, undef, undef, 0.1);
	}
}
write_file('go1', '');
($code, $out) = finish($terminals[1]);
is($code, 0, 'two editors: the first one saves');
write_file('go2', '');
$shown = wait_for($terminals[2], $menu);
like($shown, qr/Others have saved the message meanwhile\..*terminal 1.*terminal 2/s,
	'two editors: the second one is asked');
type($terminals[2], "q\n");
finish($terminals[2]);
is(query('SELECT subject FROM msgstore.parked'), 'terminal 2', 'two editors: its text is a draft');

$node->stop;
done_testing();
