// RFC 9293, section 3.8.5: urgent information.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_30_UrgentDataIsSentAndReceived) {
    app.reads = false;
    accept_connection();
    app.stream.send_urgent(std::as_bytes(std::span(std::string_view("!"))));
    poll();
    EXPECT_EQ(out(), "P.U seq=1 ack=1 len=1");
    in({.flags = "P.U", .seq = 1, .ack = 2, .data = "?", .urgent = 1});
    EXPECT_TRUE(was_told("urgent"));
}

TEST_F(Rfc9293, MUST_31_UrgentDataMayHaveAnyLength) {
    settings.initial_window_segments = 4;
    accept_connection({.mss = 1000});
    const std::string long_text = text(200'000);
    EXPECT_EQ(app.stream.send_urgent(std::as_bytes(std::span(long_text))), 200'000u);
    poll();
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(out(), fmt::format(".U seq={} ack=1 len=1000", 1 + i * 1000));
        EXPECT_EQ(last_header.urgent_pointer, 65535) << "as far as the field reaches";
    }
}

TEST_F(Rfc9293, MUST_62_ThePointerNamesTheOctetThatFollows) {
    accept_connection();
    app.stream.send_urgent(std::as_bytes(std::span(std::string_view("stop"))));
    poll();
    EXPECT_EQ(out(), "P.U seq=1 ack=1 len=4");
    EXPECT_EQ(last_header.urgent_pointer, 4);
    app.reads = false;
    in({.flags = "P.U", .seq = 1, .ack = 5, .data = "abcd", .urgent = 3});
    EXPECT_EQ(app.stream.urgent_left(), 3u);
}

TEST_F(Rfc9293, MUST_32_TheApplicationIsToldWhenThePointerComesAndWhenItAdvances) {
    app.reads = false;
    accept_connection();
    in({.flags = ".U", .seq = 1, .ack = 1, .urgent = 10});
    in({.flags = ".U", .seq = 1, .ack = 1, .urgent = 10});
    EXPECT_EQ(std::ranges::count(app.log, "urgent"), 1);
    in({.flags = ".U", .seq = 1, .ack = 1, .urgent = 20});
    EXPECT_EQ(std::ranges::count(app.log, "urgent"), 2);
}

TEST_F(Rfc9293, MUST_33_TheApplicationLearnsHowMuchIsLeft) {
    app.reads = false;
    accept_connection();
    in({.flags = "P.U", .seq = 1, .ack = 1, .data = "12345", .urgent = 8});
    EXPECT_EQ(app.stream.urgent_left(), 8u);
    app.read_all(app.stream);
    EXPECT_EQ(app.stream.urgent_left(), 3u) << "not arrived yet";
    in({.flags = "P.", .seq = 6, .ack = 1, .data = "678"});
    app.read_all(app.stream);
    EXPECT_EQ(app.stream.urgent_left(), 0u);
}

}  // namespace hourglass::tcp::testing
