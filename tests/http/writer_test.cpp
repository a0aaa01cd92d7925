#include "hourglass/http/writer.h"

#include <gtest/gtest.h>

#include "http/support.h"

namespace hourglass::http {
namespace {

TEST(Writer, RequestIsReadBackAsItWas) {
    Request request;
    request.method = Method::post;
    request.target = "/form?x";
    request.fields = {{"Host", "example.com"}, {"X", "a b"}};
    request.body = "content";
    const auto wire = to_wire(request);
    ASSERT_TRUE(wire);
    EXPECT_EQ(*wire, "POST /form?x HTTP/1.1\r\nHost: example.com\r\nX: a b\r\nContent-Length: 7\r\n\r\ncontent");
    EXPECT_EQ(test::parse_request(*wire).body, "content");
}

TEST(Rfc9110Section86, PostWithoutContentSaysSoAndGetDoesNot) {
    Request request;
    request.fields.add("Host", "a");
    EXPECT_EQ(to_wire(request), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    request.method = Method::post;
    EXPECT_EQ(to_wire(request), "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
}

TEST(Writer, ResponseTakesTheRegisteredReason) {
    Response response = Response::text(Status::not_found, "no", "text/plain");
    EXPECT_EQ(to_wire(response), "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno");
    response.reason = "Gone Fishing";
    EXPECT_TRUE(to_wire(response)->starts_with("HTTP/1.1 404 Gone Fishing\r\n"));
}

TEST(Rfc9112Section61, InterimAndNoContentResponsesHaveNoFraming) {
    Response response;
    response.status = Status::no_content;
    EXPECT_EQ(to_wire(response), "HTTP/1.1 204 No Content\r\n\r\n");
    response.fields.add("Content-Length", "0");
    EXPECT_EQ(to_wire(response).error(), WriteError::content_length);
}

TEST(Rfc9112Section7, ChunksAndTrailersAreWritten) {
    std::string out;
    write_chunk(out, std::string(26, 'x'));
    write_chunk(out, "");
    ASSERT_TRUE(write_last_chunk(out, {{"Digest", "1"}}));
    EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n0\r\nDigest: 1\r\n\r\n");
}

// RFC 9110, section 17.9 and RFC 9112, section 11.1: nothing that an application passes on splits a message.
TEST(Injection, ControlCharactersNeverLeaveInAnyPart) {
    const auto with = [](const auto& change) {
        Request request;
        request.fields.add("Host", "a");
        change(request);
        return to_wire(request).error();
    };
    EXPECT_EQ(with([](Request& r) { r.fields.add("X", "a\r\nEvil: 1"); }), WriteError::invalid_field_value);
    EXPECT_EQ(with([](Request& r) { r.fields.add("X", "a\nEvil: 1"); }), WriteError::invalid_field_value);
    EXPECT_EQ(with([](Request& r) { r.fields.add("X", std::string_view("a\0b", 3)); }),
              WriteError::invalid_field_value);
    EXPECT_EQ(with([](Request& r) { r.fields.add("X", " a"); }), WriteError::invalid_field_value);
    EXPECT_EQ(with([](Request& r) { r.fields.add("X\r\nEvil", "1"); }), WriteError::invalid_field_name);
    EXPECT_EQ(with([](Request& r) { r.fields.add("", "1"); }), WriteError::invalid_field_name);
    EXPECT_EQ(with([](Request& r) { r.target = "/ HTTP/1.1\r\nEvil: 1"; }), WriteError::invalid_target);
    EXPECT_EQ(with([](Request& r) { r.method = Method("GET / HTTP/1.1\r\n"); }), WriteError::invalid_method);
    Response response;
    response.reason = "OK\r\nEvil: 1";
    EXPECT_EQ(to_wire(response).error(), WriteError::invalid_reason);
    response = {};
    response.status = Status{1000};
    EXPECT_EQ(to_wire(response).error(), WriteError::invalid_status);
}

TEST(Writer, FramingFieldsOfTheApplicationMustAgreeWithTheBody) {
    std::string out = "before";
    Response response;
    response.fields.add("Transfer-Encoding", "chunked");
    EXPECT_EQ(write_response_head(out, response, BodyFraming::chunked()).error(), WriteError::transfer_encoding);
    response.fields = {{"Content-Length", "5"}};
    EXPECT_EQ(write_response_head(out, response, BodyFraming::of_length(4)).error(), WriteError::content_length);
    EXPECT_EQ(write_response_head(out, response, BodyFraming::chunked()).error(), WriteError::content_length);
    EXPECT_EQ(out, "before");
    EXPECT_TRUE(write_response_head(out, response, BodyFraming::of_length(5)));
    EXPECT_EQ(out, "beforeHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
}

TEST(Writer, ForbiddenTrailersAreRefused) {
    std::string out;
    EXPECT_FALSE(write_last_chunk(out, {{"Content-Length", "1"}}));
    EXPECT_FALSE(write_last_chunk(out, {{"X", "a\r\n"}}));
    EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace hourglass::http
