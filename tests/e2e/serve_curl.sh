#!/usr/bin/env bash
# Debian's curl and ping against our server, through a TUN device in a private network.
source "$(dirname "$0")/lib.sh"

v4=http://10.0.0.2
v6='http://[fd00:6867::2]'

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

# A client that stops reading for two seconds, longer than it takes to fill every buffer on the way.
stopped_client() {
    local client before after
    curl -sS --fail --max-time 60 --limit-rate 40M -o stopped "$v4/large" &
    client=$!
    wait_for 10 test -s stopped
    kill -STOP "$client"
    sleep 1
    before=$(send_queue)
    sleep 1
    after=$(send_queue)
    kill -CONT "$client"
    wait "$client" || return 1
    cmp stopped files/large || return 1
    [[ $before -gt 0 && $before -eq $after ]] || {
        echo "while the client stood, bytes in the send queue went from $before to $after"
        return 1
    }
}

# Bytes that the server holds for its connections.
send_queue() { "$hourglass" stat | awk '$6 == "ESTABLISHED" { n += $3 } END { print n + 0 }'; }

head_only() {
    curl -sS --fail --max-time 10 -I "$v4/medium" >head
    grep -q '^HTTP/1.1 200 OK' head && grep -qi "^content-length: $(stat -c %s files/medium)" head
}

status_of() { curl -sS --max-time 10 -o /dev/null -w '%{http_code}' "$@"; }

index() { curl -sS --fail --max-time 10 "$v4/" | cmp - files/index.html; }
type_of_html() { curl -sS --fail --max-time 10 -I "$v4/" | grep -qi '^content-type: text/html'; }
over_v6() { curl -6 -g -sS --fail --max-time 60 -o got "$v6/medium" && cmp got files/medium; }

inside() {
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
    check "a port without a server refuses" test "$(curl -s --max-time 5 $v4:81/ || echo $?)" = 7
    check "ping" ping -q -c 3 -i 0.2 -W 2 10.0.0.2
    check "ping of 4,000 bytes" ping -q -c 3 -i 0.2 -W 2 -s 4000 10.0.0.2
    check "ping -6" ping -6 -q -c 3 -i 0.2 -W 2 fd00:6867::2
    check "ping -6 of 4,000 bytes" ping -6 -q -c 3 -i 0.2 -W 2 -s 4000 fd00:6867::2
    finish
}

if [[ ${1-} == --inside ]]; then inside; fi

need curl ping sha256sum
need_rootless
work_folder
mkdir -p files/small
echo '<!doctype html><title>Hourglass</title><p>It works.' >files/index.html
head -c 100000000 /dev/urandom >files/large
head -c 1000000 /dev/urandom >files/medium
for ((i = 0; i < 1000; i++)); do head -c $((i * 7)) files/medium >"files/small/$i"; done
# curl -d leaves line ends out: this text has none.
head -c 7500000 /dev/urandom | base64 -w 0 >text
timeout 240 "$hourglass" serve files --rootless -- bash "$here/serve_curl.sh" --inside
