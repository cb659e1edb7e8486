# The feed under load: 8 writers at all levels with rollbacks, savepoints and long
# transactions, 4 readers with pages of random size and one that follows a standby,
# clients, backends and servers that are killed, and the standby that is promoted.  In the
# end every reader has been given each change once, in the order of the versions, and its
# copy is equal to the store; a reader that follows the change numbers misses some.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use Test::More;
use FeedChecker qw(test_feed);

test_feed($ENV{FEED_CHANGES} // 20000);

done_testing();
