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
use PostgreSQL::Test::Utils;
use Test::More;
use FeedChecker qw(feed_checker);
use RandomSeed;

random_seed('FEED_SEED');

my $node = PostgreSQL::Test::Cluster->new('followed');
$node->init(allows_streaming => 1, extra => [ '--encoding=UTF8', '--locale=C' ]);
$node->append_conf('postgresql.conf', <<'END');
max_connections = 50
restart_after_crash = on
wal_keep_size = 1GB
shared_buffers = 64MB
deadlock_timeout = 50ms
END
$node->start;
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
# its reader is never cancelled by what is replayed
$standby->append_conf('postgresql.conf', "hot_standby_feedback = on\nmax_standby_streaming_delay = -1\n");
$standby->start;

my $changes = $ENV{FEED_CHANGES} // 20000;
my $found = feed_checker($node, $standby, $changes);
note "$found->{changes} changes, $found->{late} over a version of a later transaction, "
  . "$found->{by_number} missed by number";
cmp_ok($found->{changes}, '>=', $changes, 'there were so many changes');
is($found->{stalled}, '', 'no reader waits for an open transaction');
is($found->{missed}, 0, 'no reader misses a change');
is($found->{order}, 0, 'each reader gets the versions of a message in order');
is($found->{differ}, 0, 'every copy is equal to the store') or diag($found->{shown});
is($found->{outside}, 0, 'so is that of the reader whose standby was promoted');
is($found->{errors}, '', 'no reader gets a change twice');
cmp_ok($found->{crashes}, '>', 0, 'the server has crashed with a backend');
cmp_ok($found->{late}, '>', 0, 'transactions have overtaken each other');
cmp_ok($found->{by_number}, '>', 0,
	'a reader that follows the change numbers misses changes');

done_testing();
