#include "hourglass/http/over_tcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/http/router.h"
#include "hourglass/sim/world.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using namespace std::chrono_literals;

const SocketAddress kServer{IpAddress::v4(10, 0, 0, 2), Port{80}};

/// A client and a server with ten milliseconds between them, in virtual time.
class OverTcp : public testing::Test {
  protected:
    explicit OverTcp() {
        world.add_host("client");
        world.add_host("server");
        sim::LinkSettings link;
        world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, link.both({.delay = 10ms}));
        router.mount("/", test::answer_target).route(Method::get, "/large", [](const Request&, const Responder& r) {
            r.respond(Response::text(Status::ok, std::string(3'000'000, 'l')));
        });
        router.stream(Method::post, "/echo", echo_stream(64 * 1024));
    }
    void listen(const TcpServerSettings& settings = {}) {
        server.emplace(world.host("server"), application, test::TestServer::plain(), settings);
        ASSERT_TRUE(server->listen(kServer));
    }
    static Request request(std::string_view target, Method method = Method::get) {
        Request r;
        r.method = std::move(method);
        r.target = target;
        r.fields.add("Host", "10.0.0.2");
        return r;
    }
    Completion collect() {
        return [this](std::expected<Response, ClientError> result) {
            results.push_back(result ? std::move(result->body) : "error " + result.error().text);
        };
    }
    void run(Duration time = 5min) { world.run_until_idle(time); }

    sim::World world{1};
    Router router;
    Application application = router.application();
    std::optional<TcpServer> server;
    std::vector<std::string> results;
};

TEST_F(OverTcp, RequestsAreAnsweredOnOneConnectionInOrder) {
    listen();
    TcpClient client(world.host("client"), kServer);
    for (int i = 0; i < 50; ++i) client.send(request("/" + std::to_string(i)), collect());
    world.run_for(5s);
    ASSERT_EQ(results.size(), 50U);
    EXPECT_EQ(results[49], "/49");
    EXPECT_EQ(world.host("server").tcp().counters().passive_opens, 1U);
    EXPECT_EQ(server->connections(), 1U);
    EXPECT_TRUE(client.reusable());
}

TEST_F(OverTcp, LargeBodiesGoBothWaysWithBoundedMemory) {
    listen();
    TcpClient client(world.host("client"), kServer);
    Request upload = request("/echo", Method::post);
    upload.body.assign(5'000'000, 'u');
    const std::string expected = upload.body;
    client.send(std::move(upload), collect());
    client.send(request("/large"), collect());
    run();
    ASSERT_EQ(results.size(), 2U);
    EXPECT_TRUE(results[0] == expected);
    EXPECT_EQ(results[1], std::string(3'000'000, 'l'));
}

TEST_F(OverTcp, ResponderKnowsTheClient) {
    SocketAddress seen;
    application.on_request = [&](const Request&, const Responder& r) {
        seen = r.client();
        r.respond(Response());
    };
    listen();
    TcpClient client(world.host("client"), kServer);
    client.send(request("/"), collect());
    world.run_for(1s);
    EXPECT_EQ(seen.address, IpAddress::v4(10, 0, 0, 1));
}

TEST_F(OverTcp, LateAnswersAreSent) {
    application.on_request = [&](const Request& r, const Responder& responder) {
        world.after(300ms, [r, responder] { test::answer_target(r, responder); });
    };
    listen();
    TcpClient client(world.host("client"), kServer);
    client.send(request("/late"), collect());
    world.run_for(1s);
    EXPECT_EQ(results, std::vector<std::string>{"/late"});
}

TEST_F(OverTcp, ConnectionCloseClosesBothSidesInOrder) {
    listen();
    TcpClient client(world.host("client"), kServer);
    Request last = request("/last");
    last.fields.add("Connection", "close");
    client.send(std::move(last), collect());
    world.run_for(2s);
    EXPECT_EQ(results, std::vector<std::string>{"/last"});
    EXPECT_EQ(server->connections(), 0U);
    EXPECT_FALSE(client.reusable());
    EXPECT_EQ(world.host("client").tcp().counters().resets_in, 0U);
    EXPECT_EQ(world.host("server").tcp().counters().resets_in, 0U);
    EXPECT_EQ(world.host("server").tcp().counters().segments_out, 3U) << "SYN-ACK, answer with FIN, ACK of the FIN";
}

TEST_F(OverTcp, ClientCloseEndsTheServersSession) {
    listen();
    TcpClient client(world.host("client"), kServer);
    client.send(request("/a"), collect());
    client.close();
    world.run_for(2s);
    EXPECT_EQ(results, std::vector<std::string>{"/a"});
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(OverTcp, RefusedConnectionIsAValue) {
    TcpClient client(world.host("client"), kServer);
    client.send(request("/"), collect());
    run();
    EXPECT_EQ(results, std::vector<std::string>{"error 10.0.0.2:80: connection refused"});
    client.send(request("/"), collect());
    EXPECT_EQ(results.size(), 2U);
}

TEST_F(OverTcp, SilentServerRunsIntoTheTimeLimit) {
    listen();
    application.on_request = [&](const Request&, Responder r) {
        world.after(10min, [r = std::move(r)] { r.respond(Response()); });
    };
    TcpClient client(world.host("client"), kServer);
    client.send(request("/"), collect());
    world.run_for(2min);
    EXPECT_EQ(results, std::vector<std::string>{"error 10.0.0.2:80: no answer in time"});
}

TEST_F(OverTcp, IdleConnectionsAreClosedByTheServer) {
    TcpServerSettings settings;
    settings.idle = 10s;
    listen(settings);
    TcpClient client(world.host("client"), kServer);
    client.send(request("/a"), collect());
    world.run_for(9s);
    EXPECT_EQ(server->connections(), 1U);
    world.run_for(3s);
    EXPECT_EQ(server->connections(), 0U);
    EXPECT_FALSE(client.reusable());
}

/// A client that speaks for itself, byte by byte.
struct RawClient : tcp::ConnectionHandler {
    RawClient(sim::World& world, std::string text) : to_send(std::move(text)) {
        stream = world.host("client").tcp().connect(kServer, {.local = {}, .handler = this}).value();
    }
    ~RawClient() override { stream.set_handler(nullptr); }
    void on_established(tcp::Stream s) override { s.send(as_bytes(to_send)); }
    void on_readable(tcp::Stream s) override {
        while (reads) {
            const Slice piece = s.receive_slice();
            if (piece.empty()) break;
            received += as_text(piece.bytes());
        }
        ended = s.at_end();
    }
    void on_closed(tcp::Stream, tcp::Error e) override { error = e; }

    tcp::Stream stream;
    std::string to_send;
    std::string received;
    bool reads = true;
    bool ended = false;
    std::optional<tcp::Error> error;
};

TEST_F(OverTcp, SlowRequestGets408AndACloseInOrder) {
    TcpServerSettings settings;
    settings.stalled = 5s;
    listen(settings);
    RawClient client(world, "GET / HTT");
    world.run_for(8s);
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 "));
    EXPECT_TRUE(client.ended);
}

// RFC 9110, section 15.5.9: octets that drip in keep a connection from being stalled, but not for ever.
TEST_F(OverTcp, HeaderSectionThatDripsInGets408) {
    TcpServerSettings settings;
    settings.head = 20s;
    listen(settings);
    RawClient client(world, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < 30 && client.received.empty(); ++i) {
        world.run_for(1s);
        client.stream.send(as_bytes("x"));
    }
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 ")) << client.received;
    EXPECT_NEAR(to_seconds(world.now().time_since_epoch()), 20, 2);
}

// Each header section has the limit's time for itself.
TEST_F(OverTcp, SteadyRequestsNeverRunIntoTheLimitOfAHeaderSection) {
    TcpServerSettings settings;
    settings.head = 5s;
    listen(settings);
    RawClient client(world, "GET /0 HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i <= 20; ++i) {
        world.run_for(1s);
        client.stream.send(as_bytes("\r\nGET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n"));
    }
    world.run_for(1s);
    EXPECT_THAT(client.received, testing::HasSubstr("/19"));
    EXPECT_THAT(client.received, testing::Not(testing::HasSubstr(" 408 ")));
}

// RFC 9110, section 15.5.9, of a body.
TEST_F(OverTcp, BodyThatDripsInGets408AndASteadyOneDoesNot) {
    TcpServerSettings settings;
    settings.body = {.bytes_per_second = 100, .over = 10s};
    listen(settings);
    RawClient slow(world, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
    RawClient steady(world, "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n");
    double told_after = 0;
    for (int i = 1; i <= 34; ++i) {
        world.run_for(1s);
        steady.stream.send(as_bytes(std::string(150, 'x')));
        if (slow.received.empty()) slow.stream.send(as_bytes(std::string(20, 'x')));
        if (slow.received.empty()) told_after = i;
    }
    world.run_for(1s);
    EXPECT_TRUE(slow.received.starts_with("HTTP/1.1 408 ")) << slow.received;
    EXPECT_NEAR(told_after, 10, 1);
    EXPECT_TRUE(steady.received.starts_with("HTTP/1.1 200 ")) << steady.received;
}

// A byte now and then keeps a connection from being stalled; what it takes is still too little.
TEST_F(OverTcp, ClientThatTakesAFewBytesNowAndThenIsGivenUp) {
    TcpServerSettings settings;
    settings.response = {.bytes_per_second = 1000, .over = 20s};
    listen(settings);
    std::string many;
    for (int i = 0; i < 10; ++i) many += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    RawClient client(world, many);
    client.reads = false;
    do {
        world.run_for(1s);
        static_cast<void>(client.stream.receive_slice(100));
    } while (server->connections() > 0 && world.now().time_since_epoch() < 100s);
    EXPECT_EQ(world.host("server").tcp().counters().resets_out, 1U);
    EXPECT_NEAR(to_seconds(world.now().time_since_epoch()), 41, 21) << "in the first or second stretch of time";
}

TEST_F(OverTcp, OneClientHasOnlySoManyConnections) {
    TcpServerSettings settings;
    settings.connections_per_client = 2;
    listen(settings);
    RawClient first(world, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    std::optional<RawClient> second(std::in_place, world, "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    world.run_for(1s);
    RawClient third(world, "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    world.run_for(1s);
    EXPECT_THAT(second->received, testing::HasSubstr("/2"));
    EXPECT_TRUE(third.error);
    EXPECT_EQ(server->connections(), 2U);
    second->stream.abort();
    world.run_for(1s);
    RawClient fourth(world, "GET /4 HTTP/1.1\r\nHost: a\r\n\r\n");
    world.run_for(1s);
    EXPECT_THAT(fourth.received, testing::HasSubstr("/4"));
}

TEST_F(OverTcp, ReloadAnswersTheNextRequestByTheNewApplicationAndWhatWasAskedByTheOld) {
    std::optional<Responder> waiting;
    auto old = std::make_shared<Application>();
    const std::weak_ptr<const Application> old_lives = old;
    old->on_request = [&](const Request&, const Responder& responder) { waiting = responder; };
    listen();
    server->reload(std::move(old));
    RawClient client(world, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    world.run_for(1s);
    ASSERT_TRUE(waiting);
    auto fresh = std::make_shared<Application>();
    fresh->on_request = test::answer_target;
    server->reload(std::move(fresh));
    client.stream.send(as_bytes("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"));
    world.run_for(1s);
    EXPECT_FALSE(old_lives.expired());
    waiting->respond(Response::text(Status::ok, "old"));
    waiting.reset();
    world.run_for(1s);
    EXPECT_THAT(client.received, testing::ContainsRegex("old.*/2"));
    EXPECT_TRUE(old_lives.expired());
    EXPECT_EQ(server->connections(), 1U);
}

TEST_F(OverTcp, ClientThatStopsReadingIsHeldBackAndThenGivenUp) {
    TcpServerSettings settings;
    settings.stalled = 30s;
    listen(settings);
    std::string many;
    for (int i = 0; i < 10; ++i) many += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    RawClient client(world, many);
    client.reads = false;
    world.run_for(10s);
    EXPECT_EQ(server->connections(), 1U);
    client.reads = true;
    client.on_readable(client.stream);
    world.run_for(10s);
    EXPECT_GT(client.received.size(), 30'000'000U);

    RawClient stalled(world, many);
    stalled.reads = false;
    world.run_for(60s);
    EXPECT_EQ(server->connections(), 1U) << "only the other client's is left";
    EXPECT_EQ(world.host("server").tcp().counters().resets_out, 1U);
}

// RFC 9112, section 9.6: the response to a request whose body is still on its way is not lost to a reset.
TEST_F(OverTcp, RefusalArrivesThoughTheClientKeepsSending) {
    application.on_head = [](const Request&, const Responder& r) -> std::unique_ptr<BodySink> {
        r.respond(Response::error(Status::content_too_large));
        return nullptr;
    };
    listen();
    RawClient client(world, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + std::string(500'000, 'x'));
    world.run_for(1s);
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(client.ended);
    EXPECT_FALSE(client.error);
    client.stream.close();
    world.run_for(1s);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(OverTcp, AClientThatSendsMoreThanItSaidIsListenedToUntilItCloses) {
    listen();
    RawClient client(world, "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /more HTTP/1.1\r\n");
    world.run_for(1s);
    EXPECT_TRUE(client.received.ends_with("/last"));
    EXPECT_FALSE(client.error);
    EXPECT_EQ(server->connections(), 1U);
    client.stream.close();
    world.run_for(1s);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(OverTcp, HalfClosedClientGetsItsAnswer) {
    listen();
    RawClient client(world, "GET /half HTTP/1.1\r\nHost: a\r\n\r\n");
    world.run_for(25ms);
    client.stream.shutdown();
    world.run_for(1s);
    EXPECT_TRUE(client.received.ends_with("/half"));
    EXPECT_TRUE(client.ended);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(OverTcp, ConnectionsBeyondTheLimitWaitTheirTurn) {
    TcpServerSettings settings;
    settings.connections = 2;
    listen(settings);
    std::vector<std::unique_ptr<TcpClient>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(std::make_unique<TcpClient>(world.host("client"), kServer));
        clients.back()->send(request("/" + std::to_string(i)), collect());
    }
    world.run_for(2s);
    EXPECT_EQ(results.size(), 2U);
    EXPECT_EQ(server->connections(), 2U);
    clients[0]->close();
    clients[1]->close();
    world.run_for(2s);
    EXPECT_EQ(results.size(), 4U);
}

TEST_F(OverTcp, GracefulStopLetsRequestsFinishAndTakesNoMore) {
    std::optional<Responder> waiting;
    application.on_request = [&](const Request&, Responder r) { waiting = std::move(r); };
    listen();
    TcpClient client(world.host("client"), kServer);
    client.send(request("/last"), collect());
    world.run_for(1s);
    server->close();
    world.run_for(1s);
    EXPECT_EQ(server->connections(), 1U);
    test::answer_target(waiting->request(), *waiting);
    world.run_for(1s);
    EXPECT_EQ(results, std::vector<std::string>{"/last"});
    EXPECT_EQ(server->connections(), 0U);
    TcpClient late(world.host("client"), kServer);
    late.send(request("/late"), collect());
    world.run_for(1s);
    EXPECT_EQ(results.back(), "error 10.0.0.2:80: connection refused");
}

TEST_F(OverTcp, WorksOnALossyLink) {
    sim::World lossy(7);
    lossy.add_host("client");
    lossy.add_host("server");
    sim::LinkSettings link;
    lossy.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, link.both({.delay = 5ms, .loss = 0.05}));
    TcpServer lossy_server(lossy.host("server"), application);
    ASSERT_TRUE(lossy_server.listen(kServer));
    TcpClient client(lossy.host("client"), kServer);
    for (int i = 0; i < 20; ++i) client.send(request("/large"), collect());
    lossy.run_until([&] { return results.size() == 20; }, 30min);
    EXPECT_EQ(results, std::vector<std::string>(20, std::string(3'000'000, 'l')));
}

}  // namespace
}  // namespace hourglass::http
