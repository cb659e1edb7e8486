# "msgstore edit", "new" and "set" save a message that was edited as text; the edits
# are a draft before they are saved, and no fault loses what was written.
use strict;
use warnings;
use utf8;
use Cwd qw(abs_path);
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = abs_path($dir);
my $node = client_node('edit');
query(q{SELECT msgstore.create_store('team')});
$ENV{MSGSTORE_STORE} = 'team';
$ENV{XDG_STATE_HOME} = "$folder/state";
delete @ENV{qw(VISUAL EDITOR PGAPPNAME)};
$ENV{TZ} = 'UTC';

# Make the editor a script, which gets the path of the text in $1.
sub set_editor
{
	my ($script) = @_;
	my $path = abs_path(write_file('editor', encode('UTF-8', "#!/bin/sh\n$script\n")));

	chmod 0755, $path;
	$ENV{EDITOR} = $path;
	return;
}

# Run the command without a terminal; returns exit code, stdout and stderr, as
# characters.
sub run_command_line
{
	my ($code, $out, $err) = msgstore(map { encode('UTF-8', $_) } @_);

	return ($code, decode('UTF-8', $out), decode('UTF-8', $err));
}

sub props
{
	my ($id, $name) = @_;

	return query("SELECT msgstore.read_message(1, $id)->>'$name'");
}

sub drafts
{
	return query('SELECT count(*) FROM msgstore.parked');
}

# Return the paths of the texts that are kept.
sub kept
{
	my @paths = glob("$folder/state/msgstore/*");

	return @paths;
}

sub new_message
{
	my ($json) = @_;

	return query("SELECT message_id FROM msgstore.save_new_message(1,
		msgstore.special_folder(1, 'Inbox'), \$\$$json\$\$)");
}

my $offer = '{"PR_SUBJECT": "Angebot für 日本", "PR_IMPORTANCE": 1,
	"PR_COMMENT": "two\nlines", "PR_MESSAGE_DELIVERY_TIME": "2026-01-02T03:04:05Z",
	"PR_BODY": "Dear all,\n\nwe meet on Monday.\n# not a comment\n",
	"PR_MESSAGE_RECIPIENTS": [
	  {"PR_DISPLAY_NAME": "Ann", "PR_SMTP_ADDRESS": "ann@example.org", "PR_RECIPIENT_TYPE": 1},
	  {"PR_DISPLAY_NAME": "Bob", "PR_RECIPIENT_TYPE": 2},
	  {"PR_DISPLAY_NAME": "Cat", "PR_SMTP_ADDRESS": "cat@example.org", "PR_RECIPIENT_TYPE": 2}]}';
my $id = new_message($offer);

# ------------------------------------------------------------------ the text

set_editor("cp \"\$1\" '$folder/seen'");
my ($code, $out, $err) = run_command_line('edit', $id);
is("$code $out$err", "0 Nothing was changed.\n", 'a text without changes does nothing');
is(props($id, 'PidTagChangeNumber'), query('SELECT min(change_number) FROM msgstore.change_list'),
	'nothing is saved');
is(drafts(), 0, 'nothing is parked');
is(scalar(() = kept()), 0, 'no text is left');
my $seen = decode('UTF-8', read_file("$folder/seen"));
like($seen, qr/^# msgstore: message $id at change \d+ in store "team"\n(?:#.*\n)+Subject: Angebot für 日本\n/,
	'the text begins with what it is about, and the subject');
like($seen, qr/^To: Ann <ann\@example\.org>\nCc: Bob\nCc: Cat <cat\@example\.org>\n/m, 'a line per recipient');
like($seen, qr/^PR_COMMENT: "two\\nlines"$/m, 'a text of two lines is JSON');
like($seen, qr/^PR_IMPORTANCE: 1$/m, 'a number');
like($seen, qr/^PR_MESSAGE_DELIVERY_TIME: 2026-01-02T03:04:05\.0+Z$/m, 'a time');
like($seen, qr/\n\nDear all,\n\nwe meet on Monday\.\n# not a comment\n\z/, 'the body');
unlike($seen, qr/PR_(?:ENTRYID|SEARCH_KEY|MESSAGE_SIZE|DISPLAY_TO)/, 'nothing that cannot be edited');

# every kind of edit
set_editor(q{sed -i 's/^Subject: .*/Subject: "New: offer"/; s/Monday/Tuesday/
	s/^Cc: Bob$/Cc: Bob B. <bob@example.org>/; /^Cc: Cat/d; /^To: Ann/aBcc: dora@example.org
	/^PR_COMMENT/d; s/^PR_IMPORTANCE: 1/PR_IMPORTANCE: 2/; s/^PR_SENSITIVITY: 0/PidTagSensitivity: 1/' "$1"});
($code, $out, $err) = run_command_line('edit', $id);
is("$code $err", '0 ', 'edited');
like($out, qr/^Saved: message $id is at change \d+\.$/, 'and saved');
is(props($id, 'PR_SUBJECT'), 'New: offer', 'the subject, given as JSON');
is(props($id, 'PR_BODY'), "Dear all,\n\nwe meet on Tuesday.\n# not a comment\n", 'the body');
is(props($id, 'PR_COMMENT'), '', 'a line that is deleted deletes the property');
is(props($id, 'PR_IMPORTANCE') . props($id, 'PR_SENSITIVITY'), '21', 'numbers, by any spelling');
is( query("SELECT string_agg(concat_ws(' ', r->>'PR_ROWID', r->>'PR_RECIPIENT_TYPE',
		r->>'PR_DISPLAY_NAME', r->>'PR_SMTP_ADDRESS'), '; ')
	FROM jsonb_array_elements(msgstore.read_message(1, $id)->'PR_MESSAGE_RECIPIENTS') AS r"),
	'0 1 Ann ann@example.org; 1 2 Bob B. bob@example.org; 3 3 dora@example.org dora@example.org',
	'recipients: one changed in place, one removed, one added');
is(drafts(), 0, 'the draft is gone');
is(scalar(() = kept()), 0, 'and the text');

# bodies: CR LF, no line end at the end, HTML, none
foreach my $one (
	[ '{"PR_BODY": "one\r\ntwo\r\n"}', 'PR_BODY', "ONE\r\ntwo\r\n" ],
	[ '{"PR_BODY": "one\ntwo"}', 'PR_BODY', "ONE\ntwo" ],
	[ '{"PR_BODY": "one\r\ntwo\n"}', 'PR_BODY', "ONE\r\ntwo\n" ],
	[ '{"PR_HTML": "PHA+b25lPC9wPg=="}', 'PR_HTML', 'PHA+T05FPC9wPg==' ],
	[ '{"PR_HTML": "b25l/w=="}', 'PR_HTML', 'b25l/w==' ])
{
	my ($json, $property, $expected) = @$one;
	my $other = new_message($json);

	set_editor(q{sed -i '/^$/,$s/one/ONE/' "$1"});
	($code, $out, $err) = run_command_line('edit', $other);
	is("$code $err", '0 ', "$json: edited");
	is(props($other, $property), $expected, "$json: line ends stay");
}

# ---------------------------------------------------------------- new and set

set_editor(q{printf 'Subject: Hello\nTo: Ann <ann@example.org>\n\nHow are you?\n' > "$1"});
($code, $out, $err) = run_command_line('new', '--folder=Projects');
is("$code $err", '0 ', 'new: saved');
my ($new) = $out =~ /message (\d+)/;
is(props($new, 'PR_SUBJECT') . props($new, 'PR_BODY') . props($new, 'PR_DISPLAY_TO'),
	"HelloHow are you?\nAnn", 'new: what was written');
is( query("SELECT name FROM msgstore.message_list JOIN msgstore.folder_list
	USING (store_id, folder_id) WHERE message_id = $new"),
	'Projects', 'new: in its folder');
set_editor('true');
($code, $out, $err) = run_command_line('new');
is("$code $out$err", "0 Nothing was changed.\n", 'new: an empty text makes no message');

($code, $out, $err) = run_command_line('set', $new, 'PR_SUBJECT= =x', 'PR_IMPORTANCE=2',
	'PR_BODY:=null', 'PR_SENSITIVITY:=1', '--actor=Zoë');
is("$code $err", '0 ', 'set: saved');
is( query("SELECT concat_ws('|', p->>'PR_SUBJECT', p->>'PR_IMPORTANCE', p->>'PR_SENSITIVITY',
	p ? 'PR_BODY') FROM msgstore.read_message(1, $new) AS p"),
	' =x|2|1|f', 'set: the values');
is(query("SELECT changed_by FROM msgstore.history(1, $new, 1)"), 'Zoë', 'set: the actor');
foreach my $bad (
	[ qr/"PR_SUBJECT" is not KEY=VALUE/, $new, 'PR_SUBJECT' ],
	[ qr/property "PR_NOPE" is not known/, $new, 'PR_NOPE=1' ],
	[ qr/value of PR_IMPORTANCE is not of its type/, $new, 'PR_IMPORTANCE=high' ],
	[ qr/value of PR_IMPORTANCE is not JSON/, $new, 'PR_IMPORTANCE:=high' ],
	[ qr/could not park .*PR_SIZE|could not park .*PR_MESSAGE_SIZE/, $new, 'PR_MESSAGE_SIZE=1' ],
	[ qr/does not exist/, 7777, 'PR_SUBJECT=x' ],
	[ qr/invalid message id "x"/, 'x', 'PR_SUBJECT=x' ],
	[ qr/give a message and at least one/, $new ])
{
	my ($message, @args) = @$bad;

	($code, $out, $err) = run_command_line('set', @args);
	is("$code $out", '2 ', "set @args: exit code 2");
	like($err, $message, "set @args: the error");
}
is(drafts(), 0, 'set: an error leaves no draft');

# others have saved: the values stay as a draft
my $number = props($new, 'PidTagChangeNumber');
run_command_line('set', $new, 'PR_SUBJECT=theirs');
($code, $out, $err) = run_command_line('set', $new, "--base=$number", 'PR_SUBJECT=mine');
is($code, 1, 'set over a version that is not the newest: exit code 1');
like($out, qr/others have saved.*\n.*parked as draft (\d+)\. .*\n    msgstore resolve --draft=\d+$/m,
	'set: the draft, and how to go on');
is(props($new, 'PR_SUBJECT'), 'theirs', 'set: nothing is stored');
is(drafts(), 1, 'set: the draft is there');

# going on with a draft: it stands on its old version, so there is a conflict again
set_editor("cp \"\$1\" '$folder/seen'; sed -i 's/mine/mine again/' \"\$1\"");
($code, $out, $err) = run_command_line('edit', '--draft');
is($code, 1, 'edit --draft: still a conflict');
like(decode('UTF-8', read_file("$folder/seen")), qr/^Subject: mine$/m, 'edit --draft shows the edits');
is(query(q{SELECT string_agg(subject, ',') FROM msgstore.parked}), 'mine again',
	'the older draft is replaced by the newer one');
($code, $out, $err) = run_command_line('resolve', '--choice=OVERWRITE');
is($code, 0, 'resolve takes it');
is(props($new, 'PR_SUBJECT'), 'mine again', 'and saves it');

# --------------------------------------------------------------------- faults

# an editor that fails, before and after it has written
set_editor('exit 3');
($code, $out, $err) = run_command_line('edit', $id);
is("$code $out", '2 ', 'an editor that fails: exit code 2');
like($err, qr/the editor ".*editor" failed/, 'an editor that fails: the error');
is(scalar(() = kept()), 0, 'an editor that fails at once leaves no text');
set_editor(q{sed -i 's/Tuesday/Friday/' "$1"; exit 3});
($code, $out, $err) = run_command_line('edit', $id);
is($code, 2, 'an editor that fails later: exit code 2');
my ($path) = kept();
like($out, qr/^The text is kept in \Q$path\E\. .*\n    msgstore edit --draft='\Q$path\E'$/m,
	'an editor that fails later: the text is kept');
is((stat $path)[2] & 0777, 0600, 'only the user can read it');
set_editor('true');
($code, $out, $err) = run_command_line('edit', '--draft');
is("$code $err", '0 ', 'edit --draft finds it');
like(props($id, 'PR_BODY'), qr/Friday/, 'and saves it');
is(scalar(() = kept()), 0, 'then it is gone');

# a text with an error, without a terminal: it is kept, and the line is named
foreach my $one (
	[ 's/^Subject:.*/no property/', qr/line \d+: a line before the body must be/ ],
	[ 's/^Subject:/PR_NOPE:/', qr/line \d+: property "PR_NOPE" is not known/ ],
	[ 's/^PR_IMPORTANCE.*/PR_IMPORTANCE: high/', qr/line \d+: the value of PR_IMPORTANCE is not JSON/ ],
	[ 's/^PR_IMPORTANCE.*/&\n&/', qr/line \d+: PR_IMPORTANCE is there twice/ ],
	[ 's/^PR_IMPORTANCE.*/PR_IMPORTANCE: "x"/', qr/could not park the edits: .*PR_IMPORTANCE/ ],
	[ 's/Friday/\xff/', qr/the text is not UTF-8/ ])
{
	my ($edit, $message) = @$one;

	set_editor("sed -i '$edit' \"\$1\"");
	($code, $out, $err) = run_command_line('edit', $id);
	is($code, 1, "$edit: exit code 1");
	like($err, $message, "$edit: the error");
	is(scalar(() = kept()), 1, "$edit: the text is kept");
	unlink kept();
}
is(drafts(), 0, 'a text with an error leaves no draft');

# the server is gone when the editor ends, and when it is back the text is there
set_editor("sed -i 's/Friday/Saturday/' \"\$1\"; pg_ctl -D '@{[ $node->data_dir ]}' -m immediate stop >/dev/null");
($code, $out, $err) = run_command_line('edit', $id);
is("$code", 2, "no server any more: exit code 2") or diag($err);
like($out, qr/^The text is kept in /m, 'no server any more: the text is kept');
is(scalar(() = kept()), 1, 'no server any more: there it is');
$node->_update_pid(0) if $node->can('_update_pid');
$node->start;
set_editor('true');
($code, $out, $err) = run_command_line('edit', '--draft');
is("$code $err", '0 ', 'the server is back: edit --draft goes on');
like(props($id, 'PR_BODY'), qr/Saturday/, 'and saves it');

# the connection is cut while the editor runs: the command connects anew
set_editor("sed -i 's/Saturday/Sunday/' \"\$1\"; psql -Xqc \"SELECT pg_terminate_backend(pid) "
	  . "FROM pg_stat_activity WHERE application_name = 'msgstore edit'\" >/dev/null");
($code, $out, $err) = run_command_line('edit', $id);
is($code, 0, 'a connection that is cut is made again');
like(props($id, 'PR_BODY'), qr/Sunday/, 'and the message is saved');
is(drafts() . join(',', kept()), 0, 'once, and nothing is left');

# the disk of the user is full, or cannot be written: nothing begins
{
	local $ENV{XDG_STATE_HOME} = '/proc/nowhere';

	set_editor('exit 0');
	($code, $out, $err) = run_command_line('edit', $id);
	is("$code $out", '2 ', 'no room for the text: exit code 2');
	like($err, qr/could not write \/proc\/nowhere.*: /, 'no room for the text: the error');
}

# the command is killed while the editor runs
set_editor("sed -i 's/Sunday/Monday/' \"\$1\"; kill -9 \$PPID");
($code, $out, $err) = run_command_line('edit', $id);
is($code, 137, 'the command is killed');
is(scalar(() = kept()), 1, 'killed: the text is there');
set_editor('true');
($code, $out, $err) = run_command_line('edit', '--draft', $id);
is("$code $err", '0 ', 'killed: edit --draft finds it');
like(props($id, 'PR_BODY'), qr/Monday/, 'killed: and saves it');

# two drafts are named; a message chooses among them
run_command_line('set', $new, "--base=$number", 'PR_SUBJECT=first');
run_command_line('set', $new, "--base=$number", 'PR_SUBJECT=second');
($code, $out, $err) = run_command_line('edit', '--draft');
is($code, 2, 'several drafts: exit code 2');
is(scalar(() = $err =~ /^    msgstore edit --draft=\d+$/mg), 2, 'several drafts: a list');
($code, $out, $err) = run_command_line('edit', '--draft', $id);
is($code, 3, 'no draft of a message: exit code 3');
($code, $out, $err) = run_command_line('edit', '--draft=7777');
is($code, 3, 'no such draft: exit code 3');
($code, $out, $err) = run_command_line('edit', "--draft=$folder/editor");
like($err, qr/is not a text of a message/, 'a file that is no text');

# two terminals on one draft: neither loses what the other wrote
my ($draft) = split /\n/, query('SELECT parked_id FROM msgstore.parked ORDER BY 1');
set_editor("sed -i 's/first/terminal one/' \"\$1\"; "
	  . "EDITOR=\"sed -i s/first/terminal_two/\" msgstore edit --draft=$draft >/dev/null; true");
($code, $out, $err) = run_command_line('edit', "--draft=$draft");
is($code, 1, "two terminals on one draft: a conflict") or diag($out . $err);
is(query('SELECT string_agg(subject, \',\' ORDER BY subject) FROM msgstore.parked'),
	'second,terminal one,terminal_two', 'two terminals on one draft: both are there');

$node->stop;
done_testing();
