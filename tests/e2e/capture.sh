#!/usr/bin/env bash
# What --capture writes of a live session opens in tshark without a fault.
source "$(dirname "$0")/lib.sh"

session() {
    timeout 60 "$hourglass" serve . --rootless --capture live.pcapng -- bash -c '
        curl -sS --fail --max-time 30 -o got http://10.0.0.2/large && cmp got large &&
        curl -sS --fail --max-time 30 --data-binary @large -o echoed http://10.0.0.2/echo && cmp echoed large &&
        curl -6 -g -sS --fail --max-time 30 -o got "http://[fd00:6867::2]/large" && cmp got large &&
        ping -q -c 1 -s 4000 10.0.0.2'
}

# count FILTER: packets of the capture that match.
count() {
    tshark -r live.pcapng -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE \
        -Y "$1" -T fields -e frame.number 2>/dev/null | wc -l
}
none() {
    local n
    n=$(count "$1")
    [[ $n -eq 0 ]] || {
        echo "$n packets match $1:"
        tshark -r live.pcapng -Y "$1" 2>/dev/null | head -n 5
        return 1
    }
}
some() { [[ $(count "$1") -gt 0 ]]; }

need curl tshark ping
need_rootless
work_folder
head -c 3000000 /dev/urandom >large

check "a session with a capture" session
check "tshark sees the handshake" some 'tcp.flags.syn == 1 && tcp.flags.ack == 1'
check "tshark sees the requests" some 'http.request.uri == "/large"'
check "tshark sees a whole response over IPv6" some 'ipv6 && http.response.code == 200'
check "no packet is malformed" none '_ws.malformed'
check "no checksum is bad" none 'tcp.checksum.status == "Bad" || udp.checksum.status == "Bad" || ip.checksum.status == "Bad" || icmp.checksum.status == "Bad"'
check "no segment is missing or sent twice" none 'tcp.analysis.lost_segment || tcp.analysis.retransmission || tcp.analysis.ack_lost_segment'
# A window that is full or closed is the reader's pace, not a fault.
check "tshark's expert has no warning" none '_ws.expert.severity >= 0x600000 && !tcp.analysis.window_full && !tcp.analysis.zero_window'
check "packets have comments" some 'frame.comment contains "ESTABLISHED"'
finish
