# A walk at random through everything that several sessions can do to messages, with
# a model of what each call has to answer.
#
# Three sessions of two roles work on a few messages, in transactions that overlap
# and wait for each other.  The interface is four functions: begin_model() connects
# them and makes the messages, step() has one of them do something and dies if the
# answer is not the model's, check_model() compares every handle, version and line of
# the history with the model, and end_model() ends what is open.
#
# The model is one package in five files, which share the state below:
#
#	ConflictModel.pm	sessions, steps, and who waits for whom
#	Rules.pm			versions, locks, saves, drafts, transactions
#	Calls.pm			the calls, at random, and the answer to each
#	MoreCalls.pm		drafts without a handle, many saves, copies, requests
#	Checks.pm			everything that can be looked at, beside what it has to be
#
package ConflictModel;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use ModelSessions;

our @EXPORT = qw(begin_model step check_model end_model);

# ---------------------------------------------------------------------- state

# A message is a chain of versions, oldest first.  Versions of a transaction that is
# open stand at the end, with its session as "owner" and its depth as "level".  Only
# one session can have such versions, or lock the message.  A version has: cn,
# content, folder, del (soft, hard), kind, prev, base, session (who made it), touched
# and may (names that its change must have and may have), seq (when it was
# committed), owner, level, pruned (its change), request.  A content has values by name; rcp
# and att are lists of pairs, number and value, whose order counts.  An empty list is
# another content than no list.  Contents are never changed in place.
# A draft is a chain too, of what was parked there; "gone" where it was discarded.
# The lock of a request is that of a message without versions, of a number below 0.
our (%messages, %drafts, %sessions, %folders, @tokens, %calls);
our $seq = 0;
our %rights = (alice => 1, bob => 1);
my $admin;
my $extras = 0;

our $json = JSON::PP->new->canonical->allow_nonref;
our @bodies = qw(PR_BODY PR_HTML);
# of several lines
our @texts = qw(PR_BODY PR_COMMENT);
our @scalars = (@bodies, qw(PR_SUBJECT PR_COMMENT PR_IMPORTANCE), 'PS_PUBLIC_STRINGS:ticket');
our %lists = (rcp => 'PR_MESSAGE_RECIPIENTS', att => 'PR_MESSAGE_ATTACHMENTS');

require ConflictModel::Rules;
require ConflictModel::Calls;
require ConflictModel::MoreCalls;
require ConflictModel::Checks;

# ------------------------------------------------------------------- sessions

my $set_up = <<'END';
CREATE EXTENSION msgstore;
CREATE ROLE staff;
CREATE ROLE alice LOGIN IN ROLE staff;
CREATE ROLE bob LOGIN IN ROLE staff;
SET search_path = msgstore, public;
SELECT create_store('conflicts', 'staff');
CREATE FUNCTION public.attach(h integer, name text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		a integer := msgstore.create_attachment(h);
		n text := msgstore.get_props(a)->>'PR_ATTACH_NUM';
	BEGIN
		PERFORM msgstore.set_props(a, jsonb_build_object('PR_ATTACH_LONG_FILENAME', name)),
			msgstore.save_changes(a), msgstore.close_object(a);
		RETURN n;
	END $$;
CREATE FUNCTION public.rename(h integer, n integer, name text) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		a integer := msgstore.open_attachment(h, n, 'MAPI_MODIFY');
	BEGIN
		PERFORM msgstore.set_props(a, jsonb_build_object('PR_ATTACH_LONG_FILENAME', name));
		RETURN msgstore.save_changes(a)::text || coalesce(msgstore.close_object(a)::text, '');
	END $$;
END

# Make the store in the database of a node, connect the sessions, save four messages.
sub begin_model
{
	my ($node) = @_;
	my $connstr = $node->connstr('postgres');

	$node->safe_psql('postgres', $set_up);
	$admin = connect_session($connstr);
	for my $role (qw(alice alice bob))
	{
		my $s = connect_session("$connstr user=$role");

		$sessions{$s} = { role => $role, actor => $s == 2 ? 'ann' : '', stack => [], handles => {}, serializable => 0 };
		$sessions{$s}{changed_by} = $sessions{$s}{actor} || $role;
		$sessions{$s}{pid} = ask($s, "SELECT pg_backend_pid()");
		ask($s, "SET msgstore.actor = '$sessions{$s}{actor}'; SET application_name = 's$s'");
	}
	for my $special ('Inbox', 'Drafts')
	{
		$folders{ ask($admin, "SELECT special_folder(1, '$special')") } = $special;
	}
	for (1 .. 4)
	{
		my ($m, $cn) = split /\|/, ask(1, "SELECT message_id, change_number FROM save_new_message(1, special_folder(1, 'Inbox'), '{\"PR_SUBJECT\": \"1\"}')");

		create(1, $m, $cn, (grep { $folders{$_} eq 'Inbox' } keys %folders)[0], { PR_SUBJECT => '1', PR_IMPORTANCE => '1' });
	}
	return;
}

# Commit whatever is open, and check the history once more.
sub end_model
{
	while (my ($s) = grep { !$sessions{$_}{waiting} && @{ $sessions{$_}{stack} } } sort keys %sessions)
	{
		ask($s, 'COMMIT');
		end_transaction($s, 1) while @{ $sessions{$s}{stack} };
		go_on();
	}
	check_histories($admin);
	return;
}

# Check all that can be looked at now; a serializable transaction is left alone, as
# every look could make it fail.
sub check_model
{
	check_histories($admin);
	check_handles($_) for grep { !$sessions{$_}{waiting} && !$sessions{$_}{serializable} } sort keys %sessions;
	return;
}

# --------------------------------------------------------------------- calls

# Compare the answer to a call with the model's, and take over what it does.
sub finish
{
	my ($s, $call) = @_;
	my ($state, $out) = answer($s);
	my $session = $sessions{$s};

	$session->{waited} = $call->{waited} // 0;
	$session->{waiting} = undef;
	if ($state =~ /^40001/ && $session->{serializable})
	{
		# PostgreSQL may refuse anything there; a refused COMMIT ends the transaction
		if ($call->{ends} && @{ $session->{stack} } == 1) { end_transaction($s, 0) }
		else { recover($s) }
		return;
	}
	my ($expected, $text, $effect) = $call->{expect}->();
	$expected eq $state or die "$call->{sql}\nanswered $state ($out), not $expected\n";
	return recover($s) if $state ne '00000';
	die "$call->{sql}\nanswered $out, not $text\n" if defined $text && $text ne $out;
	$effect->($out) if $effect;
	return;
}

# Return 1 as soon as a session waits for a lock, 0 as soon as it has its answer.
sub waits_now
{
	my ($s) = @_;

	while (!has_answered($s))
	{
		return 1 if ask($admin, "SELECT count(*) FROM pg_locks WHERE pid = $sessions{$s}{pid} AND NOT granted AND locktype IN ('transactionid', 'tuple', 'object')", 1) > 0;
	}
	return 0;
}

# Make a call.  Returns false if it was not made: only one call waits at a time, so
# that no session waits for one that waits.
sub run
{
	my ($s, $call) = @_;
	my $waits = $call->{waits} // 0;

	return 0 if $waits && grep { $_->{waiting} } values %sessions;
	send_query($s, $call->{sql});
	my $waiting = waits_now($s);
	die "$call->{sql}\nwaits\n" if $waiting && !$waits;
	die "$call->{sql}\ndoes not wait\n" if !$waiting && $waits == 1;
	if ($waiting)
	{
		$sessions{$s}{waiting} = $call;
		$call->{waited} = 1;
	}
	else
	{
		finish($s, $call);
		go_on();
	}
	return 1;
}

# Finish the calls that wait for a lock that no session holds any more.
sub go_on
{
	for my $s (grep { $sessions{$_}{waiting} } sort keys %sessions)
	{
		my $call = $sessions{$s}{waiting};
		my ($held) = sort { $b <=> $a } map { held($s, $_), held_id($s, $_) } @{ $call->{locks} };

		# a lock of a released savepoint is held to the end of the transaction
		my $released = grep { $_->{released} } values %sessions;

		if ($held == 0 && !$released) { finish($s, $call) }
		elsif ($held == 1) { die "$call->{sql}\nwaits no more\n" if !waits_now($s) }
		else { finish($s, $call) if !waits_now($s) }
	}
	return;
}

# ------------------------------------------------------------- administration

# Take a right away or give it back, prune, delete a folder, or change the node.
sub administer
{
	my $quiet = !grep { @{ $_->{stack} } || $_->{waiting} } values %sessions;
	my $what = pick(qw(rights rights prune prune folder node));

	if ($what eq 'rights')
	{
		# without the right, bob could not see what a waiting call has parked
		return if grep { (($_->{waiting} // {})->{sql} // '') =~ /PARK/ } values %sessions;
		$rights{bob} = $rights{bob} ? 0 : 1;
		ask($admin, $rights{bob} ? 'GRANT staff TO bob' : 'REVOKE staff FROM bob');
		return;
	}
	return if !$quiet;
	if ($what eq 'node')
	{
		ask($admin, 'SELECT set_node_number(' . pick(0, 0, 1, 7, 1023) . ')');
	}
	elsif ($what eq 'folder')
	{
		my %used = map { $_->{folder} => 1 } grep { $_ && ($_->{del} // '') ne 'hard' } map { $_->{chain}[-1] } values %messages;
		my ($gone) = grep { $folders{$_} eq 'extra' && !$used{$_} } sort { $a <=> $b } keys %folders;

		if (defined $gone)
		{
			ask($admin, "DELETE FROM folder WHERE store_id = 1 AND folder_id = $gone");
			$folders{$gone} = '';
		}
		my $new = ask($admin, "SELECT create_folder(1, NULL, 'extra " . ++$extras . "')");
		$folders{$new} = 'extra';
	}
	else { prune() }
	return;
}

# Prune to a few changes per message.  The changes that lead to a draft's base stay, if the
# role of the draft may edit.
sub prune
{
	my $keep = 1 + int rand 6;

	ask($admin, "UPDATE change SET changed_at = changed_at - interval '2 days'; UPDATE message SET modified_at = modified_at - interval '2 days';
		SELECT set_retention(1, NULL, $keep)");
	ask($admin, 'CALL prune_history(1, ' . (1 + int rand 4) . ')');
	for my $m (keys %messages)
	{
		my @chain = @{ $messages{$m}{chain} };
		my @parked = map { $_->[-1] ? $_->[-1] : () } values %drafts;
		my %bases = map { ($_->{handle}{base} // 0) => 1 } grep { !$_->{gone} && $rights{ $_->{role} } && $_->{handle}{m} == $m && !$_->{handle}{new} } @parked;
		my $kept = $keep;

		for my $rank (1 .. @chain)
		{
			my $version = $chain[-$rank];

			$kept = $rank if !$version->{pruned} && $rank > $kept && ($bases{ $version->{cn} } || $bases{ $version->{prev} || -1 });
		}
		$chain[$_]{pruned} = 1 for 0 .. $#chain - $kept;
	}
	return;
}

# ----------------------------------------------------------------------- steps

# Have a session that does not wait make a call, and look at some of what it sees.
sub step
{
	return administer() if rand() < 0.03;
	my $s = pick(grep { !$sessions{$_}{waiting} } sort keys %sessions);
	my $call = some_call($s);

	return if !$call;
	return if eval {
		return 1 if !run($s, $call) || $sessions{$s}{waiting};
		check_handles($s);
		check_conflict($s) if rand() < 0.5;
		check_read($s) if rand() < 0.2;
		check_draft($s) if rand() < 0.2;
		return 1;
	};
	# PostgreSQL may refuse anything there
	die $@ if !$sessions{$s}{serializable} || $@ !~ /ERROR:  could not serialize/;
	ask($s, 'ROLLBACK');
	end_transaction($s, 0) while @{ $sessions{$s}{stack} };
	go_on();
	return;
}

1;
