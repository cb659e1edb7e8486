# msgstore ls lists the messages of a folder, the newest first, for people and as
# JSON; a position goes on where a list has ended.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MsgstoreClient;
use Test::More;

my $node = client_node('ls');
delete $ENV{MSGSTORE_STORE};
query(q{
	SELECT msgstore.create_store('team');
	SELECT count(msgstore.save_new_message(1, msgstore.special_folder(1, 'Inbox'), jsonb_build_object(
		'PR_SUBJECT', 'subject ' || n, 'PR_SENDER_NAME', E'Eve\x1b[31m',
		'PR_MESSAGE_DELIVERY_TIME', '2026-01-0' || n || 'T00:00:00Z')))
	FROM generate_series(1, 5) AS n;
	SELECT msgstore.set_read_flags(1, NULL, 'CLEAR_READ_FLAG', msgstore.special_folder(1, 'Inbox'))});

my ($code, $out, $err) = msgstore('ls', '--store', 'team');
is("$code $err", '0 ', 'ls succeeds');
is(join(',', $out =~ /subject (\d)/g), '5,4,3,2,1', 'it lists the newest first');
like($out, qr/\A *ID +Received +From +Subject\n/, 'below headings');
unlike($out, qr/\x1b/, 'no text of a message reaches the terminal as it is');

($code, $out) = msgstore('ls', '--store', 'team', '--max', '2', '--json');
my @rows = map { decode_json($_) } split /\n/, $out;
is(join(',', map { $_->{subject} } @rows), 'subject 5,subject 4', '--max limits the rows');
ok(!$rows[0]{read}, 'the read flag is that of the caller');
($code, $out) = msgstore('ls', '--store', 'team', '--after', $rows[1]{position});
is(join(',', $out =~ /subject (\d)/g), '3,2,1', '--after goes on behind a position');

($code, $out, $err) = msgstore('ls', '--store', 'team', '--folder', 'Drafts');
is("$code $out$err", '3 ', 'a folder without messages is exit code 3');
($code, $out, $err) = msgstore('ls', '--store', 'team', '--folder', 'nowhere');
is($code, 2, 'a missing folder is exit code 2');
like($err, qr/there is no folder "nowhere"/, 'and is named');
($code, $out, $err) = msgstore('ls', '--store', 'team', '--after', 'x');
is($code, 2, 'a wrong position is exit code 2');
like($err, qr/could not list the messages: "after" is not a position/, 'and is refused');
($code, $out, $err) = msgstore('ls', '--store', 'team', '--max', '0');
is($code, 2, 'so is a wrong number');
like($err, qr/invalid number of messages "0"/, 'which is named');

done_testing();
