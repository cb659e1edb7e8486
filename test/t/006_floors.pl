# The walls of the house hold: a file cannot be compiled with a header of a higher
# floor, and tools/check-floors, which finds no fault in the module, finds each fault
# that is put into a copy.
use strict;
use warnings;
use FindBin;
use IPC::Run qw(run);
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $dir = PostgreSQL::Test::Utils::tempdir('floors');
my @make = (
	$ENV{MAKE} // 'make', '-s', '-C', $dir, 'CLIENT=no', 'with_llvm=no',
	'PG_CONFIG=' . ($ENV{PG_CONFIG} // 'pg_config'),
	'COPT=' . ($ENV{COPT} // ''));

system_or_bail('cp', '-Rp',
	(map { "$top/$_" } qw(Makefile msgstore.control src data tools)),
	glob("$top/msgstore--*.sql"), $dir);

# Run a command; returns its exit status and what it says.
sub outcome
{
	my @command = @_;
	my $said = '';

	run(\@command, '<', \undef, '>', \$said, '2>&1');
	return ($? >> 8, $said);
}

sub write_file
{
	my ($path, $text) = @_;

	open my $out, '>', "$dir/$path" or die "$path: $!";
	print $out $text;
	close $out or die "$path: $!";
	return;
}

# Change a file; the text to be replaced stands there once.
sub edit
{
	my ($path, $from, $to) = @_;
	my $text = slurp_file("$dir/$path");
	my $times = () = $text =~ /\Q$from\E/g;

	die "\"$from\" stands $times times in $path" if $times != 1;
	$text =~ s/\Q$from\E/$to/;
	write_file($path, $text);
	return;
}

# ---------------------------------------------------------------- the compiler

my @floors = qw(words content engine face);

foreach my $i (0 .. $#floors)
{
	foreach my $j (0 .. $#floors)
	{
		my ($floor, $other) = @floors[ $i, $j ];

		write_file("src/$floor/probe.c", "#include \"$other.h\"\n");
		my ($status, $said) = outcome(@make, "src/$floor/probe.o");

		if ($j <= $i)
		{
			is($status, 0, "a file of $floor sees $other.h") or diag($said);
		}
		else
		{
			isnt($status, 0, "a file of $floor with $other.h does not compile");
			like($said, qr/\b$other\.h: No such file/, 'for want of the header');
		}
		unlink glob("$dir/src/$floor/probe.*");
	}
}

# ------------------------------------------------------------------- the check

my ($status, $said) = outcome(@make, 'all');
is($status, 0, 'the copy builds') or diag($said);
($status, $said) = outcome('perl', "$dir/tools/check-floors");
is($status, 0, 'the module has no fault') or diag($said);
like($said, qr/^4 floors, \d+ rooms, \d+ arrows, none upward$/m, 'by its own word');

# text.c uses a room of the engine, bag.c one that uses bag.c; and so on
write_file('src/words/text.c', slurp_file("$dir/src/words/text.c") . <<'END');
extern void relation_init(void);
extern PGDLLEXPORT void text_shown_to_all(void);
void
text_shown_to_all(void)
{
	relation_init();
}
END
edit('src/content/bag.c', "#include \"content.h\"\n", "#include \"src/content/content.h\"\n");
write_file('src/content/bag.c', slurp_file("$dir/src/content/bag.c") . <<'END');
extern void bag_in_circle(ObjectList *list);
void
bag_in_circle(ObjectList *list)
{
	objects_compact(list);
}
END
write_file('src/face/bag.h', "\n");
edit('src/README.md', "\n| `stand.c` |", "\n| stand |");
edit('src/README.md', '`save_locked()`', '`save_lucky()`');
edit('src/README.md', 'the top of `engine/merge.c`', 'the top of `face/merge.c`');
($status, $said) = outcome(@make, 'all');
is($status, 0, 'the faulty copy builds') or diag($said);
($status, $said) = outcome('perl', "$dir/tools/check-floors");
is($status, 1, 'and does not pass');
like($said, $_, "found: $_")
  foreach (
	qr/^upward: words\/text uses relation_init\(\) of engine\/relation$/m,
	qr/^circle: bag uses .*\bobjects\b/m,
	qr/^two files are called bag\.h: /m,
	qr/^src\/content\/bag\.c includes src\/content\/content\.h, with a slash$/m,
	qr/^text_shown_to_all is visible, and PostgreSQL does not look it up$/m,
	qr/^src\/README\.md has no row for the room stand$/m,
	qr/^src\/README\.md names save_lucky\(\) of save\.c, which is not there$/m,
	qr/^src\/README\.md names merge\.c, which is not there$/m,
	qr/^4 floors, \d+ rooms, \d+ arrows, \d+ faults$/m);

done_testing();
