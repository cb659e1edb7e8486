# msgstore from Perl, with DBI and DBD::Pg.  Usage: perl perl_dbi.pl STORE
use strict;
use warnings;
use DBD::Pg;
use DBI;
use JSON::PP;

my $json = JSON::PP->new->canonical->allow_nonref;
my $ms = DBI->connect('dbi:Pg:', '', '',
	{ RaiseError => 1, PrintError => 0, AutoCommit => 1 });

sub row
{
	my ($sql, @values) = @_;

	return $ms->selectrow_array($sql, undef, @values);
}

my ($store) = row('SELECT msgstore.create_store(?)', $ARGV[0]);
my ($result, $message, $n) = row(
	q{SELECT result, message_id, change_number
	  FROM msgstore.save_new_message(?, msgstore.special_folder(?, 'Inbox'), ?)},
	$store, $store,
	encode_json({ PR_SUBJECT => 'Printer on fire', PR_BODY => 'It smokes.' }));
print "created: $result\n";

# Ann saves.  Bob, who read the message before, is refused, and loses nothing.
my $save = q{SELECT result, change_number
	FROM msgstore.save_message(?, ?, ?, ?, actor => ?)};
($result) = row($save, $store, $message, $n,
	encode_json({ PR_SUBJECT => 'Printer on fire (2nd floor)' }), 'ann');
print "ann: $result\n";
my $edits = encode_json({ PR_IMPORTANCE => 2 });
($result) = row($save, $store, $message, $n, $edits, 'bob');
print "bob: $result\n";

# The report: both changes, compared with the version that Bob read.
my $report = $ms->selectall_arrayref(
	q{SELECT property, theirs, side, changed_by
	  FROM msgstore.conflict(?, ?, ?, ?)}, undef, $store, $message, $n, $edits);
foreach (@$report)
{
	my ($name, $theirs, $side, $by) = @$_;

	print "conflict: $name $theirs $side ", $by // '-', "\n";
}

# No property was changed by both, so Bob's edits are merged into Ann's version.
($result) = row(
	q{SELECT result, change_number
	  FROM msgstore.resolve_conflict(?, ?, ?, ?, 'MERGE', actor => 'bob')},
	$store, $message, $n, $edits);
print "merged: $result\n";

# An edit that depends on the present text: read, edit, save, and again on a conflict.
sub append
{
	my ($line) = @_;

	while (1)
	{
		my $props = decode_json(
			(row('SELECT msgstore.read_message(?, ?)', $store, $message))[0]);
		my ($result) = row($save, $store, $message, $props->{PidTagChangeNumber},
			encode_json({ PR_BODY => $props->{PR_BODY} . $line }), 'bob');

		return $result if $result ne 'MAPI_E_OBJECT_CHANGED';
	}
}
print 'appended: ', append(' Fire brigade called.'), "\n";

# An attachment, in pieces.  A handle belongs to the session.
$ms->begin_work;
my ($handle) =
  row(q{SELECT msgstore.open_message(?, ?, 'MAPI_MODIFY')}, $store, $message);
my ($attachment) = row('SELECT msgstore.create_attachment(?)', $handle);
row('SELECT msgstore.set_props(?, ?)', $attachment,
	encode_json(
		{ PR_ATTACH_LONG_FILENAME => 'photo.jpg', PR_ATTACH_METHOD => 1 }));
my $write =
  $ms->prepare(q{SELECT msgstore.write_stream(?, 'PR_ATTACH_DATA_BIN', ?, ?)});
$write->bind_param(3, undef, { pg_type => DBD::Pg::PG_BYTEA });
foreach my $piece (0 .. 2)
{
	$write->execute($attachment, $piece * 100_000, 'x' x 100_000);
	$write->finish;
}
row('SELECT msgstore.save_changes(?)', $attachment);
($result) = row('SELECT msgstore.save_changes(?)', $handle);
print "attached: $result\n";
my ($size) = row(q{SELECT msgstore.stream_size(?, 'PR_ATTACH_DATA_BIN')},
	$attachment);
print "bytes: $size\n";
row('SELECT msgstore.close_object(?)', $handle);
$ms->commit;

# Errors have a SQLSTATE of class MA.
eval { row('SELECT msgstore.read_message(?, 999999)', $store) };
print 'error: ', $ms->state, "\n" if $@;
$ms->disconnect;
