# Every call on a message has the answer of a model, in any order: three sessions of two
# roles open, edit, save, force, merge (by lines too), overwrite, save elsewhere, park,
# resume, resolve drafts, delete, restore, move, copy (properties too), save many at once,
# repeat requests and go back to older versions, by handle and by number, in transactions
# of all levels that overlap and wait for each other, while history is pruned, a right
# revoked, folders deleted and the node changed.  Every handle, draft, version, report and
# line of the history shows what the model has.
#
# MODEL_SEED repeats a run, MODEL_STEPS makes it longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use ConflictModel;
use ModelSessions qw(last_queries end_sessions);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RandomSeed;
use Test::More;

my $seed = random_seed('MODEL_SEED');
my $steps = $ENV{MODEL_STEPS} // 1500;

my $node = PostgreSQL::Test::Cluster->new('conflicts');
$node->init(extra => [ '--encoding=UTF8', '--locale=C' ]);
# only a superuser can set it, and handles closed since a transaction began count
$node->append_conf('postgresql.conf',
	"session_preload_libraries = 'msgstore'\nmsgstore.max_open_handles = 1000000");
$node->start;
begin_model($node);

my $done = 0;
eval {
	while ($done < $steps)
	{
		step();
		$done++;
		check_model() if $done % 25 == 0;
	}
	end_model();
	1;
} or do
{
	my $why = $@;

	diag(last_queries($ENV{MODEL_LOG} // 60));
	diag("MODEL_SEED=$seed, step $done: $why");
};
is($done, $steps, 'everything was as the model has it');

end_sessions();
$node->stop;
done_testing();
