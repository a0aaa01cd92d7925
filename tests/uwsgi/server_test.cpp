#include "hourglass/uwsgi/server.h"

#include <gtest/gtest.h>

#include "hourglass/uwsgi/client.h"

namespace hourglass::uwsgi {
namespace {

http::ServerSettings plain() {
    http::ServerSettings settings;
    settings.server_name = "";
    return settings;
}

/// An application behind a gateway.
class UwsgiServer : public testing::Test {
  protected:
    std::string exchange(std::string_view bytes, std::size_t piece = std::string_view::npos) {
        ServerConnection server(application, plain());
        std::string said;
        while (!bytes.empty()) {
            server.receive(http::as_bytes(bytes.substr(0, piece)));
            bytes.remove_prefix(std::min(piece, bytes.size()));
        }
        while (server.output_size() > 0) {
            said += http::as_text(server.output());
            server.consume_output(server.output().size());
        }
        closed = server.should_close();
        return said;
    }
    static std::string packet(Variables more = {}) {
        Variables v = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/x"}, {"HTTP_HOST", "a"}};
        for (auto& variable : more) {
            std::erase_if(v, [&](const auto& old) { return old.first == variable.first; });
            v.push_back(std::move(variable));
        }
        return write_packet(v).value();
    }

    http::Application application{[this](const http::Request& request, const http::Responder& responder) {
                                      client = responder.client();
                                      responder.respond(http::Response::text(
                                          http::Status::ok, request.target + " " + request.body, "text/plain"));
                                  },
                                  nullptr};
    SocketAddress client;
    bool closed = false;
};

TEST_F(UwsgiServer, AnswersARequestAndCloses) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
        EXPECT_EQ(exchange(packet(), piece),
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 3\r\n\r\n/x ");
        EXPECT_TRUE(closed);
    }
}

TEST_F(UwsgiServer, BodyIsAsLongAsItsVariableSays) {
    const std::string request = packet({{"REQUEST_METHOD", "POST"}, {"CONTENT_LENGTH", "5"}});
    EXPECT_TRUE(exchange(request + "hello and more").ends_with("\r\n\r\n/x hello"));
    EXPECT_EQ(exchange(request + "hell"), "");
}

TEST_F(UwsgiServer, ResponderKnowsTheClientOfTheGateway) {
    exchange(packet({{"REMOTE_ADDR", "192.0.2.7"}, {"REMOTE_PORT", "5000"}}));
    EXPECT_EQ(client, (SocketAddress{IpAddress::v4(192, 0, 2, 7), Port{5000}}));
}

TEST_F(UwsgiServer, SecondRequestIsNeverRead) {
    int handled = 0;
    application.on_request = [&](const http::Request&, const http::Responder& responder) {
        ++handled;
        responder.respond(http::Response());
    };
    exchange(packet() + packet() + "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(handled, 1);
}

TEST_F(UwsgiServer, MalformedPacketsAreAnsweredWith400) {
    const std::string cut = "\x05" + packet().substr(1);
    for (const std::string& bytes : {cut, packet({{"HTTP_X", "a\nb"}}), packet({{"CONTENT_LENGTH", "x"}})}) {
        EXPECT_TRUE(exchange(bytes).starts_with("HTTP/1.1 400 "));
        EXPECT_TRUE(closed);
    }
}

TEST_F(UwsgiServer, OurGatewayAndOurServerUnderstandEachOther) {
    ClientConnection gateway;
    ServerConnection server(application, plain());
    http::Request request;
    request.method = http::Method::post;
    request.target = "/there?and=back";
    request.fields = {{"Host", "a"}};
    request.body.assign(200'000, 'b');
    std::string body;
    gateway.send(request, {}, nullptr,
                 http::collect_response([&](auto result) { body = result ? result->body : result.error().text; }));
    for (bool moved = true; moved;) {
        moved = false;
        if (gateway.output_size() > 0 && server.wants_input()) {
            const std::string bytes(http::as_text(gateway.output()));
            gateway.consume_output(bytes.size());
            server.receive(http::as_bytes(bytes));
            moved = true;
        }
        if (server.output_size() > 0 && gateway.wants_input()) {
            const std::string bytes(http::as_text(server.output()));
            server.consume_output(bytes.size());
            gateway.receive(http::as_bytes(bytes));
            moved = true;
        }
    }
    EXPECT_TRUE(body == "/there?and=back " + request.body);
}

}  // namespace
}  // namespace hourglass::uwsgi
