# "msgstore import" in daily work: from standard input, again, interrupted, out
# of folders with links; and the mail as it came, which the store keeps.  (Faults F4, of
# memory without bounds, and F8, of links that lead out of a Maildir.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Test::More;

my $samples = "$FindBin::RealBin/../../client/samples";
my $node = client_node('work');
my ($code, $out, $err);

# Run the command with bytes on its standard input.
sub with_input
{
	my ($input, @args) = @_;

	($out, $err) = ('', '');
	IPC::Run::run([ 'msgstore', @args ], '<', \$input, '>', \$out, '2>', \$err);
	return $? >> 8;
}

# ---------------------------------------------------------- standard input

my $mail = read_file("$samples/01-story.eml");
is(with_input($mail, 'import', '-s', 'in', '-'), 0, 'stdin: one mail');
like($out, qr/^1 imported, 0 refused$/m, 'stdin: imported');
is( with_input(
		read_file("$samples/15-list.mbox"), 'import', '-s', 'in', '-'),
	0, 'stdin: an mbox');
like($out, qr/^3 imported, 0 refused$/m, 'stdin: all of its messages');
is(with_input('no mail', 'import', '-s', 'in', '-'), 1, 'stdin: no mail');
like($out, qr/^  -:1: no message/m, 'stdin: named');
($code, $out, $err) = msgstore('export', '-s', 'in', '-');
is(with_input($out, 'import', '-s', 'piped', '-'), 0, 'export | import');
like($out, qr/^4 imported, 0 refused$/m, 'export | import: all of them');

# -------------------------------------------------------------- known mail

foreach my $options ([], ['--no-original'])
{
	my $store = "known@$options";

	msgstore('import', @$options, '-s', $store, $samples);
	($code, $out, $err) =
	  msgstore('import', @$options, '--skip-known', '-s', $store, $samples);
	is($code, 1, "known: exit code for what is refused (@$options)");
	like($out, qr/^28 in the store already\n0 imported, 1 refused$/m,
		"known: nothing is imported again (@$options)");
	is(with_input("Subject: another\n\nx\n", 'import', '--skip-known',
			'-s', $store, '-', "$samples/01-story.eml"),
		0, "known: another one (@$options)");
	like($out, qr/^1 in the store already\n1 imported, 0 refused$/m,
		"known: only the other one is (@$options)");
}
($code, $out, $err) = msgstore('import', '--skip-known', '-s', 'fresh',
	"$samples/01-story.eml", "$samples/01-story.eml");
like($out, qr/^1 in the store already\n1 imported, 0 refused$/m,
	'known: twice in one run, and a store that is made');

# ------------------------------------------------------------- interrupted

# The import waits for a lock while it is interrupted.
$node->safe_psql('postgres', "SELECT msgstore.create_store('held')");
my $hold = q{BEGIN; SELECT FROM msgstore.folder WHERE store_id =
	(SELECT store_id FROM msgstore.store WHERE name = 'held') FOR UPDATE;
	SELECT pg_sleep(600)};
my $ignored = '';
my $holder = IPC::Run::start([ 'psql', '-Xqc', $hold ],
	'<', \undef, '>', \$ignored, '2>', \$ignored);
$node->poll_query_until('postgres',
	"SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
  or die 'the holder does not sleep';
($out, $err) = ('', '');
my $import = IPC::Run::start([ 'msgstore', 'import', '-b', '2', '-s', 'held',
		$samples ], '<', \undef, '>', \$out, '2>', \$err);
$node->poll_query_until('postgres',
	"SELECT count(*) = 1 FROM pg_stat_activity
	  WHERE application_name = 'msgstore import' AND wait_event_type = 'Lock'")
  or die 'the import does not wait';
$import->signal('INT');
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid)
	FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
IPC::Run::finish($holder);
IPC::Run::finish($import);
is($import->result, 2, 'Ctrl-C: exit code 2');
# one batch waits, and the next one is read meanwhile
like($out, qr/^interrupted: .*\n[234] imported, 0 refused$/m,
	'Ctrl-C: what was read is imported, and a report is printed');
my ($before) = $out =~ /(\d) imported/;
my $rest = 28 - $before;
($code, $out, $err) =
  msgstore('import', '--skip-known', '-s', 'held', $samples);
like($out, qr/^$before in the store already\n$rest imported, 1 refused$/m,
	'Ctrl-C: the rest is imported by another run');

# ----------------------------------------------------------------- read state

# Read mail is read for the user who imports, and for no other.
mkdir "$dir/state" or die;
mkdir "$dir/state/$_" or die foreach qw(cur new tmp);
write_file('state/cur/1:2,S', "Subject: maildir\n\nx\n");
write_file('state/cur/2:2,', "Subject: unread\n\nx\n");
write_file('status', "Status: RO\nX-Status: A\nSubject: status\n\nx\n");
msgstore('import', '-A', 'ann', '-s', 'state', "$dir/state", "$dir/status");
is( $node->safe_psql(
		'postgres', q{SELECT string_agg(subject || ' ' || reader || ' ' ||
			(msgstore.read_message(store_id, message_id, NULL, reader)
			 ->> 'PR_READ'), ', ' ORDER BY message_id, reader)
		FROM msgstore.message_list JOIN msgstore.store_list USING (store_id),
			 unnest('{ann,bob}'::text[]) AS reader WHERE name = 'state'}),
	'maildir ann true, maildir bob false, unread ann false, unread bob false, '
	  . 'status ann true, status bob false',
	'read: for the user who imports');

# ------------------------------------------------------------------- links

mkdir "$dir/$_" or die foreach qw(box box/cur box/new box/tmp elsewhere);
write_file('elsewhere/secret', "Subject: secret\n\nx\n");
write_file('box/new/mail', "Subject: mail\n\nx\n");
symlink('../../elsewhere/secret', "$dir/box/cur/x") or die;
symlink('../new/mail', "$dir/box/cur/y") or die;
symlink('box', "$dir/link") or die;
($code, $out, $err) = msgstore('import', '-s', 'links', "$dir/link");
is($code, 1, 'a link out of the folder: exit code 1');
like($out, qr{cur/x: a symbolic link out of the folder},
	'a link out of the folder: named');
like($out, qr/^2 imported, 1 refused$/m,
	'a link within it, and one to it, are followed');
($code, $out, $err) =
  msgstore('import', '--follow-links', '-s', 'links', "$dir/box");
like($out, qr/^3 imported, 0 refused$/m, '--follow-links: all of them');

# --------------------------------------------------------------- originals

my $odd = "Subject: odd \r\nX: y\n z\n\ntext  \r\nand \xe9\0\n";
msgstore('import', '-s', 'odd', write_file('odd.eml', $odd));
my $in = "FROM msgstore.message_list JOIN msgstore.store_list USING (store_id)
	WHERE name = 'odd'";
my $id = $node->safe_psql('postgres', "SELECT message_id $in");
is($node->safe_psql('postgres',
		"SELECT msgstore.read_message(store_id, message_id)
			? 'PR_INTERNET_CONTENT' $in"), 'f', 'the original: not shown');
is( $node->safe_psql('postgres',
		"SELECT encode(msgstore.read_original(store_id, message_id, 0, 1000),
			'hex') $in"),
	unpack('H*', $odd), 'the original: kept as it came');
($code, $out, $err) = msgstore('export', '-s', 'odd', '-m', $id, '-');
is($out, $odd, 'the original: exported as it came');
$node->safe_psql('postgres', "SELECT msgstore.keep_originals(store_id, false)
	FROM msgstore.store_list WHERE name = 'odd'");
($code, $out, $err) = msgstore('import', '-s', 'odd', "$dir/odd.eml");
is($code, 0, 'a store without originals: imported');
is( $node->safe_psql('postgres',
		"SELECT count(msgstore.read_original(store_id, message_id, 0, 1)) $in"),
	'1', 'a store without originals: none is kept');

# dump and restore keep them
my $dump = "$dir/dump";
$node->command_ok([ 'pg_dump', '-f', $dump, 'postgres' ], 'dumped');
$node->safe_psql('template1', 'CREATE DATABASE again');
$node->command_ok([ 'psql', '-Xqv', 'ON_ERROR_STOP=1', '-d', 'again',
		'-f', $dump ], 'restored');
($code, $out, $err) =
  msgstore('export', '-d', 'again', '-s', 'odd', '-m', $id, '-');
is($out, $odd, 'the original: kept by dump and restore');

# ------------------------------------------------------------------ bounds

# parts beyond a number are counted, and memory stays in proportion
SKIP:
{
	skip 'no memory limit to set', 10 if $ENV{MSGSTORE_SANITIZED};
	foreach my $case (
		[ 'To: ' . join(',', map { "u$_\@e.org" } 1 .. 1_000_000),
			qr/980000  recipients beyond the first 20000/, 'addresses' ],
		[ 'To: ' . 'a, ' x 1_000_000,
			qr/980000  recipients beyond the first 20000/, 'words' ],
		[ 'To: ' . 'a@e.org ' x 100_000,
			qr/80000  recipients beyond the first 20000/, 'addresses in a row' ],
		[ join("\n", ('a:') x 1_000_000),
			qr/950000  header fields beyond the first 50000/, 'fields' ],
		[ "Content-Type: multipart/mixed; boundary=b\n\n"
			  . "--b\n\nx\n" x 1_000_000 . "--b--",
			qr/990000  parts beyond the first 10000/, 'parts' ])
	{
		my ($text, $says, $what) = @$case;

		write_file('many.eml', "$text\n\nx\n");
		($code, $out, $err) = run_program('sh', '-c',
			'ulimit -v 400000; exec msgstore import --dry-run --no-original "$0"',
			"$dir/many.eml");
		is($code, 0, "a great many $what: exit code 0");
		like($err, $says, "a great many $what: counted");
	}
}

$node->stop;
done_testing();
