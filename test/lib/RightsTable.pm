# The table of calls and the rights that they need: data/rights.csv.
#
# rights_rows(FILE) returns a list of hashes with the members call, case, needs
# and try.  rights_allow(NEEDS, RIGHTS, OWN) returns true if a role with these
# rights (a number) in a folder may make a call that needs NEEDS, on a message
# that it has created itself (OWN) or not.  rights_markdown(FILE) returns the
# table of doc/reference.md.  rights_exact(NEEDS) returns the rights of the
# smallest set that allows the call on any message.
package RightsTable;
use strict;
use warnings;
use Exporter 'import';
use File::Basename 'dirname';
use lib dirname(__FILE__) . '/../../tools';
use Facts;

our @EXPORT_OK =
  qw(rights_rows rights_allow rights_exact rights_markdown %right);

our %right = (
	READ_ANY => 0x1,
	CREATE => 0x2,
	EDIT_OWNED => 0x8,
	DELETE_OWNED => 0x10,
	EDIT_ANY => 0x20,
	DELETE_ANY => 0x40,
	CREATE_SUBFOLDER => 0x80,
	FOLDER_OWNER => 0x100,
	FOLDER_CONTACT => 0x200,
	FOLDER_VISIBLE => 0x400);

# Meanings of the words of the column "needs", for a reader.
my %words = (
	'nothing' => 'nothing',
	'store' => '`FOLDER_VISIBLE` in some folder',
	'names' =>
	  '`CREATE`, `EDIT_OWNED` or `EDIT_ANY` in some folder',
	'create somewhere' => '`CREATE` in some folder',
	'see' => '`FOLDER_VISIBLE`',
	'read' => '*read*',
	'edit' => '*edit*',
	'edit or create' => '*edit*; `CREATE` on a message that the role created',
	'delete' => '*delete*',
	'create' => '`CREATE`',
	'delete and create' => '*delete*; `CREATE` in the target folder',
	'read and create' => '*read*; `CREATE` in the target folder',
	'subfolder' => '`CREATE_SUBFOLDER`',
	'folder owner' => '`FOLDER_OWNER`',
	'folder owner and subfolder' =>
	  '`FOLDER_OWNER`; `CREATE_SUBFOLDER` in the parent afterwards',
	'owner' => 'the store',
	'execute' => '`EXECUTE` on the function');

sub rights_rows
{
	my ($file) = @_;
	my @rows = @{ read_csv($file) };

	for my $row (@rows)
	{
		die "$row->{at}: \"$row->{needs}\" is unknown\n"
		  unless exists $words{ $row->{needs} };
	}
	return @rows;
}

# The rights to read, edit or delete a message.
sub allow_message
{
	my ($rights, $own, $any, $owned) = @_;

	return 0 unless $rights & $right{FOLDER_VISIBLE};
	return 0 unless $own || $rights & $right{READ_ANY};
	return $rights & $any || ($own && $rights & $owned) ? 1 : 0;
}

sub rights_allow
{
	my ($needs, $rights, $own) = @_;
	my $visible = $rights & $right{FOLDER_VISIBLE};

	return 1 if $needs eq 'nothing' || $needs eq 'store';
	return 0 if $needs eq 'owner' || $needs eq 'execute';
	return $rights & ($right{CREATE} | $right{EDIT_OWNED} | $right{EDIT_ANY})
	  ? 1
	  : 0
	  if $needs eq 'names';
	return $rights & $right{CREATE} ? 1 : 0 if $needs eq 'create somewhere';
	return 0 unless $visible;
	return 1 if $needs eq 'see';
	return 0 if $needs =~ /folder owner/ && !($rights & $right{FOLDER_OWNER});
	return 1 if $needs eq 'folder owner';
	return $rights & $right{CREATE_SUBFOLDER} ? 1 : 0
	  if $needs =~ /subfolder/;
	return allow_message($rights, $own, $right{EDIT_ANY},
		$right{EDIT_OWNED} | $right{CREATE})
	  if $needs eq 'edit or create';
	return 0 if $needs =~ /create/ && !($rights & $right{CREATE});
	return 1 if $needs eq 'create';
	return allow_message($rights, $own, $right{READ_ANY},
		$right{FOLDER_VISIBLE})
	  if $needs =~ /read/;
	return allow_message($rights, $own, $right{EDIT_ANY}, $right{EDIT_OWNED})
	  if $needs =~ /edit/;
	return allow_message($rights, $own, $right{DELETE_ANY},
		$right{DELETE_OWNED});
}

sub rights_exact
{
	my ($needs) = @_;
	my $rights = $right{FOLDER_VISIBLE};

	$rights |= $right{READ_ANY} if $needs =~ /read|edit|delete/;
	$rights |= $right{EDIT_ANY} if $needs =~ /edit/;
	$rights |= $right{DELETE_ANY} if $needs =~ /delete/;
	$rights |= $right{CREATE} if $needs =~ /create|names/;
	$rights |= $right{CREATE_SUBFOLDER} if $needs =~ /subfolder/;
	$rights |= $right{FOLDER_OWNER} if $needs =~ /folder owner/;
	return $rights;
}

sub rights_markdown
{
	my ($file) = @_;
	my $table = "| Call or view | The role needs |\n|---|---|\n";

	for my $row (rights_rows($file))
	{
		my $case = $row->{case} ne '' ? ", $row->{case}" : '';
		my $call = $row->{call} =~ s/,.*\)/, ...)/r;

		$case =~ s/\b([A-Z][A-Z_]+)\b/`$1`/g;
		$table .= "| `$call`$case | $words{ $row->{needs} } |\n";
	}
	return $table;
}

1;
