# Messages in any order of calls: three sessions of two roles open, edit, save,
# force, merge, overwrite, save elsewhere, park, resume, delete, restore, move and
# go back to older versions, by handle and by number, in transactions of all levels
# that overlap and wait for each other; others prune, take a right away, delete
# folders and change the node.  A model says what each call has to answer, and what
# every handle, version, report and line of the history has to show.
#
# MODEL_SEED repeats a run, MODEL_STEPS makes it longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use ConflictModel;
use ModelSessions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{MODEL_SEED} // int(rand(2**31));
my $steps = $ENV{MODEL_STEPS} // 1500;
srand($seed);
note("MODEL_SEED=$seed");

my $node = PostgreSQL::Test::Cluster->new('conflicts');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->start;
$node->safe_psql('postgres', <<'END');
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

# ------------------------------------------------------------------ operations

# An operation returns what it sends, whether that waits, what it has locked
# while it does, and what says, once it is answered, what the answer has to be: an
# SQLSTATE, the text, and what to do with it.

my @choices = (
	[ 'plain', "save_changes(%d)" ], [ 'plain', "save_changes(%d, 'KEEP_OPEN_READWRITE')" ],
	[ 'plain', "save_changes(%d, 'KEEP_OPEN_READONLY')" ], [ 'plain', "save_changes(%d, 9)" ],
	[ 'plain', "save_changes(%d)" ], [ 'plain', "save_changes(%d)" ], [ 'plain', "save_changes(%d, 'PARK_REFUSED')" ],
	[ 'force', 'force_save(%d)' ], [ 'force', "save_changes(%d, 'FORCE_SAVE|KEEP_OPEN_READONLY')" ],
	[ 'force', "resolve_conflict(%d, 'OVERWRITE')" ], [ 'seen', "resolve_conflict(%d, 'OVERWRITE', seen => %s)" ],
	[ 'merge', "resolve_conflict(%d, 'MERGE')" ], [ 'merge', "resolve_conflict(%d, 'MERGE')" ]);

my $draft_at = 0;
my $names = 0;
my %operations;

%operations = (
	open => [ 8, sub {
		my ($s) = @_;
		my $m = some_message($s);
		my $seen = visible($s, $m);
		my $flags = pick(qw(MAPI_MODIFY MAPI_MODIFY MAPI_MODIFY MAPI_BEST_ACCESS SHOW_SOFT_DELETES|MAPI_MODIFY 0));
		my $state = !$rights{ $sessions{$s}{role} } ? 'MA005' : !$seen || ($seen->{del} // '') eq 'hard'
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

		return if !$rights{ $sessions{$s}{role} } || !$folders{$folder} || message_count() > 8;
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

		return { sql => "SELECT delete_props($n, '{\"" . property($name) . "\"}')", expect => sub {
			return ('MA005') if !$h->{level};
			return ('00000', '', sub { $h->{pend} = edit($h->{pend}, { $name => $lists{$name} ? {} : undef }) });
		} };
	} ],
	recipient => [ 8, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($s, $h) // return;
		my %list = %{ $shown->{rcp} // {} };
		my $number = pick(sort keys %list);
		my $what = defined $number ? pick(qw(ADD MODIFY REMOVE)) : 'ADD';
		my $name = digit();
		my $row = $what eq 'ADD' ? "\"PR_DISPLAY_NAME\": \"$name\"" : $what eq 'REMOVE' ? "\"PR_ROWID\": $number"
		  : "\"PR_ROWID\": $number, \"PR_DISPLAY_NAME\": \"$name\"";

		return if !$rights{ $sessions{$s}{role} };
		return { sql => "SELECT modify_recipients($n, 'MODRECIP_$what', '[{$row}]'), get_props($n)->'PR_MESSAGE_RECIPIENTS'", expect => sub {
			return ('MA005') if !$h->{level};
			return ('00000', undef, sub {
				my ($shows) = $_[0] =~ /^\|(.*)$/;
				if ($what eq 'ADD')
				{
					my @new = grep { !exists $list{ $_->{PR_ROWID} } } @{ $json->decode($shows) };
					die "added $shows" if @new != 1;
					$number = $new[0]{PR_ROWID};
				}
				if ($what eq 'REMOVE') { delete $list{$number} } else { $list{$number} = $name }
				$h->{pend} = { %{ $h->{pend} }, rcp => \%list };
			});
		} };
	} ],
	attachment => [ 6, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($s, $h) // return;
		my %list = %{ $shown->{att} // {} };
		my $number = pick(sort keys %list);
		my $what = defined $number ? pick(qw(attach rename delete_attachment)) : 'attach';
		my $name = 'n' . ++$names;

		return if !$rights{ $sessions{$s}{role} };
		return { sql => 'SELECT ' . ($what eq 'attach' ? "attach($n, '$name')" : $what eq 'rename' ? "rename($n, $number, '$name')"
			: "delete_attachment($n, $number)"), expect => sub {
			return ('MA005') if !$h->{level};
			return ('00000', $what eq 'rename' ? 'S_OK' : undef, sub {
				my ($out) = @_;
				$number = $out if $what eq 'attach';
				die "number $number again" if $what eq 'attach' && exists $list{$number};
				$list{$number} = $name;
				delete $list{$number} if $what eq 'delete_attachment';
				$h->{pend} = { %{ $h->{pend} }, att => \%list };
			});
		} };
	} ],
	save => [ 40, sub {
		my ($s, $n, $h) = @_;
		my ($mode, $sql) = @{ pick(@choices) };
		my $seen = $mode eq 'seen' && !$h->{new} ? some_number($s, $h->{m}) : undef;
		my $known = $rights{ $sessions{$s}{role} };
		my $readonly = $sql =~ /READONLY|, 9/;
		my $save = save_of($h, $mode, seen => $seen);

		return if $mode eq 'seen' && $h->{new};
		return if $h->{draft} && draft_held($s, $h->{draft});
		return if ($sql =~ /PARK/ && !$known) || uncertain($save);
		$sql = 'SELECT ' . sprintf $sql, $n, $seen // '';
		return { sql => $sql, waits => $h->{level} ? waits($s, $save) : 0, locks => [ $h->{m} ], draft => $h->{draft}, expect => sub {
			return ('00000', 'MAPI_E_NO_ACCESS') if !$h->{level} || ($sql =~ /resolve/ && !$known);
			my ($result, $what);

			if ($h->{new} && !current($s, $h->{m}))
			{
				$result = !$folders{ $h->{folder} } ? 'MAPI_E_OBJECT_DELETED' : !$rights{ $sessions{$s}{role} } ? 'MAPI_E_NO_ACCESS' : 'S_OK';
				$what = 'new';
			}
			else { ($result, $what) = decide($s, $save) }
			return ('40001') if $result eq '40001';
			my $parks = $result ne 'S_OK' && $sql =~ /PARK/ && %{ $h->{pend} };
			return ('00000', $result, sub {
				lock_message($s, $h->{m}, 1, 1) if $save->{idlock};
				if ($result ne 'S_OK')
				{
					refused($s, $h->{m}, $mode);
					$operations{parked}->($s, $h) if $parks;
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
		my $known = $rights{ $sessions{$s}{role} };

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
			return ('MA005') if !$h->{new} && !$rights{ $sessions{$s}{role} };
			return ('MA10A') if $current && $current->{del} && ($h->{level} || $current->{del} eq 'hard');
			return ('00000', '', sub { @$h{qw(pend base)} = ({}, $current ? $current->{cn} : 0) });
		} };
	} ],
	elsewhere => [ 4, sub {
		my ($s, $n, $h) = @_;
		my $folder = pick(sort { $a <=> $b } keys %folders);
		my $copies = rand() < 0.5;
		my $known = $rights{ $sessions{$s}{role} };

		return if message_count() > 8 || ($h->{draft} && !$copies && draft_held($s, $h->{draft}));
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
			my $now = $id ? draft_now($s, $id) : undef;
			return ('00000', undef, sub {
				die "parked at $_[0]" if $id && (!$now || $now->{gone} || $now->{at} == $h->{at}) != ($_[0] == $id);
				$operations{parked}->($s, $h, $_[0]);
			});
		} };
	} ],
	resume => [ 4, sub {
		my ($s) = @_;
		my $id = pick(sort { $a <=> $b } keys %drafts) // return;
		my $role = $sessions{$s}{role};

		return if !$rights{$role};
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

		return if draft_held($s, $id) || !$rights{$role};
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
		my $save = { m => $m, base => $base, pend => edit({}, $values), mode => $mode, seen => $seen };
		my $patch = patch_of($values);
		my $known = $rights{ $sessions{$s}{role} };

		return if uncertain($save);
		my $sql = $mode eq 'plain' ? "save_message(1, $m, $base, $patch)" : $mode eq 'force' && rand() < 0.5
		  ? "save_message(1, $m, $base, $patch, 'FORCE_SAVE')"
		  : "resolve_conflict(1, $m, $base, $patch, '" . ($mode eq 'merge' ? 'MERGE' : 'OVERWRITE') . "'" . ($mode eq 'seen' ? ", seen => $seen" : '') . ')';

		return { sql => "SELECT result, change_number FROM $sql", waits => $known ? waits($s, $save) : 0, locks => [$m], expect => sub {
			return ('MA005') if !$known;
			my ($result, $what) = decide($s, $save);
			my $current = current($s, $m);

			return ('40001') if $result eq '40001';
			return ('00000', "$result|" . (($current->{del} // '') eq 'hard' ? '' : $current->{cn}), sub { refused($s, $m, $save->{mode}) }) if $result ne 'S_OK';
			return ('00000', ref $what ? undef : "S_OK|$what", sub {
				my ($is, $cn) = split /\|/, $_[0];
				die "saved: $_[0]" if $is ne 'S_OK';
				push @tokens, $cn;
				store($s, $save, $what, $cn);
			});
		} };
	} ],
	version => [ 4, sub {
		my ($s) = @_;
		my $m = some_message($s);
		my $save = { m => $m, base => some_number($s, $m), version => some_number($s, $m), pend => {}, mode => 'version' };
		my $known = $rights{ $sessions{$s}{role} };

		return { sql => "SELECT result, change_number FROM restore_version(1, $m, $save->{version}, $save->{base})",
			waits => $known ? waits($s, $save) : 0, locks => [$m], expect => sub {
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
		my $known = $rights{ $sessions{$s}{role} };
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

		# what one has done already when another waits
		return if $waits && @ids > 1;
		return { sql => $kind eq 'move' ? "SELECT move_messages(1, '{$list}', $folder" . (defined $if ? ", $if)" : ')')
			: $kind eq 'restore' ? "SELECT restore_messages(1, '{$list}')"
			: "SELECT delete_messages(1, '{$list}', '" . ($kind eq 'delete' ? 0 : 'DELETE_HARD_DELETE') . "'" . (defined $if ? ", $if)" : ')'),
			waits => $known && ($kind ne 'move' || $folders{$folder}) ? $waits : 0, locks => \@ids, expect => sub {
			return ('MA005') if !$known;
			return ('MA10F') if $kind eq 'move' && !$folders{$folder};
			my %results = map { $_ => $outcome->($_) } @ids;
			return ('MA005') if !$rights{ $sessions{$s}{role} } && grep { ($_->{del} // '') ne 'hard' } map { current($s, $_) } @ids;
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

# A handle was parked, where that is known already or can be asked.
$operations{parked} = sub {
	my ($s, $h, $id) = @_;

	$id //= ask($s, "SELECT parked_id FROM parked WHERE message_id = $h->{m} ORDER BY parked_at DESC LIMIT 1");
	die "nothing was parked" if $id eq '';
	@$h{qw(draft at)} = ($id, ++$draft_at);
	put_draft($s, $id, at => $h->{at}, role => $sessions{$s}{role},
		handle => { map { $_ => $h->{$_} } grep { exists $h->{$_} } qw(m base pend new folder) });
};

# --------------------------------------------------------------------- running

# What comes of an operation is what had to come of it.
sub finish
{
	my ($s, $op) = @_;
	my ($state, $out) = answer($s);
	my $session = $sessions{$s};

	$session->{waited} = $op->{waited} // 0;
	$session->{waiting} = undef;
	if ($state =~ /^40001/ && $session->{serializable})
	{
		# as PostgreSQL may; a COMMIT has ended it
		if ($op->{ends} && @{ $session->{stack} } == 1) { end_transaction($s, 0) }
		else { recover($s) }
		return;
	}
	my ($expected, $text, $effect) = $op->{expect}->();
	$expected eq $state or die "$op->{sql}\nanswered $state ($out), not $expected\n";
	return recover($s) if $state ne '00000';
	die "$op->{sql}\nanswered $out, not $text\n" if defined $text && $text ne $out;
	$effect->($out) if $effect;
	return;
}

# Whether a session waits for a lock, or has been answered.
sub waits_now
{
	my ($s) = @_;

	while (!has_answered($s))
	{
		return 1 if ask($admin, "SELECT count(*) FROM pg_locks WHERE pid = $sessions{$s}{pid} AND NOT granted AND locktype IN ('transactionid', 'tuple', 'object')", 1) > 0;
	}
	return 0;
}

sub run
{
	my ($s, $op) = @_;
	my $waits = $op->{waits} // 0;

	# one waits at a time, so that nobody waits for who waits
	return 0 if $waits && grep { $_->{waiting} } values %sessions;
	send_query($s, $op->{sql});
	my $waiting = waits_now($s);
	die "$op->{sql}\nwaits\n" if $waiting && !$waits;
	die "$op->{sql}\ndoes not wait\n" if !$waiting && $waits == 1;
	if ($waiting)
	{
		$sessions{$s}{waiting} = $op;
		$op->{waited} = 1;
	}
	else
	{
		finish($s, $op);
		go_on();
	}
	return 1;
}

# Whoever waits for what nobody holds any more goes on.
sub go_on
{
	for my $s (grep { $sessions{$_}{waiting} } sort keys %sessions)
	{
		my $op = $sessions{$s}{waiting};
		my ($held) = sort { $b <=> $a } map { held($s, $_), held_id($s, $_) } @{ $op->{locks} };

		# who waits for a subtransaction that was released waits for the whole one
		my $released = grep { $_->{released} } values %sessions;

		if ($held == 0 && !$released) { finish($s, $op) }
		elsif ($held == 1) { die "$op->{sql}\nwaits no more\n" if !waits_now($s) }
		else { finish($s, $op) if !waits_now($s) }
	}
	return;
}

# What is done from outside.
sub administer
{
	my $quiet = !grep { @{ $_->{stack} } || $_->{waiting} } values %sessions;
	my $what = pick(qw(rights rights prune prune folder node));

	if ($what eq 'rights')
	{
		# what it has parked could not be seen then
		return if grep { ($_->{waiting} // {})->{sql} // '' =~ /PARK/ } values %sessions;
		$rights{bob} = $rights{bob} ? 0 : 1;
		ask($admin, $rights{bob} ? 'GRANT staff TO bob' : 'REVOKE staff FROM bob');
		return;
	}
	return if !$quiet;
	if ($what eq 'node')
	{
		ask($admin, 'SELECT set_node_number(' . pick(0, 0, 1, 7, 32767) . ')');
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
		my $new = ask($admin, "SELECT create_folder(1, NULL, 'extra $seq')");
		$folders{$new} = 'extra';
	}
	else { prune() }
	return;
}

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
		my %bases = map { ($_->{handle}{base} // 0) => 1 } grep { !$_->{gone} && $_->{handle}{m} == $m && !$_->{handle}{new} } @parked;
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

sub step
{
	return administer() if rand() < 0.03;
	my $s = pick(grep { !$sessions{$_}{waiting} } sort keys %sessions);
	my $handles = $sessions{$s}{handles};
	my $n = pick(sort keys %$handles);
	my $sum = 0;
	my @operations = grep { ref $operations{$_} eq 'ARRAY' } sort keys %operations;
	my $op;

	$sum += $operations{$_}[0] for @operations;
	my $at = rand $sum;
	for my $name (@operations)
	{
		next if ($at -= $operations{$name}[0]) >= 0;
		return if !defined $n && $name =~ /^(close|set|delete_props|recipient|attachment|save|keep|refresh|elsewhere|park)$/;
		return if $name =~ /^(open|create|resume)$/ && keys %$handles > 4;
		$op = $operations{$name}[1]->($s, $n, defined $n ? $handles->{$n} : undef);
		last;
	}
	return if !$op;
	return if eval {
		return 1 if !run($s, $op) || $sessions{$s}{waiting};
		check_handles($s);
		check_conflict($s) if rand() < 0.5;
		check_read($s) if rand() < 0.2;
		return 1;
	};
	# PostgreSQL may refuse anything there
	die $@ if !$sessions{$s}{serializable} || $@ !~ /ERROR:  could not serialize/;
	ask($s, 'ROLLBACK');
	end_transaction($s, 0) while @{ $sessions{$s}{stack} };
	go_on();
	return;
}

$admin = connect_session($node->connstr('postgres'));
for my $role (qw(alice alice bob))
{
	my $s = connect_session($node->connstr('postgres') . " user=$role");

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

my $done = 0;
eval {
	while ($done < $steps)
	{
		step();
		$done++;
		next if $done % 25;
		check_histories();
		check_handles($_) for grep { !$sessions{$_}{waiting} && !$sessions{$_}{serializable} } sort keys %sessions;
	}
	while (my ($s) = grep { !$sessions{$_}{waiting} && @{ $sessions{$_}{stack} } } sort keys %sessions)
	{
		ask($s, 'COMMIT');
		end_transaction($s, 1) while @{ $sessions{$s}{stack} };
		go_on();
	}
	check_histories();
	1;
} or do
{
	diag("MODEL_SEED=$seed, step $done: $@");
	diag(last_queries($ENV{MODEL_LOG} // 60));
};
is($done, $steps, 'everything was as the model has it');

end_sessions();
$node->stop;
done_testing();
