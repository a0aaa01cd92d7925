#!/usr/bin/env bash
# What `hourglass serve` is asked for beside its network: listings, CORS, logs, metrics, limits, and WebSockets with
# Debian's python3-websockets as the other end; over the operating system's TCP, on loopback, and WebSockets over ours.
source "$(dirname "$0")/lib.sh"

# start OPTION...: a server of the folder "site"; its URL is in $url.
start() {
    rm -f serve.log
    [[ -z $server ]] || kill -KILL "$server" 2>/dev/null # of a check that failed
    "$hourglass" serve site --listen 127.0.0.1:0 "$@" 2>serve.log &
    server=$!
    wait_for 10 grep -q '^serving' serve.log || cat serve.log
    url=$(grep -o 'http://127[^/]*' serve.log)
}
stop() {
    kill -TERM "$server"
    wait "$server" && server=''
}
fetch() { curl -sS --max-time 10 "$@"; }
status_of() { fetch -o /dev/null -w '%{http_code}' "$@"; }
has_field() { # has_field PATTERN CURL ARGUMENT...
    local pattern=$1
    shift
    fetch -o /dev/null -D - "$@" | tr -d '\r' | tee fields | grep -qi "^$pattern\$" || { cat fields && return 1; }
}

listing() {
    start
    [[ $(status_of "$url/folder/") != 200 && $(status_of "$url/.hidden") != 200 ]] || return 1
    stop || return 1
    start --listing --hidden --cache-control max-age=60
    fetch "$url/folder/" | grep -q 'inside.txt' && [[ $(status_of "$url/.hidden") == 200 ]] || return 1
    has_field 'cache-control: max-age=60' "$url/folder/inside.txt" || return 1
    stop
}

cors() {
    start --cors https://a.example
    has_field 'access-control-allow-origin: https://a.example' -H 'Origin: https://a.example' "$url/" || return 1
    ! has_field 'access-control-allow-origin: .*' -H 'Origin: https://b.example' "$url/" >/dev/null || return 1
    has_field 'access-control-allow-methods: .*POST.*' -X OPTIONS -H 'Origin: https://a.example' \
        -H 'Access-Control-Request-Method: POST' "$url/echo" || return 1
    stop
}

metrics_and_logs() {
    start --metrics /metrics --log-format json --log log.json
    fetch "$url/folder/inside.txt?q" >/dev/null
    fetch "$url/nothing" >/dev/null
    fetch "$url/metrics" | tee metrics | grep -q '^http_requests_total{method="GET",status="4xx"} 1$' || return 1
    stop || return 1
    python3 - <<'PYTHON'
import json
lines = [json.loads(line) for line in open("log.json")]
assert [line["status"] for line in lines] == [200, 404, 200], lines
assert lines[0]["target"] == "/folder/inside.txt?q", lines[0]
PYTHON
    start --log-format common
    fetch "$url/" >/dev/null
    stop || return 1
    grep -qE '^127\.0\.0\.1 - - \[[^]]+\] "GET / HTTP/1\.1" 200 [0-9]+$' serve.log || { cat serve.log && return 1; }
}

limits() {
    start --rate-limit 0.05 --client-connections 2 --idle-timeout 0.5
    local codes
    codes=$(for _ in 1 2 3 4; do status_of "$url/"; echo; done | sort | uniq -c | tr -s ' \n' ' ')
    [[ $codes == *'1 200'* && $codes == *'3 429'* ]] || { echo "$codes" && return 1; }
    has_field 'retry-after: [0-9]*' "$url/" || return 1
    head -c 3000000 /dev/zero >upload # which is not asked for
    [[ $(fetch -o /dev/null -w '%{http_code} %{size_upload}' --data-binary @upload "$url/echo") == '429 0' ]] || return 1
    local port=${url##*:} refused=0
    exec 4<>"/dev/tcp/127.0.0.1/$port" 5<>"/dev/tcp/127.0.0.1/$port"
    printf '\r\n' >&4 # a connection is taken once something has come; empty lines before a request are passed over
    printf '\r\n' >&5
    sleep 0.2
    fetch "$url/" >/dev/null 2>&1 || refused=$?
    [[ $refused -ne 0 ]] || { echo "a third connection was taken" && return 1; }
    timeout 5 cat <&4 && timeout 5 cat <&5 || { echo "an idle connection stayed" && return 1; }
    exec 4>&- 5>&-
    stop
}

# A body that drips in takes its 20 seconds; a thousand of them keep nobody else waiting.
slow_clients() {
    start
    python3 - "${url##*:}" <<'PYTHON' &
import socket, sys, time
clients = []
for _ in range(1000):
    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    s.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n")
    clients.append(s)
open("dripping", "w").close()
for _ in range(30):
    for s in clients:
        s.sendall(b"x")
    time.sleep(0.1)
PYTHON
    local drip=$! ok=0
    wait_for 10 test -e dripping || ok=1
    [[ $ok -ne 0 ]] || for _ in 1 2 3 4 5; do [[ $(status_of --max-time 1 "$url/") == 200 ]] || ok=1; done
    kill "$drip" 2>/dev/null
    wait "$drip" 2>/dev/null
    kill -TERM "$server"
    kill -TERM "$server" # they would be waited for
    wait "$server"
    server=''
    return $ok
}

wrong_options() {
    local status
    for option in '--echo x' '--metrics /echo' '--log /nowhere/log' '--cors' '--log-format xml' '--rate-limit 0'; do
        status=0
        # shellcheck disable=SC2086
        timeout 10 "$hourglass" serve site --listen 127.0.0.1:0 $option >wrong.log 2>&1 || status=$?
        [[ $status -eq 2 ]] || { echo "$option ends with $status" && cat wrong.log && return 1; }
    done
}

websocket() { # websocket URL
    timeout 30 /usr/bin/python3 - "$1" <<'PYTHON'
import asyncio, sys, websockets

async def main(url):
    async with websockets.connect(url, max_size=None, compression=None) as ws:
        for message in ["hello", "", "é" * 1000, b"\x00\xff" * 40000, "x" * 1000000]:
            await ws.send(message)
            assert await ws.recv() == message
        await ws.send(["frag", "men", "ted"])
        assert await ws.recv() == "fragmented"
        await asyncio.wait_for(await ws.ping(b"data"), 5)
        await asyncio.gather(*(ws.send(str(i)) for i in range(1000)))
        assert [await ws.recv() for _ in range(1000)] == [str(i) for i in range(1000)]
    assert ws.close_code == 1000, ws.close_code
    ws = await websockets.connect(url, compression=None)
    await ws.write_frame(True, 1, b"\xff")  # not UTF-8
    await ws.wait_closed()
    assert ws.close_code == 1007, ws.close_code
    ws = await websockets.connect(url, compression=None)
    try:
        await ws.send("x" * (17 << 20))  # above the limit of a message: the answer may come before all of it has left
    except websockets.exceptions.ConnectionClosed:
        pass
    await ws.wait_closed()
    assert ws.close_code == 1009, ws.close_code

asyncio.run(main(sys.argv[1]))
PYTHON
}
websockets_over_os() {
    start
    websocket "ws${url#http}/echo" || return 1
    [[ $(status_of "$url/echo") == 426 ]] || return 1
    stop
}

if [[ ${1-} == --inside ]]; then
    check "WebSockets over our TCP" websocket ws://10.0.0.2/echo
    finish
fi

need curl python3
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
work_folder
server=''
trap '[[ -z $server ]] || kill -KILL "$server" 2>/dev/null; rm -rf "$folder"' EXIT
mkdir -p site/folder
echo '<!doctype html><p>It works.' >site/index.html
echo inside >site/folder/inside.txt
echo hidden >site/.hidden
check "listings, hidden names, Cache-Control" listing
check "CORS" cors
check "metrics and logs in their formats" metrics_and_logs
check "limits of one client" limits
check "a thousand slow clients keep nobody waiting" slow_clients
check "wrong options end with 2" wrong_options
/usr/bin/python3 -c "import websockets" 2>/dev/null || skip "python3-websockets is not installed"
check "WebSockets over the operating system's TCP" websockets_over_os
[[ $failures -eq 0 ]] || finish
need_rootless
timeout 60 "$hourglass" serve site --rootless -- bash "$here/serve_site.sh" --inside
