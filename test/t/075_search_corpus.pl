# Forty questions with known answers over a corpus of real mail: words of Latin, Cyrillic,
# Chinese, Japanese and Korean texts, in any charset and encoding, in subjects, bodies,
# HTML, names and attachments.  The answers are the files in which a reader of its own
# (Python's email package) has found the words.
#
# The corpus is no part of the project; 021_import_corpus.pl says where it is.  Where it
# is absent, the regress test "search" asks such questions about texts of its own.
use strict;
use warnings;
use utf8;
use Encode 'encode';
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use Test::More;

my $corpus = $ENV{MSGSTORE_CORPUS}
  // "$FindBin::RealBin/../../../shared/corpus";

plan skip_all => "no corpus: set MSGSTORE_CORPUS"
  unless -r "$corpus/index.csv" && -d "$corpus/messages";

# Messages are stored in the order of the files; a file has the messages that the index
# counts.
my @files;
open my $index, '<', "$corpus/index.csv" or die "index.csv: $!";
<$index>;
my %count = map { (split /,/)[ 0, 2 ] } <$index>;
close $index;
foreach my $file (sort keys %count)
{
	push @files, $file =~ s/^messages\///r foreach 1 .. $count{$file};
}

my $node = client_node('questions');
query(q{SELECT msgstore.set_search(msgstore.create_store('corpus'), true)});
my ($code, $out, $err) = msgstore('import', '-s', 'corpus', "$corpus/messages");
is("$code $err", '0 ', 'the corpus is imported');
my @ids = split /\n/,
  query('SELECT message_id FROM msgstore.message_list ORDER BY message_id');
is(scalar(@ids), scalar(@files), 'as many messages as the index counts');
my %file;
@file{@ids} = @files;

# Return the files that a query finds.
sub found
{
	my ($query) = @_;
	my %found;

	$query =~ s/'/''/g;
	$found{ $file{$_} } = 1 foreach split /\n/,
	  query("SELECT message_id FROM msgstore.search_messages(1, '$query', max => NULL)");
	return join ' ', sort keys %found;
}

my @questions = (
	# Cyrillic
	'скидка' => 'mailcore2__5229-cyrillic-asian.eml',
	'взгляд' => 'mailcore2__5229-cyrillic-asian.eml',
	'девайсы' => 'mailcore2__6144-russian.eml',
	'прямоугольников' => 'mailcore2__5229-cyrillic-asian.eml',
	'структуру' => 'mailcore2__5229-cyrillic-asian.eml',
	'последовательный' => 'mailcore2__989-encoding-5.eml',
	'первом' => 'mailcore2__989-encoding-5.eml',
	'формы' => 'mailcore2__5229-cyrillic-asian.eml',
	'есть' => 'mailcore2__5229-cyrillic-asian.eml mailcore2__6144-russian.eml',
	'есть девайсы' => 'mailcore2__6144-russian.eml',
	'есть -девайсы' => 'mailcore2__5229-cyrillic-asian.eml',
	# Chinese, Japanese, Korean
	'漢字' => 'mikel-mail__raw_email_with_partially_quoted_subject.eml',
	'あいうえお' => 'mikel-mail__japanese_shift_jis.eml',
	'販売' => 'mailcore2__6094-japanese-1.eml',
	'各会社' => 'mailcore2__4925-japanese.eml',
	'ご家族' => 'mailcore2__4925-japanese.eml',
	'デイズタウンつくば' => 'mailcore2__6094-japanese-1.eml',
	'影響ありません' => 'mailcore2__4925-japanese.eml',
	'奇奇咔咔赢' => 'mailcore2__4851-chinese.eml',
	'정리' => 'mailcore2__2765-korean.eml',
	# other Latin letters
	'återkoppling' => 'rt__nested-rfc-822.eml',
	'öppet' => 'rt__nested-rfc-822.eml',
	'håvard' => 'rt__new-ticket-from-iso-8859-1.eml',
	'über' => 'stalwart__thirdparty-015.eml',
	# English
	'reconfirm' => 'mikel-mail__empty_group_lists.eml',
	'scrupulous' => 'mikel-mail__empty_group_lists.eml',
	'enrollment' => 'mikel-mail__content_transfer_encoding_plain.eml',
	'purchasing' => 'mikel-mail__content_transfer_encoding_spam.eml',
	'charitable' => 'mikel-mail__content_transfer_encoding_7-bit.eml',
	'implication' => 'mailcore2__1641-no-charset.eml',
	'spanning' => 'chatmail__attach_filename_encoded_words_cont.eml',
	'routing' => 'notmuch__1382298805.004615.eml',
	'separating' => 'cpython__msg_35.eml',
	'quilting' => 'mikel-mail__bad_date_header2.eml',
	'translating' => 'mimekit__Announce-GnuPG-2.1.20-released.eml',
	'proposing' => 'phpmmp__issue84.eml',
	'composition' => 'nylas__raw_message_with_many_recipients.eml',
	'typing' => 'flanker__office365.eml',
	'auditing' => 'mimekit__Announce-GnuPG-2.1.20-released.eml mimekit__bounce.eml',
	'auditing spreading -routing' => 'mimekit__Announce-GnuPG-2.1.20-released.eml');

is(@questions / 2, 40, 'forty questions');
while (my ($query, $answer) = splice @questions, 0, 2)
{
	is(found($query), $answer, encode('UTF-8', $query));
}

done_testing();
