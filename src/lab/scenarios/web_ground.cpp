#include "lab/scenarios/web_ground.h"

#include "hourglass/http/writer.h"

namespace hourglass::lab {

void WebGround::serve(Duration delay, LessonServer::Handler handler) {
    net.pair(sim::LinkSettings().both({.delay = delay}));
    server_ = std::make_unique<LessonServer>(net.world, std::string(kServer), 0ms, std::move(handler));
    const auto listener = net.tcp(kServer).listen(Ground::server_address(), {.handler = server_.get()});
    if (!listener) throw std::runtime_error("the lesson's server can't listen");
}

LessonClient& WebGround::connect(std::uint32_t pipelined) {
    http::ClientSettings settings;
    settings.pipelined = pipelined;
    LessonClient& client = clients_.emplace_back(net.world, std::string(kClient), settings);
    client.connect(Ground::server_address());
    return client;
}

void WebGround::close_all() {
    for (LessonClient& client : clients_) client.close();
}

http::Response WebGround::ask(http::Request request) {
    LessonClient& client = connect();
    std::optional<http::Response> answer;
    client.send(std::move(request), [&answer](auto result) {
        answer = result ? std::move(*result) : http::Response::error(http::Status::bad_gateway, result.error().text);
    });
    net.run_until([&] { return answer.has_value(); }, 10min);
    client.close();
    net.run_for(1s);
    return answer.value_or(http::Response::error(http::Status::gateway_timeout));
}

http::Request WebGround::request(std::string_view method, std::string_view target, std::string_view body) {
    http::Request request;
    request.method = http::Method(method);
    request.target = target;
    request.fields.add("Host", "server");
    request.body = body;
    return request;
}

std::string wire_text(const http::Request& message) { return http::to_wire(message).value_or(""); }
std::string wire_text(const http::Response& message) { return http::to_wire(message).value_or(""); }

}  // namespace hourglass::lab
