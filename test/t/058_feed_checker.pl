# The feed under load: 8 writers at all levels with rollbacks, savepoints and long
# transactions, 4 readers with pages of random size, kills and a crash.  In the end every
# reader has been given each change once, in the order of the versions, and its copy is
# equal to the store; a reader that follows the change numbers misses some.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use FeedChecker qw(feed_checker);

my $node = PostgreSQL::Test::Cluster->new('followed');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', 'max_connections = 50');
$node->start;

my $found = feed_checker($node, $ENV{FEED_CHANGES} // 20000);
note "$found->{changes} changes, $found->{late} over a version of a later transaction, "
  . "$found->{by_number} missed by number";
is($found->{stalled}, 0, 'no reader waits for an open transaction');
is($found->{missed}, 0, 'no reader misses a change');
is($found->{order}, 0, 'each reader gets the versions of a message in order');
is($found->{differ}, 0, 'every copy is equal to the store');
is($found->{errors}, '', 'no reader gets a change twice');
cmp_ok($found->{late}, '>', 0, 'transactions have overtaken each other');
cmp_ok($found->{by_number}, '>', 0,
	'a reader that follows the change numbers misses changes');

done_testing();
