# The tables of facts under data/, for the scripts that make C of them.
#
package Facts;

use strict;
use warnings;
use Exporter 'import';

our @EXPORT = qw(read_csv);

# Read a CSV file (RFC 4180, no line breaks in fields).  Returns a reference to
# an array of rows; a row is a hash of its fields by column, and of its place
# in the file under "at", for error messages.  Dies if the file has an error.
sub read_csv
{
	my ($path) = @_;
	my (@names, @rows);

	open my $in, '<', $path or die "could not open \"$path\": $!\n";
	while (my $line = <$in>)
	{
		my @fields;

		$line =~ s/\r?\n\z//;
		next if $line eq '';
		$line .= ',';
		while ($line =~ /\G(?:"((?:[^"]|"")*)"|([^,"]*)),/gc)
		{
			my $field = defined $1 ? $1 : $2;

			$field =~ s/""/"/g;
			push @fields, $field;
		}
		die "$path:$.: invalid line\n"
		  if (pos($line) // 0) != length $line;
		if (!@names)
		{
			@names = @fields;
			next;
		}
		die "$path:$.: expected " . @names . " fields\n"
		  if @fields != @names;

		my %row = (at => "$path:$.");
		@row{@names} = @fields;
		push @rows, \%row;
	}
	close $in or die "could not read \"$path\": $!\n";
	return \@rows;
}

1;
