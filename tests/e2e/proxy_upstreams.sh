#!/usr/bin/env bash
# Servers behind the reverse proxy on Unix sockets and over TLS, on loopback: python's HTTP server and our own.
source "$(dirname "$0")/lib.sh"

need curl python3 openssl
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
work_folder
background() { # background LOG COMMAND...
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    processes+=($!)
}

mkdir site
echo 'over TLS' >site/page.txt
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 1 \
    -subj /CN=app.internal -addext subjectAltName=DNS:app.internal 2>/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.pem -days 1 \
    -subj /CN=other 2>/dev/null
background tls.log "$hourglass" serve site --listen 127.0.0.1:0 --tls-cert cert.pem --tls-key key.pem
cat >unix.py <<'END_OF_PYTHON'
import http.server, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def address_string(self): return "proxy"
    def do_GET(self):
        body = ("unix socket says " + self.path + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
Server("app.sock", Handler).serve_forever()
END_OF_PYTHON
background unix.log python3 unix.py
wait_for 10 grep -q '^serving' tls.log || cat tls.log
wait_for 10 test -S app.sock || cat unix.log
tls=$(grep -o '127.0.0.1:[0-9]*' tls.log)

cat >proxy.toml <<END
listen = "127.0.0.1:0"
[upstream.unix]
servers = ["unix:$folder/app.sock"]
check = { path = "/health", interval = "200ms" }
[upstream.none]
servers = ["unix:$folder/none.sock"]
[upstream.secure]
protocol = "https"
ca = "cert.pem"
tls_name = "app.internal"
servers = ["$tls"]
[upstream.misnamed]
protocol = "https"
ca = "cert.pem"
tls_name = "other.internal"
servers = ["$tls"]
[upstream.untrusted]
protocol = "https"
ca = "other.pem"
tls_name = "app.internal"
servers = ["$tls"]
[[route]]
path = "/unix"
upstream = "unix"
[[route]]
path = "/none"
upstream = "none"
[[route]]
path = "/secure"
strip_path = true
upstream = "secure"
[[route]]
path = "/misnamed"
upstream = "misnamed"
[[route]]
path = "/untrusted"
upstream = "untrusted"
END
background proxy.log "$hourglass" proxy --config proxy.toml
wait_for 10 grep -q 'proxy at' proxy.log || cat proxy.log
url=http://$(grep -o '127.0.0.1:[0-9]*' proxy.log | head -n 1)
fetch() { curl -sS --max-time 10 "$@"; }
status_of() { fetch -o /dev/null -w '%{http_code}' "$@"; }

over_unix() {
    local answers
    answers=$(fetch "$url/unix/[1-20]")
    [[ $(grep -c '^unix socket says /unix/' <<<"$answers") == 20 ]] || return 1
    [[ $(status_of "$url/none") == 502 ]] && grep -q 'none.sock: connection refused' proxy.log
}
over_tls() { [[ $(fetch "$url/secure/page.txt" "$url/secure/page.txt") == $'over TLS\nover TLS' ]]; }
not_trusted() {
    [[ $(status_of "$url/misnamed") == 502 && $(status_of "$url/untrusted") == 502 ]] || return 1
    grep -q 'certificate of other.internal is not right: hostname mismatch' proxy.log || { cat proxy.log && return 1; }
    grep -q 'certificate of app.internal is not right: ' proxy.log || { cat proxy.log && return 1; }
}
checked() {
    "$hourglass" proxy --config proxy.toml --check || return 1
    sed 's/other.pem/missing.pem/' proxy.toml >wrong.toml
    ! "$hourglass" proxy --config wrong.toml --check 2>errors || return 1
    grep -q "upstream untrusted: the certificate 'missing.pem' can't be read" errors || { cat errors && return 1; }
}

check "servers on Unix sockets, with active checks" over_unix
check "servers over TLS" over_tls
check "a certificate that is not right is a 502 that says why" not_trusted
check "--check finds a file that is missing" checked
finish
