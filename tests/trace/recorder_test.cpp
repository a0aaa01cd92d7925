#include "hourglass/trace/recorder.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "hourglass/trace/export.h"
#include "trace/conversation.h"

namespace hourglass::trace {
namespace {

using namespace std::chrono_literals;

std::vector<const PacketTrip*> trips_of(const Recorder& recorder) {
    std::vector<const PacketTrip*> trips;
    for (const Step& step : recorder.steps())
        if (const auto* trip = std::get_if<PacketTrip>(&step.what)) trips.push_back(trip);
    return trips;
}

TEST(Recorder, JoinsSendingTravelAndProcessing) {
    Conversation c(quiet_link());
    c.run();
    const PacketTrip& syn = *trips_of(c.recorder).at(0);
    ASSERT_TRUE(syn.sender);
    EXPECT_EQ(syn.sender->reason, tcp::SendReason::active_open);
    EXPECT_EQ(syn.sender->before, tcp::State::closed);
    EXPECT_EQ(syn.sender->after, tcp::State::syn_sent);
    EXPECT_EQ(syn.sender->trigger, "OPEN call");
    ASSERT_EQ(syn.hops.size(), 1U);
    EXPECT_EQ(syn.hops[0].from, "client");
    EXPECT_EQ(*syn.hops[0].arrived - syn.hops[0].sent, 10ms);
    ASSERT_EQ(syn.arrivals.size(), 1U);
    ASSERT_TRUE(syn.arrivals[0].tcp);
    EXPECT_EQ(syn.arrivals[0].tcp->after, tcp::State::syn_received);
    EXPECT_EQ(syn.arrivals[0].tcp->trigger, "SYN received");
}

TEST(Recorder, ChangesOfStateThatASegmentCarriesAreNotStepsOfTheirOwn) {
    Conversation c(quiet_link());
    c.run();
    std::vector<std::string> alone;
    for (const Step& step : c.recorder.steps())
        if (const auto* state = std::get_if<StateStep>(&step.what)) alone.push_back(step.host + " " + state->trigger);
    EXPECT_EQ(alone, std::vector<std::string>{"client 2 MSL"});
}

TEST(Recorder, TellsConnectionsApart) {
    Conversation c(quiet_link());
    c.run();
    ASSERT_EQ(c.recorder.connections().size(), 1U);
    const ConnectionTrace& connection = c.recorder.connections()[0];
    EXPECT_EQ(connection.initiator.host, "client");
    EXPECT_EQ(connection.responder.address.to_string(), "10.0.0.2:80");
    EXPECT_TRUE(connection.initiator.initial_seq && connection.responder.initial_seq);
    const std::size_t all = c.recorder.steps().size();
    EXPECT_EQ(c.recorder.steps_of(0).size(), all);

    c.run();
    ASSERT_EQ(c.recorder.connections().size(), 2U);
    EXPECT_EQ(c.recorder.steps_of(0).size(), all);
    EXPECT_GT(c.recorder.steps_of(1).size(), 0U);
}

TEST(Recorder, KnowsWhatWasLostDoubledAndDamaged) {
    Conversation c(quiet_link());
    c.link.set_script(sim::Direction::b_to_a, [](const sim::PacketView&, std::uint64_t n) {
        return sim::Verdict{.lose = n == 1, .duplicate = n == 2, .corrupt = n == 3};
    });
    c.run();
    int lost = 0, doubled = 0, damaged = 0;
    for (const PacketTrip* trip : trips_of(c.recorder)) {
        if (trip->hops.at(0).from == "client") continue;
        lost += trip->lost() == sim::LossReason::scripted ? 1 : 0;
        doubled += trip->arrivals.size() == 2 ? 1 : 0;
        const bool is_damaged = trip->hops[0].corrupted;
        damaged += is_damaged ? 1 : 0;
        EXPECT_EQ(is_damaged && trip->arrivals.at(0).tcp, false) << "the checksum keeps it from TCP";
    }
    EXPECT_EQ(lost, 1);
    EXPECT_EQ(doubled, 1);
    EXPECT_EQ(damaged, 1);
}

TEST(Recorder, EchoAnswersAreTripsOfTheirOwn) {
    Conversation c(quiet_link());
    c.world.host("client").ping(IpAddress::v4(10, 0, 0, 2), 7, 10, c.world.now(), {});
    c.world.run_for(1s);
    const auto trips = trips_of(c.recorder);
    ASSERT_EQ(trips.size(), 2U);
    EXPECT_EQ(trips[0]->summary.text, "echo request 7");
    EXPECT_EQ(trips[1]->summary.text, "echo reply 7");
    EXPECT_EQ(trips[1]->hops.at(0).from, "server");
}

TEST(Recorder, PacketsKeepOneTripThroughARouter) {
    sim::World world(1);
    world.add_host("client");
    ip::HostSettings forwards;
    forwards.forwarding = true;
    world.add_host("router", forwards);
    world.add_host("server");
    world.connect({"client", {"10.0.1.1/24"}}, {"router", {"10.0.1.254/24"}}, quiet_link());
    world.connect({"router", {"10.0.0.254/24"}}, {"server", {"10.0.0.2/24"}}, quiet_link());
    world.add_route("client", "0.0.0.0/0", "10.0.1.254");
    world.add_route("server", "0.0.0.0/0", "10.0.0.254");
    Recorder recorder;
    recorder.attach(world);
    world.host("client").ping(IpAddress::v4(10, 0, 0, 2), 1, 10, world.now(), {});
    world.run_for(1s);
    const auto trips = trips_of(recorder);
    ASSERT_EQ(trips.size(), 2U);
    EXPECT_EQ(trips[0]->hops.size(), 2U);
    EXPECT_EQ(trips[0]->arrivals.back().host, "server");
}

TEST(Recorder, StopsAtItsLimitsAndCountsTheRest) {
    Recorder small({.max_steps = 4});
    Conversation c(quiet_link());
    small.attach(c.world);
    c.run();
    EXPECT_EQ(small.steps().size(), 4U);
    EXPECT_GT(small.omitted(), 0U);
}

TEST(TraceJson, TellsEveryStep) {
    Conversation c(quiet_link());
    c.recorder.note(c.world.now(), "client", "stage \"one\"");
    c.run();
    const auto json = nlohmann::json::parse(to_json(c.recorder));
    EXPECT_EQ(json["steps"].size(), c.recorder.steps().size());
    EXPECT_EQ(json["links"][0]["name"], "client-server");
    EXPECT_EQ(json["steps"][0]["text"], "stage \"one\"");
    const auto& answer = json["steps"][2];
    EXPECT_EQ(answer["type"], "packet");
    EXPECT_EQ(answer["tcp"]["flags"], "SYN-ACK");
    EXPECT_EQ(answer["tcp"]["relative_ack"], 1);
    EXPECT_EQ(answer["arrivals"][0]["tcp"]["after"], "ESTABLISHED");
    EXPECT_EQ(answer["sender"]["clause"], "RFC 9293 3.10.7.2");
    EXPECT_EQ(json["steps"].back()["trigger"], "2 MSL");
}

}  // namespace
}  // namespace hourglass::trace
