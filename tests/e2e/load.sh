#!/usr/bin/env bash
# Load by ab, wrk and h2load, over either TCP: no request fails. Slow clients by slowhttptest, in their header sections,
# their bodies and their reading: others are served meanwhile.
source "$(dirname "$0")/lib.sh"

need ab wrk h2load slowhttptest curl
work_folder
mkdir files
echo hello >files/index.html
head -c 20000000 /dev/urandom >files/large

# ab, wrk and h2load tell of failures in their own words.
by_ab() {
    ab -q -n 4000 -c 20 "$@" >ab.log 2>&1 || { cat ab.log; return 1; }
    grep -qE '^Complete requests: +4000$' ab.log && grep -qE '^Failed requests: +0$' ab.log &&
        ! grep -q '^Non-2xx' ab.log || { cat ab.log; return 1; }
}
by_wrk() {
    wrk -t 1 -c 50 -d 1 "$1" >wrk.log 2>&1
    ! grep -qE 'Socket errors|Non-2xx' wrk.log && grep -q 'Requests/sec' wrk.log || { cat wrk.log; return 1; }
}
by_h2load() {
    h2load --h1 -n 4000 -c 20 "$1" >h2load.log 2>&1
    grep -q '4000 succeeded, 0 failed, 0 errored, 0 timeout' h2load.log || { cat h2load.log; return 1; }
}

# slow MODE URL [ARGUMENT...]: 300 slow clients for five seconds, and another one that is served every 100 ms.
slow() {
    local mode=$1 url=$2 served=0 attacker
    shift 2
    slowhttptest "$mode" -c 300 -r 300 -l 5 -p 2 -u "$url" "$@" >slow.log 2>&1 &
    attacker=$!
    sleep 1
    for ((i = 0; i < 20; i++)); do
        [[ $(curl -s --max-time 2 "$base/") != hello ]] || served=$((served + 1))
        sleep 0.1
    done
    wait "$attacker" || true
    [[ $served -eq 20 ]] && grep -q 'test duration' slow.log || {
        echo "$served of 20 requests were answered"
        tail -n 20 slow.log
        return 1
    }
}

load() {
    check "ab, 20 at a time" by_ab "$base/"
    check "ab, kept alive" by_ab -k "$base/"
    check "ab, POST" by_ab -p files/index.html -T text/plain "$base/echo"
    check "wrk" by_wrk "$base/"
    check "h2load, HTTP/1.1" by_h2load "$base/"
}

if [[ ${1-} == inside ]]; then # over our own TCP, in its private network
    base=http://10.0.0.2
    load
    finish
fi

"$hourglass" serve files --listen 127.0.0.1:0 2>serve.log &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" || true; rm -rf "$folder"' EXIT
wait_for 10 grep -q '^serving' serve.log || cat serve.log
base=$(grep -o 'http://127[^/]*' serve.log)
echo "over os TCP"
load
check "slow header sections" slow -H "$base/" -i 1
check "slow bodies" slow -B "$base/echo" -i 1 -s 8192 -t POST
check "slow readers" slow -X "$base/large" -n 1 -w 512 -y 1024 -z 32
echo "over own TCP"
"$hourglass" serve files --rootless -q -- bash "$here/load.sh" inside || failures=$((failures + 1))
finish
