#!/usr/bin/env bash
# A device by its name, without --rootless: made by the program for root, or prepared by root for another user.
source "$(dirname "$0")/lib.sh"

page() { curl -sS --fail --max-time 10 "$1" | cmp - index.html; }

made_by_us() {
    timeout 30 "$hourglass" serve . --listen 10.3.0.2:8080 --tun made0 -- \
        curl -sS --fail --max-time 10 -o got http://10.3.0.2:8080/ && cmp got index.html
}
goes_with_us() { ! ip link show made0; }

# A prepared device keeps what root gave it: here another address than the one we would choose, and another MTU.
prepared() {
    ip tuntap add dev ready0 mode tun && ip addr add 10.4.0.77/24 dev ready0 && ip link set ready0 up mtu 9000 || return 1
    timeout 30 "$hourglass" serve . --listen 10.4.0.2:8080 --tun ready0 --mtu 9000 -- \
        curl -sS --fail --max-time 10 -o got --interface 10.4.0.77 http://10.4.0.2:8080/ && cmp got index.html || return 1
    ip -4 -o addr show dev ready0 | grep -q 'inet 10.4.0.77/24' && [[ $(ip -4 -o addr show dev ready0 | wc -l) -eq 1 ]]
}
stays() { ip link show ready0 | grep -q 'mtu 9000'; }

# A server without a program ends with 0 on a signal, and its control socket goes with it.
stops_on() {
    local server status=0
    "$hourglass" serve . --tun stop0 --control stop.sock 2>serve.log &
    server=$!
    wait_for 10 "$hourglass" stat --control stop.sock || return 1
    grep -q 'serving' serve.log || return 1
    kill "-$1" $server
    wait $server || status=$?
    [[ $status -eq 0 && ! -e stop.sock ]]
}

in_use() {
    local status=0
    timeout 30 "$hourglass" serve . --tun busy0 -- "$hourglass" serve . --tun busy0 >busy.log 2>&1 || status=$?
    [[ $status -eq 2 ]] && grep -q "in use by another program" busy.log
}

inside() {
    ip link set lo up
    check "a device that is made" made_by_us
    check "it goes with the program" goes_with_us
    check "a device that is prepared" prepared
    check "it stays as it was" stays
    check "SIGTERM ends the server" stops_on TERM
    check "SIGINT ends the server" stops_on INT
    check "a device in use" in_use
    finish
}

if [[ ${1-} == --inside ]]; then inside; fi

need curl ip unshare
need_rootless
work_folder
echo '<p>It works.' >index.html
timeout 120 unshare --user --map-root-user --net bash "$here/tun_device.sh" --inside
