#include "hourglass/trace/svg.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "hourglass/trace/world_watch.h"
#include "trace/conversation.h"
#include "trace/xml.h"

namespace hourglass::trace {
namespace {

TEST(SvgLadder, HasAnArrowForEachSegmentAndAChipForEachState) {
    Conversation talk(quiet_link());
    talk.run();
    const std::string svg = svg_ladder(talk.recorder, 0);
    const auto segments = static_cast<std::size_t>(std::ranges::count_if(
        talk.recorder.steps(), [](const Step& s) { return std::holds_alternative<PacketTrip>(s.what); }));
    EXPECT_EQ(count(svg, "class=\"arrow\""), segments);
    for (const auto* state : {"SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "TIME-WAIT", "CLOSED"})
        EXPECT_GE(count(svg, std::string(">") + state + "<"), 1u) << state;
    EXPECT_EQ(count(svg, "class=\"cross\""), 0u);
    EXPECT_EQ(count(svg, "<svg"), 1u);
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(SvgLadder, ALostSegmentEndsInACrossAndItsRepetitionPointsBackToIt) {
    Conversation talk(quiet_link());
    talk.link.set_script(sim::Direction::a_to_b,
                         [](const sim::PacketView&, std::uint64_t n) { return sim::Verdict{.lose = n == 1}; });
    talk.run();
    const std::string svg = svg_ladder(talk.recorder, 0);
    EXPECT_EQ(count(svg, "class=\"cross\""), 1u);
    EXPECT_EQ(count(svg, "class=\"repeat\""), 1u);
    EXPECT_EQ(count(svg, "class=\"timer\""), 1u);
}

TEST(SvgLadder, WordsAreEscaped) {
    Conversation talk(quiet_link());
    talk.request = "GET /<script>&amp HTTP/1.1\r\nHost: server\r\n\r\n";
    talk.run();
    SvgOptions options;
    options.remarks = {{1, "a < b & c"}};
    const std::string svg = svg_ladder(talk.recorder, 0, options);
    EXPECT_EQ(svg.find("<script>"), svg.npos);
    EXPECT_NE(svg.find("/&lt;script&gt;&amp;amp"), svg.npos);
}

TEST(SvgLadder, WhatIsTooMuchIsCounted) {
    Conversation talk(quiet_link());
    talk.run();
    SvgOptions options;
    options.max_segments = 2;
    EXPECT_EQ(count(svg_ladder(talk.recorder, 0, options), "class=\"arrow\""), 2u);
}

TEST(SvgLadder, TimersAreBarsUntilTheyRunOutOrAreNotNeeded) {
    EventLog log;
    WorldWatch watch;
    Conversation talk(quiet_link());
    watch.attach(talk.world, talk.recorder, &log, nullptr);
    talk.link.set_script(sim::Direction::a_to_b,
                         [](const sim::PacketView&, std::uint64_t n) { return sim::Verdict{.lose = n == 1}; });
    talk.run();
    SvgOptions options;
    options.events = &log;
    const std::string svg = svg_ladder(talk.recorder, 0, options);
    EXPECT_EQ(xml_fault(svg), "");
    // Of the SYN, which ran out, and 2 MSL at least.
    EXPECT_GE(count(svg, "class=\"timer\""), 2u);
    EXPECT_GE(count(svg, "<circle"), 1u);
    EXPECT_NE(svg.find(">2 MSL</text>"), svg.npos);
    EXPECT_NE(svg.find(">retransmission</text>"), svg.npos);
}

TEST(SvgLadder, ALongRunOfDataIsFoldedAndItsOctetsAreCounted) {
    Conversation talk(quiet_link());
    talk.response = "HTTP/1.1 200 OK\r\n\r\n" + std::string(200'000, 'x');
    talk.run();
    SvgOptions options;
    const std::string folded = svg_ladder(talk.recorder, 0, options);
    EXPECT_EQ(xml_fault(folded), "");
    EXPECT_GE(count(folded, "class=\"gap fold\""), 1u);
    EXPECT_NE(folded.find("more segments"), folded.npos);
    EXPECT_LT(count(folded, "class=\"arrow\""), 60u);
    options.fold_after = 0;
    const std::string whole = svg_ladder(talk.recorder, 0, options);
    EXPECT_EQ(count(whole, "class=\"gap fold\""), 0u);
    EXPECT_GT(count(whole, "class=\"arrow\""), 140u);
}

}  // namespace
}  // namespace hourglass::trace
