// From a proxy to an application by the uwsgi protocol.

#include "hourglass/http/forward.h"
#include "hourglass/uwsgi/client.h"
#include "hourglass/uwsgi/server.h"
#include "lab/scenarios/all.h"
#include "lab/scenarios/web_ground.h"

namespace hourglass::lab {

namespace {

const SocketAddress kProxyAddress{IpAddress::v4(10, 0, 0, 2), Port(80)};
const SocketAddress kAppAddress{IpAddress::v4(10, 0, 1, 2), Port(3031)};

/// The application's end: accepts connections from the proxy, each for one request.
class GatewayServer : public tcp::AcceptHandler {
  public:
    explicit GatewayServer(http::Application application) : application_(std::move(application)) {}
    void on_acceptable(tcp::Listener listener) override {
        while (auto stream = listener.accept()) {
            sessions_.push_back(std::make_unique<Session>(application_, *stream));
            stream->set_handler(sessions_.back().get());
        }
    }

  private:
    struct Session : tcp::ConnectionHandler {
        Session(const http::Application& application, tcp::Stream s) : stream(s), uwsgi(application, {}) {
            uwsgi.on_change([this] { move(); });
        }
        void on_readable(tcp::Stream) override { move(); }
        void on_writable(tcp::Stream) override { move(); }
        void move() {
            pump(stream, uwsgi);
            if (uwsgi.should_close() && uwsgi.output_size() == 0) stream.close();
        }
        tcp::Stream stream;
        uwsgi::ServerConnection uwsgi;
    };
    http::Application application_;
    std::list<std::unique_ptr<Session>> sessions_;
};

/// The proxy's end: a connection for one request.
class GatewayClient : public tcp::ConnectionHandler {
  public:
    GatewayClient(Ground& net, http::Request request, const uwsgi::GatewayContext& context, http::Completion done) {
        uwsgi_.on_change([this] { move(); });
        uwsgi_.send(std::move(request), context, nullptr, http::collect_response(std::move(done)));
        if (const auto stream = net.tcp("proxy").connect(kAppAddress, {.handler = this})) stream_ = *stream;
    }
    void on_established(tcp::Stream) override { move(); }
    void on_readable(tcp::Stream) override { move(); }
    void on_writable(tcp::Stream) override { move(); }

  private:
    void move() {
        pump(stream_, uwsgi_);
        if (uwsgi_.should_close()) stream_.close();
    }
    tcp::Stream stream_;
    uwsgi::ClientConnection uwsgi_;
};

void build(Story& story, Ground& net) {
    for (const auto* name : {"client", "proxy", "app"}) net.add_host(name);
    net.world.connect({"client", {"10.0.0.1/24"}}, {"proxy", {"10.0.0.2/24"}}, link_of(story));
    net.world.connect({"proxy", {"10.0.1.1/24"}}, {"app", {"10.0.1.2/24"}},
                      sim::LinkSettings().both({.delay = story.time("backend")}));
    net.watch();
}

void play_uwsgi(Story& story) {
    Ground& net = story.ground();
    build(story, net);
    http::Request seen;
    SocketAddress seen_client;
    GatewayServer app(
        http::Application{.on_request =
                              [&](const http::Request& r, http::Responder answer) {
                                  seen = r;
                                  seen_client = answer.client();
                                  net.world.after(story.time("think"), [answer, target = r.target] {
                                      answer.respond(http::Response::text(
                                          http::Status::ok, fmt::format("Hello, you asked for {}\n", target)));
                                  });
                              },
                          .on_head = {}});
    (void)net.tcp("app").listen(kAppAddress, {.handler = &app});
    std::list<GatewayClient> upstream;
    uwsgi::Variables variables;
    LessonServer proxy(
        net.world, "proxy", 0ms, [&](const http::Request& r, http::Responder answer, SocketAddress from) {
            uwsgi::GatewayContext context;
            context.client = from;
            context.body_length = r.body.size();
            variables = uwsgi::to_variables(r, context);
            upstream.emplace_back(net, r, context, [answer](auto result) {
                answer.respond(result ? std::move(*result)
                                      : http::Response::error(http::Status::bad_gateway, result.error().text));
            });
        });
    (void)net.tcp("proxy").listen(kProxyAddress, {.handler = &proxy});
    LessonClient client(net.world, "client");
    client.connect(kProxyAddress);
    http::Request request =
        WebGround::request(story.text("method"), "/tea?with=milk", story.chosen("method", "POST") ? "cups=2" : "");
    request.fields.set("Host", "shop.example");
    std::optional<http::Response> answer;
    Instant answered = kNever;
    client.send(request, [&](auto result) {
        if (result) answer = std::move(*result);
        answered = net.world.now();
    });
    net.run_until([&] { return answered != kNever; }, 10min);
    client.close();
    net.run();

    story.show(Verbatim{story.words("client to proxy: HTTP", "客户端到代理：HTTP"), wire_text(request)});
    std::string packet;
    for (const auto& [name, value] : variables) packet += fmt::format("{} = {}\n", name, value);
    story.show(Verbatim{
        story.words("proxy to application: a packet of variables", "代理到应用：一个由变量组成的数据包"), packet});
    const Segment gateway =
        net.segment([](const Segment& s) { return s.host == "proxy" && s.connection == 1 && s.has_data(); });
    const Segment back = net.segment([](const Segment& s) { return s.host == "app" && s.has_data(); });
    story.remark(net, gateway,
                 "No HTTP here: four octets that say how long, then names and values, as CGI has them. The application "
                 "need not parse HTTP.",
                 "这里没有 HTTP：四个字节说明长度，然后是一个个名与值，一如 CGI。应用不必解析 HTTP。");
    story.remark(net, back, "The answer is an HTTP response; the connection ends with it.",
                 "回答是一个 HTTP 响应；连接随之结束。");
    story.show(net, 0);
    story.show(net, 1);
    if (answer) story.show(Verbatim{story.words("proxy to client", "代理到客户端"), wire_text(*answer)});
    const auto size_of = [&](std::string_view name) { return uwsgi::find(variables, name).value_or("-"); };
    story.check(answer && answer->status == http::Status::ok && answer->body == "Hello, you asked for /tea?with=milk\n",
                "RFC 9110 3.7", "The application's answer reaches the client: {}.", "应用的回答到达客户端：{}。",
                answer ? answer->body.substr(0, answer->body.size() - 1) : std::string("-"));
    story.check(seen.method == request.method && seen.body == request.body && seen.fields.get("Host") == "shop.example",
                "RFC 3875 4.1", "The application sees {}, Host {} and {} octets of content.",
                "应用看到 {}、Host {} 和 {} 字节内容。", seen.method.name(), seen.fields.get("Host").value_or("-"),
                seen.body.size());
    story.check(seen_client.address == IpAddress::v4(10, 0, 0, 1), "RFC 3875 4.1.8",
                "It learns who asks, though its peer is the proxy: REMOTE_ADDR {}.",
                "它得知是谁在问，尽管与它相连的是代理：REMOTE_ADDR {}。", size_of("REMOTE_ADDR"));
    const Duration least = 4 * story.time("delay") + 4 * story.time("backend") + story.time("think");
    story.check(answered != kNever && answered >= Instant(least), "RFC 9293 3.5",
                "Two connections, two handshakes: the answer takes {}, no less than {}.",
                "两个连接，两次握手：回答用了 {}，不少于 {}。", show(answered), show(least));
}

}  // namespace

void add_gateway(Scenarios& all) {
    all.push_back(
        {.name = "uwsgi",
         .topic = Topic::web,
         .title = {"Proxy to uwsgi to application", "反向代理、uwsgi 与应用"},
         .teaches = {"How a reverse proxy hands a request to a program: over a connection of its own, as variables.",
                     "反向代理如何把请求交给程序：用自己的连接，以变量的形式。"},
         .settings = {{.name = "method",
                       .kind = Setting::Kind::choice,
                       .what = {"The method of the request", "请求的方法"},
                       .initial = "GET",
                       .another = "POST",
                       .choices = {"GET", "POST"}},
                      {.name = "think",
                       .kind = Setting::Kind::time,
                       .what = {"How long the application thinks", "应用处理的时间"},
                       .initial = "10ms",
                       .another = "200ms",
                       .least = "0ms",
                       .most = "10s"},
                      {.name = "backend",
                       .kind = Setting::Kind::time,
                       .what = {"The way between proxy and application, one way", "代理与应用之间的单程时延"},
                       .initial = "1ms",
                       .another = "5ms",
                       .least = "0ms",
                       .most = "1s"},
                      delay_setting()},
         .play = play_uwsgi});
}

}  // namespace hourglass::lab
