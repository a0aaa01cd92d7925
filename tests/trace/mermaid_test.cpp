#include "hourglass/trace/mermaid.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "trace/conversation.h"
#include "trace/xml.h"

namespace hourglass::trace {
namespace {

TEST(Mermaid, IsASequenceDiagramWithAMessageForEachSegmentAndNotesForTheStates) {
    Conversation talk(quiet_link());
    talk.run();
    const std::string text = mermaid(talk.recorder, 0);
    EXPECT_TRUE(text.starts_with("sequenceDiagram\n")) << text;
    EXPECT_EQ(count(text, "participant "), 2u);
    const auto segments = static_cast<std::size_t>(std::ranges::count_if(
        talk.recorder.steps(), [](const Step& s) { return std::holds_alternative<PacketTrip>(s.what); }));
    EXPECT_EQ(count(text, "A->>B: ") + count(text, "B->>A: "), segments);
    EXPECT_NE(text.find("Note left of A: SYN-SENT"), text.npos);
    EXPECT_NE(text.find("Note right of B: CLOSE-WAIT"), text.npos);
    EXPECT_EQ(text, mermaid(talk.recorder, 0));
}

TEST(Mermaid, ALostSegmentEndsInACrossAndItsRepetitionIsDotted) {
    Conversation talk(quiet_link());
    talk.link.set_script(sim::Direction::a_to_b,
                         [](const sim::PacketView&, std::uint64_t n) { return sim::Verdict{.lose = n == 1}; });
    talk.run();
    const std::string text = mermaid(talk.recorder, 0);
    EXPECT_EQ(count(text, "A-xB: "), 1u);
    EXPECT_EQ(count(text, "A-->>B: "), 1u);
    EXPECT_NE(text.find("lost: lost by the script"), text.npos) << text;
}

TEST(Mermaid, WhatMermaidWouldReadAsItsOwnIsAnEntity) {
    Conversation talk(quiet_link());
    talk.request = "GET /<b>;#1%%{x} HTTP/1.1\r\nHost: server\r\n\r\n";
    talk.run();
    MermaidOptions options;
    options.remarks = {{0, "one; two # three"}};
    const std::string text = mermaid(talk.recorder, 0, options);
    EXPECT_NE(text.find("/#lt;b#gt;#59;#35;1#37;#37;{x}"), text.npos) << text;
    EXPECT_NE(text.find("Note over A,B: one#59; two #35; three"), text.npos);
    for (std::size_t at = text.find(';'); at != text.npos; at = text.find(';', at + 1))
        EXPECT_NE(text.rfind('#', at), text.npos) << text.substr(at > 20 ? at - 20 : 0, 40);
}

TEST(Mermaid, SpeaksChinese) {
    Conversation talk(quiet_link());
    talk.run();
    MermaidOptions options;
    options.language = Language::zh;
    EXPECT_NE(mermaid(talk.recorder, 0, options).find("被动打开"), std::string::npos);
}

}  // namespace
}  // namespace hourglass::trace
