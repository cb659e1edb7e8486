
# A dump that is restored into another cluster has everything: every version of every
# message is as it was, drafts are resumed, the rules of pruning hold, and tokens from
# before are current or stale as they were.  One message is saved a thousand times at
# random, and a model in this test has the content of each version.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $saves = 1000;
my $json = JSON::PP->new->canonical->utf8;
srand(42);

my $old = PostgreSQL::Test::Cluster->new('old');
$old->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$old->append_conf('postgresql.conf', "fsync = off\nsynchronous_commit = off");
$old->start;
$old->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	CREATE ROLE regress_ann;
	CREATE ROLE regress_bob;
	CREATE ROLE regress_team;
	GRANT regress_team TO regress_ann, regress_bob;
	SELECT msgstore.create_store('dumped', 'regress_team')});

# ------------------------------------------------- a thousand saves, recorded

my @bodies = ('PR_BODY', 'PR_HTML', 'PR_RTF_COMPRESSED');
my @texts = (
	'PR_SUBJECT', 'PR_COMMENT', '0x4F00001F', 'PR_BODY',
	'PR_TRANSPORT_MESSAGE_HEADERS');

# Return a value for a property; sometimes a large one.
sub value
{
	my ($name) = @_;
	my $text =
	  join '', map { chr(int(rand(0x500)) + 0x20) }
	  1 .. (rand() < 0.05 ? 5000 : 1 + int(rand(20)));

	$text =~ s/[\x7F-\x9F]/-/g;
	return int(rand(3)) if $name eq 'PR_IMPORTANCE';
	return $text if grep { $_ eq $name } @texts;
	utf8::encode($text);
	return encode_base64($text, '');
}

# A patch of one to four properties; some are deleted.
sub patch
{
	my %patch;

	foreach (0 .. int(rand(4)))
	{
		my $name = (@texts, @bodies, 'PR_IMPORTANCE')[ int(rand(9)) ];

		$patch{$name} = rand() < 0.2 ? undef : value($name);
	}
	return \%patch;
}

# Return a version with a patch applied: setting one body deletes the others.
sub apply
{
	my ($version, $patch) = @_;
	my %result = %$version;

	if (grep { defined $patch->{$_} } @bodies)
	{
		delete @result{@bodies};
	}
	foreach my $name (keys %$patch)
	{
		delete $result{$name};
		$result{$name} = $patch->{$name} if defined $patch->{$name};
	}
	return \%result;
}

my $quote = sub { my ($text) = @_; $text =~ s/'/''/g; return "'$text'" };
my @versions = (apply({ PR_IMPORTANCE => 1 }, { PR_SUBJECT => 'first' }));
my $script = q{
	\set QUIET on
	SET search_path = msgstore;
	SELECT store_id AS s, folder_id AS f FROM folder_list
	WHERE special = 'Inbox' \gset
	SELECT result, message_id AS m, change_number AS n0
	FROM save_new_message(:s, :f, '{"PR_SUBJECT": "first"}') \gset
	\echo :result :n0
};
foreach my $i (1 .. $saves)
{
	my $patch = patch();
	my $base = rand() < 0.1 ? int(rand($i)) : $i - 1;

	push @versions, apply($versions[$base], $patch);
	$script .= "SET msgstore.actor = 'user " . ($i % 5) . "';\n"
	  . "SELECT result, change_number AS n$i FROM save_message(:s, :m, :n$base, "
	  . $quote->($json->encode($patch))
	  . ", 'FORCE_SAVE') \\gset\n\\echo :result :n$i\n";
}
my @said = split /\n/, $old->safe_psql('postgres', $script);
my @numbers = map { (split / /)[1] } @said;
is(scalar(grep { /^S_OK / } @said), $saves + 1, 'a message was saved often');

# ------------------------------------------------------- everything else there is

$old->safe_psql(
	'postgres', q{
	SET search_path = msgstore;
	CREATE VIEW public.inbox AS
		SELECT store_id AS s, folder_id AS f FROM folder_list
		WHERE special = 'Inbox';
	CREATE FUNCTION public.make(subject text) RETURNS bigint
	LANGUAGE sql AS $$
		SELECT (msgstore.save_new_message(s, f,
			jsonb_build_object('PR_SUBJECT', subject))).message_id
		FROM public.inbox $$;
	-- deleted, restored, moved, gone, saved by two nodes, merged
	SELECT delete_messages(s, ARRAY[public.make('deleted')]) FROM public.inbox;
	SELECT public.make('of two nodes');
	SELECT set_node_number(9);
	SELECT save_message(store_id, message_id, change_number,
		'{"PR_BODY": "of node 9"}')
	FROM message_list WHERE subject = 'of two nodes';
	SELECT public.make('made on node 9');
	SELECT set_node_number(0);
	SELECT move_messages(store_id, ARRAY[message_id],
		special_folder(store_id, 'Drafts'))
	FROM message_list WHERE subject = 'made on node 9';
	SELECT public.make('gone'), public.make('restored'), public.make('merged');
	SELECT resolve_conflict(store_id, message_id, change_number,
			'{"PR_BODY": "merged"}', 'MERGE')
	FROM message_list,
		save_message(store_id, message_id, change_number,
			'{"PR_COMMENT": "theirs"}') AS other (r, n)
	WHERE subject = 'merged';
	SELECT delete_messages(store_id, ARRAY[message_id]),
		restore_messages(store_id, ARRAY[message_id])
	FROM message_list WHERE subject = 'restored';
	SELECT delete_messages(store_id, ARRAY[message_id], 'DELETE_HARD_DELETE')
	FROM message_list WHERE subject = 'gone';
	-- the newest of ids and numbers belong to what is gone
	SELECT delete_messages(s, ARRAY[public.make('gone, too')],
		'DELETE_HARD_DELETE')
	FROM public.inbox;
	SELECT set_retention(s, '7 days 01:02:03', 17) FROM public.inbox});

# Drafts: of a message that others have saved since, of one that is gone, of a
# new one, with every part, by two roles.
$old->safe_psql(
	'postgres', q{
	\set QUIET on
	SET search_path = msgstore;
	GRANT SELECT ON public.inbox TO regress_team;
	SET ROLE regress_ann;
	SET application_name = 'a client';
	SET msgstore.actor = 'ann@example.org';
	SELECT s, f, (save_new_message(s, f,
		'{"PR_SUBJECT": "edited by two", "PR_BODY": "old"}')).message_id AS m
	FROM public.inbox \gset
	SELECT open_message(:s, :m, 'MAPI_MODIFY') AS h \gset
	SELECT set_props(:h, jsonb_build_object('PR_SUBJECT', 'draft of ann',
		'PR_COMMENT', NULL, 'PR_HTML', 'PGI+',
		'PR_TRANSPORT_MESSAGE_HEADERS', repeat('X: y ', 2000),
		'PR_MESSAGE_RECIPIENTS', '[{"PR_DISPLAY_NAME": "Bob",
		"PR_RECIPIENT_TYPE": 1}]'::jsonb));
	SELECT park(:h);
	SELECT change_number AS n FROM message_list WHERE message_id = :m \gset
	SET ROLE regress_bob;
	RESET msgstore.actor;
	SELECT save_message(:s, :m, :n, '{"PR_SUBJECT": "saved by bob"}');
	SELECT create_message(:s, :f) AS h \gset
	SELECT set_props(:h, '{"PR_SUBJECT": "new draft of bob"}');
	SELECT park(:h);
	SELECT (save_new_message(:s, :f, '{}')).message_id AS g \gset
	SELECT open_message(:s, :g, 'MAPI_MODIFY') AS h \gset
	SELECT set_props(:h, '{"PR_SUBJECT": "of what is gone"}');
	SELECT park(:h);
	SELECT delete_messages(:s, ARRAY[:g], 'DELETE_HARD_DELETE')});

# --------------------------------------------------------------- dump, restore

my $everything = q{
	SET search_path = msgstore;
	SELECT s FROM store_list AS s;
	SELECT c FROM change_list AS c ORDER BY store_id, message_id, change_number;
	SELECT p FROM parked_draft AS p ORDER BY parked_id;
	SELECT message_id, change_number, p->'PR_CHANGE_KEY',
		p->'PR_PREDECESSOR_CHANGE_LIST', p->'PR_SOURCE_KEY', p->'PR_ENTRYID',
		md5(p::text)
	FROM message_list, read_message(store_id, message_id) AS p
	ORDER BY message_id;
	SELECT message_id, change_number, p->'PR_CHANGE_KEY', md5(p::text)
	FROM change_list, message_at(store_id, message_id, change_number) AS p
	WHERE message_id <> (SELECT min(message_id) FROM change_list)
	ORDER BY message_id, change_number;};
my $before = $old->safe_psql('postgres', $everything);
like($before, qr/hard delete/, 'there is something to lose');

# Numbers that clients have from before the dump.
my %token = map { split /\|/ } split /\n/,
  $old->safe_psql('postgres',
	"SELECT subject, change_number FROM msgstore.message_list
	WHERE subject IN ('restored', 'merged', 'edited by two', 'saved by bob')");
my ($highest_id, $highest_number) = split /\|/, $old->safe_psql('postgres',
	'SELECT max(message_id & ((1::bigint << 43) - 1)),
		max(change_number & ((1::bigint << 43) - 1)) FROM msgstore.change');
my $dump = $old->basedir . '/dump';
$old->command_ok([ 'pg_dump', '--format=custom', "--file=$dump", 'postgres' ],
	'dumped');
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$new->append_conf('postgresql.conf', "fsync = off");
$new->start;
$new->safe_psql('postgres',
	'CREATE ROLE regress_ann; CREATE ROLE regress_bob;
	CREATE ROLE regress_team; GRANT regress_team TO regress_ann, regress_bob');
$new->command_ok([ 'pg_restore', '--exit-on-error', '-d', 'postgres', $dump ],
	'restored into another cluster');
is($new->safe_psql('postgres', $everything), $before, 'nothing is lost');

# ---------------------------------------------------- every version as recorded

my $names = join ', ', @texts, @bodies[ 1, 2 ], 'PR_IMPORTANCE';
my @lines = split /\n/, $new->safe_psql(
	'postgres', qq{
	SET search_path = msgstore;
	SELECT change_number || ' ' || (SELECT jsonb_object_agg(key, value)
		FROM jsonb_each(p) WHERE key = ANY ('{$names}'))
	FROM change_list, message_at(store_id, message_id, change_number) AS p
	WHERE message_id = (SELECT min(message_id) FROM change_list)
	ORDER BY change_number});
is(scalar(@lines), $saves + 1, 'every version is there');
my @differ;
foreach my $i (0 .. $#versions)
{
	my ($number, $shown) = split / /, $lines[$i], 2;

	push @differ, $i
	  if $number != $numbers[$i]
	  || $json->encode($json->decode($shown)) ne
	  $json->encode($versions[$i]);
}
is_deeply(\@differ, [], 'and each is what was recorded when it was saved');

# --------------------------------------------------------------- and on it goes

is( $new->safe_psql(
		'postgres', qq{
		SET search_path = msgstore;
		SELECT r.result FROM message_list,
			save_message(store_id, message_id, $token{restored},
			'{"PR_COMMENT": "later"}') AS r WHERE subject = 'restored'}),
	'S_OK',
	'a token that was current still is');
is( $new->safe_psql(
		'postgres', qq{
		SET search_path = msgstore;
		SELECT r.result FROM message_list,
			save_message(store_id, message_id, $token{merged} - 1,
			'{"PR_COMMENT": "later"}') AS r WHERE subject = 'merged';
		SELECT r.result FROM message_list,
			save_message(store_id, message_id, $token{restored},
			'{"PR_COMMENT": "again"}') AS r WHERE subject = 'restored'}),
	"MAPI_E_OBJECT_CHANGED\nMAPI_E_OBJECT_CHANGED",
	'one that was stale still is, and one that was used');
is( $new->safe_psql(
		'postgres', qq{
		SET search_path = msgstore;
		SELECT r.message_id > $highest_id, r.change_number > $highest_number
		FROM public.inbox, save_new_message(s, f, '{}') AS r}),
	't|t',
	'ids and numbers go on behind those that were given out');
is( $new->safe_psql(
		'postgres', q{
		SET search_path = msgstore;
		SET ROLE regress_ann;
		SELECT property, side, changed_by
		FROM (SELECT resume(store_id, parked_id) AS h FROM parked) AS r,
			conflict(h) ORDER BY property;
		SELECT get_props(handle, '{PR_SUBJECT, PR_HTML, PR_BODY, PR_DISPLAY_TO}')
		FROM open_handles;
		SELECT resolve_conflict(handle, 'MERGE'),
			resolve_conflict(handle, 'OVERWRITE') FROM open_handles;
		SELECT count(*) FROM parked}),
	"PR_BODY|yours|
PR_COMMENT|yours|
PR_HTML|yours|
PR_MESSAGE_RECIPIENTS[0]|yours|
PR_SUBJECT|both|regress_bob
PR_TRANSPORT_MESSAGE_HEADERS|yours|
" . '{"PR_HTML": "PGI+", "PR_SUBJECT": "draft of ann", "PR_DISPLAY_TO": "Bob"}'
	  . "\nMAPI_E_OBJECT_CHANGED|S_OK\n0",
	'a draft is resumed and settled');
is( $new->safe_psql(
		'postgres', q{
		SET search_path = msgstore;
		SET ROLE regress_bob;
		SELECT save_changes(resume(store_id, parked_id)) FROM parked
		ORDER BY parked_id;
		SELECT resolve_conflict(resume(store_id, parked_id), 'SAVE_ELSEWHERE')
		FROM parked;
		SELECT subject FROM message_list WHERE subject LIKE '%new draft%'
			OR subject LIKE 'of what%' ORDER BY 1;
		SELECT count(*) FROM parked}),
	"S_OK\nMAPI_E_OBJECT_DELETED\nS_OK\nnew draft of bob\nof what is gone\n0",
	'so are those of what is new and of what is gone');
is( $new->safe_psql(
		'postgres', q{
		SET search_path = msgstore;
		UPDATE change SET changed_at = changed_at - interval '1 year';
		SELECT s FROM public.inbox \gset
		CALL prune_history(:s) \gset
		SELECT max(count) FROM (SELECT count(*) FROM change_list
			GROUP BY message_id) AS c}),
	'17',
	'and the store prunes by its rules');

$new->stop;
done_testing();
