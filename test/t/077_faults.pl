# Nothing that a user wrote is lost: the connection is cut at each statement of "edit",
# "new", "set" and "resolve", before and after the server has carried it out, and comes
# back or not; the server is killed at a prompt; the server's disk is full at the save.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use CutServer;
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Terminal;
use Test::More;

my $folder = abs_path($dir);
# segments of WAL no larger than the limit of a file below
my $node = client_node('faults', '--wal-segsize=1');
query(q{SELECT msgstore.create_store('team')});
$ENV{PGGSSENCMODE} = 'disable';
$ENV{MSGSTORE_STORE} = 'team';
$ENV{XDG_STATE_HOME} = "$folder/state";
$ENV{TERM} = 'dumb';
delete @ENV{qw(VISUAL EDITOR PGAPPNAME)};
my $real = $node->host . '/.s.PGSQL.' . $node->port;
my $sockets = PostgreSQL::Test::Utils::tempdir_short();
my $token = 'text0';

# An editor that writes the text, which is the subject.
my $editor = abs_path(write_file('editor',
	"#!/bin/sh\nsed -i \"s/^Subject:.*/Subject: \$TOKEN/\" \"\$1\"\n"));
chmod 0755, $editor;

# Make a message; with a draft on its first version that others have saved over, if
# that is asked for.  Returns its id.
sub message
{
	my ($draft) = @_;
	my $parked = $draft ? q{PERFORM msgstore.park_message(1, m, n,
			jsonb_build_object('PR_SUBJECT', '} . $token . q{'));
		PERFORM msgstore.save_message(1, m, n, '{"PR_SUBJECT": "theirs"}');} : '';

	return query(qq{DO \$\$ DECLARE m bigint; n bigint; BEGIN
		SELECT message_id, change_number INTO m, n FROM msgstore.save_new_message(1,
			msgstore.special_folder(1, 'Inbox'), '{"PR_SUBJECT": "base"}');
		$parked
		END \$\$;
		SELECT max(message_id) FROM msgstore.message_list});
}

# Return where the text is: versions that have it, drafts, and files.
sub places
{
	my ($versions, $drafts) = split /\|/, query(qq{
		SELECT (SELECT count(*) FROM msgstore.message_list AS m,
				LATERAL msgstore.history(1, m.message_id) AS h
			WHERE msgstore.message_at(1, m.message_id, h.change_number)->>'PR_SUBJECT'
				= '$token' AND m.subject = '$token'),
			(SELECT count(*) FROM msgstore.parked WHERE subject = '$token')});
	my $kept = grep { slurp_file($_) =~ /^Subject: \Q$token\E$/m }
	  glob("$folder/state/msgstore/*");

	return ($versions, $drafts, $kept);
}

# Run a command through a server that cuts its connection; returns exit code, output
# and the statements.
sub cut
{
	my ($at, $after, $gone, $input, @command) = @_;
	my ($out, $err) = ('', '');

	cut_start($sockets, 1, $real, $at, $after, $gone);
	{
		local $ENV{PGHOST} = $sockets;
		local $ENV{PGPORT} = 1;
		local $ENV{EDITOR} = $editor;
		local $ENV{TOKEN} = $token;

		IPC::Run::run([ 'msgstore', @command ], '<', \$input, '>', \$out,
			'2>', \$err,
			IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	}
	my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return ($code, $out . $err, cut_end());
}

# Cut a command at each of its statements, in some ways.  "make" returns the arguments
# of the command.
sub cut_everywhere
{
	my ($name, $input, $ways, $make) = @_;
	my @faults;
	my $runs = 0;

	$token++;
	my ($code, $out, @statements) = cut(-1, 0, 0, $input, $make->());
	is($code, 0, "$name: succeeds") or diag($out);
	is(join(',', places()), '1,0,0', "$name: the text is saved");
	cmp_ok(scalar @statements, '>', 4, "$name: has statements");
	foreach my $at (0 .. $#statements)
	{
		foreach my $way (@$ways)
		{
			my ($after, $gone) = @$way;
			my $what = sprintf('cut %s "%.40s", the server is %s',
				$after ? 'after' : 'before', $statements[$at],
				$gone ? 'gone' : 'back');

			$token++;
			my @command = $make->();
			($code, $out) = cut($at, $after, $gone, $input, @command);
			my ($saved, $parked, $kept) = places();

			$runs++;
			push @faults, "$what: saved $saved times" if $saved > 1;
			push @faults, "$what: exit code 0, and nothing is saved"
			  if $code == 0 && $saved == 0;
			push @faults, "$what: exit code 0, and a draft or text is left"
			  if $code == 0 && $parked + $kept > 0;
			push @faults, "$what: a draft that is saved is there"
			  if $saved && $parked && $command[0] eq 'resolve';
			push @faults, "$what: exit code $code: $out" if $code > 3;
			next if $saved;

			# a call that was begun goes on
			my ($draft) = $out =~ /--draft=(\S+)$/m;
			if (defined $draft)
			{
				local $ENV{EDITOR} = 'true';
				my ($again, $said, $err) =
				  msgstore('edit', '--draft=' . $draft =~ tr/'//dr);

				push @faults, "$what: edit --draft=$draft: $said$err"
				  if $again != 0;
				push @faults, "$what: not found again"
				  if (places())[0] != 1;
			}
			elsif ($parked + $kept > 0 && $command[0] ne 'resolve')
			{
				push @faults, "$what: the command does not say where: $out";
			}
			elsif ($parked == 0 && $command[0] eq 'resolve')
			{
				push @faults, "$what: the draft is gone";
			}
			query(q{SELECT msgstore.discard_parked(store_id, parked_id)
				FROM msgstore.parked});
			unlink glob("$folder/state/msgstore/*");
		}
	}
	note("$name: " . scalar(@statements) . " statements, $runs runs");
	is(join("\n", @faults), '', "$name: no fault loses the text");
	return;
}

# before or after the statement; the server comes back, or is gone
my @all = ([ 0, 0 ], [ 1, 0 ], [ 0, 1 ], [ 1, 1 ]);
my @after = ([ 1, 0 ], [ 1, 1 ]);
cut_everywhere('edit', '', \@all, sub { return ('edit', message(0)) });
cut_everywhere('new', '', \@after, sub { return ('new', "PR_SUBJECT=$token") });
cut_everywhere('set', '', \@after,
	sub { return ('set', message(0), "PR_SUBJECT=$token") });
cut_everywhere('resolve', "o\n", \@after,
	sub { return ('resolve', message(1)) });

# --------------------------------------------------------- a server that is killed

$token++;
my $id = message(1);
my $terminal = on_terminal(80, 'resolve', $id);
wait_for($terminal, qr/ q or \? $/);
$node->stop('immediate');
type($terminal, "o\n");
my ($code, $out) = finish($terminal);
is($code, 1, 'the server is killed at the menu: exit code 1');
like($out, qr/stays parked/, 'the server is killed at the menu: says so');
$node->start;
is(join(',', places()), '0,1,0', 'the server is back: the draft is there');
is((msgstore('resolve', '--choice=OVERWRITE', $id))[0],
	0, 'the server is back: the draft is saved');

# ------------------------------------------------------------------- a full disk

SKIP:
{
	skip 'no prlimit', 7 if system('command -v prlimit >/dev/null') != 0;

	# values that go to a table of their own, until its file is at the limit
	query(q{SELECT count(msgstore.save_new_message(1, msgstore.special_folder(1, 'Inbox'),
			jsonb_build_object('PR_COMMENT', (SELECT string_agg(md5(random()::text), '')
				FROM generate_series(1, 2500 + n % 2)))))
		FROM generate_series(1, 20) AS n});
	my ($pid) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my $body = join "\n", map { join '', map { chr 33 + int rand 90 } 1 .. 100 } 1 .. 900;
	my $text = write_file('body', $body);

	system_or_bail('prlimit', "--pid=$pid", '--fsize=1048576:');
	$token++;
	$id = message(0);
	write_file('editor', "#!/bin/sh\nsed -i 's/^Subject:.*/Subject: $token/' \"\$1\"\n"
		  . "cat '$text' >>\"\$1\"\n");
	{
		local $ENV{EDITOR} = $editor;

		$terminal = on_terminal(80, 'edit', $id);
		($code, $out) = finish($terminal);
	}
	is($code, 2, 'the disk is full: exit code 2');
	like($out, qr/could not save the message: .*could not extend file/s,
		'the disk is full: the error');
	my ($draft) = $out =~ /parked as draft (\d+)\..*--draft=\1$/s;
	ok(defined $draft, 'the disk is full: the draft') or diag($out);
	is(join(',', places()), '0,1,0', 'the disk is full: nothing is saved');

	system_or_bail('prlimit', "--pid=$pid", '--fsize=unlimited:');
	local $ENV{EDITOR} = 'true';
	($code, $out) = msgstore('edit', "--draft=$draft");
	is($code, 0, 'there is room again: edit --draft goes on');
	is(join(',', places()), '1,0,0', 'there is room again: the text is saved');
	like( query("SELECT msgstore.read_message(1, $id)->>'PR_BODY'"),
		qr/\A\Q$body\E\n*\z/, 'there is room again: all of it');
}

$node->stop;
done_testing();
