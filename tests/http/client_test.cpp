#include "hourglass/http/client.h"

#include <gtest/gtest.h>

#include "hourglass/http/router.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;

Request request_for(std::string_view target, Method method = Method::get) {
    Request request;
    request.method = std::move(method);
    request.target = target;
    request.fields.add("Host", "a");
    return request;
}

/// Collects what completions are called with.
struct Results {
    std::vector<std::string> lines;
    Completion next() {
        return [this](std::expected<Response, ClientError> result) {
            lines.push_back(result ? std::to_string(to_number(result->status)) + " " + result->body
                                   : "error " + result.error().text + (result.error().retryable ? " (again)" : ""));
        };
    }
};

std::string take_output(ClientConnection& client) {
    std::string all;
    while (!client.output().empty()) {
        all += as_text(client.output());
        client.consume_output(client.output().size());
    }
    return all;
}

constexpr const char* kClosedEarly = "error the connection closed before the response was complete";

TEST(Client, SendsARequestAndCollectsTheResponse) {
    ClientConnection client;
    Results results;
    EXPECT_TRUE(client.send(request_for("/x"), results.next()));
    EXPECT_EQ(take_output(client), "GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    client.receive(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"));
    EXPECT_TRUE(results.lines.empty());
    client.receive(as_bytes("lo"));
    EXPECT_EQ(results.lines, std::vector<std::string>{"200 hello"});
    EXPECT_TRUE(client.reusable());
    EXPECT_FALSE(client.should_close());
}

TEST(Client, TalksToOurServer) {
    ClientConnection client;
    TestServer server(test::answer_target);
    Results results;
    for (int i = 0; i < 20; ++i) client.send(request_for("/" + std::to_string(i)), results.next());
    test::run(client, server.connection);
    ASSERT_EQ(results.lines.size(), 20U);
    EXPECT_EQ(results.lines[19], "200 /19");
    EXPECT_EQ(client.pending(), 0U);
}

TEST(Rfc9112Section932, WithoutPipeliningOneRequestIsUnderWayAtATime) {
    ClientConnection client;
    Results results;
    client.send(request_for("/1"), results.next());
    client.send(request_for("/2"), results.next());
    EXPECT_EQ(take_output(client), "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    client.receive(as_bytes("HTTP/1.1 204 No Content\r\n\r\n"));
    EXPECT_EQ(take_output(client), "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Rfc9112Section932, PipeliningStopsBehindARequestThatIsNotIdempotent) {
    ClientSettings settings;
    settings.pipelined = 8;
    ClientConnection client(settings);
    Results results;
    client.send(request_for("/1"), results.next());
    client.send(request_for("/2", Method::post), results.next());
    client.send(request_for("/3"), results.next());
    EXPECT_EQ(take_output(client),
              "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    client.receive(as_bytes("HTTP/1.1 204 A\r\n\r\nHTTP/1.1 204 B\r\n\r\n"));
    EXPECT_EQ(take_output(client), "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Client, BodyOfUnknownSizeIsSentInChunksAndStreamedBothWays) {
    Router router;
    router.stream(Method::post, "/", echo_stream(1000));
    TestServer server(router.application());
    ClientConnection client;
    Results results;
    BodyPipe upload = BodyPipe::make(1 << 20, std::nullopt);
    client.send(request_for("/", Method::post), std::move(upload.source), collect_response(results.next()));
    test::run(client, server.connection);
    upload.sink->write(as_bytes(std::string(50'000, 'u')));
    test::run(client, server.connection);
    EXPECT_TRUE(results.lines.empty());
    upload.sink->end({});
    test::run(client, server.connection);
    ASSERT_EQ(results.lines.size(), 1U);
    EXPECT_EQ(results.lines[0], "200 " + std::string(50'000, 'u'));
    EXPECT_TRUE(client.reusable());
}

TEST(Rfc9110Section1011, BodyWaitsForContinue) {
    ClientConnection client;
    Results results;
    Request request = request_for("/", Method::put);
    request.fields.add("Expect", "100-continue");
    request.body = "body";
    client.send(std::move(request), results.next());
    EXPECT_FALSE(take_output(client).ends_with("body"));
    EXPECT_TRUE(client.awaits_continue());
    client.receive(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
    EXPECT_EQ(take_output(client), "body");
    client.receive(as_bytes("HTTP/1.1 204 No Content\r\n\r\n"));
    EXPECT_EQ(results.lines, std::vector<std::string>{"204 "});
    EXPECT_TRUE(client.reusable());
}

TEST(Rfc9110Section1011, RefusalInsteadOfContinueLeavesTheBodyUnsentAndEndsTheConnection) {
    ClientConnection client;
    Results results;
    Request request = request_for("/", Method::put);
    request.fields.add("Expect", "100-continue");
    request.body = "body";
    client.send(std::move(request), results.next());
    take_output(client);
    client.receive(as_bytes("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(take_output(client), "");
    EXPECT_EQ(results.lines, std::vector<std::string>{"413 "});
    EXPECT_TRUE(client.should_close());
}

TEST(Rfc9110Section1011, BodyGoesWithoutContinueWhenTheCallerHasWaitedLongEnough) {
    ClientConnection client;
    Request request = request_for("/", Method::put);
    request.fields.add("Expect", "100-continue");
    request.body = "body";
    Results results;
    client.send(std::move(request), results.next());
    take_output(client);
    client.release_body();
    EXPECT_EQ(take_output(client), "body");
}

TEST(Client, ReportsInterimResponsesAndSkipsThem) {
    struct Receiver final : ResponseReceiver {
        std::string seen;
        void on_interim(const Response& r) override { seen += std::to_string(to_number(r.status)) + " "; }
        void on_head(Response r) override { seen += std::to_string(to_number(r.status)) + " "; }
        void on_body(std::span<const std::byte> bytes) override { seen += as_text(bytes); }
        void on_end(const Fields&) override { seen += ";"; }
        void on_error(const ClientError& error) override { seen += error.text; }
    };
    const auto receiver = std::make_shared<Receiver>();
    ClientConnection client;
    client.send(request_for("/"), nullptr, receiver);
    client.receive(
        as_bytes("HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 H\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"));
    EXPECT_EQ(receiver->seen, "102 103 200 x;");

    ClientConnection flooded;
    const auto victim = std::make_shared<Receiver>();
    flooded.send(request_for("/"), nullptr, victim);
    for (int i = 0; i < 100; ++i) flooded.receive(as_bytes("HTTP/1.1 102 P\r\n\r\n"));
    EXPECT_TRUE(victim->seen.ends_with("more interim responses than the limit"));
}

TEST(Rfc9112Section93, ResponseThatClosesEndsTheConnectionAndOthersMayGoAgain) {
    ClientConnection client;
    Results results;
    client.send(request_for("/1"), results.next());
    client.send(request_for("/2", Method::post), results.next());
    client.receive(as_bytes("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"));
    EXPECT_EQ(results.lines, (std::vector<std::string>{"200 x", std::string(kClosedEarly) + " (again)"}));
    EXPECT_TRUE(client.should_close());
    EXPECT_FALSE(client.send(request_for("/3"), results.next()));
}

TEST(Rfc9112Section931, OnlyWhatIsSafeToRepeatIsRetryable) {
    for (const auto& [method, again] : {std::pair{Method::get, true}, std::pair{Method::post, false}}) {
        ClientConnection client;
        Results results;
        client.send(request_for("/", method), results.next());
        take_output(client);
        client.peer_closed();
        EXPECT_EQ(results.lines.at(0), std::string(kClosedEarly) + (again ? " (again)" : ""));
    }
    ClientConnection begun;
    Results results;
    begun.send(request_for("/"), results.next());
    begun.receive(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
    begun.peer_closed();
    EXPECT_EQ(results.lines.at(0), kClosedEarly);
}

TEST(Rfc9112Section63, BodyWithoutLengthEndsWithTheConnection) {
    ClientConnection client;
    Results results;
    client.send(request_for("/"), results.next());
    client.receive(as_bytes("HTTP/1.0 200 OK\r\n\r\nall of it"));
    EXPECT_TRUE(results.lines.empty());
    client.peer_closed();
    EXPECT_EQ(results.lines, std::vector<std::string>{"200 all of it"});
    EXPECT_TRUE(client.should_close());
}

TEST(Client, HeadResponseHasNoBody) {
    ClientConnection client;
    Results results;
    client.send(request_for("/", Method::head), results.next());
    client.receive(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"));
    EXPECT_EQ(results.lines, std::vector<std::string>{"200 "});
}

TEST(Client, MalformedResponseIsAnErrorWithItsClause) {
    ClientConnection client;
    Results results;
    client.send(request_for("/"), results.next());
    client.receive(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"));
    EXPECT_EQ(results.lines.at(0),
              "error malformed response: more than one Content-Length (RFC 9112, section 6.3) (again)");
}

// A response that comes before its request must not become the answer to a later one.
TEST(Client, UnaskedBytesEndTheConnection) {
    ClientConnection client;
    client.receive(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    Results results;
    EXPECT_FALSE(client.send(request_for("/"), results.next()));
    EXPECT_TRUE(client.should_close());
}

TEST(Client, RequestThatMayNotBeSentFailsAloneAndNothingOfItLeaves) {
    ClientConnection client;
    Results results;
    Request bad = request_for("/");
    bad.fields.add("X", "a\r\nb");
    client.send(std::move(bad), results.next());
    client.send(request_for("/good"), results.next());
    EXPECT_EQ(results.lines.size(), 1U);
    EXPECT_TRUE(results.lines[0].starts_with("error the request can't be sent: "));
    EXPECT_EQ(take_output(client), "GET /good HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Client, CollectorKeepsToItsLimit) {
    ClientConnection client;
    Results results;
    client.send(request_for("/"), nullptr, collect_response(results.next(), 3));
    client.receive(as_bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
    EXPECT_EQ(results.lines, std::vector<std::string>{"error the response is larger than the limit"});
}

TEST(Client, ResponsesDoNotDependOnHowTheInputIsCut) {
    const std::string input =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nde";
    for (std::size_t piece = 1; piece <= input.size(); ++piece) {
        ClientSettings settings;
        settings.pipelined = 2;
        ClientConnection client(settings);
        Results results;
        client.send(request_for("/1"), results.next());
        client.send(request_for("/2"), results.next());
        for (std::size_t at = 0; at < input.size(); at += piece)
            client.receive(as_bytes(std::string_view(input).substr(at, piece)));
        EXPECT_EQ(results.lines, (std::vector<std::string>{"200 abc", "200 de"})) << "pieces of " << piece;
    }
}

}  // namespace
}  // namespace hourglass::http
