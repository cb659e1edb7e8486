# Mail that nobody has edited is exported equal to its file, to the byte, an mbox
# included; of mail of which one property was edited, only that property differs.
#
# Runs on the samples of the project, and on the corpus of 021_import_corpus.pl if
# that is there.  The edits are checked by Python's email package.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use Test::More;

my $samples = "$FindBin::RealBin/../../client/samples";
my $corpus = $ENV{MSGSTORE_CORPUS}
  // "$FindBin::RealBin/../../../shared/corpus";
my $node = client_node('bytes');
my ($code, $out, $err);

# ------------------------------------------------------------ forms of an mbox

my $whole = 'From a@b Tue Jun 13 19:17:21 2017';
my %forms = (
	'quotes, and lines that should have them' =>
	  "$whole\nSubject: x\n\n>From me\n>>From me\nFrom you\nFrom here 10:11\n"
	  . ">From\n>From all\nFrom them\n",
	'line ends of CR LF' =>
	  "$whole\r\nSubject: x\r\n\r\n>From me\r\nFrom you\r\n\r\n"
	  . "From b\@c 10:11\r\nSubject: y\r\n\r\ny\r\n\r\n\r\n",
	'a byte order mark, other From_ lines, no last line end' =>
	  "\xEF\xBB\xBFFrom x\nSubject: x\n\na\n\nFrom a\@b\nSubject: y\n\n\n\n"
	  . "From c\@d\nSubject: z\n\nend",
	'no empty line between messages, a From line in a header' =>
	  "$whole\nSubject: x\n\nx\n$whole\nSubject: y\n>From z\n\ny\n",
	'messages without a text' =>
	  "$whole\nSubject: x\n\n$whole\nSubject: y\n\n\n");
my $number = 0;

foreach my $what (sort keys %forms)
{
	my $name = 'form' . $number++;
	my $file = write_file($name, $forms{$what});

	($code, $out, $err) = msgstore('import', '-s', 'forms', '-f', $name, $file);
	is($code, 0, "an mbox: $what: imported");
	($code, $out, $err) = msgstore('export', '-s', 'forms', '-f', $name, '-');
	is($out, $forms{$what}, "an mbox: $what: exported equal to the file");
}

# An edited message has the form, and quotes wherever they are needed.
$node->safe_psql('postgres', "SELECT msgstore.save_message(store_id, message_id,
	change_number, '{\"PR_SUBJECT\": \"edited\"}')
	FROM msgstore.message_list WHERE subject = 'x' AND folder_id IN
		(SELECT folder_id FROM msgstore.folder_list WHERE name = 'form4')");
($code, $out, $err) = msgstore('export', '-s', 'forms', '-f', 'form4', '-');
is( $out,
	"$whole\nSubject: edited\n\n>From me\n>>From me\n>From you\n"
	  . ">From here 10:11\n>From\n>From all\n>From them\n",
	'an mbox: edited');

# Messages of several mboxes and files stay apart in one mbox.
write_file('alone.eml', "Subject: alone\n\nno line end");
write_file('marked.eml', "\xEF\xBB\xBF$whole\nSubject: marked\n\nx\n");
write_file('fronted.eml', "$whole\nSubject: fronted\n\nx\n");
msgstore('import', '-s', 'apart', map { "$dir/$_" } qw(alone.eml form2
	fronted.eml form0 marked.eml form1));
($code, $out, $err) = msgstore('export', '-s', 'apart', '-');
my $apart = write_file('apart', $out);
($code, $out, $err) = msgstore('import', '-s', 'again', $apart);
like($out, qr/^10 imported, 0 refused$/m, 'one mbox of many: all of them');
my $subjects = 'SELECT string_agg(subject, \' \' ORDER BY message_id)
	FROM msgstore.message_list JOIN msgstore.store_list USING (store_id)
	WHERE name = ';
is($node->safe_psql('postgres', "$subjects 'again'"),
	$node->safe_psql('postgres', "$subjects 'apart'"),
	'one mbox of many: in their order');
msgstore('export', '-s', 'apart', "$dir/out");
my ($first) = sort { $a <=> $b } map { m{(\d+)\.eml$} } glob("$dir/out/Inbox/*");
is(read_file("$dir/out/Inbox/$first.eml"),
	"Subject: alone\n\nno line end", 'a file: no line end');
is(read_file("$dir/out/Inbox/" . ($first + 3) . '.eml'),
	"$whole\nSubject: fronted\n\nx\n", 'a file: a From_ line');
is(read_file("$dir/out/Inbox/" . ($first + 7) . '.eml'),
	"\xEF\xBB\xBF$whole\nSubject: marked\n\nx\n",
	'a file: a byte order mark and a From_ line');

# ------------------------------------------------------------- every file

# Return true if a file is an mbox, as the documentation has it.
sub is_mbox
{
	my ($path) = @_;
	my $bytes = read_file($path);

	return $path !~ /\.eml$/ && $bytes =~ /^(?:\xEF\xBB\xBF)?From /;
}

# Import files, and compare every file with the store's export: an mbox with an
# mbox, any other file with a file.
sub compare_files
{
	my ($store, @paths) = @_;
	my @mboxes = grep { is_mbox($_) } @paths;
	my @files = grep { !is_mbox($_) } @paths;
	my @different;
	my $total = 0;

	($code, $out, $err) = msgstore('import', '-s', $store, @files);
	is($code, 0, "$store: files imported");
	msgstore('export', '-s', $store, "$dir/$store");
	my @ids = sort { $a <=> $b }
	  map { m{(\d+)\.eml$} } glob("$dir/$store/Inbox/*.eml");
	is(scalar @ids, scalar @files, "$store: one message per file");
	foreach my $path (@files)
	{
		my $id = shift @ids;

		$total++;
		push @different, $path
		  if read_file("$dir/$store/Inbox/$id.eml") ne read_file($path);
	}
	foreach my $path (@mboxes)
	{
		my $folder = 'mbox ' . $total;

		($code, $out, $err) =
		  msgstore('import', '-s', $store, '-f', $folder, $path);
		$total += $1 if $out =~ /^(\d+) imported, 0 refused$/m;
		($code, $out, $err) =
		  msgstore('export', '-s', $store, '-f', $folder, '-');
		push @different, $path if $out ne read_file($path);
	}
	is_deeply(\@different, [], "$store: all equal to the files");
	return $total;
}

is(compare_files('samples', glob("$samples/*.*")), 17,
	'samples: number of messages');
SKIP:
{
	skip 'no corpus: set MSGSTORE_CORPUS', 3 unless -d "$corpus/messages";
	compare_files('corpus', glob("$corpus/messages/*"));
}

# ---------------------------------------------------------------- edits

SKIP:
{
	skip 'no Python 3', 3
	  unless (run_program('python3', '-c', 'import email'))[0] == 0;
	my @paths = ($samples);
	push @paths, "$corpus/messages" if -d "$corpus/messages";
	mkdir "$dir/edits" or die;
	($code, $out, $err) = run_program('python3',
		"$FindBin::RealBin/../mail_edit.py", 'msgstore', "$dir/edits",
		@paths);
	is($code, 0, 'edits: Python reads only those') or diag($out, $err);
	is(scalar(() = $out =~ /^[a-z ]+: (\d+) of \1, /mg), 9,
		'edits: of every kind');
	unlike($out, qr/: 0 of 0,/, 'edits: each kind was tried');
}

$node->stop;
done_testing();
