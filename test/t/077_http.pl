# The schema api answers as PostgREST passes it on: status and ETag of each outcome, the
# conflict as the body of a 412, and nothing stored by a refused call.
#
# The test does what PostgREST does for a request: in a transaction it sets the role, the
# headers and the claims, calls the function with named arguments, and reads the settings
# response.status and response.headers.
use strict;
use warnings;
use FindBin;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('http');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	CREATE ROLE lead;
	CREATE ROLE agent;
	CREATE ROLE guest;
	CREATE ROLE stranger;
	CREATE ROLE authenticator LOGIN NOINHERIT IN ROLE lead, agent, guest, stranger;
	SET search_path = msgstore;
	SELECT create_store('desk', 'lead');
	SELECT grant_folder(1, special_folder(1, 'Inbox'), 'agent', 'EDITOR'),
		   grant_folder(1, special_folder(1, 'Inbox'), 'guest', 'REVIEWER');});
$node->command_ok(
	[
		'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f',
		"$FindBin::Bin/../../api/msgstore_api.sql", $node->connstr('postgres')
	],
	'the script runs');
my $inbox = $node->safe_psql('postgres', "SELECT msgstore.special_folder(1, 'Inbox')");

# Return status, ETag and body of a request: a call with named arguments, and headers.
sub request
{
	my ($role, $call, $args, %headers) = @_;
	my $actor = delete $headers{sub};
	my $quote = sub { my ($text) = @_; $text =~ s/'/''/g; return "'$text'" };
	my $json = JSON::PP->new->canonical;
	my $named = join ', ', map {
		my $value = ref $args->{$_} ? $json->encode($args->{$_}) : $args->{$_};
		"$_ => " . $quote->($value)
	} sort keys %$args;
	my $lower = { map { lc($_) => $headers{$_} } keys %headers };
	my $sql = join "\n", 'BEGIN ISOLATION LEVEL READ COMMITTED;',
	  "SET LOCAL ROLE $role;",
	  "SELECT set_config('request.headers', "
	  . $quote->($json->encode($lower))
	  . ", true), set_config('request.jwt.claims', "
	  . $quote->($json->encode({ role => $role, $actor ? (sub => $actor) : () }))
	  . ", true) \\g /dev/null",
	  "SELECT coalesce(body::text, '') AS body FROM api.$call($named) AS body;",
	  "SELECT current_setting('response.status', true), ",
	  "current_setting('response.headers', true);",
	  'COMMIT;';
	my ($code, $out, $err) = $node->psql(
		'postgres', $sql,
		extra_params => [ '-U', 'authenticator' ],
		on_error_stop => 1);

	return (500, '', $err) if $code != 0;
	my ($body, $response) = $out =~ /\A(.*)\n(.*)\z/s;
	my ($status, $list) = split /\|/, $response, 2;
	my %got = map { %$_ } @{ decode_json($list) };
	return ($status, $got{ETag} // '', $body eq '' ? '' : decode_json($body));
}

my ($status, $etag, $body);

# --------------------------------------------------------------------- create

($status, $etag, $body) = request('agent', 'create_message',
	{ store => 1, folder => $inbox, props => { PR_SUBJECT => 'Quote', PR_BODY => 'one' } },
	'Idempotency-Key' => 'k1', sub => 'ann');
is($status, 201, 'create: 201');
my ($id, $first) = ($body->{id}, $etag);
is($etag, qq("$body->{change_number}"), 'the ETag is the change number');
($status, $etag, $body) = request('agent', 'create_message',
	{ store => 1, folder => $inbox, props => { PR_SUBJECT => 'Quote', PR_BODY => 'one' } },
	'Idempotency-Key' => 'k1', sub => 'ann');
is_deeply([ $status, $etag, $body->{id} ],
	[ 201, $first, $id ], 'a repeated request makes no second message');
is( (request('guest', 'create_message', { store => 1, folder => $inbox, props => {} }))[0],
	403, 'create without the right: 403');

# ----------------------------------------------------------------------- read

($status, $etag, $body) = request('guest', 'message', { store => 1, id => $id });
is_deeply([ $status, $etag, $body->{PR_SUBJECT} ],
	[ 200, $first, 'Quote' ], 'read: 200 with ETag');
($status, $etag, $body) =
  request('guest', 'message', { store => 1, id => $id, props => '{PR_SUBJECT}' });
is_deeply(
	[ $status, sort keys %$body ],
	[ 200, 'PR_SUBJECT', 'PidTagChangeNumber' ],
	'read some properties');
($status, $etag, $body) = request('guest', 'message', { store => 1, id => $id },
	'If-None-Match' => qq("1", $first));
is_deeply([ $status, $etag, $body ], [ 304, $first, '' ], 'not modified: 304');
is((request('stranger', 'message', { store => 1, id => $id }))[0],
	403, 'read without a right: 403');
is((request('guest', 'message', { store => 1, id => 999 }))[0],
	404, 'no such message: 404');
($status, $etag, $body) = request('guest', 'messages', { store => 1, folder => $inbox });
is_deeply(
	[ $status, map { [ $_->{id}, $_->{etag}, $_->{props}{PR_SUBJECT} ] } @$body ],
	[ 200, [ $id, $first, 'Quote' ] ],
	'list');
is((request('guest', 'messages', { store => 1, folder => $inbox, sort => '{NONSENSE}' }))[0],
	400, 'a bad argument: 400');

# ----------------------------------------------------------------------- save

my $save = { store => 1, id => $id, changes => { PR_BODY => 'of ann' } };
($status, $etag, $body) = request('agent', 'save_message', $save);
is_deeply([ $status, $body->{code} ],
	[ 428, 'PRECONDITION_REQUIRED' ], 'save without If-Match: 428');
is((request('agent', 'save_message', $save, 'If-Match' => "W/$first"))[0],
	428, 'a weak ETag is none');
($status, $etag, $body) =
  request('agent', 'save_message', $save, 'If-Match' => $first, sub => 'ann');
is($status, 200, 'save: 200');
my $second = $etag;
isnt($second, $first, 'with a new ETag');
is( $node->safe_psql(
		'postgres',
		"SELECT string_agg(role || ' ' || actor, ', ') FROM msgstore.history(1, $id)"),
	'agent ann, agent ann',
	'the subject of the token is the actor');

my $bob = { store => 1, id => $id, changes => { PR_BODY => 'of bob' } };
($status, $etag, $body) =
  request('agent', 'save_message', $bob, 'If-Match' => $first, sub => 'bob');
is_deeply([ $status, $etag, $body->{code} ],
	[ 412, $second, 'MAPI_E_OBJECT_CHANGED' ],
	'a stale save: 412 with the ETag of the newest version');
my ($row) = @{ $body->{conflict} };
is_deeply(
	[ @$row{qw(property base theirs yours side changed_by)} ],
	[ 'PR_BODY', 'one', 'of ann', 'of bob', 'both', 'ann' ],
	'the body of a 412 is the conflict');
is((request('agent', 'message', { store => 1, id => $id }))[1],
	$second, 'a refused save stores nothing');
is((request('guest', 'save_message', $bob, 'If-Match' => $second))[0],
	403, 'save without the right: 403');
is((request('stranger', 'save_message', $bob, 'If-Match' => $second))[0],
	403, 'save by a stranger: 403');
is((request('agent', 'save_message', { %$bob, id => 999 }, 'If-Match' => '"1"'))[0],
	404, 'save of an unknown message: 404');
is( (request('agent', 'save_message', { %$bob, changes => { NONSENSE => 1 } },
			'If-Match' => $second))[0],
	400, 'an unknown property: 400');
($status, $etag, $body) = request('agent', 'save_message',
	{ %$bob, changes => { PR_IMPORTANCE => 2 } }, 'If-Match' => qq($first, $second));
is($status, 200, 'a list of ETags: one of them is the newest');
($status, $etag, $body) = request('agent', 'save_message',
	{ %$bob, changes => { PR_IMPORTANCE => 0 } }, 'If-Match' => '*');
is($status, 200, 'If-Match: * is any version');
my $third = $etag;
($status, $etag, $body) = request('agent', 'save_message', { %$bob, force => 'true' },
	'If-Match' => $second, sub => 'bob');
is($status, 200, 'force: 200');
is((request('agent', 'message', { store => 1, id => $id }))[2]->{PR_BODY},
	'of bob', 'the forced version');

# -------------------------------------------------------------------- resolve

my $merge = {
	store => 1, id => $id, choice => 'MERGE', changes => { PR_SENSITIVITY => 1 } };
is((request('agent', 'resolve_conflict', $merge))[0], 428, 'resolve without If-Match: 428');
is((request('agent', 'resolve_conflict', $merge, 'If-Match' => $third))[0],
	200, 'merge: 200');
is( (request('agent', 'resolve_conflict', { %$merge, changes => { PR_BODY => 'again' } },
			'If-Match' => $third))[0],
	412, 'a merge of one property that both have changed: 412');
($status, $etag, $body) = request('agent', 'resolve_conflict',
	{ %$merge, choice => 'SAVE_ELSEWHERE', folder => $inbox }, 'If-Match' => $third);
ok($status == 200 && $body->{id} != $id, 'saved elsewhere: 200 with another id');

# --------------------------------------------------------------------- delete

$etag = (request('agent', 'message', { store => 1, id => $id }))[1];
is((request('agent', 'delete_message', { store => 1, id => $id }))[0],
	428, 'delete without If-Match: 428');
($status, undef, $body) =
  request('agent', 'delete_message', { store => 1, id => $id }, 'If-Match' => $first);
is_deeply([ $status, $body->{code} ], [ 412, 'MAPI_E_OBJECT_CHANGED' ],
	'delete of a stale version: 412');
is((request('guest', 'delete_message', { store => 1, id => $id }, 'If-Match' => $etag))[0],
	403, 'delete without the right: 403');
is((request('agent', 'delete_message', { store => 1, id => $id }, 'If-Match' => $etag))[0],
	204, 'delete: 204');
($status, undef, $body) = request('agent', 'save_message', $bob, 'If-Match' => $etag);
is_deeply([ $status, $body->{code} ], [ 410, 'MAPI_E_OBJECT_DELETED' ],
	'save of a deleted message: 410');
is((request('agent', 'save_message', $bob, 'If-Match' => '*'))[0],
	410, 'save of a deleted message with *: 410');
is((request('agent', 'message', { store => 1, id => $id }))[0],
	404, 'read of a deleted message: 404');

# ------------------------------------------------------ errors that are not ours

($status, undef, $body) = request('agent', 'save_message', { %$bob, changes => '{' },
	'If-Match' => $etag);
like($body, qr/invalid input syntax for type json/, 'bad JSON stays an error of PostgreSQL');
is( $node->safe_psql(
		'postgres', q{
	SELECT count(*) FROM pg_proc AS p
	WHERE pronamespace IN ('api'::regnamespace, 'api_internal'::regnamespace)
	  AND (prosecdef OR proconfig IS DISTINCT FROM '{"search_path=pg_catalog, pg_temp"}'
		   OR obj_description(oid, 'pg_proc') IS NULL)}),
	'0',
	'functions run with the rights of the caller, a pinned search_path, a comment');

$node->stop;
done_testing();
