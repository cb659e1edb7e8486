# Attacks on programs by a server that answers nonsense (NonsenseServer.pm): a program
# runs again and again, each time with another of its answers changed in another way.
#
package NonsenseAttack;

use strict;
use warnings;
use Encode qw(decode);
use Exporter 'import';
use IPC::Run qw(run timeout);
use MsgstoreClient;
use NonsenseServer;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(attack_node attack make_drafts $another_draft was_attacked);

my ($node, $real, $sockets, $before_runs);
my %faults;
my %queried;

# Start a server to attack from.
sub attack_node
{
	my ($name) = @_;

	$node = client_node($name);
	$node->append_conf('postgresql.conf', "log_statement = none\n");
	$node->reload;
	$real = $node->host . '/.s.PGSQL.' . $node->port;
	$sockets = PostgreSQL::Test::Utils::tempdir_short();
	$ENV{XDG_STATE_HOME} = PostgreSQL::Test::Utils::tempdir();
	$before_runs = plain_connect($real, $ENV{PGUSER} // scalar getpwuid($<), 'postgres');
	return $node;
}

# Make a message that drafts can be made of, in the store "drafts".  Returns its id.
sub make_drafts
{
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
	return query('SELECT m FROM public.place');
}

# Makes a draft that is in conflict, if there is none.
our $another_draft = 'SELECT public.draft()';

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
	unlink glob "$ENV{XDG_STATE_HOME}/msgstore/*";
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
# to the next: two ways for each query, or all of them with NONSENSE_ALL=1.  "before" is
# a query that runs before every run; "codes" are the exit codes that are allowed.
my $offset = 0;
sub attack
{
	my ($name, $before, $input, $codes, @command) = @_;
	my @kinds = nonsense_kinds();
	my $step = $ENV{NONSENSE_ALL} ? 1 : int((@kinds + 1) / 2);
	my $runs = 0;

	%faults = ();
	plain_query($before_runs, $before) if $before ne '';
	my @queries = against('as it is', -1, $input, [ 0, 1 ], @command);
	cmp_ok(scalar @queries, '>', 3, "$name: the server is asked") or return;
	is_deeply(\%faults, {}, "$name: the answers as they are");

	my %seen;
	$offset++;
	foreach my $target (0 .. $#queries)
	{
		next if $seen{ $queries[$target] }++;
		for (my $i = ($target + $offset) % $step; $i < @kinds; $i += $step)
		{
			plain_query($before_runs, $before) if $before ne '';
			against($kinds[$i], $target, $input, $codes, @command);
			$runs++;
		}
	}
	note("$name: " . keys(%seen) . " queries, $runs runs");
	$queried{$_} = 1 foreach keys %seen;
	is(join("\n", sort keys %faults), '', "$name: no crash, no control character");
	return;
}

# Return true if the answer of a function of the extension was attacked.
sub was_attacked
{
	my ($function) = @_;

	return scalar grep { /\bmsgstore\.$function\b/ } keys %queried;
}

1;
