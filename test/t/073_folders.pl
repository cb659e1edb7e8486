# One way to name a folder holds for every command: a path from the root, an id, or a
# standard name; a name that is misspelled is answered with a guess.
use strict;
use warnings;
use utf8;
use Encode qw(decode encode);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = client_node('folders');
delete @ENV{qw(NO_COLOR COLUMNS)};
$ENV{XDG_STATE_HOME} = '/nonexistent';
query(q{
	SELECT msgstore.create_store('team');
	CREATE FUNCTION public.make(parent bigint, name text) RETURNS bigint
		LANGUAGE sql AS 'SELECT msgstore.create_folder(1, $1, $2)';
	CREATE FUNCTION public.special(name text) RETURNS bigint
		LANGUAGE sql AS 'SELECT msgstore.special_folder(1, $1)'});
$ENV{MSGSTORE_STORE} = 'team';

# Run the command; returns exit code, stdout and stderr as characters.
sub command
{
	my ($code, $out, $err) = msgstore(map { encode('UTF-8', $_) } @_);

	return ($code, decode('UTF-8', $out), decode('UTF-8', $err));
}

my $sub = query(q{SELECT make(special('Inbox'), 'Sub')});
my $deep = query("SELECT make($sub, 'Über 日本')");
my $slash = query(q{SELECT make(special('Root'), 'A/B')});
my $year = query(q{SELECT make(special('Root'), '2026')});
my $id = query(q{SELECT message_id FROM msgstore.save_new_message(1, special('Inbox'),
	'{"PR_SUBJECT": "Offer"}')});

# Return the id of the folder that has the message.
sub place
{
	return query("SELECT folder_id FROM msgstore.message_list WHERE message_id = $id");
}

# ------------------------------------------------------------------ the list

my ($code, $out, $err) = command('folders');
is("$code $err", '0 ', 'folders are listed');
is( join(',', $out =~ /^ +\d+ +\d+ +\d+  (.*)$/mg),
	'/,2026,A/B,Conflicts,Deleted Items,Drafts,Inbox,Inbox/Sub,Inbox/Sub/Über 日本,Outbox,Sent Items',
	'by their paths');

# --------------------------------------------------------------------- names

foreach my $one (
	[ 'Inbox/Sub', $sub ],
	[ '/Inbox/Sub/', $sub ],
	[ 'Inbox/Sub/Über 日本', $deep ],
	[ 'A/B', $slash ],
	[ '/2026', $year ],
	[ $deep, $deep ],
	[ 'Root', query(q{SELECT special('Root')}) ],
	[ '/', query(q{SELECT special('Root')}) ],
	[ 'Root/Inbox/Sub', $sub ],
	[ 'Sent Items', query(q{SELECT special('Sent Items')}) ])
{
	my ($name, $folder) = @$one;
	my $label = encode('UTF-8', $name);

	($code, $out, $err) = command('mv', $id, $name);
	is("$code $err", '0 ', "mv to $label");
	is(place(), $folder, "mv to $label: there it is");
	is((command('mark', "--folder=$name"))[0], 0, "mark --folder=$label");
	is((command('grant', $name, 'PUBLIC', 'NONE'))[0], 0, "grant $label");
	is((command('ls', "--folder=$name"))[0], 0, "ls --folder=$label");
	is((command('export', "--folder=$name", '-'))[1] =~ /^Subject: Offer/m,
		1, "export --folder=$label");
	is((command('watch', "--folder=$name", '--once'))[0], 0, "watch --folder=$label");
}

# a standard folder that was renamed has both names, and a new one goes before
query(q{SELECT msgstore.rename_folder(1, special('Drafts'), 'Entwürfe')});
foreach my $name ('Drafts', 'Entwürfe')
{
	my $label = encode('UTF-8', $name);

	is((command('mv', $id, $name))[0], 0, "$label: exit code 0");
	is(place(), query(q{SELECT special('Drafts')}), "$label: the folder");
}
my $drafts = query(q{SELECT make(special('Root'), 'Drafts')});
command('mv', $id, 'Drafts');
is(place(), $drafts, 'a folder of that name goes before the standard name');

# -------------------------------------------------------------- did you mean

foreach my $one (
	[ 'Inbx', 'Inbox' ],
	[ 'INBOX', 'Inbox' ],
	[ 'Sub', 'Inbox/Sub' ],
	[ 'inbox/sub', 'Inbox/Sub' ],
	[ 'Inbox/Sob', 'Inbox/Sub' ],
	[ 'Sent', 'Sent Items' ],
	[ 'Nowhere', undef ],
	[ '77777', undef ],
	[ '02', undef ],
	[ "\e[2J", undef ])
{
	my ($name, $meant) = @$one;
	my $shown = $name =~ s/\e/\\x1b/r;

	($code, $out, $err) = command('ls', "--folder=$name");
	is("$code $out", '2 ', "$shown: exit code 2");
	is( $err,
		qq{msgstore: error: there is no folder "$shown"\n}
		  . (defined $meant ? qq{Did you mean "$meant"?\n} : ''),
		"$shown: the answer");
}

# two folders of one path
query(q{SELECT make(make(special('Root'), 'A'), 'B')});
($code, $out, $err) = command('mv', $id, 'A/B');
is($code, 2, 'two folders of one path: exit code 2');
like($err, qr/there are several folders "A\/B"; give the id of one/, 'two folders of one path: the answer');
is((command('mv', $id, $slash))[0], 0, 'the id tells them apart');

# ------------------------------------------------------------------ creating

foreach my $one (
	[ 'Inbox/New/Deep', 'Inbox/New', 'Inbox/New/Deep' ],
	[ 'Outbox/Über', 'Outbox', 'Outbox/Über' ],
	[ '/2027', '/', '2027' ])
{
	my ($name, $parent, $path) = @$one;
	my $label = encode('UTF-8', $name);

	($code, $out, $err) = command('new', "--folder=$name", 'PR_SUBJECT=x');
	is("$code $err", '0 ', "new --folder=$label");
	ok((command('folders'))[1] =~ /  \Q$path\E$/m, "new --folder=$label: it is made");
}
($code, $out, $err) = command('new', '--folder=77777', 'PR_SUBJECT=x');
is($code, 2, 'an id makes no folder');
like($err, qr/there is no folder "77777"/, 'an id makes no folder: the answer');

# --------------------------------------------- a role that sees one folder only

$node->safe_psql('postgres', "CREATE ROLE regress_agent LOGIN;
	SELECT msgstore.grant_folder(1, $deep, 'regress_agent', 'EDITOR')");
my @agent = ('--username=regress_agent');
is((command('folders', @agent))[1], "FOLDER  MESSAGES  UNREAD  PATH\n"
	  . sprintf("%6d  %8d  %6d  %s\n", $deep, 0, 0, 'Über 日本'), 'it is at the top for that role');
is((command('new', '--folder=Über 日本', 'PR_SUBJECT=y', @agent))[0], 0, 'and found there');
($code, $out, $err) = command('ls', @agent);
is($err, qq{msgstore: error: there is no folder "Inbox"\n}, 'the Inbox is not there for that role');
($code, $out, $err) = command('new', '--folder=Elsewhere', 'PR_SUBJECT=y', @agent);
is($err, qq{msgstore: error: there is no folder "Elsewhere"\n}, 'and no folder can be made at the top');

$node->stop;
done_testing();
