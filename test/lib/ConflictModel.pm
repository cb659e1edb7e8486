# What the walk through conflicts (047_conflicts.pl) knows: messages, drafts and
# handles as they have to be by the rules, what a save has to answer, and what every
# handle, report, version and line of the history has to show.
#
package ConflictModel;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use ModelSessions;

our @EXPORT =
  qw(@bodies @scalars %lists %messages %drafts %sessions %folders @tokens
  $seq $admin %rights $json is_body property same current visible unseen
  held held_id lock_message version_at changes_since apply edit append
  change touches waits uncertain merged decide store refused create
  number_of base_of shown_by save_of draft_now draft_held put_draft discards
  settle digit quoted values_for patch_of some_message message_count
  some_number end_level end_transaction recover projected compare
  check_handles differing report check_report check_conflict check_read
  check_histories);

# ---------------------------------------------------------------------- model

# A message is a chain of versions, oldest first; what a transaction that is not
# over has done stands at the end, with its session as "owner" and its depth as
# "level".  Only one session can have such versions, or lock the message.  A
# version: cn, content, folder, del (soft, hard), kind, prev, base, session (who
# made it), touched and may (names its change must and may have), seq (when it was
# committed), owner, level, pruned (its change).  Contents are never changed in
# place: values by name, rcp and att hashes of values by number.
# A draft is a chain too: of what stood there, or that nothing does.
my %numbers;
our (%messages, %drafts, %sessions, %folders, @tokens);
our $seq = 0;
our $admin;
our %rights = (alice => 1, bob => 1);
our $json = JSON::PP->new->canonical->allow_nonref;

our @bodies = qw(PR_BODY PR_HTML);
our @scalars = (@bodies, qw(PR_SUBJECT PR_COMMENT PR_IMPORTANCE), 'PS_PUBLIC_STRINGS:ticket');
our %lists = (rcp => 'PR_MESSAGE_RECIPIENTS', att => 'PR_MESSAGE_ATTACHMENTS');
my @tags = (@scalars, values %lists);
my $tags = '{' . join(',', map { "\"$_\"" } sort @tags) . '}';

sub is_body { my ($name) = @_; return scalar grep { $_ eq $name } @bodies }
sub property { my ($name) = @_; return $lists{$name} // $name }
sub same { my ($x, $y) = @_; return $json->encode($x // undef) eq $json->encode($y // undef) }

# The last version a session sees, or would save over: its own or committed.
sub current
{
	my ($s, $m) = @_;
	my @chain = grep { !defined $_->{owner} || $_->{owner} == $s } @{ $messages{$m}{chain} };

	return $chain[-1];
}

# The same by the snapshot of its transaction.
sub visible
{
	my ($s, $m) = @_;
	my $snap = $sessions{$s}{snap};

	return current($s, $m) if !defined $snap;
	my @chain = grep { defined $_->{owner} ? $_->{owner} == $s : $_->{seq} <= $snap } @{ $messages{$m}{chain} };
	return $chain[-1];
}

# Whether its transaction may not write over the current version.
sub unseen
{
	my ($s, $m) = @_;
	my $snap = $sessions{$s}{snap};
	my $current = current($s, $m);

	return defined $snap && !defined $current->{owner} && $current->{seq} > $snap;
}

# Whether somebody else holds the message: 0, 1, or 0.5 where that is not certain.
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

# The same of its id, which who saves a new message from a draft holds.
sub held_id
{
	my ($s, $m) = @_;

	return scalar grep { $_->{id} && $_->{owner} != $s } @{ $messages{$m}{locks} };
}

sub lock_message
{
	my ($s, $m, $sure, $id) = @_;

	push @{ $messages{$m}{locks} }, { owner => $s, level => scalar @{ $sessions{$s}{stack} }, sure => $sure, id => $id }
	  if @{ $sessions{$s}{stack} };
	return;
}

# The version of a number, if it can be rebuilt from the current one.
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

# The changes made after a version, newest first.
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

sub apply
{
	my ($content, $pend) = @_;
	my %result = (%$content, %$pend);

	for (keys %result)
	{
		delete $result{$_}
		  if !defined $result{$_} || ($lists{$_} && !%{ $result{$_} });
	}
	return \%result;
}

# What a set of new values does as an edit: bodies exclude each other.
sub edit
{
	my ($pend, $values) = @_;
	my $body = grep { defined $values->{$_} } @bodies;

	return { %$pend, ($body ? map { $_ => undef } @bodies : ()), %$values };
}

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

# A new version after the current one.
sub change
{
	my ($s, $m, $cn, %with) = @_;
	my $current = current($s, $m);
	my %version = (base => $current->{cn}, content => $current->{content}, folder => $current->{folder},
		del => $current->{del}, touched => {}, may => {}, pruned => 0, %with, cn => $cn, prev => $current->{cn});

	return append($s, $m, \%version);
}

# What a change of content touches: what it must name, and what it may name.
sub touches
{
	my ($from, $to, $pend) = @_;
	my (%touched, %may);

	for my $name (@scalars, keys %lists)
	{
		my $new = $pend->{$name};
		$touched{$name} = 1 if !same($from->{$name}, $to->{$name}) || (ref $new ? %$new : defined $new);
		# deleting what is not there is an edit
		$touched{$name} = 1 if exists $pend->{$name} && !is_body($name) && !$lists{$name};
		$may{$name} = 1 if exists $pend->{$name};
	}
	return (touched => \%touched, may => \%may);
}

# ----------------------------------------------------------------------- saves

# Of a save: whether it waits (0, 0.5 perhaps, 1).
sub waits
{
	my ($s, $save) = @_;
	my $m = $save->{m};
	my $current = current($s, $m);

	return 1 if $save->{idlock} && held_id($s, $m);
	return 0 if !$current || ($current->{del} // '') eq 'hard';
	my $held = held($s, $m);
	if ($save->{mode} =~ /^(plain|version)$/)
	{
		return 0 if $current->{del} || !$rights{ $sessions{$s}{role} } || $current->{cn} != $save->{base};
		return 0 if $save->{mode} eq 'version' && !version_at($s, $m, $save->{version});
		return $held;
	}
	return $held < 0.5 || $current->{del} || !$rights{ $sessions{$s}{role} } ? $held / 2 : $held;
}

# Whether a merge may be refused for a body that others have deleted where it was
# not, with which they may or may not have touched it.
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

# What a merge makes of the pending edits, undef where it is refused.
sub merged
{
	my ($s, $m, $base, $current, $pend) = @_;
	my ($was, $now) = ($base->{content}, $current->{content});
	my %touched = map { %{ $_->{touched} } } changes_since($s, $m, $base->{cn});
	my %result = %$pend;

	for my $name (grep { !$lists{$_} } keys %$pend)
	{
		my @unit = is_body($name) ? @bodies : ($name);
		my $after = apply($now, $pend);

		return if (grep { $touched{$_} } @unit) && grep { !same($now->{$_}, $after->{$_}) } @unit;
	}
	for my $name (grep { exists $pend->{$_} } keys %lists)
	{
		my ($old, $theirs, $yours) = ($was->{$name} // {}, $now->{$name} // {}, $pend->{$name});
		my %list = %$theirs;
		my ($next) = sort { $b <=> $a } -1, keys %$theirs, keys %$yours;

		for my $number (sort { $a <=> $b } keys %{ { %$old, %$theirs, %$yours } })
		{
			next if same($old->{$number}, $yours->{$number}) || same($theirs->{$number}, $yours->{$number});
			return if defined $old->{$number} && !same($old->{$number}, $theirs->{$number});
			# what both added stands side by side
			my $to = !defined $old->{$number} && defined $theirs->{$number} ? ++$next : $number;
			$list{$to} = $yours->{$number};
			delete $list{$to} if !defined $yours->{$number};
		}
		$result{$name} = \%list;
	}
	return \%result;
}

# The answer to a save, and what it does: a number where it writes nothing else
# than it stands on, or the values of the version to be made.
sub decide
{
	my ($s, $save) = @_;
	my ($m, $mode) = @$save{qw(m mode)};
	my $current = current($s, $m);

	return ('MAPI_E_OBJECT_DELETED') if !$current || $current->{del};
	return ('MAPI_E_NO_ACCESS') if !$rights{ $sessions{$s}{role} };
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
		$pend = merged($s, $m, $base, $current, $pend) // return ('MAPI_E_OBJECT_CHANGED');
		$content = apply($current->{content}, $pend);
	}
	else { $content = apply($base->{content}, $pend) }
	return ('S_OK', $current->{cn}) if $mode ne 'version' && !%$pend;
	return ('40001') if unseen($s, $m);
	return ('S_OK', { kind => $kind, content => $content, base => $save->{base},
		touches($current->{content}, $content, $pend) });
}

# What is to be stored is stored; returns where the client stands.
sub store
{
	my ($s, $save, $what, $cn) = @_;

	if (ref $what) { change($s, $save->{m}, $cn, %$what) }
	else { lock_message($s, $save->{m}, 1) }
	return ref $what ? $cn : $what;
}

# A refused save may hold the message that it had to lock first.
sub refused
{
	my ($s, $m, $mode) = @_;

	lock_message($s, $m, 0.5) if $mode !~ /^(plain|version)$/ || $sessions{$s}{waited};
	return;
}

# The first save of a new message.
sub create
{
	my ($s, $m, $cn, $folder, $content) = @_;

	append($s, $m, { cn => $cn, content => $content, folder => $folder, kind => 'create', prev => '', base => '',
			touched => {}, may => {}, pruned => 0 });
	return;
}

# The newest number of a message, as the session sees it.
sub number_of
{
	my ($s, $m) = @_;

	return ask($s, "SELECT h.change_number FROM history(1, $m) h ORDER BY changed_at DESC LIMIT 1", 1);
}

# --------------------------------------------------------------------- handles

sub base_of
{
	my ($s, $h) = @_;

	return { content => { PR_IMPORTANCE => '1' } } if $h->{new};
	return version_at($s, $h->{m}, $h->{base});
}

sub shown_by
{
	my ($s, $h) = @_;
	my $base = base_of($s, $h) // return;

	return apply($base->{content}, $h->{pend});
}

sub save_of
{
	my ($h, $mode, %with) = @_;

	return { m => $h->{m}, base => $h->{new} ? 0 : $h->{base}, pend => $h->{pend}, mode => $mode,
		idlock => $h->{new} && $h->{draft}, %with };
}

# ---------------------------------------------------------------------- drafts

sub draft_now
{
	my ($s, $id) = @_;
	my @chain = grep { !defined $_->{owner} || $_->{owner} == $s } @{ $drafts{$id} // [] };

	return $chain[-1];
}

sub draft_held
{
	my ($s, $id) = @_;

	return 1 if grep { $_ != $s && ($sessions{$_}{waiting} // {})->{draft} } keys %sessions;
	return scalar grep { defined $_->{owner} && $_->{owner} != $s } @{ $drafts{$id} // [] };
}

sub put_draft
{
	my ($s, $id, %what) = @_;
	my $depth = @{ $sessions{$s}{stack} };

	push @{ $drafts{$id} }, { %what, $depth ? (owner => $s, level => $depth) : (seq => ++$seq) };
	return;
}

# Whether the draft of a handle is what it was resumed from or parked as.
sub discards
{
	my ($s, $id, $at) = @_;
	my $now = draft_now($s, $id);

	return $now && !$now->{gone} && $now->{at} == $at;
}

# After a save: nothing is pending, the draft is gone.
sub settle
{
	my ($s, $h, $base) = @_;

	put_draft($s, $h->{draft}, gone => 1) if $h->{draft} && discards($s, $h->{draft}, $h->{at});
	@$h{qw(base pend draft at new)} = ($base, {}, 0, 0, 0);
	return;
}

# ---------------------------------------------------------------------- values

sub digit { return '' . (1 + int rand 3) }

sub quoted { my ($text) = @_; $text =~ s/'/''/g; return "'$text'" }

# Random new values, as the model has them; and as JSON.
sub values_for
{
	my ($content) = @_;
	my %values;

	for (0 .. int rand 2)
	{
		my $name = pick(@scalars, 'rcp');

		if ($name eq 'rcp')
		{
			my %list = %{ $content->{rcp} // {} };
			my $number = int rand 3;

			if (rand() < 0.4) { delete $list{$number} } else { $list{$number} = digit() }
			$values{rcp} = \%list;
		}
		elsif (rand() < 0.2) { $values{$name} = undef }
		else { $values{$name} = $name eq 'PR_IMPORTANCE' ? '' . int rand 3 : $name eq 'PR_HTML' ? pick(qw(MQ== Mg== Mw==)) : digit() }
	}
	return \%values;
}

sub patch_of
{
	my ($values) = @_;
	my %patch = %$values;

	$patch{PR_MESSAGE_RECIPIENTS} = [ map { { PR_ROWID => 0 + $_, PR_DISPLAY_NAME => "$patch{rcp}{$_}" } } sort keys %{ $patch{rcp} } ]
	  if %{ $patch{rcp} // {} };
	$patch{PR_MESSAGE_RECIPIENTS} //= undef if $patch{rcp};
	delete $patch{rcp};
	$patch{PR_IMPORTANCE} += 0 if defined $patch{PR_IMPORTANCE};
	return quoted($json->encode(\%patch));
}

# A message, a number that once was its newest perhaps.
sub some_message
{
	my ($s) = @_;

	return pick(grep { current($s, $_) } sort { $a <=> $b } keys %messages);
}

sub message_count { return scalar grep { @{ $_->{chain} // [] } } values %messages }

sub some_number
{
	my ($s, $m) = @_;
	my @chain = grep { !defined $_->{owner} || $_->{owner} == $s } @{ $messages{$m}{chain} };

	return $chain[-1]{cn} if rand() < 0.5;
	return pick(@tokens, 999999999) if rand() < 0.1;
	return pick(@chain)->{cn};
}

# ---------------------------------------------------------------- transactions

# What a session has done since a depth is gone, or is another's to see.
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

# After an error in a transaction.
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

# ------------------------------------------------------------------- checking

# What the model knows of properties in JSON.
sub projected
{
	my ($props) = @_;
	my %content;

	for my $name (@scalars)
	{
		$content{$name} = '' . $props->{$name} if defined $props->{$name};
	}
	$content{rcp}{ $_->{PR_ROWID} } = $_->{PR_DISPLAY_NAME} for @{ $props->{PR_MESSAGE_RECIPIENTS} // [] };
	$content{att}{ $_->{PR_ATTACH_NUM} } = $_->{PR_ATTACH_LONG_FILENAME} for @{ $props->{PR_MESSAGE_ATTACHMENTS} // [] };
	return \%content;
}

sub compare
{
	my ($what, $is, $to_be) = @_;

	return if same($is, $to_be);
	die "$what is\n  " . $json->encode($is) . "\nnot\n  " . $json->encode($to_be) . "\n";
}

# What every handle of a session shows.
sub check_handles
{
	my ($s) = @_;
	my $handles = $sessions{$s}{handles};
	my $known = $rights{ $sessions{$s}{role} };
	my $shown = join ',', grep { $known && shown_by($s, $handles->{$_}) } sort keys %$handles;
	my %seen;

	for (split /\n/, ask($s, "SELECT handle, access_level, coalesce(change_number, 0), has_edits, is_new, message_id,
		CASE WHEN handle = ANY ('{$shown}') THEN get_props(handle, " . quoted($tags) . ") END FROM open_handles", 1))
	{
		my ($n, $level, $base, $edits, $new, $m, $props) = split /\|/, $_, 7;
		my $h = $handles->{$n} // die "handle $n is open";

		$seen{$n} = 1;
		compare("handle $n", [ $level, $base, $edits, $new, $m ],
			[ "$h->{level}", $h->{new} ? '0' : "$h->{base}", %{ $h->{pend} } ? 't' : 'f', $h->{new} ? 't' : 'f', "$h->{m}" ]);
		compare("what handle $n shows", projected($json->decode($props)), shown_by($s, $h)) if $props;
	}
	compare("the handles of session $s", [ sort keys %seen ], [ sort keys %$handles ]);
	return;
}

# The numbers of a list's objects that differ.
sub differing
{
	my ($from, $to) = @_;

	return grep { !same($from->{$_}, $to->{$_}) } keys %{ { %{ $from // {} }, %{ $to // {} } } };
}

# What a report has to say: the rows by property, each with the values, the sides
# and the changes that may be named.
sub report
{
	my ($s, $m, $base, $pend) = @_;
	my @changes = changes_since($s, $m, $base->{cn});
	my $hard = ($changes[0]{del} // '') eq 'hard';
	my %views = (base => $base->{content}, theirs => $hard ? {} : $changes[0]{content}, yours => apply($base->{content}, $pend));
	my %rows;

	for my $name (@scalars, qw(PR_PARENT_ENTRYID PR_DELETED_ON))
	{
		my @unit = is_body($name) ? @bodies : ($name);
		my $theirs = grep { my $c = $_; grep { $c->{touched}{$_} } @unit } @changes;
		my $yours = grep { exists $pend->{$_} } @unit;
		my $may = $yours || grep { my $c = $_; grep { $c->{may}{$_} } @unit } @changes;
		my $maybe = is_body($name) && !$theirs && $may;
		my $must = (grep { $_->{touched}{$name} } @changes) || defined $pend->{$name} || grep { !same($views{$_}{$name}, $views{base}{$name}) } $hard ? 'yours' : keys %views;

		$rows{$name} = { must => $must, maybe => $maybe, side => $theirs ? ($yours ? 'both' : 'theirs') : $yours ? 'yours' : '', may => $may,
			by => [ grep { my $c = $_; grep { $c->{touched}{$_} || $c->{may}{$_} } @unit } @changes ],
			values => [ map { $views{$_}{$name} } qw(base theirs yours) ] } if $must || $theirs || $may;
		# the newest that touched it, or perhaps one that deleted what was not there
		my $by = $rows{$name}{by} // [];
		for my $i (is_body($name) ? () : 0 .. $#$by)
		{
			splice @$by, $i + 1 if $by->[$i]{touched}{$name};
			last if $i >= $#$by;
		}
	}
	for my $list (keys %lists)
	{
		my (%theirs, %yours);

		for my $i (reverse 0 .. $#changes)
		{
			my $before = $i == $#changes ? $base : $changes[ $i + 1 ];
			$theirs{$_} = $changes[$i] for differing($before->{content}{$list}, $changes[$i]{content}{$list});
		}
		$yours{$_} = 1 for differing($views{base}{$list}, $views{yours}{$list});
		for my $number (keys %{ { %theirs, %yours } })
		{
			$rows{"$lists{$list}\[$number]"} = { must => 1, by => [ $theirs{$number} // () ],
				side => $theirs{$number} ? ($yours{$number} ? 'both' : 'theirs') : 'yours',
				values => [ map { ($views{$_}{$list} // {})->{$number} } qw(base theirs yours) ] };
		}
	}
	return \%rows;
}

sub check_report
{
	my ($s, $m, $base, $pend, $is) = @_;
	my $rows = report($s, $m, $base, $pend);
	my %seen;

	for my $row (@{ $is // [] })
	{
		my $name = $row->{property};
		my $to_be = $rows->{$name} // die "$name in the report on $m";
		my @values = map { ref $_ eq 'HASH' ? $_->{PR_DISPLAY_NAME} // $_->{PR_ATTACH_LONG_FILENAME} : defined $_ ? "$_" : undef } @$row{qw(base theirs yours)};

		die "two rows on $name" if $seen{$name}++;
		compare("$name in the report on $m", \@values, $to_be->{values}) if $name !~ /PARENT|DELETED/;
		next if !$to_be->{must};
		$row->{side} =~ s/both/yours/ if $to_be->{maybe};
		compare("the side of $name in the report on $m", $row->{side}, $to_be->{side});
		my @by = map { my $by = $sessions{ $_->{session} }; "$_->{cn} $by->{changed_by} s$_->{session}" } @{ $to_be->{by} };
		my $by = defined $row->{change_number} ? "$row->{change_number} $row->{changed_by} $row->{client}" : 'nobody';
		die "$name in the report on $m by $by, not @by" if @by ? !grep { $_ eq $by } @by : $by ne 'nobody';
	}
	for my $name (grep { $rows->{$_}{must} && !$seen{$_} } keys %$rows) { die "no $name in the report on $m" }
	return;
}

# The report to a handle or a number.
sub check_conflict
{
	my ($s) = @_;
	my $n = pick(undef, sort keys %{ $sessions{$s}{handles} });
	my $h = defined $n ? $sessions{$s}{handles}{$n} : { m => some_message($s), new => 0 };
	my $m = $h->{m};

	if (!defined $n)
	{
		my $values = values_for(current($s, $m)->{content});

		$h->{base} = some_number($s, $m);
		$h->{pend} = edit({}, $values);
		$h->{patch} = patch_of($values);
	}
	return if $h->{new} || !$rights{ $sessions{$s}{role} };
	my $base = version_at($s, $m, $h->{base}) // return;
	my $is = ask($s, 'SELECT json_agg(c) FROM conflict(' . ($n // "1, $m, $h->{base}, $h->{patch}") . ') c', 1);
	if ($base->{cn} == current($s, $m)->{cn}) { die "a report on $m" if $is ne '' }
	else { check_report($s, $m, $base, $h->{pend}, $is eq '' ? [] : $json->decode($is)) }
	return;
}

# A message as a session sees it.
sub check_read
{
	my ($s) = @_;
	my $m = some_message($s);
	my $seen = visible($s, $m);
	my $gone = !$seen || $seen->{del};

	return if !$rights{ $sessions{$s}{role} } || ($gone && @{ $sessions{$s}{stack} });
	send_query($s, "SELECT read_message(1, $m)", 1);
	my ($state, $out) = answer($s);
	compare("reading $m", $state, $gone ? 'MA10F' : '00000');
	return if $gone;
	my $props = $json->decode($out);
	compare("message $m", projected($props), $seen->{content});
	compare("the number of $m", $props->{PidTagChangeNumber} . '', "$seen->{cn}");
	return;
}

# The history of every message, and every version that it has.
sub check_histories
{
	for my $m (sort keys %messages)
	{
		my @chain = grep { !defined $_->{owner} } @{ $messages{$m}{chain} };
		my $is = $json->decode(ask($admin, "SELECT coalesce(json_agg(h), '[]') FROM history(1, $m) h", 1) || '[]');
		my @records = grep { !$_->{pruned} } @chain;
		my $time = '';

		compare("the history of $m", [ map { "$_->{change_number}" } @$is ], [ map { "$_->{cn}" } @records ]);
		for my $i (0 .. $#records)
		{
			my ($is, $to_be) = ($is->[$i], $records[$i]);
			my $by = $sessions{ $to_be->{session} };
			my %named = map { $_ => 1 } @{ $is->{properties} };

			compare("change $to_be->{cn} of $m",
				[ map { defined $_ ? "$_" : '' } @$is{qw(kind previous base_change_number changed_by role actor client)} ],
				[ map { "$_" } @$to_be{qw(kind prev base)}, @$by{qw(changed_by role actor)}, "s$to_be->{session}" ]);
			for my $name (map { property($_) } keys %{ $to_be->{touched} })
			{
				die "change $to_be->{cn} of $m does not name $name" if !$named{$name};
			}
			for my $name (keys %named)
			{
				die "change $to_be->{cn} ($to_be->{kind} by $sessions{$to_be->{session}}{changed_by}) of $m names $name" if !grep { property($_) eq $name
					|| (is_body($_) && $name =~ /BODY|HTML|RTF/) } keys %{ $to_be->{touched} }, keys %{ $to_be->{may} };
			}
			die "the time of change $to_be->{cn} of $m" if $is->{changed_at} le $time;
			$time = $is->{changed_at};
		}
		next if !@chain;
		my $from = 0;
		for my $i (0 .. $#chain) { $from = $i - 1 if $i && $chain[$i]{pruned} == 0 && $chain[ $i - 1 ]{pruned} }
		$from = $#chain if $chain[-1]{pruned};
		my @versions = @chain[ $from .. $#chain ];
		my $ats = $json->decode(ask($admin, 'SELECT json_agg(message_at(1, ' . "$m, v) ORDER BY i) FROM unnest('{"
			. join(',', map { $_->{cn} } @versions) . "}'::bigint[]) WITH ORDINALITY u(v, i)", 1));
		for my $i (0 .. $#versions)
		{
			my ($props, $to_be) = ($ats->[$i], $versions[$i]);

			compare("version $to_be->{cn} of $m", projected($props), ($to_be->{del} // '') eq 'hard' ? {} : $to_be->{content});
			compare("the stamps of version $to_be->{cn} of $m",
				[ "$props->{PidTagChangeNumber}", $props->{PR_LAST_MODIFIER_NAME} // '', exists $props->{PR_DELETED_ON} ? 1 : 0 ],
				[ "$to_be->{cn}", $to_be->{pruned} ? '' : $sessions{ $to_be->{session} }{changed_by}, $to_be->{del} ? 1 : 0 ]);
		}
	}
	return;
}

1;
