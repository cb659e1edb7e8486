# The story "Two terminals" in README.md and the conflict screen in doc/client.md are
# what the command prints, but for dates and times.
use strict;
use warnings;
use Cwd qw(abs_path);
use FindBin;
use lib "$FindBin::RealBin/../lib";
use MsgstoreClient;
use PostgreSQL::Test::Utils;
use Terminal;
use Test::More;

my $top = "$FindBin::RealBin/../..";
my $folder = abs_path($dir);
my $node = client_node('screens');
$ENV{XDG_STATE_HOME} = "$folder/state";
$ENV{TERM} = 'dumb';
$ENV{NO_COLOR} = '1';
delete @ENV{qw(VISUAL EDITOR COLUMNS MSGSTORE_STORE PGUSER)};

# Return a text without the dates and times in it, and without blanks at line ends.
sub timeless
{
	my ($text) = @_;

	return $text =~ s/\d{4}-\d\d-\d\d/DATE/gr =~ s/\d\d:\d\d:\d\d/TIME/gr
	  =~ s/ +$//gmr;
}

# Return the commands of a section of a document, each with the output below it.
sub commands_of
{
	my ($document, $section) = @_;
	my ($body) = slurp_file("$top/$document") =~
	  /^## \Q$section\E\n(.*?)(?=^## |\z)/ms
	  or die "$document has no section $section\n";
	my @commands;

	foreach my $block ($body =~ /((?:^    .*\n|^\n(?=    ))+)/mg)
	{
		my $text = $block =~ s/^    //gmr;

		while ($text =~ /^\$ ((?:[^'\n]|'[^']*')*)\n((?:(?!\$ ).*\n)*)/mg)
		{
			push @commands, [ $1, timeless($2) ];
		}
	}
	return @commands;
}

# Run a command of a document as a shell does; returns its output without times.
sub outcome
{
	my ($command) = @_;
	my ($code, $out, $err) = run_program('sh', '-c', $command);

	return timeless($out . $err);
}

# An editor in which the user changes subject and last line, while a command of the
# other terminal runs.
sub set_editor
{
	my ($meanwhile) = @_;

	write_file('meanwhile', $meanwhile);
	my $editor = abs_path(write_file('editor',
		"#!/bin/sh\nsh '$folder/meanwhile' >'$folder/theirs'\n"
		  . "sed -i 's/^Subject: Offer/& for ACME/; s/^Coffee is/Tea and coffee are/' \"\$1\"\n"));
	chmod 0755, $editor;
	$ENV{EDITOR} = $editor;
	return;
}

# Run a command on a terminal and give the answer that the document shows behind the
# last question; returns what was shown, with the answer.
sub on_screen
{
	my ($command, $expected) = @_;
	my ($answer) = $expected =~ /^k, .* q or \? (\w+)$/m;
	my $terminal = on_terminal(80, split / /, $command =~ s/^msgstore //r);
	my $shown = wait_for($terminal, qr/ q or \? $/);

	type($terminal, "$answer\n");
	my ($code, $rest) = finish($terminal);
	is($code, 0, "$command: exit code 0");
	return timeless("$shown$answer\n" . $rest =~ s/\A\n//r);
}

# --------------------------------------------------------------- two terminals

my @story = commands_of('README.md', 'Two terminals');
is(join(' ', map { $_->[0] =~ /^(?:msgstore )?(\w+)/ } @story),
	'export init new set edit', 'the story has its commands');
my ($export, $init, $new, $set, $edit) = @story;
my ($store) = $export->[0] =~ /^export MSGSTORE_STORE=(\w+)$/;
$node->safe_psql('postgres', 'DROP EXTENSION msgstore');
$ENV{MSGSTORE_STORE} = $store;
foreach my $one ($init, $new)
{
	is(outcome($one->[0]), $one->[1], "$one->[0]: as in the README");
}
set_editor($set->[0]);
is(on_screen(@$edit), $edit->[1], 'the screen of Bob is that of the README');
is(timeless(slurp_file("$folder/theirs")),
	$set->[1], 'the answer to Ann is that of the README');

# -------------------------------------------------------------- the reference

my ($resolve) = grep { $_->[0] =~ /^msgstore resolve 1$/ }
  commands_of('doc/client.md', 'resolve');
$node->safe_psql('postgres', 'CREATE DATABASE reference');
$ENV{PGDATABASE} = 'reference';
outcome($_->[0]) foreach $init, $new;
set_editor($set->[0]);
like(outcome("$edit->[0] </dev/null"), qr/parked as draft 3\./, 'a draft is parked');
is(on_screen(@$resolve), $resolve->[1], 'the screen of the document is that of "resolve"');

# --------------------------------------------------- a changed screen is found

isnt(timeless($edit->[1] =~ s/base    7 lines/base    8 lines/r),
	$edit->[1], 'a changed screen is another one');

$node->stop;
done_testing();
