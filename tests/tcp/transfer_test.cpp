#include "tcp/connection.h"
#include "tcp/pair.h"

namespace hourglass::tcp::testing {
namespace {

struct Transfer : ::testing::Test {
    /// `client` sends `up` octets, `server` `down`; both close when they have sent and read all.
    void run(Pair& p, std::size_t up, std::size_t down, Port from = Port(0)) {
        client.to_send = up;
        server.to_send = down;
        if (!p.b.listener.exists()) p.b.listener = *p.b.stack.listen({p.b.address, Port(80)}, {.handler = &server});
        ASSERT_TRUE(p.a.stack.connect({p.b.address, Port(80)}, {.local = {{}, from}, .handler = &client}));
        p.run_until([&] { return client.closed && server.closed; });
        EXPECT_TRUE(client.closed && server.closed);
        EXPECT_EQ(client.error, Error::none);
        EXPECT_EQ(server.error, Error::none);
        EXPECT_EQ(server.received, up);
        EXPECT_EQ(client.received, down);
        EXPECT_TRUE(client.intact && server.intact);
        p.run(10min);
        EXPECT_EQ(p.a.stack.size() + p.b.stack.size(), 0u);
        EXPECT_EQ(std::min(p.a.stack.next_deadline(), p.b.stack.next_deadline()), kNever) << "no timer is left";
        EXPECT_EQ(p.pool.in_use(), 0u);
    }
    Worker client, server;
};

TEST_F(Transfer, OneMegabyteBothWays) {
    Pair p;
    run(p, 1'000'000, 1'000'000);
    EXPECT_EQ(p.a.stack.counters().retransmitted, 0u);
}

// After 4 GiB an acknowledgement may end where the SYN was: there is data now.
TEST(SequenceNumbersThatComeRound, TheSynTookItsNumberOnce) {
    Connection c;
    c.iss = c.snd_una = Seq(7);
    EXPECT_EQ(c.data_begin(), Seq(8));
    c.advance_snd_una(Seq(8));
    c.advance_snd_una(Seq(6));
    EXPECT_EQ(c.data_begin(), Seq(6));
    c.advance_snd_una(Seq(7));
    EXPECT_EQ(c.data_begin(), Seq(7));
}

TEST_F(Transfer, NothingAtAll) {
    Pair p;
    run(p, 0, 0);
}

TEST_F(Transfer, ATinyMtu) {
    Pair p;
    p.mtu = 68;
    run(p, 20'000, 3);
}

TEST_F(Transfer, ASmallWindowWithoutScaling) {
    Settings s;
    s.window_scaling = false;
    s.receive_buffer = 3000;
    Pair p(s);
    run(p, 200'000, 100'000);
}

TEST_F(Transfer, OneLossIsRepairedByFastRetransmit_Rfc5681_3_2) {
    Pair p;
    p.a.rule = [](auto&, std::size_t n) { return n != 30; };
    run(p, 500'000, 0);
    EXPECT_EQ(p.a.stack.counters().fast_retransmits, 1u);
    EXPECT_EQ(p.a.stack.counters().retransmitted, 1u);
}

TEST_F(Transfer, SeveralLossesInOneWindowAreRepairedInOneRecovery_Rfc6582) {
    Pair p;
    p.a.rule = [](auto&, std::size_t n) { return n != 83 && n != 86 && n != 89; };
    run(p, 500'000, 0);
    EXPECT_EQ(p.a.stack.counters().fast_retransmits, 1u);
    EXPECT_EQ(p.a.stack.counters().retransmitted, 3u);
}

TEST_F(Transfer, EveryTenthSegmentLost) {
    Pair p;
    p.a.rule = p.b.rule = [](auto&, std::size_t n) { return n % 10 != 9; };
    run(p, 300'000, 300'000);
}

TEST_F(Transfer, NewRenoDoesTheSame) {
    Settings s;
    s.congestion = Congestion::new_reno;
    Pair p(s);
    p.a.rule = p.b.rule = [](auto&, std::size_t n) { return n % 17 != 9; };
    run(p, 300'000, 300'000);
}

TEST_F(Transfer, SequenceNumbersWrap) {
    // The ISS follows the clock (RFC 6528): one connection shows where it is, the next begins just before the wrap.
    Pair p;
    Seq iss;
    bool wrapped = false;
    p.a.rule = [&](const wire::TcpView& v, std::size_t) {
        if (v.flags().syn()) iss = v.seq();
        wrapped = wrapped || v.seq().raw() < iss.raw();
        return true;
    };
    run(p, 10, 10, Port(50'000));
    ASSERT_FALSE(wrapped);
    const auto elapsed = p.now - Instant(1h);
    p.now += std::chrono::microseconds(4) * (0u - iss.raw() - 1'000'000) - elapsed;
    client = {};
    server = {};
    run(p, 3'000'000, 2'000'000, Port(50'000));
    EXPECT_TRUE(wrapped);
}

}  // namespace
}  // namespace hourglass::tcp::testing
