"""The web app at the end of the path: a page that tries everything, and what it asks for."""
import json
import threading

import uwsgi
from flask import Flask, Response, redirect, request

app = Flask(__name__)
reported = threading.Event()

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Hourglass: one page, the whole way</title>
<style>
 body { font: 18px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 44em; color: #222 }
 h1 { font-size: 1.5em } li { margin: .2em 0 } li.ok::marker { content: "\\2713  "; color: #0a7a2f }
 li.bad::marker { content: "\\2717  "; color: #b00020 } small { color: #666 }
</style>
<h1>One page, the whole way</h1>
<p>Chromium &rarr; DNS name &rarr; TCP in user space &rarr; reverse proxy &rarr; uwsgi &rarr; Flask</p>
<ul id="results"></ul>
<form id="form" method="post" action="/form" target="frame">
 <input name="name" value="Ada &amp; Grace"><input name="note" value="h&eacute;llo"></form>
<iframe name="frame" id="frame" hidden></iframe>
<img src="/wait" alt="" hidden>
<script>
const tell = (name, good, detail) => {
    const item = document.createElement("li");
    item.className = good ? "ok" : "bad";
    item.textContent = `${name}: ${detail}`;
    document.getElementById("results").append(item);
};
const attempt = async (name, work) => {
    try { const [good, detail] = await work(); tell(name, good, detail); }
    catch (error) { tell(name, false, error); }
};
const submitted = () => new Promise(resolve => {
    const frame = document.getElementById("frame");
    frame.onload = () => resolve(frame.contentDocument.body.textContent);
    document.getElementById("form").submit();
});
const echoed = text => new Promise((resolve, reject) => {
    const socket = new WebSocket("ws://" + location.host + "/ws");
    socket.onopen = () => socket.send(text);
    socket.onmessage = event => { resolve(event.data); socket.close(); };
    socket.onerror = () => reject("the socket failed");
});
(async () => {
    await attempt("form POST", async () => {
        const said = await submitted();
        return [said === "Ada & Grace: h\\u00e9llo", said];
    });
    await attempt("redirect 307 keeps the method and the body", async () => {
        const answer = await fetch("/old", {method: "POST", body: "kept"});
        const said = await answer.text();
        return [answer.redirected && said === "POST kept", `${said} at ${new URL(answer.url).pathname}`];
    });
    await attempt("cookie", async () => {
        const said = await (await fetch("/cookie")).text();
        return [said === "visited=yes", said];
    });
    await attempt("preflighted fetch", async () => {
        const answer = await fetch("http://api.hourglass.test/item/7",
            {method: "PUT", headers: {"Content-Type": "application/json", "X-Reason": "lesson"}, body: "{}"});
        const said = await answer.json();
        return [said.method === "PUT" && said.reason === "lesson" && said.preflights >= 1,
                `${said.method} after ${said.preflights} preflight`];
    });
    await attempt("WebSocket echo", async () => {
        const said = await echoed("h\\u00e9llo, socket");
        return [said === "h\\u00e9llo, socket", said];
    });
    tell("done", true, navigator.userAgent.replace(/.*(Chrome\\/[0-9]+).*/, "$1"));
    await fetch("/report", {method: "POST", body: document.getElementById("results").innerText});
    document.title = "done";
})();
</script>
</html>
"""

preflights = 0


@app.get("/")
def page():
    answer = Response(PAGE, mimetype="text/html")
    answer.set_cookie("visited", "yes", httponly=True, samesite="Lax")
    return answer


@app.post("/form")
def form():
    return Response(f"{request.form['name']}: {request.form['note']}", mimetype="text/plain")


@app.post("/old")
def old():
    return redirect("/new", code=307)


@app.route("/new", methods=["GET", "POST"])
def new():
    return Response(f"{request.method} {request.get_data(as_text=True)}", mimetype="text/plain")


@app.get("/cookie")
def cookie():
    return Response(f"visited={request.cookies.get('visited')}", mimetype="text/plain")


@app.route("/item/<int:number>", methods=["OPTIONS", "PUT"])
def item(number):
    global preflights
    allow = {"Access-Control-Allow-Origin": "http://app.hourglass.test"}
    if request.method == "OPTIONS":
        preflights += 1
        return "", 204, allow | {"Access-Control-Allow-Methods": "PUT",
                                 "Access-Control-Allow-Headers": "content-type, x-reason"}
    said = {"number": number, "method": request.method, "reason": request.headers["X-Reason"], "preflights": preflights}
    return Response(json.dumps(said), mimetype="application/json", headers=allow)


@app.post("/report")
def report():
    with open("report.txt", "wb") as file:
        file.write(request.get_data())
    reported.set()
    return ""


@app.get("/wait")
def wait():
    """An image of the page: it is loaded, for the browser, when all has been tried."""
    reported.wait(30)
    return "", 204


def application(environ, start_response):
    """The WSGI application; a WebSocket comes by HTTP and is uwsgi's own business."""
    if environ["PATH_INFO"] != "/ws":
        return app(environ, start_response)
    uwsgi.websocket_handshake(environ["HTTP_SEC_WEBSOCKET_KEY"], environ.get("HTTP_ORIGIN", ""))
    try:
        while True:
            uwsgi.websocket_send(uwsgi.websocket_recv())
    except OSError:  # the client has closed
        return []
