#include <gtest/gtest.h>

#include "http/support.h"

namespace hourglass::http {
namespace {

using test::parse_request;
using test::parse_requests;
using test::request_error;

TEST(Rfc9112Request, GetHasMethodTargetVersionAndFields) {
    const Request request =
        parse_request("GET /a?b HTTP/1.1\r\nHost: example.com\r\nAccept:text/*  \r\nEmpty:\r\n\r\n");
    EXPECT_EQ(request.method, Method::get);
    EXPECT_EQ(request.target, "/a?b");
    EXPECT_EQ(request.version, kHttp11);
    EXPECT_EQ(request.fields, (Fields{{"Host", "example.com"}, {"Accept", "text/*"}, {"Empty", ""}}));
}

TEST(Rfc9112Request, PipelinedRequestsComeOneAfterTheOther) {
    const auto parsed = parse_requests(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
        "PATCH /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n");
    EXPECT_FALSE(parsed.error);
    ASSERT_EQ(parsed.requests.size(), 3U);
    EXPECT_EQ(parsed.requests[0].body, "abc");
    EXPECT_EQ(parsed.requests[1].target, "/2");
    EXPECT_EQ(parsed.requests[2].body, "de");
    EXPECT_EQ(parsed.requests[2].trailers, (Fields{{"T", "v"}}));
    EXPECT_TRUE(parsed.requests[1].trailers.empty());
}

TEST(Rfc9112Section22, EmptyLinesBeforeTheRequestLineAreSkippedUpToALimit) {
    EXPECT_EQ(parse_request("\r\n\r\nGET / HTTP/1.0\r\n\r\n").target, "/");
    EXPECT_EQ(request_error("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n"), Error::too_many_empty_lines);
}

TEST(Rfc9112Section22, LinesEndInCrLfAndNothingElse) {
    EXPECT_EQ(request_error("GET / HTTP/1.1\nHost: a\n\n"), Error::bare_line_feed);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a\n\r\n"), Error::bare_line_feed);
    EXPECT_EQ(request_error("GET / HTTP/1.1\rHost: a\r\n\r\n"), Error::bare_carriage_return);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n"), Error::bare_carriage_return);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a\r\n\rX"), Error::bare_carriage_return);
}

TEST(Rfc9112Section3, RequestLineHasSingleSpacesAndAVersion) {
    EXPECT_EQ(request_error("GET  / HTTP/1.1\r\n\r\n"), Error::invalid_target);
    EXPECT_EQ(request_error("GET /  HTTP/1.1\r\n\r\n"), Error::invalid_version);
    EXPECT_EQ(request_error("GET / HTTP/1.1 \r\n\r\n"), Error::invalid_version);
    EXPECT_EQ(request_error("GET\t/ HTTP/1.1\r\n\r\n"), Error::invalid_method);
    EXPECT_EQ(request_error(" GET / HTTP/1.1\r\n\r\n"), Error::invalid_method);
    EXPECT_EQ(request_error("GET /\r\n\r\n"), Error::invalid_version);
    EXPECT_EQ(request_error("GET / http/1.1\r\n\r\n"), Error::invalid_version);
    EXPECT_EQ(request_error("GET / HTTP/1.10\r\n\r\n"), Error::invalid_version);
    EXPECT_EQ(request_error("PRI * HTTP/2.0\r\n\r\n"), Error::unsupported_version);
}

TEST(Rfc9112Section23, HigherMinorVersionsAreReadAsHttp11) {
    EXPECT_EQ(parse_request("GET / HTTP/1.7\r\nHost: a\r\n\r\n").version, (Version{1, 7}));
}

TEST(Rfc9112Section32, EveryHttp11RequestHasOneValidHost) {
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\n\r\n"), Error::missing_host);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"), Error::duplicate_host);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), Error::invalid_host);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n"), Error::invalid_host);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), Error::invalid_host);
    EXPECT_EQ(parse_request("GET / HTTP/1.1\r\nHost:\r\n\r\n").authority(), "");
    EXPECT_EQ(parse_request("GET / HTTP/1.0\r\n\r\n").version, kHttp10);
}

TEST(Rfc9112Section5, FieldLinesAreStrict) {
    const auto with_line = [](std::string line) {
        return request_error("GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n");
    };
    EXPECT_EQ(with_line("A : b"), Error::whitespace_before_colon);
    EXPECT_EQ(with_line("A\t: b"), Error::whitespace_before_colon);
    EXPECT_EQ(with_line("A: b\r\n c"), Error::obsolete_fold);
    EXPECT_EQ(with_line("A: b\r\n\tc"), Error::obsolete_fold);
    EXPECT_EQ(with_line("A"), Error::invalid_field_name);
    EXPECT_EQ(with_line(": b"), Error::invalid_field_name);
    EXPECT_EQ(with_line("A(: b"), Error::invalid_field_name);
    EXPECT_EQ(with_line("\x80: b"), Error::invalid_field_name);
    EXPECT_EQ(with_line(std::string("A: b\0c", 6)), Error::invalid_field_value);
    EXPECT_EQ(with_line("A: b\x7f"), Error::invalid_field_value);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), Error::leading_whitespace);
    EXPECT_FALSE(with_line("A: tab\there, obs-text \xe4"));
}

TEST(Limits, EachHasItsErrorAndStatus) {
    Limits limits;
    limits.start_line = 20;
    limits.method = 6;
    limits.field_section = 40;
    limits.fields = 2;
    EXPECT_EQ(request_error("GET /abcdefghijklmnopqrst HTTP/1.1\r\n", limits), Error::start_line_too_long);
    EXPECT_EQ(request_error("OPTIONS / HTTP/1.1\r\n", limits), Error::method_too_long);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a\r\nA: 012345678901234567890123456789\r\n", limits),
              Error::field_section_too_large);
    EXPECT_EQ(request_error("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n", limits), Error::too_many_fields);
    EXPECT_EQ(info(Error::start_line_too_long).status, Status::uri_too_long);
    EXPECT_EQ(info(Error::method_too_long).status, Status::not_implemented);
    EXPECT_EQ(info(Error::field_section_too_large).status, Status::request_header_fields_too_large);
    EXPECT_EQ(info(Error::unsupported_version).status, Status::http_version_not_supported);
}

TEST(Limits, BodyIsDeliveredUpToItsLimitAndNoFurther) {
    Limits limits;
    limits.body = 4;
    EXPECT_EQ(request_error("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", limits),
              Error::content_too_large);
    EXPECT_EQ(parse_requests("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd", 100, limits).requests.size(),
              1U);
    EXPECT_EQ(
        request_error("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n", limits),
        Error::content_too_large);
}

// Every way to cut a stream in two or in equal pieces gives the same requests and the same errors.
TEST(Splitting, TheInputsPiecesDoNotMatter) {
    const std::string valid =
        "\r\nPOST /1?x HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\nX: y z\r\n\r\n"
        "5;name=\"va lue\"\r\nhello\r\n0\r\nTrailer-Field: 1\r\n\r\n"
        "PUT /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET /3 HTTP/1.1\r\nHost: a\r\n\r\n";
    for (const std::string& input : {valid, valid + "GET / HTTP/1.1\r\nA : b\r\n\r\n", valid + "GET / HTTP/3.1\r\n\r\n",
                                     valid + "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\n"}) {
        const auto whole = parse_requests(input);
        ASSERT_EQ(whole.requests.size(), 3U);
        for (std::size_t piece = 1; piece < input.size(); ++piece) {
            EXPECT_EQ(parse_requests(input, piece), whole) << "pieces of " << piece;
        }
        for (std::size_t cut = 1; cut < input.size(); ++cut) {
            RequestParser parser;
            std::string targets;
            for (std::string_view part :
                 {std::string_view(input).substr(0, cut), std::string_view(input).substr(cut)}) {
                auto bytes = as_bytes(part);
                for (auto step = parser.parse(bytes); step && step->kind != ParseStep::Kind::need_more;
                     step = parser.parse(bytes)) {
                    bytes = bytes.subspan(step->consumed);
                    if (step->kind == ParseStep::Kind::end) targets += parser.request().target;
                }
            }
            EXPECT_EQ(targets, "/1?x/2/3") << "cut at " << cut;
        }
    }
}

TEST(RequestParser, StaysFailedAfterAnError) {
    RequestParser parser;
    EXPECT_FALSE(parser.parse(as_bytes("BAD\r\n")));
    const auto again = parser.parse(as_bytes("GET / HTTP/1.0\r\n\r\n"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), Error::invalid_method);
}

TEST(RequestParser, KnowsWhetherItIsBetweenMessages) {
    RequestParser parser;
    EXPECT_TRUE(parser.between_messages());
    EXPECT_TRUE(parser.parse(as_bytes("\r\n")));
    EXPECT_TRUE(parser.between_messages());
    EXPECT_TRUE(parser.parse(as_bytes("G")));
    EXPECT_FALSE(parser.between_messages());
    EXPECT_EQ(parser.parse(as_bytes("ET / HTTP/1.0\r\n\r\n"))->kind, ParseStep::Kind::head);
    EXPECT_FALSE(parser.between_messages());
    EXPECT_EQ(parser.parse({})->kind, ParseStep::Kind::end);
    EXPECT_TRUE(parser.between_messages());
}

}  // namespace
}  // namespace hourglass::http
