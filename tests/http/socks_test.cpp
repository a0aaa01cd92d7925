#include <array>
#include <deque>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "hourglass/http/body.h"
#include "hourglass/http/dial.h"

namespace hourglass::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// What lies between a tunnel and its proxy, in memory.
class Wire final : public Transport {
  public:
    explicit Wire(TransportHandler& handler) : handler_(handler) {}

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override {
        std::size_t sent = 0;
        for (const auto piece : pieces) {
            const std::size_t n = std::min(piece.size(), room - std::min(room, sent));
            said += as_text(piece.first(n));
            sent += n;
        }
        return sent;
    }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        if (arrived_.empty()) return false;
        const std::string piece = std::move(arrived_.front());
        arrived_.pop_front();
        take(as_bytes(piece));
        return true;
    }
    [[nodiscard]] bool at_end() const override { return ended_ && arrived_.empty(); }
    void shutdown() override {}
    void close() override {}
    void abort() override { aborted = true; }
    [[nodiscard]] bool exists() const override { return !aborted; }

    void connect() { handler_.on_connected(); }
    void ready() { handler_.on_ready(); }
    void gone(tcp::Error error) { handler_.on_closed(error); }
    /// The proxy says something, in pieces of `size` octets.
    void hear(std::string_view bytes, std::size_t size = std::string_view::npos) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size()))) {
            arrived_.emplace_back(bytes.substr(0, size));
            ready();
        }
    }
    void end() {
        ended_ = true;
        ready();
    }
    std::string said;
    std::size_t room = 10'000;  ///< Octets that one call takes.
    bool aborted = false;

  private:
    TransportHandler& handler_;
    std::deque<std::string> arrived_;
    bool ended_ = false;
};

using namespace std::string_literals;
const std::string kNoLogin = "\5\0"s;
const std::string kWantsLogin = "\5\2"s;
const std::string kLoginGood = "\1\0"s;
const std::string kConnected = "\5\0\0\1\0\0\0\0\0\0"s;

class Socks : public testing::Test, protected TransportHandler {
  protected:
    void open(const std::string& host, std::optional<Login> login = std::nullopt) {
        const auto open_wire = [this](TransportHandler& handler) {
            auto made = std::make_unique<Wire>(handler);
            wire = made.get();
            return made;
        };
        tunnel = open_socks_tunnel(host, Port{443}, std::move(login), *this, open_wire, [this](const DialEvent& event) {
            if (event.kind == DialEvent::Kind::tunnelled) told.push_back("tunnelled to " + event.name);
        });
        wire->connect();
    }
    /// What the proxy is told in answer to `bytes`.
    std::string after(std::string_view bytes, std::size_t size = std::string_view::npos) {
        wire->said.clear();
        wire->hear(bytes, size);
        return wire->said;
    }
    /// Why there is no tunnel, as its owner sees it.
    std::string failure() {
        EXPECT_TRUE(wire->aborted);
        EXPECT_TRUE(told.empty());
        wire->gone(tcp::Error::aborted);
        EXPECT_THAT(told, ElementsAre("closed: " + std::string(to_string(tcp::Error::refused))));
        return tunnel->failure();
    }
    void on_connected() override { told.emplace_back("connected"); }
    void on_ready() override { told.emplace_back("ready"); }
    void on_closed(tcp::Error error) override { told.push_back("closed: " + std::string(to_string(error))); }

    Wire* wire = nullptr;
    std::unique_ptr<Transport> tunnel;
    std::vector<std::string> told;
};

using Rfc1928 = Socks;
using Rfc1929 = Socks;

TEST_F(Rfc1928, Section3OffersNoMethodThatItCanNotUse) {
    open("a.example");
    EXPECT_EQ(wire->said, "\5\1\0"s);
    open("a.example", Login{"me", "secret"});
    EXPECT_EQ(wire->said, "\5\2\0\2"s);
}

TEST_F(Rfc1928, Section4ANameIsTheProxysToResolve) {
    open("a.example");
    EXPECT_EQ(after(kNoLogin), "\5\1\0\3\x09"s + "a.example" + "\x01\xbb"s);
}

TEST_F(Rfc1928, Section5AddressesOfBothFamiliesAreSentAsSuch) {
    open("192.0.2.1");
    EXPECT_EQ(after(kNoLogin), "\5\1\0\1\xc0\0\2\1\x01\xbb"s);
    open("2001:db8::1");
    EXPECT_EQ(after(kNoLogin), "\5\1\0\4\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x01\xbb"s);
}

TEST_F(Rfc1928, Section6TheBoundAddressMayBeOfEachTypeAndComeInPieces) {
    const std::array<std::string, 4> replies = {kConnected, "\5\0\0\4"s + std::string(16, '\1') + "\0\1"s,
                                                "\5\0\0\3\4name\0\1"s, "\5\0\0\3\0\0\1"s};
    for (const std::string& reply : replies) {
        for (const std::size_t size : {std::size_t{1}, std::size_t{3}, reply.size()}) {
            told.clear();
            open("a.example");
            after(kNoLogin, size);
            after(reply.substr(0, reply.size() - 1), size);
            EXPECT_TRUE(told.empty());
            after(reply.substr(reply.size() - 1));
            EXPECT_THAT(told, ElementsAre("tunnelled to a.example:443", "connected"));
        }
    }
}

TEST_F(Rfc1928, WhatComesBehindTheReplyIsTheServers) {
    open("a.example");
    EXPECT_FALSE(tunnel->receive([](auto) {}));
    wire->hear(kNoLogin);
    wire->hear(kConnected + "hello");
    wire->hear("more");
    std::string heard;
    while (tunnel->receive([&](std::span<const std::byte> bytes) { heard += as_text(bytes); })) {
    }
    EXPECT_EQ(heard, "hellomore");
    const auto said = as_bytes(std::string_view("good day"));
    wire->said.clear();
    EXPECT_EQ(tunnel->send(std::span(&said, 1)), 8U);
    EXPECT_EQ(wire->said, "good day");
    wire->end();
    EXPECT_TRUE(tunnel->at_end());
}

TEST_F(Rfc1928, Section6EachRefusalIsTold) {
    const std::array<std::string_view, 9> texts = {
        "general failure",       "not allowed by its rules",   "network unreachable",
        "host unreachable",      "connection refused",         "time to live expired",
        "command not supported", "address type not supported", "unknown reply"};
    for (std::size_t i = 0; i < texts.size(); ++i) {
        told.clear();
        open("a.example");
        after(kNoLogin);
        after("\5"s + static_cast<char>(i + 1) + "\0\1"s + std::string(6, '\0'));
        EXPECT_EQ(failure(), "the SOCKS proxy does not connect to a.example:443: " + std::string(texts[i]));
    }
}

TEST_F(Rfc1928, Section3AProxyThatTakesNoneOfTheMethodsIsNoUse) {
    open("a.example");
    after("\5\xff"s);
    EXPECT_EQ(failure(), "the SOCKS proxy wants a name and a password");
    told.clear();
    open("a.example", Login{"me", "secret"});
    after("\5\xff"s);
    EXPECT_EQ(failure(), "the SOCKS proxy takes no password");
    told.clear();
    open("a.example");
    after(kWantsLogin);
    EXPECT_EQ(failure(), "the SOCKS proxy wants a name and a password") << "a method that was not offered";
}

TEST_F(Rfc1928, AnotherVersionOrAnotherAddressTypeIsNoAnswer) {
    open("a.example");
    after("HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_EQ(failure(), "the proxy does not speak SOCKS 5");
    told.clear();
    open("a.example");
    after(kNoLogin);
    after("\4\0\0\1\0\0\0\0\0\0"s);
    EXPECT_EQ(failure(), "the proxy does not speak SOCKS 5");
    told.clear();
    open("a.example");
    after(kNoLogin);
    after("\5\0\0\2\0\0\0\0\0\0"s);
    EXPECT_EQ(failure(), "the SOCKS proxy's reply is malformed");
}

TEST_F(Rfc1928, AnAnswerThatIsCutAnywhereIsNone) {
    const std::string whole = kWantsLogin + kLoginGood + kConnected;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        told.clear();
        open("a.example", Login{"me", "secret"});
        wire->hear(std::string_view(whole).substr(0, size));
        wire->end();
        EXPECT_EQ(failure(), "the SOCKS proxy closed the connection") << size;
    }
}

TEST_F(Rfc1928, AConnectionThatIsLostSaysWhy) {
    open("a.example");
    wire->gone(tcp::Error::timed_out);
    EXPECT_THAT(told, ElementsAre("closed: " + std::string(to_string(tcp::Error::timed_out))));
    EXPECT_EQ(tunnel->failure(), "");
}

TEST_F(Rfc1928, WhatTheConnectionDoesNotTakeAtOnceFollows) {
    const auto open_wire = [this](TransportHandler& handler) {
        auto made = std::make_unique<Wire>(handler);
        wire = made.get();
        wire->room = 0;
        return made;
    };
    tunnel = open_socks_tunnel("a.example", Port{443}, std::nullopt, *this, open_wire);
    wire->connect();
    EXPECT_EQ(wire->said, "");
    wire->room = 2;
    wire->ready();
    EXPECT_EQ(wire->said, "\5\1\0"s);
}

TEST_F(Rfc1929, NameAndPasswordAreSentWhenTheProxyAsks) {
    open("a.example", Login{"me", "secret"});
    EXPECT_EQ(after(kWantsLogin), "\1\2me\6secret"s);
    EXPECT_THAT(after(kLoginGood), HasSubstr("a.example"));
    wire->hear(kConnected);
    EXPECT_THAT(told, ElementsAre("tunnelled to a.example:443", "connected"));
}

TEST_F(Rfc1929, NameAndPasswordAreKeptWhereTheProxyDoesNotAsk) {
    open("a.example", Login{"me", "secret"});
    EXPECT_THAT(after(kNoLogin), testing::Not(HasSubstr("secret")));
}

TEST_F(Rfc1929, AnyStatusButZeroIsARefusal) {
    for (const char status : {'\1', '\x7f', '\xff'}) {
        told.clear();
        open("a.example", Login{"me", "secret"});
        after(kWantsLogin);
        EXPECT_EQ(after("\1"s + status), "");
        EXPECT_EQ(failure(), "the SOCKS proxy does not take this name and password");
    }
}

TEST_F(Rfc1929, WhatOneOctetCanNotTellTheSizeOfIsNotSent) {
    open(std::string(256, 'a'));
    EXPECT_EQ(wire->said, "");
    EXPECT_EQ(failure(), "a host of more than 255 octets can't be sent to a SOCKS proxy");
    for (const Login& login : {Login{std::string(256, 'a'), ""}, Login{"", std::string(256, 'a')}}) {
        told.clear();
        open("a.example", login);
        EXPECT_EQ(failure(), "a name or password of more than 255 octets can't be sent to a SOCKS proxy");
    }
    told.clear();
    open("a.example", Login{std::string(255, 'n'), std::string(255, 'p')});
    EXPECT_EQ(after(kWantsLogin), "\1\xff"s + std::string(255, 'n') + "\xff"s + std::string(255, 'p'));
}

}  // namespace
}  // namespace hourglass::http
