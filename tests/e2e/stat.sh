#!/usr/bin/env bash
# The connections and counters of a running instance.
source "$(dirname "$0")/lib.sh"

established() { "$hourglass" stat | grep -qE '^tcp +[0-9]+ +[0-9]+ 10\.0\.0\.2:80 +10\.0\.0\.1:[0-9]+ +ESTABLISHED '; }
listening() { "$hourglass" stat | grep -qE '^tcp +0 +[0-9]+ 10\.0\.0\.2:80 +0\.0\.0\.0:\* +LISTEN '; }
columns() {
    [[ $("$hourglass" stat | head -n 1 | tr -s ' ') == 'Proto Recv-Q Send-Q Local Address Foreign Address State Timer' ]]
}
json() { "$hourglass" stat --json | grep -qE '^\{"connections":\[\{"protocol":"tcp",.*"local":"10\.0\.0\.2:80","remote":null,"state":"LISTEN".*\}\]\}$'; }
no_colour() { ! "$hourglass" stat | grep -q $'\x1b'; }

# A connection that is open while we look: a client that sends nothing.
open_connection() {
    exec {connection}<>/dev/tcp/10.0.0.2/80
}

counter() { "$hourglass" stat --counters --all | awk -v layer="$1" -v name="$2" '$2 == layer && $3 == name { print $1 }'; }

# Packets that Linux itself would not send: a TCP segment with a data offset of 0, and one with a wrong checksum.
send_malformed() {
    perl - <<'END'
use Socket;
socket(my $raw, PF_INET, SOCK_RAW, 6) or die "no raw socket: $!";
my $to = pack_sockaddr_in(0, inet_aton("10.0.0.2"));
send($raw, pack("nnNNnnnn", 1, 80, 0, 0, 0x0002, 0, 0, 0), 0, $to) or die $!;
send($raw, pack("nnNNnnnn", 1, 80, 0, 0, 0x5002, 1000, 0x1234, 0), 0, $to) or die $!;
END
}

malformed_is_counted() {
    local malformed checksum
    malformed=$(counter tcp dropped_malformed)
    checksum=$(counter tcp dropped_checksum)
    send_malformed
    wait_for 5 test_counters $((malformed + 1)) $((checksum + 1))
}
test_counters() { [[ $(counter tcp dropped_malformed) -ge $1 && $(counter tcp dropped_checksum) -ge $2 ]]; }

inside() {
    check "netstat's columns" columns
    check "the listener" listening
    open_connection
    check "an established connection" wait_for 5 established
    check "--json" json
    check "no colour in a pipe" no_colour
    check "malformed packets are counted by reason" malformed_is_counted
    finish
}

if [[ ${1-} == --inside ]]; then inside; fi

need perl
need_rootless
work_folder
timeout 60 "$hourglass" serve . --rootless -- bash "$here/stat.sh" --inside
