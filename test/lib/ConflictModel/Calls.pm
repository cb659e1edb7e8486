# The calls of the model of conflicts: each at random, with the answer that it has to
# get.  A part of the package ConflictModel.
#
package ConflictModel;

use strict;
use warnings;
use ModelSessions;

our (%messages, %drafts, %sessions, %folders, @tokens, $seq, $json, @scalars, @texts, %lists, %calls);

# --------------------------------------------------------------------- choices

sub digit { return '' . (1 + int rand 3) }

# Return a text of three lines that change, between lines that never do; mostly one
# that differs from an old text in one line.
sub text_from
{
	my ($old) = @_;
	my @lines = split /\n/, $old // '';

	@lines = ('', 'between 1 and 2', '', 'between 2 and 3', '') if @lines != 5 || rand() < 0.2;
	for my $i (0, 2, 4) { $lines[$i] = "$i:" . digit() if $lines[$i] eq '' }
	my $at = 2 * int rand 3;
	$lines[$at] = "$at:" . digit();
	return join '', map { "$_\n" } @lines;
}

# Return random new values for a content, as the model has values.
sub values_for
{
	my ($content) = @_;
	my %values;

	for (0 .. int rand 2)
	{
		my $name = pick(@scalars, 'rcp');

		if ($name eq 'rcp')
		{
			my $list = replaced($content->{rcp}, int rand 3, rand() < 0.4 ? undef : digit());

			$list = [ reverse @$list ] if rand() < 0.1;
			$values{rcp} = @$list || rand() < 0.5 ? $list : undef;
		}
		elsif (rand() < 0.2) { $values{$name} = undef }
		else { $values{$name} = $name eq 'PR_IMPORTANCE' ? '' . int rand 3 : $name eq 'PR_HTML' ? pick(qw(MQ== Mg== Mw==))
			: (grep { $_ eq $name } @texts) ? text_from($content->{$name}) : digit() }
	}
	return \%values;
}

# Return values as a literal of SQL, a patch in JSON.
sub patch_of
{
	my ($values) = @_;
	my %patch = %$values;

	if (exists $patch{rcp})
	{
		my $list = delete $patch{rcp};

		$patch{PR_MESSAGE_RECIPIENTS} = defined $list
		  ? [ map { { PR_ROWID => int("$_->[0]"), PR_DISPLAY_NAME => $_->[1] } } @$list ] : undef;
	}
	$patch{PR_IMPORTANCE} += 0 if defined $patch{PR_IMPORTANCE};
	my $text = $json->encode(\%patch);
	$text =~ s/'/''/g;
	return "'$text'";
}

# Return a message that the session sees.
sub some_message
{
	my ($s) = @_;

	return pick(grep { current($s, $_) } sort { $a <=> $b } keys %messages);
}

# Return how many messages there are, those of open transactions too.
sub message_count { return scalar grep { @{ $_->{chain} // [] } } values %messages }

# Return a number for a message: mostly one that is or once was its newest.
sub some_number
{
	my ($s, $m) = @_;
	my @chain = grep { !defined $_->{owner} || $_->{owner} == $s } @{ $messages{$m}{chain} };

	return $chain[-1]{cn} if rand() < 0.5;
	return pick(@tokens, 999999999) if rand() < 0.1;
	return pick(@chain)->{cn};
}

# ----------------------------------------------------------------------- calls

# A call: sql; waits (0, 0.5 perhaps, 1); locks, the messages that it has locked while
# it waits; draft, the draft that it will discard; ends, if it ends a transaction;
# and expect.  That is called when the answer is there, and returns the SQLSTATE and
# the text that it has to have, and a function that takes over what the call has done.

# A call without a handle raises if the right is missing when it begins; if the right is
# missing only after a wait, the save is refused with a code.

# The ways to save a handle: as what, and the SQL.
my @choices = (
	[ 'plain', "save_changes(%d)" ], [ 'plain', "save_changes(%d, 'KEEP_OPEN_READWRITE')" ],
	[ 'plain', "save_changes(%d, 'KEEP_OPEN_READONLY')" ], [ 'plain', "save_changes(%d, 9)" ],
	[ 'plain', "save_changes(%d)" ], [ 'plain', "save_changes(%d)" ], [ 'plain', "save_changes(%d, 'PARK_REFUSED')" ],
	[ 'force', 'force_save(%d)' ], [ 'force', "save_changes(%d, 'FORCE_SAVE|KEEP_OPEN_READONLY')" ],
	[ 'force', "resolve_conflict(%d, 'OVERWRITE')" ], [ 'seen', "resolve_conflict(%d, 'OVERWRITE', seen => %s)" ],
	[ 'merge', "resolve_conflict(%d, 'MERGE')" ], [ 'merge', "resolve_conflict(%d, 'MERGE_TEXT')" ]);

my $draft_at = 0;
my $names = 0;

# By name: how often it is chosen, and a function that returns a call of a session
# with one of its handles, or nothing where it is not possible.
%calls = (
	open => [ 8, sub {
		my ($s) = @_;
		my $m = some_message($s);
		my $seen = visible($s, $m);
		my $flags = pick(qw(MAPI_MODIFY MAPI_MODIFY MAPI_MODIFY MAPI_BEST_ACCESS SHOW_SOFT_DELETES|MAPI_MODIFY 0));
		my $state = !may($s) ? 'MA005' : !$seen || ($seen->{del} // '') eq 'hard'
		  || ($seen->{del} && $flags !~ /SHOW/) ? 'MA10F' : '00000';

		return { sql => "SELECT open_message(1, $m, '$flags')", expect => sub {
			return ($state, undef, sub {
				my ($n) = @_;
				$sessions{$s}{handles}{$n} = { m => $m, base => $seen->{cn}, pend => {}, draft => 0, at => 0, new => 0,
					level => $flags =~ /MODIFY|BEST/ && !$seen->{del} ? 1 : 0 };
			});
		} };
	} ],
	create => [ 2, sub {
		my ($s) = @_;
		my $folder = pick(sort { $a <=> $b } keys %folders);

		return if !may($s) || !$folders{$folder} || message_count() > 10;
		return { sql => "SELECT h, message_id(h) FROM create_message(1, $folder) h", expect => sub {
			return ('00000', undef, sub {
				my ($n, $m) = split /\|/, $_[0];
				$sessions{$s}{handles}{$n} = { m => $m, base => 0, pend => {}, draft => 0, at => 0, new => 1,
					folder => $folder, level => 1 };
			});
		} };
	} ],
	close => [ 3, sub {
		my ($s, $n) = @_;

		return { sql => "SELECT close_object($n)", expect => sub {
			return ('00000', '', sub { delete $sessions{$s}{handles}{$n} });
		} };
	} ],
	set => [ 20, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($s, $h) // return;
		my $values = values_for($shown);

		return { sql => "SELECT set_props($n, " . patch_of($values) . ')', expect => sub {
			return ('MA005') if !$h->{level};
			return ('00000', '', sub { $h->{pend} = edit($h->{pend}, $values) });
		} };
	} ],
	delete_props => [ 3, sub {
		my ($s, $n, $h) = @_;
		my $name = pick(@scalars, 'rcp', 'att');

		return if $name eq 'att' && !may($s);
		return { sql => "SELECT delete_props($n, '{\"" . property($name) . "\"}')", expect => sub {
			return ('MA005') if !$h->{level};
			return ('00000', '', sub { $h->{pend} = edit($h->{pend}, { $name => undef }) });
		} };
	} ],
	recipient => [ 8, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($s, $h) // return;
		my $list = $shown->{rcp};
		my $numbers = by_number($list);
		my $number = pick(sort keys %$numbers);
		my $what = defined $number ? pick(qw(ADD MODIFY REMOVE)) : 'ADD';
		my $name = digit();
		my $row = $what eq 'ADD' ? "\"PR_DISPLAY_NAME\": \"$name\"" : $what eq 'REMOVE' ? "\"PR_ROWID\": $number"
		  : "\"PR_ROWID\": $number, \"PR_DISPLAY_NAME\": \"$name\"";

		return if !may($s);
		return { sql => "SELECT modify_recipients($n, 'MODRECIP_$what', '[{$row}]'), get_props($n)->'PR_MESSAGE_RECIPIENTS'", expect => sub {
			return ('MA005') if !$h->{level};
			return ('00000', undef, sub {
				my ($shows) = $_[0] =~ /^\|(.*)$/;
				if ($what eq 'ADD')
				{
					my @new = grep { !exists $numbers->{ $_->{PR_ROWID} } } @{ $json->decode($shows) };
					die "added $shows" if @new != 1;
					$number = $new[0]{PR_ROWID};
				}
				$list = replaced($list, $number, $what eq 'REMOVE' ? undef : $name);
				$h->{pend} = { %{ $h->{pend} }, rcp => @$list ? $list : undef };
			});
		} };
	} ],
	attachment => [ 6, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($s, $h) // return;
		my $list = $shown->{att};
		my $numbers = by_number($list);
		my $number = pick(sort keys %$numbers);
		my $what = defined $number ? pick(qw(attach rename delete_attachment)) : 'attach';
		my $name = 'n' . ++$names;

		return if !may($s);
		return { sql => 'SELECT ' . ($what eq 'attach' ? "attach($n, '$name')" : $what eq 'rename' ? "rename($n, $number, '$name')"
			: "delete_attachment($n, $number)"), expect => sub {
			return ('MA005') if !$h->{level};
			return ('00000', $what eq 'rename' ? 'S_OK' : undef, sub {
				my ($out) = @_;
				$number = $out if $what eq 'attach';
				die "number $number again" if $what eq 'attach' && exists $numbers->{$number};
				$list = replaced($list, $number, $what eq 'delete_attachment' ? undef : $name);
				$h->{pend} = { %{ $h->{pend} }, att => @$list ? $list : undef };
			});
		} };
	} ],
	save => [ 40, sub {
		my ($s, $n, $h) = @_;
		my ($mode, $sql) = @{ pick(@choices) };
		my $seen = $mode eq 'seen' && !$h->{new} ? some_number($s, $h->{m}) : undef;
		my $known = may($s);
		my $readonly = $sql =~ /READONLY|, 9/;
		my $save = save_of($h, $mode, seen => $seen, by_lines => $sql =~ /MERGE_TEXT/);

		return if $mode eq 'seen' && $h->{new};
		return if $h->{draft} && draft_held($s, $h->{draft});
		return if ($sql =~ /PARK/ && !$known) || uncertain($save);
		$sql = 'SELECT ' . sprintf $sql, $n, $seen // '';
		return { sql => $sql, waits => $h->{level} ? waits($s, $save) : 0, locks => [ $h->{m} ], draft => $h->{draft}, expect => sub {
			return ('00000', 'MAPI_E_NO_ACCESS') if !$h->{level} || ($sql =~ /resolve/ && !may($s));
			my ($result, $what);

			if ($h->{new} && !current($s, $h->{m}))
			{
				$result = !$folders{ $h->{folder} } ? 'MAPI_E_OBJECT_DELETED' : !may($s) ? 'MAPI_E_NO_ACCESS' : 'S_OK';
				$what = 'new';
			}
			else { ($result, $what) = decide($s, $save) }
			return ('40001') if $result eq '40001';
			my $parks = $result ne 'S_OK' && $sql =~ /PARK/ && %{ $h->{pend} } && may($s);
			return ('00000', $result, sub {
				lock_message($s, $h->{m}, 1, 1) if $save->{idlock};
				if ($result ne 'S_OK')
				{
					refused($s, $h->{m}, $mode);
					parked($s, $h) if $parks;
					return;
				}
				my $cn = ref $what || $what eq 'new' ? number_of($s, $h->{m}) : 0;
				if ($what eq 'new') { create($s, $h->{m}, $cn, $h->{folder}, shown_by($s, $h)) }
				else { $cn = store($s, $save, $what, $cn) }
				$h->{level} = $readonly ? 0 : 1 if $sql !~ /resolve/;
				settle($s, $h, $cn);
			});
		} };
	} ],
	keep => [ 3, sub {
		my ($s, $n, $h) = @_;
		my $known = may($s);

		return if $h->{new} || ($h->{draft} && draft_held($s, $h->{draft}));
		return { sql => "SELECT resolve_conflict($n, 'KEEP_ORIGINAL')", expect => sub {
			my $current = current($s, $h->{m});
			return ('00000', 'MAPI_E_NO_ACCESS') if !$known;
			return ('00000', 'MAPI_E_OBJECT_DELETED') if $current->{del};
			return ('00000', 'S_OK', sub { settle($s, $h, $current->{cn}) });
		} };
	} ],
	refresh => [ 3, sub {
		my ($s, $n, $h) = @_;

		return { sql => "SELECT refresh($n)", expect => sub {
			my $current = $h->{new} ? undef : current($s, $h->{m});
			return ('MA005') if !$h->{new} && !may($s);
			return ('MA10A') if $current && $current->{del} && ($h->{level} || $current->{del} eq 'hard');
			return ('00000', '', sub { @$h{qw(pend base)} = ({}, $current ? $current->{cn} : 0) });
		} };
	} ],
	elsewhere => [ 4, sub {
		my ($s, $n, $h) = @_;
		my $folder = pick(sort { $a <=> $b } keys %folders);
		my $copies = rand() < 0.5;
		my $known = may($s);

		return if message_count() > 10 || ($h->{draft} && !$copies && draft_held($s, $h->{draft}));
		return { sql => $copies ? "SELECT save_as($n, $folder)" : "SELECT resolve_conflict($n, 'SAVE_ELSEWHERE', $folder), message_id($n)", expect => sub {
			my $shown = shown_by($s, $h);
			return ($copies ? ('MA005') : ('00000', "MAPI_E_NO_ACCESS|$h->{m}")) if !$known;
			return ('MA10F') if !$folders{$folder};
			return ('MA400') if !$shown;
			return ('00000', undef, sub {
				my ($result, $m) = $copies ? ('S_OK', $_[0]) : split /\|/, $_[0];
				die "elsewhere: $result" if $result ne 'S_OK' || $messages{$m};
				my $cn = number_of($s, $m);
				create($s, $m, $cn, $folder, $shown);
				return if $copies;
				settle($s, $h, $cn);
				@$h{qw(m level)} = ($m, 1);
			});
		} };
	} ],
	park => [ 4, sub {
		my ($s, $n, $h) = @_;
		my $id = $h->{draft};

		return if $id && draft_held($s, $id);
		return { sql => "SELECT park($n)", expect => sub {
			return ('MA005') if !may($s);
			my $now = $id ? draft_now($s, $id) : undef;
			return ('00000', undef, sub {
				die "parked at $_[0]" if $id && (!$now || $now->{gone} || $now->{at} == $h->{at}) != ($_[0] == $id);
				parked($s, $h, $_[0]);
			});
		} };
	} ],
	resume => [ 4, sub {
		my ($s) = @_;
		my $id = pick(sort { $a <=> $b } keys %drafts) // return;
		my $role = $sessions{$s}{role};

		return if !may($s);
		return { sql => "SELECT resume(1, $id)", expect => sub {
			my $seen = draft_now($s, $id);
			return ('MA10F') if !$seen || $seen->{gone} || $seen->{role} ne $role;
			return ('00000', undef, sub {
				$sessions{$s}{handles}{ $_[0] } = { %{ $seen->{handle} }, level => 1, draft => $id, at => $seen->{at} };
			});
		} };
	} ],
	discard => [ 2, sub {
		my ($s) = @_;
		my $id = pick(sort { $a <=> $b } keys %drafts) // return;
		my $role = $sessions{$s}{role};

		return if draft_held($s, $id) || !may($s);
		return { sql => "SELECT discard_parked(1, $id)", expect => sub {
			my $seen = draft_now($s, $id);
			return ('MA10F') if !$seen || $seen->{gone} || $seen->{role} ne $role;
			return ('00000', '', sub { put_draft($s, $id, gone => 1) });
		} };
	} ],
	token => [ 25, sub {
		my ($s) = @_;
		my $m = some_message($s);
		my $base = some_number($s, $m);
		my $from = version_at($s, $m, $base) // current($s, $m);
		my $values = rand() < 0.1 ? {} : values_for($from->{content});
		my $mode = pick(qw(plain plain force seen merge merge));
		my $seen = some_number($s, $m);
		my $request = rand() < 0.3 ? some_request() : undef;
		my $by_lines = rand() < 0.5;
		my $save = { m => $m, base => $base, pend => edit({}, $values), mode => $mode, seen => $seen, request => $request, by_lines => $by_lines };
		my $patch = patch_of($values);
		my $known = may($s);

		return if uncertain($save);
		my $sql = $mode eq 'plain' ? "save_message(1, $m, $base, $patch" : $mode eq 'force' && rand() < 0.5
		  ? "save_message(1, $m, $base, $patch, 'FORCE_SAVE'"
		  : "resolve_conflict(1, $m, $base, $patch, '" . ($mode eq 'merge' ? ($by_lines ? 'MERGE_TEXT' : 'MERGE') : 'OVERWRITE') . "'" . ($mode eq 'seen' ? ", seen => $seen" : '');
		$sql .= defined $request ? ", request => '$request')" : ')';

		return { sql => "SELECT result, change_number FROM $sql", waits => waits($s, $save), locks => [$m], expect => sub {
			my $before = requested($s, $m, $request);
			return ('MA005') if !$known && !($before && $sql =~ /^save/);
			return ('00000', "S_OK|$before->{cn}", sub { refused($s, $m, $mode) }) if $before;
			my ($result, $what) = decide($s, $save);
			my $current = current($s, $m);

			return ('40001') if $result eq '40001';
			return ('00000', "$result|" . (($current->{del} // '') eq 'hard' ? '' : $current->{cn}), sub { refused($s, $m, $save->{mode}) }) if $result ne 'S_OK';
			return ('00000', ref $what ? undef : "S_OK|$what", sub {
				my ($is, $cn) = split /\|/, $_[0];
				die "saved: $_[0]" if $is ne 'S_OK';
				push @tokens, $cn;
				$what->{request} = $request if ref $what;
				store($s, $save, $what, $cn);
			});
		} };
	} ],
	version => [ 4, sub {
		my ($s) = @_;
		my $m = some_message($s);
		my $save = { m => $m, base => some_number($s, $m), version => some_number($s, $m), pend => {}, mode => 'version' };
		my $known = may($s);

		return { sql => "SELECT result, change_number FROM restore_version(1, $m, $save->{version}, $save->{base})",
			waits => waits($s, $save), locks => [$m], expect => sub {
			return ('MA005') if !$known;
			my ($result, $what) = decide($s, $save);
			my $current = current($s, $m);

			return ('40001') if $result eq '40001';
			return ('00000', "$result|" . (($current->{del} // '') eq 'hard' ? '' : $current->{cn}), sub { refused($s, $m, $save->{mode}) }) if $result ne 'S_OK';
			return ('00000', ref $what ? undef : "S_OK|$what", sub {
				store($s, $save, $what, (split /\|/, $_[0])[1]);
			});
		} };
	} ],
	place => [ 12, sub {
		my ($s) = @_;
		my %ids = map { some_message($s) => 1 } 1 .. (rand() < 0.3 ? 2 : 1);
		my @ids = sort { $a <=> $b } keys %ids;
		my $kind = pick('delete', 'delete', 'restore', 'restore', 'restore', 'move', rand() < 0.1 ? 'hard delete' : 'move');
		my $folder = pick(sort { $a <=> $b } keys %folders);
		my $if = @ids == 1 && $kind ne 'restore' && rand() < 0.3 ? some_number($s, $ids[0]) : undef;
		my $known = may($s);
		my $list = join ',', @ids;
		my $outcome = sub {
			my ($m) = @_;
			my $current = current($s, $m);
			my $del = $current->{del} // '';

			return 'MAPI_E_NOT_FOUND' if $del eq 'hard' || ($kind eq 'restore' ? !$del : $del && $kind ne 'hard delete');
			return 'MAPI_E_OBJECT_CHANGED' if defined $if && $if != $current->{cn};
			return 'S_OK' if $kind eq 'move' && $current->{folder} == $folder;
			return unseen($s, $m) ? '40001' : 'S_OK';
		};
		my ($waits) = sort { $b <=> $a } map { $outcome->($_) =~ /S_OK|40001/ ? held($s, $_) : 0 } @ids;

		# while it waits for one, it has done others already
		return if $waits && @ids > 1;
		return { sql => $kind eq 'move' ? "SELECT move_messages(1, '{$list}', $folder" . (defined $if ? ", $if)" : ')')
			: $kind eq 'restore' ? "SELECT restore_messages(1, '{$list}')"
			: "SELECT delete_messages(1, '{$list}', '" . ($kind eq 'delete' ? 0 : 'DELETE_HARD_DELETE') . "'" . (defined $if ? ", $if)" : ')'),
			waits => !$known || ($kind eq 'move' && !$folders{$folder}) ? 0 : $waits, locks => \@ids, expect => sub {
			return ('MA005') if !$known;
			return ('MA10F') if $kind eq 'move' && !$folders{$folder};
			my %results = map { $_ => $outcome->($_) } @ids;
			# the right was taken away during the wait: no folder is visible any more
			return ('00000', 'MAPI_E_NOT_FOUND') if !may($s);
			return ('40001') if grep { $_ eq '40001' } values %results;
			my $done = grep { $_ eq 'S_OK' } values %results;
			my $result = $done == @ids ? 'S_OK' : $done ? 'MAPI_W_PARTIAL_COMPLETION' : $results{ $ids[0] };

			return ('00000', $result, sub {
				for my $m (grep { $results{$_} eq 'S_OK' } @ids)
				{
					lock_message($s, $m, 1);
					next if $kind eq 'move' && current($s, $m)->{folder} == $folder;
					my $cn = number_of($s, $m);
					my $name = $kind eq 'move' ? 'PR_PARENT_ENTRYID' : 'PR_DELETED_ON';

					change($s, $m, $cn, kind => $kind, touched => { $name => 1 },
						$kind eq 'move' ? (folder => $folder) : (del => { 'delete' => 'soft', 'hard delete' => 'hard', restore => undef }->{$kind}));
				}
				lock_message($s, $_, 0.5) for $sessions{$s}{waited} ? @ids : ();
			});
		} };
	} ],
	begin => [ 8, sub {
		my ($s) = @_;
		my $depth = @{ $sessions{$s}{stack} };
		my $level = pick('READ COMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');

		return if $depth > 2;
		return { sql => $depth ? "SAVEPOINT s$depth" : "BEGIN ISOLATION LEVEL $level; SELECT FROM store_list WHERE false", expect => sub {
			return ('00000', '', sub {
				push @{ $sessions{$s}{stack} }, { map { $_ => { %{ $sessions{$s}{handles}{$_} } } } keys %{ $sessions{$s}{handles} } };
				return if $depth;
				$sessions{$s}{serializable} = $level eq 'SERIALIZABLE';
				$sessions{$s}{snap} = $level eq 'READ COMMITTED' ? undef : $seq;
			});
		} };
	} ],
	end => [ 14, sub {
		my ($s) = @_;
		my $depth = @{ $sessions{$s}{stack} } || return;
		my $commit = rand() < 0.6;

		return { sql => $commit ? ($depth > 1 ? 'RELEASE s' . ($depth - 1) : 'COMMIT')
			: $depth > 1 ? 'ROLLBACK TO s' . ($depth - 1) . '; RELEASE s' . ($depth - 1) : 'ROLLBACK', ends => 1, expect => sub {
			return ('00000', '', sub {
				end_transaction($s, $commit);
				$sessions{$s}{released} = 1 if $commit && $depth > 1;
			});
		} };
	} ]);

# Return the next time at which something is parked.
sub next_draft { return ++$draft_at }

# Take over that a handle was parked, as a draft whose id is known or can be asked for.
sub parked
{
	my ($s, $h, $id) = @_;

	$id //= ask($s, "SELECT parked_id FROM parked WHERE message_id = $h->{m} ORDER BY parked_at DESC LIMIT 1");
	die "nothing was parked" if $id eq '';
	@$h{qw(draft at)} = ($id, next_draft());
	put_draft($s, $id, at => $h->{at}, role => $sessions{$s}{role},
		handle => { map { $_ => $h->{$_} } grep { exists $h->{$_} } qw(m base pend new folder) });
	return;
}

# Return a call of a session, or nothing where the one that was chosen is not possible.
sub some_call
{
	my ($s) = @_;
	my $handles = $sessions{$s}{handles};
	my $n = pick(sort keys %$handles);
	my $sum = 0;

	$sum += $calls{$_}[0] for keys %calls;
	my $at = rand $sum;
	for my $name (sort keys %calls)
	{
		next if ($at -= $calls{$name}[0]) >= 0;
		return if !defined $n && $name =~ /^(close|set|delete_props|recipient|attachment|save|keep|refresh|elsewhere|park|copy_props)$/;
		return if $name =~ /^(open|create|resume)$/ && keys %$handles > 4;
		return $calls{$name}[1]->($s, $n, defined $n ? $handles->{$n} : undef);
	}
	return;
}

1;
