#!/usr/bin/env bash
# The reverse proxy between Debian's curl and Debian's nginx and uwsgi, on loopback; our own server behind nginx.
source "$(dirname "$0")/lib.sh"

need nginx curl perl python3 uwsgi openssl
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
nginx=$(PATH=$PATH:/usr/sbin type -P nginx)
work_folder

# free_ports N: that many port numbers that nobody has just now.
free_ports() {
    perl -MIO::Socket::INET -e '@s = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") } 1 .. shift;
        print join(" ", map { $_->sockport } @s)' "$1"
}
read -r web app raw dead front_nginx gateway tls ours <<<"$(free_ports 8)"

background() { # background LOG COMMAND...
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    processes+=($!)
}

start_nginx() {
    mkdir -p files
    echo '<!doctype html><title>nginx</title>' >files/index.html
    head -c 20000000 /dev/urandom >files/large
    cat >nginx.conf <<END
$(nginx_beginning 100m)
    types { text/html html; }
    server {
        listen 127.0.0.1:$web;
        root files;
        location /cached/ { alias files/; add_header Cache-Control max-age=60; }
        location /seen { return 200 "\$request_method \$request_uri \$host \$http_x_forwarded_for \$http_via\n"; }
        location /posted { return 200 "\$content_length\n"; }
    }
    server {
        listen 127.0.0.1:$front_nginx;
        location /uwsgi/ { uwsgi_pass 127.0.0.1:$ours; include params; }
        location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://127.0.0.1:$gateway; }
    }
}
END
    cat >params <<'END'
uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param REQUEST_URI $uri;
uwsgi_param QUERY_STRING $query_string;
uwsgi_param CONTENT_TYPE $content_type;
uwsgi_param CONTENT_LENGTH $content_length;
uwsgi_param REMOTE_ADDR $remote_addr;
END
    background nginx.log "$nginx" -p "$folder" -c nginx.conf -e error.log
}

start_uwsgi() {
    cat >app.py <<'END'
def application(environ, start_response):
    size = int(environ.get('CONTENT_LENGTH') or 0)
    body = environ['wsgi.input'].read(size)
    start_response('200 OK', [('Content-Type', 'text/plain'), ('X-Path', environ['PATH_INFO'])])
    yield ('%s %s?%s %d %s\n' % (environ['REQUEST_METHOD'], environ['PATH_INFO'], environ['QUERY_STRING'], len(body),
                                 environ['REMOTE_ADDR'])).encode()
    if environ['PATH_INFO'] == '/many':
        for _ in range(1000):
            yield b'x' * 1000
END
    background uwsgi.log uwsgi --plugin python3 --socket "127.0.0.1:$app" --wsgi-file app.py --need-app
}

# Our own server, as the application behind nginx's uwsgi_pass.
start_ours() {
    mkdir -p files/uwsgi
    cp files/index.html files/uwsgi/page.html
    background ours.log "$hourglass" serve files --uwsgi --echo /uwsgi/echo --listen "127.0.0.1:$ours"
}

# A server that says what its first argument tells it to, whatever it is asked, and closes; "" says nothing and waits.
raw_server='use IO::Socket::INET; my $l = IO::Socket::INET->new(Listen => 9, LocalAddr => "127.0.0.1:$ARGV[0]",
    ReuseAddr => 1) or die; while (my $c = $l->accept) { sysread($c, my $r, 4096);
    if ($r =~ m{^GET /(odd/)?count}) {
        syswrite($c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: count\r\n\r\n");
        my $heard = 0; while (my $n = sysread($c, my $said, 65536)) { $heard += $n }
        syswrite($c, "$heard" . ("." x 100000)); close($c); next }
    if ($r =~ /^GET .odd.upgrade|^GET .upgrade/) {
        syswrite($c, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        while (sysread($c, my $said, 4096)) { syswrite($c, "<$said>") }
        close($c); next }
    my $say = $r =~ m{^GET /rubbish} ? "not HTTP\r\n\r\n" : $r =~ m{^GET /early} ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    : ""; if ($say) { syswrite($c, $say); close($c) } else { push @kept, $c } }'

write_configuration() { # write_configuration ROUND-ROBIN-SERVERS
    cat >proxy.toml <<END
listen = "127.0.0.1:$gateway"
listen_tls = "127.0.0.1:$tls"
tls = { certificate = "cert.pem", key = "key.pem" }
name = "edge"

[upstream.web]
servers = [$1]
fail_time = "1s"

[upstream.python]
protocol = "uwsgi"
servers = ["127.0.0.1:$app"]

[upstream.odd]
servers = ["127.0.0.1:$raw"]
response_time = "500ms"

[upstream.down]
servers = ["localhost:$dead"]

[[route]]
upstream = "web"

[[route]]
path = "/cached"
upstream = "web"
cache = true

[[route]]
path = "/app"
upstream = "python"
strip_path = true

[[route]]
path = "/odd"
upstream = "odd"
strip_path = true

[[route]]
path = "/down"
upstream = "down"

[[route]]
path = "/limited"
upstream = "web"
rate_limit = { rate = 0.1, burst = 2 }
END
}

start_proxy() {
    "$hourglass" proxy --config proxy.toml >access.log 2>fault.log &
    proxy=$!
    processes+=("$proxy")
    wait_for 10 grep -q '^proxy at' fault.log || {
        cat fault.log
        exit 1
    }
    at=http://127.0.0.1:$gateway
}

status_of() { curl -sS --max-time 10 -o /dev/null -w '%{http_code}' "$@"; }
faults_say() { grep -q "$1" fault.log || { cat fault.log; return 1; }; }

plain() { curl -sS --fail --max-time 10 "$at/" | cmp - files/index.html; }
large() { curl -sS --fail --max-time 20 -o got "$at/large" && cmp got files/large; }
forwarded() {
    curl -sS --max-time 10 -H 'Host: site.example' "$at/seen?x=1" >got
    cat got
    grep -qx 'GET /seen?x=1 site.example 127.0.0.1 1.1 edge' got
}
upload() { [[ $(curl -sS --max-time 20 -T files/large "$at/posted") == 20000000 ]]; }
upload_in_chunks() {
    curl -sS --max-time 20 -H 'Transfer-Encoding: chunked' -H 'Expect:' --data-binary @files/large "$at/posted" >got
    cat got
}
python_page() {
    curl -sS -i --max-time 10 "$at/app/a%20b?c=d" >got
    cat got
    grep -q '^GET /a b?c=d 0 127.0.0.1' got && grep -q '^X-Path: /a b' got
}
python_post() { [[ $(curl -sS --max-time 10 -d name=value "$at/app/form") == 'POST /form? 10 127.0.0.1' ]]; }
python_chunked_post() {
    [[ $(curl -sS --max-time 10 -H 'Transfer-Encoding: chunked' -d name=value "$at/app/") == 'POST /? 10 127.0.0.1' ]]
}
python_stream() { [[ $(curl -sS --max-time 10 "$at/app/many" | wc -c) -eq 1000023 ]]; }

down() { [[ $(status_of "$at/down") == 502 ]] && faults_say "502: GET /down of 127.0.0.1: upstream down, localhost:$dead: connection refused"; }
slow() { [[ $(status_of "$at/odd/silent") == 504 ]] && faults_say '504: GET /odd/silent .*no answer in time'; }
rubbish() { [[ $(status_of "$at/odd/rubbish") == 502 ]] && faults_say '502: GET /odd/rubbish .*malformed response'; }
early() {
    local status=0
    curl -sS --max-time 10 "$at/odd/early" || status=$?
    [[ $status -eq 18 || $status -eq 56 ]] && faults_say 'response cut off: GET /odd/early .*closed before'
}
cached() {
    curl -sS -i --max-time 10 "$at/cached/index.html" >first
    sleep 1.1
    curl -sS -i --max-time 10 "$at/cached/index.html" >second
    cat first second
    grep -qi '^cache-status: edge; fwd=uri-miss; stored' first && grep -qi '^cache-status: edge; hit' second &&
        grep -qiE '^age: [12]' second && [[ $(status_of -H 'Range: bytes=0-3' "$at/cached/index.html") == 206 ]]
}
limited() {
    local seen
    seen="$(status_of "$at/limited") $(status_of "$at/limited") $(status_of "$at/limited")"
    curl -sS -i --max-time 10 "$at/limited" >got
    [[ $seen == '404 404 429' ]] && grep -qi '^retry-after: ' got
}
behind_nginx() { curl -sS --fail --max-time 20 -o got "http://127.0.0.1:$front_nginx/large" && cmp got files/large; }
# uwsgi_pass: the length of what is served, a form that comes back, a page that is not there.
uwsgi_pass() {
    local nginx_at=http://127.0.0.1:$front_nginx
    curl -sS --fail --max-time 10 "$nginx_at/uwsgi/page.html" | cmp - files/index.html || return 1
    [[ $(curl -sS --max-time 10 -d name=value "$nginx_at/uwsgi/echo") == name=value ]] || return 1
    [[ $(status_of "$nginx_at/uwsgi/nothing") == 404 ]]
}
over_tls() {
    curl -sS --fail --max-time 20 --cacert cert.pem -o got "https://127.0.0.1:$tls/large" && cmp got files/large &&
        curl -sS --max-time 10 --cacert cert.pem "https://127.0.0.1:$tls/app/x" | grep -q '^GET /x'
}
upgraded() {
    local answer
    exec 3<>"/dev/tcp/127.0.0.1/$gateway"
    printf 'GET /odd/upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n' >&3
    while read -r -t 5 answer <&3 && [[ $answer != $'\r' ]]; do echo "$answer"; done >got
    printf 'hello' >&3
    read -r -t 5 -N 7 answer <&3 || true
    exec 3>&-
    cat got
    grep -q '^HTTP/1.1 101' got && [[ $answer == '<hello>' ]]
}
# A client that sends a megabyte, closes its side, and is then told by the server how much that was.
half_closed() {
    perl -MIO::Socket::INET -e '
        alarm 10; my $c = IO::Socket::INET->new("127.0.0.1:$ARGV[0]") or die;
        print $c "GET /odd/count HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: count\r\n\r\n"; $c->flush;
        my $head = ""; while ($head !~ /\r\n\r\n/) { sysread($c, $head, 1, length $head) or die $head }
        print $c "?" x 1000000; $c->flush; shutdown($c, 1);
        my $heard = ""; while (sysread($c, $heard, 65536, length $heard)) {}
        print substr($heard, 0, 8), length $heard' "$gateway" >got
    cat got
    [[ $(cat got) == 1000000.100007 ]]
}
logged() { grep -q '"GET /seen?x=1 HTTP/1.1" 200' access.log; }

# curl after curl while the configuration is read again twenty times: none fails.
reload_under_load() {
    local client i failed
    for ((i = 0; i < 300; i++)); do printf 'url = "%s/index.html"\noutput = /dev/null\n' "$at"; done >urls.config
    (while [[ ! -e enough ]]; do curl -sS --fail --max-time 10 -K urls.config || echo failed; done) >load.log 2>&1 &
    client=$!
    for ((i = 0; i < 20; i++)); do
        if ((i % 2)); then write_configuration "\"127.0.0.1:$web\""; else write_configuration "\"127.0.0.1:$web\", \"127.0.0.1:$dead\""; fi
        kill -HUP "$proxy"
        sleep 0.1
    done
    touch enough
    wait "$client"
    failed=$(wc -l <load.log)
    cat load.log
    [[ $failed -eq 0 && $(grep -c 'has been read again' fault.log) -ge 18 ]]
}
bad_reload() {
    echo 'lisen = 1' >proxy.toml
    kill -HUP "$proxy"
    wait_for 5 grep -q "proxy.toml:1: lisen: there is no such key; is it 'listen'?" fault.log && plain
}
retry() { # one of the two servers is down: nobody notices
    local i
    write_configuration "\"127.0.0.1:$web\", \"127.0.0.1:$dead\""
    kill -HUP "$proxy"
    sleep 0.3
    for ((i = 0; i < 20; i++)); do [[ $(status_of "$at/index.html") == 200 ]] || return 1; done
    faults_say "server 127.0.0.1:$dead is set aside"
}
graceful_stop() {
    local client status=0
    curl -sS --fail --max-time 20 --limit-rate 20M -o last "$at/large" &
    client=$!
    wait_for 10 test -s last
    kill -TERM "$proxy"
    wait "$client" && cmp last files/large || return 1
    wait "$proxy" || status=$?
    [[ $status -eq 0 ]]
}
checked() {
    local status=0
    write_configuration "\"127.0.0.1:$web\""
    [[ $("$hourglass" proxy --config proxy.toml --check) == ok ]] || return 1
    printf '[upstream.a]\nservers = ["x"]\n[[route]]\nupstream = "b"\nrate = 1\n' >bad.toml
    "$hourglass" proxy --config bad.toml --check 2>bad.log || status=$?
    cat bad.log
    [[ $status -eq 2 && $(wc -l <bad.log) -eq 3 ]] && grep -q 'bad.toml:2: upstream.a.servers: ' bad.log || return 1
    status=0
    "$hourglass" proxy --config nothing.toml 2>bad.log || status=$?
    [[ $status -eq 2 ]] && grep -q 'nothing.toml: No such file' bad.log || return 1
    status=0
    sed 's/cert.pem/nothing.pem/' proxy.toml >bad.toml
    "$hourglass" proxy --config bad.toml --check 2>bad.log || status=$?
    cat bad.log
    [[ $status -eq 2 && $(wc -l <bad.log) -eq 1 ]] && grep -q nothing.pem bad.log
}
over_own_tcp() {
    printf '[upstream.a]\nservers = ["10.0.0.1:8000"]\n[[route]]\nupstream = "a"\n' >own.toml
    timeout 20 "$hourglass" proxy -q --config own.toml --rootless -- bash -c "
        '$hourglass' serve files -q --listen 10.0.0.1:8000 & trap 'kill %1' EXIT
        for i in 1 2 3 4 5 6 7 8 9; do curl -s --fail -o /dev/null http://10.0.0.2/ && break; sleep 0.1; done
        curl -sS --fail --max-time 10 -o got http://10.0.0.2/large && cmp got files/large"
}

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
    -keyout key.pem -out cert.pem 2>openssl.log || cat openssl.log
start_nginx
start_uwsgi
start_ours
background raw.log perl -e "$raw_server" "$raw"
write_configuration "\"127.0.0.1:$web\""
wait_for 10 curl -s "http://127.0.0.1:$web/"
wait_for 10 grep -q 'spawned uWSGI' uwsgi.log || cat uwsgi.log
start_proxy

check "a page of nginx" plain
check "20 MB" large
check "the server sees the client's host and address, and Via" forwarded
check "upload of 20 MB" upload
check "upload of 20 MB in chunks" upload_in_chunks
check "a page of a Python application over uwsgi" python_page
check "a form over uwsgi" python_post
check "a form in chunks over uwsgi" python_chunked_post
check "1 MB that a Python application yields" python_stream
check "a server that is down: 502, and the log says why" down
check "a server that is slow: 504, and the log says why" slow
check "a server that sends rubbish: 502, and the log says why" rubbish
check "a server that closes early: the response is cut off" early
check "a second answer comes from the cache, with its age" cached
check "more requests than the limit: 429 with Retry-After" limited
check "our proxy behind nginx" behind_nginx
check "our server behind nginx's uwsgi_pass" uwsgi_pass
check "TLS at the front" over_tls
check "Upgrade passes through as a tunnel" upgraded
check "each direction of a tunnel ends by itself" half_closed
check "the access log has a line for each answer" logged
check "reload under load loses no request" reload_under_load
check "a configuration with errors changes nothing" bad_reload
check "a server that is down costs no request" retry
check "SIGTERM: what is under way is finished" graceful_stop
check "--check" checked
if "$hourglass" serve . --rootless -- true 2>/dev/null; then check "over our own TCP" over_own_tcp; fi
finish
