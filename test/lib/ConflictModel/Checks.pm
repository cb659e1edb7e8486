# The checks of the model of conflicts: what handles, reports, messages, versions and
# the history show, beside what they have to show.  A part of the package
# ConflictModel.
#
package ConflictModel;

use strict;
use warnings;
use ModelSessions;

our (%messages, %drafts, %sessions, $json, @bodies, @scalars, %lists);
my $tags = "'{" . join(',', map { "\"$_\"" } sort @scalars, values %lists) . "}'";

# Return what the model knows of properties in JSON.
sub projected
{
	my ($props) = @_;
	my %content;

	for my $name (@scalars)
	{
		$content{$name} = '' . $props->{$name} if defined $props->{$name};
	}
	$content{rcp} = [ map { [ "$_->{PR_ROWID}", $_->{PR_DISPLAY_NAME} ] } @{ $props->{PR_MESSAGE_RECIPIENTS} } ]
	  if $props->{PR_MESSAGE_RECIPIENTS};
	$content{att} = [ map { [ "$_->{PR_ATTACH_NUM}", $_->{PR_ATTACH_LONG_FILENAME} ] } @{ $props->{PR_MESSAGE_ATTACHMENTS} } ]
	  if $props->{PR_MESSAGE_ATTACHMENTS};
	return \%content;
}

# Die, and name what differs, unless two things are equal.
sub compare
{
	my ($what, $is, $to_be) = @_;

	return if same($is, $to_be);
	die "$what is\n  " . $json->encode($is) . "\nnot\n  " . $json->encode($to_be) . "\n";
}

# Check what every handle of a session shows, and where it stands.
sub check_handles
{
	my ($s) = @_;
	my $handles = $sessions{$s}{handles};
	my $known = may($s);
	my $shown = join ',', grep { $known && shown_by($s, $handles->{$_}) } sort keys %$handles;
	my %seen;

	for (split /\n/, ask($s, "SELECT handle, access_level, coalesce(change_number, 0), has_edits, is_new, message_id,
		CASE WHEN handle = ANY ('{$shown}') THEN get_props(handle, $tags) END FROM open_handles", 1))
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

# Return the numbers of the objects that differ in two states of a list.
sub differing
{
	my ($from, $to) = map { by_number($_) } @_;

	return grep { !same($from->{$_}, $to->{$_}) } keys %{ { %$from, %$to } };
}

# Return what a report has to hold: rows by property, each with the values, the side
# and the changes of which it has to name one.
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
		# the newest change of the property, or a newer one that perhaps deleted nothing
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
				values => [ map { by_number($views{$_}{$list})->{$number} } qw(base theirs yours) ] };
		}
	}
	return \%rows;
}

# Check a report, given as the rows of conflict().
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

# Check the report to a handle, or to a number and a patch.
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
	return if $h->{new} || !may($s);
	my $base = version_at($s, $m, $h->{base}) // return;
	my $is = ask($s, 'SELECT json_agg(c) FROM conflict(' . ($n // "1, $m, $h->{base}, $h->{patch}") . ') c', 1);
	if ($base->{cn} == current($s, $m)->{cn}) { die "a report on $m" if $is ne '' }
	else { check_report($s, $m, $base, $h->{pend}, $is eq '' ? [] : $json->decode($is)) }
	return;
}

# Check a message as a session sees it.
sub check_read
{
	my ($s) = @_;
	my $m = some_message($s);
	my $seen = visible($s, $m);
	my $gone = !$seen || $seen->{del};

	return if !may($s) || ($gone && @{ $sessions{$s}{stack} });
	send_query($s, "SELECT read_message(1, $m)", 1);
	my ($state, $out) = answer($s);
	compare("reading $m", $state, $gone ? 'MA10F' : '00000');
	return if $gone;
	my $props = $json->decode($out);
	compare("message $m", projected($props), $seen->{content});
	compare("the number of $m", $props->{PidTagChangeNumber} . '', "$seen->{cn}");
	return;
}

# Check the base and the edits of a draft of the session's role.
sub check_draft
{
	my ($s) = @_;
	my $role = $sessions{$s}{role};
	my $id = pick(sort grep { my $draft = draft_now($s, $_); $draft && !$draft->{gone} && $draft->{role} eq $role } keys %drafts) // return;
	my $h = draft_now($s, $id)->{handle};
	my %pend = %{ $h->{pend} };

	return if !may($s);
	my ($m, $base, $changes) = split /\|/, ask($s, "SELECT message_id, change_number, changes FROM parked_edits(1, $id)", 1), 3;
	my $patch = $json->decode($changes);
	my $edits = projected($patch);

	compare("the place of draft $id", [ $m, $base ], [ "$h->{m}", $h->{new} ? '' : "$h->{base}" ]);
	for my $name (@scalars, keys %lists)
	{
		$edits->{$name} = undef if exists $patch->{ property($name) } && !defined $patch->{ property($name) };
	}
	$pend{rcp} = [ sort { "$a->[0]" <=> "$b->[0]" } @{ $pend{rcp} } ] if $pend{rcp};
	# a body that is deleted because another one was set is not in the patch
	for my $edits ($edits, \%pend)
	{
		delete @$edits{ grep { !defined $edits->{$_} } @bodies };
	}
	compare("the edits of draft $id", $edits, \%pend);
	return;
}

# Check the history of every message, and every version, by a session of its own.
sub check_histories
{
	my ($admin) = @_;

	for my $m (sort keys %messages)
	{
		my @chain = grep { !defined $_->{owner} } @{ $messages{$m}{chain} };

		next if !@chain;
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
