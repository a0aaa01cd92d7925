#include <set>

#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Attack : public Single {};

TEST_F(Attack, AResetInTheWindowButNotExactIsChallenged_Rfc5961_3_2) {
    accept_connection();
    in({.flags = "R", .seq = 100});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(state(), State::established);
}

TEST_F(Attack, AResetOutsideTheWindowIsDropped) {
    accept_connection();
    in({.flags = "R", .seq = 100'000});
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(state(), State::established);
}

TEST_F(Attack, ASynInAConnectionIsChallenged_Rfc5961_4_2) {
    accept_connection();
    in({.flags = "S", .seq = 50});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    pass(500ms);
    in({.flags = "S", .seq = 900'000});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(state(), State::established);
}

TEST_F(Attack, AnAckOfTheFutureIsChallengedAndItsDataDropped_Rfc5961_5_2) {
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 5000, .data = "evil"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(app.received, "");
}

TEST_F(Attack, AnAckOlderThanTheLargestWindowIsChallenged_Rfc5961_5_2) {
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 1u - 70'000, .data = "evil"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(app.received, "");
}

TEST_F(Attack, ChallengesHaveARateLimit_Rfc5961_7) {
    settings.challenge_acks_per_second = 10;
    settings.challenge_ack_interval = 0ms;
    accept_connection();
    for (int i = 0; i < 1000; ++i) in({.flags = "R", .seq = 100});
    int answers = 0;
    while (out() != "nothing") ++answers;
    EXPECT_LE(answers, 10);
    EXPECT_GE(answers, 5);
}

TEST_F(Attack, TheLimitOfChallengesVaries_Rfc5961_10) {
    settings.challenge_acks_per_second = 100;
    settings.challenge_ack_interval = 0ms;
    accept_connection();
    std::set<int> limits;
    for (int second = 0; second < 10; ++second) {
        for (int i = 0; i < 200; ++i) in({.flags = "R", .seq = 100});
        int answers = 0;
        while (out() != "nothing") ++answers;
        limits.insert(answers);
        pass(1s);
    }
    EXPECT_GE(limits.size(), 5u) << "what is left of a number that everybody knows tells what others were sent";
}

TEST_F(Attack, OneConnectionAnswersTwiceASecondAtMost) {
    accept_connection();
    in({.flags = "R", .seq = 100});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    pass(499ms);
    in({.flags = "R", .seq = 100});
    EXPECT_EQ(out(), "nothing");
    pass(1ms);
    in({.flags = "R", .seq = 100});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
}

TEST_F(Attack, TwoEndsThatDisagreeDoNotAcknowledgeForEver) {
    accept_connection();
    in({.flags = ".", .seq = 900'000, .ack = 1});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    in({.flags = ".", .seq = 900'000, .ack = 1});
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 900'000, .ack = 1, .data = "old data"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0") << "data that comes again is always answered";
}

TEST_F(Attack, AResetDoesNotEndTimeWait_Rfc1337_3) {
    accept_connection();
    app.stream.close();
    poll();
    out();
    in({.flags = "F.", .seq = 1, .ack = 2});
    EXPECT_EQ(out(), ". seq=2 ack=2 len=0");
    in({.flags = "R", .seq = 2});
    EXPECT_EQ(stack().size(), 1u);
}

TEST_F(Attack, OverlappingOctetsOfAnotherContentDoNotReplaceTheFirst) {
    accept_connection();
    in({.flags = ".", .seq = 4, .ack = 1, .data = "def"});
    in({.flags = ".", .seq = 3, .ack = 1, .data = "CDEFG"});
    in({.flags = ".", .seq = 1, .ack = 1, .data = "ab"});
    EXPECT_EQ(app.received, "abCdefG");
}

TEST_F(Attack, SegmentsAboveAGapHaveALimitInNumber) {
    settings.receive_buffer = 65535;
    accept_connection();
    for (std::uint32_t i = 0; i < 2000; ++i) in({.flags = ".", .seq = 3 + 2 * i, .ack = 1, .data = "x"});
    while (out() != "nothing") {
    }
    EXPECT_GT(stack().counters().dropped_reassembly_full, 0u);
    EXPECT_LT(pool.in_use(), 70u) << "blocks of 2 KiB";
}

TEST_F(Attack, SegmentsWithoutAckAreDropped_Rfc9293_3_10_7_4_Fifth) {
    accept_connection();
    in({.flags = "P", .seq = 1, .data = "no ack"});
    EXPECT_EQ(app.received, "");
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Attack, OldTimestampsAreDropped_Rfc7323_5) {
    settings.timestamps = true;
    wire::TcpOptions o;
    o.timestamps = {{1000, 0}};
    accept_connection(o);
    o.timestamps = {{2000, 0}};
    in({.flags = ".", .seq = 1, .ack = 1, .data = "new", .options = o});
    EXPECT_EQ(app.received, "new");
    o.timestamps = {{1500, 0}};
    in({.flags = ".", .seq = 4, .ack = 1, .data = "old", .options = o});
    EXPECT_EQ(app.received, "new");
    EXPECT_EQ(stack().counters().dropped_paws, 1u);
}

TEST_F(Attack, AddressesOfManyHostsAreNotAnswered_Rfc9293_Must57) {
    listen();
    deliver_from({IpAddress::v4(224, 0, 0, 1), Port(5)}, {.flags = "S"});
    deliver_from({IpAddress::v4(255, 255, 255, 255), Port(5)}, {.flags = "S"});
    poll();
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(stack().counters().dropped_not_for_us, 2u);
}

TEST_F(Attack, ABadChecksumIsCountedAndDropped) {
    Packet p = pool.packet(20);
    wire::TcpHeader{.source_port = peer.port, .destination_port = us.port, .flags = wire::TcpFlags::kSyn}.emit(
        p.append(20));
    listen();
    stack().receive(std::move(p), peer.address, us.address, now);
    poll();
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(stack().counters().dropped_checksum, 1u);
}

TEST_F(Attack, ATruncatedHeaderIsCountedAndDropped) {
    Packet p = pool.packet(10);
    std::ranges::fill(p.append(10), std::byte{0xff});
    stack().receive(std::move(p), peer.address, us.address, now);
    EXPECT_EQ(stack().counters().dropped_malformed, 1u);
}

TEST_F(Attack, AnAbsurdlySmallMssIsRaised) {
    wire::TcpOptions o;
    o.mss = 1;
    accept_connection(o);
    send(std::string(640, 'x'));
    poll();
    int segments = 0;
    while (out() != "nothing") ++segments;
    EXPECT_EQ(segments, 10);
}

}  // namespace
}  // namespace hourglass::tcp::testing
