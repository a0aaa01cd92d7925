// RFC 4987, section 3.6: what happens when the half-open queue is full.

#include "tcp/syn_cookie.h"

#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Rfc4987Cookie : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.syn_cookies = SynCookies::always;
    }
    /// One spoofed SYN from each of `count` places, none of which ever answers.
    void flood(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i) {
            const SocketAddress from{IpAddress::v4(0x0b000000 + i / 50'000),
                                     Port(static_cast<std::uint16_t>(1000 + i % 50'000))};
            deliver_from(from, {.flags = "S"});
            while (out() != "nothing") {
            }
        }
    }
    static wire::TcpOptions every_option() {
        wire::TcpOptions o;
        o.mss = 1400;
        o.window_scale = 9;
        o.timestamps = {777, 0};
        o.sack_permitted = true;
        return o;
    }
};

TEST_F(Rfc4987Cookie, ASynIsAnsweredAndNothingIsKept) {
    listen();
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(stack().size(), 0u);
    EXPECT_EQ(stack().next_deadline(), kNever);
    pass(1min);
    EXPECT_EQ(out(), "nothing") << "it is not sent again: nobody remembers it";
}

TEST_F(Rfc4987Cookie, TheThirdSegmentBringsTheConnectionBackWithItsData) {
    listen();
    in({.flags = "S"});
    out();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "GET /"});
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(app.received, "GET /");
    EXPECT_EQ(app.stream.info().bytes_received, 5u);
    send("hello");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=6 len=5");
}

TEST_F(Rfc4987Cookie, SegmentSizeIsOneOfEightNotAboveThePeers) {
    listen();
    wire::TcpOptions o;
    o.mss = 1400;
    in({.flags = "S", .options = o});
    out();
    in({.flags = ".", .seq = 1, .ack = 1});
    send(std::string(3000, 'x'));
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1360");
}

TEST_F(Rfc4987Cookie, TimestampsCarryTheWindowScaleAndSack) {
    settings.timestamps = settings.window_scaling = true;
    listen();
    in({.flags = "S", .options = every_option()});
    ASSERT_EQ(out(), "S. seq=0 ack=1 len=0");
    ASSERT_TRUE(last_header.options.window_scale && last_header.options.timestamps);
    const std::uint32_t stamp = last_header.options.timestamps->value;
    EXPECT_EQ(last_header.options.timestamps->echo_reply, 777u);

    now += 5ms;
    wire::TcpOptions o;
    o.timestamps = {778, stamp};
    in({.flags = ".", .seq = 1, .ack = 1, .win = 100, .options = o});
    ASSERT_EQ(state(), State::established);
    EXPECT_EQ(app.stream.info().snd_wnd, 100u << 9);
    EXPECT_TRUE(app.stream.info().sack);
    send("x");
    poll();
    out();
    EXPECT_GE(static_cast<std::int32_t>(last_header.options.timestamps->value - stamp), 0)
        << "the clock went backwards";
}

TEST_F(Rfc4987Cookie, WithoutTimestampsNeitherIsAgreedTo) {
    settings.window_scaling = true;
    listen();
    wire::TcpOptions o;
    o.window_scale = 9;
    o.sack_permitted = true;
    in({.flags = "S", .options = o});
    out();
    EXPECT_FALSE(last_header.options.window_scale);
    EXPECT_FALSE(last_header.options.sack_permitted);
}

TEST_F(Rfc4987Cookie, AGuessIsAnsweredWithReset) {
    listen();
    in({.flags = "S"});
    out();
    for (std::uint32_t guess = 2; guess < 1000; ++guess) {
        in({.flags = ".", .seq = 1, .ack = guess * 977});
        EXPECT_EQ(out().substr(0, 2), "R ");
    }
    EXPECT_EQ(stack().size(), 0u);
    EXPECT_EQ(stack().counters().syn_cookies_failed, 998u);
}

TEST_F(Rfc4987Cookie, AnotherSequenceNumberOfThePeerIsNotTheOneThatWasAnswered) {
    listen();
    in({.flags = "S"});
    out();
    in({.flags = ".", .seq = 2, .ack = 1});
    EXPECT_EQ(out(), "R seq=1 ack=0 len=0");
}

TEST_F(Rfc4987Cookie, ItIsGoodForAMinuteAndNotForThree) {
    listen();
    in({.flags = "S"});
    out();
    now += 60s;
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(state(), State::established);

    deliver_from({peer.address, Port(6000)}, {.flags = "S"});
    poll();
    out();
    now += 3min;
    deliver_from({peer.address, Port(6000)}, {.flags = ".", .seq = 1, .ack = 1});
    poll();
    EXPECT_EQ(out(), "R seq=1 ack=0 len=0");
}

TEST_F(Rfc4987Cookie, NoCookieIsBelievedWhenNoneIsOut) {
    settings.syn_cookies = SynCookies::when_full;
    listen();
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(out().substr(0, 2), "R ");
    EXPECT_EQ(stack().counters().syn_cookies_failed, 0u) << "not even looked at";
}

TEST_F(Rfc4987Cookie, AFullAcceptQueueDropsTheThirdSegmentWithoutAReset) {
    app.accepts = false;
    listen({.accept_queue = 1});
    for (const std::uint16_t port : {std::uint16_t{6000}, std::uint16_t{6001}}) {
        deliver_from({peer.address, Port(port)}, {.flags = "S"});
        poll();
    }
    out();
    const Seq first = our_iss;
    out();
    const Seq second = our_iss;
    our_iss = first;
    deliver_from({peer.address, Port(6000)}, {.flags = ".", .seq = 1, .ack = 1});
    our_iss = second;
    deliver_from({peer.address, Port(6001)}, {.flags = ".", .seq = 1, .ack = 1});
    poll();
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(stack().size(), 1u);
    EXPECT_EQ(stack().counters().dropped_accept_full, 1u);
}

TEST_F(Rfc4987Cookie, AClientConnectsDuringAFloodOfAMillionSyns) {
    settings.syn_cookies = SynCookies::when_full;
    settings.max_half_open = 1024;
    listen();
    flood(500'000);
    EXPECT_EQ(stack().size(), 1024u);
    in({.flags = "S"});
    ASSERT_EQ(out(), "S. seq=0 ack=1 len=0");
    const Seq iss = our_iss;
    flood(500'000);
    our_iss = iss;
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "still here"});
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(app.received, "still here");
    EXPECT_EQ(stack().size(), 1025u) << "memory does not grow with the flood";
    app.stream.abort();
    poll();
}

TEST(SynCookie, CarriesEveryCombinationOfOptions) {
    const SipKey secret{3, 4};
    const FlowKey flow{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), Port(80), Port(5000)};
    const Instant now{100h};
    for (const int mss : {64, 536, 1220, 1360, 1440, 1460, 4312, 8960}) {
        for (int scale = -1; scale <= 14; ++scale) {
            for (const bool sack : {false, true}) {
                SynCookie sent{.mss = static_cast<std::uint16_t>(mss), .sack_permitted = sack};
                if (scale >= 0) sent.window_scale = static_cast<std::uint8_t>(scale);
                const Seq iss = sent.sequence_number(secret, flow, Seq(99), now);
                SynCookie back = SynCookie::from_timestamp(0xabcdef00 | sent.timestamp_bits());
                ASSERT_TRUE(back.restore(iss, secret, flow, Seq(99), now + 63s));
                EXPECT_EQ(back.mss, mss);
                EXPECT_EQ(back.window_scale, sent.window_scale);
                EXPECT_EQ(back.sack_permitted, sack);
            }
        }
    }
}

}  // namespace
}  // namespace hourglass::tcp::testing
