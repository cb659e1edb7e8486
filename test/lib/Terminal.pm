# The command on a pseudo-terminal: type, wait for what is shown, wait for the end.
package Terminal;

use strict;
use warnings;
use Encode qw(decode);
use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(on_terminal wait_for type finish);

# Start the command on a terminal of so many columns, which becomes narrow when there
# is a file "narrow" in the folder that $Terminal::folder names.
our $folder = '/nonexistent';
sub on_terminal
{
	my ($columns, @args) = @_;
	my ($in, $out) = ('', '');
	my $harness = IPC::Run::start(
		[
			'sh', '-c',
			"stty -echo cols $columns rows 50; exec 3<&0;"
			  . " (while [ ! -e '$folder/narrow' ]; do [ -e /proc/\$\$ ] || exit; sleep 0.1; done;"
			  . " stty cols 44 <&3; touch '$folder/narrowed') >/dev/null 2>&1 & exec \"\$@\"",
			'sh', 'msgstore', @args
		],
		'<pty<', \$in, '>pty>', \$out,
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

	return { harness => $harness, in => \$in, out => \$out };
}

# Wait for a pattern; returns what was shown before it.
sub wait_for
{
	my ($terminal, $pattern) = @_;
	my $shown;

	$terminal->{harness}->pump until ${ $terminal->{out} } =~ $pattern;
	$shown = decode('UTF-8', ${ $terminal->{out} });
	${ $terminal->{out} } = '';
	return $shown =~ s/\r//gr;
}

# Type a text, and wait for a pattern if there is one.
sub type
{
	my ($terminal, $text, $pattern) = @_;

	${ $terminal->{in} } .= $text;
	return defined $pattern ? wait_for($terminal, $pattern) : '';
}

# Wait for the end; returns exit code and what was shown.
sub finish
{
	my ($terminal) = @_;
	my $code;

	$terminal->{harness}->finish;
	$code = $terminal->{harness}->full_result(0);
	return ($code & 127 ? 128 + ($code & 127) : $code >> 8,
		decode('UTF-8', ${ $terminal->{out} }) =~ s/\r//gr);
}

1;
