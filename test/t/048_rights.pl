# The matrix of rights: each call and view of the schema with each right, for a
# superuser, the owner of the store, a member of the owner, a role with these
# rights, and a stranger, on messages of its own and of others.
#
# data/rights.csv says what a call needs; a call or view that is not there fails
# this test, and so does a stale table in doc/reference.md.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use RightsTable qw(rights_rows rights_allow rights_exact %right);

my $top = "$FindBin::Bin/../..";
my @rows = rights_rows("$top/data/rights.csv");
my $node = PostgreSQL::Test::Cluster->new('rights');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');

is(system($^X, "$top/tools/rights-table", '--check'),
	0, 'the table in doc/reference.md is made from data/rights.csv');

# ------------------------------------------------------ the table is complete

my %known = map { $_->{call} => 1 } @rows;
my @calls = split /\n/, $node->safe_psql(
	'postgres', q{
	SELECT proname || '(' || coalesce((
			SELECT string_agg(name, ', ' ORDER BY n)
			FROM unnest(proargnames, coalesce(proargmodes::text[],
				array_fill('i'::text, ARRAY[pronargs::int])))
				WITH ORDINALITY AS a (name, mode, n)
			WHERE mode IN ('i', 'b')), '') || ')'
	FROM pg_proc WHERE pronamespace = 'msgstore'::regnamespace
	UNION ALL
	SELECT relname FROM pg_class
	WHERE relnamespace = 'msgstore'::regnamespace AND relkind = 'v'
	ORDER BY 1});
my %there = map { $_ => 1 } @calls;
is(join("\n", grep { !$known{$_} } @calls),
	'', 'every call and view is in data/rights.csv');
is(join("\n", grep { !$there{$_} } sort keys %known),
	'', 'data/rights.csv names calls and views that exist');

# Only the functions that need the privilege EXECUTE lack it for PUBLIC.
is_deeply(
	[
		split /\n/,
		$node->safe_psql(
			'postgres', q{
	SELECT DISTINCT proname FROM pg_proc
	WHERE pronamespace = 'msgstore'::regnamespace
	  AND NOT has_function_privilege('public', oid, 'EXECUTE') ORDER BY 1})
	],
	[ sort map { $_->{call} =~ /(\w+)/ } grep { $_->{needs} eq 'execute' }
		  @rows ],
	'functions without EXECUTE for PUBLIC');

# ---------------------------------------------------------------- the attempts

# attempt() makes the call "try" as a role whose rights in two folders are as
# given, or that has no grant at all if they are NULL, and returns the outcome:
# yes, nothing (an empty list), or the name of the failure.  The handles were
# opened and the drafts parked while the role had all rights.  Nothing of an
# attempt stays.
$node->safe_psql(
	'postgres', q{
	CREATE ROLE matrix_owner;
	CREATE ROLE matrix_member IN ROLE matrix_owner;
	CREATE ROLE matrix_role;
	CREATE ROLE matrix_group;
	CREATE ROLE matrix_grouped IN ROLE matrix_group;
	CREATE ROLE matrix_other;
	CREATE ROLE matrix_super SUPERUSER;
	SET search_path = msgstore;
	SELECT set_search(create_store('matrix', 'matrix_owner'), true);
	SELECT get_ids_from_names(1, '{PS_PUBLIC_STRINGS:known:PT_LONG}');
	CREATE SCHEMA matrix;
	GRANT USAGE ON SCHEMA matrix TO PUBLIC;
	CREATE VIEW matrix.change AS SELECT message_id, change_number FROM msgstore.change;
	GRANT SELECT ON matrix.change TO PUBLIC;

	CREATE FUNCTION matrix.become(role text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE format('SET LOCAL ROLE %s', role);
	END $$;

	CREATE FUNCTION matrix.attempt(role text, grantee text, rights integer,
								   own boolean, try text, target int)
	RETURNS text LANGUAGE plpgsql SET search_path = msgstore AS $$
	DECLARE
		s bigint := (SELECT store_id FROM store WHERE name = 'matrix');
		f bigint := (SELECT folder_id FROM folder WHERE store_id = s AND special = 'Inbox');
		t bigint := (SELECT folder_id FROM folder WHERE store_id = s AND special = 'Drafts');
		e bigint := (SELECT folder_id FROM folder WHERE store_id = s AND special = 'Outbox');
		m bigint;
		n bigint;
		x bigint;
		g bigint;
		p bigint;
		d bigint;
		r bigint;
		b bigint;
		o bigint;
		q bigint;
		h integer;
		a integer;
		c integer;
		result text;
	BEGIN
		PERFORM grant_folder(s, folder, member, 'OWNER')
		FROM unnest(ARRAY[f, t]) AS folder, unnest(ARRAY['matrix_other', role]) AS member;
		PERFORM matrix.become(CASE WHEN own THEN role ELSE 'matrix_other' END);
		SELECT message_id, change_number INTO m, n
		FROM save_new_message(s, f, '{"PR_SUBJECT": "m", "PR_BODY": "body",
			"PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 0, "PR_DISPLAY_NAME": "a",
										"PR_ATTACH_METHOD": 5}]}');
		IF try ~ ':[xg]\y' THEN
			SELECT message_id INTO x FROM save_new_message(s, f, '{}');
			SELECT message_id INTO g FROM save_new_message(s, f, '{}');
			PERFORM delete_messages(s, ARRAY[x]),
					delete_messages(s, ARRAY[g], 'DELETE_HARD_DELETE');
		END IF;
		IF try ~ ':[dr]\y' THEN
			d := create_folder(s, f, 'below');
			r := create_folder(s, f, 'deleted');
			PERFORM save_new_message(s, folder, '{}') FROM unnest(ARRAY[d, r]) AS folder;
		END IF;
		IF try ~ ':q\y' THEN
			q := create_search_folder(s, f, 'search', '{"and": []}', ARRAY[f]);
		END IF;
		IF try ~ ':o\y' THEN
			o := create_blob(s, false);
			SELECT saved.change_number INTO n FROM save_message(s, m, n, jsonb_build_object(
				'PR_BODY', jsonb_build_object('blob', o, 'size',
											  write_blob(s, o, 0, 'text')))) AS saved;
		END IF;
		IF try ~ 'outgoing_queue' THEN
			SELECT saved.change_number INTO n FROM save_message(s, m, n,
				'{"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "a"}]}') AS saved;
			PERFORM submit_message(s, m, n);
		END IF;
		IF try ~ 'merge_report' THEN
			PERFORM save_message(s, m, n, '{"PR_IMPORTANCE": 2}');
			SELECT saved.change_number INTO n
			FROM resolve_conflict(s, m, n, '{"PR_SENSITIVITY": 1}', 'MERGE') AS saved;
		END IF;

		PERFORM matrix.become(role);
		IF try ~ ':[hacp]\y' THEN
			h := open_message(s, m, 'MAPI_MODIFY');
			a := open_attachment(h, 0, 'MAPI_MODIFY');
			c := create_message(s, f);
			PERFORM set_props(h, '{"PR_SUBJECT": "pending"}');
			p := park(h);
		END IF;
		IF try ~ ':b\y' THEN
			b := create_blob(s);
			PERFORM write_blob(s, b, 0, 'bytes');
		END IF;

		PERFORM matrix.become('NONE');
		IF try ~ 'contested_messages' THEN
			INSERT INTO activity
			VALUES (s, m, pg_current_xact_id(), 0, 1, 0, 0, 0, 0, 0, 0, now());
		END IF;
		PERFORM revoke_folder(s, folder, role)
		FROM unnest(ARRAY[f, t, d, r, q]) AS folder WHERE folder IS NOT NULL;
		IF rights IS NOT NULL THEN
			PERFORM grant_folder(s, e, role, 'FOLDER_VISIBLE');
			PERFORM grant_folder(s, folder, grantee,
				CASE WHEN folder = t THEN coalesce(target, rights) ELSE rights END)
			FROM unnest(ARRAY[f, t, d, r, q]) AS folder WHERE folder IS NOT NULL;
		END IF;
		PERFORM delete_folder(s, r, 'DEL_MESSAGES') WHERE r IS NOT NULL;

		PERFORM matrix.become(role);
		try := replace(replace(replace(replace(try, ':s', s::text), ':f', f::text),
							   ':t', t::text), ':m', m::text);
		try := replace(replace(replace(try, ':n', n::text), ':h', coalesce(h, 0)::text),
					   ':a', coalesce(a, 0)::text);
		try := replace(replace(replace(replace(try, ':c', coalesce(c, 0)::text),
									   ':p', coalesce(p, 0)::text),
							   ':x', coalesce(x, 0)::text), ':g', coalesce(g, 0)::text);
		try := replace(replace(replace(replace(try, ':d', coalesce(d, 0)::text),
									   ':r', coalesce(r, 0)::text),
							   ':b', coalesce(b, 0)::text), ':o', coalesce(o, 0)::text);
		try := replace(try, ':q', coalesce(q, 0)::text);
		IF try ~ '^CALL' THEN
			EXECUTE try;
			result := 'done';
		ELSE
			EXECUTE try INTO result;
		END IF;
		RAISE EXCEPTION USING ERRCODE = 'MX000',
			MESSAGE = CASE WHEN result IS NULL THEN 'nothing'
						   WHEN result ~ '^MAPI_E_' THEN result ELSE 'yes' END;
	EXCEPTION
		WHEN SQLSTATE 'MX000' THEN RETURN sqlerrm;
		WHEN SQLSTATE 'MA005' THEN RETURN 'MAPI_E_NO_ACCESS';
		WHEN SQLSTATE 'MA10F' THEN RETURN 'MAPI_E_NOT_FOUND';
		-- the call was not allowed at all
		WHEN insufficient_privilege THEN RETURN 'no privilege';
		-- a procedure that was allowed gets to its first COMMIT, which fails here
		WHEN invalid_transaction_termination THEN RETURN 'yes';
		WHEN OTHERS THEN RETURN sqlstate || ' ' || sqlerrm;
	END $$});

# Return the rights with those that they imply.
sub complete
{
	my ($rights) = @_;

	$rights |= $right{EDIT_OWNED} if $rights & $right{EDIT_ANY};
	$rights |= $right{DELETE_OWNED} if $rights & $right{DELETE_ANY};
	$rights |= $right{FOLDER_VISIBLE}
	  if $rights & ($right{READ_ANY} | $right{FOLDER_OWNER});
	return $rights;
}

# Return a pattern for the outcome of a call that a role may not make.  A list is
# empty; a stranger may also be refused the store.  A folder
# that the role does not see, and whatever is in it, is not found; through a
# handle the role has seen the message, and may be told either.
sub denial
{
	my ($row, $rights) = @_;

	return 'no privilege' if $row->{needs} eq 'execute';
	return defined $rights ? 'nothing' : 'nothing|MAPI_E_NO_ACCESS'
	  if $row->{try} =~ /nullif/;
	return 'MAPI_E_NO_ACCESS'
	  if !defined $rights
	  || $rights & $right{FOLDER_VISIBLE}
	  || $row->{needs} =~ /^(?:owner|names|store)$/;
	return 'MAPI_E_NO_ACCESS|MAPI_E_NOT_FOUND' if $row->{try} =~ /:[hac]\b/;
	return 'MAPI_E_NOT_FOUND';
}

my $all = 0x7FB;
my @sets = (
	0, 0x402, 0x401, 0x413, 0x41B, 0x49B, 0x47B, 0x4FB, $all,
	# every right alone, in a folder that is seen and in one that is not
	(map { $_, $_ | $right{FOLDER_VISIBLE} }
		  sort { $a <=> $b } values %right));
my @attempts;

sub plan_attempt
{
	my ($row, $who, $role, $grantee, $rights, $own, $allowed, $target) = @_;

	push @attempts,
	  {
		name => "$row->{call}"
		  . ($row->{case} ne '' ? " ($row->{case})" : '')
		  . " by $who"
		  . ($own ? ' on a message of its own' : ''),
		sql => sprintf('(%d, %s, %s, %s, %s, $t$%s$t$, %s)',
			scalar @attempts, "'$role'",
			"'$grantee'", $rights // 'NULL::int',
			$own ? 'true' : 'false', $row->{try}, $target // 'NULL::int'),
		expected => $allowed ? 'yes' : denial($row, $rights)
	  };
}

for my $row (@rows)
{
	my $needs = $row->{needs};
	my $exact = rights_exact($needs);
	my %tried;

	for my $own (0, 1)
	{
		plan_attempt($row, 'a superuser', 'matrix_super', '', undef, $own, 1);
		plan_attempt($row, $_, "matrix_$_", '', undef, $own,
			$needs ne 'execute')
		  for qw(owner member);
		plan_attempt($row, 'a stranger', 'matrix_role', '', undef, $own,
			$needs eq 'nothing');
		for my $rights (@sets, $exact,
			($all & ~$exact) | $right{FOLDER_VISIBLE})
		{
			my $complete = complete($rights);

			next if $tried{"$own $rights"}++;
			plan_attempt($row, sprintf('a role with rights 0x%X', $rights),
				'matrix_role', 'matrix_role', $complete, $own,
				rights_allow($needs, $complete, $own));
		}
		plan_attempt(
			$row, 'a member of a role', 'matrix_grouped',
			'matrix_group', $exact, $own, rights_allow($needs, $exact, $own));
		plan_attempt($row, 'anybody', 'matrix_role', 'PUBLIC', $exact, $own,
			rights_allow($needs, $exact, $own));
	}
}

# A call from one folder into another: the rights that it needs in each of the two, and
# these rights in the wrong folder.
my %in_target = ('create' => $right{CREATE}, 'subfolder' => $right{CREATE_SUBFOLDER});
my $crossed = 0;
for my $row (grep { $_->{needs} =~ / and / && $_->{try} =~ /:t\b/ } @rows)
{
	my ($from, $into) = split / and /, $row->{needs};
	my $there = $in_target{$into} | $right{FOLDER_VISIBLE};
	my $here = complete(rights_exact($from));

	plan_attempt($row, 'a role with the rights of each folder', 'matrix_role',
		'matrix_role', $here, 0, 1, $there);
	plan_attempt($row, 'a role with the rights of the other folder',
		'matrix_role', 'matrix_role', $there, 0, 0, $here);
	$crossed++;
}
cmp_ok($crossed, '>', 5, 'calls from one folder into another');

my @outcomes;
while (@outcomes < @attempts)
{
	my $last = @outcomes + 499 < $#attempts ? @outcomes + 499 : $#attempts;
	my @part = @attempts[ @outcomes .. $last ];
	my $answer = $node->safe_psql('postgres',
		    'SELECT id, matrix.attempt(role, grantee, rights, own, try, target) FROM (VALUES '
		  . join(', ', map { $_->{sql} } @part)
		  . ') AS v (id, role, grantee, rights, own, try, target) ORDER BY id');

	push @outcomes, map { [ split /\|/, $_, 2 ] } split /\n/, $answer;
}
is(scalar @outcomes, scalar @attempts, 'every attempt has an outcome');
my @wrong;
for my $i (0 .. $#attempts)
{
	my $outcome = $outcomes[$i][1];

	push @wrong, "$attempts[$i]{name}: $outcome, not $attempts[$i]{expected}"
	  if $outcomes[$i][0] != $i
	  || $outcome !~ /^(?:$attempts[$i]{expected})$/;
}
is(scalar @wrong, 0, scalar(@attempts) . ' attempts have the right outcome');
diag($_) for @wrong[ 0 .. ($#wrong < 40 ? $#wrong : 39) ];

$node->stop;
done_testing();
