# Against a server that answers nonsense, every subcommand and every call of libmsgstore
# ends with an error or an exit code, and prints no control characters.  (Fault F10.)
use strict;
use warnings;
use Encode qw(decode);
use FindBin;
use IPC::Run qw(run timeout);
use POSIX ();
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use NonsenseServer;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = client_node('nonsense');
$node->append_conf('postgresql.conf', "log_statement = none\n");
$node->reload;
my $real = $node->host . '/.s.PGSQL.' . $node->port;
my $samples = "$FindBin::RealBin/../../client/samples";
my $tour = "$FindBin::RealBin/../../client/examples/tour";
my $sockets = PostgreSQL::Test::Utils::tempdir_short();
my %faults;
my %queried;

# Return the first thing in an output that a terminal would act on, or that is no text;
# undef if there is none.
sub harm
{
	my ($bytes) = @_;
	my $text = eval { decode('UTF-8', $bytes, Encode::FB_CROAK) };

	return 'not UTF-8' if !defined $text;
	return sprintf 'U+%04X', ord $1
	  if $text =~ /((?![\n\x{200c}\x{200d}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}])/;
	return 'a forged line' if $text =~ /^msgstore: forged/m;
	return undef;
}

# Run a command against a server that changes one answer in a way; returns the queries
# that it sent, and counts what must not be.
sub against
{
	my ($kind, $target, $input, $codes, @command) = @_;
	my ($out, $err) = ('', '');
	my $what = "@command[0 .. 1], answer $target, $kind";
	my $ended;

	# from a file: a command that ends without reading would break a pipe
	write_file('input', $input);
	nonsense_start($sockets, 1, $real, $kind, $target);
	{
		local $ENV{PGHOST} = $sockets;
		local $ENV{PGPORT} = 1;
		local $ENV{PGGSSENCMODE} = 'disable';
		local $ENV{MSGSTORE_TEST} = $what;

		$ended = eval {
			run(\@command, '<', "$dir/input", '>', \$out, '2>', \$err,
				timeout($PostgreSQL::Test::Utils::timeout_default));
			1;
		};
	}
	my $status = $?;
	my @queries = nonsense_end();

	if (!$ended)
	{
		$faults{"$what: no end"}++;
	}
	elsif ($status & 127)
	{
		$faults{ "$what: signal " . ($status & 127) }++;
	}
	elsif (!grep { $_ == $status >> 8 } @$codes)
	{
		$faults{ "$what: exit code " . ($status >> 8) . ": $err" }++;
	}
	# the example prints what it gets
	foreach my $text ($command[0] eq 'msgstore' ? $err : '',
		$command[0] eq 'msgstore' && $command[-1] ne '-' ? $out : '')
	{
		my $harm = harm($text);

		$faults{"$what: printed $harm"}++ if defined $harm;
	}
	return @queries;
}

# Run a command once as it is, then with the answer to each of its queries changed in
# some of the ways, which differ from query to query and from one call of this function
# to the next.  "before" is a query that runs before every run.
my $offset = 0;
sub attack
{
	my ($name, $before, $input, $codes, @command) = @_;
	my @kinds = nonsense_kinds();
	my $runs = 0;

	%faults = ();
	query($before) if $before ne '';
	my @queries = against('as it is', -1, $input, [ 0, 1 ], @command);
	cmp_ok(scalar @queries, '>', 3, "$name: the server is asked") or return;
	is_deeply(\%faults, {}, "$name: the answers as they are");

	my %seen;
	my $step = 4;
	$offset++;
	foreach my $target (0 .. $#queries)
	{
		next if $seen{ $queries[$target] }++;
		for (my $i = ($target + $offset) % $step; $i < @kinds; $i += $step)
		{
			query($before) if $before ne '';
			against($kinds[$i], $target, $input, $codes, @command);
			$runs++;
		}
	}
	note("$name: " . keys(%seen) . " queries, $runs runs");
	$queried{$_} = 1 foreach keys %seen;
	is(join("\n", sort keys %faults), '', "$name: no crash, no control character");
	return;
}

my $folder = PostgreSQL::Test::Utils::tempdir();
my @import = ('msgstore', 'import', '--store=nonsense');

# a value that is read in pieces
write_file('large.eml',
	"Subject: large\n\n" . ("a line of text\n" x 80000));
foreach my $file ("$samples/10-attachment.eml", "$dir/large.eml")
{
	is((msgstore('import', '--store=full', $file))[0], 0, 'there is mail');
}

my @any = (0 .. 3);
attack('import', '', '', \@any, @import, '--skip-known',
	"$samples/02-plain.eml", "$samples/05-shift-jis.eml");
attack('import of a large mail', '', '', \@any, @import, "$dir/large.eml");
attack('export', '', '', \@any, 'msgstore', 'export', '--store=full',
	$folder);
attack('export of one message', '', '', \@any, 'msgstore', 'export',
	'--store=full', '--message=1', '--folder=Inbox', '-');

# a draft that is in conflict, made anew if it is settled
$node->safe_psql('postgres', q{
	SET search_path = msgstore;
	CREATE TABLE public.place AS SELECT s, i.message_id AS m
	FROM (SELECT create_store('drafts') AS s) AS s,
		 LATERAL save_new_message(s, special_folder(s, 'Inbox'),
			'{"PR_SUBJECT": "old", "PR_BODY": "one\ntwo",
			  "PR_MESSAGE_RECIPIENTS": [{"PR_EMAIL_ADDRESS": "a@example.org",
			  "PR_RECIPIENT_TYPE": 1}]}') AS i;
	CREATE FUNCTION public.draft() RETURNS void LANGUAGE plpgsql AS $$
	DECLARE
		p record; n bigint;
	BEGIN
		SELECT * INTO p FROM public.place;
		IF EXISTS (SELECT FROM msgstore.parked WHERE store_id = p.s) THEN
			RETURN;
		END IF;
		n := (msgstore.read_message(p.s, p.m) ->> 'PidTagChangeNumber')::bigint;
		PERFORM msgstore.save_message(p.s, p.m, n, '{"PR_BODY": "one\nthree",
			"PR_IMPORTANCE": 2}');
		PERFORM msgstore.park_message(p.s, p.m, n, '{"PR_BODY": "two",
			"PR_SUBJECT": "new"}');
	END $$});
my @resolve = ('msgstore', 'resolve', '--store=drafts');
my $draft = 'SELECT public.draft()';

attack('resolve, shown', $draft, "w\nq\n", \@any, @resolve);
attack('resolve, overwritten', $draft, "o\nq\n", \@any, @resolve);
attack('resolve, saved elsewhere', $draft, '', \@any, @resolve,
	'--choice=SAVE_ELSEWHERE', '--folder=Other');

# every call, as 024_libmsgstore.pl shows
attack('libmsgstore', '', '', [ 0 .. 2 ], $tour, "application_name=tour",
	'tour');

# nothing that the library asks was left out
my $asked = join "\n", keys %queried;
foreach my $source (glob "$FindBin::RealBin/../../client/lib/*.c")
{
	foreach my $name (slurp_file($source) =~ /SELECT msgstore\.(\w+)/g)
	{
		like($asked, qr/\bmsgstore\.$name\b/, "$name() was attacked");
	}
}

done_testing();
