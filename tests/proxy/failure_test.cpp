#include <gmock/gmock.h>

#include "proxy/support.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;
using http::Method;
using http::Request;
using http::Responder;
using http::Response;
using http::Status;
using test::ProxyWorld;
using testing::StartsWith;

class Failures : public ProxyWorld {};

TEST_F(Failures, ServerThatIsDownIs502AndTheLogSaysWhy) {
    start(to("a"));
    EXPECT_THAT(get("/x"), StartsWith("502 "));
    EXPECT_EQ(last.fields.get("Proxy-Status"), "edge; error=connection_refused");
    EXPECT_TRUE(logged("502: GET /x of 10.0.0.1: upstream app, a: connection refused"));
}

TEST_F(Failures, ServerThatSaysNothingIs504) {
    serve_raw("a", "", false);
    Configuration c = to("a");
    c.upstreams[0].response_time = 3s;
    start(c);
    const Instant before = world.now();
    EXPECT_THAT(get("/"), StartsWith("504 "));
    EXPECT_NEAR(to_seconds(world.now() - before), 3, 0.2);
    EXPECT_TRUE(logged("a: no answer in time"));
}

TEST_F(Failures, HostThatIsNotThereIs504) {
    Configuration c = to("a");
    c.upstreams[0].servers[0].address.address = IpAddress::v4(10, 0, 0, 99);
    c.upstreams[0].connect_time = 500ms;
    start(c);
    EXPECT_THAT(get("/"), StartsWith("504 "));
    EXPECT_TRUE(logged("no connection in time"));
}

TEST_F(Failures, RubbishIs502WithItsReason) {
    serve_raw("a", "what is this?\r\n\r\n", true);
    start(to("a"));
    EXPECT_THAT(get("/"), StartsWith("502 "));
    EXPECT_TRUE(logged("malformed response"));
    EXPECT_EQ(last.fields.get("Proxy-Status"), "edge; error=http_protocol_error");
}

TEST_F(Failures, ServerThatClosesEarlyIs502) {
    serve_raw("a", "HTTP/1.1 200 OK\r\nContent-Le", true);
    start(to("a"));
    EXPECT_THAT(get("/"), StartsWith("502 "));
    EXPECT_TRUE(logged("closed before the response was complete"));
}

TEST_F(Failures, ResponseThatBreaksOffIsCutOffAndNeverMadeWhole) {
    serve_raw("a", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true);
    start(to("a"));
    EXPECT_THAT(get("/"), StartsWith("error "));
    EXPECT_TRUE(logged("response cut off: GET / of 10.0.0.1"));
}

TEST_F(Failures, SafeRequestsAreTriedOnAnotherServer) {
    serve("b");
    start(to("ab"));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/"), "200 b says /");
    serve_raw("a", "rubbish\r\n\r\n", true);
    run(11s);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/"), "200 b says /");
    EXPECT_EQ(outcomes.size(), 8U);
}

TEST_F(Failures, WhatMayHaveBeenCarriedOutIsNotRepeated) {
    serve("b");
    serve_raw("a", "rubbish\r\n\r\n", true);
    start(to("ab"));
    EXPECT_THAT(fetch(request(Method::post, "/")), StartsWith("502 "));
    EXPECT_EQ(handled["b"], 0);
    EXPECT_EQ(raw_servers["a"]->connections, 1);
}

TEST_F(Failures, PostThatWasNeverSentMayGoToAnotherServer) {
    serve("b");
    start(to("ab"));
    Request post = request(Method::post, "/");
    post.body = "!";
    EXPECT_EQ(fetch(post), "200 b says /!");
    post.body.assign(200'000, 'x');  // too large to be held: it goes as it comes, and has not gone yet
    run(11s);
    EXPECT_THAT(fetch(post), StartsWith("200 b says /x"));
}

TEST_F(Failures, TriesAreLimited) {
    Configuration c = to("abc");
    c.upstreams[0].tries = 2;
    start(c);
    EXPECT_THAT(get("/"), StartsWith("502 "));
    EXPECT_TRUE(logged("(2 tries)"));
}

TEST_F(Failures, StatusesThatCountAsFailuresAreRetried) {
    serve("a", [](const Request&, const Responder& r) { r.respond(Response::error(Status::service_unavailable)); });
    serve("b");
    Configuration c = to("ab");
    start(c);
    EXPECT_THAT(get("/"), StartsWith("503 "));
    c.upstreams[0].retry_status = {503};
    proxy->reload(c);
    EXPECT_EQ(get("/"), "200 b says /");
    EXPECT_EQ(handled["a"], 2);
}

TEST_F(Failures, ServerThatFailsIsSetAsideForAWhile) {
    serve("b");
    Configuration c = to("ab");
    c.upstreams[0].max_fails = 2;
    c.upstreams[0].fail_time = 20s;
    start(c);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(get("/"), "200 b says /");
    EXPECT_TRUE(logged("upstream app: server a is set aside for 20 s: connection refused"));
    EXPECT_EQ(world.host("proxy").tcp().counters().active_opens, 3U) << "two tries on a, one connection to b";
    serve("a");
    run(25s);
    get("/");
    get("/");
    EXPECT_GE(handled["a"], 1) << "it gets another chance";
}

TEST_F(Failures, NoServerUpIs503) {
    Configuration c = to("ab");
    c.upstreams[0].max_fails = 1;
    start(c);
    EXPECT_THAT(get("/"), StartsWith("502 "));
    EXPECT_THAT(get("/"), StartsWith("503 "));
    EXPECT_EQ(last.fields.get("Retry-After"), "1");
    EXPECT_TRUE(logged("no server is up"));
}

TEST_F(Failures, BackupServesOnlyWhileNoOtherIsUp) {
    serve("a");
    serve("b");
    Configuration c = to("ab");
    c.upstreams[0].servers[1].backup = true;
    c.upstreams[0].max_fails = 1;
    start(c);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/"), "200 a says /");
    stop("a");
    EXPECT_EQ(get("/"), "200 b says /");
}

TEST_F(Failures, ConnectionThatTheServerClosedMeanwhileCostsNothing) {
    serve("a");
    start(to("a"));
    EXPECT_EQ(get("/1"), "200 a says /1");
    // The server goes away and another one takes its place; the connection that is kept is dead.
    servers["a"]->close();
    run(10ms);
    servers.erase("a");
    serve("a");
    EXPECT_EQ(get("/2"), "200 a says /2");
    EXPECT_TRUE(log.empty());
}

TEST_F(Failures, RequestsWaitForAConnectionUpToALimit) {
    std::vector<Responder> held;
    serve("a", [&](const Request&, Responder r) { held.push_back(std::move(r)); });
    Configuration c = to("a");
    c.upstreams[0].connections = 1;
    c.upstreams[0].queue = 2;
    c.upstreams[0].queue_time = 5s;
    start(c);
    for (int i = 0; i < 4; ++i) {
        begin(request(Method::get, "/"));
        run(50ms);
    }
    ASSERT_EQ(held.size(), 1U);
    ASSERT_EQ(outcomes.size(), 1U) << "the fourth finds the queue full";
    EXPECT_THAT(outcomes[0], StartsWith("503 "));
    EXPECT_TRUE(logged("the queue is full"));
    held[0].respond(Response::text(Status::ok, "done"));
    run(100ms);
    EXPECT_EQ(outcomes.size(), 2U);
    EXPECT_EQ(held.size(), 2U) << "the next one has its turn on the same connection";
    run(6s);
    ASSERT_EQ(outcomes.size(), 3U);
    EXPECT_THAT(outcomes[2], StartsWith("503 "));
    EXPECT_TRUE(logged("no connection became free in time"));
}

TEST_F(Failures, ActiveChecksTakeServersOutAndIn) {
    serve("a");
    bool sick = true;
    serve("b", [&](const Request& asked, const Responder& r) {
        if (sick) return static_cast<void>(r.respond(Response::error(Status::internal_server_error)));
        r.respond(Response::text(Status::ok, "b says " + asked.target));
    });
    Configuration c = to("ab");
    c.upstreams[0].check = HealthCheckConfiguration{.path = "/health", .interval = 1s, .timeout = 500ms};
    start(c);
    run(5s);
    EXPECT_TRUE(logged("upstream app: server b is down: status 500"));
    EXPECT_EQ(seen[0].target, "/health");
    for (int i = 0; i < 4; ++i) EXPECT_EQ(get("/"), "200 a says /");
    sick = false;
    run(5s);
    EXPECT_TRUE(logged("server b is up again"));
    get("/");
    get("/");
    EXPECT_THAT(outcomes, testing::Contains("200 b says /"));
}

TEST_F(Failures, ClientWhoLeavesEndsTheFetch) {
    std::unique_ptr<http::BodySink> sink;
    serve("b", [&](const Request&, const Responder& r) {
        auto pipe = http::BodyPipe::make(1000, std::nullopt);
        sink = std::move(pipe.sink);
        sink->write(http::as_bytes("begin"));
        r.respond(Response(), std::move(pipe.source));
    });
    start(to("b"));
    begin(request(Method::get, "/"));
    run(1s);
    EXPECT_EQ(servers["b"]->connections(), 1U);
    clients.clear();
    run(1s);
    EXPECT_EQ(servers["b"]->connections(), 0U);
}

TEST_F(Failures, ClientWhoLeavesBeforeTheHeadEndsTheFetchAtOnce) {
    std::vector<Responder> held;
    serve("b", [&](const Request&, Responder r) { held.push_back(std::move(r)); });
    Configuration c = to("b");
    c.upstreams[0].connections = 1;
    start(c);
    begin(request(Method::get, "/first"));
    run(100ms);
    begin(request(Method::get, "/waits"));  // for a connection
    run(100ms);
    EXPECT_EQ(servers["b"]->connections(), 1U);
    clients.clear();
    run(100ms);
    EXPECT_EQ(servers["b"]->connections(), 0U);
    EXPECT_EQ(held.size(), 1U) << "what waited was never sent";
    EXPECT_TRUE(logged("the client left: GET /first of 10.0.0.1: upstream app"));
}

TEST_F(Failures, TheNextTryCanWaitAWhile) {
    serve("b");
    Configuration c = to("ab");
    c.upstreams[0].retry_delay = 4s;
    start(c);
    begin(request(Method::get, "/"));  // to a, which is not there
    run(3s);
    EXPECT_TRUE(outcomes.empty());
    run(3s);
    EXPECT_THAT(outcomes, testing::ElementsAre("200 b says /"));
}

TEST_F(Failures, WhoWaitsForANextTryMayLeave) {
    serve("b");
    Configuration c = to("ab");
    c.upstreams[0].retry_delay = 4s;
    start(c);
    begin(request(Method::get, "/"));
    run(1s);
    clients.clear();
    run(10s);
    EXPECT_EQ(handled["b"], 0);
}

TEST_F(Failures, LimitOfRequestsForEachClient) {
    serve("a");
    Configuration c = to("a");
    c.routes[0].rate_limit = RateLimitConfiguration{.rate = 0.5, .burst = 2};
    start(c);
    EXPECT_EQ(get("/"), "200 a says /");
    EXPECT_EQ(get("/"), "200 a says /");
    EXPECT_THAT(get("/"), StartsWith("429 "));
    EXPECT_EQ(last.fields.get("Retry-After"), "2");
    run(3s);
    EXPECT_EQ(get("/"), "200 a says /");
}

TEST_F(Failures, ReloadLetsWhatIsUnderWayFinish) {
    std::vector<Responder> held;
    serve("a", [&](const Request&, Responder r) { held.push_back(std::move(r)); });
    serve("b");
    start(to("a"));
    begin(request(Method::get, "/old"));
    run(100ms);
    ASSERT_EQ(held.size(), 1U);
    proxy->reload(to("b"));
    EXPECT_EQ(get("/new"), "200 b says /new");
    held[0].respond(Response::text(Status::ok, "old"));
    run(100ms);
    EXPECT_EQ(outcomes.back(), "200 old");
    run(10s);
    EXPECT_EQ(servers["a"]->connections(), 0U) << "what the old configuration kept is closed";
}

TEST_F(Failures, DestructionAnswersWhoWaits) {
    serve_raw("a", "", false);
    start(to("a"));
    begin(request(Method::get, "/"));
    run(100ms);
    world.host("proxy").remove_poller(poller);
    proxy.reset();
    run(1s);
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_THAT(outcomes[0], StartsWith("502 "));
    EXPECT_TRUE(logged("the proxy is being shut down"));
}

}  // namespace
}  // namespace hourglass::proxy
