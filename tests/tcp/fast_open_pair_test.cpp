// TCP Fast Open (RFC 7413) between two stacks: what becomes of a request and its answer when the network loses or
// doubles a segment of the handshake.

#include "tcp/pair.h"

namespace hourglass::tcp::testing {
namespace {

/// Answers a request of five octets with one of seven, and closes; writes down all that it was ever given.
class Server : public ConnectionHandler, public AcceptHandler {
  public:
    void on_acceptable(Listener l) override {
        while (l.accept(this)) ++connections;
    }
    void on_readable(Stream s) override {
        std::byte buffer[64];
        while (const std::size_t n = s.receive(buffer)) requests.append(reinterpret_cast<const char*>(buffer), n);
        if (!requests.empty() && s.writable() > 0) {
            s.send(std::as_bytes(std::span(std::string_view("welcome"))));
            s.close();
        }
    }
    std::string requests;
    int connections = 0;
};

class Client : public ConnectionHandler {
  public:
    void on_readable(Stream s) override {
        std::byte buffer[64];
        while (const std::size_t n = s.receive(buffer)) answer.append(reinterpret_cast<const char*>(buffer), n);
        if (answer == "welcome" && answered_at == kNever) answered_at = *now;
        if (s.at_end()) s.close();
    }
    void on_closed(Stream, Error e) override { closed = e; }
    std::string answer;
    Instant answered_at = kNever;
    std::optional<Error> closed;
    const Instant* now = nullptr;
};

class Rfc7413Pair : public ::testing::Test {
  public:
    static Settings fast() {
        Settings s;
        s.connect_fast = true;
        s.fast_open_backlog = 8;
        s.challenge_ack_interval = Duration::zero();
        return s;
    }
    Pair pair{fast()};
    Server server;
    SocketAddress address{IpAddress::v4(10, 0, 0, 2), Port(80)};

    /// Asks with the request in the SYN's round, and runs to the end. Returns the time to the answer.
    Duration ask(Client& client) {
        if (!listening_) {
            EXPECT_TRUE(pair.b.stack.listen(address, {.handler = &server}).has_value());
            listening_ = true;
        }
        client.now = &pair.now;
        const Instant begin = pair.now;
        auto stream = pair.a.stack.connect(address, {.handler = &client});
        EXPECT_TRUE(stream.has_value());
        EXPECT_EQ(stream->send(std::as_bytes(std::span(std::string_view("hello")))), 5u);
        pair.run_until([&] { return client.closed.has_value(); }, 5min);
        EXPECT_EQ(client.closed, Error::none);
        EXPECT_EQ(client.answer, "welcome");
        pair.advance(10s);
        return client.answered_at - begin;
    }
    void learn() {
        Client first;
        EXPECT_EQ(ask(first), 40ms) << "two round trips";
        EXPECT_EQ(server.requests, "hello");
        server.requests.clear();
        server.connections = 0;
        pair.a.sent = pair.b.sent = 0;
    }
    void lose(Pair::End& end, std::size_t nth) {
        end.rule = [nth](const wire::TcpView&, std::size_t n) { return n != nth; };
    }

  private:
    bool listening_ = false;
};

TEST_F(Rfc7413Pair, AnswersWithinOneRoundTripOnceTheCookieIsKnown) {
    learn();
    Client client;
    EXPECT_EQ(ask(client), 20ms);
    EXPECT_EQ(server.requests, "hello");
}

TEST_F(Rfc7413Pair, DeliversOnceWhenTheSynIsLost) {
    learn();
    lose(pair.a, 0);
    Client client;
    EXPECT_EQ(ask(client), 1s + 40ms);
    EXPECT_EQ(server.requests, "hello");
    EXPECT_EQ(server.connections, 1);
}

TEST_F(Rfc7413Pair, DeliversOnceWhenTheSynAckIsLost) {
    learn();
    lose(pair.b, 0);
    Client client;
    ask(client);
    EXPECT_EQ(server.requests, "hello");
    EXPECT_EQ(server.connections, 1);
}

TEST_F(Rfc7413Pair, DeliversOnceWhenSynAckAndAnswerAreLost) {
    learn();
    pair.b.rule = [](const wire::TcpView&, std::size_t n) { return n > 1; };
    Client client;
    ask(client);
    EXPECT_EQ(server.requests, "hello");
    EXPECT_EQ(server.connections, 1);
}

TEST_F(Rfc7413Pair, DeliversOnceWhenTheAcknowledgementOfTheSynAckIsLost) {
    learn();
    lose(pair.a, 1);
    Client client;
    EXPECT_EQ(ask(client), 20ms);
    EXPECT_EQ(server.requests, "hello");
    EXPECT_EQ(server.connections, 1);
}

/// A copy of the SYN that the network holds back.
class Rfc7413LateSyn : public Rfc7413Pair {
  public:
    void keep_syn() {
        pair.a.rule = [this](const wire::TcpView& view, std::size_t) {
            if (view.flags().syn() && kept_.empty()) kept_.assign(view.segment().begin(), view.segment().end());
            return true;
        };
    }
    void arrive() {
        Packet copy = pair.pool.packet(kept_.size());
        std::ranges::copy(kept_, copy.append(kept_.size()).begin());
        pair.b.stack.receive(std::move(copy), pair.a.address, pair.b.address, pair.now);
        pair.b.stack.poll(pair.now);
    }

  private:
    std::vector<std::byte> kept_;
};

TEST_F(Rfc7413LateSyn, BringsNothingTwiceWhileTheServerRemembersTheConnection) {
    learn();
    keep_syn();
    Client client;
    ask(client);
    arrive();  // the server closed first and is in TIME-WAIT
    pair.advance(10s);
    EXPECT_EQ(server.requests, "hello");
    EXPECT_EQ(server.connections, 1);
}

TEST_F(Rfc7413LateSyn, BringsItsRequestOnceMoreAfterwardsAndTheClientEndsIt) {
    learn();
    keep_syn();
    Client client;
    ask(client);
    pair.advance(10min);
    EXPECT_EQ(pair.b.stack.size(), 0u);
    arrive();
    pair.advance(10min);
    EXPECT_EQ(server.requests, "hellohello") << "RFC 7413, section 6.1";
    EXPECT_EQ(server.connections, 2);
    EXPECT_EQ(client.answer, "welcome") << "the answer comes to nobody";
    EXPECT_EQ(pair.b.stack.size(), 0u);
}

}  // namespace
}  // namespace hourglass::tcp::testing
