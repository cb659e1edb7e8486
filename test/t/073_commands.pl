# The commands that list, show and manage stores and messages: tables for people, JSON
# for programs, and an exit code for each outcome.
use strict;
use warnings;
use utf8;
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MsgstoreClient;
use Test::More;

my $node = client_node('commands');
$node->safe_psql('postgres', 'CREATE DATABASE empty');
delete @ENV{qw(PGAPPNAME NO_COLOR COLUMNS)};
$ENV{TZ} = 'UTC';
$ENV{XDG_STATE_HOME} = '/nonexistent';

# Run the command; returns exit code, stdout and stderr as characters.
sub command
{
	my ($code, $out, $err) = msgstore(map { encode('UTF-8', $_) } @_);

	return ($code, decode('UTF-8', $out), decode('UTF-8', $err));
}

# Run the command with --json; returns its lines as values.
sub json_lines
{
	my ($code, $out, $err) = msgstore(@_, '--json');

	is("$code $err", '0 ', "@_ --json succeeds");
	return map { decode_json($_) } split /\n/, $out;
}

sub props
{
	my ($id, $name) = @_;

	return query("SELECT msgstore.read_message(1, $id)->>'$name'");
}

# -------------------------------------------------------------- init, stores

my ($code, $out, $err) = command('stores', '--dbname=empty');
is($code, 2, 'no extension: exit code 2');
like($err, qr/does not have the extension msgstore\n.*CREATE EXTENSION/, 'no extension: the error');
($code, $out, $err) = command('init', '--dbname=empty', '--store=first');
is("$code $out$err", "0 Store \"first\" was created.\n", 'init creates extension and store');
($code, $out, $err) = command('init', '--dbname=empty', '--store=first');
is("$code $out$err", "0 Store \"first\" is there already.\n", 'init again does nothing');
($code, $out, $err) = command('init', '--dbname=empty');
is("$code $out$err", "0 The database has the extension msgstore.\n", 'init without a store');

is((command('init', '--store=team'))[0], 0, 'a store');
query(q{SELECT msgstore.create_store('b 日本')});
$ENV{MSGSTORE_STORE} = 'team';
($code, $out, $err) = command('stores');
like($out, qr/^STORE  OWNER +CREATED +MESSAGES  NAME\n +\d+  \w+  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d +0  b 日本\n.*  team\n\z/,
	'stores: a table');
is(join(',', map { $_->{name} } json_lines('stores')), "b \x{65e5}\x{672c},team", 'stores as JSON');

# ---------------------------------------------------------- messages to work on

command('new', 'PR_SUBJECT=Offer', "PR_BODY=one\ntwo\nthree\n", 'PR_IMPORTANCE=0');
my ($id) = split /\n/, query('SELECT message_id FROM msgstore.message_list');
my $first = props($id, 'PidTagChangeNumber');
command('set', $id, 'PR_SUBJECT=New offer', "PR_BODY=one\n2\nthree\n", '--actor=ann');
my $second = props($id, 'PidTagChangeNumber');
my $missing = 7777777;

# ------------------------------------------------------------- log, show, diff

($code, $out, $err) = command('log', $id);
is($code, 0, 'log: exit code 0');
like($out, qr/^CHANGE +KIND +TIME +BY +WITH +PROPERTIES\n +$second  save +\S+ \S+ +ann +msgstore set +PR_.*\n +$first  create /,
	'log: the newest first');
my @log = json_lines('log', $id);
is_deeply([ map { $_->{change_number} } @log ], [ $second, $first ], 'log as JSON');
is_deeply([ sort @{ $log[0]{properties} } ], [ 'PR_BODY', 'PR_SUBJECT' ], 'with the properties as a list');
is($log[0]{previous}, $first, 'and the version before');
is(scalar(json_lines('log', $id, '--max=1')), 1, 'log --max');
($code, $out, $err) = command('log', $missing);
is("$code $out", '3 ', 'log of no message: exit code 3');

($code, $out, $err) = command('show', $id);
like($out, qr/^Subject: New offer\nPR_IMPORTANCE: 0\n.*\n\none\n2\nthree\n\z/s, 'show: the message as text');
($code, $out, $err) = command('show', $id, "--version=$first");
like($out, qr/^Subject: Offer\n.*\n\none\ntwo\nthree\n\z/s, 'show --version');
is((command('show', $id, 'PidTagSubject'))[1], "New offer\n", 'show: one property, by any spelling');
is((json_lines('show', $id, 'PR_IMPORTANCE'))[0]{PR_IMPORTANCE}, 0, 'show one as JSON');
is((json_lines('show', $id))[0]{PidTagChangeNumber}, $second, 'show all as JSON');
is((command('show', $missing))[0], 3, 'show no message: exit code 3');
is((command('show', $id, 'PR_NOPE'))[0], 2, 'show no property: exit code 2');
is((command('show', $id, "--version=$missing"))[0], 2, 'show no version: exit code 2');

($code, $out, $err) = command('diff', $id);
is( $out, "PR_BODY
  @@ line 2
    one
  - two
  + 2
    three
PR_SUBJECT
  - Offer
  + New offer
", 'diff: the newest change');
my %diff = map { $_->{property} => $_ } json_lines('diff', $id, $first, $second);
is_deeply([ sort keys %diff ], [ 'PR_BODY', 'PR_SUBJECT' ], 'diff as JSON');
is($diff{PR_SUBJECT}{from} . $diff{PR_SUBJECT}{to}, 'OfferNew offer', 'with both values');
is((command('diff', $id, $second, $second))[1], '', 'diff of a version with itself');
is((command('diff', $missing))[0], 2, 'diff of no message');

# ----------------------------------------------------------------- places

($code, $out, $err) = command('cp', $id, 'Drafts');
is($code, 0, 'cp: exit code 0');
my ($copy) = $out =~ /^ +$id +(\d+)  S_OK$/m;
is(props($copy, 'PR_SUBJECT'), 'New offer', 'cp: the copy');
is((json_lines('cp', $id, 'Inbox'))[0]{message_id}, $id, 'cp as JSON');
($code, $out, $err) = command('mv', $copy, 'Sent Items');
is("$code $out", "0 Moved to folder \"Sent Items\".\n", 'mv');
is( query("SELECT name FROM msgstore.message_list JOIN msgstore.folder_list
	USING (store_id, folder_id) WHERE message_id = $copy"),
	'Sent Items', 'mv: there it is');
like((command('mv', $copy, 'Nowhere'))[2], qr/there is no folder "Nowhere"/, 'mv to no folder');
($code, $out, $err) = command('rm', $copy, $missing);
is($code, 1, 'rm of some: exit code 1');
like($out, qr/^Deleted\. .* Some messages were left out/, 'rm of some: the answer');
is((command('rm', $missing))[0], 3, 'rm of none: exit code 3');
is((command('restore', $copy))[1], "Restored.\n", 'restore');
is((json_lines('rm', '--hard', $copy))[0]{result}, 'S_OK', 'rm --hard as JSON');
is((command('restore', $copy))[0], 3, 'nothing is left to restore');
like((command('rm', 'x'))[2], qr/invalid message id "x"/, 'rm of no number');

# an older version
($code, $out, $err) = command('restore', $id, "--version=$first", "--base=$first");
is("$code $out", "1 Nothing is done: others have saved the message meanwhile.\n",
	'restore --version over a version that is not the newest');
($code, $out, $err) = command('restore', $id, "--version=$first");
is($code, 0, 'restore --version: exit code 0');
like($out, qr/^Restored: message $id has the content of change $first, as change \d+\.$/, 'restore --version');
is(props($id, 'PR_SUBJECT'), 'Offer', 'restore --version: the content');
like((command('restore', $id, $id, "--version=$first"))[2], qr/one message with --version/, 'of one message only');

# ---------------------------------------------------------- marks and rights

is((command('mark', '--unread', $id))[1], "Marked as unread.\n", 'mark --unread');
is(query("SELECT read FROM msgstore.message_list WHERE message_id = $id"), 'f', 'mark: unread');
is((command('mark', '--folder=Inbox'))[1], "Marked as read.\n", 'mark a folder');
is(query("SELECT read FROM msgstore.message_list WHERE message_id = $id"), 't', 'mark: read');
is((command('mark'))[0], 2, 'mark nothing: exit code 2');
is((command('mark', '--folder=Inbox', $id))[0], 2, 'mark both: exit code 2');

is((command('grant', 'Inbox', 'PUBLIC', 'REVIEWER'))[1], "MEMBER  RIGHTS\nPUBLIC  READ_ANY|FOLDER_VISIBLE\n", 'grant');
is((json_lines('grant', 'Inbox'))[0]{member}, 'PUBLIC', 'grants as JSON');
is((command('grant', '--revoke', 'Inbox', 'PUBLIC'))[1], '', 'grant --revoke');
like((command('grant', 'Inbox', 'PUBLIC', 'KING'))[2], qr/could not change the rights: /, 'grant of no right');
is((command('grant', 'Inbox', 'PUBLIC'))[0], 2, 'grant without rights: exit code 2');

# ------------------------------------------------------------ drafts, history

command('set', $id, "--base=$second", 'PR_SUBJECT=mine');
($code, $out, $err) = command('drafts');
like($out, qr/^DRAFT +MESSAGE +PARKED +SUBJECT +PROPERTIES\n +\d+ +$id  conflict  \S+ \S+  mine +PR_SUBJECT\n\z/,
	'drafts: a mark for the conflict');
my ($draft) = json_lines('drafts');
ok($draft->{conflict}, 'drafts as JSON');
is($draft->{change_number}, $second, 'with the version');
query("SELECT msgstore.set_retention(1, NULL, 1);
	SELECT msgstore.discard_parked(1, $draft->{parked_id});
	UPDATE msgstore.change SET changed_at = changed_at - interval '3 days'");
($code, $out, $err) = command('prune');
is($code, 0, 'prune: exit code 0');
like($out, qr/^[1-9]\d* changes were deleted from the history\.$/, 'prune: the number');
is((json_lines('prune'))[0]{pruned}, 0, 'prune as JSON');
is((command('sweep'))[1], "0 blobs that nothing needs were deleted.\n", 'sweep');

# --------------------------------------------------------- another's store

$node->safe_psql('postgres', 'CREATE ROLE regress_guest LOGIN');
foreach my $args ([ 'log', $id ], [ 'show', $id ], [ 'rm', $id ], ['drafts'], ['prune'])
{
	($code, $out, $err) = command('--' eq $args->[0] ? () : @$args, '--username=regress_guest');
	is("$code $out", '2 ', "@$args by another role: exit code 2");
	like($err, qr/there is no store "team" that you may use/, "@$args by another role: sees nothing");
}
is((command('stores', '--username=regress_guest'))[1], '', 'stores of another role');

# a name that is misspelled
like((command('ls', '--store=tem'))[2],
	qr/there is no store "tem" that you may use\nDid you mean "team"\?/, 'a store that may be meant');

# a narrow screen
{
	local $ENV{COLUMNS} = 40;

	foreach my $args ([ 'log', $id ], ['stores'], [ 'diff', $id, $second, $first ])
	{
		ok(!(grep { length > 48 } split /\n/, (command(@$args))[1]), "@$args fits");
	}
}

$node->stop;
done_testing();
