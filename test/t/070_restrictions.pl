# An evaluator of its own, over what read_message() returns, agrees with
# list_messages() on 10,000 random restrictions over 1,000 random messages.
use strict;
use warnings;
use utf8;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use JSON::PP;
use MIME::Base64;
use Unicode::Normalize 'NFD';

my $messages = 1000;
my $restrictions = 10000;
my $leaves = 1500;
my $seed = $ENV{MSGSTORE_SEED} // 20260111;

srand($seed);
note("MSGSTORE_SEED=$seed");
my $json = JSON::PP->new->canonical->allow_nonref->utf8;

sub pick { return $_[ rand @_ ] }
sub maybe { return rand() < $_[0] }

# ----------------------------------------------------------------- messages

my @words = ('', 'a', 'A', 'ab', 'Äb', 'äB', 'e', 'é', "e\x{301}", 'É', 'ß', 'Σ', 'σας', 'lunch', 'Lunch',
	'Re: lunch', 'Re: a', 'Дело', 'дЕЛО', '会議', '𝒳', 'zz', 'Z', 'x' x 300);
my @keywords = ('red', 'Red', 'blue', 'Grün');
sub word { return pick(@words) }
sub bytes { return encode_base64(join('', map { chr(int rand 3) } 1 .. int rand 4), '') }
sub when_ { return sprintf '2026-01-%02dT0%d:00:00.%07dZ', 1 + int rand 4, int rand 2, int rand 3 }
sub number { return int(rand 7) - 3 }
sub double_ { return pick(-1.5, 0, 0.25, 1e10, 3, 'NaN', 'Infinity') }

# name => [type, generator]
my %property = (
	PR_SUBJECT => [ 'text', \&word ],
	PR_SENDER_NAME => [ 'text', \&word ],
	PR_SENT_REPRESENTING_NAME => [ 'text', \&word ],
	PR_BODY => [ 'text', \&word ],
	PR_CONVERSATION_TOPIC => [ 'text', \&word ],
	PR_IMPORTANCE => [ 'number', sub { int rand 3 } ],
	PR_PRIORITY => [ 'number', \&number ],
	PR_FLAG_STATUS => [ 'number', sub { int rand 8 } ],
	PidLidPercentComplete => [ 'double', \&double_ ],
	PR_MESSAGE_DELIVERY_TIME => [ 'time', \&when_ ],
	PR_CLIENT_SUBMIT_TIME => [ 'time', \&when_ ],
	PR_READ_RECEIPT_REQUESTED => [ 'boolean', sub { pick(JSON::PP::true, JSON::PP::false) } ],
	PR_SENDER_ENTRYID => [ 'binary', \&bytes ],
	PR_SENDER_SEARCH_KEY => [ 'binary', \&bytes ],
	PidNameKeywords => [ 'text', sub { pick(@keywords) }, 'list' ]);
# computed, and never set
my %computed = (
	PR_NORMALIZED_SUBJECT => [ 'text', \&word ],
	PR_SUBJECT_PREFIX => [ 'text', sub { pick('Re: ', '', 'x') } ],
	PR_HASATTACH => $property{PR_READ_RECEIPT_REQUESTED},
	PR_DISPLAY_TO => [ 'text', \&word ]);
my %all = (%property, %computed);
my %in_recipient = (PR_DISPLAY_NAME => [ 'text', \&word ], PR_RECIPIENT_TYPE => [ 'number', sub { 1 + int rand 3 } ]);
my %in_attachment = (PR_ATTACH_LONG_FILENAME => [ 'text', \&word ], PR_ATTACH_DATA_BIN => [ 'binary', \&bytes ]);

sub object
{
	my ($properties, $share) = @_;

	return { map {
			my ($type, $make, $is_list) = @{ $properties->{$_} };
			maybe($share) ? ($_ => $is_list ? [ map { $make->() } 1 .. int rand 4 ] : $make->()) : ()
		} sort keys %$properties };
}

sub message
{
	my $message = object(\%property, 0.6);

	$message->{PR_MESSAGE_RECIPIENTS} = [ map { { PR_RECIPIENT_TYPE => 1, %{ object(\%in_recipient, 0.7) } } } 1 .. rand 4 ]
	  if maybe(0.5);
	$message->{PR_MESSAGE_ATTACHMENTS} = [ map { object(\%in_attachment, 0.6) } 1 .. rand 3 ]
	  if maybe(0.4);
	return $message;
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "fsync = off\nsynchronous_commit = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION msgstore');

# Lines of JSON go through a file into a table.
sub load
{
	my ($table, @values) = @_;
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$table";

	append_to_file($file, join '', map { s/\\/\\\\/gr . "\n" } map { $json->encode($_) } @values);
	$node->safe_psql('postgres', "CREATE TABLE $table (n serial, value jsonb); COPY $table (value) FROM '$file'");
}

load('random_message', map { message() } 1 .. $messages);
$node->safe_psql(
	'postgres', q{
	SET search_path = msgstore, public;
	SELECT create_store('random') AS s \gset
	SELECT count(throw_if_failed(x.result))
	FROM random_message AS r, LATERAL save_new_message(:s, special_folder(:s, 'Inbox'), r.value) AS x});
my $tags = join ',', sort(keys %all), 'PR_MESSAGE_RECIPIENTS', 'PR_MESSAGE_ATTACHMENTS';
my (@id, @read);
foreach (
	split /\n/, $node->safe_psql(
		'postgres', qq{
	SELECT message_id, msgstore.read_message(store_id, message_id, '{$tags}')
	FROM msgstore.message_list ORDER BY message_id}))
{
	my ($id, $message) = split /\|/, $_, 2;

	push @id, $id;
	push @read, $json->decode($message);
}
is(scalar(@read), $messages, 'there are messages');

# ---------------------------------------------------------------- evaluator

# Return a value that cmp or <=> compares, by the type.
sub comparable
{
	my ($type, $value) = @_;

	return decode_base64($value) if $type eq 'binary';
	return $value ? 1 : 0 if $type eq 'boolean';
	return $value;
}

sub compare
{
	my ($type, $a, $b) = @_;

	if (ref $a eq 'ARRAY')
	{
		for my $i (0 .. ($#$a < $#$b ? $#$a : $#$b))
		{
			my $order = compare($type, $a->[$i], $b->[$i]);
			return $order if $order;
		}
		return @$a <=> @$b;
	}
	($a, $b) = (comparable($type, $a), comparable($type, $b));
	return $a cmp $b if $type =~ /^(?:text|time|binary)$/;
	if ($type eq 'double')
	{
		my %rank = (NaN => 2, Infinity => 1);
		my ($x, $y) = ($rank{$a} // 0, $rank{$b} // 0);
		return $x <=> $y if $x || $y;
	}
	return $a <=> $b;
}

my %holds = (
	'<' => sub { $_[0] < 0 },
	'<=' => sub { $_[0] <= 0 },
	'>' => sub { $_[0] > 0 },
	'>=' => sub { $_[0] >= 0 },
	'=' => sub { $_[0] == 0 });

# Return true if any of the values, one of which may be a list, holds.
sub any_holds
{
	my ($relop, $type, $value, $with) = @_;
	my @values = ref $value eq 'ARRAY' && ref $with ne 'ARRAY' ? @$value : ($value);

	return scalar grep { $holds{$relop}->(compare($type, $_, $with)) } @values;
}

sub folded
{
	my ($text, $leaf) = @_;

	$text = NFD($text) =~ s/\p{Mn}//gr if $leaf->{ignore_nonspace} || $leaf->{loose};
	$text = lc($text) =~ tr/ς/σ/r if $leaf->{ignore_case} || $leaf->{loose};
	return $text;
}

my %bytes_of = (number => 4, time => 8, double => 8, boolean => 2);

sub size_of
{
	my ($type, $value) = @_;
	my $text = $value;

	return $bytes_of{$type} if $bytes_of{$type};
	return length decode_base64($value) if $type eq 'binary';
	utf8::encode($text);
	return length $text;
}

# Return true if an object has what a restriction asks for; a plain reading of
# the rules in doc/reference.md.
sub matches
{
	my ($r, $object, $types) = @_;
	my ($kind, $c) = %$r;
	my ($type, $value) = ('');

	if (ref $c eq 'HASH' && defined $c->{name})
	{
		($type) = @{ $types->{ $c->{name} } };
		$value = $object->{ $c->{name} };
	}
	if ($kind eq 'exist')
	{
		return exists $object->{$c};
	}
	elsif ($kind eq 'property')
	{
		return !defined $value || !any_holds('=', $type, $value, $c->{value}) if $c->{relop} eq '<>';
		return defined $value && any_holds($c->{relop}, $type, $value, $c->{value});
	}
	elsif ($kind eq 'compare')
	{
		my $other = $object->{ $c->{other} };
		my $both = defined $value && defined $other;
		return !$both || compare($type, $value, $other) != 0 if $c->{relop} eq '<>';
		return $both && $holds{ $c->{relop} }->(compare($type, $value, $other));
	}
	elsif ($kind eq 'bitmask')
	{
		return 0 if !defined $value;
		return (($value & $c->{mask}) != 0) == ($c->{relop} eq '<>0');
	}
	elsif ($kind eq 'size')
	{
		return $c->{relop} eq '<>' if !defined $value;
		my $size = 0;
		$size += size_of($type, $_) foreach ref $value eq 'ARRAY' ? @$value : $value;
		return $size != $c->{bytes} if $c->{relop} eq '<>';
		return $holds{ $c->{relop} }->($size <=> $c->{bytes});
	}
	elsif ($kind eq 'content')
	{
		return 0 if !defined $value;
		my $match = $c->{match} // 'full';
		my $with = $type eq 'binary' ? decode_base64($c->{value}) : folded($c->{value}, $c);
		foreach my $one (ref $value eq 'ARRAY' ? @$value : $value)
		{
			my $text = $type eq 'binary' ? decode_base64($one) : folded($one, $c);
			my $at = index $text, $with;
			return 1 if $match eq 'full' ? $text eq $with : $match eq 'prefix' ? $at == 0 : $at >= 0;
		}
		return 0;
	}
	elsif ($kind eq 'recipients')
	{
		return scalar grep { matches($c, $_, \%in_recipient) } @{ $object->{PR_MESSAGE_RECIPIENTS} // [] };
	}
	elsif ($kind eq 'attachments')
	{
		return scalar grep { matches($c, $_, \%in_attachment) } @{ $object->{PR_MESSAGE_ATTACHMENTS} // [] };
	}
	elsif ($kind eq 'not')
	{
		return !matches($c, $object, $types);
	}
	elsif ($kind eq 'and')
	{
		return !grep { !matches($_, $object, $types) } @$c;
	}
	die "no evaluator of $kind";
}

# -------------------------------------------------------------- generation

sub flag { return maybe(0.3) ? ($_[0] => pick(JSON::PP::true, JSON::PP::false)) : () }

# A restriction without parts on properties of these types.
sub leaf
{
	my ($types) = @_;
	my $name = pick(sort keys %$types);
	my ($type, $make, $is_list) = @{ $types->{$name} };
	my $relop = pick('<', '<=', '>', '>=', '=', '<>');
	my $kind = pick(qw(property property property content content bitmask size exist compare));

	return { exist => $name } if $kind eq 'exist';
	return { size => { name => $name, relop => $relop, bytes => int rand 9 } } if $kind eq 'size';
	return { content => { name => $name, value => $make->(), flag('ignore_case'), flag('ignore_nonspace'),
			flag('loose'), maybe(0.8) ? (match => pick(qw(full substring prefix))) : () } }
	  if $kind eq 'content' && $type =~ /text|binary/;
	return { bitmask => { name => $name, relop => pick('=0', '<>0'), mask => int rand 8 } }
	  if $kind eq 'bitmask' && $type eq 'number' && $name ne 'PR_PRIORITY';
	if ($kind eq 'compare')
	{
		my @others = grep { $types->{$_}[0] eq $type && !$types->{$_}[2] == !$is_list } sort keys %$types;
		return { compare => { name => $name, relop => $relop, other => pick(@others) } };
	}
	return { property => { name => $name, relop => $relop,
			value => $is_list && maybe(0.3) ? [ map { $make->() } 1 .. rand 3 ] : $make->() } };
}

sub list_leaf
{
	my ($kind, $types) = @{ pick([ recipients => \%in_recipient ], [ attachments => \%in_attachment ]) };
	my $inner = leaf($types);

	$inner = { and => [ $inner, leaf($types) ] } if maybe(0.3);
	$inner = { not => $inner } if maybe(0.2);
	return { $kind => $inner };
}

# The messages that a restriction selects are bits of a string, so that the
# evaluator looks at a leaf once, however many restrictions have it; and, where
# the leaf is about one property, once at each of the values that messages have.
my $every = pack 'b*', '1' x $messages;
my $none = $every ^ $every;
my %value_of;    # property, or properties => text of the values => [object, bits]

# Return the objects that differ in these properties, with the bits of the
# messages that are as the object is.
sub distinct
{
	my (@names) = @_;

	return $value_of{"@names"} //= do
	{
		my %groups;

		foreach my $n (0 .. $#read)
		{
			my %object = map { exists $read[$n]{$_} ? ($_ => $read[$n]{$_}) : () } @names;
			my $group = $groups{ $json->encode(\%object) } //= [ \%object, $none ];

			vec($group->[1], $n, 1) = 1;
		}
		[ values %groups ];
	};
}

# Return the bits of the messages that a leaf selects.
sub bits_of
{
	my ($leaf) = @_;
	my ($kind, $c) = %$leaf;
	my @names = $kind eq 'exist' ? $c : ref $c eq 'HASH' ? map { $c->{$_} // () } qw(name other) : ();
	my $bits = $none;

	@names = ('PR_MESSAGE_RECIPIENTS', 'PR_MESSAGE_ATTACHMENTS') if !@names;
	foreach my $group (@{ distinct(@names) })
	{
		$bits |= $group->[1] if matches($leaf, $group->[0], \%all);
	}
	return $bits;
}

my @leaves = map { maybe(0.2) ? list_leaf() : leaf(\%all) } 1 .. $leaves;
my @bits = map { bits_of($_) } @leaves;

# Return a random restriction and its bits.
sub restriction
{
	my ($depth) = @_;
	my $kind = $depth == 0 || maybe(0.4) ? 'leaf' : pick(qw(and or not comment));

	if ($kind eq 'leaf')
	{
		my $n = int rand @leaves;
		return ($leaves[$n], $bits[$n]);
	}
	if ($kind eq 'not' || $kind eq 'comment')
	{
		return ({ comment => { props => {} } }, $every) if $kind eq 'comment' && maybe(0.1);
		my ($inner, $found) = restriction($depth - 1);
		return ({ not => $inner }, ~$found & $every) if $kind eq 'not';
		return ({ comment => { props => { PR_COMMENT => 'x' }, restriction => $inner } }, $found);
	}
	my @parts;
	my $found = $kind eq 'and' ? $every : $none;
	foreach (1 .. rand 4)
	{
		my ($part, $these) = restriction($depth - 1);
		push @parts, $part;
		$found = $kind eq 'and' ? $found & $these : $found | $these;
	}
	return ({ $kind => \@parts }, $found);
}

# Return a restriction that limits the number of messages in the order of their ids.
sub limited
{
	my ($restriction, $found) = @_;
	my $max = int rand 20;
	my @first = grep { vec $found, $_, 1 } 0 .. $messages - 1;
	my $bits = $none;

	splice @first, $max if @first > $max;
	vec($bits, $_, 1) = 1 foreach @first;
	$restriction = { count => { max => $max, restriction => $restriction } };
	$restriction = { comment => { props => {}, restriction => $restriction } } if maybe(0.3);
	return ($restriction, $bits);
}

my (@asked, @expected);
foreach (1 .. $restrictions)
{
	my ($restriction, $found) = restriction(3);
	# every fourth is asked for in the order of ids
	($restriction, $found) = limited($restriction, $found) if $_ % 4 == 0 && maybe(0.2);
	push @asked, $restriction;
	push @expected, $found;
}
load('random_restriction', @asked);

# -------------------------------------------------------------- comparison

# Every order must select what the order of ids does.  Two sessions share the
# restrictions.
my @orders = ('{}', '{PR_MESSAGE_DELIVERY_TIME DESC}', '{PR_SENDER_NAME}', '{PR_NORMALIZED_SUBJECT}');
my @output = ('', '');
my @sessions = map {
	IPC::Run::start(
		[ 'psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-c', qq{
	SELECT (SELECT md5(coalesce(string_agg(message_id::text, ',' ORDER BY message_id), ''))
		FROM msgstore.list_messages(o.store_id, o.folder_id, '{}', r.value,
			(ARRAY['$orders[0]', '$orders[1]', '$orders[2]', '$orders[3]'])[1 + r.n % 4]::text[], NULL) AS l)
	FROM random_restriction AS r,
		(SELECT store_id, folder_id FROM msgstore.message LIMIT 1) AS o
	WHERE (r.n <= $restrictions / 2) = ($_ = 0)
	ORDER BY r.n} ],
		'<', \undef, '>', \$output[$_])
} 0, 1;
$_->finish foreach @sessions;
my $answers = join '', @output;
my @answers = split /\n/, $answers;
is(scalar(@answers), $restrictions, 'every restriction has an answer');

use Digest::MD5 'md5_hex';
my @wrong = grep {
	my $bits = unpack 'b*', $expected[$_];
	my @set;
	push @set, $-[0] while $bits =~ /1/g;
	md5_hex(join ',', @id[ grep { $_ < $messages } @set ]) ne $answers[$_]
} 0 .. $#answers;
is(scalar(@wrong), 0, 'the two evaluators agree on all of them');
diag($json->encode($asked[$_])) foreach @wrong > 5 ? @wrong[ 0 .. 4 ] : @wrong;

my $counted = grep { ($expected[$_] & $every) =~ /[^\0]/ } 0 .. $#expected;
cmp_ok($counted, '>', $restrictions / 3, 'many restrictions select messages');
cmp_ok($counted, '<', $restrictions, 'and some select none');

$node->stop;
done_testing();
