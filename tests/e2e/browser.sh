#!/usr/bin/env bash
# The whole path with real parts: Chromium, a name from our DNS, our TCP, our reverse proxy, Debian's uwsgi, and a Flask
# app with a form, a redirect, a cookie, a preflighted fetch and a WebSocket. The page writes down what it saw.
source "$(dirname "$0")/lib.sh"

need chromium uwsgi python3 curl
/usr/bin/python3 -c 'import flask' 2>/dev/null || skip "python3-flask is not installed"
need_rootless
work_folder
browser=(chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run)
timeout 60 "${browser[@]}" --user-data-dir=first --dump-dom 'data:text/html,<p>hello</p>' 2>/dev/null |
    grep -q '<p>hello</p>' || skip "chromium does not run here"
cp "$here/browser/app.py" .

cat >zone <<'END'
$ORIGIN hourglass.test.
$TTL 60
@    SOA  ns admin 1 3600 600 86400 60
     NS   ns
ns   A    10.0.0.2
app  A    10.0.0.2
api  A    10.0.0.2
END
cat >proxy.toml <<'END'
listen = "10.0.0.2:80"
[upstream.app]
protocol = "uwsgi"
servers = ["127.0.0.1:3031"]
[upstream.sockets]
servers = ["127.0.0.1:3032"]
[[route]]
path = "/ws"
upstream = "sockets"
[[route]]
upstream = "app"
END
echo 'nameserver 10.0.0.2' >resolv.conf

# What runs in the private network, with resolv.conf in the place of the system's.
cat >inside.sh <<'END'
set -e
mount --bind resolv.conf /etc/resolv.conf
uwsgi --plugin python3 --socket 127.0.0.1:3031 --http-socket 127.0.0.1:3032 --master --processes 1 --threads 4 \
    --wsgi-file app.py --callable application --die-on-term --disable-logging >uwsgi.log 2>&1 &
app=$!
for ((i = 0; i < 100; i++)); do
    curl -s -o first --max-time 2 --fail http://app.hourglass.test/cookie && break
    sleep 0.1
done
timeout 60 "$@" --user-data-dir=profile --window-size=900,620 --screenshot=page.png \
    http://app.hourglass.test/ >chromium.log 2>&1 || true
kill "$app"
wait "$app" || true
END
timeout 120 "$hourglass" proxy --config proxy.toml --zone zone --rootless -q -- unshare -m bash inside.sh "${browser[@]}" \
    >access.log 2>proxy.log || true

saw() { grep -qxF "$1" report.txt; }
asked() { grep -q "\"$1 HTTP/1.1\" $2 " access.log; }
png() { [[ $(head -c 8 page.png | od -An -tx1 | tr -d ' \n') == 89504e470d0a1a0a && $(stat -c %s page.png) -gt 10000 ]]; }

[[ -s report.txt ]] || tail -n 5 proxy.log access.log uwsgi.log chromium.log
check "a page by its DNS name" asked "GET /" 200
check "form POST" saw "form POST: Ada & Grace: héllo"
check "redirect 307 keeps method and body" saw "redirect 307 keeps the method and the body: POST kept at /new"
check "  and the browser asked twice" asked "POST /old" 307
check "cookie" saw "cookie: visited=yes"
check "preflighted fetch" saw "preflighted fetch: PUT after 1 preflight"
check "  and its preflight" asked "OPTIONS /item/7" 204
check "WebSocket echo" saw "WebSocket echo: héllo, socket"
check "  over an upgraded connection" asked "GET /ws" 101
check "screenshot" png
finish
