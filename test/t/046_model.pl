# Large and small values: after every step of a random walk of two sessions through
# edits, streams, saves, forces, merges, drafts, copies, older versions, rollbacks and
# sweeps, with handles and without, all handles and versions are those of a model; in the
# end the blobs left are exactly those that are referred to.
#
# MODEL_SEED repeats a run, MODEL_STEPS makes it longer.
use strict;
use warnings;
use Digest::MD5 qw(md5_hex);
use MIME::Base64 qw(encode_base64);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use ModelSessions;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RandomSeed;
use Test::More;

my $seed = random_seed('MODEL_SEED');
my $steps = $ENV{MODEL_STEPS} // 250;

my $node = PostgreSQL::Test::Cluster->new('model');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# only a superuser can set it, and handles closed since a transaction began count
$node->append_conf('postgresql.conf',
	"session_preload_libraries = 'msgstore'\nmsgstore.max_open_handles = 1000000");
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION msgstore;
SET search_path = msgstore, public;
SELECT create_store('model');
CREATE FUNCTION public.bytes_of(name text, v jsonb) RETURNS bytea LANGUAGE sql AS $$
	SELECT CASE WHEN jsonb_typeof(v) = 'object'
		THEN (SELECT coalesce(string_agg(c.bytes, '' ORDER BY c.chunk_number), '')
			  FROM msgstore.blob_chunk c WHERE c.blob_id = (v->>'blob')::bigint)
		WHEN name ~ 'HTML|RTF|INDEX|_BIN' THEN decode(v #>> '{}', 'base64')
		ELSE convert_to(v #>> '{}', 'UTF8') END $$;
CREATE FUNCTION public.shown(name text, v jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(v->>'size', length(b)::text) || ' ' || md5(b)
	FROM public.bytes_of(name, v) b $$;
-- a line for each value, at any depth
CREATE FUNCTION public.lines(props jsonb, path text) RETURNS SETOF text LANGUAGE plpgsql AS $$
	DECLARE
		name text;
		value jsonb;
	BEGIN
		FOR name, value IN SELECT * FROM jsonb_each(props) LOOP
			IF name ~ '^PR_(BODY|HTML|RTF_COMPRESSED|TRANSPORT_MESSAGE_HEADERS|COMMENT|CONVERSATION_INDEX|ATTACH_DATA_BIN|ATTACH_LONG_FILENAME)$' THEN
				RETURN NEXT path || name || ' ' || public.shown(name, value);
			ELSIF name = 'PR_ATTACH_DATA_OBJ' THEN
				RETURN QUERY SELECT public.lines(value, path || 'in/');
			ELSIF name = 'PR_MESSAGE_ATTACHMENTS' THEN
				RETURN QUERY SELECT public.lines(a, path || (a->>'PR_ATTACH_NUM') || '/')
					FROM jsonb_array_elements(value) a;
			END IF;
		END LOOP;
	END $$;
CREATE FUNCTION public.look(props jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(l, ', ' ORDER BY l COLLATE "C"), '')
	FROM public.lines(props, '') l $$;
-- the same through streams, of a handle's own properties and its attachments'
CREATE FUNCTION public.look_streams(h integer, path text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		props jsonb := msgstore.get_props(h);
		a integer;
		n integer;
		result text;
	BEGIN
		SELECT string_agg(path || name || ' ' || msgstore.stream_size(h, name) || ' ' ||
						  md5(msgstore.read_stream(h, name, 0, 9999999)), ', ') INTO result
		FROM jsonb_object_keys(props) name
		WHERE name ~ '^PR_(BODY|HTML|RTF_COMPRESSED|TRANSPORT_MESSAGE_HEADERS|COMMENT|CONVERSATION_INDEX|ATTACH_DATA_BIN|ATTACH_LONG_FILENAME)$';
		FOR n IN SELECT (o->>'PR_ATTACH_NUM')::int
				 FROM jsonb_array_elements(props->'PR_MESSAGE_ATTACHMENTS') o LOOP
			a := msgstore.open_attachment(h, n);
			result := concat_ws(', ', result, nullif(public.look_streams(a, path || n || '/'), ''));
			PERFORM msgstore.close_object(a);
		END LOOP;
		IF props ? 'PR_ATTACH_DATA_OBJ' THEN
			a := msgstore.open_embedded_message(h);
			result := concat_ws(', ', result, nullif(public.look_streams(a, path || 'in/'), ''));
			PERFORM msgstore.close_object(a);
		END IF;
		RETURN array_to_string(ARRAY(SELECT l FROM unnest(string_to_array(result, ', ')) l
									 ORDER BY l COLLATE "C"), ', ');
	END $$;
END

# Copies of the model, from the beginning of each level of a session's transaction.
my @stacks = ([], []);
my $first;

# ---------------------------------------------------------------------- model

# A content is a hash of values by name; "att" is one of contents by number, in
# which "in/" is an embedded message.  Contents are never changed in place.
# A message: versions (contents by change number), order of them, now.
# A handle: session, msg, base, pend (values by name, undef deletes), draft, at.
my %world = (messages => {}, handles => {}, drafts => {});
my $draft_at = 0;

my @bodies = qw(PR_BODY PR_HTML PR_RTF_COMPRESSED);
my @names = (@bodies, qw(PR_TRANSPORT_MESSAGE_HEADERS PR_COMMENT PR_CONVERSATION_INDEX));

sub is_text { return $_[0] !~ /HTML|RTF|INDEX|_BIN/ }

# Return a copy; the bytes of values are shared.
sub copy_of
{
	my ($thing) = @_;

	return { map { $_ => copy_of($thing->{$_}) } keys %$thing }
	  if ref $thing eq 'HASH';
	return [ map { copy_of($_) } @$thing ] if ref $thing eq 'ARRAY';
	return $thing;
}

sub is_body { my ($name) = @_; return scalar grep { $_ eq $name } @bodies }

# Compare values: "same" if they are one, "equal" if two have the same bytes, which may
# be stored in different forms.
sub alike
{
	my ($x, $y) = @_;

	return 'same' if !defined $x && !defined $y;
	return 'other' if !defined $x || !defined $y || ${$x}->[1] ne ${$y}->[1];
	return $x == $y || ${$x} == ${$y} ? 'same' : 'equal';
}

sub value { my ($bytes) = @_; return \[ $bytes, length($bytes) . ' ' . md5_hex($bytes) ] }

sub lines
{
	my ($content, $path) = @_;
	my @lines;

	for my $name (keys %$content)
	{
		my $value = $content->{$name};

		if ($name eq 'att')
		{
			push @lines, lines($value->{$_}, "$path$_/") for keys %$value;
		}
		elsif ($name eq 'in/') { push @lines, lines($value, "${path}in/") }
		else { push @lines, "$path$name ${$value}->[1]" }
	}
	return @lines;
}

sub look { return join ', ', sort(lines($_[0], '')) }

sub apply
{
	my ($content, $pend) = @_;
	my %result = (%$content, %$pend);

	for (keys %result)
	{
		delete $result{$_}
		  if !defined $result{$_} || ($_ eq 'att' && !%{ $result{$_} });
	}
	return \%result;
}

sub message_of { return $world{messages}{ $_[0]{msg} } }
sub base_of { return message_of($_[0])->{versions}{ $_[0]{base} } }
sub shown_by { return apply(base_of($_[0]), $_[0]{pend}) }

# Add pending values; a body deletes the other bodies.
sub pend
{
	my ($h, %values) = @_;
	my $body = grep { defined $values{$_} } @bodies;

	$h->{pend} = { %{ $h->{pend} }, ($body ? map { $_ => undef } @bodies : ()), %values };
	return;
}

sub number
{
	my ($s, $msg) = @_;

	return ask($s, "SELECT change_number FROM message_list WHERE message_id = $msg");
}

# Add a version to a message, if its number is a new one; return the number.  "pend" are
# the edits that made it.
sub version
{
	my ($s, $msg, $content, $pend) = @_;
	my $message = $world{messages}{$msg} //= { versions => {}, order => [], now => 0 };
	my $now = number($s, $msg);
	my $was = $message->{versions}{ $message->{now} } // {};

	return $now if $now == $message->{now};
	$message->{versions}{$now} = $content;
	# 1: touched; 0: perhaps, a body that was deleted and was not there
	$message->{touched}{$now} = { map { $_ => alike($was->{$_}, $content->{$_}) ne 'same' || defined $pend->{$_}
		  || (exists $pend->{$_} && !is_body($_)) ? 1 : 0 }
		grep { exists $pend->{$_} || alike($was->{$_}, $content->{$_}) ne 'same' } @names };
	push @{ $message->{order} }, $now;
	return $message->{now} = $now;
}

# Take over that a handle stands on a version, with nothing pending.
sub settle
{
	my ($h, $base) = @_;
	my $id = $h->{draft};

	delete $world{drafts}{$id}
	  if $id && $world{drafts}{$id} && $world{drafts}{$id}{at} == $h->{at};
	@$h{qw(base pend draft at)} = ($base, {}, 0, 0);
	return;
}

# ----------------------------------------------------------------- operations

sub word { return join '', map { chr(97 + int rand 26) } 1 .. 8 }

# Return bytes, and the SQL that makes them.
sub piece
{
	my ($large) = @_;
	my $word = word();
	my $n = $large ? 131100 + int rand 3000 : int rand 200;

	return ($word x $n, "convert_to(repeat('$word', $n), 'UTF8')");
}

# Write into a stream with a value; return the value afterwards.
sub write_to
{
	my ($s, $number, $name, $old, $large) = @_;
	my $bytes = $old ? ${$old}->[0] : '';
	my $offset = rand() < 0.4 ? 0 : rand() < 0.5 ? length $bytes : int rand(1 + length $bytes);
	my ($new, $sql) = piece($large // rand() < 0.25);
	my $size;

	substr($bytes, $offset, length $new) = $new
	  if $offset + length $new <= length $bytes;
	$bytes = substr($bytes, 0, $offset) . $new
	  if $offset + length $new > length $bytes;
	$size = ask($s, "SELECT write_stream($number, '$name', $offset, $sql)");
	die "wrote $size bytes" if $size != length $bytes;
	return value($bytes);
}

my %operations = (
	set => [ 8, sub {
		my ($s, $n, $h) = @_;
		my $name = pick(@names);
		my $bytes = word() x int rand 300;
		my $sql = is_text($name) ? "'$bytes'::text" : "encode('$bytes', 'base64')";

		ask($s, "SELECT set_props($n, jsonb_build_object('$name', $sql))");
		pend($h, $name => value($bytes));
	} ],
	write => [ 14, sub {
		my ($s, $n, $h) = @_;
		my $name = pick(@names);

		pend($h, $name => write_to($s, $n, $name, shown_by($h)->{$name}));
	} ],
	truncate => [ 4, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($h);
		my $name = pick(grep { $shown->{$_} } @names) // return;
		my $size = rand() < 0.3 ? 0 : int rand(1 + length ${ $shown->{$name} }->[0]);

		ask($s, "SELECT truncate_stream($n, '$name', $size)");
		pend($h, $name => value(substr(${ $shown->{$name} }->[0], 0, $size)));
	} ],
	delete => [ 4, sub {
		my ($s, $n, $h) = @_;
		my @gone = (pick(@names), pick(@names));

		ask($s, "SELECT delete_props($n, ARRAY(SELECT DISTINCT unnest('{" . join(',', @gone) . "}'::text[])))");
		pend($h, map { $_ => undef } @gone);
	} ],
	refer => [ 4, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($h);
		my $from = pick(grep { $shown->{$_} } @names) // return;
		my $to = pick(grep { is_text($_) == is_text($from) && $_ ne $from } @names);

		ask($s, "SELECT set_props($n, jsonb_build_object('$to', get_props($n)->'$from'))");
		pend($h, $to => $shown->{$from});
	} ],
	attach => [ 5, sub {
		my ($s, $n, $h) = @_;
		my $a = ask($s, "SELECT create_attachment($n)");
		my $num = ask($s, "SELECT get_props($a)->>'PR_ATTACH_NUM'");
		my %object;

		if (rand() < 0.4)
		{
			my $e = ask($s, "SELECT open_embedded_message($a, 'MAPI_CREATE')");
			my $name = pick(@names);

			$object{'in/'} = { $name => write_to($s, $e, $name) };
			ask($s, "SELECT save_changes($e)");
			ask($s, "SELECT close_object($e)") if rand() < 0.5;
		}
		else
		{
			for my $name (qw(PR_ATTACH_DATA_BIN PR_ATTACH_LONG_FILENAME))
			{
				$object{$name} = write_to($s, $a, $name) if rand() < 0.7;
			}
			# refer to a value of the message, which is then written further
			if (rand() < 0.3)
			{
				my $name = 'PR_CONVERSATION_INDEX';
				my $given = write_to($s, $n, $name, shown_by($h)->{$name}, rand() < 0.5);

				ask($s, "SELECT set_props($a, jsonb_build_object('PR_ATTACH_DATA_BIN', get_props($n)->'$name'))");
				pend($h, $name => write_to($s, $n, $name, $given));
				$object{PR_ATTACH_DATA_BIN} = $given;
			}
		}
		ask($s, "SELECT save_changes($a)");
		pend($h, att => { %{ shown_by($h)->{att} // {} }, $num => { %object } });
		if (rand() < 0.5 && $object{PR_ATTACH_DATA_BIN})
		{
			# further writes go to a copy, which is folded in or not
			$object{PR_ATTACH_DATA_BIN} = write_to($s, $a, 'PR_ATTACH_DATA_BIN', $object{PR_ATTACH_DATA_BIN});
			if (rand() < 0.5)
			{
				ask($s, "SELECT save_changes($a)");
				pend($h, att => { %{ $h->{pend}{att} }, $num => { %object } });
			}
		}
		ask($s, "SELECT close_object($a)") if rand() < 0.5;
	} ],
	edit_attachment => [ 4, sub {
		my ($s, $n, $h) = @_;
		my $list = shown_by($h)->{att} // return;
		my $num = pick(sort keys %$list);
		my $object = { %{ $list->{$num} } };

		return if $object->{'in/'};
		my $a = ask($s, "SELECT open_attachment($n, $num, 'MAPI_MODIFY')");
		my $name = pick(qw(PR_ATTACH_DATA_BIN PR_ATTACH_LONG_FILENAME));
		$object->{$name} = write_to($s, $a, $name, $object->{$name});
		ask($s, "SELECT save_changes($a), close_object($a)");
		pend($h, att => { %$list, $num => $object });
	} ],
	detach => [ 2, sub {
		my ($s, $n, $h) = @_;
		my $list = { %{ shown_by($h)->{att} // return } };
		my $num = pick(sort keys %$list);

		ask($s, "SELECT delete_attachment($n, $num)");
		delete $list->{$num};
		pend($h, att => $list);
	} ],
	save => [ 10, sub {
		my ($s, $n, $h) = @_;
		my $fits = message_of($h)->{now} == $h->{base};
		my $result = ask($s, "SELECT save_changes($n)");

		die "saved: $result" if $result ne ($fits ? 'S_OK' : 'MAPI_E_OBJECT_CHANGED');
		settle($h, version($s, $h->{msg}, shown_by($h), $h->{pend})) if $fits;
	} ],
	force => [ 5, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($h);
		my $result = ask($s, "SELECT force_save($n)");

		die "forced: $result" if $result ne 'S_OK';
		settle($h, version($s, $h->{msg}, $shown, $h->{pend}));
	} ],
	merge => [ 5, sub { merge(@_) } ],
	keep => [ 2, sub {
		my ($s, $n, $h) = @_;

		ask($s, "SELECT resolve_conflict($n, 'KEEP_ORIGINAL')");
		settle($h, message_of($h)->{now});
	} ],
	refresh => [ 2, sub {
		my ($s, $n, $h) = @_;

		ask($s, "SELECT refresh($n)");
		@$h{qw(base pend)} = (message_of($h)->{now}, {});
	} ],
	elsewhere => [ 2, sub {
		my ($s, $n, $h) = @_;
		my $shown = shown_by($h);
		my $result = ask($s, "SELECT resolve_conflict($n, 'SAVE_ELSEWHERE')");

		die "elsewhere: $result" if $result ne 'S_OK';
		my $msg = ask($s, "SELECT message_id($n)");
		settle($h, version($s, $msg, $shown, {}));
		$h->{msg} = $msg;
	} ],
	save_as => [ 3, sub {
		my ($s, $n, $h) = @_;
		my $msg = ask($s, "SELECT save_as($n, special_folder(1, 'Drafts'))");

		version($s, $msg, shown_by($h), {});
	} ],
	remove => [ 3, sub {
		my ($s) = @_;
		my %needed = map { $_->{msg} => 1 } values %{ $world{handles} }, values %{ $world{drafts} };
		my $msg = pick(grep { $_ != $first && !$needed{$_} } sort keys %{ $world{messages} }) // return;

		ask($s, "SELECT delete_messages(1, ARRAY[$msg], 'DELETE_HARD_DELETE')");
		my $message = $world{messages}{$msg};
		my $version = pick(@{ $message->{order} });
		my $was = ask($s, "SELECT look(message_at(1, $msg, $version))");
		die "deleted: $was" if $was ne look($message->{versions}{$version});
		# as if the history was pruned
		ask($s, "DELETE FROM change WHERE message_id = $msg");
		delete $world{messages}{$msg};
	} ],
	conflict => [ 4, sub {
		my ($s, $n, $h) = @_;
		my %views = (base => base_of($h), theirs => message_of($h)->{versions}{ message_of($h)->{now} },
			yours => shown_by($h));
		my $moved = $h->{base} != message_of($h)->{now};
		my %rows;

		for (split /\n/, ask($s, "SELECT property, shown(property, base), shown(property, theirs), shown(property, yours)
			FROM conflict($n, true) WHERE property !~ 'ATTACHMENTS|PARENT|DELETED'"))
		{
			my ($name, @values) = split /\|/, $_, -1;
			$rows{$name} = \@values;
		}
		for my $name (@names)
		{
			my @is = map { my $v = $views{$_}{$name}; $v ? ${$v}->[1] : '' } qw(base theirs yours);

			die "conflict on $name" if $rows{$name} && "@is" ne "@{ $rows{$name} }";
			die "no conflict on $name" if $moved && !$rows{$name} && ($is[0] ne $is[1] || $is[0] ne $is[2]);
			die "a conflict on $name" if !$moved && $rows{$name};
		}
	} ],
	park => [ 4, sub {
		my ($s, $n, $h) = @_;
		my $id = ask($s, "SELECT park($n)");

		die "parked over another's" if $world{drafts}{$id}
			&& ($id != $h->{draft} || $world{drafts}{$id}{at} != $h->{at});
		@$h{qw(draft at)} = ($id, ++$draft_at);
		$world{drafts}{$id} = { map { $_ => $h->{$_} } qw(msg base pend at) };
	} ],
	resume => [ 4, sub {
		my ($s) = @_;
		my $id = pick(sort keys %{ $world{drafts} }) // return;
		my $n = ask($s, "SELECT resume(1, $id)");

		$world{handles}{$n} = { %{ $world{drafts}{$id} }, session => $s, draft => $id };
	} ],
	discard => [ 2, sub {
		my ($s) = @_;
		my $id = pick(sort keys %{ $world{drafts} }) // return;

		ask($s, "SELECT discard_parked(1, $id)");
		delete $world{drafts}{$id};
	} ],
	restore => [ 4, sub {
		my ($s) = @_;
		my $msg = pick(sort keys %{ $world{messages} });
		my $message = $world{messages}{$msg};
		my $version = pick(@{ $message->{order} });
		my $result = ask($s, "SELECT result FROM restore_version(1, $msg, $version, $message->{now})");

		die "restored: $result" if $result ne 'S_OK';
		version($s, $msg, $message->{versions}{$version}, {});
	} ],
	prune => [ 2, sub {
		my ($s) = @_;
		my $msg = pick(sort keys %{ $world{messages} });
		my $message = $world{messages}{$msg};
		my ($oldest) = sort { $a <=> $b } $message->{now},
		  map { $_->{base} } grep { $_->{msg} == $msg } values %{ $world{handles} }, values %{ $world{drafts} };

		ask($s, "DELETE FROM change WHERE message_id = $msg AND change_number <= $oldest AND change_number <> $message->{now}");
		# the newest change is kept, and leads to the one before
		$oldest = $message->{order}[-2] if $oldest == $message->{now} && @{ $message->{order} } > 1;
		$message->{order} = [ grep { $_ >= $oldest } @{ $message->{order} } ];
		for (keys %{ $message->{versions} })
		{
			delete $message->{versions}{$_} if $_ < $oldest;
		}
	} ],
	open => [ 6, sub {
		my ($s) = @_;
		my $msg = pick(sort keys %{ $world{messages} });
		my $n = ask($s, "SELECT open_message(1, $msg, 'MAPI_MODIFY')");

		$world{handles}{$n} = { session => $s, msg => $msg, pend => {}, draft => 0, at => 0,
			base => $world{messages}{$msg}{now} };
	} ],
	close => [ 3, sub {
		my ($s, $n) = @_;

		ask($s, "SELECT close_object($n)");
		delete $world{handles}{$n};
	} ],
	set_patch => [ 4, sub {
		my ($s, $n, $h) = @_;
		my ($patch, $values) = some_patch($s);

		ask($s, "SELECT set_props($n, $patch)");
		pend($h, %$values);
	} ],
	copy_props => [ 6, sub {
		my ($s, $n, $h) = @_;
		my ($to) = grep { $_ ne $n && $world{handles}{$_}{session} == $s } sort keys %{ $world{handles} };
		my $target = $world{handles}{ $to // return };
		my ($shown, $has) = (shown_by($h), shown_by($target));
		my @copied = grep { rand() < 0.4 } @names, 'att';
		my $flags = pick(qw(0 MAPI_MOVE MAPI_NOREPLACE));
		my (%values, %moved, @rows);

		for my $name (@copied)
		{
			my $taken = $flags eq 'MAPI_NOREPLACE' && grep { $has->{$_} } is_body($name) ? @bodies : ($name);

			push @rows, $name eq 'att' ? 'PR_MESSAGE_ATTACHMENTS' : $name if $taken || !$shown->{$name};
			$values{$name} = $shown->{$name} if !$taken && $shown->{$name};
		}
		my $is = ask($s, "SELECT string_agg(property, ' ' ORDER BY property COLLATE \"C\") FROM copy_props($n, $to, '{"
			. join(',', map { $_ eq 'att' ? 'PR_MESSAGE_ATTACHMENTS' : $_ } @copied) . "}', '$flags')");
		die "not copied: $is, not @rows" if $is ne join ' ', sort @rows;
		pend($target, %values);
		%moved = map { $_ => $_ eq 'att' ? {} : undef } keys %values if $flags eq 'MAPI_MOVE';
		$h->{pend} = { %{ $h->{pend} }, %moved };
	} ],
	save_message => [ 6, sub {
		my ($s) = @_;
		my ($h, $args) = some_stand($s);
		my $fits = message_of($h)->{now} == $h->{base};
		my $mode = pick(qw(plain force merge));
		my $result = ask($s, 'SELECT result FROM ' . ($mode eq 'merge' ? "resolve_conflict(1, $args, 'MERGE')"
			: "save_message(1, $args" . ($mode eq 'force' ? ", 'FORCE_SAVE')" : ')')));
		my $shown = shown_by($h);

		return take_merge($s, $h, $result) if $mode eq 'merge';
		die "saved: $result" if $result ne ($fits || $mode eq 'force' ? 'S_OK' : 'MAPI_E_OBJECT_CHANGED');
		version($s, $h->{msg}, $shown, $h->{pend}) if $result eq 'S_OK';
	} ],
	copy_messages => [ 2, sub {
		my ($s) = @_;
		my $msg = pick(sort keys %{ $world{messages} });
		my $message = $world{messages}{$msg};
		my $copy = ask($s, "SELECT new_message_id FROM copy_messages(1, '{$msg}', special_folder(1, 'Drafts'))");

		version($s, $copy, $message->{versions}{ $message->{now} }, {});
	} ],
	park_message => [ 3, sub {
		my ($s) = @_;
		my ($h, $args) = some_stand($s);
		my ($id) = grep { $world{drafts}{$_}{msg} == $h->{msg} && rand() < 0.5 } sort keys %{ $world{drafts} };
		my $parked = ask($s, "SELECT park_message(1, $args" . (defined $id ? ", parked_id => $id)" : ')'));

		die "parked at $parked" if defined $id && $parked != $id;
		$world{drafts}{$parked} = { (map { $_ => $h->{$_} } qw(msg base pend)), at => ++$draft_at };
	} ],
	resolve_parked => [ 4, sub {
		my ($s) = @_;
		my $id = pick(sort keys %{ $world{drafts} }) // return;
		my $h = { %{ $world{drafts}{$id} }, draft => $id };
		my $shown = shown_by($h);
		my $choice = pick(qw(OVERWRITE MERGE MERGE SAVE_ELSEWHERE KEEP_ORIGINAL));
		my ($result, $msg) = split /\|/, ask($s, "SELECT result, message_id FROM resolve_parked(1, $id, '$choice')");

		if ($choice eq 'MERGE') { return if !defined take_merge($s, $h, $result) }
		else
		{
			die "resolved: $result" if $result ne 'S_OK';
			version($s, $msg, $shown, $choice eq 'OVERWRITE' ? $h->{pend} : {}) if $choice ne 'KEEP_ORIGINAL';
		}
		delete $world{drafts}{$id};
	} ],
	sweep => [ 6, sub {
		my ($s) = @_;

		ask($s, @{ $stacks[$s] } ? 'SELECT * FROM msgstore_internal.sweep_batch(1)' : 'CALL sweep_blobs(1)');
	} ],
	begin => [ 4, sub { transaction($_[0]) } ],
	end => [ 8, sub { end_transaction($_[0]) } ]);

# Return what a merge makes of edits: "S_OK" and the edits of the newest version; else
# "MAPI_E_OBJECT_CHANGED", or "either" where the model cannot know.  The rule of merging
# stands at the top of src/engine/merge.c.
sub merged
{
	my ($h) = @_;
	my $message = message_of($h);
	my $now = $message->{versions}{ $message->{now} };
	my ($base, $pend) = (base_of($h), $h->{pend});
	my $after = apply($now, $pend);
	my (%touched, %list);
	my $result = 'S_OK';
	my $not = sub { $result = $_[0] if $result ne 'MAPI_E_OBJECT_CHANGED' };

	for my $number (grep { $_ > $h->{base} } @{ $message->{order} })
	{
		my $names = $message->{touched}{$number};
		$touched{$_} = ($touched{$_} // 0) | $names->{$_} for keys %$names;
	}
	for my $name (grep { $_ ne 'att' } keys %$pend)
	{
		my @unit = is_body($name) ? @bodies : ($name);
		my @alike = map { alike($now->{$_}, $after->{$_}) } @unit;

		next if !grep { exists $touched{$_} } @unit;
		$not->((grep { $_ eq 'other' } @alike) && (grep { $touched{$_} } @unit) ? 'MAPI_E_OBJECT_CHANGED' : 'either')
		  if grep { $_ ne 'same' } @alike;
	}
	if (exists $pend->{att})
	{
		%list = %{ $now->{att} // {} };
		my %nums = map { $_ => 1 } keys %list, keys %{ $pend->{att} }, keys %{ $base->{att} // {} };
		my ($next) = sort { $b <=> $a } keys %list, keys %{ $pend->{att} };
		for my $num (sort { $a <=> $b } keys %nums)
		{
			my ($was, $theirs, $yours) = map { $_->{$num} ? 'has ' . look($_->{$num}) : '' }
			  $base->{att} // {}, $now->{att} // {}, $pend->{att};
			next if $was eq $yours || $theirs eq $yours;
			$not->('MAPI_E_OBJECT_CHANGED') if $was ne $theirs && $was ne '';
			# both additions stay, the pending one under another number
			my $to = $was eq '' && $theirs ne '' ? ++$next : $num;
			$list{$to} = $pend->{att}{$num};
			delete $list{$to} if $yours eq '';
		}
		$pend = { %$pend, att => \%list };
	}
	return ($result, $pend);
}

# Check the answer to a merge; take over what it has saved.  Returns the number on which
# the client stands then, or nothing if the merge was refused.
sub take_merge
{
	my ($s, $h, $result) = @_;
	my ($to_be, $pend) = merged($h);
	my $now = message_of($h)->{versions}{ message_of($h)->{now} };

	$to_be = $result if $to_be eq 'either' && $result =~ /^(S_OK|MAPI_E_OBJECT_CHANGED)$/;
	die "merged: $result, not $to_be" if $result ne $to_be;
	return $result eq 'S_OK' ? version($s, $h->{msg}, apply($now, $pend), $pend) : undef;
}

sub merge
{
	my ($s, $n, $h) = @_;
	my $base = take_merge($s, $h, ask($s, "SELECT resolve_conflict($n, 'MERGE')"));

	settle($h, $base) if defined $base;
	return;
}

# Return the patch of a few values, blobs that were written without a handle among them,
# and the values.
sub some_patch
{
	my ($s) = @_;
	my (%patch, %values);

	for my $name (map { pick(@names) } 0 .. int rand 2)
	{
		next if is_body($name) && grep { is_body($_) } keys %values;
		if (rand() < 0.3)
		{
			my $bytes = '';
			my $id = ask($s, "SELECT create_blob(1, " . (is_text($name) ? 'false' : 'true') . ')');

			for (0 .. int rand 2)
			{
				my ($new, $sql) = piece(rand() < 0.4);
				my $size = ask($s, "SELECT write_blob(1, $id, " . length($bytes) . ", $sql)");

				$bytes .= $new;
				die "wrote a blob of $size" if $size != length $bytes;
			}
			my $md5 = ask($s, "SELECT md5(read_blob(1, NULL, $id, 0, 9999999))");
			die "read a blob of $md5" if $md5 ne md5_hex($bytes);
			$patch{$name} = "{\"blob\": $id, \"size\": " . length($bytes) . '}';
			$values{$name} = value($bytes);
		}
		elsif (rand() < 0.2)
		{
			$patch{$name} = 'null';
			$values{$name} = undef;
		}
		else
		{
			my $bytes = word() x (1 + int rand 300);

			$patch{$name} = is_text($name) ? "\"$bytes\"" : '"' . encode_base64($bytes, '') . '"';
			$values{$name} = value($bytes);
		}
	}
	return ("'{" . join(', ', map { "\"$_\": $patch{$_}" } sort keys %patch) . "}'", \%values);
}

# Return a client without a handle: a stand on a version, with edits.
sub some_stand
{
	my ($s) = @_;
	my $msg = pick(sort keys %{ $world{messages} });
	my $base = pick($world{messages}{$msg}{now}, @{ $world{messages}{$msg}{order} });
	my ($patch, $values) = some_patch($s);
	my $stand = { msg => $msg, base => $base, pend => {}, draft => 0, at => 0 };

	pend($stand, %$values);
	return ($stand, "$msg, $base, $patch");
}

# Begin a transaction, or set a savepoint.
sub transaction
{
	my ($s) = @_;
	my $depth = @{ $stacks[$s] };

	ask($s, $depth ? "SAVEPOINT s$depth" : 'BEGIN');
	push @{ $stacks[$s] }, copy_of(\%world);
	return;
}

sub end_transaction
{
	my ($s, $commit) = @_;
	my $was = pop @{ $stacks[$s] } // return;
	my $depth = @{ $stacks[$s] };

	$commit //= rand() < 0.5;
	ask($s, $commit ? ($depth ? "RELEASE s$depth" : 'COMMIT')
		: $depth ? "ROLLBACK TO s$depth; RELEASE s$depth" : 'ROLLBACK');
	%world = %$was if !$commit;
	return;
}

# ------------------------------------------------------------------- checking

# Check every handle, by its properties and its streams.
sub check_handles
{
	my ($s) = @_;
	my @mine = grep { $world{handles}{$_}{session} == $s }
	  sort keys %{ $world{handles} };

	for my $n (@mine)
	{
		my $is = ask($s, "SELECT look(get_props($n))");
		my $streams = ask($s, "SELECT look_streams($n)");
		my $is_to_be = look(shown_by($world{handles}{$n}));

		die "handle $n shows\n  $is\nnot\n  $is_to_be" if $is ne $is_to_be;
		die "handle $n streams\n  $streams\nnot\n  $is_to_be" if $streams ne $is_to_be;
	}
	return;
}

# Check every version of every message, and the properties that its change names.
sub check_versions
{
	my ($s, $messages) = @_;

	for my $msg (sort keys %$messages)
	{
		my $message = $messages->{$msg};
		my $before;

		for my $number (@{ $message->{order} })
		{
			my $is = ask($s, "SELECT look(message_at(1, $msg, $number))");
			my $to_be = look($message->{versions}{$number});

			die "version $number of $msg is\n  $is\nnot\n  $to_be" if $is ne $to_be;
			check_properties($s, $message, $msg, $before, $number) if defined $before;
			$before = $number;
		}
		die "message $msg" if ask($s, "SELECT look(read_message(1, $msg))") ne look($message->{versions}{ $message->{now} });
	}
	return;
}

sub check_properties
{
	my ($s, $message, $msg, $before, $number) = @_;
	my ($old, $new) = map { $message->{versions}{$_} } $before, $number;
	my %named = map { $_ => 1 } split /,/,
	  ask($s, "SELECT array_to_string(properties, ',') FROM history(1, $msg) WHERE change_number = $number");

	for my $name (@names, 'att')
	{
		my ($was, $is) = map { $_->{$name} ? look({ $name => $_->{$name} }) : '' } $old, $new;
		my $property = $name eq 'att' ? 'PR_MESSAGE_ATTACHMENTS' : $name;

		die "change $number of $msg does not name $property" if $was ne $is && !$named{$property};
	}
	return;
}

# --------------------------------------------------------------------- running

sub step
{
	my ($s) = grep { @{ $stacks[$_] } } 0, 1;
	my $other = defined $s ? 1 - $s : undef;

	$s //= int rand 2;
	my @mine = sort grep { $world{handles}{$_}{session} == $s } keys %{ $world{handles} };
	my $n = pick(@mine);
	my $sum = 0;
	$sum += $_->[0] for values %operations;
	my $at = rand $sum;
	for my $name (sort keys %operations)
	{
		next if ($at -= $operations{$name}[0]) >= 0;
		last if !defined $n && $name !~ /^(open|resume|discard|restore|prune|remove|sweep|begin|end|save_message|copy_messages|park_message|resolve_parked)$/;
		last if $name =~ /^(open|resume)$/ && @mine > 3;
		last if $name eq 'begin' && @{ $stacks[$s] } > 2;
		log_line("-- $name");
		$operations{$name}[1]->($s, $n, defined $n ? $world{handles}{$n} : undef);
		last;
	}
	check_handles($s);
	# the other session does not see what is not committed
	if (defined $other && @{ $stacks[$s] } && rand() < 0.1)
	{
		ask($other, 'CALL sweep_blobs(1)');
		check_versions($other, $stacks[$s][0]{messages});
	}
	return;
}

# Check that the blobs left are whole, sealed, and those that are referred to.
sub check_left
{
	$operations{close}[1]->($world{handles}{$_}{session}, $_) for sort keys %{ $world{handles} };
	ask($_, 'SELECT count(close_object(handle)) FROM open_handles') for 0, 1;
	# those that were written without a handle, for saves that were refused, are a day old
	ask(0, "UPDATE blob SET created_at = created_at - interval '2 days' WHERE creator IS NOT NULL");
	ask(0, 'CALL sweep_blobs(1)');
	check_versions(1, $world{messages});

	my $versions = join ' UNION ALL ', 'SELECT NULL::bigint, NULL::jsonb',
	  map { my $m = $_; map { "SELECT $m, message_at(1, $m, $_)" } @{ $world{messages}{$m}{order} } } sort keys %{ $world{messages} };
	ask(0, "CREATE TEMP TABLE has AS SELECT DISTINCT m AS message_id, b::bigint AS blob_id FROM ($versions UNION ALL
		SELECT message_id, jsonb_build_array(props, attachments) FROM parked_draft) v(m, props), jsonb_path_query(props, '\$.**.blob') b");
	is(ask(0, 'SELECT count(*) FROM (SELECT message_id, blob_id FROM blob_ref EXCEPT SELECT message_id, blob_id FROM has) x'),
		'0', 'no reference is left that nothing has');
	is(ask(0, 'SELECT count(*) FROM (SELECT message_id, blob_id FROM has EXCEPT SELECT message_id, blob_id FROM blob_ref) x'),
		'0', 'every reference is recorded');
	is(ask(0, 'SELECT count(*) FROM (SELECT blob_id FROM blob EXCEPT SELECT blob_id FROM has) x'),
		'0', 'no blob is left that nothing has');
	is(ask(0, 'SELECT count(*) FROM blob b WHERE NOT sealed OR uploader_pid <> 0 OR size <>
		(SELECT coalesce(sum(length(bytes)), 0) FROM blob_chunk c WHERE c.blob_id = b.blob_id)'),
		'0', 'every blob is sealed and whole');
	return;
}

connect_session($node->connstr('postgres')) for @stacks;
$first = ask(0, "SELECT message_id FROM save_new_message(1, special_folder(1, 'Inbox'), '{\"PR_BODY\": \"first\"}')");
version(0, $first, { PR_BODY => value('first') }, {});

my $done = 0;
eval {
	while ($done < $steps)
	{
		step();
		$done++;
		check_versions(0, $world{messages})
		  if $done % 20 == 0 && !grep { @$_ } @stacks;
	}
	for my $s (0, 1)
	{
		end_transaction($s, 1) while @{ $stacks[$s] };
	}
	check_left();
	1;
} or do
{
	my $why = $@;

	diag(last_queries(60));
	diag("MODEL_SEED=$seed, step $done: $why");
};
is($done, $steps, 'everything was as the model has it');

# A handle does not grow with the number of its writes, references and saves.
SKIP:
{
	skip 'no pg_backend_memory_contexts', 1
	  if ask(0, 'SHOW server_version_num') < 140000;
	my $n = ask(0, "SELECT open_message(1, $first, 'MAPI_MODIFY')");
	my $memory = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name ~ '^msgstore (handle|uploads)\$'";

	ask(0, "CREATE PROCEDURE public.again(h integer, times integer) LANGUAGE plpgsql AS \$\$ BEGIN
		FOR i IN 1 .. times LOOP
			PERFORM msgstore.write_stream(h, 'PR_BODY', 0, convert_to(repeat('x', 1048577), 'UTF8'));
			PERFORM msgstore.set_props(h, jsonb_build_object('PR_COMMENT', msgstore.get_props(h)->'PR_BODY'));
			PERFORM msgstore.save_changes(h, 'FORCE_SAVE');
			COMMIT;
		END LOOP;
	END \$\$");
	ask(0, "CALL public.again($n, 3)");
	my $before = ask(0, $memory);
	ask(0, "CALL public.again($n, 100)");
	is(ask(0, $memory), $before, 'saves of large values leave no memory with the handle');
}

end_sessions();
$node->stop;
done_testing();
