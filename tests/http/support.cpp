#include "http/support.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace hourglass::http::test {

bool Parsed::operator==(const Parsed& other) const {
    return error == other.error && std::ranges::equal(requests, other.requests, [](const Request& a, const Request& b) {
               return a.method == b.method && a.target == b.target && a.version == b.version && a.fields == b.fields &&
                      a.body == b.body && a.trailers == b.trailers;
           });
}

Parsed parse_requests(std::string_view input, std::size_t piece, const Limits& limits) {
    Parsed parsed;
    RequestParser parser(limits);
    std::string body;
    while (!input.empty()) {
        std::span<const std::byte> bytes = as_bytes(input.substr(0, piece));
        input.remove_prefix(bytes.size());
        for (bool more = true; more;) {
            const auto step = parser.parse(bytes);
            if (!step) {
                parsed.error = step.error();
                return parsed;
            }
            bytes = bytes.subspan(step->consumed);
            more = step->kind != ParseStep::Kind::need_more;
            if (step->kind == ParseStep::Kind::body) body += as_text(step->data);
            if (step->kind == ParseStep::Kind::end) {
                parsed.requests.push_back(parser.request());
                parsed.requests.back().body = std::exchange(body, {});
                parsed.requests.back().trailers = parser.trailers();
            }
        }
    }
    return parsed;
}

Request parse_request(std::string_view input) {
    Parsed parsed = parse_requests(input);
    EXPECT_FALSE(parsed.error) << info(*parsed.error).name;
    EXPECT_EQ(parsed.requests.size(), 1U);
    return parsed.requests.empty() ? Request() : parsed.requests.front();
}

std::optional<Error> request_error(std::string_view input, const Limits& limits) {
    return parse_requests(input, std::string_view::npos, limits).error;
}

std::string parse_response(std::string_view input, const Method& method, bool closed) {
    ResponseParser parser;
    parser.expect(method);
    std::string out;
    std::span<const std::byte> bytes = as_bytes(input);
    for (;;) {
        auto step = parser.parse(bytes);
        if (step && step->kind == ParseStep::Kind::need_more && closed) {
            step = parser.finish();
            if (step && step->kind == ParseStep::Kind::need_more) return out;
            closed = false;
        }
        if (!step) return out + "!" + std::string(info(step.error()).name);
        bytes = bytes.subspan(step->consumed);
        switch (step->kind) {
            case ParseStep::Kind::need_more:
                return out + (parser.between_messages() ? "" : "...");
            case ParseStep::Kind::head:
                out += std::to_string(to_number(parser.response().status)) + " ";
                break;
            case ParseStep::Kind::body:
                out += as_text(step->data);
                break;
            case ParseStep::Kind::end:
                out += ";";
                break;
        }
    }
}

ServerSettings TestServer::plain() {
    ServerSettings settings;
    settings.server_name = "";
    return settings;
}

TestServer::TestServer(Handler handler, ServerSettings settings)
    : TestServer(Application{std::move(handler), nullptr}, std::move(settings)) {}

TestServer::TestServer(Application app, ServerSettings settings)
    : application(std::move(app)), connection(application, settings) {}

std::string TestServer::exchange(std::string_view input) {
    connection.receive(as_bytes(input));
    return take_output();
}

std::string TestServer::take_output() {
    std::string all;
    while (!connection.output().empty()) {
        all += as_text(connection.output());
        connection.consume_output(connection.output().size());
    }
    return all;
}

void answer_target(const Request& request, const Responder& responder) {
    responder.respond(Response::text(Status::ok, request.target, "text/plain"));
}

void run(ClientConnection& client, ServerConnection& server) {
    for (bool moved = true; moved;) {
        moved = false;
        if (!client.output().empty() && server.wants_input()) {
            const std::string bytes(as_text(client.output()));
            client.consume_output(bytes.size());
            server.receive(as_bytes(bytes));
            moved = true;
        }
        if (!server.output().empty() && client.wants_input()) {
            const std::string bytes(as_text(server.output()));
            server.consume_output(bytes.size());
            client.receive(as_bytes(bytes));
            moved = true;
        }
    }
}

}  // namespace hourglass::http::test
