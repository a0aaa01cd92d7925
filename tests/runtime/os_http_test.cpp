#include "hourglass/runtime/os_http.h"

#include <array>
#include <asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "hourglass/http/files.h"
#include "hourglass/http/router.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_files.h"
#include "hourglass/runtime/os_stream.h"
#include "hourglass/runtime/turn_files.h"
#include "hourglass/socket/tcp_info.h"

namespace hourglass::runtime {
namespace {

using namespace std::chrono_literals;
using http::as_bytes;
using http::as_text;

const SocketAddress kAnyPort{IpAddress::v4(127, 0, 0, 1), Port{0}};

/// A server on loopback, and whoever talks to it, on one loop.
class OsHttp : public testing::Test {
  protected:
    OsHttp() {
        router.mount("/", [](const http::Request& request, const http::Responder& responder) {
            responder.respond(http::Response::text(http::Status::ok, request.target));
        });
        router.route(http::Method::get, "/large", [](const http::Request&, const http::Responder& responder) {
            responder.respond(http::Response::text(http::Status::ok, std::string(8'000'000, 'l')));
        });
        router.stream(http::Method::post, "/echo", http::echo_stream(64 * 1024));
        application = router.application();
    }
    void listen(const http::TcpServerSettings& settings = {}, const SocketAddress& at = kAnyPort) {
        server.emplace(loop, application, http::ServerSettings{}, settings);
        const auto bound = server->listen(at);
        ASSERT_TRUE(bound) << bound.error().message;
        here = *bound;
    }
    static http::Request request(std::string target, http::Method method = http::Method::get) {
        http::Request r;
        r.method = std::move(method);
        r.target = std::move(target);
        r.fields.add("Host", "localhost");
        return r;
    }
    http::Completion collect() {
        return [this](std::expected<http::Response, http::ClientError> result) {
            results.push_back(result ? std::move(result->body) : "error " + result.error().text);
        };
    }
    /// Runs the loop until the condition holds; fails the test after ten seconds.
    template <typename Condition>
    void run_until(Condition condition) {
        const Instant end = now() + 10s;
        while (!condition() && now() < end) context.run_for(5ms);
        EXPECT_TRUE(condition());
    }
    void run_for(Duration time) { context.run_for(time); }

    asio::io_context context{1};
    OsLoop loop{context};
    http::Router router;
    http::Application application;
    std::optional<OsServer> server;
    SocketAddress here;
    std::vector<std::string> results;
};

/// A client that speaks for itself, byte by byte.
struct RawClient final : OsStreamHandler {
    RawClient(OsLoop& loop, const SocketAddress& server, std::string text)
        : to_send(std::move(text)), stream(OsStream::connect(loop, server, *this)) {}

    void on_connected() override { on_ready(); }
    void on_ready() override {
        to_send.erase(0, stream->send(as_bytes(to_send)));
        while (reads && stream->receive([&](std::span<const std::byte> bytes) { received += as_text(bytes); })) {
        }
        ended = stream->at_end();
    }
    void on_closed(tcp::Error why) override { error = why; }
    void send(std::string_view text) {
        to_send += text;
        on_ready();
    }

    std::string to_send;
    std::string received;
    bool reads = true;
    bool ended = false;
    std::optional<tcp::Error> error;
    std::unique_ptr<OsStream> stream;
};

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++n;
    return n;
}

TEST_F(OsHttp, RequestsAreAnsweredOnOneConnectionInOrder) {
    listen();
    OsClient client(loop, here);
    std::vector<std::string> expected;
    for (int i = 0; i < 100; ++i) {
        client.send(request("/" + std::to_string(i)), collect());
        expected.push_back("/" + std::to_string(i));
    }
    run_until([&] { return results.size() == 100; });
    EXPECT_EQ(results, expected);
    EXPECT_EQ(server->connections(), 1U);
    EXPECT_TRUE(client.reusable());
}

/// What the system knows of a connection.
socket::TcpInfo known_of(const OsStream& stream) {
    socket::TcpInfo known;  // has the system's layout
    socklen_t size = sizeof known;
    EXPECT_EQ(::getsockopt(stream.native(), IPPROTO_TCP, TCP_INFO, &known, &size), 0);
    return known;
}

// What is read ahead of its turn is not lost, and not overtaken by what is read when another connection's request
// answers for this one.
TEST_F(OsHttp, ARequestMayAnswerAnotherConnectionsWhichHasSentMore) {
    std::optional<http::Responder> held;
    router.route(http::Method::get, "/hold",
                 [&](const http::Request&, const http::Responder& responder) { held = responder; });
    router.route(http::Method::get, "/release", [&](const http::Request&, const http::Responder& responder) {
        if (held) std::exchange(held, std::nullopt)->respond(http::Response::text(http::Status::ok, "released"));
        responder.respond(http::Response::text(http::Status::ok, "done"));
    });
    const auto ask = [](const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; };
    application = router.application();
    listen();
    RawClient releasing(loop, here, ask("/ready")), holding(loop, here, ask("/hold"));
    for (int round = 0; round < 20; ++round) {
        run_until([&] { return held.has_value(); });
        releasing.send(ask("/release"));
        holding.send(ask("/" + std::to_string(round)) + ask("/hold"));
        run_until([&] { return holding.received.ends_with("/" + std::to_string(round)); });
        EXPECT_EQ(count(holding.received, "released"), static_cast<std::size_t>(round) + 1);
    }
    run_until([&] { return count(releasing.received, "done") == 20; });
    held.reset();
    run_until([&] { return count(holding.received, "HTTP/1.1 500 ") == 1; });
}

// A handler that takes its time keeps those waiting that come behind it, not those before it.
TEST_F(OsHttp, AnAnswerDoesNotWaitForASlowHandlerBehindIt) {
    std::vector<std::string> seen;  // what the first client had got when the slow handlers ran
    std::optional<RawClient> quick;
    router.route(http::Method::get, "/slow", [&](const http::Request&, const http::Responder& responder) {
        const Instant end = now() + 5ms;
        while (now() < end) {
        }
        std::array<char, 4096> buffer;
        const auto n = ::recv(quick->stream->native(), buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
        seen.emplace_back(buffer.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
        responder.respond(http::Response::text(http::Status::ok, "slow"));
    });
    application = router.application();
    listen();
    const std::string first = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
    const std::string slow = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
    quick.emplace(loop, here, first);
    RawClient one(loop, here, first), other(loop, here, first);
    run_until([&] { return !quick->received.empty() && !one.received.empty() && !other.received.empty(); });
    quick->send(first);
    one.send(slow);
    other.send(slow);
    run_until([&] { return one.received.ends_with("slow") && other.received.ends_with("slow"); });
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_THAT(seen.back(), testing::EndsWith("/first"));
}

// RFC 9293, section 3.8.6: the FIN is a flag, and needs no segment of its own.
TEST_F(OsHttp, TheLastAnswerAndTheEndOfTheConnectionShareASegment) {
    listen();
    RawClient client(loop, here, "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    run_until([&] { return client.ended; });
    EXPECT_THAT(client.received, testing::EndsWith("/last"));
    EXPECT_LE(known_of(*client.stream).tcpi_segs_in, 3U)
        << "SYN-ACK, at most one ACK of the request, and the answer with the FIN";
}

// RFC 9293, section 3.8.6.3: only what is answered at once waits for its answer to be acknowledged.
TEST_F(OsHttp, ARequestThatIsNotCompleteIsAcknowledgedAtOnce) {
    listen();
    RawClient client(loop, here, "GET /in-pieces HTTP/1.1\r\n");
    run_until([&] { return server->connections() == 1; });
    EXPECT_EQ(known_of(*client.stream).tcpi_unacked, 0U);
    client.send("Host: a\r\n\r\n");
    run_until([&] { return client.received.ends_with("/in-pieces"); });
}

// RFC 9112, section 9.3.2.
TEST_F(OsHttp, PipelinedRequestsAreAnsweredInTheirOrderThoughHandlersAreNot) {
    std::vector<http::Responder> waiting;
    application.on_request = [&](const http::Request&, http::Responder responder) {
        waiting.push_back(std::move(responder));
    };
    listen();
    std::string many;
    for (int i = 0; i < 16; ++i) many += "GET /n" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    RawClient client(loop, here, many);
    run_until([&] { return waiting.size() == 16; });
    for (auto it = waiting.rbegin(); it != waiting.rend(); ++it)
        it->respond(http::Response::text(http::Status::ok, it->request().target + "!"));
    run_until([&] { return count(client.received, "!") == 16; });
    for (int i = 1; i < 16; ++i)
        EXPECT_LT(client.received.find("/n" + std::to_string(i - 1) + "!"),
                  client.received.find("/n" + std::to_string(i) + "!"));
}

TEST_F(OsHttp, LargeBodiesGoBothWays) {
    listen();
    OsClient client(loop, here);
    http::Request upload = request("/echo", http::Method::post);
    for (int i = 0; i < 1'000'000; ++i) upload.body += static_cast<char>('a' + i % 23);
    const std::string expected = upload.body;
    client.send(std::move(upload), collect());
    client.send(request("/large"), collect());
    run_until([&] { return results.size() == 2; });
    EXPECT_TRUE(results[0] == expected);
    EXPECT_TRUE(results[1] == std::string(8'000'000, 'l'));
}

TEST_F(OsHttp, AClientThatDoesNotReadIsHeldBackWhileOthersAreServed) {
    listen();
    std::string many;
    for (int i = 0; i < 5; ++i) many += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    RawClient slow(loop, here, many);
    slow.reads = false;
    run_for(100ms);
    OsClient other(loop, here);
    other.send(request("/quick"), collect());
    run_until([&] { return results.size() == 1; });
    EXPECT_TRUE(slow.received.empty());
    slow.reads = true;
    slow.on_ready();
    run_until([&] { return count(slow.received, "HTTP/1.1 200 OK") == 5 && slow.received.size() > 40'000'000; });
}

TEST_F(OsHttp, AClientThatNeverReadsIsGivenUp) {
    http::TcpServerSettings settings;
    settings.stalled = 200ms;
    listen(settings);
    RawClient client(loop, here, "GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    client.reads = false;
    run_until([&] { return client.error.has_value(); });
    EXPECT_EQ(client.error, tcp::Error::reset);
    EXPECT_EQ(server->connections(), 0U);
}

TEST_F(OsHttp, IdleConnectionsAreClosed) {
    http::TcpServerSettings settings;
    settings.idle = 100ms;
    listen(settings);
    RawClient client(loop, here, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    run_until([&] { return client.ended; });
    EXPECT_EQ(count(client.received, "HTTP/1.1 200 OK"), 1U);
    client.stream->close();
    run_until([&] { return server->connections() == 0; });
}

// RFC 9110, section 15.5.9.
TEST_F(OsHttp, AHeaderSectionThatDripsInGets408) {
    http::TcpServerSettings settings;
    settings.head = 200ms;
    listen(settings);
    RawClient client(loop, here, "GET / HTTP/1.1\r\nX: ");
    for (int i = 0; i < 20 && client.received.empty(); ++i) {
        run_for(20ms);
        client.send("x");
    }
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 408 ")) << client.received;
}

TEST_F(OsHttp, ConnectionsBeyondTheLimitWaitTheirTurn) {
    http::TcpServerSettings settings;
    settings.connections = 2;
    listen(settings);
    std::vector<std::unique_ptr<OsClient>> clients;
    for (int i = 0; i < 4; ++i) {
        clients.push_back(std::make_unique<OsClient>(loop, here));
        clients.back()->send(request("/" + std::to_string(i)), collect());
    }
    run_until([&] { return results.size() == 2; });
    run_for(20ms);
    EXPECT_EQ(server->connections(), 2U);
    EXPECT_EQ(results.size(), 2U);
    clients[0]->close();
    clients[1]->close();
    run_until([&] { return results.size() == 4; });
}

TEST_F(OsHttp, GracefulStopLetsRequestsFinishAndTakesNoMore) {
    std::optional<http::Responder> waiting;
    application.on_request = [&](const http::Request&, http::Responder r) { waiting = std::move(r); };
    listen();
    OsClient client(loop, here);
    RawClient idle(loop, here, "");
    client.send(request("/last"), collect());
    run_until([&] { return waiting.has_value() && server->connections() == 2; });
    server->close();
    run_until([&] { return idle.ended; });
    waiting->respond(http::Response::text(http::Status::ok, "done"));
    run_until([&] { return results.size() == 1; });
    EXPECT_EQ(results[0], "done");
    idle.stream->close();
    run_until([&] { return server->connections() == 0; });
    OsClient late(loop, here);
    late.send(request("/late"), collect());
    run_until([&] { return results.size() == 2; });
    EXPECT_EQ(results[1], "error " + here.to_string() + ": connection refused");
}

// RFC 9112, section 9.6: the response to a request whose body is still on its way is not lost to a reset.
TEST_F(OsHttp, RefusalArrivesThoughTheClientKeepsSending) {
    application.on_head = [](const http::Request&, const http::Responder& r) -> std::unique_ptr<http::BodySink> {
        r.respond(http::Response::error(http::Status::content_too_large));
        return nullptr;
    };
    listen();
    RawClient client(loop, here,
                     "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'x'));
    run_until([&] { return client.ended; });
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 413 "));
    EXPECT_FALSE(client.error);
}

TEST_F(OsHttp, InputBehindTheLastResponseIsDiscardedWithinALimit) {
    application.on_head = [](const http::Request&, const http::Responder& r) -> std::unique_ptr<http::BodySink> {
        r.respond(http::Response::error(http::Status::content_too_large));
        return nullptr;
    };
    http::TcpServerSettings settings;
    settings.linger_bytes = 100'000;
    settings.linger = 1h;
    listen(settings);
    RawClient client(loop, here, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000000\r\n\r\n");
    const Instant end = now() + 10s;
    while (!client.error && now() < end) {
        client.send(std::string(100'000, 'x'));
        run_for(1ms);
    }
    EXPECT_TRUE(client.received.starts_with("HTTP/1.1 413 "));
    EXPECT_TRUE(client.error);
    run_until([&] { return server->connections() == 0; });
}

/// A folder of its own with one large file in it.
struct LargeFile {
    LargeFile() {
        std::string name = (std::filesystem::temp_directory_path() / "hourglass-XXXXXX").string();
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder = name;
        for (int i = 0; i < 300'000; ++i) content += std::to_string(i);
        std::ofstream(folder / "large.bin", std::ios::binary) << content;
    }
    ~LargeFile() { std::filesystem::remove_all(folder); }
    std::filesystem::path folder;
    std::string content;
};

TEST_F(OsHttp, LargeFilesAreSentAsTheyAre) {
    const LargeFile file;
    const auto files = OsFiles::open_root(file.folder.string()).value();
    const TurnFiles open_files(*files, loop);
    application = http::Application{http::serve_files(open_files), nullptr};
    listen();
    OsClient client(loop, here);
    client.send(request("/large.bin"), collect());
    auto part = request("/large.bin");
    part.fields.add("Range", "bytes=100000-899999");
    client.send(std::move(part), collect());
    run_until([&] { return results.size() == 2; });
    EXPECT_TRUE(results[0] == file.content);
    EXPECT_TRUE(results[1] == file.content.substr(100'000, 800'000));
}

TEST_F(OsHttp, AFileThatBecomesShorterWhileItIsSentEndsTheConnection) {
    const LargeFile file;
    const auto files = OsFiles::open_root(file.folder.string()).value();
    application = http::Application{[&](const http::Request& asked, const http::Responder& responder) {
                                        http::serve_files (*files)(asked, responder);
                                        std::filesystem::resize_file(file.folder / "large.bin", 200'000);
                                    },
                                    nullptr};
    listen();
    RawClient client(loop, here, "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    run_until([&] { return client.error.has_value(); });
    EXPECT_EQ(client.error, tcp::Error::reset);
    EXPECT_LT(client.received.size(), 201'000U);
}

TEST_F(OsHttp, AClientThatLeavesWhileAFileIsSentIsForgotten) {
    const LargeFile file;
    const auto files = OsFiles::open_root(file.folder.string()).value();
    application = http::Application{http::serve_files(*files), nullptr};
    listen();
    std::optional<RawClient> client;
    client.emplace(loop, here, "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\nGET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    client->reads = false;
    run_until([&] { return server->connections() == 1; });
    client.reset();
    run_until([&] { return server->connections() == 0; });
}

TEST_F(OsHttp, AClientThatResetsIsForgotten) {
    application.on_request = [](const http::Request&, const http::Responder&) {};
    std::vector<http::Responder> waiting;
    application.on_request = [&](const http::Request&, http::Responder r) { waiting.push_back(std::move(r)); };
    listen();
    std::optional<RawClient> client;
    client.emplace(loop, here, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    run_until([&] { return waiting.size() == 1; });
    client.reset();
    run_until([&] { return server->connections() == 0; });
    EXPECT_FALSE(waiting[0].awaited());
}

TEST_F(OsHttp, ServesIpv6) {
    server.emplace(loop, application);
    const auto bound = server->listen({*IpAddress::parse("::1"), Port{0}});
    if (!bound) GTEST_SKIP() << bound.error().message;
    OsClient client(loop, *bound);
    client.send(request("/six"), collect());
    run_until([&] { return results.size() == 1; });
    EXPECT_EQ(results[0], "/six");
}

TEST_F(OsHttp, AnAddressInUseIsAnErrorInOneLine) {
    listen();
    OsServer second(loop, application);
    const auto bound = second.listen(here);
    ASSERT_FALSE(bound);
    EXPECT_EQ(bound.error().code, std::errc::address_in_use);
    EXPECT_EQ(bound.error().message, "can't listen at " + here.to_string() + ": Address already in use");
}

TEST_F(OsHttp, SilentServerRunsIntoTheClientsTimeLimit) {
    std::vector<http::Responder> waiting;
    application.on_request = [&](const http::Request&, http::Responder r) { waiting.push_back(std::move(r)); };
    listen();
    OsClient client(loop, here, {}, {.connect = 10s, .response = 100ms});
    client.send(request("/"), collect());
    run_until([&] { return results.size() == 1; });
    EXPECT_EQ(results[0], "error " + here.to_string() + ": no answer in time");
}

}  // namespace
}  // namespace hourglass::runtime
