#include "hourglass/http/event_stream.h"

#include <gtest/gtest.h>

#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;
using namespace std::chrono_literals;

/// HTTP/1.0, so that the body comes without chunks.
std::string ask(std::string_view fields = "") { return "GET /events HTTP/1.0\r\n" + std::string(fields) + "\r\n"; }

TEST(EventStream, FieldsStandInLinesOfTheirOwn) {
    EXPECT_EQ(format_event({.data = "one"}), "data: one\n\n");
    EXPECT_EQ(format_event({.data = "a\nb\r\nc\rd"}), "data: a\ndata: b\ndata: c\ndata: d\n\n");
    EXPECT_EQ(format_event({.data = "a\n"}), "data: a\ndata: \n\n");
    EXPECT_EQ(format_event({.data = "", .event = "tick", .id = "7", .retry = 1500ms}),
              "event: tick\nid: 7\nretry: 1500\ndata: \n\n");
    EXPECT_FALSE(format_event({.data = "a", .event = "x\ndata: forged"}));
    EXPECT_FALSE(format_event({.data = "a", .id = "x\r"}));
    EXPECT_FALSE(format_event({.data = "a", .id = std::string("x\0", 2)}));
}

TEST(EventStream, EventsComeAsTheyAreSent) {
    EventStream stream;
    TestServer server([&](const Request&, const Responder& responder) { stream = start_event_stream(responder); });
    int changes = 0;
    server.connection.on_change([&] { ++changes; });
    EXPECT_EQ(server.exchange(ask()),
              "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
              "X-Accel-Buffering: no\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(stream.send({.data = "one"}));
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(server.take_output(), "data: one\n\n");
    EXPECT_TRUE(stream.comment());
    EXPECT_TRUE(stream.comment("a\nb"));
    EXPECT_EQ(server.take_output(), ": \n\n: a\n: b\n\n");
    stream.close();
    EXPECT_TRUE(server.connection.should_close());
    EXPECT_FALSE(stream.send({.data = "late"}));
}

TEST(EventStream, ClientThatDoesNotReadIsCutOffBeyondItsBuffer) {
    EventStream stream;
    ServerSettings settings = TestServer::plain();
    settings.output = 100;
    TestServer server([&](const Request&, const Responder& responder) { stream = start_event_stream(responder, 1000); },
                      settings);
    server.connection.receive(as_bytes(ask()));
    int sent = 0;
    while (stream.send({.data = std::string(90, 'x')})) ++sent;
    EXPECT_GE(sent, 9);
    EXPECT_LE(sent, 12);
    EXPECT_FALSE(stream.open());
    server.take_output();
    EXPECT_TRUE(server.connection.should_abort()) << "so that its end is no event's end";
}

TEST(EventStream, ItIsClosedWhenTheConnectionHasGone) {
    EventStream stream;
    {
        TestServer server([&](const Request&, const Responder& responder) { stream = start_event_stream(responder); });
        server.exchange(ask());
        EXPECT_TRUE(stream.open());
    }
    EXPECT_FALSE(stream.open());
    EXPECT_FALSE(stream.comment());
}

TEST(EventChannel, ComingBackAClientGetsWhatItHasMissed) {
    EventChannel channel({.clients = 2, .history = 2});
    TestServer first(channel.handler());
    first.exchange(ask());
    for (const char* data : {"a", "b", "c"}) EXPECT_TRUE(channel.publish({.data = data}));
    EXPECT_EQ(first.take_output(), "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n");
    const auto missed = [&](std::string_view fields) {
        TestServer other(channel.handler());
        const std::string answer = other.exchange(ask(fields));
        return answer.substr(answer.find("\r\n\r\n") + 4);
    };
    EXPECT_EQ(missed(""), "") << "who is new has missed nothing";
    EXPECT_EQ(missed("Last-Event-ID: 2\r\n"), "id: 3\ndata: c\n\n");
    EXPECT_EQ(missed("Last-Event-ID: 3\r\n"), "");
    EXPECT_EQ(missed("Last-Event-ID: 1\r\n"), "id: 2\ndata: b\n\nid: 3\ndata: c\n\n") << "all that is kept";
    EXPECT_EQ(channel.clients(), 1U);

    TestServer second(channel.handler());
    second.exchange(ask());
    TestServer third(channel.handler());
    EXPECT_TRUE(third.exchange(ask()).starts_with("HTTP/1.1 503 "));
    channel.heartbeat();
    EXPECT_EQ(second.take_output(), ": \n\n");
    channel.close();
    EXPECT_TRUE(second.connection.should_close());
    EXPECT_EQ(channel.clients(), 0U);
}

}  // namespace
}  // namespace hourglass::http
