# A corpus of real mail, broken mail included, is imported completely: as many messages
# as its index counts, every text valid UTF-8, nothing dropped without a report.
#
# The corpus is no part of the project.  Its directory is MSGSTORE_CORPUS, or a default
# beside the project; it has messages/ and index.csv, whose columns "file" and
# "messages" give the number of messages per file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MsgstoreClient;
use Test::More;

my $corpus = $ENV{MSGSTORE_CORPUS}
  // "$FindBin::RealBin/../../../shared/corpus";

plan skip_all => "no corpus: set MSGSTORE_CORPUS"
  unless -r "$corpus/index.csv" && -d "$corpus/messages";

# The first column is the file, the third the count; neither is ever quoted.
my %expected;
my $total = 0;
open my $index, '<', "$corpus/index.csv" or die "index.csv: $!";
my @columns = split /,/, <$index>;
is("@columns[0, 2]", 'file messages', 'the index has the columns we know');
while (my $line = <$index>)
{
	my ($file, undef, $messages) = split /,/, $line;

	$expected{$file} = $messages;
	$total += $messages;
}
close $index;

my $node = client_node('corpus');

my ($code, $out, $err) =
  msgstore('import', '-s', 'corpus', "$corpus/messages");
is($code, 0, 'all imported: exit code 0');
is($err, '', 'no error');
like($out, qr/^$total imported, 0 refused$/m, 'none is refused');
is($node->safe_psql('postgres', 'SELECT count(*) FROM msgstore.message_list'),
	$total, 'as many messages stand in the store as the index counts');

# Compare the store, message by message, with the output of the command for each file;
# both are in the order of the files.
my @stored = split /\n/, $node->safe_psql('postgres',
	'SELECT msgstore.read_message(store_id, message_id)
	   FROM msgstore.message_list ORDER BY message_id');
my (undef, $lines, $report) =
  msgstore('import', '--dry-run', '--no-original', "$corpus/messages");
my @read = split /\n/, $lines;
is(scalar(@read), $total, 'a dry run prints each of them');

# The store adds computed properties.
my %computed = map { $_ => 1 }
  qw(PR_MESSAGE_FLAGS PR_MESSAGE_RECIPIENTS PR_MESSAGE_ATTACHMENTS);
my $json = JSON::PP->new->utf8->canonical;
my (%found, @invalid, @different, @undecoded, @headerless);
foreach my $i (0 .. $#read)
{
	my $read = eval { $json->decode($read[$i]) };
	my $stored = eval { $json->decode($stored[$i]) };

	if (!$read || !$stored || $read[$i] =~ /\\u0000/)
	{
		push @invalid, $i;
		next;
	}
	my ($file) = $read->{message} =~ m{(messages/[^/]*):\d+$};
	my $props = $read->{properties};
	my $subject = $props->{PR_SUBJECT} // '';

	$found{$file}++;
	foreach my $name (sort keys %$props)
	{
		push @different, "$file: $name"
		  unless $computed{$name}
		  || $json->allow_nonref->encode($props->{$name}) eq
		  $json->encode($stored->{$name});
	}
	push @undecoded, $file if $subject =~ /=\?[\w-]+\?[BQbq]\?\S*\?=/;
	push @headerless, $file
	  if ($props->{PR_TRANSPORT_MESSAGE_HEADERS} // '') eq '';
}
is_deeply(\%found, \%expected, 'each file has the messages it should');
is_deeply(\@invalid, [], 'every text is valid UTF-8 and JSON, without NUL');
is_deeply(\@different, [], 'what stands in the store is what was read');
is_deeply(\@undecoded, [], 'no encoded word is left in a subject');
is_deeply(\@headerless, [], 'every message has its transport headers');

# No text is left undecoded because its charset is missing.
my ($replaced) = $report =~ /(\d+)  bytes that mean nothing/;
cmp_ok($replaced // 0, '<', 20, 'hardly a byte is without meaning');

$node->stop;
done_testing();
