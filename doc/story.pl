#!/usr/bin/perl
#
# story.pl
#	  Draws doc/story.svg: two clients, one message, four ways out.
#
#	  usage: perl doc/story.pl >doc/story.svg
#
# Colours follow the reader's setting (prefers-color-scheme), so that the picture
# is readable on a dark and on a light page.
#
use strict;
use warnings;

my @out;

sub box
{
	my ($class, $x, $y, $w, $h, @lines) = @_;
	my $top = $y + $h / 2 - 8 * (@lines - 1) + 5;

	push @out, qq{<rect class="$class" x="$x" y="$y" width="$w" height="$h" rx="6"/>};
	foreach my $i (0 .. $#lines)
	{
		my $style = $i == 0 ? 'head' : 'text';

		push @out, sprintf '<text class="%s" x="%d" y="%d">%s</text>', $style,
		  $x + $w / 2, $top + 16 * $i, $lines[$i];
	}
	return;
}

sub arrow
{
	my ($x1, $y1, $x2, $y2, $label, $dx, $dy) = @_;

	push @out,
	  qq{<line class="arrow" x1="$x1" y1="$y1" x2="$x2" y2="$y2" marker-end="url(#tip)"/>};
	push @out, sprintf '<text class="label" x="%d" y="%d">%s</text>',
	  ($x1 + $x2) / 2 + ($dx // 0), ($y1 + $y2) / 2 + ($dy // 0), $label
	  if defined $label;
	return;
}

# the message, version by version, from the left
box('store', 20, 100, 170, 60, 'version 8', '"Printer on fire"');
box('store', 300, 100, 170, 60, 'version 9', '"... (2nd floor)"');
arrow(190, 130, 298, 130);

# Ann above, Bob below
box('client', 180, 10, 150, 50, 'Ann', 'edits the subject');
box('client', 20, 210, 170, 50, 'Bob', 'edits the body');
arrow(105, 100, 190, 62, 'open', -30, -4);
arrow(315, 62, 365, 98, 'save: S_OK', 48, 0);
arrow(105, 160, 105, 208, 'open', -26, 4);
box('refused', 285, 205, 200, 60, 'MAPI_E_OBJECT_CHANGED', 'nothing is stored');
arrow(190, 235, 283, 235, 'save', 0, -6);
arrow(385, 160, 385, 203, 'who, when, what', 58, 2);

# four ways out
my @ways = (
	[ 'MERGE', 'both edits' ],
	[ 'KEEP_ORIGINAL', "drop Bob's edit" ],
	[ 'OVERWRITE', "replace Ann's version" ],
	[ 'SAVE_ELSEWHERE', 'a new message' ]);
foreach my $i (0 .. $#ways)
{
	my $y = 20 + 75 * $i;

	box('way', 590, $y, 190, 50, @{ $ways[$i] });
	arrow(485, 235, 588, $y + 25);
}

print <<'END';
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 310" role="img"
	aria-label="Two clients open one message. Ann saves first. Bob's save is refused, and Bob chooses one of four ways out.">
<style>
	text { font: 13px sans-serif; text-anchor: middle; fill: #24292f }
	.head { font-weight: bold }
	.label { font-size: 12px; fill: #57606a }
	rect { stroke-width: 1.5 }
	.store { fill: #ddf4ff; stroke: #0969da }
	.client { fill: #f6f8fa; stroke: #57606a }
	.refused { fill: #ffebe9; stroke: #cf222e }
	.way { fill: #dafbe1; stroke: #1a7f37 }
	.arrow { stroke: #57606a; stroke-width: 1.5 }
	#tip path { fill: #57606a }
	@media (prefers-color-scheme: dark) {
		text { fill: #e6edf3 }
		.label { fill: #9198a1 }
		.store { fill: #0c2d6b; stroke: #4493f8 }
		.client { fill: #212830; stroke: #9198a1 }
		.refused { fill: #5d0f12; stroke: #f85149 }
		.way { fill: #04260f; stroke: #3fb950 }
		.arrow { stroke: #9198a1 }
		#tip path { fill: #9198a1 }
	}
</style>
<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7"
	markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10z"/></marker></defs>
END
print map { "$_\n" } @out;
print "</svg>\n";
