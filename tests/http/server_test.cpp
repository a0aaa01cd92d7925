#include "hourglass/http/server.h"

#include <gtest/gtest.h>
#include <optional>

#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;

std::string get(std::string_view target, std::string_view fields = "") {
    return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
}
std::string ok(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

TEST(Server, AnswersARequestAndKeepsTheConnection) {
    TestServer server(test::answer_target);
    EXPECT_EQ(server.exchange(get("/a")), ok("/a"));
    EXPECT_EQ(server.exchange(get("/b")), ok("/b"));
    EXPECT_TRUE(server.connection.idle());
    EXPECT_FALSE(server.connection.should_close());
}

TEST(Server, GivesDateAndServerWhenItHasThem) {
    ServerSettings settings;
    settings.server_name = "test";
    settings.wall_clock = [] { return std::chrono::sys_seconds(std::chrono::seconds(784111777)); };
    TestServer server(test::answer_target, settings);
    const std::string answer = server.exchange(get("/"));
    EXPECT_NE(answer.find("\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\nServer: test\r\n"), std::string::npos);
}

TEST(Rfc9112Section932, PipelinedRequestsAreAnsweredInOrderThoughHandlersFinishOutOfOrder) {
    std::vector<Responder> waiting;
    TestServer server([&](const Request&, Responder responder) { waiting.push_back(std::move(responder)); });
    int changes = 0;
    server.connection.on_change([&] { ++changes; });
    EXPECT_EQ(server.exchange(get("/1") + get("/2") + get("/3")), "");
    ASSERT_EQ(waiting.size(), 3U);
    const auto answer = [&](std::size_t i) { test::answer_target(waiting[i].request(), waiting[i]); };
    answer(2);
    EXPECT_EQ(server.take_output(), "");
    answer(0);
    EXPECT_EQ(server.take_output(), ok("/1"));
    answer(1);
    EXPECT_EQ(server.take_output(), ok("/2") + ok("/3"));
    EXPECT_EQ(changes, 3);
}

TEST(Server, StopsReadingWhileTooManyRequestsArePendingAndResumes) {
    ServerSettings settings = TestServer::plain();
    settings.pipelined = 2;
    std::vector<Responder> waiting;
    TestServer server([&](const Request&, Responder r) { waiting.push_back(std::move(r)); }, settings);
    server.exchange(get("/1") + get("/2") + get("/3"));
    EXPECT_EQ(waiting.size(), 2U);
    EXPECT_FALSE(server.connection.wants_input());
    test::answer_target(waiting[0].request(), waiting[0]);
    EXPECT_EQ(waiting.size(), 3U);
    EXPECT_EQ(server.take_output(), ok("/1"));
}

TEST(Server, StopsReadingWhileOutputIsNotTakenAndResumes) {
    ServerSettings settings = TestServer::plain();
    settings.output = 1000;
    TestServer server(
        [](const Request&, const Responder& r) { r.respond(Response::text(Status::ok, std::string(600, 'x'))); },
        settings);
    server.connection.receive(as_bytes(get("/1") + get("/2") + get("/3") + get("/4")));
    EXPECT_FALSE(server.connection.wants_input());
    EXPECT_LT(server.connection.output_size(), 1500U);
    const std::string all = server.take_output();
    EXPECT_GT(all.size(), 2400U);
    EXPECT_TRUE(server.connection.wants_input());
}

TEST(Rfc9112Section96, ConnectionCloseEndsItAndNothingBehindIsProcessed) {
    TestServer server(test::answer_target);
    const std::string answer = server.exchange(get("/a", "Connection: close\r\n") + get("/b"));
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("/b"), std::string::npos);
    EXPECT_EQ(server.connection.requests(), 1U);
    EXPECT_TRUE(server.connection.should_close());
    EXPECT_FALSE(server.connection.wants_input());
}

TEST(Rfc9112Section93, Http10ClosesUnlessKeepAliveIsAskedFor) {
    TestServer server(test::answer_target);
    const std::string kept = server.exchange("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_TRUE(kept.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_NE(kept.find("Connection: keep-alive\r\n"), std::string::npos);
    EXPECT_FALSE(server.connection.should_close());
    EXPECT_NE(server.exchange("GET / HTTP/1.0\r\n\r\n").find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(server.connection.should_close());
}

TEST(Server, ApplicationMayCloseTheConnection) {
    TestServer server([](const Request&, const Responder& responder) {
        Response response;
        response.fields.add("Connection", "close");
        responder.respond(std::move(response));
    });
    EXPECT_EQ(server.exchange(get("/")), "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(server.connection.should_close());
}

TEST(Server, ClosesAfterTheLimitOfRequests) {
    ServerSettings settings = TestServer::plain();
    settings.requests = 2;
    TestServer server(test::answer_target, settings);
    EXPECT_EQ(server.exchange(get("/1")), ok("/1"));
    EXPECT_NE(server.exchange(get("/2")).find("Connection: close"), std::string::npos);
    EXPECT_TRUE(server.connection.should_close());
}

TEST(Rfc9110Section932, HeadGetsTheHeadOfGetWithoutTheBody) {
    TestServer server(test::answer_target);
    EXPECT_EQ(server.exchange("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n");
    EXPECT_EQ(server.exchange(get("/abc")), ok("/abc"));
}

TEST(Server, ErrorIsAnsweredBehindTheResponsesBeforeItAndThenTheConnectionCloses) {
    std::vector<Responder> waiting;
    TestServer server([&](const Request&, Responder r) { waiting.push_back(std::move(r)); });
    EXPECT_EQ(server.exchange(get("/1") + "GET / HTTP/1.1\r\nHost : a\r\n\r\n" + get("/2")), "");
    EXPECT_FALSE(server.connection.wants_input());
    test::answer_target(waiting.at(0).request(), waiting.at(0));
    const std::string answer = server.take_output();
    EXPECT_TRUE(answer.starts_with(ok("/1") + "HTTP/1.1 400 Bad Request\r\n"));
    EXPECT_NE(answer.find("(RFC 9112, section 5.1)"), std::string::npos);
    EXPECT_EQ(waiting.size(), 1U);
    EXPECT_TRUE(server.connection.should_close());
    EXPECT_EQ(server.connection.error(), Error::whitespace_before_colon);
}

TEST(Server, HalfClosedClientStillGetsItsAnswers) {
    std::vector<Responder> waiting;
    TestServer server([&](const Request&, Responder r) { waiting.push_back(std::move(r)); });
    server.exchange(get("/1"));
    server.connection.peer_closed();
    EXPECT_FALSE(server.connection.should_close());
    test::answer_target(waiting.at(0).request(), waiting.at(0));
    EXPECT_EQ(server.take_output(), ok("/1"));
    EXPECT_TRUE(server.connection.should_close());
}

TEST(Rfc9112Section8, RequestCutOffByACloseIsNotHandled) {
    int handled = 0;
    TestServer server([&](const Request&, const Responder&) { ++handled; });
    server.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabc");
    server.connection.peer_closed();
    EXPECT_EQ(handled, 0);
    EXPECT_TRUE(server.take_output().starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(server.connection.should_close());
}

TEST(Server, IdleConnectionThatThePeerClosesIsDone) {
    TestServer server(test::answer_target);
    server.connection.peer_closed();
    EXPECT_TRUE(server.connection.should_close());
    EXPECT_EQ(server.take_output(), "");
}

TEST(Server, ResponderThatIsDroppedAnswersWith500) {
    TestServer server([](const Request&, const Responder&) {});
    EXPECT_TRUE(server.exchange(get("/")).starts_with("HTTP/1.1 500 "));
}

TEST(Server, HandlerThatThrowsAnswersWith500) {
    TestServer server([](const Request&, const Responder&) { throw std::runtime_error("bug"); });
    EXPECT_TRUE(server.exchange(get("/")).starts_with("HTTP/1.1 500 "));
    EXPECT_TRUE(server.exchange(get("/")).starts_with("HTTP/1.1 500 "));
}

TEST(Server, SecondAnswerAndLateAnswerAreRefused) {
    std::optional<Responder> kept;
    {
        TestServer server([&](const Request&, const Responder& responder) {
            kept = responder;
            EXPECT_TRUE(responder.awaited());
            EXPECT_TRUE(responder.respond(Response()));
            EXPECT_FALSE(responder.awaited());
            EXPECT_FALSE(responder.respond(Response()));
        });
        server.exchange(get("/kept"));
    }
    EXPECT_FALSE(kept->respond(Response()));
    EXPECT_EQ(kept->request().target, "/kept");
}

TEST(Injection, ResponseThatMayNotBeSentBecomes500) {
    TestServer server([](const Request&, const Responder& responder) {
        Response response;
        response.fields.add("X", "a\r\nSet-Cookie: evil");
        EXPECT_FALSE(responder.respond(std::move(response)));
    });
    const std::string answer = server.exchange(get("/"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
    EXPECT_EQ(answer.find("evil"), std::string::npos);
}

TEST(Rfc9110Section152, InterimResponsesComeBeforeTheFinalOneInTheirTurn) {
    std::vector<Responder> waiting;
    TestServer server([&](const Request&, Responder r) { waiting.push_back(std::move(r)); });
    server.exchange(get("/1") + get("/2"));
    Response hints;
    hints.status = Status::early_hints;
    EXPECT_TRUE(waiting[1].inform(hints));
    EXPECT_EQ(server.take_output(), "");
    test::answer_target(waiting[0].request(), waiting[0]);
    EXPECT_EQ(server.take_output(), ok("/1") + "HTTP/1.1 103 Early Hints\r\n\r\n");
    hints.status = Status::switching_protocols;
    EXPECT_FALSE(waiting[1].inform(hints));
}

TEST(Rfc9110Section936, ConnectIsRefusedBecauseThereIsNoTunnel) {
    TestServer server(test::answer_target);
    EXPECT_TRUE(server.exchange("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").starts_with("HTTP/1.1 501 "));
    EXPECT_TRUE(server.connection.should_close());
}

TEST(Server, GracefulStopAnswersWhatWasAskedAndCloses) {
    std::vector<Responder> waiting;
    TestServer server([&](const Request&, Responder r) { waiting.push_back(std::move(r)); });
    server.exchange(get("/1"));
    server.connection.close_when_idle();
    EXPECT_FALSE(server.connection.should_close());
    test::answer_target(waiting[0].request(), waiting[0]);
    EXPECT_NE(server.take_output().find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(server.connection.should_close());

    TestServer idle(test::answer_target);
    idle.connection.close_when_idle();
    EXPECT_TRUE(idle.connection.should_close());
}

TEST(Rfc9110Section1559, SlowRequestGets408AndAnIdleConnectionJustCloses) {
    TestServer server(test::answer_target);
    server.exchange("GET / HTTP/1.1\r\nHo");
    server.connection.time_out();
    EXPECT_TRUE(server.take_output().starts_with("HTTP/1.1 408 Request Timeout\r\n"));
    EXPECT_TRUE(server.connection.should_close());

    TestServer idle(test::answer_target);
    idle.connection.time_out();
    EXPECT_EQ(idle.take_output(), "");
    EXPECT_TRUE(idle.connection.should_close());
}

// However the bytes of many requests are cut, the bytes of the answers are the same.
TEST(Server, AnswersDoNotDependOnHowTheInputIsCut) {
    const std::string input = get("/1") +
                              "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" +
                              get("/3") + "GET / HTTP/9.9\r\n\r\n";
    TestServer whole(test::answer_target);
    const std::string expected = whole.exchange(input);
    for (std::size_t piece = 1; piece < 60; ++piece) {
        TestServer server(test::answer_target);
        std::string answers;
        for (std::size_t at = 0; at < input.size(); at += piece)
            answers += server.exchange(std::string_view(input).substr(at, piece));
        EXPECT_EQ(answers, expected) << "pieces of " << piece;
    }
}

// RFC 9112, section 9.6: a client that has said close sends nothing more.
TEST(ServerClosing, ClientIsDoneWhenItSaidSoAndKeptItsWord) {
    const auto done_after = [](std::string_view requests) {
        TestServer server(test::answer_target);
        server.exchange(requests);
        return server.connection.should_close() && server.connection.client_is_done();
    };
    EXPECT_TRUE(done_after("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    EXPECT_TRUE(done_after("GET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(done_after("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n"));
    EXPECT_FALSE(done_after("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nG")) << "something follows";
    EXPECT_FALSE(done_after("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")) << "it may go on";
}

// RFC 9112, section 9.6: what is told with the last output still there, so that the end can leave with it.
TEST(ServerClosing, IsToldBeforeTheLastOutputIsSent) {
    const auto ends_after = [](std::string_view requests) {
        TestServer server(test::answer_target);
        server.connection.receive(as_bytes(requests));
        EXPECT_GT(server.connection.output_size(), 0U);
        EXPECT_FALSE(server.connection.should_close());
        return server.connection.ends_with_output();
    };
    EXPECT_TRUE(ends_after("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    EXPECT_TRUE(ends_after("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n"));
    EXPECT_TRUE(ends_after("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n")) << "an error";
    EXPECT_FALSE(ends_after("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
}

/// A server whose handler waits, and the departure of its client.
struct WaitingServer {
    std::optional<Responder> responder;
    int departures = 0;
    std::optional<TestServer> server{std::in_place, [this](const Request&, const Responder& r) {
                                         responder = r;
                                         r.on_departure([this] { ++departures; });
                                     }};
};

TEST(ServerDeparture, IsToldWhenTheConnectionHasGone) {
    WaitingServer waiting;
    waiting.server->exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(waiting.departures, 0);
    waiting.server.reset();
    EXPECT_EQ(waiting.departures, 1);
}

// RFC 9112, section 9.6: who means to send nothing more says so with the request.
TEST(ServerDeparture, IsAnEndOfInputThatTheRequestDidNotAnnounce) {
    WaitingServer left, listening;
    left.server->exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    left.server->connection.peer_closed();
    EXPECT_EQ(left.departures, 1);
    EXPECT_TRUE(left.responder->awaited());
    listening.server->exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    listening.server->connection.peer_closed();
    EXPECT_EQ(listening.departures, 0);
}

TEST(ServerDeparture, IsNothingOnceThereIsAnAnswer) {
    WaitingServer waiting;
    waiting.server->exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    waiting.responder->respond(Response());
    waiting.server->connection.peer_closed();
    waiting.server.reset();
    EXPECT_EQ(waiting.departures, 0);
}

}  // namespace
}  // namespace hourglass::http
