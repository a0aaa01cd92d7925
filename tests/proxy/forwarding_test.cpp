#include <gmock/gmock.h>

#include "hourglass/uwsgi/server.h"
#include "proxy/support.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Request;
using http::Responder;
using http::Response;
using http::Status;
using test::ProxyWorld;

class Forwarding : public ProxyWorld {};

TEST_F(Forwarding, RequestAndResponsePassThrough) {
    serve("a");
    start(to("a"));
    EXPECT_EQ(get("/x?y=1", {{"X-Mine", "1"}, {"Connection", "X-Hop"}, {"X-Hop", "1"}}), "200 a says /x?y=1");
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].fields.get("Host"), "site.example");
    EXPECT_EQ(seen[0].fields.get("X-Mine"), "1");
    EXPECT_FALSE(seen[0].fields.contains("X-Hop"));
    EXPECT_EQ(seen[0].fields.get("Via"), "1.1 edge");
    EXPECT_EQ(seen[0].fields.get("X-Forwarded-For"), "10.0.0.1");
    EXPECT_EQ(last.fields.get("Via"), "1.1 edge");
}

TEST_F(Forwarding, RoutesByHostAndPathEachToItsUpstream) {
    serve("a");
    serve("b");
    Configuration c = to("a");
    c.upstreams.push_back(c.upstreams[0]);
    c.upstreams[1].name = "other";
    c.upstreams[1].servers = {{.name = "b", .address = address_of("b")}};
    c.routes[0].path = "/app";
    c.routes[0].strip_path = true;
    c.routes.push_back({.hosts = {"b.example"}, .path = "/", .upstream = "other"});
    start(c);
    EXPECT_EQ(get("/app/x?q"), "200 a says /x?q");
    EXPECT_EQ(get("/app"), "200 a says /");
    EXPECT_EQ(get("/%61pp/x%20y"), "200 a says /x%20y");
    EXPECT_TRUE(get("/else").starts_with("404 "));
    Request asked;
    asked.fields.add("Host", "B.example");
    EXPECT_EQ(fetch(asked), "200 b says /");
}

TEST_F(Forwarding, BodiesStreamBothWaysWithBoundedBuffers) {
    http::Application echo;
    echo.on_head = [](const Request&, const Responder& responder) {
        auto pipe = http::BodyPipe::make(32 * 1024, std::nullopt);
        responder.respond(Response(), std::move(pipe.source));
        return std::move(pipe.sink);
    };
    serve("a", echo);
    start(to("a"));
    Request upload = request(Method::post, "/echo");
    upload.body.assign(3'000'000, 'u');
    const std::string expected = "200 " + upload.body;
    EXPECT_TRUE(fetch(std::move(upload)) == expected);
}

TEST_F(Forwarding, SmallBodiesAreCollectedAndLargeOnesAreNot) {
    serve("a");
    Configuration c = to("a");
    c.routes[0].max_body = 100'000;
    start(c);
    Request small = request(Method::put, "/");
    small.body = "content";
    EXPECT_EQ(fetch(small), "200 a says /content");
    EXPECT_EQ(seen.back().fields.get("Content-Length"), "7");
    small.body.assign(100'001, 'x');
    EXPECT_TRUE(fetch(small).starts_with("413 "));
    EXPECT_EQ(handled["a"], 1);
}

TEST_F(Forwarding, ChunkedBodyBeyondTheLimitEndsWith413) {
    serve("a");
    Configuration c = to("a");
    c.routes[0].max_body = 50'000;
    start(c);
    http::TcpClient client(world.host("client"), {IpAddress::v4(10, 0, 0, 9), Port{80}});
    std::string outcome;
    auto pipe = http::BodyPipe::make(200'000, std::nullopt);
    client.send(request(Method::post, "/"), std::move(pipe.source), http::collect_response([&](auto result) {
                    outcome = result ? std::to_string(to_number(result->status)) : result.error().text;
                }));
    pipe.sink->write(http::as_bytes(std::string(60'000, 'x')));
    run(5s);
    EXPECT_EQ(outcome, "413");
    EXPECT_EQ(handled["a"], 0);
}

TEST_F(Forwarding, HeadHasTheLengthAndNoContent) {
    serve("a");
    start(to("a"));
    EXPECT_EQ(fetch(request(Method::head, "/x")), "200 ");
    EXPECT_EQ(last.fields.get("Content-Length"), "9");
}

TEST_F(Forwarding, ConnectionsToServersAreKeptAndReused) {
    serve("a");
    Configuration c = to("a");
    c.upstreams[0].keepalive_time = 5s;
    start(c);
    for (int i = 0; i < 10; ++i) get("/");
    EXPECT_EQ(world.host("a").tcp().counters().passive_opens, 1U);
    EXPECT_EQ(servers["a"]->connections(), 1U);
    run(10s);
    EXPECT_EQ(servers["a"]->connections(), 0U) << "idle for too long";
    get("/");
    EXPECT_EQ(world.host("a").tcp().counters().passive_opens, 2U);
}

TEST_F(Forwarding, IdleConnectionsBeyondTheLimitAreClosed) {
    serve("a", [](const Request&, const Responder& r) { r.respond(Response()); });
    Configuration c = to("a");
    c.upstreams[0].keepalive = 2;
    start(c);
    for (int i = 0; i < 5; ++i) begin(request(Method::get, "/"));
    run(3s);
    EXPECT_EQ(outcomes.size(), 5U);
    EXPECT_EQ(servers["a"]->connections(), 2U);
}

TEST_F(Forwarding, UwsgiServerGetsThePacket) {
    // A server of uwsgi on our TCP: what it says is made by the server's end of the protocol.
    class UwsgiServer final : public tcp::AcceptHandler, public tcp::ConnectionHandler {
      public:
        UwsgiServer(ip::Host& host, SocketAddress local, const http::Application& application)
            : application_(application) {
            tcp::ListenOptions options;
            options.handler = this;
            EXPECT_TRUE(host.tcp().listen(local, options));
        }
        void on_acceptable(tcp::Listener listener) override {
            while (auto stream = listener.accept()) {
                connection_ = std::make_unique<uwsgi::ServerConnection>(application_, http::ServerSettings{});
                stream->set_handler(this);
                on_readable(*stream);
            }
        }
        void on_readable(tcp::Stream stream) override {
            for (Slice s = stream.receive_slice(65536); !s.empty(); s = stream.receive_slice(65536))
                connection_->receive(s.bytes());
            while (connection_->output_size() > 0) {
                const std::size_t n = stream.send(connection_->output());
                connection_->consume_output(n);
                if (n == 0) return;
            }
            if (connection_->should_close()) stream.close();
        }

      private:
        const http::Application& application_;
        std::unique_ptr<uwsgi::ServerConnection> connection_;
    };
    const http::Application application{
        [&](const Request& asked, const Responder& responder) {
            seen.push_back(asked);
            responder.respond(Response::text(Status::ok, responder.client().address.to_string() + asked.body, "t/t"));
        },
        nullptr};
    UwsgiServer server(world.host("a"), address_of("a"), application);
    Configuration c = to("a");
    c.upstreams[0].protocol = Protocol::uwsgi;
    start(c);
    Request asked = request(Method::post, "/form?x=1");
    asked.body = " name=value";
    EXPECT_EQ(fetch(asked), "200 10.0.0.1 name=value");
    EXPECT_EQ(seen[0].target, "/form?x=1");
    EXPECT_EQ(seen[0].fields.get("X-Forwarded-For"), "10.0.0.1");
    EXPECT_EQ(get("/again"), "200 10.0.0.1");
}

TEST_F(Forwarding, HeadersAreSetOnBothWays) {
    serve("a");
    Configuration c = to("a");
    c.routes[0].request_headers = {{"X-Inner", "1"}, {"Accept-Encoding", ""}};
    c.routes[0].response_headers = {{"Strict-Transport-Security", "max-age=1"}, {"Content-Type", ""}};
    start(c);
    get("/", {{"Accept-Encoding", "gzip"}, {"X-Inner", "forged"}});
    EXPECT_EQ(seen[0].fields.combined("X-Inner"), "1");
    EXPECT_FALSE(seen[0].fields.contains("Accept-Encoding"));
    EXPECT_EQ(last.fields.get("Strict-Transport-Security"), "max-age=1");
    EXPECT_FALSE(last.fields.contains("Content-Type"));
}

/// Asks for another protocol, and notes what it hears.
class Talker final : public tcp::ConnectionHandler {
  public:
    void on_established(tcp::Stream s) override {
        s.send(http::as_bytes("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\n"));
    }
    void on_readable(tcp::Stream s) override {
        for (Slice piece = s.receive_slice(65536); !piece.empty(); piece = s.receive_slice(65536))
            heard += http::as_text(piece.bytes());
        at_end = s.at_end();
    }
    void on_closed(tcp::Stream, tcp::Error error) override { closed = error; }
    std::string heard;
    bool at_end = false;
    std::optional<tcp::Error> closed;
};

TEST_F(Forwarding, UpgradePassesThroughAsATunnel) {
    class Echo final : public http::Upgraded {
      public:
        void receive(std::span<const std::byte> bytes) override {
            said_ += "<" + std::string(http::as_text(bytes)) + ">";
        }
        void peer_closed() override { ended_ = true; }
        std::size_t output(std::span<std::span<const std::byte>> pieces) const override {
            if (said_.empty()) return 0;
            pieces[0] = http::as_bytes(said_);
            return 1;
        }
        [[nodiscard]] std::size_t output_size() const override { return said_.size(); }
        void consume_output(std::size_t n) override { said_.erase(0, n); }
        void on_change(std::function<void()>) override {}
        [[nodiscard]] bool should_close() const override { return ended_ && said_.empty(); }

      private:
        std::string said_;
        bool ended_ = false;
    };
    serve("a", [](const Request&, const Responder& responder) {
        responder.upgrade(http::switching_protocols("echo/1"), std::make_unique<Echo>());
    });
    start(to("a"));
    test::RawServer unused(world.host("client"), {IpAddress::v4(10, 0, 0, 1), Port{9}}, "", false);
    Talker talker;
    auto stream =
        world.host("client").tcp().connect({IpAddress::v4(10, 0, 0, 9), Port{80}}, {.local = {}, .handler = &talker});
    ASSERT_TRUE(stream);
    run(1s);
    EXPECT_THAT(talker.heard, testing::StartsWith("HTTP/1.1 101 "));
    EXPECT_THAT(talker.heard, testing::HasSubstr("Upgrade: echo/1\r\n"));
    talker.heard.clear();
    stream->send(http::as_bytes("hello"));
    run(1s);
    EXPECT_EQ(talker.heard, "<hello>");
    stream->shutdown();
    run(2s);
    EXPECT_TRUE(talker.at_end) << "the end passes through as well";
    EXPECT_EQ(servers["a"]->connections(), 0U);
}

/// Hears everything out, and only then says how much that was.
class Count final : public http::Upgraded {
  public:
    void receive(std::span<const std::byte> bytes) override { heard_ += bytes.size(); }
    void peer_closed() override { said_ = std::to_string(heard_) + std::string(1'000'000, '.'); }
    std::size_t output(std::span<std::span<const std::byte>> pieces) const override {
        if (said_.empty()) return 0;
        pieces[0] = http::as_bytes(said_);
        return 1;
    }
    [[nodiscard]] std::size_t output_size() const override { return said_.size(); }
    void consume_output(std::size_t n) override {
        said_.erase(0, n);
        done_ = said_.empty();
    }
    void on_change(std::function<void()>) override {}
    [[nodiscard]] bool should_close() const override { return done_; }

  private:
    std::size_t heard_ = 0;
    std::string said_;
    bool done_ = false;
};

class HalfClosedTunnel : public Forwarding {
  protected:
    /// A tunnel from the talker to `protocol`, over which the talker has sent a megabyte and then closed its side.
    template <typename Protocol>
    void send_and_shut_down() {
        serve("a", [](const Request&, const Responder& responder) {
            responder.upgrade(http::switching_protocols("echo/1"), std::make_unique<Protocol>());
        });
        start(to("a"));
        const auto opened = world.host("client").tcp().connect({IpAddress::v4(10, 0, 0, 9), Port{80}},
                                                               {.local = {}, .handler = &talker});
        ASSERT_TRUE(opened);
        stream = *opened;
        run(1s);
        ASSERT_THAT(talker.heard, testing::StartsWith("HTTP/1.1 101 "));
        talker.heard.clear();
        const std::string question(1'000'000, '?');
        std::size_t sent = 0;
        for (int i = 0; i < 1000 && sent < question.size(); ++i, run(10ms))
            sent += stream.send(http::as_bytes(std::string_view(question).substr(sent)));
        ASSERT_EQ(sent, question.size());
        stream.shutdown();
    }
    Talker talker;
    tcp::Stream stream;
};

TEST_F(HalfClosedTunnel, Rfc9293Section36TheAnswerComesBackAfterTheEndOfTheQuestion) {
    send_and_shut_down<Count>();
    run(5s);
    EXPECT_EQ(talker.heard.size(), 1'000'007U);
    EXPECT_THAT(talker.heard, testing::StartsWith("1000000."));
    EXPECT_TRUE(talker.at_end);
    EXPECT_EQ(talker.closed, tcp::Error::none);
    EXPECT_EQ(front->connections(), 0U);
    EXPECT_EQ(servers["a"]->connections(), 0U);
}

/// Never has anything to say.
class Silent final : public http::Upgraded {
  public:
    void receive(std::span<const std::byte>) override {}
    void peer_closed() override {}
    std::size_t output(std::span<std::span<const std::byte>>) const override { return 0; }
    [[nodiscard]] std::size_t output_size() const override { return 0; }
    void consume_output(std::size_t) override {}
    void on_change(std::function<void()>) override {}
    [[nodiscard]] bool should_close() const override { return false; }
    bool on_quiet() override { return true; }
};

TEST_F(HalfClosedTunnel, DirectionThatIsLeftAndSilentHasATimeLimit) {
    send_and_shut_down<Silent>();
    run(50s);
    EXPECT_EQ(front->connections(), 1U);
    run(20s);
    EXPECT_EQ(front->connections(), 0U);
    EXPECT_EQ(servers["a"]->connections(), 0U) << "the server learns of it";
}

}  // namespace
}  // namespace hourglass::proxy
