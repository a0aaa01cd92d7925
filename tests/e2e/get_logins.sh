#!/usr/bin/env bash
# `hourglass get` with digest authentication by a server and by a proxy, through a SOCKS proxy, and with a certificate of
# its own: python's standard library is the judge of each.
source "$(dirname "$0")/lib.sh"

need python3 openssl
[[ -x $hourglass ]] || skip "there is no program $hourglass: build it first"
work_folder

for name in server client; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.pem -days 1 \
        -subj /CN=$name -addext subjectAltName=IP:127.0.0.1 2>/dev/null
done
cat client.pem client.key >both.pem

cat >judge.py <<'END_OF_PYTHON'
import hashlib, http.server, os, re, select, socket, socketserver, ssl, threading

def parameters(text):
    return {k.lower(): a or b for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', text)}

def splice(near, far):
    while True:
        for ready in select.select([near, far], [], [])[0]:
            data = ready.recv(65536)
            if not data: return
            (far if ready is near else near).sendall(data)

class Digest(http.server.BaseHTTPRequestHandler):
    """RFC 7616 with SHA-256; a nonce is good for two requests, and then stale."""
    protocol_version = "HTTP/1.1"
    nonces = {}
    status, asks, answers = 401, "WWW-Authenticate", "Authorization"
    def log_message(self, *a): pass
    def answer(self, status, fields, body):
        self.send_response(status)
        for name, value in fields: self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def challenge(self, stale):
        nonce = os.urandom(8).hex()
        self.nonces[nonce] = 0
        text = f'realm="a, b", qop="auth", nonce="{nonce}", opaque="o"' + (", stale=true" if stale else "")
        self.answer(self.status, [(self.asks, "Digest algorithm=MD5, " + text),
                                  (self.asks, "Digest algorithm=SHA-256, " + text)], b"who?\n")
    def do_GET(self):
        size = int(self.headers.get("Content-Length", 0))
        content = self.rfile.read(size)
        given = parameters(self.headers.get(self.answers, ""))
        if given.get("nonce") not in self.nonces: return self.challenge(False)
        h = lambda text: hashlib.sha256(text.encode()).hexdigest()
        expected = h(":".join([h("Mufasa:a, b:Circle of Life"), given["nonce"], given["nc"], given["cnonce"], "auth",
                               h(self.command + ":" + self.path)]))
        self.nonces[given["nonce"]] += 1
        if given["response"] != expected or given["uri"] != self.path: return self.challenge(False)
        if int(given["nc"], 16) != self.nonces[given["nonce"]]: return self.challenge(False)
        if self.path == "/stale" and given["nonce"] not in getattr(Digest, "seen_stale", ()):
            Digest.seen_stale = set(self.nonces) | {given["nonce"]}
            if not getattr(Digest, "told", False):
                Digest.told = True
                return self.challenge(True)
        self.welcome(given, content)
    def welcome(self, given, content):
        self.answer(200, [], f"hello {given['username']} {len(content)}\n".encode())
    do_POST = do_GET

class DigestProxy(Digest):
    """The same as a proxy, which answers for http itself and passes on what is in a tunnel."""
    status, asks, answers = 407, "Proxy-Authenticate", "Proxy-Authorization"
    do_CONNECT = Digest.do_GET
    def answer(self, status, fields, body):
        if self.server.closes and status == 407: fields.append(("Connection", "close"))
        super().answer(status, fields, body)
    def welcome(self, given, content):
        if self.command != "CONNECT": return super().welcome(given, (self.path + " ").encode() + content)
        host, port = self.path.rsplit(":", 1)
        far = socket.create_connection((host, int(port)))
        self.wfile.write(b"HTTP/1.1 200 Go on\r\n\r\n")
        splice(self.connection, far)
        self.close_connection = True

class Socks(socketserver.StreamRequestHandler):
    """RFC 1928 and RFC 1929; the name says which of them is asked for."""
    def handle(self):
        version, count = self.rfile.read(2)
        methods = self.rfile.read(count)
        if self.server.login and 2 in methods:
            self.wfile.write(b"\5\2")
            self.rfile.read(1)
            name = self.rfile.read(self.rfile.read(1)[0])
            password = self.rfile.read(self.rfile.read(1)[0])
            good = (name, password) == (b"me", b"secret")
            self.wfile.write(b"\1" + (b"\0" if good else b"\1"))
            if not good: return
        elif self.server.login: return self.wfile.write(b"\5\xff")
        else: self.wfile.write(b"\5\0")
        version, command, _, kind = self.rfile.read(4)
        if kind == 1: host = socket.inet_ntoa(self.rfile.read(4))
        elif kind == 3: host = self.rfile.read(self.rfile.read(1)[0]).decode()
        else: host = socket.inet_ntop(socket.AF_INET6, self.rfile.read(16))
        port = int.from_bytes(self.rfile.read(2), "big")
        if host == "inside.example": host = "127.0.0.1"
        try: far = socket.create_connection((host, port))
        except OSError: return self.wfile.write(b"\5\5\0\1" + bytes(6))
        self.wfile.write(b"\5\0\0\3" + bytes([4]) + b"name" + bytes(2))
        splice(self.connection, far)

class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_GET(self):
        name = dict(x[0] for x in self.connection.getpeercert()["subject"])["commonName"]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"certificate of {name}\n".encode())

class Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    login = closes = False

servers = {"digest": Threads(("127.0.0.1", 0), Digest), "socks": Threads(("127.0.0.1", 0), Socks),
           "login": Threads(("127.0.0.1", 0), Socks), "proxy": Threads(("127.0.0.1", 0), DigestProxy),
           "closing": Threads(("127.0.0.1", 0), DigestProxy), "mutual": http.server.HTTPServer(("127.0.0.1", 0), Page)}
servers["login"].login = servers["closing"].closes = True
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
context.verify_mode = ssl.CERT_REQUIRED
context.load_verify_locations("client.pem")
servers["mutual"].socket = context.wrap_socket(servers["mutual"].socket, server_side=True)
for server in servers.values(): threading.Thread(target=server.serve_forever, daemon=True).start()
with open("ports.tmp", "w") as f:
    for name, server in servers.items(): print(f"{name}={server.server_address[1]}", file=f)
os.rename("ports.tmp", "ports")
threading.Event().wait()
END_OF_PYTHON
python3 judge.py >judge.log 2>&1 &
processes+=($!)
wait_for 10 test -e ports || cat judge.log
# shellcheck disable=SC1091
source ./ports
get() { timeout 10 "$hourglass" get "$@"; }

digest_login() {
    # shellcheck disable=SC2154
    local url=http://127.0.0.1:$digest
    [[ $(get --digest -u 'Mufasa:Circle of Life' "$url/dir?a=b") == 'hello Mufasa 0' ]] || return 1
    [[ $(get --digest -u 'Mufasa:Circle of Life' -d 'a=b' "$url/form") == 'hello Mufasa 3' ]] || return 1
    [[ $(get --digest -u 'Mufasa:Circle of Life' "$url/stale") == 'hello Mufasa 0' ]] || return 1
    [[ $(get --digest -u 'Mufasa:wrong' "$url/") == 'who?' ]] || return 1
    [[ $(get -u 'Mufasa:Circle of Life' "$url/") == 'who?' ]] # basic credentials
}
# Of a proxy that keeps the connection behind its challenge, and of one that closes it.
digest_to_a_proxy() {
    local port options
    # shellcheck disable=SC2154
    for port in "$proxy" "$closing"; do
        options=(-x "http://127.0.0.1:$port" -U 'Mufasa:Circle of Life' --proxy-digest)
        [[ $(get "${options[@]}" -d 'a=b' http://a.example/x) == 'hello Mufasa 22' ]] || return 1
        # shellcheck disable=SC2154
        [[ $(get "${options[@]}" --cacert server.pem -E both.pem "https://127.0.0.1:$mutual/") == 'certificate of client' ]] || return 1
        ! get -x "http://127.0.0.1:$port" -U Mufasa:wrong --proxy-digest -k "https://127.0.0.1:$mutual/" 2>errors || return 1
        grep -q 'the proxy does not connect to .*: 407' errors || { cat errors && return 1; }
    done
}
through_socks() {
    # shellcheck disable=SC2154
    local url=http://inside.example:$digest/
    [[ $(get -x "socks5://127.0.0.1:$socks" "$url") == 'who?' ]] || return 1
    # shellcheck disable=SC2154
    [[ $(get -x "socks5h://me:secret@127.0.0.1:$login" "$url") == 'who?' ]] || return 1
    ! get -x "socks5://me:wrong@127.0.0.1:$login" "$url" 2>errors || return 1
    grep -q 'does not take this name and password' errors || return 1
    ! get -x "socks5://127.0.0.1:$login" "$url" 2>errors || return 1
    grep -q 'SOCKS proxy' errors || return 1
    ! get -x "socks5://127.0.0.1:$socks" http://127.0.0.1:1/ 2>errors || return 1
    grep -q 'does not connect to 127.0.0.1:1: connection refused' errors || return 1
    # TLS through it, and with it the certificates.
    [[ $(get -x "socks5://127.0.0.1:$socks" --cacert server.pem -E both.pem "https://127.0.0.1:$mutual/") == 'certificate of client' ]]
}
client_certificate() {
    # shellcheck disable=SC2154
    local url=https://127.0.0.1:$mutual/
    [[ $(get --cacert server.pem --cert client.pem --key client.key "$url") == 'certificate of client' ]] || return 1
    ! get --cacert server.pem "$url" 2>errors || return 1
    ! get --cacert server.pem --cert client.pem --key server.key "$url" 2>errors || return 1
    grep -q 'does not belong to the certificate' errors
}

check "digest authentication, a stale nonce among it" digest_login
check "digest authentication by a proxy, for a tunnel too" digest_to_a_proxy
check "SOCKS 5, with and without a password, names resolved there" through_socks
check "a certificate of the client's" client_certificate
finish
