#!/usr/bin/env bash
# What `hourglass get` does beyond one request: redirections, cookies, compression, retries, uploads, resumed downloads,
# proxies, TLS and time limits. Over the operating system's TCP on loopback, and the main parts over our own.
source "$(dirname "$0")/lib.sh"

# A small server with the oddities that a client meets. Prints its port.
write_server() {
    cat >server.py <<'END'
import gzip, http.server, sys, time
from urllib.parse import urlsplit

content = open("large", "rb").read()
counts = {}

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body=b"", **fields):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))
    def do(self):
        path = urlsplit(self.path).path
        body = self.body()
        counts[path] = counts.get(path, 0) + 1
        if path == "/found":
            self.answer(302, b"elsewhere", Location="landed?by=302")
        elif path == "/again":
            self.answer(307, Location="/echo")
        elif path == "/loop":
            self.answer(302, Location="/loop")
        elif path == "/landed":
            self.answer(200, (self.command + " " + self.path).encode())
        elif path == "/login":
            self.answer(302, Location="/cookies", Set_Cookie="session=secret; Path=/; HttpOnly; Max-Age=1000")
        elif path == "/cookies":
            self.answer(200, self.headers.get("Cookie", "none").encode())
        elif path == "/auth":
            self.answer(200, self.headers.get("Authorization", "none").encode())
        elif path == "/gzip" and "gzip" in self.headers.get("Accept-Encoding", ""):
            self.answer(200, gzip.compress(content[:100000] * 10), Content_Encoding="gzip")
        elif path == "/broken-gzip":
            self.answer(200, b"this is no gzip", Content_Encoding="gzip")
        elif path == "/busy":
            self.answer(503 if counts[path] % 3 else 200, b"at last", Retry_After="0")
        elif path == "/echo":
            self.answer(200, body, X_Method=self.command, X_Type=self.headers.get("Content-Type", "none"))
        elif path == "/large" and self.headers.get("Range", "").startswith("bytes="):
            first = int(self.headers["Range"][6:-1])
            if self.headers.get("If-Range", '"v1"') != '"v1"':
                self.answer(200, content, ETag='"v1"')
            else:
                span = f"bytes {first}-{len(content) - 1}/{len(content)}"
                self.answer(206, content[first:], ETag='"v1"', Content_Range=span)
        elif path == "/large":
            self.send_response(200)
            self.send_header("ETag", '"v1"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:300000])
            self.close_connection = True
        elif path == "/slow":
            time.sleep(3)
            self.answer(200)
        else:
            self.answer(404, b"nothing here")
    do_GET = do_HEAD = do_POST = do_PUT = do
    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
END
}

# A proxy for CONNECT and for absolute-form GET. Prints its port, and what it is asked for to proxy.log.
write_proxy() {
    cat >proxy.py <<'END'
import socket, threading, urllib.parse

def pump(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass

def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    user = [line for line in head.decode().split("\r\n") if line.lower().startswith("proxy-authorization:")]
    with open("proxy.log", "a") as log:
        print(method, target, *user, file=log)
    if method == "CONNECT":
        host, port = target.rsplit(":", 1)
        if host == "forbidden.example":
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return client.close()
        server = socket.create_connection((host.strip("[]"), int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        url = urllib.parse.urlsplit(target)
        server = socket.create_connection((url.hostname, url.port or 80))
        server.sendall(head.replace(target.encode(), (url.path or "/").encode(), 1))
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)

listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
END
}

# Name server, web server: www.example has an IPv6 address at which nobody is, and 10.0.0.1.
write_name_server() {
    cat >names.py <<'END'
import socket, struct, threading

def names():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.0.0.1", 53))
    while True:
        query, source = s.recvfrom(4096)
        end = query.index(b"\0", 12) + 5
        kind = struct.unpack("!H", query[end - 4:end - 2])[0]
        data = {1: socket.inet_aton("10.0.0.1"), 28: socket.inet_pton(socket.AF_INET6, "fd00:6867::dead")}.get(kind, b"")
        answer = struct.pack("!HHHIH", 0xc00c, kind, 1, 60, len(data)) + data if data else b""
        s.sendto(query[:2] + struct.pack("!HHHHH", 0x8580, 1, bool(data), 0, 0) + query[12:end] + answer, source)

threading.Thread(target=names, daemon=True).start()
END
    { cat names.py; cat server.py; } >both.py
}

get() { timeout 20 "$hourglass" get "$@"; }
exit_code_of() { # exit_code_of EXPECTED COMMAND...
    local expected=$1 status=0
    shift
    "$@" || status=$?
    [[ $status -eq $expected ]]
}
says() { # says TEXT COMMAND...: on standard output
    local text=$1
    shift
    "$@" >said || return 1
    [[ $(cat said) == "$text" ]] || {
        cat said
        return 1
    }
}

redirect_is_shown() { get "$base/found" -i | grep -q '^HTTP/1.1 302'; }
upload_redirected() { get -L "$base/again" -T text -o echoed && cmp echoed text; }
jar_is_kept() {
    rm -f jar
    says session=secret get -L -b jar -c jar "$base/login" && grep -q $'^#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t.*session\tsecret$' jar &&
        says session=secret get -b jar "$base/cookies" && says 'session=secret' curl -sS -b jar "$base/cookies"
}
compressed() {
    get --compressed "$base/gzip" -o got || return 1
    for _ in 1 2 3 4 5 6 7 8 9 10; do head -c 100000 large; done | cmp - got
}
retried() { says 'at last' get --retry 3 "$base/busy"; }
form() {
    get "$base/echo" -F 'name=Ada Lovelace' -F 'file=@text;type=text/x-test' -i >got || return 1
    grep -qi '^x-type: multipart/form-data; boundary=' got && grep -q '^Ada Lovelace' got &&
        grep -qi '^content-type: text/x-test' got && grep -q 'filename="text"' got
}
from_standard_input() {
    { cat text; sleep 0.2; cat text; } | get "$base/echo" -T - -o echoed && cat text text | cmp - echoed
}
resumed() {
    rm -f got
    exit_code_of 56 get "$base/large" -o got || return 1
    [[ $(stat -c %s got) -eq 300000 ]] || return 1
    get -C - "$base/large" -o got -v 2>log && cmp got large && grep -q '^> Range: bytes=300000-' log
}
resumed_by_our_server() {
    head -c 400000 large >got
    get -C - "$secure/large" --cacert cert.pem -o got && cmp got large && get -C - "$secure/large" --cacert cert.pem -o got &&
        cmp got large
}
not_resumed() {
    echo rubbish >got
    exit_code_of 33 get -C - "$base/nothing" -o got && [[ $(cat got) == rubbish ]]
}
several_urls() {
    get "$base/landed" "$base/cookies" "$base/echo" -v -o one -o two -o three 2>log &&
        [[ $(grep -c '^\* connected to' log) -eq 1 && $(cat one two) == 'GET /landednone' ]]
}
proxied() {
    rm -f proxy.log
    says 'GET /landed' env http_proxy="http://u:p@127.0.0.1:$proxy_port" "$hourglass" get "$base/landed" &&
        grep -q "^GET $base/landed Proxy-Authorization: Basic dTpw" proxy.log &&
        says 'GET /landed' env http_proxy="http://127.0.0.1:9" no_proxy=127.0.0.1 "$hourglass" get "$base/landed"
}
tunnelled() {
    rm -f proxy.log
    get -x "127.0.0.1:$proxy_port" --cacert cert.pem "$secure/text" -o got && cmp got text &&
        grep -q "^CONNECT localhost:" proxy.log && get -p -x "127.0.0.1:$proxy_port" "$base/landed" >got &&
        exit_code_of 7 get -p -x "127.0.0.1:$proxy_port" http://forbidden.example/
}
https() { get --cacert cert.pem "$secure/large" -o got -v 2>log && cmp got large && grep -q '^\* TLS with localhost: TLSv1.3' log; }
https_by_curl() { curl -sS --fail --cacert cert.pem "$secure/large" -o got && cmp got large; }
https_upload() { get --cacert cert.pem "$secure/echo" -T large -X POST -o echoed && cmp echoed large; }
insecure() { get -k "${secure/localhost/127.0.0.1}/text" -o got && cmp got text; }
timed() {
    get -L "$base/found" --timing -o got 2>log && grep -q '^  connect  .* ms' log && grep -q 'on the same connection' log &&
        get -L "$base/found" --json | python3 -c 'import json, sys
hops = json.load(sys.stdin)
assert [h["status"] for h in hops] == [302, 200] and hops[1]["reused"] and hops[0]["phases"]["wait"]["to"] > 0'
}
dead_v6() {
    timeout 20 "$hourglass" get http://www.example:8000/found -L -v --timing --rootless --resolver 10.0.0.1 -- \
        python3 both.py 0.0.0.0 8000 >got 2>log || return 1
    cat log
    [[ $(cat got) == 'GET /landed?by=302' ]] && grep -q '^\* trying \[fd00:6867::dead\]:8000' log &&
        grep -q '^\* connected to 10.0.0.1:8000' log
}
own_tcp() {
    timeout 20 "$hourglass" get -L -b new-jar http://10.0.0.1:8000/login http://10.0.0.1:8000/gzip --compressed -o cookie -o got \
        --rootless -- python3 server.py 10.0.0.1 8000 >/dev/null || return 1
    [[ $(cat cookie) == session=secret && $(stat -c %s got) -eq 1000000 ]]
}
own_tls() { # both ends are ours: the server over our TCP, curl over the kernel's
    timeout 20 "$hourglass" serve . --listen 10.0.0.2:443 --tls-cert cert.pem --tls-key key.pem --rootless -q -- \
        curl -sS --fail --cacert cert.pem https://10.0.0.2/large -o got && cmp got large
}
own_tls_client() {
    timeout 20 "$hourglass" get --cacert cert.pem https://10.0.0.1:8443/large -o got --rootless -- \
        "$hourglass" serve . --listen 10.0.0.1:8443 --tls-cert cert.pem --tls-key key.pem -q && cmp got large
}
refused_to_serve() { # refused_to_serve WORDS ARGUMENT...
    local words=$1
    shift
    exit_code_of 2 "$hourglass" serve . --listen 127.0.0.1:0 "$@" 2>log && grep -q "$words" log && [[ $(wc -l <log) -eq 1 ]]
}

need python3 openssl curl cmp
need_rootless
work_folder
trap 'kill "${pids[@]}" 2>/dev/null; wait; rm -rf "$folder"' EXIT
unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY
head -c 1000000 /dev/urandom >large
seq 2000 >text
write_server
write_proxy
write_name_server
names=subjectAltName=DNS:localhost,IP:10.0.0.1,IP:10.0.0.2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 1 -subj /CN=test \
    -addext "$names" 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.pem 2>/dev/null
pids=()
python3 server.py 127.0.0.1 0 >port 2>server.log &
pids+=($!)
python3 proxy.py >proxy-port 2>proxy.err &
pids+=($!)
"$hourglass" serve . --listen 127.0.0.1:0 --tls-cert cert.pem --tls-key key.pem 2>served &
pids+=($!)
wait_for 10 test -s port -a -s proxy-port -a -s served || skip "the servers do not start"
base=http://127.0.0.1:$(cat port)
proxy_port=$(cat proxy-port)
secure=https://localhost:$(sed -n 's|.*https://127.0.0.1:\([0-9]*\)/.*|\1|p' served)

check "a redirection is shown without -L" redirect_is_shown
check "-L follows it" says 'GET /landed?by=302' get -L "$base/found"
check "a POST becomes a GET after 302" says 'GET /landed?by=302' get -L -d a=b "$base/found"
check "a body is sent again after 307" upload_redirected
check "redirections have a limit: 47" exit_code_of 47 get -L --max-redirs 3 "$base/loop"
check "cookies are kept, in curl's format" jar_is_kept
check "-b sends a cookie" says 'a=1; b=2' get -b 'a=1; b=2' "$base/cookies"
check "-u sends credentials" says 'Basic bWU6c2VjcmV0' get -u me:secret "$base/auth"
check "--compressed" compressed
check "malformed gzip: 61" exit_code_of 61 get --compressed "$base/broken-gzip"
check "--retry" retried
check "--data-urlencode" says 'a=b%20%26%20c' get --data-urlencode 'a=b & c' "$base/echo"
check "-G" says 'GET /landed?a=1' get -G -d a=1 "$base/landed"
check "-F" form
check "-T from standard input" from_standard_input
check "a download that broke off goes on with -C -" resumed
check "-C - with our server, also when nothing is missing" resumed_by_our_server
check "-C - on what is not there: 33, and the file stays" not_resumed
check "several URLs on one connection" several_urls
check "a proxy of the environment, and no_proxy" proxied
check "CONNECT" tunnelled
check "https, certificate and name checked" https
check "curl gets https from our server" https_by_curl
check "https upload" https_upload
check "a certificate of nobody: 60" exit_code_of 60 get "$secure/text"
check "a certificate for another name: 60" exit_code_of 60 get --cacert cert.pem "${secure/localhost/127.0.0.1}/text"
check "--insecure" insecure
check "plain HTTP is no TLS: 35" exit_code_of 35 get "${base/http:/https:}/"
check "-m: 28" exit_code_of 28 get -m 0.5 "$base/slow"
check "--limit response: 28" exit_code_of 28 get --limit response=0.5 "$base/slow"
check "--timing and --json" timed
check "a dead IPv6 address is passed over (RFC 8305)" dead_v6
check "redirections, cookies and gzip over our own TCP" own_tcp
check "https served over our own TCP" own_tls
check "https fetched over our own TCP" own_tls_client
check "a certificate that is missing" refused_to_serve "No such file" --tls-cert absent --tls-key key.pem
check "a key of another certificate" refused_to_serve "does not belong" --tls-cert cert.pem --tls-key other.pem
check "a certificate without its key" refused_to_serve "tls-key" --tls-cert cert.pem
finish
