// The client of RFC 2131, section 4.4, against a server that is played by hand.

#include "hourglass/dhcp/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/server.h"

namespace hourglass::dhcp::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};
const IpAddress kServer = Terms{}.server;
const IpAddress kAddress = Terms{}.address;

/// A client and what it does, each as a line.
struct Story : ClientOutput, ::testing::Test {
    void broadcast(std::span<const std::byte> message, const std::optional<IpAddress>& from) override {
        note(message, from ? "broadcast from " + from->to_string() : "broadcast");
    }
    void unicast(std::span<const std::byte> message, const IpAddress& server) override {
        note(message, "to " + server.to_string());
    }
    void test(const Lease& lease) override { lines.push_back("test " + lease.address.to_string()); }
    void install(const Lease& lease) override { lines.push_back("install " + lease.address.to_string()); }
    void withdraw(const Lease& lease) override { lines.push_back("withdraw " + lease.address.to_string()); }

    void note(std::span<const std::byte> message, const std::string& how) {
        constexpr std::array names{"?", "DISCOVER", "OFFER", "REQUEST", "DECLINE", "ACK", "NAK", "RELEASE", "INFORM"};
        last.assign(message.begin(), message.end());
        sent_at.push_back(now);
        lines.push_back(std::string(names.at(static_cast<std::size_t>(*view().type()))) + " " + how);
    }
    [[nodiscard]] MessageView view() const { return *MessageView::parse(last); }

    void pass(Duration d) {
        const Instant end = now + d;
        for (Instant next = client.next_deadline(); next <= end; next = client.next_deadline()) {
            now = std::max(now, next);
            client.poll(now);
        }
        now = end;
    }
    void server_says(MessageType type, const Terms& terms = {}) { client.receive(answer(last, type, terms), now); }
    /// Up to BOUND.
    void get_lease(const Terms& terms = {}) {
        client.start(now);
        pass(10s);
        server_says(MessageType::offer, terms);
        server_says(MessageType::ack, terms);
        client.tested(true, now);
        ASSERT_EQ(client.state(), ClientState::bound);
        lines.clear();
        sent_at.clear();
    }

    Instant now{};
    std::vector<std::byte> last;
    std::vector<Instant> sent_at;
    std::vector<std::string> lines;
    Client client{{.mac = kMac, .most_start_delay = 1s}, *this, 1};
};

using Rfc2131 = Story;

TEST_F(Rfc2131, DiscoverOfferRequestAckTestBound) {
    client.start(now);
    pass(2s);
    EXPECT_TRUE(view().header().broadcast);
    server_says(MessageType::offer);
    EXPECT_EQ(view().address(Option::requested_address), kAddress);
    EXPECT_EQ(view().address(Option::server_identifier), kServer);
    EXPECT_EQ(view().header().client_address, IpAddress::v4(0));
    server_says(MessageType::ack);
    EXPECT_FALSE(client.lease());
    client.tested(true, now);
    EXPECT_THAT(lines,
                ElementsAre("DISCOVER broadcast", "REQUEST broadcast", "test 10.0.0.50/24", "install 10.0.0.50/24"));
    EXPECT_EQ(client.lease()->router, IpAddress::v4(10, 0, 0, 254));
    EXPECT_THAT(client.lease()->name_servers, ElementsAre(IpAddress::v4(10, 0, 0, 53)));
    EXPECT_EQ(client.lease()->domain, "example.net");
    EXPECT_EQ(client.lease()->mtu, 1400u);
}

TEST_F(Rfc2131, DiscoverIsRepeatedAfterFourSecondsThenTwiceAsLongEachTime) {
    client.start(now);
    pass(5min);
    ASSERT_GE(sent_at.size(), 7u);
    const std::array expected{4s, 8s, 16s, 32s, 64s, 64s};
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_GE(sent_at[i + 1] - sent_at[i], expected[i] - 1s);
        EXPECT_LE(sent_at[i + 1] - sent_at[i], expected[i] + 1s);
    }
}

TEST_F(Rfc2131, ARequestWithoutAnAnswerIsSentFourTimesAndThenItBeginsAnew) {
    client.start(now);
    pass(2s);
    server_says(MessageType::offer);
    const Instant asked = now;
    while (client.state() == ClientState::requesting) pass(1s);
    EXPECT_NEAR(to_seconds(now - asked), 60, 5);
    EXPECT_THAT(lines, ElementsAre("DISCOVER broadcast", "REQUEST broadcast", "REQUEST broadcast", "REQUEST broadcast",
                                   "REQUEST broadcast", "DISCOVER broadcast"));
}

TEST_F(Rfc2131, WhatIsNotAnAnswerToItIsIgnored) {
    client.start(now);
    pass(2s);
    auto other = answer(last, MessageType::offer);
    other[4] ^= std::byte{1};  // Another transaction.
    client.receive(other, now);
    other = answer(last, MessageType::offer);
    other[33] ^= std::byte{1};  // Another station.
    client.receive(other, now);
    server_says(MessageType::ack);
    server_says(MessageType::offer, {.lease = std::nullopt});
    server_says(MessageType::offer, {.address = IpAddress::v4(224, 0, 0, 1)});
    server_says(MessageType::offer, {.mask = IpAddress::v4(255, 0, 255, 0)});
    server_says(MessageType::offer, {.lease = 1});
    client.receive({}, now);
    EXPECT_EQ(client.state(), ClientState::selecting);
    server_says(MessageType::offer);
    server_says(MessageType::ack, {.server = IpAddress::v4(10, 0, 0, 2)});
    EXPECT_EQ(client.state(), ClientState::requesting);
}

TEST_F(Rfc2131, ADuplicateIsDeclinedAndTenSecondsLaterItBeginsAnew) {
    client.start(now);
    pass(2s);
    server_says(MessageType::offer);
    server_says(MessageType::ack);
    lines.clear();
    client.tested(false, now);
    EXPECT_EQ(view().address(Option::requested_address), kAddress);
    EXPECT_EQ(view().address(Option::server_identifier), kServer);
    pass(9s);
    EXPECT_THAT(lines, ElementsAre("DECLINE broadcast"));
    pass(1s);
    EXPECT_THAT(lines, ElementsAre("DECLINE broadcast", "DISCOVER broadcast"));
}

TEST_F(Rfc2131, ARefusedRequestIsGivenTime) {
    client.start(now);
    pass(2s);
    server_says(MessageType::offer);
    server_says(MessageType::nak);
    EXPECT_EQ(client.state(), ClientState::init);
    lines.clear();
    pass(9s);
    EXPECT_THAT(lines, IsEmpty());
    pass(1s);
    EXPECT_THAT(lines, ElementsAre("DISCOVER broadcast"));
}

TEST_F(Rfc2131, AtHalfOfTheLeaseItsServerIsAskedByUnicast) {
    get_lease();
    const Instant bound = now;
    pass(501s);
    EXPECT_THAT(lines, ElementsAre("REQUEST to 10.0.0.1"));
    EXPECT_EQ(client.state(), ClientState::renewing);
    EXPECT_LE(sent_at.front() - bound, 500s);
    EXPECT_EQ(view().header().client_address, kAddress);
    EXPECT_FALSE(view().option(Option::requested_address));
    EXPECT_FALSE(view().option(Option::server_identifier));
    const Instant asked = sent_at.front();
    pass(1s);
    server_says(MessageType::ack);
    EXPECT_EQ(client.state(), ClientState::bound);
    EXPECT_EQ(client.lease()->ends_at, asked + 1000s);  // Counted from the request.
}

TEST_F(Rfc2131, AtSevenEighthsAnyServerIsAskedAndAtTheEndTheAddressGoes) {
    get_lease();
    pass(860s);
    EXPECT_EQ(client.state(), ClientState::renewing);
    lines.clear();
    pass(20s);
    EXPECT_EQ(client.state(), ClientState::rebinding);
    EXPECT_THAT(lines, ElementsAre("REQUEST broadcast from 10.0.0.50"));
    pass(120s);
    EXPECT_EQ(client.state(), ClientState::selecting);
    EXPECT_THAT(lines, ::testing::IsSupersetOf({"withdraw 10.0.0.50/24", "DISCOVER broadcast"}));
    EXPECT_FALSE(client.lease());
}

TEST_F(Rfc2131, AnotherServerMayAnswerWhoRebinds) {
    get_lease();
    pass(890s);
    server_says(MessageType::ack, {.server = IpAddress::v4(10, 0, 0, 2)});
    EXPECT_EQ(client.state(), ClientState::bound);
    EXPECT_EQ(client.lease()->server, IpAddress::v4(10, 0, 0, 2));
}

TEST_F(Rfc2131, RenewalsAreAMinuteApartAtLeast) {
    get_lease({.lease = 2000});
    pass(1750s);
    ASSERT_GE(sent_at.size(), 3u);
    for (std::size_t i = 1; i + 1 < sent_at.size(); ++i) EXPECT_GE(sent_at[i] - sent_at[i - 1], 60s);
}

TEST_F(Rfc2131, ARefusalWhileRenewingEndsTheLeaseAtOnce) {
    get_lease();
    pass(501s);
    lines.clear();
    server_says(MessageType::nak);
    pass(1s);
    EXPECT_THAT(lines, ElementsAre("withdraw 10.0.0.50/24", "DISCOVER broadcast"));
}

TEST_F(Rfc2131, TheServersTimesAreTakenWhenTheyArePossible) {
    get_lease({.lease = 1000, .renewal = 100, .rebinding = 200});
    EXPECT_EQ(client.lease()->rebind_at - client.lease()->renew_at, 100s);
}

TEST_F(Rfc2131, TimesThatCannotBeAreReplacedByTheUsualShares) {
    get_lease({.lease = 1000, .renewal = 900, .rebinding = 5000});
    EXPECT_EQ(client.lease()->ends_at - client.lease()->rebind_at, 125s);
    EXPECT_EQ(client.lease()->ends_at - client.lease()->renew_at, 500s);
}

TEST_F(Rfc2131, AnEndlessLeaseIsNotRenewed) {
    get_lease({.lease = 0xffffffff});
    EXPECT_EQ(client.next_deadline(), kNever);
    EXPECT_EQ(client.lease()->ends_at, kNever);
}

TEST_F(Rfc2131, AReleaseGivesTheAddressBack) {
    get_lease();
    client.release(now);
    EXPECT_THAT(lines, ElementsAre("RELEASE to 10.0.0.1", "withdraw 10.0.0.50/24"));
    EXPECT_EQ(view().header().client_address, kAddress);
    EXPECT_EQ(view().address(Option::server_identifier), kServer);
    EXPECT_FALSE(view().option(Option::requested_address));
    EXPECT_EQ(client.next_deadline(), kNever);
}

TEST_F(Rfc2131, ItWaitsARandomTimeBeforeItBegins) {
    Client patient({.mac = kMac}, *this, 3);
    patient.start(now);
    EXPECT_GE(patient.next_deadline(), now + 1s);
    EXPECT_LE(patient.next_deadline(), now + 10s);
}

}  // namespace
}  // namespace hourglass::dhcp::testing
