# test/README.md names only tests that exist, has each fault F1 to F13 with a test that
# is marked with its number, and each requirement number stands in the test it names.
use strict;
use warnings;
use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $readme = slurp_file("$top/test/README.md");

# Return the tests that a text names.
sub tests_of
{
	return $_[0] =~
	  m{`((?:sql|test/specs|test/t|test/large)/\w+\.(?:sql|spec|pl))`}g;
}

# Return the rows of a table, by their first cell.
sub rows_of
{
	my ($heading) = @_;
	my ($section) = $readme =~ /^## \Q$heading\E\n(.*?)(?=^## |\z)/ms
	  or die "no section \"$heading\"";

	return $section =~ /^\| ([^|]*?) *\| (.*) \|$/mg;
}

my @missing = grep { !-f "$top/$_" } tests_of($readme);
is("@missing", '', 'each test that is named exists');
cmp_ok(scalar(tests_of($readme)), '>', 20, 'and there are some');

my %faults = rows_of('Faults found by attacks');
foreach my $fault (map { "F$_" } 1 .. 13)
{
	my @tests = tests_of($faults{$fault} // '');

	ok(@tests > 0, "$fault has a test");
	foreach my $test (@tests)
	{
		my $text = -f "$top/$test" ? slurp_file("$top/$test") : '';

		like($text, qr/\b$fault\b/, "$test is marked with $fault");
	}
}

my %rules = rows_of('Requirements');
my $checked = 0;
foreach my $row (keys %rules)
{
	my $texts = join '', map { slurp_file("$top/$_") } tests_of($rules{$row});

	foreach my $number ($row =~ /\b(R\d+)\b/g)
	{
		$checked++;
		like($texts, qr/\b$number\b/, "a test is marked with $number");
	}
}
cmp_ok($checked, '>', 12, 'requirements were looked for');

done_testing();
