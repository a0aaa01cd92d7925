#include "hourglass/uwsgi/client.h"

#include <gtest/gtest.h>

namespace hourglass::uwsgi {
namespace {

using namespace std::string_view_literals;

/// A client that has sent one request, and what came of it.
class UwsgiClient : public testing::Test {
  protected:
    void send(http::Method method, std::unique_ptr<http::BodySource> body = nullptr, std::string content = "") {
        http::Request request;
        request.method = std::move(method);
        request.fields = {{"Host", "a"}};
        request.body = std::move(content);
        EXPECT_TRUE(client.send(std::move(request), {}, std::move(body),
                                http::collect_response([this](std::expected<http::Response, http::ClientError> result) {
                                    outcome = result ? std::to_string(to_number(result->status)) + " " + result->body
                                                     : "error " + result.error().text;
                                    retryable = !result && result.error().retryable;
                                })));
    }
    std::string sent() {
        std::string all;
        while (client.output_size() > 0) {
            all += http::as_text(client.output());
            client.consume_output(client.output().size());
        }
        return all;
    }
    void receive(std::string_view text) { client.receive(http::as_bytes(text)); }

    ClientConnection client;
    std::string outcome = "nothing";
    bool retryable = false;
};

TEST_F(UwsgiClient, SendsThePacketAndThenTheBody) {
    send(http::Method::post, nullptr, "hello");
    const std::string bytes = sent();
    const PacketHeader header = parse_header(http::as_bytes(bytes));
    ASSERT_EQ(bytes.size(), PacketHeader::kSize + header.size + 5);
    const auto variables = parse_variables(http::as_bytes(bytes).subspan(4, header.size));
    ASSERT_TRUE(variables);
    EXPECT_EQ(find(*variables, "CONTENT_LENGTH"), "5");
    EXPECT_TRUE(bytes.ends_with("hello"));
    EXPECT_FALSE(client.reusable());
}

TEST_F(UwsgiClient, ResponseEndsWithItsLength) {
    send(http::Method::get);
    receive("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_EQ(outcome, "200 abc");
    EXPECT_TRUE(client.should_close());
}

TEST_F(UwsgiClient, ResponseEndsWithTheConnection) {
    send(http::Method::get);
    receive("HTTP/1.0 200 OK\r\n\r\nab");
    receive("c");
    EXPECT_EQ(outcome, "nothing");
    client.peer_closed();
    EXPECT_EQ(outcome, "200 abc");
}

TEST_F(UwsgiClient, ResponseThatBreaksOffIsAnError) {
    send(http::Method::get);
    receive("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
    client.peer_closed();
    EXPECT_EQ(outcome, "error the connection closed before the response was complete");
    EXPECT_FALSE(retryable);
}

TEST_F(UwsgiClient, RubbishIsAnErrorWithItsClause) {
    send(http::Method::get);
    receive("what?\r\n\r\n");
    EXPECT_TRUE(outcome.starts_with("error malformed response: ")) << outcome;
}

TEST_F(UwsgiClient, OnlyIdempotentRequestsMayBeRepeated) {
    send(http::Method::post);
    client.peer_closed();
    EXPECT_FALSE(retryable);
}
TEST_F(UwsgiClient, IdempotentRequestWithoutAnAnswerMayBeRepeated) {
    send(http::Method::get);
    client.peer_closed();
    EXPECT_TRUE(retryable);
}

TEST_F(UwsgiClient, BodyOfUnknownLengthCannotBeSent) {
    auto pipe = http::BodyPipe::make(100, std::nullopt);
    send(http::Method::post, std::move(pipe.source));
    EXPECT_NE(outcome.find("length of the request's body is not known"), std::string::npos) << outcome;
    EXPECT_EQ(client.output_size(), 0U);
}

TEST_F(UwsgiClient, BodyIsStreamedAsItComes) {
    auto pipe = http::BodyPipe::make(100, 6);
    send(http::Method::post, std::move(pipe.source));
    EXPECT_FALSE(sent().ends_with("abc"));
    pipe.sink->write(http::as_bytes("abc"));
    EXPECT_EQ(sent(), "abc");
    pipe.sink->write(http::as_bytes("def"));
    pipe.sink->end({});
    EXPECT_EQ(sent(), "def");
}

}  // namespace
}  // namespace hourglass::uwsgi
