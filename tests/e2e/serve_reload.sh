#!/usr/bin/env bash
# SIGHUP to `hourglass serve`: another folder at the same place, another certificate, a log that was moved away, and a
# download that goes on meanwhile; over the operating system's TCP, on loopback.
source "$(dirname "$0")/lib.sh"

need curl openssl
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
work_folder
server=''
stop_all() {
    [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap stop_all EXIT

make_certificate() { # make_certificate NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 1 \
        -subj "/CN=$1" -addext "subjectAltName=DNS:$1" 2>/dev/null
}
start() {
    rm -f serve.log
    "$hourglass" serve site --listen 127.0.0.1:0 "$@" 2>serve.log &
    server=$!
    wait_for 10 grep -q '^serving' serve.log || cat serve.log
    port=$(grep -o '127.0.0.1:[0-9]*' serve.log | cut -d : -f 2)
}
stop() {
    kill -TERM "$server"
    wait "$server" && server=''
}
# reload N: asks for it and waits until it has been done or refused for the Nth time.
reload() {
    kill -HUP "$server"
    wait_for 10 test "$(grep -c 'read again\|read before' serve.log || true)" -ge "$1" ||
        wait_for 10 bash -c "[[ \$(grep -c 'read again\|read before' serve.log) -ge $1 ]]"
}
fetch() { curl -sS --max-time 10 "$@"; }

folder_and_log() {
    mkdir -p site
    echo old >site/page.txt
    start --log access.log
    [[ $(fetch "http://127.0.0.1:$port/page.txt") == old ]] || return 1
    mv site site.old
    mkdir site
    echo new >site/page.txt
    [[ $(fetch "http://127.0.0.1:$port/page.txt") == old ]] || return 1 # the folder is the one that was opened
    mv access.log access.log.1
    reload 1 || return 1
    [[ $(fetch "http://127.0.0.1:$port/page.txt") == new ]] || return 1
    [[ $(grep -c page.txt access.log.1) == 2 && $(grep -c page.txt access.log) == 1 ]] || return 1
    mv site site.gone
    reload 2 || return 1
    grep -q "there is no folder 'site'" serve.log || return 1
    [[ $(fetch "http://127.0.0.1:$port/page.txt") == new ]] || return 1
    stop
}

download_goes_on() {
    rm -rf site site.old
    mkdir -p site
    head -c 30000000 /dev/urandom >site/large
    local sum
    sum=$(sha256_of site/large)
    start
    fetch --limit-rate 20M -o got "http://127.0.0.1:$port/large" &
    local download=$!
    wait_for 5 test -s got || return 1
    mv site site.old
    mkdir site
    echo new >site/large
    reload 1 || return 1
    [[ $(fetch "http://127.0.0.1:$port/large") == new ]] || return 1
    wait "$download" || return 1
    [[ $(sha256_of got) == "$sum" ]] || return 1
    stop
}

certificate() {
    rm -rf site
    mkdir site
    echo page >site/index.html
    make_certificate one.example
    start --tls-cert cert.pem --tls-key key.pem
    fetch --cacert cert.pem --resolve "one.example:$port:127.0.0.1" "https://one.example:$port/" || return 1
    make_certificate two.example
    reload 1 || return 1
    fetch --cacert cert.pem --resolve "two.example:$port:127.0.0.1" "https://two.example:$port/" || return 1
    echo rubbish >key.pem
    reload 2 || return 1
    grep -q 'holds no key in PEM' serve.log || return 1
    fetch --cacert cert.pem --resolve "two.example:$port:127.0.0.1" "https://two.example:$port/" || return 1
    stop
}

check "SIGHUP opens the folder and the log anew" folder_and_log
check "a download goes on over a reload" download_goes_on
check "SIGHUP reads the certificate again, and keeps the old one when the new one is wrong" certificate
finish
