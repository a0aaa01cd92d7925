#include "hourglass/http/upgrade.h"

#include <gtest/gtest.h>

#include "hourglass/http/over_tcp.h"
#include "hourglass/http/router.h"
#include "hourglass/sim/world.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;
using namespace std::chrono_literals;

/// Says "hello", then what it hears in capitals; ends at a full stop.
class Shout final : public Upgraded {
  public:
    struct Notes {
        bool closed = false;
        bool destroyed = false;
        bool quiet = false;
        bool full = false;
        std::function<void()> changed{};
    };
    explicit Shout(Notes& notes, std::string greeting = "hello ") : notes_(notes), out_(std::move(greeting)) {}
    ~Shout() override { notes_.destroyed = true; }

    void receive(std::span<const std::byte> bytes) override {
        for (const char c : as_text(bytes)) {
            ended_ = ended_ || c == '.';
            out_ += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        }
    }
    void peer_closed() override { ended_ = true; }
    [[nodiscard]] bool wants_input() const override { return !notes_.full; }
    std::size_t output(std::span<std::span<const std::byte>> pieces) const override {
        if (out_.empty()) return 0;
        pieces[0] = as_bytes(out_);
        return 1;
    }
    [[nodiscard]] std::size_t output_size() const override { return out_.size(); }
    void consume_output(std::size_t n) override { out_.erase(0, n); }
    void on_change(std::function<void()> changed) override { notes_.changed = std::move(changed); }
    [[nodiscard]] bool should_close() const override { return ended_ && out_.empty(); }
    void close() override { notes_.closed = ended_ = true; }
    bool on_quiet() override { return std::exchange(notes_.quiet, true) ? false : (out_ += "?", true); }

  private:
    Shout::Notes& notes_;
    std::string out_;
    bool ended_ = false;
};

std::string ask(std::string_view target, std::string_view protocol = "shout") {
    return "GET " + std::string(target) +
           " HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: " + std::string(protocol) + "\r\n\r\n";
}
constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: shout\r\nConnection: upgrade\r\n\r\n";

class Upgrade : public testing::Test {
  protected:
    Handler shout() {
        return [this](const Request&, const Responder& responder) {
            if (!responder.upgrade(switching_protocols("shout"), std::make_unique<Shout>(notes)))
                responder.respond(upgrade_required("shout"));
        };
    }
    Shout::Notes notes;
};

TEST_F(Upgrade, Rfc9110Section78WhatFollowsTheRequestIsTheOtherProtocols) {
    TestServer server(shout());
    EXPECT_EQ(server.exchange(ask("/") + "GET / HTTP/1.1\r\n"), std::string(kSwitching) + "hello GET / HTTP/1.1\r\n");
    EXPECT_TRUE(server.connection.upgraded());
    EXPECT_FALSE(server.connection.idle());
    EXPECT_EQ(server.exchange("more"), "MORE");
    EXPECT_EQ(server.exchange("end."), "END.");
    EXPECT_TRUE(server.connection.should_close());
}

TEST_F(Upgrade, Rfc9110Section78OnlyWhatIsOfferedIsSwitchedTo) {
    for (const std::string_view head :
         {"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: shout\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c, shout/2\r\n\r\n"}) {
        TestServer server(shout());
        const std::string answer = server.exchange(head);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 426 Upgrade Required\r\n")) << answer;
        EXPECT_NE(answer.find("Upgrade: shout\r\nConnection: upgrade\r\n"), std::string::npos) << answer;
        EXPECT_FALSE(server.connection.upgraded());
    }
}

TEST_F(Upgrade, OfferThatIsNotTakenIsAnsweredAsAnyRequestAndTheNextFollows) {
    std::optional<Responder> first;
    TestServer server([&](const Request& request, const Responder& responder) {
        if (request.target == "/1")
            first = responder;
        else
            test::answer_target(request, responder);
    });
    EXPECT_EQ(server.exchange(ask("/1", "h2c") + "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"), "");
    EXPECT_FALSE(server.connection.wants_input()) << "it may be another protocol's";
    EXPECT_EQ(server.connection.requests(), 1U);
    test::answer_target(first->request(), *first);
    const std::string answers = server.take_output();
    EXPECT_NE(answers.find("/1HTTP/1.1 200 OK"), std::string::npos) << answers;
    EXPECT_TRUE(answers.ends_with("/2")) << answers;
    EXPECT_TRUE(server.connection.wants_input());
}

TEST_F(Upgrade, Rfc9110Section78TheSwitchComesBehindTheAnswersBeforeItAndBehindTheBody) {
    std::optional<Responder> first;
    TestServer server([&](const Request& request, const Responder& responder) {
        if (request.target == "/1")
            first = responder;
        else
            shout()(request, responder);
    });
    server.exchange("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(server.exchange("POST /2 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: shout\r\n"
                              "Content-Length: 4\r\n\r\nbodyrest"),
              "");
    test::answer_target(first->request(), *first);
    EXPECT_TRUE(server.take_output().ends_with("/1" + std::string(kSwitching) + "hello REST"));
}

TEST_F(Upgrade, BackPressureHoldsTheInput) {
    notes.full = true;
    TestServer server(shout());
    EXPECT_EQ(server.exchange(ask("/") + "early"), std::string(kSwitching) + "hello ");
    EXPECT_FALSE(server.connection.wants_input());
    int changes = 0;
    server.connection.on_change([&] { ++changes; });
    notes.full = false;
    notes.changed();
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(server.take_output(), "EARLY");
}

TEST_F(Upgrade, ItIsToldOfTheEndAndOfAGracefulStop) {
    TestServer told(shout());
    told.exchange(ask("/"));
    told.connection.peer_closed();
    EXPECT_TRUE(told.connection.should_close());

    TestServer stopped(shout());
    stopped.exchange(ask("/"));
    stopped.connection.close_when_idle();
    EXPECT_TRUE(notes.closed);
    EXPECT_TRUE(stopped.connection.should_close());
    {
        notes.destroyed = false;
        TestServer lost(shout());
        lost.exchange(ask("/"));
    }
    EXPECT_TRUE(notes.destroyed);
}

/// Takes over with a protocol, and notes everything else.
class Switching final : public ResponseReceiver {
  public:
    Switching(std::unique_ptr<Upgraded> protocol, std::string& log) : protocol_(std::move(protocol)), log_(log) {}
    std::unique_ptr<Upgraded> on_upgrade(const Response& response) override {
        log_ += "upgrade " + std::to_string(to_number(response.status)) + ";";
        return std::move(protocol_);
    }
    void on_head(Response response) override { log_ += std::to_string(to_number(response.status)) + ";"; }
    void on_body(std::span<const std::byte> bytes) override { log_ += as_text(bytes); }
    void on_end(const Fields&) override { log_ += "end;"; }
    void on_error(const ClientError& error) override { log_ += error.text + ";"; }

  private:
    std::unique_ptr<Upgraded> protocol_;
    std::string& log_;
};

Request upgrade_request(std::string_view target) {
    Request request;
    request.target = target;
    request.fields = {{"Host", "a"}, {"Connection", "upgrade"}, {"Upgrade", "shout"}};
    return request;
}

TEST_F(Upgrade, ClientsSideTakesOverAndTheQueueBehindItGoesElsewhere) {
    ClientSettings settings;
    settings.pipelined = 4;
    ClientConnection client(settings);
    std::string log;
    EXPECT_TRUE(client.send(upgrade_request("/"), nullptr,
                            std::make_shared<Switching>(std::make_unique<Shout>(notes, "hi "), log)));
    bool retryable = false;
    Request next;
    next.fields.add("Host", "a");
    client.send(std::move(next), [&](const auto& result) { retryable = result.error().retryable; });
    client.consume_output(client.output_size());
    client.receive(as_bytes(std::string(kSwitching) + "early "));
    EXPECT_EQ(log, "upgrade 101;");
    EXPECT_TRUE(retryable);
    EXPECT_TRUE(client.upgraded());
    EXPECT_FALSE(client.reusable());
    EXPECT_EQ(as_text(client.output()), "hi EARLY ");
    client.consume_output(client.output_size());
    client.close();
    EXPECT_TRUE(notes.closed);
    EXPECT_TRUE(client.should_close());
}

TEST_F(Upgrade, Rfc9110Section1522WhatWasNotAskedForEndsTheConnection) {
    for (const std::string_view answer :
         {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n"}) {
        ClientConnection client;
        std::string log;
        client.send(upgrade_request("/"), nullptr, std::make_shared<Switching>(std::make_unique<Shout>(notes), log));
        client.receive(as_bytes(answer));
        EXPECT_EQ(log, "the server switched protocols unasked (RFC 9110, section 15.2.2);");
        EXPECT_TRUE(client.should_close());
    }
}

TEST_F(Upgrade, Rfc9110Section936ATunnelByConnectIsTakenOverToo) {
    ClientConnection client;
    std::string log;
    Request request;
    request.method = Method::connect;
    request.target = "example.com:443";
    request.fields.add("Host", "example.com:443");
    client.send(std::move(request), nullptr, std::make_shared<Switching>(std::make_unique<Shout>(notes, ""), log));
    client.consume_output(client.output_size());
    client.receive(as_bytes("HTTP/1.1 200 OK\r\n\r\nabc"));
    EXPECT_EQ(log, "upgrade 200;");
    EXPECT_EQ(as_text(client.output()), "ABC");
}

/// What an end of a tunnel says next.
std::string take(Upgraded& end) {
    std::string said;
    std::span<const std::byte> piece;
    while (end.output_size() > 0 && end.output(std::span(&piece, 1)) == 1) {
        said += as_text(piece);
        end.consume_output(piece.size());
    }
    return said;
}

TEST(Tunnels, Rfc9293Section36EachDirectionEndsByItself) {
    const auto [near, far] = Tunnel::make();
    near->receive(as_bytes("question"));
    near->peer_closed();
    EXPECT_FALSE(far->should_shutdown()) << "what is on the way comes first";
    EXPECT_EQ(take(*far), "question");
    EXPECT_TRUE(far->should_shutdown());
    EXPECT_FALSE(far->should_close());
    EXPECT_FALSE(near->wants_input());
    far->receive(as_bytes("a long answer"));
    EXPECT_EQ(take(*near), "a long answer");
    EXPECT_FALSE(near->should_shutdown());
    far->peer_closed();
    EXPECT_TRUE(near->should_close());
    EXPECT_TRUE(far->should_close());
}

TEST(Tunnels, Rfc9110Section936WhatCameFromALostSideIsPassedOnBeforeTheOtherIsReset) {
    auto [near, far] = Tunnel::make();
    far->receive(as_bytes("last words"));
    far.reset();
    EXPECT_FALSE(near->should_abort());
    EXPECT_FALSE(near->wants_input()) << "nobody is there to hear it";
    EXPECT_EQ(take(*near), "last words");
    EXPECT_TRUE(near->should_abort());
}

TEST(Tunnels, SideLostAfterItsOwnEndIsStillALoss) {
    auto [near, far] = Tunnel::make();
    near->peer_closed();
    near.reset();
    EXPECT_TRUE(far->should_abort()) << "what it says reaches nobody";
}

TEST(Tunnels, SideThatIsDoneLeavesWhatTheOtherHasYetToSay) {
    auto [near, far] = Tunnel::make();
    far->peer_closed();
    near->receive(as_bytes("rest"));
    near->peer_closed();
    EXPECT_TRUE(near->should_close());
    near.reset();
    EXPECT_EQ(take(*far), "rest");
    EXPECT_TRUE(far->should_close());
    EXPECT_FALSE(far->should_abort());
}

/// A browser, a gateway that tunnels, and an origin, with ten milliseconds between each.
TEST_F(Upgrade, TunnelPassesThroughAGatewayOverTcp) {
    sim::World world(1);
    for (const char* name : {"browser", "gateway", "origin"}) world.add_host(name);
    sim::LinkSettings link;
    world.connect({"browser", {"10.0.0.1/24"}}, {"gateway", {"10.0.0.2/24"}}, link.both({.delay = 10ms}));
    world.connect({"gateway", {"10.0.1.2/24"}}, {"origin", {"10.0.1.3/24"}}, link.both({.delay = 10ms}));
    const SocketAddress front{IpAddress::v4(10, 0, 0, 2), Port{80}};
    const SocketAddress back{IpAddress::v4(10, 0, 1, 3), Port{80}};

    const Application origin_application{shout(), nullptr};
    TcpServer origin(world.host("origin"), origin_application, TestServer::plain());
    ASSERT_TRUE(origin.listen(back));

    /// Passes the origin's 101 on to the browser and lays the tunnel.
    class Pass final : public ResponseReceiver {
      public:
        explicit Pass(Responder responder) : responder_(std::move(responder)) {}
        std::unique_ptr<Upgraded> on_upgrade(const Response& response) override {
            Tunnel tunnel = Tunnel::make();
            EXPECT_TRUE(responder_.upgrade(response, std::move(tunnel.near)));
            return std::move(tunnel.far);
        }
        void on_head(Response) override {}
        void on_body(std::span<const std::byte>) override {}
        void on_end(const Fields&) override {}
        void on_error(const ClientError&) override {}

      private:
        Responder responder_;
    };
    std::optional<TcpClient> upstream;
    const Application gateway_application{[&](const Request& request, Responder responder) {
                                              upstream.emplace(world.host("gateway"), back);
                                              upstream->send(request, nullptr, std::make_shared<Pass>(responder));
                                          },
                                          nullptr};
    TcpServer gateway(world.host("gateway"), gateway_application, TestServer::plain());
    ASSERT_TRUE(gateway.listen(front));

    Shout::Notes heard;
    std::string log;
    TcpClient browser(world.host("browser"), front);
    browser.send(upgrade_request("/chat"), nullptr,
                 std::make_shared<Switching>(std::make_unique<Shout>(heard, "abc"), log));
    world.run_for(90ms);
    EXPECT_EQ(log, "upgrade 101;");
    EXPECT_EQ(gateway.connections(), 1U);
    EXPECT_EQ(origin.connections(), 1U);
    browser.close();
    world.run_until_idle(5min);
    EXPECT_EQ(gateway.connections(), 0U);
    EXPECT_EQ(origin.connections(), 0U);
    EXPECT_TRUE(notes.destroyed);
}

TEST_F(Upgrade, QuietConnectionIsAskedOnceAndThenReset) {
    sim::World world(1);
    world.add_host("client");
    world.add_host("server");
    world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, sim::LinkSettings().both({.delay = 10ms}));
    const SocketAddress address{IpAddress::v4(10, 0, 0, 2), Port{80}};
    const Application application{shout(), nullptr};
    TcpServerSettings settings;
    settings.upgraded = 30s;
    TcpServer server(world.host("server"), application, TestServer::plain(), settings);
    ASSERT_TRUE(server.listen(address));
    class Silent final : public ResponseReceiver {
      public:
        void on_head(Response) override {}
        void on_body(std::span<const std::byte>) override {}
        void on_end(const Fields&) override {}
        void on_error(const ClientError&) override {}
    };
    TcpClientSettings patient;
    patient.response = 1h;
    TcpClient client(world.host("client"), address, {}, patient);
    client.send(upgrade_request("/"), nullptr, std::make_shared<Silent>());
    world.run_for(29s);
    EXPECT_FALSE(notes.quiet);
    world.run_for(2s);
    EXPECT_TRUE(notes.quiet);
    EXPECT_EQ(server.connections(), 1U);
    world.run_for(30s);
    EXPECT_EQ(server.connections(), 0U);
}

}  // namespace
}  // namespace hourglass::http
