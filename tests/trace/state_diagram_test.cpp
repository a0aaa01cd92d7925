#include "hourglass/trace/state_diagram.h"

#include <gtest/gtest.h>

#include "trace/conversation.h"
#include "trace/xml.h"

namespace hourglass::trace {
namespace {

TEST(StateDiagram, HasTheElevenStatesAndTheTransitionsOfFigure5) {
    Conversation talk(quiet_link());
    talk.run();
    const std::string svg = state_diagram(talk.recorder, 0);
    EXPECT_EQ(xml_fault(svg), "");
    EXPECT_EQ(count(svg, "class=\"state\""), 12u);  // CLOSED stands in it twice
    EXPECT_EQ(count(svg, "class=\"edge\""), 20u);
    EXPECT_EQ(svg, state_diagram(talk.recorder, 0));
}

TEST(StateDiagram, TheWalkedPathOfBothEndsIsNumberedInTheOrderOfWalking) {
    Conversation talk(quiet_link());
    talk.run();
    const std::string svg = state_diagram(talk.recorder, 0);
    // CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 TIME-WAIT CLOSED: five, and the server's five from LISTEN on.
    EXPECT_EQ(count(svg, "class=\"walked\""), 10u);
    EXPECT_EQ(count(svg, "class=\"number\">5<"), 4u);  // of each end, at the edge and in the list
    EXPECT_EQ(count(svg, "class=\"number\">6<"), 0u);
    // The FIN came with the acknowledgement of ours (note 2 of the figure).
    EXPECT_EQ(count(svg, "stroke-dasharray=\"7 4\""), 1u);
    for (const auto* step : {"CLOSED → SYN-SENT", "SYN-RECEIVED → ESTABLISHED", "FIN-WAIT-1 → TIME-WAIT",
                             "TIME-WAIT → CLOSED", "LAST-ACK → CLOSED"})
        EXPECT_EQ(count(svg, step), 1u) << step;
    EXPECT_NE(svg.find("2 MSL"), svg.npos);
}

TEST(StateDiagram, OneEndAlone) {
    Conversation talk(quiet_link());
    talk.run();
    StateDiagramOptions options;
    options.ends = StateDiagramOptions::Ends::responder;
    const std::string svg = state_diagram(talk.recorder, 0, options);
    EXPECT_EQ(count(svg, "class=\"walked\""), 5u);
    EXPECT_EQ(count(svg, "SYN-SENT →"), 0u);
}

}  // namespace
}  // namespace hourglass::trace
