#include "hourglass/trace/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <regex>

#include "hourglass/trace/world_watch.h"
#include "trace/conversation.h"
#include "trace/flow_history.h"
#include "trace/plot_panel.h"
#include "trace/xml.h"

namespace hourglass::trace {
namespace {

using namespace std::chrono_literals;

/// A conversation that is kept as events beside its recording; the server's answer is large.
struct Watched {
    EventLog log;
    WorldWatch watch;
    Conversation talk;

    explicit Watched(const sim::LinkSettings& link = quiet_link()) : talk(link) {
        watch.attach(talk.world, talk.recorder, &log, nullptr);
        talk.response = "HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x');
    }
    /// The number that the first element with this class and colour says it stands for.
    [[nodiscard]] static int marks(const std::string& svg, const std::string& colour) {
        std::smatch found;
        const std::regex pattern("class=\"bars\" stroke=\"" + colour + "\"[^>]*data-count=\"(\\d+)\"");
        return std::regex_search(svg, found, pattern) ? std::stoi(found[1]) : 0;
    }
};

constexpr const char* kFirstTime = "#2d3748";

TEST(RoundTicks, AreMultiplesOfOneTwoOrFive) {
    EXPECT_THAT(round_ticks(0, 10, 5), testing::ElementsAre(0, 2, 4, 6, 8, 10));
    EXPECT_THAT(round_ticks(0.3, 1.4, 4),
                testing::ElementsAre(testing::DoubleEq(0.4), testing::DoubleEq(0.6), testing::DoubleEq(0.8), 1,
                                     testing::DoubleEq(1.2), testing::DoubleEq(1.4)));
    EXPECT_THAT(round_ticks(3, 3, 4), testing::ElementsAre(3));
}

TEST(RoundTicks, UnitsSuitTheSize) {
    EXPECT_EQ(in_unit(Quantity::octets, 14'480), "14.5 kB");
    EXPECT_EQ(in_unit(Quantity::seconds, 0.04), "40 ms");
    EXPECT_EQ(in_unit(Quantity::bits_per_second, 123.4e6), "123 Mbit/s");
}

TEST(Plot, EveryKindIsWellFormedAndTheSameEachTime) {
    Watched one;
    one.talk.run();
    const EndIndex end = busiest_end(one.log);
    ASSERT_NE(end, kNoEnd);
    EXPECT_EQ(one.log.hosts()[one.log.connections()[end].host], "server");
    for (const auto* name : {"sequence", "window", "rtt", "throughput", "all"}) {
        const auto kind = plot_kind_named(name);
        ASSERT_TRUE(kind);
        for (const Language language : {Language::en, Language::zh}) {
            const std::string svg = plot(one.log, end, *kind, {.language = language});
            EXPECT_EQ(xml_fault(svg), "") << name;
            EXPECT_EQ(svg, plot(one.log, end, *kind, {.language = language}));
            EXPECT_EQ(svg.find("nan"), svg.npos) << name;
        }
    }
    EXPECT_EQ(plot_kind_named("windows"), std::nullopt);
}

TEST(SequencePlot, ABarForEachSegmentThatTakesSequenceNumbers) {
    Watched one;
    one.talk.run();
    int segments = 0;
    for (const Event& event : one.log.events())
        if (const auto* sent = event.end == busiest_end(one.log) ? event.as<SegmentSent>() : nullptr)
            segments += sent->header.length > 0 || sent->header.flags.syn() || sent->header.flags.fin() ? 1 : 0;
    const std::string svg = plot(one.log, busiest_end(one.log), PlotKind::sequence);
    EXPECT_GT(segments, 60);
    EXPECT_EQ(Watched::marks(svg, kFirstTime), segments);
    EXPECT_EQ(count(svg, ">R</text>"), 0u);
}

TEST(SequencePlot, WhatIsLostHasACrossAndWhatIsSentAgainAnR) {
    Watched one;
    one.talk.link.set_script(sim::Direction::b_to_a,
                             [](const sim::PacketView&, std::uint64_t n) { return sim::Verdict{.lose = n == 9}; });
    one.talk.run();
    const std::string svg = plot(one.log, busiest_end(one.log), PlotKind::sequence);
    EXPECT_NE(svg.find("1 lost, 1 sent again"), svg.npos);
    EXPECT_EQ(count(svg, ">R</text>"), 1u);
    EXPECT_NE(svg.find("SACK block"), svg.npos);
    EXPECT_NE(svg.find("duplicate ACK"), svg.npos);
}

TEST(WindowPlot, ShowsTheEpisodeAndWhatHeldTheSender) {
    Watched one;
    one.talk.link.set_script(sim::Direction::b_to_a,
                             [](const sim::PacketView&, std::uint64_t n) { return sim::Verdict{.lose = n == 9}; });
    one.talk.run();
    const std::string svg = plot(one.log, busiest_end(one.log), PlotKind::window);
    for (const auto* word : {"cwnd", "ssthresh", "in flight", "fast recovery", "taken for lost",
                             "waits for the congestion window", "waits for the application"})
        EXPECT_NE(svg.find(word), svg.npos) << word;
}

TEST(RttPlot, TakesNoSampleOfWhatWasSentTwice) {
    FlowHistory history;
    history.sent = {{.time = 0, .begin = 1, .end = 11, .length = 10},
                    {.time = 0.01, .begin = 11, .end = 21, .length = 10},
                    {.time = 0.5, .begin = 1, .end = 11, .length = 10, .again = true}};
    history.acks = {{.time = 0.06, .ack = 1, .sacks = {{11, 21}}}, {.time = 0.55, .ack = 21}};
    const auto samples = rtt_samples(history);
    ASSERT_EQ(samples.size(), 1u);
    EXPECT_DOUBLE_EQ(samples[0].rtt, 0.05);  // of the second, by the SACK block; the later ACK says nothing of it
}

TEST(RttPlot, SamplesAreTheDelayOfTheLink) {
    Watched one;
    one.talk.run();
    const auto samples = rtt_samples(flow_history(one.log, busiest_end(one.log), Instant::min(), kNever));
    ASSERT_FALSE(samples.empty());
    for (const RttSample& sample : samples) EXPECT_NEAR(sample.rtt, 0.02, 0.0401);  // and at most a delayed ACK
}

TEST(ThroughputPlot, TheAverageIsWhatWasAcknowledgedInTheTime) {
    Watched one(sim::LinkSettings().both({.delay = 10ms, .rate = 8'000'000}));
    one.talk.run();
    const std::string svg = plot(one.log, busiest_end(one.log), PlotKind::throughput);
    std::smatch found;
    ASSERT_TRUE(std::regex_search(svg, found, std::regex("([0-9.]+) Mbit/s on average")));
    const FlowHistory history = flow_history(one.log, busiest_end(one.log), Instant::min(), kNever);
    const auto octets = static_cast<double>(one.talk.response.size() + 1);  // and the FIN
    EXPECT_NEAR(std::stod(found[1]), octets * 8 / (history.last - history.first) / 1e6, 0.006);
}

TEST(FlowHistory, SequenceNumbersGoOnBeyondTheirWrap) {
    EventLog log;
    const tcp::FlowKey flow{IpAddress::v4(10, 0, 0, 2), IpAddress::v4(10, 0, 0, 1), Port(80), Port(5000)};
    tcp::Observer& host = log.observer("server");
    wire::TcpHeader header{.seq = tcp::Seq(0xffff'ff00)};
    header.flags = wire::TcpFlags::kSyn;
    std::uint64_t id = 1;
    const auto send = [&](tcp::Seq seq, std::uint32_t length, wire::TcpFlags flags) {
        header.seq = seq;
        header.flags = flags;
        host.segment_sent({.time = Instant(std::chrono::milliseconds(id)),
                           .flow = flow,
                           .state = tcp::State::established,
                           .header = header,
                           .payload_size = length,
                           .reason = tcp::SendReason::new_data,
                           .retransmission = false,
                           .packet_id = id});
        ++id;
    };
    send(tcp::Seq(0xffff'ff00), 0, wire::TcpFlags::kSyn);
    send(tcp::Seq(0xffff'ff01), 1000, wire::TcpFlags::kAck);
    send(tcp::Seq(0xffff'ff01) + 1000, 1000, wire::TcpFlags::kAck);
    ASSERT_EQ(log.connections().size(), 1u);
    const FlowHistory history = flow_history(log, 0, Instant::min(), kNever);
    ASSERT_EQ(history.sent.size(), 3u);
    EXPECT_EQ(history.sent[2].begin, 1001);
    EXPECT_EQ(history.sent[2].end, 2001);
}

}  // namespace
}  // namespace hourglass::trace
