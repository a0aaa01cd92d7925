// Explicit congestion notification: RFC 3168, and the negotiation and count of RFC 9768.

#include <gtest/gtest.h>

#include "single.h"

namespace hourglass::tcp::testing {
namespace {

using wire::Ecn;

class Rfc3168 : public Single {
  public:
    void connect_with(EcnUse use, const std::string& answer) {
        settings.ecn = use;
        settings.slow_start_limit = 0;
        connect();
        out();
        in({.flags = answer, .ack = 1, .options = {.mss = 1000}});
        EXPECT_EQ(out(), expected_third);
    }
    void accept_with(EcnUse use, const std::string& syn) {
        settings.ecn = use;
        listen();
        in({.flags = syn, .options = {.mss = 1000}});
        syn_ack = out();
        in({.flags = third, .seq = 1, .ack = 1});
    }
    std::string third = ".";
    std::string expected_third = ". seq=1 ack=1 len=0";
    std::string syn_ack;
};
using Rfc9768 = Rfc3168;

TEST_F(Rfc3168, ASynAsksOnlyWhenToldTo_6_1_1) {
    settings.ecn = EcnUse::accept;
    connect();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
}

TEST_F(Rfc3168, ARequestIsEceAndCwrAndItsGrantEceAlone_6_1_1) {
    settings.ecn = EcnUse::request;
    connect();
    EXPECT_EQ(out(), "SEW seq=0 ack=0 len=0");
    in({.flags = "S.E", .ack = 1, .options = {.mss = 1000}});
    out();
    send(std::string(1000, 'x'));
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=1000");
    EXPECT_EQ(last_ecn, Ecn::ect0);
}

TEST_F(Rfc3168, APeerThatGrantsNothingGetsNoMarksToCarry_6_1_1) {
    connect_with(EcnUse::request, "S.");
    send(std::string(1000, 'x'));
    poll();
    out();
    EXPECT_EQ(last_ecn, Ecn::not_ect);
}

TEST_F(Rfc3168, ASynAckWithBothBitsIsNoGrant_6_1_1) {
    connect_with(EcnUse::request, "S.EW");
    send(std::string(1000, 'x'));
    poll();
    out();
    EXPECT_EQ(last_ecn, Ecn::not_ect);
}

TEST_F(Rfc3168, ASynThatIsLostComesAgainWithoutTheRequest_6_1_1_1) {
    settings.ecn = EcnUse::request;
    connect();
    EXPECT_EQ(out(), "SEW seq=0 ack=0 len=0");
    pass(1s);
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
}

TEST_F(Rfc3168, ARequestIsGrantedUnlessOff_6_1_1) {
    accept_with(EcnUse::accept, "SEW");
    EXPECT_EQ(syn_ack, "S.E seq=0 ack=1 len=0");
}

TEST_F(Rfc3168, ACookieGrantsNothingForNobodyWouldRememberIt) {
    settings.syn_cookies = SynCookies::always;
    settings.ecn = EcnUse::accept;
    listen();
    in({.flags = "SEW", .options = {.mss = 1000}});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
}

TEST_F(Rfc3168, OffMeansOff) {
    accept_with(EcnUse::off, "SEW");
    EXPECT_EQ(syn_ack, "S. seq=0 ack=1 len=0");
}

TEST_F(Rfc3168, AMarkIsEchoedUntilTheSenderSaysItHasHeard_6_1_3) {
    accept_with(EcnUse::accept, "SEW");
    in({.flags = ".", .seq = 1, .ack = 1, .data = "a", .ecn = Ecn::ce});
    EXPECT_EQ(out(), ".E seq=1 ack=2 len=0") << "at once";
    in({.flags = ".", .seq = 2, .ack = 1, .data = "b", .ecn = Ecn::ect0});
    in({.flags = ".", .seq = 3, .ack = 1, .data = "c", .ecn = Ecn::ect0});
    EXPECT_EQ(out(), ".E seq=1 ack=4 len=0") << "and again";
    in({.flags = ".W", .seq = 4, .ack = 1, .data = "d", .ecn = Ecn::ect0});
    in({.flags = ".", .seq = 5, .ack = 1, .data = "e", .ecn = Ecn::ect0});
    EXPECT_EQ(out(), ". seq=1 ack=6 len=0") << "CWR ends it";
}

TEST_F(Rfc3168, AnEchoReducesTheWindowOnceAWindowAndIsAnsweredWithCwr_6_1_2) {
    settings.congestion = Congestion::new_reno;
    connect_with(EcnUse::request, "S.E");
    send(std::string(30'000, 'x'));
    poll();
    while (out() != "nothing") {
    }
    in({.flags = ".E", .seq = 1, .ack = 1001});
    EXPECT_EQ(app.stream.info().ssthresh, 8000u) << "RFC 8511: eight tenths of ten segments";
    in({.flags = ".E", .seq = 1, .ack = 2001});
    in({.flags = ".E", .seq = 1, .ack = 3001});
    EXPECT_EQ(app.stream.info().ssthresh, 8000u) << "not again in this window";
    EXPECT_EQ(stack().counters().congestion_marks, 1u);
    EXPECT_EQ(out(), ".W seq=10001 ack=1 len=1000");
    in({.flags = ".", .seq = 1, .ack = 6001});
    EXPECT_EQ(out(), ". seq=11001 ack=1 len=1000") << "said once";
    while (out() != "nothing") {
    }
}

TEST_F(Rfc3168, TheEchoThatAcknowledgesTheWholeWindowIsOfTheSameMark_6_1_2) {
    settings.congestion = Congestion::new_reno;
    connect_with(EcnUse::request, "S.E");
    send(std::string(10'000, 'x'));
    poll();
    while (out() != "nothing") {
    }
    in({.flags = ".E", .seq = 1, .ack = 2001});
    EXPECT_EQ(app.stream.info().ssthresh, 8000u);
    in({.flags = ".E", .seq = 1, .ack = 10'001});
    EXPECT_EQ(app.stream.info().ssthresh, 8000u) << "the peer could not see CWR yet";
}

TEST_F(Rfc3168, WhatIsSentAgainIsNotEcnCapable_6_1_5) {
    connect_with(EcnUse::request, "S.E");
    send(std::string(1000, 'x'));
    poll();
    out();
    EXPECT_EQ(last_ecn, Ecn::ect0);
    pass(2s);
    out();
    EXPECT_EQ(last_ecn, Ecn::not_ect);
    while (out() != "nothing") {
    }
}

TEST_F(Rfc3168, PureAcknowledgementsAreNotEcnCapable_6_1_4) {
    accept_with(EcnUse::accept, "SEW");
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "a"});
    pass(100ms);
    out();
    EXPECT_EQ(last_ecn, Ecn::not_ect);
}

TEST_F(Rfc9768, AnAccurateRequestHasAllThreeBits_3_1_1) {
    settings.ecn = EcnUse::accurate;
    connect();
    EXPECT_EQ(out(), "SEWe seq=0 ack=0 len=0");
}

TEST_F(Rfc9768, TheSynAckTellsHowTheSynCame_3_1_2) {
    accept_with(EcnUse::accurate, "SEWe");
    EXPECT_EQ(syn_ack, "S.W seq=0 ack=1 len=0") << "010: not ECN-capable";
}

TEST_F(Rfc9768, APeerThatOnlyKnowsTheOldWayGetsIt_3_1_2) {
    connect_with(EcnUse::accurate, "S.E");
    send(std::string(1000, 'x'));
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=1000") << "no count: bits are clear";
    EXPECT_EQ(last_ecn, Ecn::ect0);
}

TEST_F(Rfc9768, TheThirdSegmentTellsHowTheSynAckCame_3_2_2_1) {
    expected_third = ".W seq=1 ack=1 len=0";
    connect_with(EcnUse::accurate, "S.W");
    send(std::string(1000, 'x'));
    poll();
    EXPECT_EQ(out(), "P.Ee seq=1 ack=1 len=1000") << "from then on the count, which begins at 5";
}

TEST_F(Rfc9768, EachMarkedSegmentIsCounted_3_2_2) {
    third = ".W";
    accept_with(EcnUse::accurate, "SEWe");
    in({.flags = ".", .seq = 1, .ack = 1, .data = "a", .ecn = Ecn::ce});
    EXPECT_EQ(out(), ".We seq=1 ack=2 len=0") << "6";
    in({.flags = ".", .seq = 2, .ack = 1, .data = "b", .ecn = Ecn::ce});
    EXPECT_EQ(out(), ".EWe seq=1 ack=3 len=0") << "7";
    in({.flags = ".", .seq = 3, .ack = 1, .data = "c", .ecn = Ecn::ce});
    EXPECT_EQ(out(), ". seq=1 ack=4 len=0") << "0";
}

TEST_F(Rfc9768, ACountThatMovesIsCongestion_3_2_2_5) {
    settings.congestion = Congestion::new_reno;
    expected_third = ".W seq=1 ack=1 len=0";
    connect_with(EcnUse::accurate, "S.W");
    send(std::string(30'000, 'x'));
    poll();
    while (out() != "nothing") {
    }
    in({.flags = ".Ee", .seq = 1, .ack = 1001});
    EXPECT_EQ(stack().counters().congestion_marks, 0u) << "still 5";
    in({.flags = ".We", .seq = 1, .ack = 2001});
    EXPECT_EQ(stack().counters().congestion_marks, 1u) << "6";
    while (out() != "nothing") {
    }
}

TEST_F(Rfc9768, AClearedFieldInTheThirdSegmentEndsIt_3_2_2_1) {
    accept_with(EcnUse::accurate, "SEWe");
    send(std::string(100, 'x'));
    poll();
    out();
    EXPECT_EQ(last_ecn, Ecn::not_ect);
}

}  // namespace
}  // namespace hourglass::tcp::testing
