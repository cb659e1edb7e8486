# The seed of a test that does something at random.
#
#	my $seed = random_seed('CHECKER_SEED');
#
# The seed is that of the environment's variable, else a new one; Perl's own random
# numbers begin with it.  A test that fails or dies prints the variable, and why it died,
# as a diagnostic: the log of the test ends with all that is needed to run it again.
#
package RandomSeed;

use strict;
use warnings;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(random_seed);

my $known;

sub random_seed
{
	my ($variable) = @_;
	my $seed = $ENV{$variable} || 1 + int(rand(2**31 - 1));

	srand($seed);
	$known = "$variable=$seed";
	note($known);
	$SIG{__DIE__} = sub { diag("$known, died: $_[0]") if defined $^S && !$^S };
	return $seed;
}

END
{
	local ($?, $!) = ($?, $!);
	diag($known) if defined $known && !Test::More->builder->is_passing;
}

1;
