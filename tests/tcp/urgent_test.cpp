// Urgent data: RFC 9293, section 3.8.5, and RFC 6093.

#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Urgent : public Single {
  public:
    std::size_t send_urgent(std::string_view text) {
        const std::size_t n = app.stream.send_urgent(std::as_bytes(std::span(text)));
        poll();
        return n;
    }
    void out_of_line() {
        Tuning t = app.stream.tuning();
        t.urgent_inline = false;
        app.stream.tune(t);
        poll();
    }
    std::string read(std::size_t n = 100) {
        std::string text(n, ' ');
        text.resize(app.stream.receive(std::as_writable_bytes(std::span(text))));
        poll();
        return text;
    }
};

TEST_F(Urgent, ThePointerNamesTheOctetBehindTheUrgentOnes) {
    accept_connection();
    EXPECT_EQ(send_urgent("stop"), 4u);
    EXPECT_EQ(out(), "P.U seq=1 ack=1 len=4");
    EXPECT_EQ(last_header.urgent_pointer, 4);
}

TEST_F(Urgent, EverySegmentBeforeThePointerCarriesIt) {
    settings.initial_window_segments = 2;
    accept_connection({.mss = 1000});
    EXPECT_EQ(send_urgent(std::string(3000, '!')), 3000u);
    EXPECT_EQ(out(), ".U seq=1 ack=1 len=1000");
    EXPECT_EQ(last_header.urgent_pointer, 3000);
    EXPECT_EQ(out(), ".U seq=1001 ack=1 len=1000");
    EXPECT_EQ(last_header.urgent_pointer, 2000);
    in({.flags = ".", .seq = 1, .ack = 2001});
    EXPECT_EQ(out(), "P.U seq=2001 ack=1 len=1000");
    in({.flags = ".", .seq = 1, .ack = 3001});
    send("calm");
    poll();
    EXPECT_EQ(out(), "P. seq=3001 ack=1 len=4");
}

TEST_F(Urgent, AClosedWindowDoesNotHoldThePointer) {
    accept_connection({}, 4);
    EXPECT_EQ(app.stream.send(std::as_bytes(std::span(std::string_view("1234")))), 4u);
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=4");
    in({.flags = ".", .seq = 1, .ack = 5, .win = 0});
    send_urgent("!");
    EXPECT_EQ(out(), ".U seq=5 ack=1 len=0");
    EXPECT_EQ(last_header.urgent_pointer, 1);
}

TEST_F(Urgent, TheApplicationIsToldWhenThePointerComesAndWhenItMoves) {
    app.reads = false;
    accept_connection();
    in({.flags = ".U", .seq = 1, .ack = 1, .urgent = 10});
    EXPECT_EQ(app.log.back(), "urgent");
    EXPECT_EQ(app.stream.urgent_left(), 10u);
    const auto told = app.log.size();
    in({.flags = ".U", .seq = 1, .ack = 1, .urgent = 10});
    EXPECT_EQ(app.log.size(), told) << "it stands still";
    in({.flags = ".U", .seq = 1, .ack = 1, .urgent = 20});
    EXPECT_EQ(app.log.size(), told + 1);
    EXPECT_EQ(app.stream.urgent_left(), 20u);
}

TEST_F(Urgent, InLineAReadEndsAtTheMark) {
    app.reads = false;
    accept_connection();
    in({.flags = "P.U", .seq = 1, .ack = 1, .data = "ab!cd", .urgent = 3});
    EXPECT_EQ(app.stream.readable(), 5u);
    EXPECT_FALSE(app.stream.at_mark());
    EXPECT_EQ(read(), "ab");
    EXPECT_TRUE(app.stream.at_mark());
    EXPECT_EQ(read(), "!cd");
    EXPECT_FALSE(app.stream.at_mark());
    EXPECT_EQ(app.stream.urgent_left(), 0u);
}

TEST_F(Urgent, OutOfLineTheLastUrgentOctetIsTakenOut) {
    app.reads = false;
    accept_connection();
    out_of_line();
    in({.flags = "P.U", .seq = 1, .ack = 1, .data = "ab!cd", .urgent = 3});
    EXPECT_EQ(app.stream.readable(), 2u);
    EXPECT_EQ(app.stream.receive_urgent(true), std::byte{'!'});
    EXPECT_EQ(app.stream.receive_urgent(), std::byte{'!'});
    EXPECT_EQ(app.stream.receive_urgent(), std::nullopt);
    EXPECT_EQ(read(), "ab");
    EXPECT_TRUE(app.stream.at_mark());
    EXPECT_EQ(app.stream.readable(), 2u);
    EXPECT_EQ(read(), "cd");
}

TEST_F(Urgent, OutOfLineAnOctetAloneLeavesNothingToRead) {
    app.reads = false;
    accept_connection();
    out_of_line();
    in({.flags = "FP.U", .seq = 1, .ack = 1, .data = "!", .urgent = 1});
    EXPECT_EQ(app.stream.readable(), 0u);
    EXPECT_EQ(read(), "");
    EXPECT_TRUE(app.stream.at_end());
}

TEST_F(Urgent, APointerIntoWhatHasBeenReadSaysNothing) {
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "hello"});
    const auto told = app.log.size();
    in({.flags = ".U", .seq = 6, .ack = 1, .urgent = 0});
    EXPECT_EQ(app.log.size(), told);
    EXPECT_EQ(app.stream.urgent_left(), 0u);
}

}  // namespace
}  // namespace hourglass::tcp::testing
