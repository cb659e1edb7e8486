# The rules of the model of conflicts: what a session sees, what a save answers and
# makes, what becomes of it when a transaction ends.  A part of the package
# ConflictModel.
#
package ConflictModel;

use strict;
use warnings;
use ModelSessions;

our (%messages, %drafts, %sessions, $seq, %rights, $json, @bodies, @scalars, %lists);
my %numbers;

# -------------------------------------------------------------------- contents

sub is_body { my ($name) = @_; return scalar grep { $_ eq $name } @bodies }

# Return the property that has a name of the model.
sub property { my ($name) = @_; return $lists{$name} // $name }

sub same { my ($x, $y) = @_; return $json->encode($x // undef) eq $json->encode($y // undef) }

# Return the values of a list by number.
sub by_number { my ($list) = @_; return { map { $_->[0] => $_->[1] } @{ $list // [] } } }

# Return a list with another value of a number: in its place, at the end if the number
# is new, or taken away with undef.
sub replaced
{
	my ($list, $number, $value) = @_;
	my @result = map { $_->[0] ne $number ? $_ : defined $value ? [ "$number", $value ] : () } @{ $list // [] };

	push @result, [ "$number", $value ] if defined $value && !grep { $_->[0] eq $number } @result;
	return \@result;
}

# Return a content with edits: values by name, undef deletes.  Recipients stand in the
# order of their numbers.
sub apply
{
	my ($content, $pend) = @_;
	my %result = (%$content, %$pend);

	delete @result{ grep { !defined $result{$_} } keys %result };
	# recipients are in the order of their numbers
	$result{rcp} = [ sort { "$a->[0]" <=> "$b->[0]" } @{ $result{rcp} } ] if $result{rcp};
	return \%result;
}

# Return edits with new values added: a body deletes the others.
sub edit
{
	my ($pend, $values) = @_;
	my $body = grep { defined $values->{$_} } @bodies;

	return { %$pend, ($body ? map { $_ => undef } @bodies : ()), %$values };
}

# -------------------------------------------------------------------- versions

# Return true if a session's role may use the store.
sub may { my ($s) = @_; return $rights{ $sessions{$s}{role} } }

# Return the newest version that a save of a session meets: its own or committed.
sub current
{
	my ($s, $m) = @_;
	my @chain = grep { !defined $_->{owner} || $_->{owner} == $s } @{ $messages{$m}{chain} };

	return $chain[-1];
}

# Return the version that a session reads, by the snapshot of its transaction.
sub visible
{
	my ($s, $m) = @_;
	my $snap = $sessions{$s}{snap};

	return current($s, $m) if !defined $snap;
	my @chain = grep { defined $_->{owner} ? $_->{owner} == $s : $_->{seq} <= $snap } @{ $messages{$m}{chain} };
	return $chain[-1];
}

# Return true if a session's transaction may not write over the current version,
# which its snapshot does not see.
sub unseen
{
	my ($s, $m) = @_;
	my $snap = $sessions{$s}{snap};
	my $current = current($s, $m);

	return defined $snap && !defined $current->{owner} && $current->{seq} > $snap;
}

# Return 1 if another session holds the message, 0 if none does, 0.5 if one may.
sub held
{
	my ($s, $m) = @_;
	my $message = $messages{$m};
	my $held = 0;

	return 1 if grep { defined $_->{owner} && $_->{owner} != $s } @{ $message->{chain} };
	for my $lock (grep { !$_->{id} && $_->{owner} != $s } @{ $message->{locks} })
	{
		$held = $lock->{sure} if $lock->{sure} > $held;
	}
	return $held;
}

# Return 1 if another session holds the id of a message: one that saves a new message
# from a draft holds the id from the start.
sub held_id
{
	my ($s, $m) = @_;

	return scalar grep { $_->{id} && $_->{owner} != $s } @{ $messages{$m}{locks} };
}

# Remember that a session holds a message, or its id, until its transaction ends.
sub lock_message
{
	my ($s, $m, $sure, $id) = @_;

	push @{ $messages{$m}{locks} }, { owner => $s, level => scalar @{ $sessions{$s}{stack} }, sure => $sure, id => $id }
	  if @{ $sessions{$s}{stack} };
	return;
}

# Return the version of a number; nothing where a change that leads to it is pruned.
sub version_at
{
	my ($s, $m, $cn) = @_;

	for my $version (reverse grep { !defined $_->{owner} || $_->{owner} == $s } @{ $messages{$m}{chain} })
	{
		return $version if $version->{cn} == $cn;
		return if $version->{pruned};
	}
	return;
}

# Return the changes that a session sees after a version, newest first.
sub changes_since
{
	my ($s, $m, $cn) = @_;
	my @changes;

	for my $version (reverse grep { !defined $_->{owner} || $_->{owner} == $s } @{ $messages{$m}{chain} })
	{
		last if $version->{cn} == $cn;
		push @changes, $version;
	}
	return @changes;
}

# Return the version that a request of the session's role has made; of any message, as
# its first version, without a message.
sub requested
{
	my ($s, $m, $request) = @_;

	return if !defined $request;
	my ($version) = grep { ($_->{request} // '') eq $request && !$_->{pruned}
		  && (!defined $_->{owner} || $_->{owner} == $s)
		  && $sessions{ $_->{session} }{role} eq $sessions{$s}{role}
		  && (defined $m || $_->{kind} eq 'create') }
	  map { @{ $_->{chain} // [] } } defined $m ? $messages{$m} : values %messages;
	return $version;
}

# Add a version to a message, as one of the transaction that is open.
sub append
{
	my ($s, $m, $version) = @_;
	my $depth = @{ $sessions{$s}{stack} };

	die "number $version->{cn} was there before" if $numbers{ $version->{cn} }++;
	$version->{session} = $s;
	if ($depth) { @$version{qw(owner level)} = ($s, $depth) }
	else { $version->{seq} = ++$seq }
	push @{ $messages{$m}{chain} }, $version;
	return $version;
}

# Add a version after the current one: equal to it but for what is given.
sub change
{
	my ($s, $m, $cn, %with) = @_;
	my $current = current($s, $m);
	my %version = (base => $current->{cn}, content => $current->{content}, folder => $current->{folder},
		del => $current->{del}, touched => {}, may => {}, pruned => 0, %with, cn => $cn, prev => $current->{cn});

	return append($s, $m, \%version);
}

# Return the names that a change must have, and those that it may have, when edits
# have made one content of another.
sub touches
{
	my ($from, $to, $pend) = @_;
	my (%touched, %may);

	for my $name (@scalars, keys %lists)
	{
		my $new = $pend->{$name};
		$touched{$name} = 1 if !same($from->{$name}, $to->{$name}) || (ref $new ? @$new : defined $new);
		# deleting what is not there is an edit
		$touched{$name} = 1 if exists $pend->{$name} && !is_body($name) && !$lists{$name};
		$may{$name} = 1 if exists $pend->{$name};
	}
	return (touched => \%touched, may => \%may);
}

# ----------------------------------------------------------------------- saves

# Return 1 if a save waits, 0 if it does not, 0.5 if it may.  A save: m, base, pend,
# mode (plain, force, seen, merge, version), seen, version, and idlock, if it is the
# first save of a draft of a new message.
sub waits
{
	my ($s, $save) = @_;
	my $m = $save->{m};
	my $current = current($s, $m);

	return 1 if $save->{idlock} && held_id($s, $m);
	return 0 if $save->{mode} eq 'plain' && requested($s, $m, $save->{request});
	return 0 if !$current || ($current->{del} // '') eq 'hard' || !may($s);
	my $held = held($s, $m);
	if ($save->{mode} =~ /^(plain|version)$/)
	{
		return 0 if $current->{del} || $current->{cn} != $save->{base};
		return 0 if $save->{mode} eq 'version' && !version_at($s, $m, $save->{version});
		return $held;
	}
	return $held < 0.5 || $current->{del} ? $held / 2 : $held;
}

# Return true if the model cannot know whether a merge is refused: others have deleted
# a body that was not there, which may count as a change of the bodies or not.
sub uncertain
{
	my ($save) = @_;
	my @changes;

	return 0 if $save->{mode} ne 'merge' || !grep { exists $save->{pend}{$_} } @bodies;
	for (reverse @{ $messages{ $save->{m} }{chain} // [] })
	{
		last if $_->{cn} == $save->{base};
		push @changes, $_;
	}
	return !(grep { my $c = $_; grep { $c->{touched}{$_} } @bodies } @changes)
	  && grep { my $c = $_; grep { $c->{may}{$_} } @bodies } @changes;
}

# Merge texts whose lines of one place are alike or differ, and of two places differ.
# Returns nothing where one is missing, or where both sides have changed one line.
sub lines_merged
{
	my @texts = @_;
	my @result;

	return if grep { !defined } @texts;
	my ($was, $theirs, $yours) = map { [ split /^/, $_ ] } @texts;
	for my $i (0 .. $#$was)
	{
		return if $was->[$i] ne $theirs->[$i] && $was->[$i] ne $yours->[$i] && $theirs->[$i] ne $yours->[$i];
		push @result, $was->[$i] eq $theirs->[$i] ? $yours->[$i] : $theirs->[$i];
	}
	return join '', @result;
}

# Merge pending edits with the changes since their base, by the rule of merging at the
# top of src/engine/merge.c.  Returns the edits of the current version; nothing where both
# sides have changed the same unit.
sub merged
{
	my ($s, $m, $base, $current, $pend, $by_lines) = @_;
	my ($was, $now) = ($base->{content}, $current->{content});
	my %touched = map { %{ $_->{touched} } } changes_since($s, $m, $base->{cn});
	my %result = %$pend;

	my $yours = apply($was, $pend);
	my $after = apply($now, $pend);

	for my $name (grep { !$lists{$_} } keys %$pend)
	{
		my @unit = is_body($name) ? @bodies : ($name);

		next if !(grep { $touched{$_} } @unit) || !grep { !same($now->{$_}, $after->{$_}) } @unit;
		return if !$by_lines || grep { $name eq $_ } qw(PR_SUBJECT PR_IMPORTANCE);
		# a body is merged where both sides have it in one form
		my ($form, @others) = is_body($name) ? grep { defined $now->{$_} || defined $yours->{$_} } @bodies : $name;
		return if @others || !defined $form;
		$result{$form} = lines_merged($was->{$form}, $now->{$form}, $yours->{$form}) // return;
	}
	for my $name (grep { exists $pend->{$_} } keys %lists)
	{
		my ($old, $theirs, $yours) = map { by_number($_->{$name}) } $was, $now, $pend;
		my $list = $now->{$name} // [];
		my ($next) = sort { $b <=> $a } -1, keys %$theirs, keys %$yours;

		for my $number (sort { $a <=> $b } keys %{ { %$old, %$theirs, %$yours } })
		{
			next if same($old->{$number}, $yours->{$number}) || same($theirs->{$number}, $yours->{$number});
			return if defined $old->{$number} && !same($old->{$number}, $theirs->{$number});
			# rows that both added stand side by side
			my $to = !defined $old->{$number} && defined $theirs->{$number} ? ++$next : $number;
			$list = replaced($list, $to, $yours->{$number});
		}
		$result{$name} = @$list || defined $pend->{$name} ? $list : undef;
	}
	return \%result;
}

# Return the answer to a save, and what the save does: the number that the client then
# stands on, where nothing is written, or the values of the version to be made.
sub decide
{
	my ($s, $save) = @_;
	my ($m, $mode) = @$save{qw(m mode)};
	my $current = current($s, $m);

	return ('MAPI_E_OBJECT_DELETED') if !$current || $current->{del};
	return ('MAPI_E_NO_ACCESS') if !may($s);
	return ('MAPI_E_OBJECT_CHANGED')
	  if $mode =~ /^(plain|version)$/ && $current->{cn} != $save->{base}
	  || $mode eq 'seen' && $current->{cn} != $save->{seen};
	my $base = version_at($s, $m, $mode eq 'version' ? $save->{version} : $save->{base});
	return ('MAPI_E_UNABLE_TO_COMPLETE') if !$base;
	my $pend = $save->{pend};
	my $kind = $current->{cn} == $save->{base} ? 'save' : $mode eq 'merge' ? 'merge' : 'force';
	my $content;

	if ($mode eq 'version')
	{
		$content = $base->{content};
		return ('S_OK', $current->{cn}) if same($content, $current->{content});
	}
	elsif ($mode eq 'merge')
	{
		$pend = merged($s, $m, $base, $current, $pend, $save->{by_lines}) // return ('MAPI_E_OBJECT_CHANGED');
		$content = apply($current->{content}, $pend);
	}
	else { $content = apply($base->{content}, $pend) }
	return ('S_OK', $current->{cn}) if $mode ne 'version' && !%$pend;
	return ('40001') if unseen($s, $m);
	return ('S_OK', { kind => $kind, content => $content, base => $save->{base},
		touches($current->{content}, $content, $pend) });
}

# Take over a save that was answered S_OK.  Returns the number that the client then
# stands on.
sub store
{
	my ($s, $save, $what, $cn) = @_;

	if (ref $what) { change($s, $save->{m}, $cn, %$what) }
	else { lock_message($s, $save->{m}, 1) }
	return ref $what ? $cn : $what;
}

# Take over a save that was refused: it may hold the message, which it had locked.
sub refused
{
	my ($s, $m, $mode) = @_;

	lock_message($s, $m, 0.5) if $mode !~ /^(plain|version)$/ || $sessions{$s}{waited};
	return;
}

# Take over the first save of a new message.
sub create
{
	my ($s, $m, $cn, $folder, $content, %with) = @_;

	append($s, $m, { cn => $cn, content => $content, folder => $folder, kind => 'create', prev => '', base => '',
			touched => {}, may => {}, pruned => 0, m => $m, %with });
	return;
}

# Ask the server for the newest number of a message.
sub number_of
{
	my ($s, $m) = @_;

	return ask($s, "SELECT h.change_number FROM history(1, $m) h ORDER BY changed_at DESC LIMIT 1", 1);
}

# --------------------------------------------------------------------- handles

# Return the version that a handle stands on; nothing where it is pruned.
sub base_of
{
	my ($s, $h) = @_;

	return { content => { PR_IMPORTANCE => '1' } } if $h->{new};
	my $base = version_at($s, $h->{m}, $h->{base});
	# a draft can stand on the deletion
	return $base && ($base->{del} // '') eq 'hard' ? { %$base, content => {} } : $base;
}

# Return what a handle shows; nothing where its base is pruned.
sub shown_by
{
	my ($s, $h) = @_;
	my $base = base_of($s, $h) // return;

	return apply($base->{content}, $h->{pend});
}

# Return a save of a handle or a draft.
sub save_of
{
	my ($h, $mode, %with) = @_;

	return { m => $h->{m}, base => $h->{new} ? 0 : $h->{base}, pend => $h->{pend}, mode => $mode,
		idlock => $h->{new} && $h->{draft}, %with };
}

# ---------------------------------------------------------------------- drafts

# Return what a session sees at the place of a draft.
sub draft_now
{
	my ($s, $id) = @_;
	my @chain = grep { !defined $_->{owner} || $_->{owner} == $s } @{ $drafts{$id} // [] };

	return $chain[-1];
}

# Return true if a call that touches the draft would wait for another session.
sub draft_held
{
	my ($s, $id) = @_;

	return 1 if grep { $_ != $s && ($sessions{$_}{waiting} // {})->{draft} } keys %sessions;
	return scalar grep { defined $_->{owner} && $_->{owner} != $s } @{ $drafts{$id} // [] };
}

# Put something at the place of a draft.
sub put_draft
{
	my ($s, $id, %what) = @_;
	my $depth = @{ $sessions{$s}{stack} };

	push @{ $drafts{$id} }, { %what, $depth ? (owner => $s, level => $depth) : (seq => ++$seq) };
	return;
}

# Return true if a draft still is what the handle was resumed from or parked as.
sub discards
{
	my ($s, $id, $at) = @_;
	my $now = draft_now($s, $id);

	return $now && !$now->{gone} && $now->{at} == $at;
}

# Take over that a handle was saved: nothing is pending, its draft is discarded.
sub settle
{
	my ($s, $h, $base) = @_;

	put_draft($s, $h->{draft}, gone => 1) if $h->{draft} && discards($s, $h->{draft}, $h->{at});
	@$h{qw(base pend draft at new)} = ($base, {}, 0, 0, 0);
	return;
}

# ---------------------------------------------------------------- transactions

# End the innermost level of a session's transaction: what was done there is gone, or
# belongs to the level around it, which may be everybody.
sub end_level
{
	my ($s, $keep) = @_;
	my $depth = @{ $sessions{$s}{stack} };
	my $at = $seq + 1;
	my $after = sub {
		my ($list) = @_;

		@$list = grep { !defined $_->{owner} || $_->{owner} != $s || $_->{level} < $depth } @$list if !$keep;
		for (grep { defined $_->{owner} && $_->{owner} == $s } $keep ? @$list : ())
		{
			$_->{level} = $depth - 1 if $_->{level} == $depth;
			next if $depth > 1;
			delete @$_{qw(owner level)};
			$_->{seq} = $seq = $at;
		}
	};

	for my $message (values %messages)
	{
		$after->($message->{chain} //= []);
		$after->($message->{locks} //= []);
		@{ $message->{locks} } = grep { defined $_->{owner} } @{ $message->{locks} };
	}
	$after->($_) for values %drafts;
	return;
}

# End the innermost level with all that follows it: handles, and the snapshot.
sub end_transaction
{
	my ($s, $commit) = @_;
	my $session = $sessions{$s};

	end_level($s, $commit);
	my $handles = pop @{ $session->{stack} };
	$session->{handles} = $handles if !$commit;
	@$session{qw(snap serializable released)} = (undef, 0, 0) if !@{ $session->{stack} };
	return;
}

# Roll back after an error: to the last savepoint, else the whole transaction.
sub recover
{
	my ($s) = @_;
	my $session = $sessions{$s};
	my $depth = @{ $session->{stack} };

	if ($depth > 1)
	{
		ask($s, 'ROLLBACK TO s' . ($depth - 1));
		end_level($s, 0);
		$session->{handles} = { map { $_ => { %{ $session->{stack}[-1]{$_} } } } keys %{ $session->{stack}[-1] } };
	}
	elsif ($depth)
	{
		ask($s, 'ROLLBACK');
		end_transaction($s, 0);
	}
	return;
}


1;
