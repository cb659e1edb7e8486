# Numbers near the end of the last node's range come back from readers of JSON as
# they were given, also where a reader makes doubles of them: node 1023, read,
# saved, in conflict, listed, in the history, parked, in the feed and exported.  What was rounded by somebody
# all the same is refused, not taken for another number.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('json_numbers');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');

sub sql
{
	my ($sql) = @_;

	return $node->safe_psql('postgres',
		"SET search_path = msgstore, public; $sql");
}

# The last numbers of the last node: 2^53 - 1 is the end.
sql(q{
	SELECT set_node_number(1023);
	SELECT create_store('first')});
sql(q{
	SELECT setval(c.oid, (1::bigint << 43) - 200)
	FROM pg_class c WHERE relkind = 'S' AND relname ~ '_seq$'
		AND relnamespace = 'msgstore'::regnamespace;
	-- the numbers have not moved for this server: it has given these out
	UPDATE number_marker SET incarnation = (1::bigint << 43) - 300,
		message_id = (1::bigint << 43) - 300,
		folder_id = (1::bigint << 43) - 300});
my $store = sql(q{SELECT create_store('last')});
cmp_ok($store, '>', 2**53 - 300, 'the store has one of the last numbers');
cmp_ok($store, '<', 2**53, 'below 2^53');

my ($message, $number) = split /\|/, sql("SELECT message_id, change_number
	FROM save_new_message($store, special_folder($store, 'Inbox'),
		'{\"PR_SUBJECT\": \"one\"}')");
cmp_ok($number, '>', 2**53 - 300, 'and the message such a change number');

# A draft, on the first version.
my $draft = sql("SELECT park_message($store, $message, $number,
	'{\"PR_COMMENT\": \"parked\"}')");
cmp_ok($draft, '>', 2**53 - 300, 'and a draft');

# The answers that a client gets as JSON: of a message, lists, the history, a conflict, a draft,
# the feed, and of the message as it is exported to another store.
my $json = q{SELECT jsonb_build_object(
	'store', store_id, 'message', message_id, 'folder', folder_id,
	'number', change_number,
	'read', read_message(store_id, message_id)->'PidTagChangeNumber',
	'listed', (SELECT jsonb_agg(to_jsonb(l)) FROM message_list l
		WHERE l.message_id = m.message_id),
	'rows', (SELECT jsonb_agg(to_jsonb(l)) FROM list_messages(store_id, folder_id) l),
	'draft', (SELECT jsonb_agg(to_jsonb(e)) FROM parked p,
		parked_edits(p.store_id, p.parked_id) e WHERE p.message_id = m.message_id),
	'feed', (SELECT jsonb_agg(to_jsonb(f)) FROM changes_since(store_id) f),
	'exported', export_change(store_id, message_id),
	'history', (SELECT jsonb_agg(to_jsonb(h))
		FROM history(store_id, message_id) h),
	'conflict', (SELECT jsonb_agg(to_jsonb(c)) FROM conflict(store_id,
		message_id, (SELECT min(change_number) FROM change_list
			WHERE message_id = m.message_id),
		'{"PR_SUBJECT": "mine"}') c))
	FROM message_list m WHERE subject <> ''};

# Readers that print what they have read, keys in the order given.
my %readers = (
	'JSON.parse' => [
		'node', '-e',
		'let s = ""; process.stdin.on("data", d => s += d).on("end", () =>
			console.log(JSON.stringify(JSON.parse(s))))'
	],
	jq => [ 'jq', '-c', '.' ],
	# doubles, as a reader without integers makes them
	'python3, floats' => [
		'python3', '-c', 'import json, sys
def integer(number):
    return int(float(number))
print(json.dumps(json.load(sys.stdin, parse_int=integer)))'
	],
	python3 => [
		'python3', '-c',
		'import json, sys; print(json.dumps(json.load(sys.stdin)))'
	]);

foreach my $name (sort keys %readers)
{
	my $reader = $readers{$name};

  SKIP:
	{
		skip "no $reader->[0]", 7 unless runs($reader);

		my $given = sql($json);
		my $read = reads($reader, $given);

		is(sql("SELECT '$read'::jsonb = '$given'::jsonb"),
			't', "$name: everything comes back as it went")
		  or diag("$given\n$read");
		my ($s, $m, $n) = split /\|/,
		  sql("SELECT x->>'store', x->>'message', x->>'number'
			FROM (SELECT '$read'::jsonb) AS r (x)");
		my $save = "SELECT result FROM save_message($s, $m, $n,
			'{\"PR_SUBJECT\": \"by $name\"}')";
		is(sql($save), 'S_OK', "$name: a save over it");
		is(sql($save),
			'MAPI_E_OBJECT_CHANGED', "$name: a stale save is refused");
		my $current = sql("SELECT change_number FROM message_list
			WHERE message_id = $message");
		is($current, $n + 1, "$name: numbers one apart are told apart");
		is(reads($reader, "[$n,$current]") =~ s/ //gr,
			"[$n,$current]", "$name: by the reader, too");
		is(sql("SELECT r.result FROM save_message($s, $m,
				('" . reads($reader, $current) . "')::bigint, '{}') r"),
			'S_OK', "$name: the new number is good");
		is( sql("SELECT count(*) FROM conflict($s, $m, $n,
				'{\"PR_SUBJECT\": \"mine\"}') WHERE side = 'both'"),
			'1', "$name: and of the old one the conflict is known");
	}
}

sub reads
{
	my ($reader, $text) = @_;
	my $out = '';

	IPC::Run::run($reader, '<', \$text, '>', \$out)
	  or die "could not run $reader->[0]";
	chomp $out;
	return $out;
}

sub runs
{
	my ($reader) = @_;
	my $out;

	return eval { IPC::Run::run($reader, '<', \'[1]', '>', \$out, '2>', \my $err) };
}

# The end: no number comes after the last one, and none comes again.
my ($status, $out, $err) = $node->psql('postgres', q{
	SET search_path = msgstore, public;
	SELECT count(save_new_message(store_id, special_folder(store_id, 'Inbox'),
		'{}')) FROM store, generate_series(1, 300) WHERE name = 'last'});
isnt($status, 0, 'numbers come to an end');
like($err, qr/reached maximum value of sequence "(message_id|change_number)_seq"/,
	'which is an error');
is( sql(q{SELECT bool_and(change_number < 1::bigint << 53)
		AND count(*) = count(DISTINCT change_number) FROM change}),
	't',
	'all numbers are below 2^53, and differ');

$node->stop;
done_testing();
