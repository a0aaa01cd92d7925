// Accurate ECN feedback: RFC 9768, the option, the guard of the three-bit count, and what a network does to it. The
// negotiation is in ecn_test.cpp.

#include <gtest/gtest.h>

#include "single.h"
#include "tcp/accurate_ecn.h"

namespace hourglass::tcp::testing {
namespace {

using wire::Ecn;
using Octets = std::vector<std::uint8_t>;

// --- The option's octets (section 3.2.3)

std::optional<EcnOctets> read(const Octets& options, const EcnOctets& known = {}) {
    return accurate_ecn_option::read(wire::TcpOptionList(std::as_bytes(std::span(options))), known);
}

Octets written(std::size_t size, const EcnOctets& counts, bool ect1) {
    Octets out(size);
    accurate_ecn_option::emit(std::as_writable_bytes(std::span(out)), counts, ect1);
    return out;
}

TEST(Rfc9768Option, BothOrdersHaveTheMarksInTheMiddle_3_2_3) {
    const EcnOctets counts{.ect0 = 0x010203, .ce = 0x040506, .ect1 = 0x070809};
    EXPECT_EQ(written(12, counts, false), (Octets{1, 172, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(written(12, counts, true), (Octets{1, 174, 11, 7, 8, 9, 4, 5, 6, 1, 2, 3}));
    EXPECT_EQ(written(8, counts, false), (Octets{172, 8, 1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(read(written(12, counts, false)), counts);
    EXPECT_EQ(read(written(12, counts, true)), counts);
}

TEST(Rfc9768Option, AShorterOptionLeavesTheOtherCountersAsTheyWere_3_2_3) {
    const EcnOctets known{.ect0 = 100, .ce = 200, .ect1 = 300};
    EXPECT_EQ(read({172, 2}, known), known);
    EXPECT_EQ(read({172, 5, 0, 0, 9}, known), (EcnOctets{.ect0 = 9, .ce = 200, .ect1 = 300}));
    EXPECT_EQ(read({174, 5, 0, 0, 9}, known), (EcnOctets{.ect0 = 100, .ce = 200, .ect1 = 9}));
    EXPECT_EQ(read({174, 8, 0, 0, 9, 0, 0, 8}, known), (EcnOctets{.ect0 = 100, .ce = 8, .ect1 = 9}));
}

TEST(Rfc9768Option, ALengthThatNoneHasIsNoOption_3_2_3) {
    EXPECT_FALSE(read({172, 4, 0, 0}));
    EXPECT_FALSE(read({172, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_FALSE(read({8, 10, 0, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_FALSE(read({172, 11, 0}));
}

TEST(Rfc9768Option, ItTakesTheRoomThereIs) {
    EXPECT_EQ(accurate_ecn_option::size_for(40), 12u);
    EXPECT_EQ(accurate_ecn_option::size_for(11), 8u);
    EXPECT_EQ(accurate_ecn_option::size_for(7), 0u);
}

// --- The guard of the count (section 3.2.2.5.2, appendix A.2)

TEST(Rfc9768Option, SevenSegmentsCantTakeTheCountRound_A_2) {
    EXPECT_EQ(marked_segments(3, 7, std::nullopt, 1000, false), 3u);
    EXPECT_EQ(marked_segments(0, 1, std::nullopt, 1000, false), 0u);
}

TEST(Rfc9768Option, MoreMayHaveAndTheMostIsAssumed_A_2_1) {
    EXPECT_EQ(marked_segments(0, 8, std::nullopt, 1000, false), 8u);
    EXPECT_EQ(marked_segments(1, 8, std::nullopt, 1000, false), 1u);
    EXPECT_EQ(marked_segments(2, 20, std::nullopt, 1000, false), 18u);
}

TEST(Rfc9768Option, OctetsTellWhetherItDid_A_2_2) {
    EXPECT_EQ(marked_segments(0, 20, 0, 1000, false), 0u);
    EXPECT_EQ(marked_segments(2, 20, 2000, 1000, false), 2u);
    EXPECT_EQ(marked_segments(2, 20, 10'000, 1000, false), 18u);
}

TEST(Rfc9768Option, FewAcknowledgementsAsARuleAreNoSignOfLostOnes_3_2_2_5_2) {
    EXPECT_EQ(marked_segments(0, 20, std::nullopt, 1000, true), 0u);
}

// --- In a connection

/// `Single` with the octets of accurate ECN: what comes may carry the option, and what is sent is asked for it.
class Rfc9768Connection : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.ecn = EcnUse::accurate;
        settings.congestion = Congestion::new_reno;
        settings.slow_start_limit = 0;
        settings.quick_acks = 0;
    }
    void send_segment(Packet&& segment, const IpAddress& source, const IpAddress& destination) override {
        const auto view = wire::TcpView::parse(std::as_const(segment).bytes());
        const auto octets = view->option_bytes();
        options_.emplace_back(reinterpret_cast<const std::uint8_t*>(octets.data()),
                              reinterpret_cast<const std::uint8_t*>(octets.data()) + octets.size());
        Single::send_segment(std::move(segment), source, destination);
    }
    /// The counters that the next segment tells; nothing without the option.
    std::optional<EcnOctets> told() {
        const Octets options = options_.at(taken_);
        next();
        return read(options);
    }
    std::string next() {
        ++taken_;
        return out();
    }
    void skip_all() {
        while (taken_ < options_.size()) next();
    }
    void accept(const std::string& answer = ".W") {
        listen();
        in({.flags = "SEWe", .options = {.mss = 1000}});
        syn_ack = told();
        in({.flags = answer, .seq = 1, .ack = 1});
    }
    void connect_to(const std::string& syn_ack_flags = "S.W") {
        connect();
        next();
        in({.flags = syn_ack_flags, .ack = 1, .options = {.mss = 1000}});
        third = told();
    }
    void data(std::uint32_t seq, std::string text, Ecn field) {
        in({.flags = "P.", .seq = seq, .ack = 1, .data = std::move(text), .ecn = field});
    }
    /// An acknowledgement with a count of marked segments, and octets.
    void ack(std::uint32_t number, unsigned count, std::optional<EcnOctets> octets = {}) {
        Octets raw;
        if (octets) raw = written(12, *octets, false);
        wire::TcpHeader h{.source_port = peer.port,
                          .destination_port = us.port,
                          .seq = Seq(kPeerIss + 1),
                          .ack = our_iss + number,
                          .flags = wire::TcpFlags::kAck,
                          .window = 65535};
        if ((count & 4) != 0) h.flags |= wire::TcpFlags::kAe;
        if ((count & 2) != 0) h.flags |= wire::TcpFlags::kCwr;
        if ((count & 1) != 0) h.flags |= wire::TcpFlags::kEce;
        Packet p = pool.packet(20 + raw.size());
        h.emit_with(p.append(20 + raw.size()), std::as_bytes(std::span(raw)));
        wire::store_be16(
            p.bytes().data() + wire::TcpHeader::kChecksumOffset,
            wire::transport_checksum(peer.address, us.address, wire::IpProtocol::tcp, std::as_const(p).bytes()));
        stack().receive(std::move(p), peer.address, us.address, now);
        poll();
    }
    void send_segments(std::uint32_t n) {
        send(std::string(n * 1000, 'x'));
        poll();
        skip_all();
    }
    std::uint64_t marks() { return stack().counters().congestion_marks; }

    std::optional<EcnOctets> syn_ack, third;

  private:
    std::vector<Octets> options_;
    std::size_t taken_ = 0;
};

TEST_F(Rfc9768Connection, TheSynAckAndTheThirdSegmentTellWhereTheCountersBegin_3_2_3_2) {
    accept();
    EXPECT_EQ(syn_ack, EcnOctets{});
}

TEST_F(Rfc9768Connection, AndTheThirdSegmentToo_3_2_3_2) {
    connect_to();
    EXPECT_EQ(third, EcnOctets{});
}

TEST_F(Rfc9768Connection, ASynAckThatIsSentAgainDoesWithout_3_2_3_2_1) {
    accept();
    const Wire syn{.flags = "SEWe", .options = {.mss = 1000}};
    deliver_from({peer.address, Port(5001)}, syn);
    poll();
    next();
    pass(1s);
    EXPECT_EQ(told(), std::nullopt) << "somebody on the way may not like it";
}

TEST_F(Rfc9768Connection, OctetsCountByTheFieldTheyCameWith_3_2_1) {
    accept();
    data(1, "aaaa", Ecn::ect0);
    data(5, "bbb", Ecn::ect0);
    EXPECT_EQ(told(), (EcnOctets{.ect0 = 8, .ce = 0, .ect1 = 1}));
    data(8, "cc", Ecn::ce);
    EXPECT_EQ(told(), (EcnOctets{.ect0 = 8, .ce = 2, .ect1 = 1})) << "a change is told at once";
    data(10, "d", Ecn::ect1);
    EXPECT_EQ(told(), (EcnOctets{.ect0 = 8, .ce = 2, .ect1 = 2})) << "and the next";
}

TEST_F(Rfc9768Connection, WhatDoesNotChangeIsNotRepeated_3_2_3_3) {
    accept();
    data(1, "aaaa", Ecn::not_ect);
    data(5, "bbb", Ecn::not_ect);
    EXPECT_EQ(told(), std::nullopt);
}

TEST_F(Rfc9768Connection, MarksBeyondThreeBitsAreAcknowledgedInBetween_3_2_2_5_1) {
    accept();
    for (std::uint32_t i = 0; i < 9; ++i) deliver({.flags = ".", .seq = 1 + i, .ack = 1, .data = "x", .ecn = Ecn::ce});
    poll();
    EXPECT_EQ(next(), ".e seq=1 ack=8 len=0") << "5 and 7: 4, before the count would go round";
    EXPECT_EQ(next(), ".We seq=1 ack=10 len=0") << "5 and 9: 6";
}

TEST_F(Rfc9768Connection, DataMakesRoomForTheOption) {
    accept();
    data(1, "aaaa", Ecn::ect0);
    send(std::string(1000, 'x'));
    poll();
    EXPECT_EQ(next(), ".Ee seq=1 ack=5 len=988") << "12 octets of 1,000";
    skip_all();
}

TEST_F(Rfc9768Connection, OctetsThatAreMarkedAreCongestion_3_2_3) {
    connect_to();
    send_segments(4);
    ack(1001, 5, EcnOctets{.ect0 = 1001});
    EXPECT_EQ(marks(), 0u);
    ack(2001, 6, EcnOctets{.ect0 = 1001, .ce = 1000});
    EXPECT_EQ(marks(), 1u);
    skip_all();
}

TEST_F(Rfc9768Connection, OneAcknowledgementOfManySegmentsMayHideATurn_3_2_2_5_2) {
    connect_to();
    send_segments(10);
    ack(10'001, 5);
    EXPECT_EQ(marks(), 1u) << "the same count: none marked, or eight";
    skip_all();
}

TEST_F(Rfc9768Connection, WithOctetsItHidesNothing_A_2_2) {
    connect_to();
    send_segments(10);
    ack(10'001, 5, EcnOctets{.ect0 = 10'001});
    EXPECT_EQ(marks(), 0u);
    skip_all();
}

TEST_F(Rfc9768Connection, AnAcknowledgementThatWasOvertakenTellsNothing_3_2_2_5) {
    connect_to();
    send_segments(4);
    ack(3001, 5);
    ack(1001, 4);
    EXPECT_EQ(marks(), 0u) << "not seven new marks";
    ack(4001, 5);
    EXPECT_EQ(marks(), 0u);
    skip_all();
}

TEST_F(Rfc9768Connection, CountersThatBeginAtZeroWereClearedOnTheWay_3_2_3_2_4) {
    connect_to();
    send_segments(10);
    ack(1001, 5, EcnOctets{.ect0 = 0, .ce = 0, .ect1 = 0});
    ack(9001, 5, EcnOctets{.ect0 = 1001, .ce = 0, .ect1 = 1});
    EXPECT_EQ(marks(), 1u) << "they are not read any more: eight may have been marked";
    skip_all();
}

TEST_F(Rfc9768Connection, ACountOfZeroInTheFirstSegmentEndsEctOfOurs_3_2_2_4) {
    connect_to();
    send_segments(1);
    EXPECT_EQ(last_ecn, Ecn::ect0);
    ack(1001, 0);
    send_segments(1);
    EXPECT_EQ(last_ecn, Ecn::not_ect);
    EXPECT_EQ(marks(), 0u) << "what a cleared field says is no mark";
    skip_all();
}

TEST_F(Rfc9768Connection, ASynThatCameAsSomethingElseEndsEctOfOurs_3_2_2_3) {
    connect_to("S.e");
    send_segments(1);
    EXPECT_EQ(last_ecn, Ecn::not_ect) << "sent as not ECN-capable, arrived as ECT(0)";
    data(1, "aaaa", Ecn::ect0);
    data(5, "bbb", Ecn::ect0);
    EXPECT_EQ(told(), (EcnOctets{.ect0 = 8, .ce = 0, .ect1 = 1})) << "the peer's data is still counted";
    skip_all();
}

TEST_F(Rfc9768Connection, ASynAckThatCameAsSomethingElseToo_3_2_2_3) {
    accept(".We");
    send_segments(1);
    EXPECT_EQ(last_ecn, Ecn::not_ect) << "110: it came with a mark";
}

}  // namespace
}  // namespace hourglass::tcp::testing
