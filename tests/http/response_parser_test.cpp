#include <gtest/gtest.h>

#include "http/support.h"

namespace hourglass::http {
namespace {

using test::parse_response;

TEST(Rfc9112Section63, ContentLengthEndsABody) {
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), "200 abc;");
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), "200 ab...");
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", Method::get, true),
              "200 ab!incomplete_message");
}

TEST(Rfc9112Section63, ChunksEndABodyAndAnEarlyCloseIsAnError) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(parse_response(head + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), "200 abcde;");
    EXPECT_EQ(parse_response(head + "3\r\nabc\r\n", Method::get, true), "200 abc!incomplete_message");
}

TEST(Rfc9112Section63, WithoutALengthTheBodyEndsWithTheConnection) {
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\n\r\nabc"), "200 abc...");
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\n\r\nabc", Method::get, true), "200 abc;");
}

TEST(Rfc9112Section63, SomeResponsesNeverHaveABody) {
    const std::string next = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    EXPECT_EQ(parse_response("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n" + next), "304 ;200 x;");
    EXPECT_EQ(parse_response("HTTP/1.1 204 No Content\r\n\r\n" + next), "204 ;200 x;");
    EXPECT_EQ(parse_response("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + next),
              "100 ;103 ;200 x;");
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", Method::head), "200 ;");
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntunnel", Method::connect), "200 tunnel...");
}

TEST(Rfc9112Section63, ContradictoryLengthsAreRefused) {
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"),
              "!transfer_encoding_with_content_length");
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
              "!duplicate_content_length");
    EXPECT_EQ(parse_response("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
              "!transfer_encoding_in_http_1_0");
}

TEST(Rfc9112Section4, StatusLineIsStrictButForTheReason) {
    EXPECT_EQ(parse_response("HTTP/1.1 204 \r\n\r\n"), "204 ;");
    EXPECT_EQ(parse_response("HTTP/1.1 204\r\n\r\n"), "204 ;");
    EXPECT_EQ(parse_response("HTTP/1.1 204 \xc3\x84 \tx\r\n\r\n"), "204 ;");
    EXPECT_EQ(parse_response("HTTP/1.1 2O4 x\r\n\r\n"), "!invalid_status_line");
    EXPECT_EQ(parse_response("HTTP/1.1 2000 x\r\n\r\n"), "!invalid_status_line");
    EXPECT_EQ(parse_response("HTTP/1.1 099 x\r\n\r\n"), "!invalid_status_line");
    EXPECT_EQ(parse_response("HTTP/1.1  200 x\r\n\r\n"), "!invalid_status_line");
    EXPECT_EQ(parse_response("HTTP/2.0 200 x\r\n\r\n"), "!unsupported_version");
    EXPECT_EQ(parse_response("ICY 200 OK\r\n\r\n"), "!invalid_version");
    EXPECT_EQ(parse_response("HTTP/1.1 200 OK\n\n"), "!bare_line_feed");
    EXPECT_EQ(parse_response("\r\nHTTP/1.1 200 OK\r\n\r\n"), "!invalid_version");
}

TEST(Rfc9112Section8, CloseBetweenResponsesIsNoError) {
    EXPECT_EQ(parse_response("HTTP/1.1 204 x\r\n\r\n", Method::get, true), "204 ;");
    EXPECT_EQ(parse_response("HTTP/1.1 204 x\r\n", Method::get, true), "!incomplete_message");
}

}  // namespace
}  // namespace hourglass::http
