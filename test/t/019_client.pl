# The products of the client are separate: the compiler refuses the header of a
# product that a file may not use.  tools/check-client finds no fault in the client,
# and finds each fault that is put into a copy.
use strict;
use warnings;
use FindBin;
use IPC::Run qw(run);
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $dir = PostgreSQL::Test::Utils::tempdir('client');
my @make = (
	$ENV{MAKE} // 'make', '-s', '-C', "$dir/client",
	'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config'),
	'COPT=' . ($ENV{COPT} // ''));

system_or_bail('cp', '-Rp', (map { "$top/$_" } qw(client data tools)), $dir);

# Run a command; returns its exit status and its output.
sub outcome
{
	my @command = @_;
	my $output = '';

	run(\@command, '<', \undef, '>', \$output, '2>&1');
	return ($? >> 8, $output);
}

sub write_file
{
	my ($path, $text) = @_;

	open my $out, '>', "$dir/client/$path" or die "$path: $!";
	print $out $text;
	close $out or die "$path: $!";
	return;
}

# Replace a text that occurs once in a file.
sub edit
{
	my ($path, $from, $to) = @_;
	my $text = slurp_file("$dir/client/$path");
	my $times = () = $text =~ /\Q$from\E/g;

	die "\"$from\" occurs $times times in $path" if $times != 1;
	$text =~ s/\Q$from\E/$to/;
	write_file($path, $text);
	return;
}

# ---------------------------------------------------------------- the compiler

my %sees = (
	lib => { map { $_ => 1 } qw(libmsgstore.h mapi.h) },
	mail => { map { $_ => 1 } qw(mail.h mapi.h) },
	command => { map { $_ => 1 } qw(libmsgstore.h mail.h command.h mapi.h) });

foreach my $product (sort keys %sees)
{
	foreach my $header (sort keys %{ $sees{command} })
	{
		write_file("$product/probe.c", "#include \"$header\"\nint probe;\n");
		my ($status, $output) = outcome(@make, "$product/probe.o");

		if ($sees{$product}{$header})
		{
			is($status, 0, "a file of $product sees $header") or diag($output);
		}
		else
		{
			isnt($status, 0,
				"a file of $product with $header does not compile");
			like($output, qr/\b$header: No such file/,
				'because the header is not found');
		}
		unlink glob("$dir/client/$product/probe.*");
	}
}

# ------------------------------------------------------------ the public header

foreach my $compiler ([qw(cc -x c -std=c99)], [qw(c++ -x c++ -std=c++11)])
{
	my ($name) = @$compiler;
	my ($includes) = run_command(
		[ $ENV{PG_CONFIG} // 'pg_config', '--includedir' ]);

	SKIP:
	{
		skip "no $name", 1 if system("command -v $name >/dev/null") != 0;
		my ($status, $output) = outcome(@$compiler, '-Wall', '-Wextra',
			'-Wpedantic', '-Werror', '-fsyntax-only', "-I$includes",
			"$dir/client/lib/libmsgstore.h");

		is($status, 0, "libmsgstore.h is complete for $name")
		  or diag($output);
	}
}

# ------------------------------------------------------------------- the check

my ($status, $output) = outcome(@make, 'all');
is($status, 0, 'the copy builds') or diag($output);
($status, $output) = outcome('perl', "$dir/tools/check-client");
is($status, 0, 'the client has no fault') or diag($output);
like($output, qr/^3 products, \d+ files, \d+ arrows, none back$/m,
	'and the check reports this');

# each line puts one fault into the copy
write_file('mail/text.c', slurp_file("$dir/client/mail/text.c") . <<'END');
extern char *show_safe(const char *text);
extern char *text_back(void);
extern int	PQlibVersion(void);
char *
text_back(void)
{
	return PQlibVersion() > 0 ? show_safe("") : NULL;
}
END
write_file('command/diff.c', slurp_file("$dir/client/command/diff.c") . <<'END');
extern void diff_circle(void);
extern void ms_clear_error(msgstore *ms);
extern void perror(const char *text);
extern void sides_print(const void *report, const void *screen);
void
diff_circle(void)
{
	perror("");
	PQclear(PQexec(NULL, ""));
	ms_clear_error(NULL);
	sides_print(NULL, NULL);
}
END
edit('lib/result.c', "#include \"mapi.h\"\n",
	"#include \"mapi/mapi.h\"\nextern int visible;\nint visible;\n");
edit('lib/libmsgstore.h', "#ifdef __cplusplus\n}",
	"extern bool msgstore_nowhere(void);\n#ifdef __cplusplus\n}");
edit('README.md', "\n| `mend.c` |", "\n| part |");
edit('README.md', '`diff.c`', '`differ.c`');
edit('README.md', '`save_batch()`', '`save_bunch()`');
($status, $output) = outcome(@make, 'all', 'CPPFLAGS=-I.');
is($status, 0, 'the faulty copy builds') or diag($output);
($status, $output) = outcome('perl', "$dir/tools/check-client");
is($status, 1, 'the faulty copy does not pass');
like($output, $_, "found: $_")
  foreach (
	qr/^back: mail\/text uses show_safe\(\) of command\/show$/m,
	qr/^library: mail\/text uses PQlibVersion\(\)$/m,
	qr/^circle: diff uses sides$/m,
	qr/^door: command\/diff uses perror past print\.c$/m,
	qr/^door: command\/diff uses PQexec past batch\.c and connection\.c and statement\.c$/m,
	qr/^private: command\/diff uses ms_clear_error\(\) of libmsgstore$/m,
	qr/^client\/lib\/result\.c includes mapi\/mapi\.h, with a slash$/m,
	qr/^visible is visible, and libmsgstore\.h does not declare it$/m,
	qr/^libmsgstore\.h declares msgstore_nowhere\(\), which is not defined$/m,
	qr/^exports\.txt lacks msgstore_nowhere$/m,
	qr/^client\/README\.md has no row for mend\.c$/m,
	qr/^client\/README\.md names differ\.c, which does not exist$/m,
	qr/^client\/README\.md names save_bunch\(\) of batch\.c, which does not/m,
	qr/^3 products, \d+ files, \d+ arrows, \d+ faults$/m);

done_testing();
