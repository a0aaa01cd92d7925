#include "hourglass/trace/ladder.h"

#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <vector>

#include "trace/conversation.h"
#include "trace/ladder_rows.h"
#include "trace/text.h"

namespace hourglass::trace {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

TEST(Ladder, ShowsAConversationFromSynToTheEndOfTimeWait) {
    Conversation c(quiet_link(), 1, {.timestamps = false});
    c.run();
    std::string text = ladder(c.recorder, 0, {.width = 80});
    const std::string port = std::to_string(to_number(c.recorder.connections()[0].initiator.address.port));
    text.replace(text.find(port), port.size(), "50000");
    EXPECT_EQ(text, R"(TCP 1: client 10.0.0.1:50000 ⇄ server 10.0.0.2:80, opened at 0.000 ms

                 client │                                         │ server
                 CLOSED │                                         │ LISTEN
  0.000 ms     SYN-SENT ●── SYN seq=0 win=65535 ─────────────────▶● SYN-RECEIVED
                        │   <mss 1460, ws 5, sack ok>             │
 10.000 ms  ESTABLISHED ●◀─ SYN-ACK seq=0 ack=1 win=65535 ────────│ SYN-RECEIVED
                        │   <mss 1460, ws 5, sack ok>             │
 20.000 ms  ESTABLISHED │── PSH ACK seq=1 ack=1 len=32 ──────────▶● ESTABLISHED
                        │   win=1048576                           │
                        │   GET / HTTP/1.1                        │
 30.000 ms  ESTABLISHED │◀─ PSH ACK seq=1 ack=33 len=43 ──────────│ ESTABLISHED
                        │   win=1048576                           │
                        │   HTTP/1.1 200 OK                       │
 40.000 ms   FIN-WAIT-1 ●── FIN ACK seq=33 ack=44 win=1048512 ───▶● CLOSE-WAIT
 50.000 ms    TIME-WAIT ●◀─ FIN ACK seq=44 ack=34 win=1048544 ────● LAST-ACK
 60.000 ms    TIME-WAIT │── ACK seq=34 ack=45 win=1048512 ───────▶● CLOSED
                        │            ~ 240.0 s later ~            │
240.0600 s       CLOSED ● ◂ 2 MSL                                 │ CLOSED

7 segments; 32 octets ▶, 43 octets ◀
)");
}

TEST(Ladder, NeverGoesBeyondItsWidthAndKeepsItsRails) {
    Conversation c(sim::LinkSettings().both({.delay = 10ms, .jitter = 8ms, .loss = 0.1, .duplicate = 0.1}), 3);
    c.response.append(60'000, 'x');
    c.run();
    for (const bool absolute : {false, true}) {
        for (std::size_t width = 72; width <= 240; width += 7) {
            for (const std::string& line : lines_of(ladders(c.recorder, {.width = width, .absolute = absolute})))
                EXPECT_LE(columns(line), width) << line;
        }
    }
    std::size_t left = 0;
    for (const std::string& line : lines_of(ladder(c.recorder, 0, {.width = 100, .unicode = false}))) {
        if (line.size() < 30 || line.find_first_of("|*", 20) == std::string::npos) continue;
        if (line.starts_with("TCP")) continue;
        if (left == 0) left = line.find_first_of("|*", 20);
        EXPECT_TRUE(line[left] == '|' || line[left] == '*') << line;
    }
    EXPECT_GT(left, 0U);
}

TEST(Ladder, MarksLossesAndWhatIsSentAgain) {
    Conversation c(quiet_link());
    c.link.set_script(sim::Direction::b_to_a,
                      [](const sim::PacketView&, std::uint64_t n) { return sim::Verdict{.lose = n == 2}; });
    c.run();
    const std::string text = ladders(c.recorder, {.width = 160});
    EXPECT_NE(text.find("╳"), std::string::npos) << text;
    EXPECT_NE(text.find("lost: lost by the script"), std::string::npos) << text;
    EXPECT_NE(text.find("↻ PSH ACK seq=1 ack=33 len=43"), std::string::npos) << text;
    EXPECT_NE(text.find("1 lost, 2 sent again"), std::string::npos) << text;
    EXPECT_NE(text.find("↻ sent again"), std::string::npos) << "the legend explains it: " << text;
}

TEST(Ladder, SaysWhyWhereThereIsRoom) {
    Conversation c(quiet_link());
    c.run();
    EXPECT_NE(ladder(c.recorder, 0, {.width = 160}).find("active open: our SYN (RFC 9293 3.5)"), std::string::npos);
    EXPECT_EQ(ladder(c.recorder, 0, {.width = 100}).find("RFC"), std::string::npos);
}

TEST(Ladder, FoldsLongRunsAndSaysWhatIsInThem) {
    Conversation c(quiet_link());
    c.response.append(300'000, 'x');
    c.run();
    const std::string folded = ladder(c.recorder, 0, {.fold_after = 8});
    EXPECT_NE(folded.find("more segments ⋮"), std::string::npos) << folded;
    EXPECT_LT(lines_of(folded).size(), 80U) << folded;
    EXPECT_GT(lines_of(ladder(c.recorder, 0, {.fold_after = 0})).size(), 200U);
}

TEST(Ladder, ShowsAbsoluteNumbersOnRequest) {
    Conversation c(quiet_link());
    c.run();
    const std::string seq = std::to_string(c.recorder.connections()[0].initiator.initial_seq->raw());
    EXPECT_EQ(ladder(c.recorder, 0).find(seq), std::string::npos);
    EXPECT_NE(ladder(c.recorder, 0, {.absolute = true}).find("SYN seq=" + seq), std::string::npos);
}

TEST(Ladder, NotesStandAtTheirRailAndCannotMoveTheCursor) {
    Conversation c(quiet_link());
    c.recorder.note(c.world.now(), "client", "asks for \x1b[2Jthe page");
    c.recorder.note(c.world.now(), "server", "is ready");
    c.run();
    const std::string text = ladder(c.recorder, 0);
    EXPECT_NE(text.find("CLOSED │ ◂ asks for ?[2Jthe page"), std::string::npos) << text;
    EXPECT_NE(text.find("is ready ▸ │ LISTEN"), std::string::npos) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Ladder, ColoursOnlyOnRequest) {
    Conversation c(quiet_link());
    c.run();
    EXPECT_EQ(ladders(c.recorder).find('\x1b'), std::string::npos);
    EXPECT_NE(ladders(c.recorder, {.color = true}).find("\x1b[1;32mESTABLISHED"), std::string::npos);
}

// Rows, from steps made by hand.

using tcp::State;

Step segment(Instant time, std::uint64_t order, std::string from, std::string to, Instant arrives,
             std::uint64_t arrival_order, std::array<State, 2> sender, std::array<State, 2> receiver) {
    PacketTrip trip;
    trip.sender = Sending{sender[0], sender[1], tcp::SendReason::new_data, false, {}};
    trip.arrivals.push_back(
        {arrives, arrival_order, std::move(to), Processing{receiver[0], receiver[1], tcp::Verdict::accepted, {}, {}}});
    return {time, order, std::move(from), std::move(trip)};
}

TEST(LadderRows, SimultaneousCloseTakesTwoRowsForTheSegmentsThatCross) {
    const State established = State::established, fin_wait_1 = State::fin_wait_1, closing = State::closing;
    const std::vector<Step> steps{
        segment(Instant(0ms), 1, "a", "b", Instant(10ms), 4, {established, fin_wait_1}, {fin_wait_1, closing}),
        segment(Instant(1ms), 2, "b", "a", Instant(11ms), 5, {established, fin_wait_1}, {fin_wait_1, closing})};
    const Rows rows = arrange({&steps[0], &steps[1]}, "a", "b");
    ASSERT_EQ(rows.rows.size(), 3U);
    EXPECT_EQ(rows.rows[0].kind, Row::Kind::departure);
    EXPECT_EQ(rows.rows[0].state[0], fin_wait_1);
    EXPECT_EQ(rows.rows[1].kind, Row::Kind::segment);
    EXPECT_EQ(rows.rows[1].from, Rail::right);
    EXPECT_EQ(rows.rows[1].state[0], closing);
    EXPECT_EQ(rows.rows[1].state[1], fin_wait_1) << "the other FIN has not arrived here yet";
    EXPECT_EQ(rows.rows[2].kind, Row::Kind::arrival);
    EXPECT_EQ(rows.rows[2].state[1], closing);
}

TEST(LadderRows, DataThatCrossesDataTakesOneRowEach) {
    const State e = State::established;
    std::vector<Step> steps;
    for (std::uint64_t i = 0; i < 4; ++i)
        steps.push_back(segment(Instant(i * 1ms), i, i % 2 == 0 ? "a" : "b", i % 2 == 0 ? "b" : "a",
                                Instant(i * 1ms + 10ms), 10 + i, {e, e}, {e, e}));
    std::vector<const Step*> pointers;
    for (const Step& step : steps) pointers.push_back(&step);
    const Rows rows = arrange(pointers, "a", "b");
    ASSERT_EQ(rows.rows.size(), 4U);
    for (const Row& row : rows.rows) EXPECT_EQ(row.kind, Row::Kind::segment);
}

TEST(LadderRows, NothingStandsBeforeAChangeOfStateThatCameAfterIt) {
    // b's data leaves in ESTABLISHED at 5 ms; a's FIN reaches b at 10 ms.
    const State e = State::established;
    const std::vector<Step> steps{
        segment(Instant(0ms), 1, "a", "b", Instant(10ms), 3, {e, State::fin_wait_1}, {e, State::close_wait}),
        segment(Instant(5ms), 2, "b", "a", Instant(15ms), 4, {e, e}, {State::fin_wait_1, State::fin_wait_1})};
    const Rows rows = arrange({&steps[0], &steps[1]}, "a", "b");
    std::vector<State> right;
    for (const Row& row : rows.rows) right.push_back(row.state[1].value());
    EXPECT_EQ(right, (std::vector<State>{e, e, State::close_wait}));
    EXPECT_EQ(rows.rows.back().kind, Row::Kind::arrival);
}

TEST(TraceText, CutsWrapsAndPadsByColumns) {
    EXPECT_EQ(cut("▶▶▶▶", 3, "…"), "▶▶…");
    EXPECT_EQ(pad_left("é", 3), "  é");
    EXPECT_EQ(wrap("one two three", 7, "…"), (std::vector<std::string>{"one two", "three"}));
    EXPECT_EQ(wrap("one " + together("two three"), 9, "…"), (std::vector<std::string>{"one", "two three"}));
    EXPECT_EQ(grouped(1234567), "1,234,567");
    EXPECT_EQ(grouped(100), "100");
}

TEST(Text, WideCharactersTakeTwoColumns) {
    EXPECT_EQ(columns("三次握手"), 8u);
    EXPECT_EQ(columns("SYN 报文段"), 10u);
    EXPECT_EQ(columns("e\u0301"), 1u);
    EXPECT_EQ(cut("三次握手", 7, "…"), "三次握…");
    EXPECT_EQ(cut("三次握手", 6, "…"), "三次…");
    EXPECT_EQ(pad_right("握手", 6), "握手  ");
}

TEST(Text, ChineseIsBrokenBetweenCharactersAndNeverBeforePunctuation) {
    EXPECT_EQ(wrap("客户端发出请求。", 8, "…"), (std::vector<std::string>{"客户端发", "出请求。"}));
    EXPECT_EQ(wrap("客户端发出，请求", 10, "…"), (std::vector<std::string>{"客户端发", "出，请求"}));
    EXPECT_EQ(wrap("确认号（ack）一", 10, "…"), (std::vector<std::string>{"确认号", "（ack）一"}));
    EXPECT_EQ(wrap("收到 SYN-ACK 后", 8, "…"), (std::vector<std::string>{"收到", "SYN-ACK", "后"}));
}

TEST(Ladder, ARemarkStandsWithItsSegmentAndBesideItWhereThereIsRoom) {
    Conversation talk(quiet_link());
    talk.run();
    LadderOptions options;
    options.remarks = {{0, "The client asks."}};
    options.width = 80;
    const std::string narrow = ladder(talk.recorder, 0, options);
    EXPECT_NE(narrow.find("\n    » The client asks.\n"), narrow.npos) << narrow;
    options.width = 160;
    const std::string wide = ladder(talk.recorder, 0, options);
    EXPECT_NE(wide.find("│               » The client asks.\n"), wide.npos) << wide;
    options.language = Language::zh;
    EXPECT_NE(ladder(talk.recorder, 0, options).find("主动打开：发出 SYN"), std::string::npos);
}

}  // namespace
}  // namespace hourglass::trace
