#!/usr/bin/env bash
# A TAP device whose other end has Debian's dnsmasq: it leases our IPv4 address and advertises an IPv6 prefix.
source "$(dirname "$0")/lib.sh"

export PATH=$PATH:/usr/sbin:/sbin

# serves INTERFACE: dnsmasq on the kernel's end, with leases of 10.8.0.100 to 120 and the prefix fd00:8::/64.
serves() {
    dnsmasq --no-daemon --conf-file=/dev/null --port=0 --interface="$1" --bind-interfaces --leasefile-ro \
        --log-dhcp --dhcp-authoritative \
        --dhcp-range=10.8.0.100,10.8.0.120,255.255.255.0,2m --dhcp-option=option:mtu,1400 --enable-ra \
        --dhcp-range=fd00:8::,ra-only,64,1h --ra-param="$1",mtu:1300,4,1800 >dnsmasq.log 2>&1
}

# make_tap NAME: a device with the kernel's end set up, as the port of a machine that serves leases.
make_tap() {
    ip tuntap add dev "$1" mode tap && ip link set "$1" up &&
        ip addr add 10.8.0.1/24 dev "$1" && ip -6 addr add fd00:8::1/64 dev "$1" nodad
}

line_of() { sed -n "s/^$1 \([^ ,/]*\).*/\1/p" serve.log | head -n 1; } # line_of WORD: the address after it

fetch() { curl -g -sS --fail --max-time 20 -o got "$1" && cmp got files/page; }
over_v4() { fetch "http://$(line_of leased)/page"; }
over_v6() { fetch "http://[$(line_of configured)]/page"; }
large_over_v4() { curl -sS --fail --max-time 60 -o got "http://$(line_of leased)/large" && cmp got files/large; }
one_line_says_it() {
    grep -qx 'leased 10\.8\.0\.1[0-2][0-9]/24 from 10\.8\.0\.1 for 2 min, router 10\.8\.0\.1.*' serve.log &&
        grep -q '^configured fd00:8::[0-9a-f:]*/64, router fe80::' serve.log
}
from_the_range() { [[ $(line_of leased) =~ ^10\.8\.0\.1[0-2][0-9]$ ]]; }
outside_of_the_range() { [[ $(line_of configured) == fd00:8::* && $(line_of configured) != fd00:8::1 ]]; }
pings() { ping -q -c 1 -W 2 "$(line_of leased)" && ping -6 -q -c 1 -W 2 "$(line_of configured)"; }
segment_sizes() { # what DHCP and the router say of the link's MTU: 1400 and 1300, less the headers
    [[ $(sizes 'ip') == 1360 && $(sizes 'ipv6') == 1240 ]]
}
sizes() { tshark -r serve.pcapng -Y "$1 and tcp.flags.syn==1 and tcp.flags.ack==1" -T fields -e tcp.options.mss_val | sort -u; }
lease_is_given_back() {
    kill -TERM "$server" && wait "$server" && wait_for 5 grep -q 'DHCPRELEASE' dnsmasq.log
}
start() { # start COMMAND...: in the background, with its messages in serve.log
    "$@" 2>serve.log &
    server=$!
    wait_for 20 grep -q '^leased' serve.log && wait_for 20 grep -q '^configured' serve.log
}
same_address_again() {
    local before
    before=$(line_of configured)
    start "$hourglass" serve files --tap edge0 --dhcp && [[ $(line_of configured) == "$before" ]]
}
gets_by_lease() { # the other way round: our client, a server of the kernel's
    (cd files && exec python3 -m http.server 8000 --bind 10.8.0.1 >/dev/null 2>&1) &
    local web=$! status=0
    wait_for 10 curl -sS -o /dev/null http://10.8.0.1:8000/page
    timeout 30 "$hourglass" get http://10.8.0.1:8000/page --tap edge0 --dhcp >got 2>get.log || status=$?
    kill $web
    cat get.log
    [[ $status -eq 0 ]] && cmp got files/page && grep -q '^leased 10\.8\.0\.' get.log
}
nobody_answers() { # no server: an error that says so, and no address
    local status=0
    ip tuntap add dev mute0 mode tap && ip link set mute0 up
    timeout 60 "$hourglass" get http://10.8.0.1/ --tap mute0 --dhcp 2>mute.log || status=$?
    [[ $status -eq 7 ]] && grep -q 'has given no address' mute.log
}
static_tap() { # without --dhcp the addresses are those of a TUN device
    timeout 30 "$hourglass" serve files --tap plain0 --listen 10.9.0.2:80 -- \
        curl -sS --fail --max-time 20 -o got http://10.9.0.2/large && cmp got files/large
}

inside() {
    ip link set lo up
    make_tap edge0
    serves edge0 &
    dns=$!
    trap 'kill $dns' EXIT
    check "a lease and a prefix" start "$hourglass" serve files --tap edge0 --dhcp --capture serve.pcapng
    check "a line each says so" one_line_says_it
    check "the lease is of the server's range" from_the_range
    check "the IPv6 address is our own choice" outside_of_the_range
    check "curl over IPv4" over_v4
    check "curl over the IPv6 address" over_v6
    check "20 MB over IPv4" large_over_v4
    check "ping and ping -6" pings
    check "SIGTERM gives the lease back" lease_is_given_back
    check "segments fit the MTUs that the link tells" segment_sizes
    check "the IPv6 address is the same the next time" same_address_again
    check "it ends" lease_is_given_back
    check "get with a lease" gets_by_lease
    check "get where nobody answers" nobody_answers
    check "a TAP device with given addresses" static_tap
    finish
}

if [[ ${1-} == --inside ]]; then inside; fi

need curl ip unshare dnsmasq ping python3 tshark
need_rootless
work_folder
mkdir files
head -c 3000 /dev/urandom >files/page
head -c 20000000 /dev/urandom >files/large
timeout 200 unshare --user --map-root-user --net bash "$here/dhcp.sh" --inside
