# More calls of the model of conflicts: drafts without a handle, many saves in one call,
# copies of messages and of properties, requests that are repeated.  A part of the package
# ConflictModel; Calls.pm describes a call.
#
package ConflictModel;

use strict;
use warnings;
use ModelSessions;

our (%messages, %drafts, %sessions, %folders, @tokens, $seq, $json, @bodies, @scalars, %lists, %calls);

# Return a request, one of a few.
sub some_request { return pick(qw(r1 r2 r3 r4)) }

# Return the message that stands for the lock of a request.
sub request_lock
{
	my ($request) = @_;
	my ($id) = $request =~ /(\d+)/;

	$messages{ -$id } //= { chain => [], locks => [] };
	return -$id;
}

# Return the number that the server gives with a refusal: that of the current version.
sub number_refused
{
	my ($s, $m) = @_;
	my $current = current($s, $m);

	return !$current || ($current->{del} // '') eq 'hard' ? '' : $current->{cn};
}

# Return true if a draft is there for the role of a session.
sub has_draft
{
	my ($s, $id) = @_;
	my $draft = draft_now($s, $id);

	return $draft && !$draft->{gone} && $draft->{role} eq $sessions{$s}{role};
}

# The choices for a draft: as what, and the name.
my @choices = ([ 'merge', 'MERGE' ], [ 'merge', 'MERGE_TEXT' ], [ 'force', 'OVERWRITE' ], [ 'seen', 'OVERWRITE' ],
	[ 'seen', 'OVERWRITE' ], [ 'keep', 'KEEP_ORIGINAL' ], [ 'elsewhere', 'SAVE_ELSEWHERE' ]);

# Return what is expected of a choice for a draft that saves into the message: as expect
# of a call does.
sub expect_draft_save
{
	my ($s, $id, $h, $save) = @_;
	my $m = $h->{m};
	my ($result, $what);

	if ($h->{new} && !current($s, $m))
	{
		$result = !$folders{ $h->{folder} } ? 'MAPI_E_OBJECT_DELETED' : !may($s) ? 'MAPI_E_NO_ACCESS' : 'S_OK';
		$what = 'new';
	}
	else { ($result, $what) = decide($s, $save) }
	return ('40001') if $result eq '40001';
	return ('00000', $result eq 'S_OK' ? undef : "$result|$m|" . number_refused($s, $m), sub {
		my ($is, undef, $cn) = split /\|/, $_[0], 3;

		lock_message($s, $m, 1, 1) if $save->{idlock};
		return refused($s, $m, $save->{mode}) if $result ne 'S_OK';
		die "resolved: $_[0]" if $is ne 'S_OK' || (!ref $what && $what ne 'new' && $what != $cn);
		if ($what eq 'new') { create($s, $m, $cn, $h->{folder}, shown_by($s, $h)) }
		else { store($s, $save, $what, $cn) }
		put_draft($s, $id, gone => 1);
	});
}

# Return what a copy of properties makes of two handles: the rows that it returns, the
# values that the target gets, and the names that the source loses.
sub copied
{
	my ($from, $to, $names, $all, $flags) = @_;
	my (@rows, %values, @moved);

	for my $name (@$names)
	{
		my @unit = is_body($name) ? @bodies : ($name);

		next if $all && !defined $from->{$name};
		if ($flags =~ /NOREPLACE/ && grep { defined $to->{$_} } @unit) { push @rows, property($name) . '|MAPI_E_COLLISION' }
		elsif (!defined $from->{$name}) { push @rows, property($name) . '|MAPI_E_NOT_FOUND' }
		else
		{
			$values{$name} = $from->{$name};
			push @moved, $name if $flags =~ /MOVE/;
		}
	}
	return (join("\n", sort @rows), \%values, \@moved);
}

%calls = (
	%calls,
	park_message => [ 4, sub {
		my ($s) = @_;
		my $m = some_message($s);
		my $base = some_number($s, $m);
		my $values = values_for((version_at($s, $m, $base) // current($s, $m))->{content});
		my $id = rand() < 0.5 ? pick(sort { $a <=> $b } keys %drafts) : undef;
		my $old = defined $id ? (draft_now($s, $id) // {})->{handle} : undef;
		my $folder = pick(grep { $folders{$_} } sort { $a <=> $b } keys %folders);
		my $new = $old ? $old->{new} : rand() < 0.2;
		my $known = may($s);

		# mostly a draft of the message
		return if $old && !$new && $old->{m} != $m && rand() < 0.8;
		return if defined $id && draft_held($s, $id);
		return { sql => 'SELECT park_message(1, ' . ($new ? 'NULL, NULL, ' : "$m, $base, ") . patch_of($values)
			. (defined $id ? ", parked_id => $id)" : $new ? ", folder_id => $folder)" : ')'), expect => sub {
			return ('MA005') if !$known;
			return ('MA10F') if defined $id && !has_draft($s, $id);
			return ('MA057') if $old && !$new && $old->{m} != $m;
			return ('00000', $id, sub {
				my ($parked) = @_;
				my $pend = edit({}, $values);

				$m = $old ? $old->{m} : ask($s, "SELECT message_id FROM parked_edits(1, $parked)") if $new;
				put_draft($s, $parked, at => next_draft(), role => $sessions{$s}{role}, handle => { m => $m, pend => $pend,
					$new ? (base => 0, new => 1, folder => $old ? $old->{folder} : $folder) : (base => $base, new => 0) });
			});
		} };
	} ],
	resolve_parked => [ 6, sub {
		my ($s) = @_;
		my $id = pick(sort { $a <=> $b } keys %drafts) // return;
		my ($mode, $choice) = @{ pick(@choices) };
		my $there = has_draft($s, $id);
		my $h = (draft_now($s, $id) // {})->{handle} // { m => some_message($s), base => 0, pend => {}, new => 0 };
		my $m = $h->{m};
		my $seen = $mode ne 'seen' ? undef : $h->{new} ? 1 : pick($h->{base}, some_number($s, $m));
		my $folder = pick(sort { $a <=> $b } keys %folders);
		my $save = save_of($h, $mode, seen => $seen, idlock => $h->{new}, by_lines => $choice eq 'MERGE_TEXT');
		my $known = may($s);
		my $saves = $known && $there && $mode !~ /keep|elsewhere/;

		return if draft_held($s, $id) || uncertain($save) || ($mode eq 'elsewhere' && message_count() > 10);
		return { sql => "SELECT result, message_id, change_number FROM resolve_parked(1, $id, '$choice'"
			. ($mode eq 'seen' ? ", seen => $seen)" : $mode eq 'elsewhere' ? ", $folder)" : ')'),
			waits => $saves ? waits($s, $save) : 0, locks => [$m], draft => $id, expect => sub {
			my $current = $h->{new} ? undef : current($s, $m);

			return ('MA005') if !$known;
			return ('MA10F') if !$there;
			return expect_draft_save($s, $id, $h, $save) if $saves;
			if ($mode eq 'keep')
			{
				return ('MA057') if $h->{new};
				return ('00000', "MAPI_E_OBJECT_DELETED|$m|") if $current->{del};
				return ('00000', "S_OK|$m|$current->{cn}", sub { put_draft($s, $id, gone => 1) });
			}
			my $shown = shown_by($s, $h);
			return ('MA10F') if !$folders{$folder};
			return ('MA400') if !$shown;
			return ('00000', undef, sub {
				my ($result, $copy, $cn) = split /\|/, $_[0];
				die "elsewhere: $result" if $result ne 'S_OK' || $messages{$copy};
				create($s, $copy, $cn, $folder, $shown);
				put_draft($s, $id, gone => 1);
			});
		} };
	} ],
	save_messages => [ 8, sub {
		my ($s) = @_;
		my $mode = pick(qw(plain plain plain force));
		my $known = may($s);
		my (%of, @saves);

		for my $m (map { some_message($s) } 1 .. 1 + int rand 3)
		{
			my $base = some_number($s, $m);
			my $values = rand() < 0.1 ? {} : values_for((version_at($s, $m, $base) // current($s, $m))->{content});

			push @saves, { m => $m, base => $base, pend => edit({}, $values), mode => $mode, patch => substr(patch_of($values), 1, -1) };
			$of{$m}++;
		}
		my ($waits) = sort { $b <=> $a } map { $of{ $_->{m} } == 1 ? waits($s, $_) : 0 } @saves;

		# while it waits for one, it has done others already
		return if $waits && @saves > 1;
		return { sql => "SELECT item, message_id, result, change_number FROM save_messages(1, '["
			. join(', ', map { "{\"message_id\": $_->{m}, \"change_number\": $_->{base}, \"changes\": $_->{patch}}" } @saves)
			. "]'" . ($mode eq 'force' ? ", 'FORCE_SAVE')" : ')'), waits => $known ? $waits : 0, locks => [ map { $_->{m} } @saves ], expect => sub {
			return ('MA005') if !$known;
			my (@rows, @whats);

			for my $i (0 .. $#saves)
			{
				my ($m, $result, $what) = $saves[$i]{m};
				my $number = number_refused($s, $m);

				if ($of{$m} > 1) { ($result, $number) = ('MAPI_E_INVALID_PARAMETER', '') }
				else { ($result, $what) = decide($s, $saves[$i]) }
				return ('40001') if $result eq '40001';
				# without the right, which was taken away during the wait, the message is not seen
				$number = '' if $result eq 'MAPI_E_NO_ACCESS';
				$number = ref $what ? '(\d+)' : $what if $result eq 'S_OK';
				push @rows, ($i + 1) . "\\|$m\\|$result\\|$number";
				$whats[$i] = [ $result, $what ];
			}
			return ('00000', undef, sub {
				my ($out) = @_;
				my $rows = join "\n", @rows;
				my @numbers = $out =~ /\A$rows\z/ or die "saved $out, not $rows";

				@numbers = () if $rows !~ /\(/;
				# a forced save is a subtransaction of its own, which is released
				$sessions{$s}{released} = 1 if $mode eq 'force' && @{ $sessions{$s}{stack} };
				for my $i (0 .. $#saves)
				{
					my ($result, $what) = @{ $whats[$i] };

					next if $of{ $saves[$i]{m} } > 1;
					if ($result eq 'S_OK') { store($s, $saves[$i], $what, ref $what ? shift @numbers : 0) }
					else { refused($s, $saves[$i]{m}, $mode) }
				}
			});
		} };
	} ],
	copy_messages => [ 3, sub {
		my ($s) = @_;
		my %ids = map { some_message($s) => 1 } 1 .. 1 + int rand 2;
		my @ids = sort { $a <=> $b } keys %ids;
		my $folder = pick(sort { $a <=> $b } keys %folders);
		my $known = may($s);

		return if message_count() > 10;
		return { sql => "SELECT message_id, result, new_message_id FROM copy_messages(1, '{" . join(',', @ids) . "}', $folder)", expect => sub {
			return ('MA005') if !$known;
			return ('MA10F') if !$folders{$folder};
			return ('00000', undef, sub {
				my @rows = split /\n/, $_[0];

				die "copied $_[0]" if @rows != @ids;
				for my $m (@ids)
				{
					my $current = current($s, $m);
					my ($id, $result, $copy) = split /\|/, shift(@rows), -1;

					die "copied $_[0]" if $id != $m || $result ne ($current->{del} ? 'MAPI_E_NOT_FOUND' : 'S_OK');
					create($s, $copy, number_of($s, $copy), $folder, $current->{content}, kind => 'copy') if $copy ne '';
				}
			});
		} };
	} ],
	copy_props => [ 8, sub {
		my ($s, $n, $h) = @_;
		my $handles = $sessions{$s}{handles};
		my $target = pick(sort keys %$handles);
		my $t = $handles->{$target};
		my ($from, $to) = (shown_by($s, $h), shown_by($s, $t));
		my $all = rand() < 0.3;
		my $flags = pick(qw(0 0 MAPI_NOREPLACE MAPI_MOVE MAPI_MOVE|MAPI_NOREPLACE));
		my @names = grep { $all ? rand() < 0.7 : rand() < 0.3 } @scalars, keys %lists;

		return if !$from || !$to || !may($s);
		my @quoted = map { '"' . property($_) . '"' } @names;
		my @excluded = (map({ '"' . property($_) . '"' } grep { my $x = $_; !grep { $x eq $_ } @names } @scalars, keys %lists),
			qw(PR_MESSAGE_CLASS PR_SENSITIVITY PR_SEARCH_KEY PR_CONFLICT_ENTRYID));
		my $sql = $all ? "copy_to($n, $target, '{" . join(',', @excluded) . "}', '$flags')"
		  : "copy_props($n, $target, '{" . join(',', @quoted) . "}', '$flags')";

		return { sql => "SELECT property, result FROM $sql ORDER BY property COLLATE \"C\"", expect => sub {
			return ('MA60B') if $n == $target;
			return ('MA005') if !$t->{level} || ($flags =~ /MOVE/ && !$h->{level});
			my ($rows, $values, $moved) = copied($from, $to, \@names, $all, $flags);

			return ('00000', $rows, sub {
				$t->{pend} = edit($t->{pend}, $values);
				$h->{pend} = { %{ $h->{pend} }, map { $_ => undef } @$moved };
			});
		} };
	} ],
	save_new => [ 5, sub {
		my ($s) = @_;
		my $request = some_request();
		my $lock = request_lock($request);
		my $folder = pick(grep { $folders{$_} } sort { $a <=> $b } keys %folders);
		my $values = values_for({});
		my $known = may($s);

		return if message_count() > 10 && !requested($s, undef, $request);
		return { sql => "SELECT result, message_id, change_number FROM save_new_message(1, $folder, " . patch_of($values) . ", request => '$request')",
			waits => $known ? held_id($s, $lock) : 0, locks => [$lock], expect => sub {
			my $before = requested($s, undef, $request);

			return ('MA005') if !$known;
			return ('00000', $before ? "S_OK|$before->{m}|$before->{cn}" : may($s) ? undef : 'MAPI_E_NO_ACCESS||', sub {
				my ($result, $m, $cn) = split /\|/, $_[0];

				lock_message($s, $lock, 1, 1);
				return if $before || $result ne 'S_OK';
				create($s, $m, $cn, $folder, apply({ PR_IMPORTANCE => '1' }, edit({}, $values)), request => $request);
			});
		} };
	} ]);

1;
