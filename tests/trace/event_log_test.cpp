#include "hourglass/trace/event_log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "../tcp/single.h"
#include "hourglass/sim/world.h"
#include "hourglass/trace/event_json.h"
#include "hourglass/trace/why.h"

namespace hourglass::trace {
namespace {

using namespace std::chrono_literals;

/// Sends so many octets and closes; the other side reads, and closes when the first has.
class Sender : public tcp::ConnectionHandler {
  public:
    explicit Sender(std::size_t octets) : left_(octets) {}
    void on_established(tcp::Stream s) override { speak(s); }
    void on_writable(tcp::Stream s) override { speak(s); }

  private:
    void speak(tcp::Stream s) {
        const std::string piece(16384, 'x');
        while (left_ > 0) {
            const std::size_t n = s.send(std::as_bytes(std::span(piece)).first(std::min(left_, piece.size())));
            if (n == 0) return;
            left_ -= n;
        }
        s.close();
    }
    std::size_t left_;
};

class Reader : public tcp::AcceptHandler, public tcp::ConnectionHandler {
  public:
    void on_acceptable(tcp::Listener listener) override {
        while (listener.accept(this)) {
        }
    }
    void on_readable(tcp::Stream s) override {
        while (!s.receive_slice().empty()) {
        }
        if (s.at_end()) s.close();
    }
};

/// A transfer from client to server, watched.
class Transfer {
  public:
    Transfer(std::uint64_t seed, std::size_t octets, const sim::Impairments& way, const EventLogSettings& settings = {})
        : log(settings), world(seed), sender(octets) {
        world.add_host("client");
        world.add_host("server");
        link = &world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, sim::LinkSettings().both(way));
        log.attach(world);
    }
    void run() {
        const SocketAddress to{IpAddress::v4(10, 0, 0, 2), Port(80)};
        ASSERT_TRUE(world.host("server").tcp().listen(to, {.handler = &reader}));
        ASSERT_TRUE(world.host("client").tcp().connect(to, {.handler = &sender}));
        ASSERT_TRUE(world.run_until_idle(1h));
    }
    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        write_ndjson(log, out);
        return out.str();
    }
    template <typename T>
    [[nodiscard]] std::vector<const Event*> all() const {
        std::vector<const Event*> found;
        for (const Event& e : log.events())
            if (e.as<T>() != nullptr) found.push_back(&e);
        return found;
    }

    EventLog log;
    sim::World world;
    sim::Link* link;
    Sender sender;
    Reader reader;
};

TEST(EventLog, TheSameRunMakesTheSameEvents) {
    const sim::Impairments way{.delay = 20ms, .rate = 10'000'000, .loss = 0.02};
    Transfer one(7, 200'000, way), two(7, 200'000, way);
    one.run();
    two.run();
    EXPECT_EQ(one.text(), two.text());
    EXPECT_GT(one.log.events().size(), 500u);
}

TEST(EventLog, EveryCauseIsAnEarlierEvent) {
    Transfer t(3, 300'000, {.delay = 20ms, .rate = 10'000'000, .loss = 0.03, .reorder = 0.05, .reorder_delay = 5ms});
    t.run();
    for (const Event& e : t.log.events()) {
        EXPECT_LT(e.cause, e.id);
        if (e.cause == 0) continue;
        EXPECT_LE(t.log.find(e.cause)->time, e.time);
    }
}

TEST(EventLog, EverySegmentButTheFirstHasACause) {
    Transfer t(3, 300'000, {.delay = 20ms, .rate = 10'000'000, .loss = 0.03});
    t.run();
    for (const Event* e : t.all<SegmentSent>()) EXPECT_NE(e->cause, 0u) << in_words(t.log, *e);
    for (const Event* e : t.all<SegmentReceived>()) EXPECT_NE(e->cause, 0u) << in_words(t.log, *e);
}

TEST(EventLog, TheChainOfTheLastAckLeadsBackToTheConnectCall) {
    Transfer t(1, 1000, {.delay = 10ms});
    t.run();
    const Event* event = t.all<SegmentSent>().back();
    std::vector<std::string> hosts{t.log.hosts()[event->host]};
    while (event->cause != 0) {
        event = t.log.find(event->cause);
        hosts.push_back(t.log.hosts()[event->host]);
    }
    const auto* call = event->as<SocketCalled>();
    ASSERT_NE(call, nullptr) << in_words(t.log, *event);
    EXPECT_EQ(call->call, tcp::Call::connect);
    EXPECT_NE(std::ranges::find(hosts, "server"), hosts.end()) << "the chain goes through both hosts";
}

TEST(EventLog, ARetransmissionNamesWhatItRepeatsAndWhyItWasTakenForLost) {
    Transfer t(1, 100'000, {.delay = 20ms, .rate = 10'000'000});
    t.link->set_script(sim::Direction::a_to_b,
                       [](const sim::PacketView&, std::uint64_t number) { return sim::Verdict{.lose = number == 8}; });
    t.run();
    const auto lost = t.all<PacketFate>();
    ASSERT_EQ(lost.size(), 1u);
    const auto& fate = *lost.front()->as<PacketFate>();
    EXPECT_EQ(fate.fate, PacketFate::Fate::lost);
    for (const Event* e : t.all<SegmentSent>()) {
        const auto& sent = *e->as<SegmentSent>();
        if (!sent.retransmission) continue;
        const Event* original = t.log.find(sent.retransmit_of);
        ASSERT_NE(original, nullptr);
        EXPECT_EQ(original->as<SegmentSent>()->number, fate.number);
        const Event* loss = t.log.find(e->cause);
        ASSERT_NE(loss, nullptr);
        ASSERT_NE(loss->as<RangeLost>(), nullptr) << in_words(t.log, *loss);
        EXPECT_EQ(loss->as<RangeLost>()->begin, sent.header.seq);
        EXPECT_NE(t.log.find(loss->cause)->as<SegmentReceived>(), nullptr) << "the SACK that showed it";
        return;
    }
    FAIL() << "nothing was sent again";
}

TEST(EventLog, TimersAreSetAndThenExpireOrAreCancelled) {
    Transfer t(5, 50'000, {.delay = 20ms, .loss = 0.05});
    t.run();
    std::map<std::pair<EndIndex, std::string_view>, bool> running;
    for (const Event* e : t.all<TimerUpdated>()) {
        const auto& timer = *e->as<TimerUpdated>();
        bool& runs = running[{e->end, timer.timer}];
        const bool set = timer.change == TimerUpdated::Change::set;
        EXPECT_TRUE(set || runs) << in_words(t.log, *e);
        runs = set;
    }
    for (const auto& [timer, runs] : running) EXPECT_FALSE(runs) << timer.second;
}

TEST(EventLog, TheTimerOfASynIsSetAndRunsOut) {
    Transfer t(1, 1000, {.delay = 20ms});
    t.link->set_script(sim::Direction::a_to_b,
                       [](const sim::PacketView&, std::uint64_t number) { return sim::Verdict{.lose = number == 1}; });
    t.run();
    const auto timers = t.all<TimerUpdated>();
    ASSERT_GE(timers.size(), 2u);
    EXPECT_EQ(timers[0]->as<TimerUpdated>()->change, TimerUpdated::Change::set);
    EXPECT_EQ(timers[1]->as<TimerUpdated>()->change, TimerUpdated::Change::expired);
    EXPECT_EQ(timers[1]->cause, timers[0]->id);
    EXPECT_EQ(timers[1]->time, timers[0]->as<TimerUpdated>()->at);
}

TEST(EventLog, ACallBetweenTwoStepsOfTheWorldHasItsTime) {
    Transfer t(1, 1000, {.delay = 20ms});
    t.run();
    t.world.run_for(90s);
    const Instant later = t.world.now();
    EXPECT_EQ(t.world.host("client").now(), later);
    ASSERT_TRUE(t.world.host("client").tcp().connect({IpAddress::v4(10, 0, 0, 2), Port(80)}, {.handler = &t.sender}));
    const Event* call = t.all<SocketCalled>().back();
    EXPECT_EQ(call->as<SocketCalled>()->call, tcp::Call::connect);
    EXPECT_EQ(call->time, later);
    ASSERT_TRUE(t.world.run_until_idle(1h));
}

TEST(EventLog, ASpuriousTimeoutIsToldWithItsProof) {
    Transfer t(1, 60'000, {.delay = 20ms, .rate = 5'000'000});
    t.link->set_script(sim::Direction::a_to_b, [](const sim::PacketView&, std::uint64_t number) {
        return sim::Verdict{.delay = number >= 12 ? Duration(1500ms) : Duration{}};
    });
    t.run();
    const auto spurious = t.all<LossSpurious>();
    ASSERT_FALSE(spurious.empty());
    EXPECT_TRUE(spurious.front()->as<LossSpurious>()->timeout);
    EXPECT_FALSE(spurious.front()->clause.empty());
}

TEST(EventLog, WhatIsBeyondTheLimitGoesOldestFirstAndIsCounted) {
    Transfer t(1, 100'000, {.delay = 5ms}, {.max_events = 100});
    t.run();
    EXPECT_EQ(t.log.events().size(), 100u);
    EXPECT_EQ(t.log.events().front().id, t.log.omitted() + 1);
    EXPECT_EQ(t.log.find(1), nullptr);
    EXPECT_EQ(t.log.find(t.log.events().back().id), &t.log.events().back());
}

TEST(EventLog, TheListenerHearsEachEventOnceCompleteAndInOrder) {
    Transfer t(2, 100'000, {.delay = 20ms, .rate = 10'000'000, .loss = 0.02});
    std::string heard;
    t.log.set_listener([&](const Event& e) { heard += to_json(t.log, e) + '\n'; });
    t.run();
    // Ends that find each other later have the same events; nothing else is added to one afterwards.
    EXPECT_EQ(heard, t.text());
}

TEST(EventLog, EachLineIsJsonAndEachQlogRecordToo) {
    Transfer t(2, 20'000, {.delay = 20ms, .loss = 0.02});
    t.run();
    std::istringstream lines(t.text());
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
        const auto j = nlohmann::json::parse(line);
        EXPECT_TRUE(j.contains("time") && j.contains("name") && j.contains("id") && j.contains("data"));
    }
    EXPECT_EQ(count, t.log.events().size());
    std::ostringstream qlog;
    write_qlog(t.log, qlog);
    std::istringstream records(qlog.str());
    count = 0;
    for (std::string record; std::getline(records, record); ++count) {
        ASSERT_EQ(record.front(), '\x1e');
        const auto j = nlohmann::json::parse(record.substr(1));
        EXPECT_EQ(j.contains("file_schema"), count == 0);
    }
    EXPECT_EQ(count, t.log.events().size() + 1);
}

}  // namespace
}  // namespace hourglass::trace
