# "msgstore resolve" shows the conflict of a parked draft and settles it by an answer or
# an option; whatever happens, the draft is not lost.  A merge is offered where the
# server merges (fault F12).
use strict;
use warnings;
use utf8;
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use MsgstoreClient;
use Test::More;

my $node = client_node('resolve');
delete @ENV{qw(PGAPPNAME NO_COLOR COLUMNS)};
$ENV{TERM} = 'xterm';
$ENV{TZ} = 'UTC';

# Run the command with lines as its input; returns exit code, stdout, stderr.
sub resolve
{
	my ($input, @args) = @_;
	my ($out, $err) = ('', '');

	# from a file: a command that ends without reading would break a pipe
	write_file('input', encode('UTF-8', $input));
	IPC::Run::run([ 'msgstore', 'resolve', '--store=team', @args ],
		'<', "$dir/input", '>', \$out, '2>', \$err);
	return ($? >> 8, decode('UTF-8', $out), decode('UTF-8', $err));
}

# Make a message, a draft of it, and a save of others meanwhile, as JSON or ''; return
# the id of the message.
sub make_case
{
	my ($props, $mine, @theirs) = @_;
	my $id = query("SELECT make_case(\$\$$props\$\$, \$\$$mine\$\$)");

	their_save($id, $_) foreach @theirs;
	return $id;
}

sub their_save
{
	my ($id, $changes) = @_;

	query("SET msgstore.actor = 'ann\@example.org';
		SET application_name = 'Ann''s client';
		SELECT result FROM msgstore.save_message(1, $id,
			(SELECT change_number FROM msgstore.message_list
			  WHERE message_id = $id), \$\$$changes\$\$)");
	return;
}

sub prop
{
	my ($id, $name) = @_;

	return query("SELECT msgstore.read_message(1, $id)->>'$name'");
}

sub drafts
{
	my ($id) = @_;

	return query("SELECT count(*) FROM msgstore.parked WHERE message_id = $id");
}

sub folder_of
{
	my ($id) = @_;

	return query("SELECT name FROM msgstore.message_list
		JOIN msgstore.folder_list USING (store_id, folder_id)
		WHERE message_id = $id");
}

query(
	q{
	SELECT msgstore.create_store('team');
	CREATE FUNCTION make_case(props jsonb, mine jsonb) RETURNS bigint
	LANGUAGE plpgsql AS $$
	DECLARE
		id bigint;
		handle int;
	BEGIN
		PERFORM set_config('application_name', 'Bob''s client', false);
		SELECT message_id INTO id FROM msgstore.save_new_message(1,
			msgstore.special_folder(1, 'Inbox'), props);
		handle := msgstore.open_message(1, id, 1);
		PERFORM msgstore.set_props(handle, mine);
		PERFORM msgstore.park(handle);
		RETURN id;
	END $$});

# ------------------------------------------------------------- command line

my ($code, $out, $err) = resolve('', '--help');
is($code, 0, '--help succeeds');
like($out, qr/--$_\b/, "--help names --$_")
  foreach qw(store draft choice seen folder dbname host port username actor);
foreach my $bad (
	[ qr/invalid choice "BOTH"/, '--choice=BOTH' ],
	[ qr/invalid message id "x"/, 'x' ],
	[ qr/invalid message id "-1"/, '--', '-1' ],
	[ qr/invalid number of a draft "0"/, '--draft=0' ],
	[ qr/more than one message/, '1', '2' ],
	[ qr/--seen needs/, '--seen=1' ],
	[ qr/--seen needs/, '--seen=1', '--choice=MERGE' ],
	[ qr/--folder needs/, '--folder=x', '--choice=MERGE' ],
	[ qr/no store "none"/, '--store=none', '1' ],
	[ qr/could not connect/, '--port=1', '1' ])
{
	my ($message, @args) = @$bad;

	($code, $out, $err) = resolve('', @args);
	is($code, 2, "@args: exit code 2");
	like($err, $message, "@args: says so");
}
($code, $out, $err) = resolve('', '1');
is($code, 3, 'no draft: exit code 3');
like($err, qr/nothing to resolve: .* of message 1 in store "team"$/,
	'no draft: says so');

# ---------------------------------------------------------------- the report

my $id = make_case(
	'{"PR_SUBJECT": "Offer", "PR_IMPORTANCE": 0, "PR_BODY":
	  "Dear all,\n\nwe meet on Monday.\nAt ten.\n\nYours\nAnn\n",
	  "PR_MESSAGE_RECIPIENTS": [
		{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1},
		{"PR_DISPLAY_NAME": "Cat", "PR_RECIPIENT_TYPE": 2,
		 "PR_SMTP_ADDRESS": "cat@example.org"}]}',
	'{"PR_SUBJECT": "Offer for all", "PR_SENSITIVITY": 2, "PR_BODY":
	  "Dear all,\n\nwe meet on Monday.\nAt ten sharp.\n\nYours\nBob\n",
	  "PR_MESSAGE_RECIPIENTS": [
		{"PR_DISPLAY_NAME": "Ann", "PR_RECIPIENT_TYPE": 1}]}',
	'{"PR_SUBJECT": "Second offer", "PR_IMPORTANCE": 2, "PR_BODY":
	  "Dear all,\n\nwe meet on Tuesday.\nAt ten.\n\nYours\nAnn\n"}');
my $base = query("SELECT change_number FROM msgstore.parked");
my $current = prop($id, 'PidTagChangeNumber');

($code, $out, $err) = resolve('', $id);
is($code, 1, 'end of input: left in conflict, exit code 1');
is($err, '', 'end of input: no error');
is(drafts($id), 1, 'end of input: the draft stays');
like($out, qr/Draft 1 of message $id \("Offer for all"\) in store "team"/,
	'what it is about');
like(
	$out =~ s/\s+/ /gr,
	qr/with "Bob's client"\..* begun at change $base;.* is at change $current\./,
	'which versions');
like(
	$out,
	qr/^PR_SUBJECT\n
	\ \ base\ \ \ \ Offer\n
	\ \ theirs\ \ Second\ offer\n
	\ {10}change\ $current,\ \d{4}-\d\d-\d\d\ \d\d:\d\d:\d\d,
	\ by\ ann\@example\.org\ with\ "Ann's\ client"\n
	\ \ yours\ \ \ Offer\ for\ all\n/mx,
	'both changed the subject');
like(
	$out,
	qr/^PR_BODY\n
	\ \ base\ \ \ \ 7\ lines,\ 49\ bytes\n
	\ \ @@\ line\ 3,\ both:\ a\ conflict\n
	\ \ base\ \ \ \ we\ meet\ on\ Monday\.\n
	\ \ base\ \ \ \ At\ ten\.\n
	\ \ theirs\ \ we\ meet\ on\ Tuesday\.\n
	\ {21}\^{7}\n
	\ \ theirs\ \ At\ ten\.\n
	\ \ yours\ \ \ we\ meet\ on\ Monday\.\n
	\ \ yours\ \ \ At\ ten\ sharp\.\n
	\ {16}\^{6}\n
	\ \ @@\ line\ 7,\ you\n
	\ {4}-\ Ann\n
	\ {4}\+\ Bob\n
	\ {10}change\ /mx,
	'a body by its lines');
like($out, qr/^Changed by both\n.*^Changed by others only\n.*^Changed by you only\n/ms,
	'three groups');
like(
	$out,
	qr/^Changed by others only\n\nPR_IMPORTANCE\n  base    0\n  theirs  2\n .*\n\n/m,
	'one that others changed');
like(
	$out,
	qr/^PR_SENSITIVITY\n  base    0\n  yours   2\n\n/m,
	'one that the draft changes');
like(
	$out,
	qr/^PR_MESSAGE_RECIPIENTS\[1\]
  base    Cc: Cat <cat\@example\.org>
  yours   \(none\)$/m,
	'a recipient');
like($out =~ s/\s+/ /gr, qr/not possible because of PR_SUBJECT, PR_BODY\)/,
	'why they cannot be merged');
unlike($out, qr/\e/, 'no colours without a terminal');
ok(!(grep { length > 80 } split /\n/, $out), 'no line has over 80 columns');

# both have added a recipient: the server puts the two side by side, so that merge is
# offered, and does what the option does
{
	my @added = map {
		'{"PR_MESSAGE_RECIPIENTS": [{"PR_RECIPIENT_TYPE": 1,'
		  . qq( "PR_EMAIL_ADDRESS": "$_\@example.org"}]})
	} qw(x y);
	my $both = make_case('{"PR_SUBJECT": "plan"}', reverse @added);

	($code, $out, $err) = resolve("m\n", $both);
	is($code, 0, 'both added a recipient: merge is offered and merges');
	unlike($out, qr/not possible/, 'both added a recipient: no obstacle');
	is( query(
			"SELECT string_agg(r->>'PR_EMAIL_ADDRESS', ' ' ORDER BY r->'PR_ROWID')
			   FROM jsonb_array_elements(msgstore.read_message(1, $both)
				->'PR_MESSAGE_RECIPIENTS') AS r"),
		'x@example.org y@example.org',
		'both added a recipient: both are there');
}

# -------------------------------------------------------------- the answers

# quit, and a line that is no answer
($code, $out, $err) = resolve("\nm\nnonsense\nsavewhat\nq\n", $id);
is($code, 1, 'quit: exit code 1');
is(scalar(() = $out =~ /Please answer with k, o, e, s, d, w, p, q or \?\./g),
	4, 'what is no answer is asked again');
is(prop($id, 'PidTagChangeNumber'), $current, 'quit: nothing is done');

# values whole
($code, $out, $err) = resolve("w PR_BODY\nwhole PR_NOTHING\nq\n", $id);
like(
	$out,
	qr/\n\ \ yours\ \ \ Dear\ all,\n\n\ {10}we\ meet\ on\ Monday\.\n
	\ {10}At\ ten\ sharp\.\n\n\ {10}Yours\n\ {10}Bob\n\n/x,
	'w shows a value whole');
like($out, qr/no such property/, 'w knows which there are');

# overwrite
($code, $out, $err) = resolve("o\n", $id);
is($code, 0, 'overwrite: exit code 0');
like($out =~ s/\s+/ /gr,
	qr/Overwritten: message $id in folder "Inbox" has the content of draft 1/,
	'overwrite: says where');
is(prop($id, 'PR_SUBJECT'), 'Offer for all', 'overwrite: the subject');
is(prop($id, 'PR_IMPORTANCE'), 0, 'overwrite: the whole of it');
is(drafts($id), 0, 'overwrite: the draft is settled');

# keep
my @plain = (
	'{"PR_SUBJECT": "base"}', '{"PR_SUBJECT": "mine"}',
	'{"PR_SUBJECT": "theirs"}');
$id = make_case(@plain);
($code, $out, $err) = resolve("keep the original\n", $id);
is($code, 0, 'keep: exit code 0');
like($out, qr/Kept: message $id in folder "Inbox" stays/, 'keep: says so');
is(prop($id, 'PR_SUBJECT'), 'theirs', 'keep: the message stays');
is(drafts($id), 0, 'keep: the draft is gone');

# elsewhere
foreach my $answer ([ 'save elsewhere', 'Conflicts' ],
	[ 's', 'Conflicts' ], [ 's Mine & yours', 'Mine & yours' ])
{
	$id = make_case(@plain);
	($code, $out, $err) = resolve("$answer->[0]\n", $id);
	is($code, 0, "$answer->[0]: exit code 0");
	ok( $out =~
		  /is\s+now\s+message\s+(\d+)\s+in\s+folder\s+"$answer->[1]"\.\s+Message $id/,
		"$answer->[0]: says where");
	my $copy = $1;
	is(folder_of($copy), $answer->[1], "$answer->[0]: in the folder");
	is(prop($copy, 'PR_SUBJECT'), 'mine', "$answer->[0]: what the draft shows");
	is(prop($id, 'PR_SUBJECT'), 'theirs', "$answer->[0]: the original stays");
	is(drafts($id), 0, "$answer->[0]: the draft is settled");
}

# merge
my @disjoint = (
	'{"PR_SUBJECT": "base", "PR_COMMENT": "base"}',
	'{"PR_SUBJECT": "mine", "PR_SENSITIVITY": 1}',
	'{"PR_COMMENT": "theirs", "PR_SENSITIVITY": 1}');
$id = make_case(@disjoint);
($code, $out, $err) = resolve("m\n", $id);
is($code, 0, 'merge: exit code 0');
like($out, qr/PR_SENSITIVITY  \(both alike\)/, 'merge: alike');
like($out, qr/Merged: message $id/, 'merge: says so');
is(prop($id, 'PR_SUBJECT'), 'mine', 'merge: mine');
is(prop($id, 'PR_COMMENT'), 'theirs', 'merge: theirs');

# no conflict
$id = make_case(@plain[0 .. 1]);
($code, $out, $err) = resolve("k\ny\n", $id);
is($code, 0, 'no conflict: exit code 0');
like($out =~ s/\s+/ /gr, qr/there is no conflict/, 'no conflict: says so');
like($out, qr/Please answer with y, s, x, d, w, p, q or \?/, 'no conflict: answers');
like($out, qr/Saved: message $id in folder "Inbox"/, 'no conflict: saved');
is(prop($id, 'PR_SUBJECT'), 'mine', 'no conflict: the message is mine');
is(query("SELECT kind FROM msgstore.history(1, $id)
	ORDER BY change_number DESC LIMIT 1"),
	'save', 'no conflict: an ordinary save');

# a new message
$id = query(
	q{SELECT msgstore.message_id(h), msgstore.set_props(h,
		'{"PR_SUBJECT": "new"}'), msgstore.park(h) FROM msgstore.create_message(
		1, msgstore.special_folder(1, 'Drafts')) AS h}) =~ s/\|.*//r;
($code, $out, $err) = resolve("y\n", $id);
is($code, 0, 'a new message: exit code 0');
like($out =~ s/\s+/ /gr, qr/never saved: there is no conflict/,
	'a new message: says so');
is(folder_of($id), 'Drafts', 'a new message: saved in its folder');

# deleted: nothing brings it back
foreach my $hard (0, 0x10)
{
	my $name = $hard ? 'hard-deleted' : 'deleted';

	$id = make_case(@plain);
	query("SELECT msgstore.delete_messages(1, ARRAY[$id], $hard)");
	($code, $out, $err) = resolve("o\n", $id);
	is($code, 1, "$name: exit code 1");
	like($out =~ s/\s+/ /gr, qr/the message has been deleted since/,
		"$name: says so");
	like($out, qr/Please answer with s, x, d, w, p, q or \?/, "$name: answers");
	($code, $out, $err) = resolve('', $id, '--choice=OVERWRITE');
	is($code, 1, "$name: OVERWRITE is refused");
	like($out, qr/the message was deleted/, "$name: OVERWRITE says why");
	is(drafts($id), 1, "$name: the draft stays");
	($code, $out, $err) = resolve("s\n", $id);
	is($code, 0, "$name: saved elsewhere");
	ok($out =~ /message\s+(\d+)\s+in\s+folder "Conflicts"/, "$name: says where");
	is(prop($1, 'PR_SUBJECT'), 'mine', "$name: what the draft shows");
}
$id = make_case(@plain);
query("SELECT msgstore.delete_messages(1, ARRAY[$id])");
($code, $out, $err) = resolve("x\n", $id);
is($code, 0, 'discard: exit code 0');
is(drafts($id), 0, 'discard: the draft is gone');

# moved: overwriting leaves it there
$id = make_case(@plain[0 .. 1]);
query("SELECT msgstore.move_messages(1, ARRAY[$id],
	msgstore.special_folder(1, 'Drafts'))");
($code, $out, $err) = resolve("o\n", $id);
is($code, 0, 'moved: exit code 0');
like(
	$out,
	qr/^PR_PARENT_ENTRYID\n  base    folder "Inbox"\n  theirs  folder "Drafts"\n/m,
	'moved: from where to where');
is(folder_of($id), 'Drafts', 'moved: it stays there');

# the base is no longer in the history: an error, and nothing is lost
$id = make_case(@plain);
$node->safe_psql('postgres',
	"DELETE FROM msgstore.change WHERE message_id = $id");
($code, $out, $err) = resolve('', $id);
is($code, 1, 'base pruned: exit code 1');
like($err, qr/could not compare the versions: .*\n.*MAPI_E_UNABLE_TO_COMPLETE/,
	'base pruned: says so');
is(drafts($id), 1, 'base pruned: the draft stays');
($code, $out, $err) = resolve('', $id, '--choice=KEEP_ORIGINAL');
is($code, 0, 'base pruned: the original can be kept');

# ---------------------------------------------------------- several drafts

$id = make_case(@plain);
query("SELECT msgstore.set_props(h, '{\"PR_COMMENT\": \"second\"}'),
	msgstore.park(h) FROM msgstore.open_message(1, $id, 1) h");
my ($first, $second) = split /\n/,
  query("SELECT parked_id FROM msgstore.parked WHERE message_id = $id
	ORDER BY parked_id");
($code, $out, $err) = resolve('', $id, '--choice=MERGE');
is($code, 2, 'several drafts: a choice needs --draft');
like($err,
	qr/^ +$first  message $id \("mine"\), .*\n +$second .*\(PR_COMMENT\), /m,
	'several drafts: a list');
($code, $out, $err) = resolve("n\nq\n", $id);
is($code, 1, 'several drafts: exit code 1');
like($out, qr/^There are 2 drafts:\n +$first .*\n +$second .*^Draft $first of .*^Draft $second of message $id/ms,
	'several drafts: one after another');
like($out, qr/k, o, e, s, d, w, p, n, q or \? /, 'several drafts: "next" is an answer');
($code, $out, $err) = resolve('', "--draft=$first", '--choice=keep_original');
is($code, 0, 'several drafts: --draft without a message');
($code, $out, $err) = resolve("q\n");
like($out, qr/^Draft $second of message $id/m, 'neither: the only one there is');
($code, $out, $err) = resolve('', "--draft=$first");
is($code, 3, 'a draft that is gone: exit code 3');
resolve("x\n", $id);

# a capital letter answers for all the rest
{
	my @ids = map { make_case(@plain) } 1 .. 3;

	($code, $out, $err) = resolve("p\nO\n");
	is($code, 1, 'a capital letter: exit code 1, for one stays parked');
	is(scalar(() = $out =~ /Overwritten: message /g), 2, 'a capital letter: two are overwritten');
	is(scalar(() = $out =~ /^Draft \d+ of message /mg), 2, 'a capital letter: the third is not asked for');
	is(join(',', map { prop($_, 'PR_SUBJECT') } @ids), 'theirs,mine,mine', 'a capital letter: the messages');
	($code, $out, $err) = resolve("K\n");
	is($code, 0, 'a capital letter for the last one');
	make_case(@plain);
	make_case('{"PR_SUBJECT": "base"}', '{"PR_COMMENT": "mine"}', '{"PR_SUBJECT": "theirs"}');
	($code, $out, $err) = resolve("n\nM\n");
	is($code, 1, 'M where no merge is possible: exit code 1');
	like($out, qr/Merged: .*The answer m is not possible for draft \d+\./s, 'M where no merge is possible: said');
	resolve("K\n");
}

# ------------------------------------------------------- choices for scripts

$id = make_case(@plain);
$current = prop($id, 'PidTagChangeNumber');
($code, $out, $err) = resolve('', $id, '--choice=MERGE');
is($code, 1, 'MERGE: refused, exit code 1');
like($out, qr/Nothing is stored: others .*\nDraft \d+ stays parked/,
	'MERGE: says so');
their_save($id, '{"PR_COMMENT": "later"}');
($code, $out, $err) =
  resolve('', $id, '--choice=OVERWRITE', "--seen=$current");
is($code, 1, 'OVERWRITE of what is not current: exit code 1');
is(prop($id, 'PR_SUBJECT'), 'theirs', 'OVERWRITE: nothing is stored');
($code, $out, $err) = resolve('', $id, '--choice=OVERWRITE',
	'--seen=' . prop($id, 'PidTagChangeNumber'));
is($code, 0, 'OVERWRITE of what is current: exit code 0');
is(prop($id, 'PR_SUBJECT'), 'mine', 'OVERWRITE: stored');
is(prop($id, 'PR_COMMENT'), '', 'OVERWRITE: the whole of it');
$id = make_case(@plain);
($code, $out, $err) =
  resolve('', $id, '--choice=SAVE_ELSEWHERE', '--folder=Elsewhere');
is($code, 0, 'SAVE_ELSEWHERE: exit code 0');
ok($out =~ /message\s+(\d+)\s+in\s+folder "Elsewhere"/, 'SAVE_ELSEWHERE: where');
is(folder_of($1), 'Elsewhere', 'SAVE_ELSEWHERE: there it is');
$id = make_case(@disjoint);
($code, $out, $err) = resolve('', $id, '--choice=merge');
is($code, 0, 'MERGE: exit code 0');
is(prop($id, 'PR_SUBJECT') . prop($id, 'PR_COMMENT'), 'minetheirs', 'MERGE');

# on behalf of a person
$id = make_case(@disjoint);
($code, $out, $err) = resolve('', $id, '--choice=merge', '--actor=Zoë "Z"');
is($code, 0, '--actor: exit code 0');
is( query(qq(SELECT changed_by FROM msgstore.history((SELECT store_id
		FROM msgstore.store_list WHERE name = 'team'), $id)
		ORDER BY changed_at DESC LIMIT 1)),
	'Zoë "Z"', '--actor: recorded');

# a refused choice makes no folder
$id = make_case(@plain);
$node->safe_psql('postgres', 'CREATE ROLE regress_guest LOGIN');
($code, $out, $err) = resolve('', '--username=regress_guest', $id,
	'--choice=SAVE_ELSEWHERE', '--folder=Never');
is($code, 2, 'another role: exit code 2');
like($err, qr/there is no store "team" that you may use/,
	'another role: sees nothing');
is(query("SELECT count(*) FROM msgstore.folder_list WHERE name = 'Never'"),
	0, 'another role: no folder');
resolve("k\n", $id);

# ------------------------------------------------------------ strange values

$id = make_case(
	'{"PR_SUBJECT": "日本語の件名", "PR_COMMENT": "x"}',
	'{"PR_SUBJECT": "' . '日本語' x 30 . '", "PR_COMMENT": "y"}',
	'{"PR_SUBJECT": "a\u001b]0;title\u0007b\u202ec\u0085d\u200fe\ttab",
	  "PR_COMMENT": "' . 'x' x 5000 . '",
	  "PR_BODY": "one\r\n\u001b[2Jtwo\r\n' . 'z' x 200 . '\r\n' .
	  join('', map { "line $_\\r\\n" } 1 .. 40) . '"}');
query("SET application_name = E'\\x1b[31mred';
	SELECT msgstore.save_message(1, $id, (SELECT change_number FROM
		msgstore.message_list WHERE message_id = $id), '{\"PR_SENSITIVITY\": 1}')");
($code, $out, $err) = resolve("w\nq\n", $id);
my ($short, $whole) = split /k, o, e, s, d, w, p, q or \? /, $out;
unlike($out, qr/[\x00-\x09\x0b-\x1f\x7f-\x9f\x{202e}\x{200f}]/,
	'no control character gets out');
like($short, qr/^  theirs  a\\x1b\]0;title\\x07b\\u202ec\\u0085d\\u200fe\\ttab$/m,
	'they are shown as codes');
my ($wide) = $short =~ s/^ +\^[ ^]*\n//mgr =~ /^  yours   ((?:日|本|語)+\n(?: {10}(?:日|本|語)+\n)+)/m;
is($wide =~ tr/日本語//, 90, 'a wide text is wrapped');
ok(!(grep { 10 + 2 * tr/日本語// > 80 } split /\n/, $wide),
	'at the columns that it takes');
like($short, qr/^  theirs  x{70}\n {10}x{70}\n {10}x{67}\.\.\.$/m, 'a long one is cut');
like($short, qr/^  \+ \\x1b\[2Jtwo$/m, 'lines too, line ends not shown');
like($short, qr/^ +\.\.\. and \d+ more lines$/m, 'not all of them');
like($whole, qr/^ {10}line 40$/m, 'whole, they are all there');
like($whole, qr/x{5000}/, 'whole, the long one is');
ok(!(grep { length > 80 } split /\n/, $short), 'nothing is too wide');
{
	local $ENV{COLUMNS} = 50;
	($code, $out, $err) = resolve('', $id);
	ok(!(grep { length > 50 } split /\n/, $out), 'COLUMNS is respected');
}
resolve("k\n", $id);

# ------------------------------------------------------------ on a terminal

# Start the command on a terminal of so many columns.
sub on_terminal
{
	my ($columns, @args) = @_;
	my ($in, $out) = ('', '');
	my $harness = IPC::Run::start(
		[
			'sh', '-c', "stty -echo cols $columns; exec \"\$@\"",
			'sh', 'msgstore', 'resolve', '--store=team', @args
		],
		'<pty<', \$in, '>pty>', \$out,
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

	return { harness => $harness, in => \$in, out => \$out };
}

# Wait for the question; returns what was shown before it.
sub wait_for
{
	my ($terminal, $pattern) = @_;
	my $shown;

	$terminal->{harness}->pump until ${ $terminal->{out} } =~ $pattern;
	$shown = decode('UTF-8', ${ $terminal->{out} });
	${ $terminal->{out} } = '';
	return $shown =~ s/\r//gr;
}

sub answer
{
	my ($terminal, $line) = @_;

	${ $terminal->{in} } .= "$line\n";
	return;
}

# Wait for the end; returns exit code and what was shown.
sub finish
{
	my ($terminal) = @_;

	$terminal->{harness}->finish;
	return ($terminal->{harness}->result(0),
		decode('UTF-8', ${ $terminal->{out} }) =~ s/\r//gr);
}

# each answer
foreach my $one (
	[ 'k', qr/Kept: message/, 0 ], [ 'o', qr/Overwritten: message/, 0 ],
	[ 'm', qr/Merged: message/, 0 ], [ 's', qr/Saved elsewhere: draft/, 0 ],
	[ 'q', qr/stays parked/, 1 ])
{
	my ($letter, $said, $expected) = @$one;

	$id = make_case(@disjoint);
	my $terminal = on_terminal(100, $id);
	my $shown = wait_for($terminal, qr/k, o, m, e, s, d, w, p, q or \? $/);
	like($shown, qr/\e\[1mPR_SUBJECT\e\[0m/, "$letter: colours on a terminal");
	answer($terminal, $letter);
	($code, $out) = finish($terminal);
	is($code, $expected, "$letter: exit code");
	like($out, $said, "$letter: says what happened");
}

# NO_COLOR, and a narrow screen
{
	local $ENV{NO_COLOR} = '1';
	my $terminal = on_terminal(44, $id);
	my $shown = wait_for($terminal, qr/ q or \? $/);

	unlike($shown, qr/\e/, 'NO_COLOR: no colours');
	ok(!(grep { length > 44 } split /\n/, $shown), 'the width is respected');
	answer($terminal, 'k');
	($code) = finish($terminal);
	is($code, 0, 'NO_COLOR: done');
}

# Another client saves between question and answer: the command does not overwrite a
# version that it has not shown, and shows the new conflict.
$id = make_case(@plain);
my $terminal = on_terminal(100, $id);
my $shown = wait_for($terminal, qr/ q or \? $/);
unlike($shown, qr/unseen/, 'before: not there yet');
their_save($id, '{"PR_COMMENT": "unseen"}');
answer($terminal, 'o');
$shown = wait_for($terminal, qr/ q or \? $/);
like($shown, qr/Nothing is stored: others have changed the message\./,
	'saved meanwhile: nothing is stored');
like($shown, qr/Changed by others only.*PR_COMMENT.*theirs.*unseen/s,
	'saved meanwhile: the new conflict is shown');
is(prop($id, 'PR_COMMENT'), 'unseen', 'saved meanwhile: it stands');
answer($terminal, 'o');
($code, $out) = finish($terminal);
is($code, 0, 'asked again: overwritten');
is(prop($id, 'PR_COMMENT'), '', 'asked again: stored');

# another client deletes the message between question and answer
$id = make_case(@plain);
$terminal = on_terminal(100, $id);
wait_for($terminal, qr/k, o, e, s, d, w, p, q or \? $/);
query("SELECT msgstore.delete_messages(1, ARRAY[$id])");
answer($terminal, 'o');
$shown = wait_for($terminal, qr/s, x, d, w, p, q or \? $/);
like($shown, qr/Nothing is stored: the message was deleted\./,
	'deleted meanwhile: nothing is stored');
answer($terminal, 'x');
($code) = finish($terminal);
is($code, 0, 'deleted meanwhile: discarded');

# the server stops: an error, and nothing is lost
$id = make_case(@plain);
$terminal = on_terminal(100, $id);
wait_for($terminal, qr/k, o, e, s, d, w, p, q or \? $/);
$node->stop('fast');
answer($terminal, 'o');
($code, $out) = finish($terminal);
is($code, 1, 'no server any more: exit code 1');
like($out, qr/error: could not settle the conflict: .*stays parked/s,
	'no server any more: says so');
$node->start;
is(drafts($id), 1, 'no server any more: the draft is there');

$node->stop;
done_testing();
