#include "hourglass/http/coroutine.h"

#include <gtest/gtest.h>
#include <stdexcept>

#include "hourglass/http/over_tcp.h"
#include "hourglass/sim/world.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;
using namespace std::chrono_literals;

/// Counts its living copies, to see frames go.
struct Alive {
    explicit Alive(int& n) : count(&n) { ++*count; }
    Alive(const Alive& other) : count(other.count) { ++*count; }
    Alive& operator=(const Alive&) = delete;
    ~Alive() { --*count; }
    int* count;
};

Task<int> add(int a, int b) { co_return a + b; }
Task<int> fail() {
    throw std::runtime_error("no");
    co_return 0;
}
Task<void> wait_for(std::function<void()>& callback, std::string& log) {
    log += "waits;";
    co_await await_callback<void>([&callback](std::function<void()> done) { callback = std::move(done); });
    log += "goes on;";
}

TEST(Task, RunsWhenItIsAwaitedAndGivesItsResultOrException) {
    std::string log;
    const auto outer = [](std::string& out) -> Task<void> {
        out += std::to_string(co_await add(1, 2));
        try {
            co_await fail();
        } catch (const std::runtime_error& error) {
            out += error.what();
        }
    };
    Task<void> task = outer(log);
    EXPECT_EQ(log, "") << "nobody awaits it yet";
    start(std::move(task));
    EXPECT_EQ(log, "3no");
}

TEST(Task, GoesOnInsideOfTheCallback) {
    std::function<void()> callback;
    std::string log;
    start(wait_for(callback, log));
    EXPECT_EQ(log, "waits;");
    callback();
    EXPECT_EQ(log, "waits;goes on;");
    callback();
    EXPECT_EQ(log, "waits;goes on;") << "a second call is nothing";
}

TEST(Task, ACallbackThatIsCalledAtOnceDoesNotSuspend) {
    int result = 0;
    const auto task = [](int& out) -> Task<void> {
        out = co_await await_callback<int>([](const std::function<void(int)>& done) { done(7); });
    };
    start(task(result));
    EXPECT_EQ(result, 7);
}

TEST(Task, IsDestroyedWhenItsCallbackIsDroppedUncalled) {
    int alive = 0;
    std::function<void()> callback;
    std::string log;
    const auto outer = [](Alive, std::function<void()>& kept, std::string& out) -> Task<void> {
        co_await wait_for(kept, out);
    };
    start(outer(Alive(alive), callback, log));
    EXPECT_EQ(alive, 1);
    callback = nullptr;
    EXPECT_EQ(alive, 0);
    const auto dropper = [](Alive) -> Task<void> {
        co_await await_callback<void>([](const std::function<void()>&) {});
    };
    start(dropper(Alive(alive)));
    EXPECT_EQ(alive, 0) << "dropped at once";
}

TEST(Task, AnExceptionThatLeavesItIsTold) {
    const auto task = []() -> Task<void> { co_await fail(); };
    bool told = false;
    start(task(), [&](const std::exception_ptr&) { told = true; });
    EXPECT_TRUE(told);
    start(task());
}

/// A server whose handlers wait, in virtual time, and another one that they ask.
class Coroutines : public testing::Test {
  protected:
    Coroutines() {
        for (const char* name : {"client", "server", "origin"}) world.add_host(name);
        sim::LinkSettings link;
        world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, link.both({.delay = 10ms}));
        world.connect({"server", {"10.0.1.2/24"}}, {"origin", {"10.0.1.3/24"}}, link.both({.delay = 10ms}));
        after = [this](Duration time, std::function<void()> call) { world.after(time, std::move(call)); };
    }
    Router router;
    sim::World world{1};
    After after;
};

TEST_F(Coroutines, HandlersWaitForTimersAndOtherServers) {
    const SocketAddress here{IpAddress::v4(10, 0, 0, 2), Port{80}};
    const SocketAddress there{IpAddress::v4(10, 0, 1, 3), Port{80}};
    const Application origin_application{test::answer_target, nullptr};
    TcpServer origin(world.host("origin"), origin_application, TestServer::plain());
    ASSERT_TRUE(origin.listen(there));
    std::optional<TcpClient> upstream;
    router.get("/sum", [&](const Request&) -> Task<Response> {
        upstream.emplace(world.host("server"), there);
        std::string all;
        for (const char* part : {"/a", "/b"}) {
            Request ask;
            ask.target = part;
            ask.fields.add("Host", "origin");
            const auto answer = co_await fetch(*upstream, std::move(ask));
            all += answer ? answer->body : answer.error().text;
            co_await sleep_for(after, 300ms);
        }
        co_return Response::text(Status::ok, all);
    });
    const Application application = router.application();
    TcpServer server(world.host("server"), application, TestServer::plain());
    ASSERT_TRUE(server.listen(here));
    TcpClient client(world.host("client"), here);
    Request request;
    request.target = "/sum";
    request.fields.add("Host", "server");
    std::string body;
    Instant answered{};
    client.send(std::move(request), [&](const auto& result) {
        body = result ? result->body : result.error().text;
        answered = world.now();
    });
    const Instant began = world.now();
    world.run_for(5s);
    EXPECT_EQ(body, "/a/b");
    EXPECT_NEAR(to_seconds(answered - began), 0.7, 0.05);
}

TEST_F(Coroutines, BodiesAreReadPieceByPieceWithBackPressure) {
    std::vector<std::string> pieces;
    router.stream(Method::post, "/",
                  stream_with(
                      [&](const Request& request, BodyReader body) -> Task<Response> {
                          for (;;) {
                              auto piece = co_await body.next();
                              if (!piece || piece->empty()) break;
                              pieces.push_back(*piece);
                              if (*piece == "wait") co_await sleep_for(after, 1s);
                          }
                          co_return Response::text(Status::ok, request.target);
                      },
                      4));
    TestServer server(router.application());
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 13\r\n\r\n";
    EXPECT_EQ(server.exchange(head + "one"), "");
    EXPECT_EQ(server.exchange("wait"), "");
    EXPECT_EQ(server.exchange("held"), "");
    EXPECT_FALSE(server.connection.wants_input());
    world.run_for(2s);
    EXPECT_TRUE(server.connection.wants_input());
    EXPECT_TRUE(server.exchange("..").ends_with("\r\n\r\n/"));
    EXPECT_EQ(pieces, (std::vector<std::string>{"one", "wait", "held", ".."}));
}

TEST_F(Coroutines, TheRestOfABodyHasALimitAndWhatIsLeftIsDiscarded) {
    router.stream(Method::post, "/", stream_with([](const Request&, BodyReader body) -> Task<Response> {
                      const auto text = co_await body.rest(5);
                      co_return text ? Response::text(Status::ok, *text) : Response::error(info(text.error()).status);
                  }));
    TestServer server(router.application());
    const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
    EXPECT_TRUE(server.exchange(head + "Content-Length: 5\r\n\r\nhello").ends_with("hello"));
    EXPECT_TRUE(server.exchange(head + "\r\n").ends_with("Content-Length: 0\r\n\r\n"));
    EXPECT_TRUE(server.exchange(head + "Content-Length: 9\r\n\r\ntoo lo").starts_with("HTTP/1.1 413 "));
    EXPECT_EQ(server.exchange("ng."), "");
    EXPECT_TRUE(server.connection.idle());
}

TEST_F(Coroutines, AnExceptionIsA500AndALostConnectionEndsTheBody) {
    router.get("/throws", [](const Request&) -> Task<Response> {
        throw std::runtime_error("no");
        co_return Response();
    });
    std::optional<Error> error;
    router.stream(Method::post, "/", stream_with([&](const Request&, BodyReader body) -> Task<Response> {
                      const auto text = co_await body.rest(100);
                      if (!text) error = text.error();
                      co_return Response();
                  }));
    TestServer server(router.application());
    EXPECT_TRUE(server.exchange("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 500 "));
    server.exchange("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab");
    server.connection.peer_closed();
    EXPECT_EQ(error, Error::incomplete_message);
}

}  // namespace
}  // namespace hourglass::http
