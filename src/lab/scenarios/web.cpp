// What HTTP messages say (RFC 9110, RFC 6265, the Fetch Standard).

#include "hourglass/http/cookies.h"
#include "hourglass/http/middleware.h"
#include "lab/scenarios/all.h"
#include "lab/scenarios/web_ground.h"

namespace hourglass::lab {

namespace {

/// A message with the caption "client to server".
void show_message(Story& story, const std::string& caption, const http::Request& message) {
    story.show(Verbatim{caption, wire_text(message)});
}
void show_message(Story& story, const std::string& caption, const http::Response& message) {
    story.show(Verbatim{caption, wire_text(message)});
}

void play_cookie(Story& story) {
    const bool keeps = story.chosen("client", "keeps");
    const std::size_t visits = story.number("visits");
    WebGround web(story.ground());
    int next_name = 0;
    std::map<std::string, int> seen;
    web.serve(story.time("delay"), [&](const http::Request& r, http::Responder answer, SocketAddress) {
        std::string name(http::cookie(r.fields, "visitor").value_or(""));
        const bool known = seen.contains(name);
        if (!known) name = fmt::format("v{}", ++next_name);
        http::Response response =
            http::Response::text(http::Status::ok, fmt::format("visit {} of {}\n", ++seen[name], name));
        if (!known) {
            const http::SetCookie set{.name = "visitor", .value = name, .path = "/", .http_only = true};
            response.fields.add("Set-Cookie", set.to_field().value_or(""));
        }
        answer.respond(std::move(response));
    });
    std::string jar, last;
    for (std::size_t i = 0; i < visits; ++i) {
        http::Request request = WebGround::request("GET", "/");
        if (keeps && !jar.empty()) request.fields.add("Cookie", jar);
        const http::Response response = web.ask(request);
        if (i < 2) {
            show_message(story, story.words("client to server, visit {}", "客户端到服务器，第 {} 次", i + 1), request);
            show_message(story, story.words("server to client", "服务器到客户端"), response);
        }
        if (const auto set = response.fields.get("Set-Cookie")) jar = set->substr(0, set->find(';'));
        last = response.body;
    }
    story.tell(
        "HTTP is stateless: each request stands for itself, and the server may forget it. The memory is the client's: "
        "it sends the cookie along, and the server looks up whose it is.",
        "HTTP 是无状态的：每个请求自成一体，服务器可以转身就忘。记忆在客户端：它把 cookie "
        "一并送来，服务器据此查出是谁。");
    story.check(web.net.recorder.connections().size() == visits, "RFC 9110 3.3",
                "Each visit is a connection of its own: {}.", "每次访问都是单独的连接：{} 个。",
                web.net.recorder.connections().size());
    if (keeps)
        story.check(seen.size() == 1 && last == fmt::format("visit {} of v1\n", visits), "RFC 6265 4.2",
                    "With the cookie it is one visitor: {} known, the last answer was \"{}\".",
                    "带着 cookie，就是同一位访客：已知 {} 位，最后的回答是「{}」。", seen.size(),
                    last.substr(0, last.size() - 1));
    else
        story.check(seen.size() == visits, "RFC 9110 3.3",
                    "Without it each visit is a stranger's: {} visitors for {} visits.",
                    "不带 cookie，每次都是陌生人：{} 次访问，{} 位访客。", seen.size(), visits);
}

void play_get_post(Story& story) {
    const std::size_t repeats = story.number("repeats");
    WebGround web(story.ground());
    int orders = 0;
    web.serve(story.time("delay"), [&](const http::Request& r, http::Responder answer, SocketAddress) {
        if (r.method == http::Method::post) ++orders;
        answer.respond(http::Response::text(r.method == http::Method::post ? http::Status::created : http::Status::ok,
                                            fmt::format("{} orders\n", orders)));
    });
    const http::Request get = WebGround::request("GET", "/orders?item=tea");
    http::Request post = WebGround::request("POST", "/orders", "item=tea");
    post.fields.add("Content-Type", "application/x-www-form-urlencoded");
    const http::Response got = web.ask(get);
    const http::Response posted = web.ask(post);
    show_message(story, story.words("GET: what it asks for is in the target", "GET：所问的写在请求目标里"), get);
    show_message(story, story.words("answer", "回答"), got);
    show_message(story, story.words("POST: what it brings is in the content", "POST：所带的放在内容里"), post);
    show_message(story, story.words("answer", "回答"), posted);
    const int after_one = orders;
    for (std::size_t i = 0; i < repeats; ++i) (void)web.ask(get);
    const int after_gets = orders;
    for (std::size_t i = 0; i < repeats; ++i) (void)web.ask(post);
    const auto data_of = [&](trace::ConnectionIndex c) {
        return web.net.count([c](const Segment& s) { return s.connection == c && from_client(s) && s.has_data(); });
    };
    story.tell(
        "Both go in one segment each; that POST takes two is a tale. The difference is in the meaning: GET asks and "
        "changes nothing, so anybody may repeat it, a browser after a lost connection, a cache, a crawler. "
        "POST does something, and twice is two orders.",
        "两者各用一个报文段；「POST 要发两个包」只是传说。区别在语义：GET "
        "只是询问，不改变什么，谁都可以重复——断线重连的浏览器、缓存、爬虫。POST 要做一件事，做两次就是两份订单。");
    story.show(Table{
        {{"", "GET", "POST"},
         {story.words("data segments of the request", "请求的数据报文段"), grouped(data_of(0)), grouped(data_of(1))},
         {story.words("safe (RFC 9110, 9.2.1)", "安全（RFC 9110 9.2.1）"), story.words("yes", "是"),
          story.words("no", "否")},
         {story.words("may be repeated", "可以重复"), story.words("yes", "是"), story.words("no", "否")},
         {story.words("orders after {} more", "再来 {} 次之后的订单", repeats),
          grouped(static_cast<std::uint64_t>(after_gets)), grouped(static_cast<std::uint64_t>(orders))}}});
    story.check(data_of(0) == 1 && data_of(1) == 1, "RFC 9112 2.1", "Each request goes in one segment: {} and {}.",
                "每个请求各用一个报文段：{} 与 {}。", data_of(0), data_of(1));
    story.check(after_gets == after_one, "RFC 9110 9.2.1", "{} more GETs order nothing: {} orders.",
                "再发 {} 次 GET 不产生订单：{} 份。", repeats, after_gets);
    story.check(orders == after_gets + static_cast<int>(repeats), "RFC 9110 9.2.2",
                "{} more POSTs are {} more orders: {}.", "再发 {} 次 POST 就多 {} 份订单：{} 份。", repeats, repeats,
                orders);
    story.check(get.method.is_safe() && !post.method.is_idempotent(), "RFC 9110 9.2.2",
                "GET is safe, POST is not idempotent: {}, {}.", "GET 是安全的，POST 不是幂等的：{}、{}。",
                get.method.is_safe(), post.method.is_idempotent());
}

/// A page of one origin asks a server of another; the browser decides by the Fetch Standard what the page gets to see.
struct Browser {
    Story& story;
    WebGround& web;
    std::string origin;

    /// CORS-safelisted methods and content types need no preflight.
    [[nodiscard]] static bool is_simple(const http::Request& request) {
        const auto type = request.fields.get("Content-Type");
        const bool plain =
            !type || type->starts_with("text/plain") || type->starts_with("application/x-www-form-urlencoded");
        return (request.method == http::Method::get || request.method == http::Method::head ||
                request.method == http::Method::post) &&
               plain;
    }
    [[nodiscard]] bool allows(const http::Response& answer) const {
        const auto allowed = answer.fields.get("Access-Control-Allow-Origin");
        return allowed && (*allowed == "*" || *allowed == origin);
    }
    struct Result {
        bool preflighted = false, sent = false, readable = false;
    };
    Result fetch(http::Request request, const std::string& caption) const {
        Result result;
        request.fields.set("Origin", origin);
        if (!is_simple(request)) {
            result.preflighted = true;
            http::Request preflight = WebGround::request("OPTIONS", request.target);
            preflight.fields.add("Origin", origin);
            preflight.fields.add("Access-Control-Request-Method", request.method.name());
            preflight.fields.add("Access-Control-Request-Headers", "content-type");
            const http::Response answer = web.ask(preflight);
            show_message(story, story.words("{}: the preflight asks first", "{}：先发预检请求", caption), preflight);
            show_message(story, story.words("answer", "回答"), answer);
            const auto methods = answer.fields.get("Access-Control-Allow-Methods").value_or("");
            if (!allows(answer) || methods.find(request.method.name()) == methods.npos) return result;
        }
        result.sent = true;
        const http::Response answer = web.ask(request);
        result.readable = allows(answer);
        show_message(story, caption, request);
        show_message(story, story.words("answer", "回答"), answer);
        return result;
    }
};

void play_cors(Story& story) {
    const std::string origin = "http://shop.example";
    const bool allowed = story.chosen("server", "allows");
    WebGround web(story.ground());
    int changes = 0;
    http::CorsSettings settings;
    settings.origins = {allowed ? origin : "http://other.example"};
    settings.methods = {"GET", "POST", "PUT"};
    settings.headers = {"content-type"};
    const http::Handler handler =
        http::wrap({http::cors(settings)}, [&](const http::Request& r, http::Responder answer) {
            if (r.method == http::Method::put) ++changes;
            answer.respond(http::Response::text(http::Status::ok, "{\"stock\": 7}\n", "application/json"));
        });
    web.serve(story.time("delay"), [handler](const http::Request& r, http::Responder answer, SocketAddress) {
        handler(r, std::move(answer));
    });
    const Browser browser{story, web, origin};
    story.tell(
        "A page of {} asks the API of another host. The browser sends the question, and shows the answer to the page "
        "only if the API says that it may.",
        "{} 的页面向另一主机的 API 发问。浏览器会发出问题，但只有 API 表示允许，才把回答交给页面。", origin);
    story.heading("A simple request", "简单请求");
    const auto simple = browser.fetch(WebGround::request("GET", "/stock"), story.words("the page asks", "页面发问"));
    story.heading("A preflighted request", "预检请求");
    http::Request put = WebGround::request("PUT", "/stock", "{\"stock\": 6}");
    put.fields.add("Content-Type", "application/json");
    const auto preflighted = browser.fetch(put, story.words("the page changes something", "页面要修改"));
    story.tell(
        "A simple request is one that a form could always send; servers have had to live with those. Anything beyond, "
        "such as PUT or JSON, a server of old does not expect, so the browser asks first whether it may.",
        "简单请求是表单本来就能发的，服务器一直都得应付。超出的，如 PUT 或 "
        "JSON，旧服务器未曾预料，所以浏览器先问一声可不可以。");
    const auto requests = web.net.count([](const Segment& s) { return from_client(s) && s.has_data(); });
    story.check(!simple.preflighted && simple.sent && simple.readable == allowed, "Fetch 4.8",
                "The simple request is sent at once; the page may read the answer: {}.",
                "简单请求直接发出；页面能读到回答：{}。", simple.readable);
    story.check(preflighted.preflighted && preflighted.sent == allowed && changes == (allowed ? 1 : 0), "Fetch 4.8",
                "PUT is asked for first; it was sent: {}, the server was changed {} times.",
                "PUT 先经预检；发出：{}，服务器被修改 {} 次。", preflighted.sent, changes);
    story.check(requests == (allowed ? 3u : 2u), "Fetch 4.9", "Requests on the wire: {}.", "线路上的请求：{} 个。",
                requests);
}

void play_redirect(Story& story) {
    const int status = static_cast<int>(std::strtol(story.text("status").c_str(), nullptr, 10));
    WebGround web(story.ground());
    std::string arrived_method, arrived_body;
    web.serve(story.time("delay"), [&](const http::Request& r, http::Responder answer, SocketAddress) {
        if (r.path() == "/old")
            return void(answer.respond(http::Response::redirect(static_cast<http::Status>(status), "/new")));
        arrived_method = std::string(r.method.name());
        arrived_body = r.body;
        answer.respond(http::Response::text(http::Status::ok, "thank you\n"));
    });
    http::Request post = WebGround::request("POST", "/old", "item=tea");
    post.fields.add("Content-Type", "application/x-www-form-urlencoded");
    const http::Response first = web.ask(post);
    show_message(story, story.words("client to server", "客户端到服务器"), post);
    show_message(story, story.words("answer: look over there", "回答：请去那边"), first);
    // RFC 9110, 15.4: 307 and 308 keep the method; 303 makes it GET; with 301 and 302 clients have always done so.
    http::Request second = post;
    second.target = std::string(first.fields.get("Location").value_or("/"));
    const bool keeps = status == 307 || status == 308;
    if (!keeps) second = WebGround::request("GET", second.target);
    const http::Response last = web.ask(second);
    show_message(story, story.words("client to server, again", "客户端再次发出"), second);
    show_message(story, story.words("answer", "回答"), last);
    story.tell(
        "307 and 308 say: the same request, over there, method and content unchanged. 303 says: go and GET that. 301 "
        "and 302 leave it open, and every browser makes GET of POST.",
        "307 和 308 表示：把同样的请求发往那边，方法和内容都不变。303 表示：去那里 GET。301 和 302 "
        "没有讲定，浏览器都把 POST 变成 GET。");
    story.check(static_cast<int>(first.status) == status && first.fields.get("Location") == "/new", "RFC 9110 10.2.2",
                "The answer says where: {} {}.", "回答说明去处：{} {}。", static_cast<int>(first.status),
                second.target);
    const std::string wanted = keeps ? "POST" : "GET";
    story.check(arrived_method == wanted, keeps ? "RFC 9110 15.4.8" : "RFC 9110 15.4.4",
                "At the new place it arrives as {}: {}.", "到达新地址时是 {}：{}。", wanted, arrived_method);
    if (keeps)
        story.check(arrived_body == "item=tea", "RFC 9110 15.4.8", "The content goes along: \"{}\".",
                    "内容一并送到：「{}」。", arrived_body);
    else
        story.not_applicable("RFC 9110 15.4.8", "that the content goes along: {} makes it a GET",
                             "内容一并送到：{} 使它变成 GET", status);
}

}  // namespace

void add_web(Scenarios& all) {
    all.push_back({.name = "get-post",
                   .topic = Topic::web,
                   .title = {"GET and POST", "GET 与 POST"},
                   .teaches = {"What tells them apart on the wire, and what in meaning.",
                               "两者在线路上有何不同，在语义上有何不同。"},
                   .settings = {{.name = "repeats",
                                 .kind = Setting::Kind::count,
                                 .what = {"How often each is repeated", "各重复几次"},
                                 .initial = "2",
                                 .another = "5",
                                 .least = "1",
                                 .most = "50"},
                                delay_setting()},
                   .play = play_get_post});
    all.push_back({.name = "cookie",
                   .topic = Topic::web,
                   .title = {"Stateless HTTP and the cookie", "无状态的 HTTP 与 cookie"},
                   .teaches = {"How a server that remembers nothing about a connection still knows its visitors.",
                               "服务器不记得任何连接，为何仍认得访客。"},
                   .settings = {{.name = "client",
                                 .kind = Setting::Kind::choice,
                                 .what = {"Whether the client keeps cookies", "客户端是否保存 cookie"},
                                 .initial = "keeps",
                                 .another = "ignores",
                                 .choices = {"keeps", "ignores"}},
                                {.name = "visits",
                                 .kind = Setting::Kind::count,
                                 .what = {"Visits", "访问次数"},
                                 .initial = "3",
                                 .another = "5",
                                 .least = "2",
                                 .most = "50"},
                                delay_setting()},
                   .play = play_cookie});
    all.push_back({.name = "cors",
                   .topic = Topic::web,
                   .title = {"Simple and preflighted requests", "简单请求与预检请求"},
                   .teaches = {"When a browser asks a server of another origin before it asks.",
                               "浏览器何时要先问过另一源的服务器，再发请求。"},
                   .settings = {{.name = "server",
                                 .kind = Setting::Kind::choice,
                                 .what = {"Whether the API allows the page's origin", "API 是否允许该页面的源"},
                                 .initial = "allows",
                                 .another = "forbids",
                                 .choices = {"allows", "forbids"}},
                                delay_setting()},
                   .play = play_cors});
    all.push_back({.name = "redirect",
                   .topic = Topic::web,
                   .title = {"Redirect 307", "重定向 307"},
                   .teaches = {"What a client does with a redirection, and what becomes of method and content.",
                               "客户端如何处理重定向，方法和内容又会怎样。"},
                   .settings = {{.name = "status",
                                 .kind = Setting::Kind::choice,
                                 .what = {"The status of the redirection", "重定向的状态码"},
                                 .initial = "307",
                                 .another = "303",
                                 .choices = {"301", "302", "303", "307", "308"}},
                                delay_setting()},
                   .play = play_redirect});
}

}  // namespace hourglass::lab
