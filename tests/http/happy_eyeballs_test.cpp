#include "hourglass/http/happy_eyeballs.h"

#include <gtest/gtest.h>

#include "hourglass/http/dial.h"
#include "hourglass/sim/world.h"

namespace hourglass::http {
namespace {

using namespace std::chrono_literals;

const IpAddress kSixA = *IpAddress::parse("2001:db8::a");
const IpAddress kSixB = *IpAddress::parse("2001:db8::b");
const IpAddress kFourA = IpAddress::v4(192, 0, 2, 1);
const IpAddress kFourB = IpAddress::v4(192, 0, 2, 2);
constexpr Instant kStart{1s};

class Rfc8305 : public testing::Test {
  protected:
    void answer(bool v6, std::vector<IpAddress> addresses, Instant now) { planner.resolved(v6, addresses, now); }
    HappyEyeballs planner{dns::Families::both};
};

// Section 3: an AAAA answer that comes first is used at once.
TEST_F(Rfc8305, Ipv6BeginsAtOnce) {
    answer(true, {kSixA}, kStart);
    EXPECT_EQ(planner.next_attempt(kStart), kSixA);
    EXPECT_EQ(planner.next_attempt(kStart), std::nullopt);
}

// Section 3: A waits for AAAA, but no longer than the resolution delay.
TEST_F(Rfc8305, Ipv4WaitsForTheOtherAnswer) {
    answer(false, {kFourA}, kStart);
    EXPECT_EQ(planner.next_attempt(kStart), std::nullopt);
    EXPECT_EQ(planner.next_deadline(), kStart + 50ms);
    EXPECT_EQ(planner.next_attempt(kStart + 50ms), kFourA);
}

TEST_F(Rfc8305, AnAnswerWithoutAddressesEndsTheWait) {
    answer(false, {kFourA}, kStart);
    answer(true, {}, kStart + 10ms);
    EXPECT_EQ(planner.next_attempt(kStart + 10ms), kFourA);
}

// Section 4.
TEST_F(Rfc8305, FamiliesAlternate) {
    answer(true, {kSixA, kSixB}, kStart);
    answer(false, {kFourA, kFourB}, kStart);
    std::vector<IpAddress> order;
    for (Instant now = kStart; order.size() < 4; now = planner.next_deadline())
        order.push_back(*planner.next_attempt(now));
    EXPECT_EQ(order, (std::vector{kSixA, kFourA, kSixB, kFourB}));
}

// Section 5: the connection attempt delay.
TEST_F(Rfc8305, TheNextAttemptBeginsAfterAQuarterOfASecond) {
    answer(true, {kSixA}, kStart);
    answer(false, {kFourA}, kStart);
    EXPECT_EQ(planner.next_attempt(kStart), kSixA);
    EXPECT_EQ(planner.next_attempt(kStart + 249ms), std::nullopt);
    EXPECT_EQ(planner.next_attempt(kStart + 250ms), kFourA);
}

TEST_F(Rfc8305, AFailureIsNotWaitedOut) {
    answer(true, {kSixA}, kStart);
    answer(false, {kFourA}, kStart);
    EXPECT_EQ(planner.next_attempt(kStart), kSixA);
    planner.failed(kSixA);
    EXPECT_EQ(planner.next_attempt(kStart + 1ms), kFourA);
    EXPECT_FALSE(planner.exhausted());
    planner.failed(kFourA);
    EXPECT_TRUE(planner.exhausted());
}

TEST_F(Rfc8305, IsNotExhaustedWhileAnAnswerIsToCome) {
    answer(true, {kSixA}, kStart);
    EXPECT_EQ(planner.next_attempt(kStart), kSixA);
    planner.failed(kSixA);
    EXPECT_FALSE(planner.exhausted());
    answer(false, {}, kStart);
    EXPECT_TRUE(planner.exhausted());
}

TEST_F(Rfc8305, AttemptsHaveALimit) {
    planner = HappyEyeballs(dns::Families::v4, {.attempts = 2});
    answer(false, {kFourA, kFourB, kFourA}, kStart);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(planner.next_attempt(kStart));
        planner.failed(kFourA);
        planner.failed(kFourB);
    }
    EXPECT_EQ(planner.next_attempt(kStart + 1min), std::nullopt);
    EXPECT_TRUE(planner.exhausted());
}

/// A host that dials another one, which listens at some of its addresses, in virtual time.
class Dial : public testing::Test, private TransportHandler {
  protected:
    Dial() {
        world.add_host("client");
        world.add_host("server");
        sim::LinkSettings link;
        world.connect({"client", {"10.0.0.1/24", "fd00::1/64"}}, {"server", {"10.0.0.2/24", "fd00::2/64"}},
                      link.both({.delay = 10ms}));
    }
    void listen(const char* address) {
        ASSERT_TRUE(world.host("server").tcp().listen({*IpAddress::parse(address), Port{80}}));
    }
    void begin(std::string_view hosts, const DialSettings& settings = {}) {
        outside = client_world(world.host("client"), {}, dns::HostsFile::parse(hosts));
        began = world.now();
        transport = dial(*outside, "www.example", Port{80}, *this, settings, [this](const DialEvent& event) {
            if (event.kind == DialEvent::Kind::attempt) attempts.push_back(event.remote.address.to_string());
            if (event.kind == DialEvent::Kind::connected) connected_to = event.remote.address.to_string();
        });
    }
    void on_connected() override { took = world.now() - began; }
    void on_ready() override {}
    void on_closed(tcp::Error e) override { error = e; }

    sim::World world{1};
    std::unique_ptr<ClientWorld> outside;
    std::unique_ptr<Transport> transport;
    std::vector<std::string> attempts;
    std::string connected_to;
    Instant began{};
    std::optional<Duration> took;
    std::optional<tcp::Error> error;
};

TEST_F(Dial, PrefersIpv6) {
    listen("10.0.0.2");
    listen("fd00::2");
    begin("10.0.0.2 www.example\nfd00::2 www.example");
    world.run_for(1s);
    EXPECT_EQ(connected_to, "fd00::2");
    EXPECT_EQ(attempts.size(), 1U);
    EXPECT_TRUE(transport->exists());
}

TEST_F(Dial, ADeadIpv6AddressCostsAQuarterOfASecond) {
    listen("10.0.0.2");
    begin("10.0.0.2 www.example\nfd00::dead www.example");
    world.run_for(1s);
    EXPECT_EQ(connected_to, "10.0.0.2");
    ASSERT_TRUE(took);
    EXPECT_NEAR(static_cast<double>(to_ms(*took)), 270, 30);
    EXPECT_EQ(attempts, (std::vector<std::string>{"fd00::dead", "10.0.0.2"}));
}

TEST_F(Dial, ARefusedAddressIsPassedOverAtOnce) {
    listen("10.0.0.2");
    begin("10.0.0.2 www.example\nfd00::2 www.example");
    world.run_for(200ms);
    EXPECT_EQ(connected_to, "10.0.0.2");
}

TEST_F(Dial, TheLastFailureIsTold) {
    begin("10.0.0.2 www.example\nfd00::2 www.example");
    world.run_for(1s);
    EXPECT_EQ(error, tcp::Error::refused);
    EXPECT_EQ(transport->failure(), "no connection to www.example:80: connection refused");
}

TEST_F(Dial, ANameWithoutAddressIsTold) {
    begin("");
    world.run_for(1s);
    EXPECT_TRUE(error);
    EXPECT_EQ(transport->failure(), "'www.example' has no address: no name server is known");
}

TEST_F(Dial, TimeIsLimited) {
    begin("fd00::dead www.example\n10.0.0.99 www.example", {.connect = 700ms});
    world.run_for(2s);
    EXPECT_EQ(error, tcp::Error::timed_out);
    EXPECT_EQ(transport->failure(), "no connection to www.example:80 in time");
}

TEST_F(Dial, WaitsForAServerThatIsBeingStarted) {
    begin("10.0.0.2 www.example", {.refused_again = 50ms});
    world.run_for(500ms);
    EXPECT_FALSE(error);
    EXPECT_GT(attempts.size(), 5U);
    listen("10.0.0.2");
    world.run_for(200ms);
    EXPECT_TRUE(took);
}

// A host polls for reasons of its own, too; that must not put the next try off.
TEST_F(Dial, IsNotPutOffByPollsThatComeEarly) {
    begin("10.0.0.2 www.example", {.refused_again = 50ms});
    world.host("client").add_poller([](Instant) {}, [this] { return world.now() + 1ms; });
    world.run_for(1s);
    EXPECT_GT(attempts.size(), 10U);
}

TEST_F(Dial, NobodyIsToldAfterItsEnd) {
    begin("fd00::dead www.example");
    world.run_for(10ms);
    transport.reset();
    world.run_for(1min);
    EXPECT_FALSE(error);
}

}  // namespace
}  // namespace hourglass::http
