# A key program for tests: it passes what it is asked on to the socket of the test, and says what that answers. The answer
# begins with a line that is the status; with another one than 0 the rest goes to standard error. In Perl, since a program
# of Node takes ten times as long to start.
use strict;
use Socket;
socket(my $test, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!";
connect($test, sockaddr_un($ARGV[0])) or die "connect: $!";
select((select($test), $| = 1)[0]);
local $/;
print $test scalar <STDIN>;
shutdown($test, 1);
my ($status, $said) = split /\n/, scalar(<$test>), 2;
if ($status == 0) { print $said }
else { print STDERR $said }
exit $status;
