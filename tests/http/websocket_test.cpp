#include "hourglass/http/websocket.h"

#include <gtest/gtest.h>

#include "hourglass/http/over_tcp.h"
#include "hourglass/http/router.h"
#include "hourglass/sim/world.h"
#include "http/support.h"
#include "http/websocket_frame.h"

namespace hourglass::http {
namespace {

using detail::FrameReader;
using detail::Opcode;
using test::TestServer;
using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr std::uint32_t kKey = 0x3d21fa37;  // the octets 37 fa 21 3d of RFC 6455, section 5.7

std::string frame(Opcode opcode, std::string_view payload, bool masked = true) {
    std::string out;
    detail::write_frame(out, opcode, payload, masked ? std::optional(kKey) : std::nullopt);
    return out;
}
/// The same without its FIN bit.
std::string fragment(Opcode opcode, std::string_view payload) {
    std::string out = frame(opcode, payload);
    out[0] = static_cast<char>(static_cast<unsigned char>(out[0]) & 0x7f);
    return out;
}
std::string close_payload(unsigned code, std::string_view reason = "") {
    return std::string{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)} + std::string(reason);
}

/// What a reader makes of the bytes, given in pieces: messages, control frames, the close code of a violation.
std::string read(std::string_view bytes, bool masked = true, std::uint64_t limit = 1000, std::size_t piece = 10000) {
    FrameReader reader(masked, limit);
    std::string out;
    std::string message;
    for (std::size_t at = 0; at < bytes.size();) {
        auto input = as_bytes(bytes.substr(at, piece));
        at += input.size();
        for (;;) {
            const auto step = reader.read(input);
            if (!step) return out + "!" + std::to_string(static_cast<unsigned>(step.error().code));
            input = input.subspan(step->consumed);
            if (step->kind == FrameReader::Step::Kind::need_more) break;
            if (step->kind == FrameReader::Step::Kind::data) message += step->data;
            if (step->kind == FrameReader::Step::Kind::message)
                out += (reader.text() ? "text " : "binary ") + std::exchange(message, {}) + ";";
            if (step->kind == FrameReader::Step::Kind::control)
                out += std::to_string(static_cast<unsigned>(step->opcode)) + " " + std::string(step->data) + ";";
        }
    }
    return out;
}

TEST(Rfc6455Section57, TheExamplesAreReadAndWritten) {
    EXPECT_EQ(read("\x81\x05Hello", false), "text Hello;");
    EXPECT_EQ(read("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), "text Hello;");
    EXPECT_EQ(read("\x01\x03Hel\x80\x02lo", false), "text Hello;");
    EXPECT_EQ(read("\x89\x05Hello", false), "9 Hello;");
    EXPECT_EQ(frame(Opcode::text, "Hello"), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    EXPECT_TRUE(frame(Opcode::binary, std::string(256, 'x'), false).starts_with("\x82\x7e\x01\x00xx"s));
    EXPECT_TRUE(frame(Opcode::binary, std::string(65536, 'x'), false).starts_with("\x82\x7f\0\0\0\0\0\1\0\0xx"s));
}

TEST(Rfc6455Section54, FragmentsWithControlFramesBetweenThemMakeOneMessage) {
    const std::string bytes = fragment(Opcode::text, "a") + frame(Opcode::ping, "p") +
                              fragment(Opcode::continuation, "") + frame(Opcode::continuation, "bc") +
                              frame(Opcode::binary, std::string(300, 'x'));
    const std::string expected = "9 p;text abc;binary " + std::string(300, 'x') + ";";
    for (const std::size_t piece : {1U, 2U, 3U, 7U, 10000U})
        EXPECT_EQ(read(bytes, true, 1000, piece), expected) << piece;
}

TEST(Rfc6455Section5, BrokenFramesAreViolations) {
    EXPECT_EQ(read(frame(Opcode::text, "a", false)), "!1002") << "5.1: a client masks";
    EXPECT_EQ(read(frame(Opcode::text, "a"), false), "!1002") << "5.1: a server does not";
    EXPECT_EQ(read("\xc1\x80"s), "!1002") << "5.2: a reserved bit";
    EXPECT_EQ(read("\x83\x80"s), "!1002") << "5.2: an unknown opcode";
    EXPECT_EQ(read("\x8b\x80"s), "!1002") << "5.2: an unknown control frame";
    EXPECT_EQ(read("\x82\xfe\x00\x7d\0\0\0\0"s), "!1002") << "5.2: not the shortest length";
    EXPECT_EQ(read("\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0"s), "!1002") << "5.2: not the shortest length";
    EXPECT_EQ(read("\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0"s), "!1002") << "5.2: the highest bit";
    EXPECT_EQ(read(fragment(Opcode::ping, "")), "!1002") << "5.5: a control frame in fragments";
    EXPECT_EQ(read("\x89\xfe\x00\x7e\0\0\0\0"s), "!1002") << "5.5: a long control frame";
    EXPECT_EQ(read(frame(Opcode::continuation, "a")), "!1002") << "5.4: of no message";
    EXPECT_EQ(read(fragment(Opcode::text, "a") + frame(Opcode::text, "b")), "!1002") << "5.4: within a message";
    EXPECT_EQ(read(frame(Opcode::binary, std::string(1001, 'x'))), "!1009") << "10.4";
    EXPECT_EQ(
        read(fragment(Opcode::binary, std::string(600, 'x')) + frame(Opcode::continuation, std::string(401, 'x'))),
        "!1009");
    EXPECT_EQ(read(frame(Opcode::text, "\xff")), "!1007") << "8.1";
    EXPECT_EQ(read(frame(Opcode::text, "\xe2\x82")), "!1007") << "8.1: within a character";
    EXPECT_EQ(read(fragment(Opcode::text, "\xe2\x82") + frame(Opcode::continuation, "\xac")), "text \xe2\x82\xac;");
    EXPECT_EQ(read(frame(Opcode::text, "\xed\xa0\x80")), "!1007") << "RFC 3629: a surrogate";
    EXPECT_EQ(read(frame(Opcode::text, "\xc0\xaf")), "!1007") << "RFC 3629: an overlong form";
    EXPECT_EQ(read(frame(Opcode::text, "\xf4\x90\x80\x80")), "!1007") << "RFC 3629: above U+10FFFF";
}

TEST(Rfc6455Section74, CloseCodesThatMayNotBeSentAreViolations) {
    for (const unsigned code : {1000U, 1001U, 1007U, 1011U, 1014U, 3000U, 4999U})
        EXPECT_TRUE(detail::read_close(close_payload(code, "why"))) << code;
    for (const unsigned code : {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2999U, 5000U, 65535U})
        EXPECT_EQ(detail::read_close(close_payload(code)).error().code, CloseCode::protocol_error) << code;
    EXPECT_EQ(detail::read_close("\x03").error().code, CloseCode::protocol_error);
    EXPECT_EQ(detail::read_close(close_payload(1000, "\xff")).error().code, CloseCode::invalid_payload);
    EXPECT_EQ(detail::read_close("")->code, CloseCode::no_status);
}

std::string handshake(std::string_view more = "") {
    return "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
           std::string(more) + "\r\n";
}

TEST(Rfc6455Section13, TheExamplesAnswerIsGiven) {
    TestServer server(websocket(websocket_echo(), {.protocols = {"superchat", "chat"}}));
    EXPECT_EQ(
        server.exchange(handshake("Origin: http://server.example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n")),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: superchat\r\n"
        "Connection: upgrade\r\n\r\n");
}

TEST(Rfc6455Section421, WhatIsNoHandshakeIsRefused) {
    const auto answer = [](std::string head, const WebSocketSettings& settings = {}) {
        TestServer server(websocket(websocket_echo(), settings));
        return server.exchange(head).substr(9, 3);
    };
    const auto without = [](std::string_view line, std::string_view other = "") {
        std::string head = handshake();
        const std::size_t at = head.find(line);
        return head.replace(at, head.find("\r\n", at) + 2 - at, other);
    };
    EXPECT_EQ(answer("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "426");
    EXPECT_EQ(answer(without("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8\r\n")), "426");
    EXPECT_EQ(answer(without("Sec-WebSocket-Key")), "400");
    EXPECT_EQ(answer(without("Sec-WebSocket-Key", "Sec-WebSocket-Key: dGhl\r\n")), "400");
    EXPECT_EQ(answer("POST " + handshake().substr(4)), "426");
    EXPECT_EQ(answer(handshake("Origin: https://evil.example\r\n")), "403") << "10.2";
    EXPECT_EQ(answer(handshake("Origin: https://evil.example\r\n"), {.origins = {"*"}}), "101");
    EXPECT_EQ(answer(handshake("Origin: https://a.example\r\n"), {.origins = {"https://a.example"}}), "101");
    EXPECT_EQ(answer(handshake("Origin: null\r\n")), "403");
}

/// A server's WebSocket behind its handshake, with what happens to it.
class ServersWebSocket : public testing::Test {
  protected:
    void open(const WebSocketSettings& settings = {}) {
        WebSocketEvents events;
        events.on_open = [this](const WebSocket& s) { socket = s; };
        events.on_message = [this](const WebSocket& s, const WebSocketMessage& m) {
            log += (m.text ? "text " : "binary ") + m.data + ";";
            if (m.data == "throw") throw std::runtime_error("no");
            if (m.data == "pause") s.pause();
            if (echo) s.send(m);
        };
        events.on_pong = [this](const WebSocket&, std::string_view payload) {
            log += "pong " + std::string(payload) + ";";
        };
        events.on_writable = [this](const WebSocket&) { log += "writable;"; };
        events.on_close = [this](const WebSocket&, CloseCode code, std::string_view reason) {
            log += "close " + std::to_string(static_cast<unsigned>(code)) + (reason.empty() ? "" : " ") +
                   std::string(reason) + ";";
        };
        server.emplace(websocket(events, settings));
        ASSERT_TRUE(server->exchange(handshake()).starts_with("HTTP/1.1 101 "));
    }
    std::string exchange(std::string_view bytes) { return server->exchange(bytes); }

    WebSocket socket;
    std::string log;
    bool echo = false;
    std::optional<TestServer> server;  // last, because its end is told to the log
};

TEST_F(ServersWebSocket, MessagesGoBothWaysAndPingsAreAnswered) {
    echo = true;
    open();
    EXPECT_EQ(
        exchange(frame(Opcode::text, "hi") + frame(Opcode::ping, "p") + frame(Opcode::binary, "\xff")),
        frame(Opcode::text, "hi", false) + frame(Opcode::pong, "p", false) + frame(Opcode::binary, "\xff", false));
    EXPECT_EQ(log, "text hi;binary \xff;");
    EXPECT_TRUE(socket.ping("q"));
    EXPECT_EQ(server->take_output(), frame(Opcode::ping, "q", false));
    exchange(frame(Opcode::pong, "q"));
    EXPECT_TRUE(log.ends_with("pong q;"));
    EXPECT_FALSE(socket.send_text("\xff")) << "RFC 6455, section 8.1";
    EXPECT_FALSE(socket.ping(std::string(126, 'x')));
}

TEST_F(ServersWebSocket, Rfc6455Section551TheClientsCloseIsAnsweredAndTheServerClosesFirst) {
    open();
    EXPECT_EQ(exchange(frame(Opcode::close, close_payload(1000, "bye")) + frame(Opcode::text, "late")),
              frame(Opcode::close, close_payload(1000), false));
    EXPECT_EQ(log, "close 1000 bye;");
    EXPECT_TRUE(server->connection.should_close());
    EXPECT_FALSE(socket.open());
    EXPECT_FALSE(socket.send_text("late"));
}

TEST_F(ServersWebSocket, Rfc6455Section712TheServersCloseAwaitsTheClients) {
    open();
    socket.close(CloseCode::going_away, std::string(122, 'x') + "\xe2\x82\xac");
    EXPECT_EQ(server->take_output(), frame(Opcode::close, close_payload(1001, std::string(122, 'x')), false));
    EXPECT_FALSE(server->connection.should_close());
    exchange(frame(Opcode::text, "on its way"));
    EXPECT_EQ(log, "");
    exchange(frame(Opcode::close, close_payload(1001)));
    EXPECT_EQ(log, "close 1001;");
    EXPECT_TRUE(server->connection.should_close());
}

TEST_F(ServersWebSocket, Rfc6455Section717AViolationIsSaidInTheCloseFrameAndEndsIt) {
    open();
    const std::string answer = exchange(frame(Opcode::text, "\xff") + frame(Opcode::text, "late"));
    EXPECT_EQ(answer.substr(2, 2), close_payload(1007));
    EXPECT_TRUE(log.starts_with("close 1007 a text that is not UTF-8")) << log;
    EXPECT_TRUE(server->connection.should_close());
}

TEST_F(ServersWebSocket, LossOfTheConnectionIs1006Once) {
    open();
    server->connection.peer_closed();
    EXPECT_TRUE(log.starts_with("close 1006 ")) << log;
    EXPECT_TRUE(server->connection.should_close());
    const std::string before = log;
    server.reset();
    EXPECT_EQ(log, before);
    open();
    log.clear();
    server.reset();
    EXPECT_EQ(log, "close 1006 the connection was lost;");
    EXPECT_FALSE(socket.open());
}

TEST_F(ServersWebSocket, AnExceptionOfTheApplicationClosesWith1011) {
    open();
    EXPECT_EQ(exchange(frame(Opcode::text, "throw")), frame(Opcode::close, close_payload(1011), false));
}

TEST_F(ServersWebSocket, WhoDoesNotReadIsNotReadFromAndGetsNoMore) {
    echo = true;
    open({.output = 1000});
    const std::string message(600, 'x');
    std::string bytes;
    for (int i = 0; i < 5; ++i) bytes += frame(Opcode::binary, message);
    server->connection.receive(as_bytes(bytes));
    EXPECT_FALSE(server->connection.wants_input());
    EXPECT_LT(server->connection.output_size(), 1300U);
    EXPECT_EQ(socket.buffered(), server->connection.output_size());
    EXPECT_FALSE(socket.send_text("no room"));
    EXPECT_EQ(server->take_output().size(), 5 * (600U + 4));
    EXPECT_NE(log.find("writable;"), std::string::npos);
    EXPECT_TRUE(server->connection.wants_input());
}

TEST_F(ServersWebSocket, PauseHoldsMessagesBack) {
    open();
    exchange(frame(Opcode::text, "pause") + frame(Opcode::text, "next"));
    EXPECT_EQ(log, "text pause;");
    EXPECT_FALSE(server->connection.wants_input());
    socket.resume();
    EXPECT_EQ(log, "text pause;text next;");
    EXPECT_TRUE(server->connection.wants_input());
}

TEST_F(ServersWebSocket, AGracefulStopSaysGoingAway) {
    open();
    server->connection.close_when_idle();
    EXPECT_EQ(server->take_output(), frame(Opcode::close, close_payload(1001), false));
}

/// Both ends over our TCP, in virtual time.
class WebSocketOverTcp : public testing::Test {
  protected:
    WebSocketOverTcp() {
        world.add_host("client");
        world.add_host("server");
        world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}},
                      sim::LinkSettings().both({.delay = 10ms}));
        router.route(Method::get, "/echo", websocket(websocket_echo()));
        server.emplace(world.host("server"), application, TestServer::plain());
    }
    void open(std::string_view target, WebSocketEvents events = {}) {
        ASSERT_TRUE(server->listen(address));
        events.on_open = [this](const WebSocket& s) {
            socket = s;
            log += "open;";
        };
        events.on_message = [this](const WebSocket&, const WebSocketMessage& m) {
            ++messages;
            bytes += m.data.size();
        };
        events.on_close = [this](const WebSocket&, CloseCode code, std::string_view reason) {
            log += "close " + std::to_string(static_cast<unsigned>(code)) + " " + std::string(reason) + ";";
        };
        auto opening = open_websocket("10.0.0.2", target, events, [this] { return random.next(); });
        client.emplace(world.host("client"), address);
        client->send(std::move(opening.request), nullptr, std::move(opening.receiver));
        world.run_for(1s);
    }
    const SocketAddress address{IpAddress::v4(10, 0, 0, 2), Port{80}};
    WebSocket socket;
    std::string log;
    int messages = 0;
    std::size_t bytes = 0;
    sim::World world{1};
    Random random{7};
    Router router;
    Application application = router.application();
    std::optional<TcpServer> server;
    std::optional<TcpClient> client;
};

TEST_F(WebSocketOverTcp, LargeMessagesComeBackAndBothEndsClose) {
    open("/echo");
    ASSERT_EQ(log, "open;");
    EXPECT_TRUE(socket.send_binary(as_bytes(std::string(900'000, 'x'))));
    EXPECT_TRUE(socket.send_text("short"));
    world.run_for(10s);
    EXPECT_EQ(messages, 2);
    EXPECT_EQ(bytes, 900'005U);
    socket.close(CloseCode::normal, "done");
    world.run_until_idle(5min);
    EXPECT_EQ(log, "open;close 1000 ;");
    EXPECT_EQ(server->connections(), 0U);
    EXPECT_FALSE(client->stream().exists());
}

TEST_F(WebSocketOverTcp, AQuietWebSocketLivesOnPings) {
    open("/echo");
    world.run_for(1h);
    EXPECT_TRUE(socket.open());
    socket.send_text("still there");
    world.run_for(1s);
    EXPECT_EQ(messages, 1);
}

TEST_F(WebSocketOverTcp, ARefusalIsTheEndWithItsReason) {
    open("/nothing");
    EXPECT_EQ(log, "close 1006 the server answered 404 Not Found;");
}

TEST_F(WebSocketOverTcp, Rfc6455Section41AWrongAcceptFailsTheConnection) {
    Tunnel tunnel = Tunnel::make();
    router.route(Method::get, "/liar", [&](const Request&, const Responder& responder) {
        Response response = switching_protocols("websocket");
        response.fields.add("Sec-WebSocket-Accept", "AAAA");
        EXPECT_TRUE(responder.upgrade(std::move(response), std::move(tunnel.near)));
    });
    open("/liar");
    EXPECT_EQ(log, "close 1006 Sec-WebSocket-Accept is wrong;");
    EXPECT_FALSE(client->stream().exists());
}

}  // namespace
}  // namespace hourglass::http
