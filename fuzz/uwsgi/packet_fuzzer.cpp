// Bytes from a gateway, read by the codec and answered by a server; bytes from a server, given to a gateway.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "hourglass/uwsgi/client.h"
#include "hourglass/uwsgi/server.h"

using namespace hourglass;
using namespace hourglass::uwsgi;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// What is read, written and read again is the same; a request survives its way through variables.
void check_codec(std::span<const std::byte> bytes) {
    const auto variables = parse_variables(bytes);
    if (!variables) return;
    const auto packet = write_packet(*variables);
    require(packet && packet->size() == bytes.size() + PacketHeader::kSize);
    require(parse_variables(http::as_bytes(*packet).subspan(PacketHeader::kSize)) == variables);
    const auto request = to_request(*variables);
    if (!request) return;
    GatewayContext context;
    context.client = request->client;
    context.body_length = request->body_length;
    const auto again = to_request(to_variables(request->request, context));
    require(again && again->request.target == request->request.target);
    require(again->request.method == request->request.method);
}

std::string serve(const http::Application& application, std::span<const std::byte> input, std::size_t piece) {
    http::ServerSettings settings;
    settings.collected_body = 500;
    ServerConnection server(application, settings);
    std::string said;
    while (!input.empty()) {
        server.receive(input.first(std::min(piece, input.size())));
        input = input.subspan(std::min(piece, input.size()));
    }
    server.peer_closed();
    while (server.output_size() > 0) {
        said += http::as_text(server.output());
        server.consume_output(server.output().size());
    }
    require(server.should_close());
    return said;
}

void check_gateway(std::span<const std::byte> bytes) {
    ClientConnection gateway;
    http::Request request;
    request.fields = {{"Host", "a"}};
    int ends = 0;
    gateway.send(std::move(request), {}, nullptr, http::collect_response([&](const auto&) { ++ends; }));
    gateway.receive(bytes);
    gateway.peer_closed();
    require(ends == 1 && gateway.should_close());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    check_codec(size < PacketHeader::kSize ? bytes : bytes.subspan(PacketHeader::kSize));
    http::Application application;
    application.on_request = [](const http::Request& request, const http::Responder& responder) {
        responder.respond(http::Response::text(http::Status::ok, request.body));
    };
    require(serve(application, bytes, 1) == serve(application, bytes, size + 1));
    check_gateway(bytes);
    return 0;
}
