# libmsgstore: every call does what its header promises, as an example shows that makes
# each call once; the short examples edit, merge and follow.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $tour = "$FindBin::RealBin/../../client/examples/tour";
my $node = client_node('libmsgstore');
my $connection = $node->connstr('postgres');

# Run the example; returns exit code, stdout and stderr.
sub tour
{
	my @args = @_;

	return run_program($tour, @args);
}

foreach my $time ('first', 'second')
{
	my ($code, $out, $err) = tour($connection, 'tour');

	is($code, 0, "$time time: all is as promised");
	is($err, '', "$time time: no error");
	unlike($out, qr/^ +NOT/m, "$time time: no check has failed");
	is(scalar(() = $out =~ /^  ok /mg), 111, "$time time: all are made");
}
is( $node->safe_psql(
		'postgres',
		q{SELECT string_agg(DISTINCT subject, ', ' ORDER BY subject)
			FROM msgstore.message_list JOIN msgstore.folder_list
			USING (store_id, folder_id) WHERE name = 'Tour'}),
	'base, findable, one call, outside, theirs',
	'the messages are what was saved');
is($node->safe_psql('postgres', q{SELECT count(*) FROM msgstore.store_list WHERE name = 'tour'}),
	'1', 'store and folder are found again');

# The schema is found, whatever search_path was before.
foreach my $path ('', 'nowhere', '"$user", public')
{
	my ($code, undef, $err) =
	  tour("$connection options='-c search_path=" . ($path =~ s/ //gr) . "'",
		'tour');

	is($code, 0, "search_path \"$path\"");
	is($err, '', "search_path \"$path\": no error");
}

# ------------------------------------------------------------ short examples

my $examples = "$FindBin::RealBin/../../client/examples";
my $store = query(q{SELECT msgstore.create_store('short')});
my ($message, $number) = split /\|/, query(
	qq{SELECT message_id, change_number FROM msgstore.save_new_message($store,
		msgstore.special_folder($store, 'Inbox'), '{"PR_SUBJECT": "base"}')});

# Run a short example; returns exit code, stdout and stderr.
sub example
{
	my ($name, @args) = @_;

	return run_program("$examples/$name", $connection, @args);
}

is_deeply([ example('edit', 'short', $message, 'a "new" one') ],
	[ 0, "S_OK\n", '' ], 'edit: saved');
is(query("SELECT msgstore.read_message($store, $message)->>'PR_SUBJECT'"),
	'a "new" one', 'edit: this subject');
is_deeply([ example('edit', 'nowhere', $message, 'x') ],
	[ 2, '', "edit: there is no such store\n" ], 'edit: no store');
is((example('edit', 'short', 999, 'x'))[0], 2, 'edit: no message');

is_deeply(
	[ example('merge', $store, $message, $number, '{"PR_COMMENT": "mine"}') ],
	[
		0, "PR_SUBJECT: changed by theirs\nPR_COMMENT: changed by yours\n"
		  . "S_OK: message $message\n", ''
	],
	'merge: merged');
my ($code, $out, $err) =
  example('merge', $store, $message, $number, '{"PR_SUBJECT": "mine"}');
is($code, 0, 'merge: both have changed the subject');
like($out, qr/^PR_SUBJECT: changed by both$/m, 'merge: and that is reported');
my ($copy) = $out =~ /^S_OK: message (\d+)$/m;
isnt($copy, $message, 'merge: saved elsewhere');

($code, $out, $err) = example('follow', $store);
is("$code $err", '0 ', 'follow: from the beginning');
like($out, qr/^\w+: message $_$/m, "follow: message $_") foreach $message, $copy;
my ($token) = $out =~ /^token (.+)$/m;
is((example('edit', 'short', $message, 'newest'))[0], 0, 'edit: once more');
like((example('follow', $store, $token))[1],
	qr/\Asave: message $message\ntoken .+\n\z/, 'follow: what is new');
is((example('follow', $store, 'no token'))[0], 2, 'follow: a bad token');
foreach my $name (qw(edit merge follow))
{
	cmp_ok(scalar(() = slurp_file("$examples/$name.c") =~ /\n/g), '<', 60,
		"$name is short");
	is((run_program("$examples/$name"))[0], 2, "$name: bad usage");
}

# Every exported function has its place in the document, and the document has no other.
my $top = "$FindBin::RealBin/../..";
my @exported = grep { /\A\w/ } split /\n/,
  slurp_file("$top/client/lib/exports.txt");
my %documented =
  map { $_ => 1 } slurp_file("$top/doc/libmsgstore.md") =~ /`(msgstore_\w+)`/g;
is(join(' ', sort keys %documented),
	join(' ', @exported), 'doc/libmsgstore.md has every function');

$node->stop;
($code, undef, $err) = tour($connection, 'tour');
is($code, 2, 'no server: exit code 2');
like($err, qr/connection to server .* failed/, 'no server: says so');

done_testing();
