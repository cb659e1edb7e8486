
# No name in the project is looked up along search_path.  A schema of another
# role, and pg_temp, hold every function, operator, type and relation of
# PostgreSQL and of the extension under the same name.  Beside them a superuser
# installs the extension, reads every view, calls every function and procedure,
# uses every operator and cast, and runs the client: none of these objects runs.
# The names come from the catalogue; a function with an argument that the table
# of arguments does not have fails the test.  (Faults F1, of operators in views, and
# F11, of a type named record.)
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use SqlNames qw(unqualified);
use Test::More;
use Traps qw(traps core_traps);

my $node = PostgreSQL::Test::Cluster->new('hostile_names');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
my $dir = $node->basedir;
my $path = 'regress_hostile, pg_temp, pg_catalog';

# Run SQL in a session of its own; returns what it prints, and its errors.
sub run
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');

	open my $file, '>', "$dir/run.sql" or die "could not write: $!";
	print $file $sql;
	close $file or die "could not write: $!";
	IPC::Run::run(
		[ 'psql', '-XqAt', '-f', "$dir/run.sql", '-d', $node->connstr('postgres') ],
		'<', \undef, '>', \$out, '2>', \$err);
	$err =~ s/^psql:\S+: //mg;
	return ($out, $err);
}

# The names of traps in the log since the last call.
my $seen = 0;

sub sprung
{
	my $log = slurp_file($node->logfile);
	my @sprung = substr($log, $seen) =~ /LOG:  trap sprung: (.*)/g;

	$seen = length $log;
	return join "\n", @sprung;
}

# ------------------------------------------------------------- traps are laid

sub lay
{
	my ($schema, @more) = @_;
	my ($out, $err) =
	  run("SET ROLE regress_stranger; SET client_min_messages = error;\n"
		  . traps($node, 'postgres', $schema)
		  . join("\n", @more));

	$err =~ s/ERROR:  [^\n]* already exists[^\n]*\n//g;
	is($err, '', "traps are laid in $schema");
}

$node->safe_psql(
	'postgres', q{
	CREATE ROLE regress_stranger;
	CREATE SCHEMA regress_hostile AUTHORIZATION regress_stranger});
lay('regress_hostile');

# They are found in place of the objects of PostgreSQL.
foreach my $sql ('SELECT 1::bigint = 1::bigint', q{SELECT '{a}'::pg_catalog.text[] || '{b}'},
	q{SELECT 'a'::pg_catalog."char" IN ('b', 'c')}, 'SELECT now()',
	q{SELECT coalesce(NULL, 1) < 2}, 'SELECT count(1)', q{SELECT format('%s', 'x')},
	q{SELECT 'x'::text}, 'SELECT 1 FROM pg_class',
	q{DO $$ DECLARE r timestamptz := '2024-01-01'; BEGIN END $$})
{
	run("SET search_path = $path; $sql");
	like(sprung(), qr/./, "sprung by: $sql");
}

# ------------------------------------------------ the extension is installed

my ($out, $err) = run("SET search_path = $path; CREATE EXTENSION msgstore");
is($err, '', 'the extension is installed beside them');
is(sprung(), '', 'and runs none of them');
lay('regress_hostile');
is( $node->safe_psql(
		'postgres', q{
		SELECT pg_describe_object(m.classid, m.objid, m.objsubid),
			pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
		FROM pg_depend AS m
		JOIN pg_depend AS d ON d.classid = m.classid AND d.objid = m.objid,
			pg_identify_object(d.refclassid, d.refobjid, 0) AS i
		WHERE m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
		  AND m.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'msgstore')
		  AND (i.schema NOT LIKE 'msgstore%' OR i.type = 'schema'
			AND i.name NOT LIKE 'msgstore%')}),
	'',
	'no member of it depends on anything of others');

# -------------------------------------------------------- definitions

# PostgreSQL prints the schema of a name that search_path would find elsewhere.
my %definitions = (
	view => q{SELECT c.oid::pg_catalog.regclass, pg_catalog.pg_get_viewdef(c.oid)
		FROM pg_catalog.pg_class AS c
		WHERE c.relkind OPERATOR(pg_catalog.=) 'v'
		  AND c.relnamespace OPERATOR(pg_catalog.=) ANY (SCHEMAS)},
	rule => q{SELECT r.oid, pg_catalog.pg_get_ruledef(r.oid)
		FROM pg_catalog.pg_rewrite AS r, pg_catalog.pg_class AS c
		WHERE c.oid OPERATOR(pg_catalog.=) r.ev_class
		  AND c.relnamespace OPERATOR(pg_catalog.=) ANY (SCHEMAS)},
	function => q{SELECT p.oid::pg_catalog.regprocedure, pg_catalog.pg_get_functiondef(p.oid)
		FROM pg_catalog.pg_proc AS p
		WHERE p.pronamespace OPERATOR(pg_catalog.=) ANY (SCHEMAS)},
	constraint => q{SELECT n.conname, pg_catalog.pg_get_constraintdef(n.oid)
		FROM pg_catalog.pg_constraint AS n
		WHERE n.connamespace OPERATOR(pg_catalog.=) ANY (SCHEMAS)
		  AND n.contype OPERATOR(pg_catalog.=) 'c'},
	index => q{SELECT i.indexrelid::pg_catalog.regclass, pg_catalog.pg_get_indexdef(i.indexrelid)
		FROM pg_catalog.pg_index AS i, pg_catalog.pg_class AS c
		WHERE c.oid OPERATOR(pg_catalog.=) i.indrelid
		  AND c.relnamespace OPERATOR(pg_catalog.=) ANY (SCHEMAS)
		  AND i.indexprs IS NOT NULL});
my %least = (view => 8, rule => 8, function => 100, constraint => 3, index => 1);
foreach my $kind (sort keys %definitions)
{
	my $query = $definitions{$kind} =~
	  s/SCHEMAS/'{msgstore,msgstore_internal}'::pg_catalog.regnamespace[]::pg_catalog.oid[]/r;
	($out, $err) =
	  run("\\pset recordsep '\\x01'\nSET search_path = $path; $query");
	my @definitions = split /\x01/, $out;
	my %found = map {
		my ($name, $text) = split /\|/, $_, 2;
		my @names = unqualified("$text;");
		@names ? ($name => \@names) : () } @definitions;

	is($err, '', "$kind: definitions are read");
	cmp_ok(scalar(@definitions), '>=', $least{$kind}, "$kind: there are enough");
	is(encode_json(\%found), '{}', "$kind: every name has its schema");
}
is(sprung(), '', 'no trap is sprung by that');
like( (run("SET search_path = $path; SELECT pg_catalog.pg_get_constraintdef(n.oid)
		FROM pg_catalog.pg_constraint AS n
		WHERE n.conname OPERATOR(pg_catalog.=) 'node_node_number_check'"))[0],
	qr/OPERATOR\(pg_catalog\.>=\)/,
	'and names are printed with it');

# ------------------------------------------------------------------- calls

# A store with everything: versions, a merge, attachments, a draft, a blob.
my $json = $node->safe_psql(
	'postgres', q{
	SET search_path = msgstore;
	SELECT create_store('hostile') AS s \gset
	SELECT special_folder(:s, 'Inbox') AS f \gset
	SELECT message_id AS m, change_number AS n FROM save_new_message(:s, :f,
		'{"PR_SUBJECT": "one", "PR_BODY": "body", "PR_IMPORTANCE": 2,
		  "PR_CLIENT_SUBMIT_TIME": "2024-01-01T00:00:00Z",
		  "PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann"}],
		  "PR_MESSAGE_ATTACHMENTS": [{"PR_ATTACH_NUM": 0,
			"PR_ATTACH_DATA_OBJ": {"PR_SUBJECT": "inner"}}]}') \gset
	SELECT open_message(:s, :m, 'MAPI_MODIFY') AS h \gset
	SELECT set_props(:h, '{"PR_COMMENT": "mine"}') \gset
	SELECT save_message(:s, :m, :n, '{"PR_SUBJECT": "two"}') \gset
	SELECT resolve_conflict(:h, 'MERGE') \gset
	SELECT write_stream(:h, 'PR_BODY', 0, convert_to(repeat('x', 1100000), 'UTF8')) \gset
	SELECT save_changes(:h) \gset
	SELECT set_props(:h, '{"PR_SUBJECT": "draft", "PR_BODY": "draft",
		"PR_MESSAGE_RECIPIENTS": []}') \gset
	SELECT park(:h) AS p \gset
	SELECT set_retention(:s, NULL, 1) \gset
	SELECT grant_folder(:s, :f, 'PUBLIC', 'REVIEWER') \gset
	UPDATE change SET changed_at = changed_at - interval '2 days';
	SELECT create_blob(:s) AS b \gset
	SELECT message_id AS q, change_number AS qn FROM save_new_message(:s,
		special_folder(:s, 'Outbox'), '{"PR_SUBJECT": "queued",
			"PR_MESSAGE_RECIPIENTS": [{"PR_DISPLAY_NAME": "Ann"}]}') \gset
	SELECT submit_message(:s, :q, :qn) \gset
	SELECT announce_editing(:s, :m, '1 hour') \gset
	SELECT set_search(:s, true) \gset
	SELECT create_search_folder(:s, NULL, 'search', '{"and": []}', ARRAY[:f]) AS e \gset
	SELECT json_build_object('s', :s, 'f', :f, 'm', :m, 'n', :n, 'p', :p, 'b', :b, 'e', :e,
		'c', read_message(:s, :m)->'PidTagChangeNumber')});
my $made = decode_json($json);
my ($s, $f, $m, $first, $last) = @$made{qw(s f m n c)};

# Arguments by their name, or by "function.name"; by their type without one.
my $change = $node->safe_psql('postgres', "SELECT msgstore.export_change($s, $m)") =~ s/'/''/gr;
my $folder = $node->safe_psql('postgres', "SELECT msgstore.export_folder($s, $f)");
my ($key, $list) = split /\|/, $node->safe_psql(
	'postgres', qq{SELECT c->>'PR_SOURCE_KEY', c->>'PR_PREDECESSOR_CHANGE_LIST'
	FROM msgstore.export_change($s, $m) AS c});
my %argument = (
	role => 'postgres', merge_number => $first + 2, actor => 'ann',
	request => 'repeated', is_binary => 'true', blob_id => $made->{b},
	'park_message.folder_id' => undef, 'resolve_parked.folder_id' => undef,
	store_id => $s, message_id => $m, message_ids => "{$m}", folder_id => $f,
	parent_id => $f, parked_id => $made->{p}, handle => ":'h'",
	'open_embedded_message.handle' => ":'a'", change_number => $last,
	'resolve_conflict.folder_id' => undef,
	'merge_report.change_number' => $first + 2, version => $first,
	'message_at.change_number' => $first, if_change_number => undef, seen => undef, actor => 'ann',
	'set_read_flags.folder_id' => undef, ttl => '1 hour', claim => '1', max => '10', lease => '1 hour',
	columns => '{PR_SUBJECT}', sort => '{PR_SUBJECT}', restriction => '{"exist": "PR_SUBJECT"}',
	query => 'original', enabled => 'true', configuration => 'pg_catalog.simple',
	indexed => '0', 'search_messages.folder_id' => undef, 'search_messages.after' => undef,
	'list_messages.after' => undef, find => '{"exist": "PR_SUBJECT"}', 'list_categories.after' => undef,
	'list_categories.sort' => '{MAX(PR_IMPORTANCE)}', by => '{PR_SUBJECT}',
	folders => "{$f}", 'set_search_criteria.folder_id' => $made->{e},
	'get_search_criteria.folder_id' => $made->{e},
	outcome => 'SENT', detail => 'x', retry_after => '1 hour',
	token => undef, 'advise.folder_id' => undef, 'advise.message_id' => undef,
	connection => ":'advised'", wakeups => 'true', events => '2',
	status => '1', mask => '1', base => 'one', theirs => 'two', yours => 'three',
	message_flags => '1', creator => 'ann', creator_actor => 'ann',
	choice => 'OVERWRITE', tags => '{PR_SUBJECT,PR_COMMENT}',
	props => '{"PR_SUBJECT": "mine"}', changes => '{"PR_SUBJECT": "mine"}',
	member => 'PUBLIC', creator => 'postgres', rights => 'REVIEWER',
	actor => 'ann', to_store_id => $s, 'save_messages.changes' => '[]',
	flags => '0', whole => 'true', by_lines => 'true', name => 'new', owner => undef,
	special => 'Inbox', spelling => 'PR_SUBJECT', ids => '{32768}',
	names => '{PS_PUBLIC_STRINGS:new,PR_SUBJECT}', create => 'true',
	number => '1', node => '1', keep_age => '2 days', keep_count => '2', after => '0',
	messages => '10', pruned => '0', swept => '0', attach_num => '0',
	property => 'PR_COMMENT', 'read_stream.property' => 'PR_BODY',
	offset => '0', length => '3', bytes => 'abc', size => '2',
	rows => '[{"PR_DISPLAY_NAME": "Bob"}]', result => 'MAPI_W_PARTIAL_COMPLETION',
	value => '2024-01-01T00:00:00.0000000Z', recipients => '[]',
	to_handle => ":'c'", exclude => '{PR_BODY}', include => '{PR_SUBJECT}',
	max => '1', keep => 'true', before => $last, creator => 'ann', member => 'PUBLIC', rights => 'REVIEWER',
	'give_store.owner' => 'regress_stranger', 'copy_folder.folder_id' => '3',
	attachments => '[]', headers => 'x: y', body => 'x', html => 'x',
	'pack_undo.undo' => '{"PR_SUBJECT": null}', undo => '\x000037001f',
	map({ ("undo_properties.$_" => 'true') } qw(headers body html rtf)),
	rtf => 'x', original => 'x', 'import_message.attachments' => '{}',
	peer => 'peer', sync_token => 'token', again => '{1}', folders_again => '{2}', method => '1', keys => '[]',
	change => $change, 'import_folder.change' => $folder, states => '[]', source_key => $key, source_keys => "{$key}",
	change_key => $key, predecessors => $list,
	cstring => '0', smallint => '1', bigint => '1', 'msgstore.hresult' => '0',
	map { ("msgstore.$_" => '0') } qw(open_flags save_flags create_flags folder_flags
	  delete_flags recipient_flags embedded_flags folder_rights copy_flags read_flags notify_events
	  table_flags search_flags));

my $routines = decode_json($node->safe_psql(
	'postgres', q{
	SET search_path = '';
	SELECT json_agg(json_build_object('name', proname,
		'schema', pronamespace::regnamespace, 'kind', prokind, 'set', proretset,
		'defaults', pronargdefaults, 'signature', p.oid::regprocedure,
		'arguments', (SELECT json_agg(json_build_array(
				coalesce(proargnames[n], ''), a::regtype,
				CASE WHEN t.typnamespace = 'pg_catalog'::regnamespace
				THEN format('pg_catalog.%I', t.typname) ELSE a::regtype::text END)
				ORDER BY n)
			FROM unnest(proargtypes::oid[]) WITH ORDINALITY AS u (a, n)
			JOIN pg_type AS t ON t.oid = a)))
	FROM pg_proc AS p
	WHERE pronamespace IN ('msgstore'::regnamespace, 'msgstore_internal'::regnamespace)
		-- nobody can call the function of a trigger
		AND prorettype <> 'trigger'::regtype}));

# The calls of a routine: with all arguments, and with those that must be given.
sub calls
{
	my ($routine) = @_;
	my @given;

	foreach (@{ $routine->{arguments} // [] })
	{
		my ($name, $type, $qualified) = @$_;
		my $key = (grep { exists $argument{$_} }
			  "$routine->{name}.$name", $name, $name eq '' ? $type : ())[0];

		return () if $type eq 'internal';
		if (!defined $key)
		{
			fail("no argument \"$name\" of $routine->{signature} in the table");
			return ();
		}
		my $value = $argument{$key};
		push @given, (
			!defined $value ? 'NULL' : $value =~ /^:'/ ? $value : "'$value'")
		  . "::$qualified";
	}
	my $least = @given - $routine->{defaults};
	return map {
		my $list = join ', ', @given[ 0 .. $_ - 1 ];
		my $call = "$routine->{schema}.\"$routine->{name}\"($list)";

		$routine->{kind} eq 'p' ? "CALL $call"
		  : $routine->{set} ? "SELECT * FROM $call"
		  : "SELECT $call"
	} $least .. @given;
}

# Open a handle with edits, and a handle on an attachment; the second time
# somebody else saves the message after that.
my $open = qq{
	SELECT msgstore.open_message($s, $m, 'MAPI_MODIFY') AS h \\gset
	SELECT msgstore.grant_folder($s, $f, 'PUBLIC', 'REVIEWER') \\gset
	SELECT msgstore.set_props(:'h'::pg_catalog.int4, '{"PR_SUBJECT": "mine", "PR_COMMENT": "mine"}') \\gset
	SELECT msgstore.open_attachment(:'h'::pg_catalog.int4, 0, 'MAPI_MODIFY') AS a \\gset
	SELECT msgstore.create_message($s, $f) AS c \\gset
	SELECT msgstore.advise($s) AS advised \\gset
};
my $overtake = qq{
	SELECT * FROM msgstore.save_message($s, $m, $last, '{"PR_SUBJECT": "theirs"}');
};
my $names = decode_json($node->safe_psql(
	'postgres', q{
	SET search_path = '';
	SELECT json_build_object(
		'view', (SELECT json_agg('SELECT * FROM ' || oid::regclass)
			FROM pg_class WHERE relkind = 'v' AND relnamespace = 'msgstore'::regnamespace),
		'operator', (SELECT json_agg(format(
				'SELECT ''0''::%s OPERATOR(pg_catalog.%s) ''0''::%s', oprleft::regtype,
				oprname, oprright::regtype))
			FROM pg_operator, pg_depend
			WHERE classid = 'pg_operator'::regclass AND objid = pg_operator.oid
			  AND deptype = 'e'),
		'cast', (SELECT json_agg(format('SELECT CAST(CAST(''0'' AS %s) AS %s)',
				castsource::regtype, casttarget::regtype))
			FROM pg_cast, pg_depend
			WHERE classid = 'pg_cast'::regclass AND objid = pg_cast.oid
			  AND deptype = 'e'),
		'type', (SELECT json_agg(format(
				'SELECT DISTINCT %s, ROW(%1$s) FROM (VALUES (''0''::%s), (''0'')) AS v (t) ORDER BY t',
				't', oid::regtype))
			FROM pg_type WHERE typnamespace = 'msgstore'::regnamespace
			AND typname = 'hresult'))}));

my @calls = map { calls($_) } grep { $_->{kind} ne 'p' } @$routines;
my @procedures = map { calls($_) } grep { $_->{kind} eq 'p' } @$routines;
push @calls, map { @$_ } values %$names;
cmp_ok(scalar(@calls), '>', 200, 'there are calls');
cmp_ok(scalar(@procedures), '>=', 2, 'there are procedures');

# All of them in one session, whose pg_temp has traps as well.
$node->safe_psql('postgres', core_traps('regress_hostile'));
# Connections of advise() stay open after a rollback.
my $script = "SET client_min_messages = fatal;\n"
  . "SET msgstore.max_open_handles = 100000;\n"
  . traps($node, 'postgres', 'pg_temp')
  . core_traps('pg_temp')
  . q{SELECT 'laid in pg_temp', p > 10000, o > 4000, t > 80, r > 100
	FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_proc WHERE pronamespace = s) AS p,
		(SELECT count(*) FROM pg_catalog.pg_operator WHERE oprnamespace = s) AS o,
		(SELECT count(*) FROM pg_catalog.pg_type WHERE typnamespace = s AND typtype = 'd') AS t,
		(SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = s) AS r
		FROM pg_my_temp_schema() AS s) AS counted;
	}
  . "SET client_min_messages = error;\nSET search_path = $path;\n\\warn begin\n";
foreach my $i (0 .. $#calls)
{
	$script .= "BEGIN;$open$_\\warn call $i\n\\echo call $i\n$calls[$i];\nROLLBACK;\n"
	  foreach ('', $overtake);
}
foreach my $i (0 .. $#procedures)
{
	$script .= "\\warn call " . ($i + @calls) . "\n\\echo call "
	  . ($i + @calls) . "\n$procedures[$i];\n";
}
($out, $err) = run($script);
like($out, qr/^laid in pg_temp(?:\|t){4}$/m, 'traps are laid in pg_temp too');
$err =~ s/.*^begin\n//ms;
push @calls, @procedures;
$err =~ s/^call \d+\n(?=call|\z)//mg;
$err =~ s/^call (\d+)$/$calls[$1]/mg;
is($err, '', 'every view, function, procedure, operator and cast works');
is(sprung(), '', 'and springs no trap');

# The calls have something to work on, on a fresh or on a stale handle.
my %rows;
while ($out =~ /^call (\d+)\n(.*?)(?=^call |\z)/msg)
{
	$rows{ $calls[$1] } .= $2;
}
is( join("\n", grep { /^SELECT \* / && $rows{$_} eq '' } @calls),
	'', 'every view and every function that returns a set has rows');
like(join('', map { $rows{$_} } grep { /"prune_history"/ } @procedures),
	qr/^[1-9]/m, 'history is pruned');

# ------------------------------------------------------------------- client

# The strings of one statement in C make one statement in SQL, behind the form of its
# answer.
my %statements;
foreach my $file (glob "$FindBin::RealBin/../../client/{*,lib/*,mail/*,command/*}.c")
{
	my $source = slurp_file($file);
	my %macros;

	# a macro that begins a statement with the names that its end refers to
	while ($source =~ s/^#define (\w+)\((\w+)\) \\\n((?:.*\\\n)*.*"WITH .*\n(?:.*\\\n)*.*\n)//m)
	{
		$macros{$1} = [ $2, $3 ];
	}
	foreach my $name (keys %macros)
	{
		my ($parameter, $body) = @{ $macros{$name} };

		$source =~ s/\b$name\s*\(("[^"]*")\)/$body =~ s{\b$parameter\b}{$1}r/ge;
	}
	foreach my $c ($source =~ /((?:"(?:[^"\\]|\\.)*"|[^;"])*);/g)
	{
		my $sql = join '', $c =~ /"((?:[^"\\]|\\.)*)"/g;

		$sql =~ s/^[1?*]?(?:[tjnbvRNX]\??)+(?=(?:SELECT|WITH) )//;
		$statements{$sql} = 1 if $sql =~ /^(?:SELECT|WITH|INSERT|UPDATE|DELETE|CALL) /;
	}
}
cmp_ok(scalar(keys %statements), '>', 40, 'the client has statements');
is( join("\n", map { my $sql = $_; map { "$_ in $sql" } unqualified($sql) }
		  sort keys %statements),
	'',
	'every name in them has its schema');

# A superuser runs the command in a database whose owner has set search_path:
# mail is imported and exported, and the draft is settled.
$node->safe_psql(
	'postgres', qq{
	SELECT result FROM msgstore.save_message($s, $m, $last,
		'{"PR_SUBJECT": "theirs"}')});
append_to_file("$dir/a.eml", "From: Ann <ann\@example.org>\nTo: Bob <bob\@example.org>\n"
	  . "Subject: one\nDate: Mon, 1 Jan 2024 00:00:00 +0000\n\nbody\n");
mkdir "$dir/out" or die "could not make a directory: $!";
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
$ENV{PGOPTIONS} = '-c search_path=' . $path =~ s/ //gr;
foreach (
	[ 0, 'import', '--store=hostile', '--folder=Mail', "$dir/a.eml" ],
	[ 0, 'import', '--store=new', "$dir/a.eml" ],
	[ 0, 'export', '--store=hostile', '--folder=Mail', "$dir/out" ],
	[ 0, 'export', '--store=hostile', "--message=$m", '-' ],
	[ 1, 'resolve', '--store=hostile' ],
	[ 0, 'resolve', '--store=hostile', '--choice=SAVE_ELSEWHERE',
		'--folder=Elsewhere', $m ])
{
	my ($expected, @command) = @$_;
	my ($out, $err) = ('', '');

	IPC::Run::run([ 'msgstore', @command ], '<', \undef, '>', \$out, '2>', \$err);
	is($? >> 8, $expected, "client: @command[0, 1]") or diag $err;
	is(sprung(), '', 'and springs no trap');
}

$node->stop;
done_testing();
