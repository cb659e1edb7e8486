# The story of "make demo": two clients edit one imported message.  The first save wins,
# the second is refused, a forced save is stored, and changes without overlap are merged.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $client = "$FindBin::RealBin/../../client";
my $node = client_node('two_clients');
my $connection = $node->connstr('postgres');

# Run the example; returns exit code, stdout and stderr.
sub two_clients
{
	my @args = @_;

	return run_program("$client/examples/two_clients", @args);
}

my ($code, $out, $err) = two_clients();
is($code, 2, 'without arguments: exit code 2');
like($err, qr/^usage: /, 'and how it is called');
($code, $out, $err) = two_clients($connection, 'demo');
is($code, 2, 'no such store: exit code 2');
like($err, qr/no store "demo"/, 'and says so');

command_ok(
	[
		'msgstore', 'import', '-d', $connection, '-s', 'demo',
		"$client/samples/01-story.eml"
	],
	'import a message');

# Play again on that message: the story does not depend on its content.
foreach my $time ('once', 'again')
{
	($code, $out, $err) = two_clients($connection, 'demo');
	is($code, 0, "$time: every answer is what the rules say");
	is($err, '', "$time: no error");
	like(
		$out,
		qr/Alice\s+save_changes.*->\sS_OK\n
		   .*Bob\s+save_changes.*->\sMAPI_E_OBJECT_CHANGED\n
		   .*Bob\s+save_changes.*->\sMAPI_E_OBJECT_CHANGED\n
		   .*Bob\s+force_save.*->\sS_OK\n
		   .*Alice\s+save_changes.*->\sMAPI_E_OBJECT_CHANGED\n
		   .*PR_SUBJECT\s+changed\ by\ Bob's\ client
		   .*PR_BODY\s+changed\ by\ Bob's\ client
		   .*PR_IMPORTANCE\s+changed\ by\ Alice's\ client
		   .*Alice\s+resolve_conflict.*->\sS_OK\n/sx,
		"$time: saved, refused, refused again, forced, stale, merged");
	like(
		$out,
		qr/save +\S+ +Alice's client.*\n.*force +\S+ +Bob's client/,
		"$time: the history has both, in order");
}
is( $node->safe_psql(
		'postgres',
		q{SELECT p->>'PR_SUBJECT', p->>'PR_BODY', p->>'PR_IMPORTANCE'
			FROM msgstore.message_list m,
				msgstore.read_message(m.store_id, m.message_id) p}),
	'Lunch on Friday|A new text, by Bob.|2',
	'the message is what Bob saw and wrote, with what Alice merged');

# The example notices a server on which the last writer wins.
$node->safe_psql(
	'postgres', q{
	ALTER EXTENSION msgstore
		DROP FUNCTION msgstore.save_changes(int, msgstore.save_flags);
	CREATE OR REPLACE FUNCTION msgstore.save_changes(handle int,
		flags msgstore.save_flags DEFAULT '0')
	RETURNS msgstore.hresult LANGUAGE sql
	AS $$ SELECT msgstore.force_save(handle) $$});
($code, $out, $err) = two_clients($connection, 'demo');
is($code, 1, 'a server that does not keep the rules: exit code 1');
like($out, qr/this rule is broken: the second save is refused/,
	'and what it did is told');

$node->stop;
done_testing();
