# Every command prints JSON with --json, one value per line, with the members that
# doc/client.md promises and no other.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $node = client_node('json');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other',
	q{CREATE EXTENSION msgstore; SELECT msgstore.create_store('team')});
$ENV{XDG_STATE_HOME} = PostgreSQL::Test::Utils::tempdir();
delete @ENV{qw(VISUAL EDITOR)};

# The members of each command, from the table of the document.
my ($table) =
  slurp_file("$top/doc/client.md") =~ /^## JSON\n(.*?)^## /ms;
my %members;
while ($table =~ /^\| (`.+?`) \| \w+ \| (.*) \|$/mg)
{
	my ($commands, $names) = ($1, $2);

	$members{$_} = [ sort $names =~ /`(\w+)`/g ]
	  foreach $commands =~ /`(.+?)`/g;
}

# Run a command with --json; returns its exit code and its values.
sub values_of
{
	my @args = @_;
	my ($code, $out, $err) = msgstore(@args, '--json');
	my @values = map { decode_json($_) } split /\n/, $out;

	is($err, '', "@args: nothing on stderr");
	return ($code, @values);
}

# Check exit code and members of the values that a command prints; returns them.
my %seen;
sub promised
{
	my ($name, $expected, @args) = @_;
	my ($code, @values) = values_of(@args);

	is($code, $expected, "@args: exit code $expected");
	cmp_ok(scalar @values, '>', 0, "@args: prints a value");
	foreach my $value (@values)
	{
		is(join(' ', sort keys %$value),
			"@{ $members{$name} // [] }", "@args: the promised members");
	}
	$seen{$name} = 1;
	return @values;
}

is((promised('init', 0, 'init', '--store=team'))[0]{store}, 'team',
	'init: the store');
$ENV{MSGSTORE_STORE} = 'team';
is((promised('stores', 0, 'stores'))[0]{messages}, 0, 'stores: a number');

# ------------------------------------------------------------- new, set, edit

my ($new) = promised('new', 0, 'new', 'PR_SUBJECT=Offer', 'PR_BODY=one');
is($new->{outcome}, 'saved', 'new: saved');
my $id = $new->{message_id};
my ($set) = promised('set', 0, 'set', $id, 'PR_BODY=two');
isnt($set->{change_number}, $new->{change_number}, 'set: the new version');
my ($parked) = promised('set', 1, 'set', $id,
	"--base=$new->{change_number}", 'PR_BODY=mine');
is("$parked->{outcome} $parked->{result}", 'parked MAPI_E_OBJECT_CHANGED',
	'set over an old version: parked');
$ENV{EDITOR} = 'true';
is((promised('edit', 0, 'edit', $id))[0]{outcome}, 'unchanged',
	'edit: unchanged');
my $editor = write_file('editor',
	"#!/bin/sh\nsed -i 's/^Subject:/PR_NOPE:/' \"\$1\"\n");
chmod 0755, $editor;
$ENV{EDITOR} = $editor;
my ($code, $out, $err) = msgstore('edit', '--json', $id);
my $kept = decode_json($out);
is("$code $kept->{outcome}", '1 kept', 'edit: an error keeps the text');
is(join(' ', sort keys %$kept), "@{ $members{edit} }",
	'edit: the promised members');
ok(-e $kept->{path}, 'edit: there it is');
my (undef, @drafts) = values_of('drafts');
is($drafts[-1]{path}, $kept->{path}, 'drafts: the text that was kept');
unlink $kept->{path};

# ----------------------------------------------------------- drafts, conflicts

is((promised('drafts', 0, 'drafts'))[0]{parked_id}, $parked->{parked_id},
	'drafts: the draft');
my ($conflict) = promised('resolve', 1, 'resolve');
is($conflict->{standing}, 'conflict', 'resolve: a conflict');
is_deeply(
	[ map { @$_{qw(property base theirs yours side)} } @{ $conflict->{differences} } ],
	[ 'PR_BODY', 'one', 'two', 'mine', 'both' ],
	'resolve: base, theirs and yours');
is_deeply($conflict->{merge_text_obstacles}, ['PR_BODY'],
	'resolve: why there is no merge');
my ($refused) = promised('resolve --choice', 1, 'resolve', '--choice=MERGE');
is("$refused->{outcome} $refused->{result}", 'refused MAPI_E_OBJECT_CHANGED',
	'resolve --choice: refused');
my ($settled) =
  promised('resolve --choice', 0, 'resolve', '--choice=OVERWRITE');
is("$settled->{outcome} $settled->{previous}",
	"settled $set->{change_number}", 'resolve --choice: settled');
($code, $out, $err) = msgstore('resolve', '--json');
is("$code $out", '3 ', 'resolve: nothing is left');

# --------------------------------------------------------------------- lists

promised('folders', 0, 'folders');
is((promised('ls', 0, 'ls'))[0]{subject}, 'Offer', 'ls: the subject');
query("SELECT msgstore.set_search(1, true, 'simple');
	CALL msgstore.rebuild_search(1)");
promised('search', 0, 'search', 'offer');
is((values_of('show', $id))[1]{PR_SUBJECT}, 'Offer', 'show: the properties');
$seen{show} = 1;
is(scalar(promised('log', 0, 'log', $id)), 3, 'log: a line per change');
promised('diff', 0, 'diff', $id);

# -------------------------------------------------------------------- places

my ($copy) = promised('cp', 0, 'cp', $id, 'Drafts');
promised('mv', 0, 'mv', $copy->{new_message_id}, 'Sent Items');
promised('mark', 0, 'mark', '--unread', $id);
promised('rm', 0, 'rm', $copy->{new_message_id});
promised('restore', 0, 'restore', $copy->{new_message_id});
promised('grant', 0, 'grant', 'Inbox', 'PUBLIC', 'REVIEWER');
promised('prune', 0, 'prune');
promised('sweep', 0, 'sweep');

# ---------------------------------------------------------------------- mail

my ($report) = promised('import', 1, 'import', "$top/client/samples/02-plain.eml",
	"$top/client/samples/broken/not-mail.txt");
is("$report->{imported} $report->{refused}", '1 1', 'import: the numbers');
like($report->{refusals}[0], qr/not-mail\.txt:1: no message/,
	'import: why a file is refused');
my $folder = PostgreSQL::Test::Utils::tempdir();
my @exported = promised('export', 0, 'export', $folder);
is(scalar(grep { -e $_->{path} } @exported), 3, 'export: the files');

# ------------------------------------------------------------- watch and sync

promised('watch', 0, 'watch', '--all', '--once');
is((promised('sync', 0, 'sync', '--from=postgres', '--to=other'))[0]{messages},
	3, 'sync: the numbers');

# ------------------------------------------------------------- nothing is left

is(join(' ', sort keys %seen), join(' ', sort keys %members),
	'every row of the document is shown');
my %has_row = map { s/ .*//r => 1 } keys %members;
my ($help) = (msgstore('--help'))[1] =~ /^Commands:\n((?:  .*\n)+)/m;
is( join(' ', grep { !$has_row{$_} } $help =~ /^  (\w+) /mg),
	'completion man',
	'every command that could print JSON has a row');

done_testing();
