# msgstore search lists the messages that match a query, the best first, for people and
# as JSON; a position goes on where a list has ended.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use MsgstoreClient;
use Test::More;

my $node = client_node('search');
delete $ENV{MSGSTORE_STORE};
query(q{
	SELECT msgstore.create_store('plain');
	SELECT msgstore.set_search(msgstore.create_store('team'), true);
	SELECT count(msgstore.save_new_message(2, msgstore.special_folder(2, 'Inbox'), jsonb_build_object(
		'PR_SUBJECT', 'subject ' || n, 'PR_SENDER_NAME', E'Eve\x1b[31m',
		'PR_BODY', repeat('zebra ', n))))
	FROM generate_series(1, 5) AS n});

my ($code, $out, $err) = msgstore('search', '--store', 'team', 'zebra eve');
is("$code $err", '0 ', 'search succeeds');
is(join(',', sort $out =~ /subject (\d)/g), '1,2,3,4,5', 'it lists what matches');
like($out, qr/\[zebra\]/, 'with the words that were found');
unlike($out, qr/\x1b/, 'no text of a message reaches the terminal as it is');

($code, $out) = msgstore('search', '--store', 'team', '--max', '2', '--json', 'zebra');
my @rows = map { decode_json($_) } split /\n/, $out;
is(scalar(@rows), 2, '--max limits the rows');
($code, $out) = msgstore('search', '--store', 'team', '--json', '--after',
	$rows[1]{position}, 'zebra');
my %seen = map { $_->{message_id} => 1 } @rows, map { decode_json($_) } split /\n/, $out;
is(scalar(keys %seen), 5, '--after goes on behind a position');

($code, $out, $err) = msgstore('search', '--store', 'team', 'nothing');
is("$code $out$err", '3 ', 'no message is exit code 3');
($code, $out, $err) = msgstore('search', '--store', 'team', '--folder', 'Drafts', 'zebra');
is("$code $out$err", '3 ', 'nor is there one in another folder');
($code, $out, $err) = msgstore('search', '--store', 'team', '--folder', 'nowhere', 'zebra');
is($code, 2, 'a missing folder is exit code 2');
like($err, qr/there is no folder "nowhere"/, 'and is named');
($code, $out, $err) = msgstore('search', '--store', 'plain', 'zebra');
is($code, 2, 'a store without search is exit code 2');
like($err, qr/could not search: store 1 has no full text search/, 'and is named');
($code, $out, $err) = msgstore('search', '--store', 'team');
is($code, 2, 'a query is needed');
like($err, qr/one query is needed/, 'and asked for');

done_testing();
