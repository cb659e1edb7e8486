# Wake-ups: one notification without a payload per committing transaction that changes a
# store, on a channel of that store, if its owner has switched them on; none for reading, for
# a refused save, for a rollback, or for another store.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('woken');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SELECT msgstore.create_store('loud'), msgstore.create_store('quiet');
	CREATE TABLE public.it AS SELECT s.name, s.store_id AS s, f.folder_id AS f,
		(msgstore.save_new_message(s.store_id, f.folder_id, '{}')).message_id AS m
		FROM msgstore.store_list AS s JOIN msgstore.folder_list AS f USING (store_id)
		WHERE f.special = 'Inbox';
	CREATE FUNCTION public.save(store text) RETURNS text LANGUAGE sql AS $$
		SELECT result::text FROM it, msgstore.save_message(s, m,
			(msgstore.read_message(s, m)->>'PidTagChangeNumber')::bigint, '{"PR_SUBJECT": "x"}')
		WHERE name = store $$;
	CREATE FUNCTION public.refused() RETURNS text LANGUAGE sql AS $$
		SELECT result::text FROM it, msgstore.save_message(s, m, 1, '{"PR_SUBJECT": "x"}')
		WHERE name = 'loud' $$;
	CREATE PROCEDURE public.twice() LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM save('loud');
		COMMIT;
		PERFORM save('loud');
	END $$;
	CREATE ROLE reader LOGIN;
	GRANT SELECT ON public.it TO reader});
my ($loud, $quiet) = split /\n/, $node->safe_psql('postgres',
	'SELECT s FROM it ORDER BY name');

# Return the notifications that a psql session gets when other sessions have
# run these commands: one word per notification.  The last one has a payload,
# and shows that all have come.
sub woken
{
	my (@commands) = @_;
	my $run = join(' ', map { my $c = $_ =~ s/"/\\"/gr; "-c \"$c\"" } @commands);
	my $connection = $node->connstr('postgres');
	my $out = $node->safe_psql('postgres',
		"LISTEN msgstore_$loud; LISTEN msgstore_$quiet; LISTEN done;\n"
		  . "\\! psql -XAtq -v ON_ERROR_STOP=0 -d \"$connection\" $run >/dev/null 2>&1\n"
		  . "\\! psql -XAtq -d \"$connection\" -c \"NOTIFY done, 'end'\"\n"
		  . "SELECT 1 WHERE false;");

	return join(' ', map {
			/notification "(\w+)"(?: with payload "(\w*)")?/
			  ? ($1 eq "msgstore_$loud" ? 'loud' : $1 eq "msgstore_$quiet" ? 'quiet' : $1)
			  . (defined $2 ? ":$2" : '') : ();
		} split /\n/, $out);
}

is(woken("SELECT save('loud')"), 'done:end', 'off by default');
$node->safe_psql('postgres', "SELECT msgstore.set_wakeups($loud, true)");
is(woken("SELECT save('loud')"), 'loud done:end', 'a save, without a payload');
is(woken("SELECT save('quiet')"), 'done:end', 'a save in another store');
is(woken("BEGIN; SELECT save('loud'); SELECT save('loud'); SELECT save('quiet'); COMMIT"),
	'loud done:end', 'many saves of one transaction');
is(woken("CALL twice()"), 'loud loud done:end', 'two transactions');
is(woken("SELECT refused()"), 'done:end', 'a refused save');
is(woken("BEGIN; SELECT save('loud'); ROLLBACK"), 'done:end', 'a rollback');
is(woken("SELECT msgstore.read_message(s, m) FROM it; SELECT count(*) FROM msgstore.message_list;"
		. " SELECT count(*) FROM it, msgstore.changes_since(s)"),
	'done:end', 'reading');
is(woken("BEGIN; SELECT save('loud'); PREPARE TRANSACTION 'p'"),
	'done:end', 'a transaction that cannot be prepared');

# Everything that the feed has.
for my $change (
	q{set_read_flag(s, m, 4)}, q{set_read_flag(s, m)},
	q{set_message_status(s, m, 1, 1)},
	q{create_folder(s, f, 'sub')}, q{set_folder_props(s, f, '{"PR_COMMENT": "c"}')},
	q{move_messages(s, ARRAY[m], msgstore.special_folder(s, 'Drafts'))},
	q{set_read_flags(s, NULL, folder_id => msgstore.special_folder(s, 'Drafts'))},
	q{copy_messages(s, ARRAY[m], f)}, q{delete_messages(s, ARRAY[m])},
	q{restore_messages(s, ARRAY[m])},
	q{grant_folder(s, f, 'reader', 'REVIEWER')}, q{revoke_folder(s, f, 'reader')},
	q{delete_messages(s, ARRAY[m], 'DELETE_HARD_DELETE')}, q{purge_messages(s, ARRAY[m])})
{
	is(woken("SELECT msgstore.$change FROM it WHERE name = 'loud'"),
		'loud done:end', $change =~ s/\(.*//sr);
}

# Another session learns at once that wake-ups are on or off.
my $other = $node->background_psql('postgres');
$other->query_safe("SELECT public.save('quiet')");
$node->safe_psql('postgres', "SELECT msgstore.set_wakeups($quiet, true)");
my $listener = $node->background_psql('postgres');
$listener->query_safe("LISTEN msgstore_$quiet");
$other->query_safe("SELECT public.save('quiet')");
like($listener->query('SELECT 1'), qr/notification "msgstore_$quiet"/,
	'a session that had the store in its cache');
$node->safe_psql('postgres', "SELECT msgstore.set_wakeups($quiet, false)");
$other->query_safe("SELECT public.save('quiet')");
unlike($listener->query('SELECT 1'), qr/notification/, 'and off again');
$_->quit for $other, $listener;

my (undef, undef, $err) = $node->psql('postgres',
	"SET ROLE reader; SELECT msgstore.set_wakeups($loud, false)");
like($err, qr/ERROR/, 'only the owner of the store switches them');

done_testing();
