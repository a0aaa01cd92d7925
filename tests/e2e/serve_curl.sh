#!/usr/bin/env bash
# Debian's curl and our own client against our server: the same checks over our TCP, through a TUN device in a private
# network, and over the operating system's, on loopback.
source "$(dirname "$0")/lib.sh"

large_file() {
    curl -sS --fail --max-time 60 -o got "$v4/large" && [[ $(sha256_of got) == "$(sha256_of files/large)" ]]
}

# 1,000 requests in four processes of curl: each keeps its connection.
thousand_files() {
    local first config=urls.config connections
    mkdir -p got-files
    for first in 0 250 500 750; do
        for ((i = first; i < first + 250; i++)); do
            printf 'url = "%s/small/%d"\noutput = "got-files/%d"\n' "$v4" "$i" "$i"
        done >$config
        connections=$(curl -sS --fail --max-time 60 -w '%{num_connects}\n' -K $config | awk '{ n += $1 } END { print n }')
        [[ $connections -eq 1 ]] || {
            echo "$connections connections for 250 files"
            return 1
        }
    done
    diff -r files/small got-files
}

post() { # post HOST OPTION...: the body comes back as it went
    local host=$1
    shift
    curl -sS --fail --http1.1 --max-time 60 "$@" -o echoed "$host/echo" && cmp echoed text
}

limited_rate() { # 100 MB at 20 MB/s, read in bursts of 10 MB: the window closes and opens again
    local seconds
    seconds=$(curl -sS --fail --max-time 60 --limit-rate 20M -w '%{time_total}' -o got "$v4/large")
    echo "took $seconds s"
    cmp got files/large && awk -v s="$seconds" 'BEGIN { exit !(s > 2 && s < 20) }'
}

# A client that asks and then reads nothing for two seconds, longer than it takes to fill every buffer on the way.
stopped_client() {
    local host_port=${v4#http://} before after
    [[ $host_port == *:* ]] || host_port+=:80
    exec 3<>"/dev/tcp/${host_port%:*}/${host_port##*:}"
    printf 'GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' >&3
    sleep 1
    before=$(send_queue)
    sleep 1
    after=$(send_queue)
    timeout 60 cat <&3 >stopped
    exec 3<&- 3>&-
    tail -c "$(stat -c %s files/large)" stopped | cmp - files/large || return 1
    [[ $before -gt 0 && $before -eq $after ]] || {
        echo "while the client stood, bytes in the send queue went from $before to $after"
        return 1
    }
}

# Bytes that the server's transport holds for its connections.
send_queue() {
    if [[ $transport == own ]]; then
        "$hourglass" stat | awk '$6 == "ESTABLISHED" { n += $3 } END { print n + 0 }'
    else
        ss -Htn state established "sport = :${v4##*:}" | awk '{ n += $2 } END { print n + 0 }'
    fi
}

# Sixteen requests in one write; the lengths of the answers are in the requests' order.
pipelined() {
    local host_port=${v4#http://} requests='' i
    [[ $host_port == *:* ]] || host_port+=:80
    for ((i = 1; i <= 16; i++)); do
        requests+="GET /small/$i HTTP/1.1"$'\r\n'"Host: a"$'\r\n'
        [[ $i -lt 16 ]] || requests+='Connection: close'$'\r\n'
        requests+=$'\r\n'
    done
    exec 3<>"/dev/tcp/${host_port%:*}/${host_port##*:}"
    printf '%s' "$requests" >&3
    timeout 10 cat <&3 >answers
    exec 3>&-
    diff <(tr -d '\r' <answers | grep -ai '^content-length:' | cut -d ' ' -f 2) <(seq 7 7 112)
}

# Our own client, over the operating system's TCP.
own_get() {
    timeout 60 "$hourglass" get "$v4/large" -o got && cmp got files/large || return 1
    timeout 60 "$hourglass" get "$v4/echo" --data-binary @text -o echoed && cmp echoed text || return 1
    timeout 60 "$hourglass" get "$v6/medium" -o got && cmp got files/medium
}
own_get_of_nothing() {
    local status=0
    timeout 10 "$hourglass" get -f "$v4/nothing" || status=$?
    [[ $status -eq 22 ]]
}

head_only() {
    curl -sS --fail --max-time 10 -I "$v4/medium" >head
    grep -q '^HTTP/1.1 200 OK' head && grep -qi "^content-length: $(stat -c %s files/medium)" head
}

status_of() { curl -sS --max-time 10 -o /dev/null -w '%{http_code}' "$@"; }

index() { curl -sS --fail --max-time 10 "$v4/" | cmp - files/index.html; }
type_of_html() { curl -sS --fail --max-time 10 -I "$v4/" | grep -qi '^content-type: text/html'; }
over_v6() { curl -6 -g -sS --fail --max-time 60 -o got "$v6/medium" && cmp got files/medium; }

inside() {
    echo "over $transport TCP"
    check "index.html of a folder" index
    check "its type is text/html" type_of_html
    check "100 MB, SHA-256 is right" large_file
    check "1,000 files over keep-alive" thousand_files
    check "POST of 10 MB with -d @file comes back" post $v4 -d @text
    check "POST of 10 MB with --data-binary comes back" post $v4 --data-binary @text
    check "POST in chunks comes back" post $v4 -H 'Transfer-Encoding: chunked' --data-binary @text
    check "POST over IPv6 comes back" post "$v6" -g --data-binary @text
    check "--limit-rate stalls and resumes" limited_rate
    check "a client that stops reading stalls and resumes" stopped_client
    check "curl -6" over_v6
    check "HEAD" head_only
    check "what is not there is 404" test "$(status_of $v4/nothing)" = 404
    check "DELETE of a file is 405" test "$(status_of -X DELETE $v4/medium)" = 405
    check "nothing outside the folder is served" test "$(status_of --path-as-is $v4/../lib.sh)" != 200
    check "16 pipelined requests are answered in order" pipelined
    check "hourglass get: 100 MB, a POST of 10 MB, IPv6" own_get
    check "hourglass get -f of what is not there ends with 22" own_get_of_nothing
    [[ $transport == own ]] || return 0
    check "a port without a server refuses" test "$(curl -s --max-time 5 $v4:81/ || echo $?)" = 7
    check "ping" ping -q -c 3 -i 0.2 -W 2 10.0.0.2
    check "ping of 4,000 bytes" ping -q -c 3 -i 0.2 -W 2 -s 4000 10.0.0.2
    check "ping -6" ping -6 -q -c 3 -i 0.2 -W 2 fd00:6867::2
    check "ping -6 of 4,000 bytes" ping -6 -q -c 3 -i 0.2 -W 2 -s 4000 fd00:6867::2
}

# Over the operating system's TCP, on ports that are free.
over_os() {
    local server
    "$hourglass" serve files --os --listen 127.0.0.1:0 --listen '[::1]:0' 2>serve.log &
    server=$!
    wait_for 10 grep -q '^serving' serve.log || cat serve.log
    v4=$(grep -o 'http://127[^/]*' serve.log)
    v6=$(grep -o 'http://\[[^/]*' serve.log)
    transport=os
    inside
    check "SIGTERM: what is under way is finished" graceful_stop "$server"
    check "a second server at the same address is refused" address_in_use
}

graceful_stop() {
    local server=$1 client status=0
    curl -sS --fail --max-time 60 --limit-rate 50M -o last "$v4/large" &
    client=$!
    wait_for 10 test -s last
    kill -TERM "$server"
    wait "$client" && cmp last files/large || return 1
    wait "$server" || status=$?
    [[ $status -eq 0 ]] && ! curl -s --max-time 5 "$v4/"
}

address_in_use() {
    local port=${v4##*:} first status=0
    "$hourglass" serve files --listen "127.0.0.1:$port" 2>serve.log &
    first=$!
    wait_for 10 grep -q '^serving' serve.log
    timeout 10 "$hourglass" serve files --listen "127.0.0.1:$port" 2>refused.log || status=$?
    kill -TERM "$first"
    wait "$first" || return 1
    cat refused.log
    [[ $status -eq 2 && $(wc -l <refused.log) -eq 1 ]] && grep -q 'in use' refused.log
}

if [[ ${1-} == --inside ]]; then
    transport=own v4=http://10.0.0.2 v6='http://[fd00:6867::2]'
    inside
    finish
fi

need curl ping sha256sum ss
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
work_folder
mkdir -p files/small
echo '<!doctype html><title>Hourglass</title><p>It works.' >files/index.html
head -c 100000000 /dev/urandom >files/large
head -c 1000000 /dev/urandom >files/medium
for ((i = 0; i < 1000; i++)); do head -c $((i * 7)) files/medium >"files/small/$i"; done
# curl -d leaves line ends out: this text has none.
head -c 7500000 /dev/urandom | base64 -w 0 >text
over_os
[[ $failures -eq 0 ]] || finish
need_rootless
timeout 240 "$hourglass" serve files --rootless -- bash "$here/serve_curl.sh" --inside
