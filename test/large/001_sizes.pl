
# Values near the limits of a message are stored and read back, or are refused with a
# clear error, and then nothing has changed.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('sizes');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', "search_path = 'msgstore, public'");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION msgstore;
	SELECT create_store('large')});

# Run statements with a handle :h on a new message; return the output of the last one,
# and the error of the first that fails.
sub on_message
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');

	$node->psql(
		'postgres', qq{
		SELECT create_message(1, special_folder(1, 'Drafts')) AS h \\gset
		$sql},
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 1);
	$out =~ s/.*\n//s;
	return ($out, $err);
}

my ($out, $err) = on_message(
	q{
	SELECT set_props(:h, jsonb_build_object('PR_BODY', repeat('x', 250000000)));
	SELECT save_changes(:h);
	SELECT length(read_message(1, message_id(:h), '{PR_BODY}')->>'PR_BODY')});
is($out, '250000000', 'a body of 250 MB is stored and comes back');

($out, $err) = on_message(
	q{
	SELECT set_props(:h, jsonb_build_object('PR_SUBJECT', repeat('x', 140000000)));
	SELECT set_props(:h, jsonb_build_object('PR_COMMENT', repeat('x', 140000000)))});
like(
	$err,
	qr/properties of \d+ bytes exceed the limit of 268435455 bytes/,
	'properties of 280 MB are refused');

($out, $err) = on_message(
	q{
	SELECT set_props(:h, jsonb_build_object('PR_SUBJECT', repeat('x', 140000000)));
	DO $$
	DECLARE
		h integer := (SELECT handle FROM open_handles);
	BEGIN
		PERFORM set_props(h, jsonb_build_object('PR_COMMENT', repeat('x', 140000000)));
	EXCEPTION WHEN program_limit_exceeded THEN
		NULL;
	END $$;
	SELECT save_changes(:h);
	SELECT length(p->>'PR_SUBJECT'), p ? 'PR_COMMENT'
	FROM read_message(1, message_id(:h), '{PR_SUBJECT, PR_COMMENT}') AS p});
is($out, '140000000|f', 'and the edits are as they were before');

($out, $err) = on_message(
	q{
	SELECT set_props(:h, jsonb_build_object('PR_BODY', repeat('x', 250000000))), save_changes(:h);
	SELECT write_stream(:h, 'PR_BODY', 250000000, convert_to(repeat('y', 30000000), 'UTF8'));
	SELECT save_changes(:h);
	SELECT get_props(:h)->'PR_BODY'->>'size', convert_from(read_stream(:h, 'PR_BODY', 249999998, 4), 'UTF8'),
		message_at(1, message_id(:h), (SELECT min(change_number) FROM history(1, message_id(:h))))
			->'PR_BODY' = to_jsonb(repeat('x', 250000000))});
is("$out$err", '280000000|xxyy|t',
	'a stream grows a value beyond what one can be set to, and the one before stays');

$node->stop;
done_testing();
