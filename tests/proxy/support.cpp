#include "proxy/support.h"

#include <algorithm>
#include <fmt/format.h>

#include "http/support.h"

namespace hourglass::proxy::test {

RawServer::RawServer(ip::Host& host, SocketAddress local, std::string says, bool close)
    : says_(std::move(says)), close_(close) {
    tcp::ListenOptions options;
    options.handler = this;
    if (!host.tcp().listen(local, options)) throw std::runtime_error("the raw server can't listen");
}

void RawServer::on_acceptable(tcp::Listener listener) {
    while (auto stream = listener.accept()) {
        ++connections;
        stream->set_handler(this);
        on_readable(*stream);
    }
}

void RawServer::on_readable(tcp::Stream stream) {
    bool asked = false;
    while (!stream.receive_slice(65536).empty()) asked = true;
    if (asked) {
        stream.send(http::as_bytes(says_));
        if (close_) stream.close();
    }
    if (stream.at_end()) stream.close();
}

ProxyWorld::ProxyWorld() {
    world.add_host("client");
    world.add_host("proxy");
    for (const char* name : {"a", "b", "c"}) world.add_host(name);
    sim::LinkSettings link;
    world.add_switch("lan",
                     {{"client", {"10.0.0.1/24"}},
                      {"proxy", {"10.0.0.9/24"}},
                      {"a", {"10.0.0.11/24"}},
                      {"b", {"10.0.0.12/24"}},
                      {"c", {"10.0.0.13/24"}}},
                     link.both({.delay = 1ms}));
}

SocketAddress ProxyWorld::address_of(const std::string& name) {
    return {IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(11 + name[0] - 'a')), Port{80}};
}

void ProxyWorld::serve(const std::string& name, http::Application application) {
    if (!application.on_request)
        application.on_request = [name](const http::Request& asked, const http::Responder& responder) {
            responder.respond(
                http::Response::text(http::Status::ok, name + " says " + asked.target + asked.body, "t/t"));
        };
    const auto inner = application.on_request;
    application.on_request = [this, name, inner](const http::Request& asked, http::Responder responder) {
        ++handled[name];
        seen.push_back(asked);
        inner(asked, std::move(responder));
    };
    applications[name] = std::move(application);
    auto server =
        std::make_unique<http::TcpServer>(world.host(name), applications[name], http::test::TestServer::plain());
    if (!server->listen(address_of(name))) throw std::runtime_error("the server can't listen");
    servers[name] = std::move(server);
}

void ProxyWorld::serve_raw(const std::string& name, std::string says, bool close) {
    raw_servers[name] = std::make_unique<RawServer>(world.host(name), address_of(name), std::move(says), close);
}

Configuration ProxyWorld::to(std::string_view names) {
    Configuration out;
    out.name = "edge";
    UpstreamConfiguration& upstream = out.upstreams.emplace_back();
    upstream.name = "app";
    for (const char name : names)
        upstream.servers.push_back({.name = std::string(1, name), .address = address_of(std::string(1, name))});
    out.routes.emplace_back().upstream = "app";
    return out;
}

void ProxyWorld::start(const Configuration& configuration) {
    ip::Host& host = world.host("proxy");
    Environment environment;
    environment.now = [&host] { return host.now(); };
    environment.wall_clock = [&host] {
        return WallTime(std::chrono::seconds(1'000'000'000) +
                        std::chrono::duration_cast<std::chrono::seconds>(host.now().time_since_epoch()));
    };
    environment.log = [this](const std::string& line) { log.push_back(line); };
    connector = http::connect_over(host);
    proxy = std::make_unique<ReverseProxy>(*connector, configuration, environment);
    poller = host.add_poller([this](Instant now) { proxy->poll(now); }, [this] { return proxy->deadline(); });
    front_application = proxy->application();
    front = std::make_unique<http::TcpServer>(host, front_application, server_settings(configuration, environment));
    ASSERT_TRUE(front->listen({IpAddress::v4(10, 0, 0, 9), Port{80}}));
}

http::Request ProxyWorld::request(http::Method method, std::string target) {
    http::Request out;
    out.method = std::move(method);
    out.target = std::move(target);
    out.fields.add("Host", "site.example");
    return out;
}

void ProxyWorld::begin(http::Request asked) {
    clients.push_back(std::make_unique<http::TcpClient>(world.host("client"),
                                                        SocketAddress{IpAddress::v4(10, 0, 0, 9), Port{80}},
                                                        http::ClientSettings{}, http::TcpClientSettings{30s, 600s}));
    clients.back()->send(std::move(asked), [this](std::expected<http::Response, http::ClientError> result) {
        outcomes.push_back(result ? fmt::format("{} {}", to_number(result->status), result->body)
                                  : "error " + result.error().text);
        if (result) last = std::move(*result);
    });
}

std::string ProxyWorld::fetch(http::Request asked) {
    const std::size_t before = outcomes.size();
    begin(std::move(asked));
    world.run_until([&] { return outcomes.size() > before; }, 300s);
    return outcomes.size() > before ? outcomes.back() : "nothing";
}

std::string ProxyWorld::get(std::string target,
                            std::initializer_list<std::pair<std::string_view, std::string_view>> more) {
    http::Request asked = request(http::Method::get, std::move(target));
    for (const auto& [name, value] : more) asked.fields.add(name, value);
    return fetch(std::move(asked));
}

bool ProxyWorld::logged(std::string_view text) const {
    return std::ranges::any_of(log, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

}  // namespace hourglass::proxy::test
