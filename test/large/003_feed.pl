# The feed with 200,000 changes: as test/t/058_feed_checker.pl, which has 20,000.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use Test::More;
use FeedChecker qw(test_feed);

test_feed($ENV{FEED_CHANGES} // 200000);

done_testing();
