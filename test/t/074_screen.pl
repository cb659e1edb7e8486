# The conflict screen and the prompts of "msgstore" on a terminal: every key, the end of
# input, Ctrl-C, a new width, the pager, the editor and the merge tool; no draft is lost.
use strict;
use warnings;
use utf8;
use Cwd qw(abs_path);
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Terminal;
use Test::More;

my $folder = abs_path($dir);
$Terminal::folder = $folder;
my $node = client_node('screen');
query(q{SELECT msgstore.create_store('team')});
$ENV{MSGSTORE_STORE} = 'team';
$ENV{XDG_STATE_HOME} = "$folder/state";
$ENV{TERM} = 'xterm';
$ENV{TZ} = 'UTC';
$ENV{PAGER} = "sed 's/^/paged: /'";
delete @ENV{qw(NO_COLOR COLUMNS VISUAL EDITOR MSGSTORE_MERGETOOL)};

my $prompt = qr/ q or \? $/;
my @body = map { "line $_\n" } 1 .. 20;

sub text
{
	my (%changes) = @_;
	my @lines = @body;

	$lines[ $_ - 1 ] = "$changes{$_}\n" foreach keys %changes;
	return join '', @lines;
}

sub props
{
	my ($id, $name) = @_;

	return query("SELECT msgstore.read_message(1, $id)->>'$name'");
}

sub drafts
{
	my ($id) = @_;

	return query("SELECT count(*) FROM msgstore.parked WHERE message_id = $id");
}

# Save changes without a terminal; with a base, over that version.
sub save
{
	my ($id, $base, @values) = @_;

	return (msgstore('set', defined $base ? "--base=$base" : (), $id,
		map { encode('UTF-8', $_) } @values))[0];
}

# Make a message, a save of others and a draft; returns the id.
sub conflict
{
	my ($theirs, $mine, @more) = @_;
	my ($id) = (msgstore('new', 'PR_SUBJECT=base', 'PR_BODY=' . text()))[1] =~ /message (\d+)/;
	my $base = props($id, 'PidTagChangeNumber');

	save($id, undef, @$theirs) if @$theirs;
	if (@$mine && !@$theirs)
	{
		query("SELECT msgstore.park_message(1, $id, $base, '{\"PR_SUBJECT\": \"mine\"}')");
	}
	else
	{
		save($id, $base, @$mine);
	}
	return $id;
}

my @both = ([ 'PR_SUBJECT=theirs', 'PR_BODY=' . text(3 => 'their third') ],
	[ 'PR_SUBJECT=mine', 'PR_BODY=' . text(3 => 'my third', 18 => 'my eighteenth') ]);
my @apart = ([ 'PR_BODY=' . text(3 => 'their third') ], [ 'PR_BODY=' . text(18 => 'my eighteenth') ]);

sub set_editor
{
	my ($script) = @_;
	my $path = abs_path(write_file('editor', encode('UTF-8', "#!/bin/sh\n$script\n")));

	chmod 0755, $path;
	$ENV{EDITOR} = $path;
	return;
}

# ------------------------------------------------------------------ each key

# those that settle
foreach my $one (
	[ 'k', \@both, qr/Kept: message/, 'theirs' ],
	[ 'o', \@both, qr/Overwritten: message (\d+).*To bring the replaced version back:\n    msgstore restore \1 --version=\d+/s, 'mine' ],
	[ 's', \@both, qr/Saved elsewhere: draft .* in folder\s+"Conflicts"/s, 'theirs' ],
	[ 's Team', \@both, qr/Saved elsewhere: draft .* in folder\s+"Team"/s, 'theirs' ],
	[ 'm', \@apart, qr/Merged: message/, 'base' ])
{
	my ($key, $case, $says, $subject) = @$one;
	my $id = conflict(@$case);
	my $terminal = on_terminal(80, 'resolve', $id);
	my $shown = wait_for($terminal, $prompt);

	like($shown, qr/\e\[/, "$key: colours");
	unlike($shown, qr/\^\^\^/, "$key: words are marked by colours");
	type($terminal, "$key\n");
	my ($code, $out) = finish($terminal);
	is($code, 0, "$key: exit code 0");
	like($out, $says, "$key: says so");
	is(props($id, 'PR_SUBJECT'), $subject, "$key: the message");
	is(drafts($id), 0, "$key: the draft is settled");
	if ($key eq 'o')
	{
		my ($command) = $out =~ /^    msgstore (restore \d+ --version=\d+)$/m;

		is((msgstore(split / /, $command))[0], 0, 'the command that was printed works');
		is(props($id, 'PR_SUBJECT'), 'theirs', 'and brings the version back');
	}
	is(props($id, 'PR_BODY'), text(3 => 'their third', 18 => 'my eighteenth'), 'm: both changes')
	  if $key eq 'm';
}

# those that show, and those that leave
my $id = conflict(@both);
my $terminal = on_terminal(80, 'resolve', $id);
my $shown = wait_for($terminal, $prompt) =~ s/\e\[[0-9;]*m//gr;
like($shown, qr/\@\@ line 3, both: a conflict\n  base    line 3\n  theirs  their third\n  yours   my third\n/, 'no side is hidden');
like($shown, qr/\@\@ line 18, you\n    - line 18\n    \+ my eighteenth\n/, 'old beside new');
like($shown, qr/merge is not possible because of\s+PR_\w+,\s+PR_\w+\)/, 'why there is no merge');
like(type($terminal, "\n", $prompt), qr/Please answer with k, o, e, s, d, w, p, q or \?\./, 'Enter alone chooses nothing');
like(type($terminal, "m\n", $prompt), qr/Please answer with/, 'what is not offered is no answer');
like(type($terminal, "?\n", $prompt), qr/  k  keep the original|keep the original/, '? prints the answers');
$shown = type($terminal, "d\n", $prompt) =~ s/\e\[[0-9;]*m//gr;
like($shown, qr/paged:   base to theirs\n.*paged:   base to yours\n.*paged:   theirs to yours\n/s, 'd shows three differences through the pager');
unlike((split /paged: PR_SUBJECT/, type($terminal, "d PR_SUBJECT\n", $prompt))[0], qr/PR_BODY/, 'd PROPERTY shows one');
like(type($terminal, "w PR_BODY\n", $prompt), qr/paged: +line 20/, 'w shows whole values');
like(type($terminal, "w PR_NOPE\n", $prompt), qr/no such property/, 'w knows which there are');
type($terminal, "p\n");
my ($code, $out) = finish($terminal);
is($code, 1, 'p: exit code 1');
like($out, qr/stays parked/, 'p: says so');
is(drafts($id), 1, 'p: the draft is there');

# the end of input, and Ctrl-C
$terminal = on_terminal(80, 'resolve', $id);
wait_for($terminal, $prompt);
type($terminal, "\cD");
($code, $out) = finish($terminal);
is($code, 1, 'Ctrl-D: exit code 1');
is(drafts($id), 1, 'Ctrl-D: the draft is there');
$terminal = on_terminal(80, 'resolve', $id);
wait_for($terminal, $prompt);
type($terminal, "\cC");
($code, $out) = finish($terminal);
is($code, 130, 'Ctrl-C ends the command');
is(drafts($id), 1, 'Ctrl-C: the draft is there');

# another width while the command waits, and a narrow one
$terminal = on_terminal(120, 'resolve', $id);
$shown = wait_for($terminal, $prompt) =~ s/\e\[[0-9;]*m//gr;
cmp_ok((sort { $b <=> $a } map { length } split /\n/, $shown)[0], '>', 80, 'a wide terminal is used');
save($id, undef, 'PR_COMMENT=later');
write_file('narrow', '');
for (my $i = 0; $i < 10 * $PostgreSQL::Test::Utils::timeout_default; $i++)
{
	last if -e "$folder/narrowed";
	select(undef, undef, undef, 0.1);
}
ok(-e "$folder/narrowed", 'the terminal is made narrow');
$shown = type($terminal, "o\n", $prompt) =~ s/\e\[[0-9;]*m//gr;
unlink "$folder/narrow";
is(join("\n", grep { length > 44 } split /\n/, $shown =~ s/.*The new state:\n//sr), '', 'a new width counts for the next screen');
type($terminal, "q\n");
finish($terminal);
{
	local $ENV{NO_COLOR} = '1';

	$terminal = on_terminal(40, 'resolve', $id);
	$shown = wait_for($terminal, $prompt);
	unlike($shown, qr/\e/, 'NO_COLOR: no colours');
	ok(!(grep { length > 40 } split /\n/, $shown), '40 columns');
	type($terminal, "k\n");
	finish($terminal);
}

# a text of 20 lines rewritten into two, and wide characters
$id = conflict([ 'PR_SENSITIVITY=1', "PR_COMMENT=" . '日本語の長い行です' x 12 ], [ "PR_BODY=one\ntwo\n", 'PR_COMMENT=x' ]);
{
	local $ENV{NO_COLOR} = '1';

	$terminal = on_terminal(60, 'resolve', $id);
	$shown = wait_for($terminal, $prompt);
	like($shown, qr/  - line 8\n +\.\.\. and 12 more lines\n  \+ one\n  \+ two\n/, 'many old lines do not hide the new ones');
	ok(!(grep { length($_) + tr/日本語の長い行です// > 60 } split /\n/, $shown), 'wide characters take two columns');
	type($terminal, "k\n");
	finish($terminal);
}

# ------------------------------------------------------------------- editing

$id = conflict(@both);
set_editor("cp \"\$1\" '$folder/seen'; sed -i '/^<<<<<<</d; /^|||||||/,/^=======/d; /^>>>>>>>/d' \"\$1\"");
$terminal = on_terminal(80, 'resolve', $id);
wait_for($terminal, $prompt);
type($terminal, "e\n");
($code, $out) = finish($terminal);
is($code, 0, 'e: exit code 0');
like(decode('UTF-8', read_file("$folder/seen")),
	qr/^# Others changed PR_SUBJECT to: "theirs"\n.*^Subject: mine\n.*<<<<<<< theirs\ntheir third\n\|\|\|\|\|\|\| base\nline 3\n=======\nmy third\n>>>>>>> yours\n.*^my eighteenth$/ms,
	'e: the changes of both, with marks');
is(props($id, 'PR_BODY'), text(3 => "their third\nmy third", 18 => 'my eighteenth'), 'e: what was edited');
is(props($id, 'PR_SUBJECT'), 'mine', 'e: and the rest');
is(drafts($id), 0, 'e: the draft is settled');

# a mark that is left opens the editor again
$id = conflict(@both);
set_editor("test -e '$folder/again' && sed -i '/^[<|=>]\\{7\\}/d' \"\$1\"; touch '$folder/again'");
$terminal = on_terminal(80, 'resolve', $id);
wait_for($terminal, $prompt);
type($terminal, "e\n", qr/Edit the text again\? \(y or n\) $/);
is(drafts($id), 1, 'a mark that is left: the draft is there');
type($terminal, "y\n");
($code, $out) = finish($terminal);
is($code, 0, 'a mark that is left: edited again');

# no: the text is kept, and the question comes again
unlink "$folder/again";
$id = conflict(@both);
$terminal = on_terminal(80, 'resolve', $id);
wait_for($terminal, $prompt);
$shown = type($terminal, "e\n", qr/\(y or n\) $/);
like($shown, qr/line \d+: a mark of a conflict is left/, 'a mark that is left: the line');
$shown = type($terminal, "n\n", $prompt);
like($shown, qr/The text is kept in /, 'not again: the text is kept');
type($terminal, "q\n");
finish($terminal);
is(drafts($id), 1, 'not again: the draft is there');

# a merge tool merges the texts with conflicts
{
	my $tool = abs_path(write_file('tool', "#!/bin/sh\ncat \"\$1\" \"\$2\" \"\$3\" >'$folder/three'; sed -i '/^[<|=>]\\{7\\}/d; s/^my third/by a tool/' \"\$4\"\n"));
	local $ENV{MSGSTORE_MERGETOOL} = $tool;

	chmod 0755, $tool;
	set_editor('true');
	$terminal = on_terminal(80, 'resolve', $id);
	wait_for($terminal, $prompt);
	type($terminal, "e\n");
	($code, $out) = finish($terminal);
	is($code, 0, 'a merge tool: exit code 0');
	like(props($id, 'PR_BODY'), qr/^by a tool$/m, 'a merge tool: its result');
	is(read_file("$folder/three"), text() . text(3 => 'their third') . text(3 => 'my third', 18 => 'my eighteenth'),
		'a merge tool: base, theirs and yours');
}

# an error in an edited text, on a terminal
set_editor("test -e '$folder/once' && sed -i 's/^PR_NOPE/PR_COMMENT/' \"\$1\" || { touch '$folder/once'; sed -i 's/^PR_IMPORTANCE/PR_NOPE/' \"\$1\"; }");
$terminal = on_terminal(80, 'edit', $id);
$shown = wait_for($terminal, qr/\(y or n\) $/);
like($shown, qr/line \d+: property "PR_NOPE" is not known/, 'an error in a text: the line');
type($terminal, "perhaps\n", qr/\(y or n\) $/);
type($terminal, "y\n");
($code, $out) = finish($terminal);
is($code, 0, 'an error in a text: edited again, and saved');

# a conflict at the end of "edit" is shown at once
set_editor("sed -i 's/^Subject:.*/Subject: at last/' \"\$1\"; msgstore set $id PR_SUBJECT=quicker >/dev/null");
$terminal = on_terminal(80, 'edit', $id);
$shown = wait_for($terminal, $prompt) =~ s/\e\[[0-9;]*m//gr;
like($shown, qr/^Others have saved the message meanwhile\..*quicker.*at last/s, 'edit: the conflict is shown');
type($terminal, "o\n");
($code, $out) = finish($terminal);
is($code, 0, 'edit: overwritten');
is(props($id, 'PR_SUBJECT'), 'at last', 'edit: the message');

# --------------------------------------------------- other menus, other texts

# drafts one after another: n, and a capital letter for all the rest
query('SELECT msgstore.discard_parked(1, parked_id) FROM msgstore.parked');
my @two = map { conflict(@both) } 1 .. 2;
$terminal = on_terminal(80, 'resolve');
$shown = wait_for($terminal, $prompt) =~ s/\e\[[0-9;]*m//gr =~ s/\s+/ /gr;
like($shown, qr/of message $two[0] .* n next: .*a capital letter, K, O, M, S, X, Y or P/, 'two drafts: n and capital letters');
like(type($terminal, "n\n", $prompt), qr/of message $two[1] /, 'n: the next draft');
type($terminal, "K\n");
($code, $out) = finish($terminal);
is($code, 0, 'K: exit code 0');
is(scalar(() = $out =~ /Kept: message/g), 2, 'K: both are kept');
is(drafts($_), 0, 'K: the draft is settled') foreach @two;

# nothing overwrites an original that was deleted
$id = conflict(@both);
msgstore('rm', $id);
$terminal = on_terminal(80, 'resolve', $id);
$shown = wait_for($terminal, $prompt) =~ s/\e\[[0-9;]*m//gr;
unlike($shown, qr/^  [oekm]  /m, 'a deleted original: neither overwrite nor merge');
like(type($terminal, "o\n", $prompt), qr/Please answer with s, x, d, w, p, q or \?\./, 'a deleted original: o is no answer');
type($terminal, "x\n");
($code) = finish($terminal);
is($code, 0, 'x: exit code 0');
is(drafts($id), 0, 'x: the draft is discarded');

# nobody else has saved
$id = conflict([], ['mine']);
$terminal = on_terminal(80, 'resolve', $id);
$shown = wait_for($terminal, $prompt) =~ s/\e\[[0-9;]*m//gr;
like($shown, qr/^  y  yes, save the draft$/m, 'no conflict: y');
type($terminal, "y\n");
($code) = finish($terminal);
is($code, 0, 'y: exit code 0');
is(props($id, 'PR_SUBJECT'), 'mine', 'y: the message');

# texts that would control a narrow terminal
{
	my $hostile = "\e]0;title\a\e[31m\x{9b}2J\x{202e}\r" . 'long' x 30;
	my ($hostile_id) = (msgstore('new', 'PR_SUBJECT=base'))[1] =~ /message (\d+)/;
	my $base = props($hostile_id, 'PidTagChangeNumber');
	local $ENV{NO_COLOR} = '1';

	# an actor has no control character
	save($hostile_id, undef, '--actor=' . $hostile =~ s/[\e\a\x{9b}\r]//gr, "PR_SUBJECT=$hostile", "PR_BODY=$hostile\n$hostile\n");
	save($hostile_id, $base, 'PR_SUBJECT=mine', "PR_BODY=$hostile\nmine\n");
	$terminal = on_terminal(40, 'resolve', $hostile_id);
	$shown = wait_for($terminal, $prompt) . type($terminal, "d\n", $prompt) . type($terminal, "w\n", $prompt);
	unlike($shown =~ s/\r\n/\n/gr, qr/[\e\a\r\x{80}-\x{9f}\x{202e}]/, 'hostile texts control nothing');
	type($terminal, "k\n");
	finish($terminal);
}

# two places close together, whose lines around them are shown once
$id = conflict([ 'PR_SUBJECT=theirs' ], [ 'PR_BODY=' . text(3 => 'third', 5 => 'fifth') ]);
$terminal = on_terminal(80, 'resolve', $id);
wait_for($terminal, $prompt);
$shown = type($terminal, "d PR_BODY\n", $prompt) =~ s/\e\[[0-9;]*m|paged: //gr;
like($shown, qr/  \@\@ line 3\n    line 1\n    line 2\n  - line 3\n  \+ third\n    line 4\n  - line 5\n  \+ fifth\n    line 6\n    line 7\n/,
	'places close together: each line around them once');
type($terminal, "m\n");
($code) = finish($terminal);
is($code, 0, 'and merged');

$node->stop;
done_testing();
