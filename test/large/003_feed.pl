# The feed with 200,000 changes: as test/t/058_feed_checker.pl, which has 20,000.
use strict;
use warnings;
use FindBin;

$ENV{FEED_CHANGES} = 200000;
my $test = "$FindBin::Bin/../t/058_feed_checker.pl";
my $done = do $test;
die $@ || "$test: $!" if !defined $done;
