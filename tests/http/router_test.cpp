#include "hourglass/http/router.h"

#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>

#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;

Handler say(std::string text) {
    return [text](const Request&, const Responder& r) { r.respond(Response::text(Status::ok, text)); };
}

class RouterTest : public testing::Test {
  protected:
    RouterTest() {
        router.route(Method::get, "/a", say("get a"))
            .route(Method::post, "/a", say("post a"))
            .route(Method::get, "/a b", say("space"))
            .route(Method("PURGE"), "/cache", say("purged"))
            .mount("/files", say("files"))
            .mount("/files/deep", say("deep"))
            .stream(Method::put, "/echo", echo_stream());
    }
    std::string ask(const std::string& line, const std::string& rest = "\r\n") {
        TestServer server(router.application());
        return server.exchange(line + " HTTP/1.1\r\nHost: a\r\n" + rest);
    }
    Router router;
};

TEST_F(RouterTest, FindsByMethodAndDecodedPath) {
    EXPECT_TRUE(ask("GET /a?query").ends_with("get a"));
    EXPECT_TRUE(ask("POST /a").ends_with("post a"));
    EXPECT_TRUE(ask("GET /a%20b").ends_with("space"));
    EXPECT_TRUE(ask("GET http://a/a").ends_with("get a"));
    EXPECT_TRUE(ask("GET /b").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(ask("GET /%zz").starts_with("HTTP/1.1 400 "));
}

TEST_F(RouterTest, LongestMountWinsAndEndsAtASegment) {
    EXPECT_TRUE(ask("GET /files").ends_with("files"));
    EXPECT_TRUE(ask("DELETE /files/x/y").ends_with("files"));
    EXPECT_TRUE(ask("GET /files/deep/x").ends_with("deep"));
    EXPECT_TRUE(ask("GET /filesystem").starts_with("HTTP/1.1 404 "));
}

TEST_F(RouterTest, Rfc9110Section15_5_6WrongMethodIs405WithAllow) {
    const std::string answer = ask("DELETE /a");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 "));
    EXPECT_NE(answer.find("Allow: GET, POST, HEAD, OPTIONS\r\n"), std::string::npos);
    EXPECT_TRUE(ask("PURGE /a").starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(ask("INVENTED /a").starts_with("HTTP/1.1 501 "));
}

TEST_F(RouterTest, HeadAndOptionsComeForFree) {
    EXPECT_TRUE(ask("HEAD /a").ends_with("Content-Length: 5\r\n\r\n"));
    EXPECT_NE(ask("OPTIONS /a").find("Allow: GET, POST, HEAD, OPTIONS\r\n"), std::string::npos);
    EXPECT_TRUE(ask("OPTIONS *").starts_with("HTTP/1.1 204 "));
}

TEST_F(RouterTest, StreamRouteWorksWithAndWithoutABody) {
    EXPECT_TRUE(ask("PUT /echo", "Content-Length: 3\r\n\r\nabc").ends_with("Content-Length: 3\r\n\r\nabc"));
    EXPECT_TRUE(
        ask("PUT /echo", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n").ends_with("3\r\nabc\r\n0\r\n\r\n"));
    EXPECT_TRUE(ask("PUT /echo").ends_with("Content-Length: 0\r\n\r\n"));
}

TEST_F(RouterTest, BodyWithoutARouteIsRefusedByTheHead) {
    const std::string answer = ask("POST /nothing", "Content-Length: 1000000000\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 404 "));
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

/// What a pattern made of the request.
Response parameters(const Request& request) {
    std::string text;
    for (const auto& [name, value] : request.path_parameters) text.append(name).append("=").append(value).append(";");
    return Response::text(Status::ok, text, "text/plain");
}

std::string answer(const Router& router, const std::string& line, const std::string& rest = "\r\n") {
    TestServer server(router.application());
    return server.exchange(line + " HTTP/1.1\r\nHost: a\r\n" + rest);
}
std::string body(const Router& router, const std::string& line) {
    const std::string all = answer(router, line);
    return all.substr(0, 12) == "HTTP/1.1 200" ? all.substr(all.find("\r\n\r\n") + 4) : all.substr(9, 3);
}

TEST(RouterPatterns, NamesStandForSegmentsAndRests) {
    Router router;
    router.get("/users/{id}", parameters).get("/users/{id}/files/{path...}", parameters).get("/{a}/{b}", parameters);
    EXPECT_EQ(body(router, "GET /users/7"), "id=7;");
    EXPECT_EQ(body(router, "GET /users/a%20b%2Fc?x"), "id=a b/c;") << "a slash that is encoded separates nothing";
    EXPECT_EQ(body(router, "GET /users/7/files/"), "id=7;path=;");
    EXPECT_EQ(body(router, "GET /users/7/files/a/b%20c"), "id=7;path=a/b c;");
    EXPECT_EQ(body(router, "GET /x/y"), "a=x;b=y;");
    EXPECT_EQ(body(router, "GET /users/7/files"), "404");
    EXPECT_EQ(body(router, "GET /users/"), "404") << "a name stands for a segment that is not empty";
    EXPECT_EQ(body(router, "GET /users/.."), "404");
    EXPECT_EQ(body(router, "GET /users/7/files/a/%2e%2e/b"), "404");
    EXPECT_EQ(body(router, "GET /users/%zz"), "400");
}

TEST(RouterPatterns, TheMostSpecificWinsAndAMethodOfALessSpecificOneIsFound) {
    Router router;
    router.get("/{rest...}", say("rest")).get("/users/{id}", say("name")).get("/users/me", say("literal"));
    router.delete_("/users/{id}", say("deleted"));
    EXPECT_EQ(body(router, "GET /users/me"), "literal");
    EXPECT_EQ(body(router, "GET /users/you"), "name");
    EXPECT_EQ(body(router, "GET /users/me/x"), "rest");
    EXPECT_EQ(body(router, "GET /"), "rest");
    EXPECT_EQ(body(router, "DELETE /users/me"), "deleted");
    EXPECT_NE(answer(router, "PUT /users/me").find("Allow: GET, DELETE, HEAD, OPTIONS\r\n"), std::string::npos);
    EXPECT_NE(answer(router, "OPTIONS *").find("Allow: GET, DELETE, HEAD, OPTIONS\r\n"), std::string::npos);
}

TEST(RouterPatterns, MalformedOnesAndDuplicatesThrow) {
    for (const char* pattern : {"", "a", "/{}", "/{a", "/a{b}", "/{a}/{a}", "/{a...}/b", "/{...}", "/{{a}}"})
        EXPECT_THROW(Router().get(pattern, parameters), std::invalid_argument) << pattern;
    Router router;
    router.get("/a/{x}", parameters).post("/a/{y}", parameters);
    EXPECT_THROW(router.get("/a/{z}", parameters), std::invalid_argument);
    EXPECT_EQ(body(router, "POST /a/1"), "y=1;");
}

TEST(Router, HandlersMayReturnTheirResponseAndThrow) {
    Router router;
    router.get("/hello", [](const Request& request) {
        return Response::json("\"" + request.query_parameter("name").value_or("you") + "\"");
    });
    router.get("/broken", [](const Request&) -> Response { throw std::runtime_error("no"); });
    EXPECT_EQ(body(router, "GET /hello?name=a+b"), "\"a b\"");
    EXPECT_EQ(body(router, "GET /broken"), "500");
}

TEST(Rfc9110Section154, RedirectsKeepWhatNamesStandForAndTheQuery) {
    Router router;
    router.redirect("/old/{page...}", "/new/{page}").redirect("/here", "https://a.example/?b", Status::see_other);
    const std::string moved = answer(router, "POST /old/a%20b/c?q=1", "Content-Length: 0\r\n\r\n");
    EXPECT_TRUE(moved.starts_with("HTTP/1.1 308 ")) << moved;
    EXPECT_NE(moved.find("Location: /new/a%20b/c?q=1\r\n"), std::string::npos) << moved;
    const std::string other = answer(router, "GET /here?c");
    EXPECT_TRUE(other.starts_with("HTTP/1.1 303 ")) << other;
    EXPECT_NE(other.find("Location: https://a.example/?b&c\r\n"), std::string::npos) << other;
}

TEST(Router, MiddlewaresStandBeforeEverythingOrBeforeAPrefix) {
    std::string log;
    const auto note = [&log](std::string name) -> Middleware {
        return [&log, name](const Request& request, const Responder& responder, const Handler& next) {
            log += name;
            next(request, responder);
        };
    };
    Router router;
    router.use(note("a")).use("/admin", note("b")).use("/admin", basic_authentication("x", [](auto, auto) {
                                                           return false;
                                                       }));
    router.get("/admin/{page}", say("secret")).get("/", say("home"));
    EXPECT_EQ(body(router, "GET /"), "home");
    EXPECT_EQ(log, "a");
    EXPECT_EQ(body(router, "GET /admin/x"), "401");
    EXPECT_EQ(log, "aab");
    EXPECT_EQ(body(router, "GET /nothing"), "404");
    EXPECT_EQ(log, "aaba") << "what has no route passes them too";
}

/// A router with a middleware in front of a handler that is given the body, and of one that takes it as it comes.
class BeforeABody : public testing::TestWithParam<const char*> {
  protected:
    void use(Middleware middleware, const ServerSettings& settings = TestServer::plain()) {
        router.use(std::move(middleware));
        router.route(Method::post, "/collected", echo_handler());
        router.stream(Method::post, "/stream", echo_stream());
        server.emplace(router.application(), settings);
    }
    std::string head(std::string_view more) const {
        return "POST " + std::string(GetParam()) + " HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n";
    }
    static Middleware refuse(Status status) {
        return [status](const Request&, const Responder& responder, const Handler&) {
            responder.respond(Response::error(status));
        };
    }
    Router router;
    std::optional<TestServer> server;
};
INSTANTIATE_TEST_SUITE_P(Router, BeforeABody, testing::Values("/collected", "/stream"));

TEST_P(BeforeABody, Rfc9110Section1011WhoIsRefusedIsNotAskedForIt) {
    use(refuse(Status::unauthorized));
    const std::string answer = server->exchange(head("Expect: 100-continue\r\nContent-Length: 5\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 401 ")) << answer;
    EXPECT_TRUE(server->connection.should_close()) << "it is not known whether the body comes";
}

TEST_P(BeforeABody, ARefusalComesBeforeTheBodyAndBeforeItsLimits) {
    ServerSettings settings = TestServer::plain();
    settings.collected_body = 10;
    use(refuse(Status::too_many_requests), settings);
    const std::string answer = server->exchange(head("Content-Length: 100000000\r\n"));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 429 ")) << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
}

TEST_P(BeforeABody, ASmallBodyBehindARefusalIsDiscardedAndTheConnectionGoesOn) {
    use(refuse(Status::forbidden));
    EXPECT_TRUE(server->exchange(head("Content-Length: 5\r\n") + "hello").starts_with("HTTP/1.1 403 "));
    EXPECT_TRUE(server->connection.idle());
    EXPECT_FALSE(server->connection.should_close());
}

TEST_P(BeforeABody, WhoIsLetInIsAskedForItOnceAndAnswered) {
    int calls = 0;
    use([&](const Request& request, const Responder& responder, const Handler& next) {
        ++calls;
        EXPECT_EQ(request.body, "");
        next(request, responder);
        next(request, responder);
    });
    const std::string asked = server->exchange(head("Expect: 100-continue\r\nContent-Length: 5\r\n"));
    EXPECT_TRUE(asked.starts_with("HTTP/1.1 100 Continue\r\n\r\n")) << asked;
    EXPECT_TRUE(server->exchange("hello").ends_with("hello"));
    EXPECT_EQ(calls, 1);
    EXPECT_TRUE(server->connection.idle());
}

TEST_P(BeforeABody, AMiddlewareMayThinkItOver) {
    std::function<void()> let_in, refuse_it;
    use([&](const Request& request, const Responder& responder, const Handler& next) {
        let_in = [&request, responder, next] { next(request, responder); };
        refuse_it = [responder] { responder.respond(Response::error(Status::forbidden)); };
    });
    const std::string ask = head("Expect: 100-continue\r\nContent-Length: 5\r\n");
    EXPECT_EQ(server->exchange(ask), "");
    EXPECT_FALSE(server->connection.wants_input());
    EXPECT_TRUE(server->connection.awaits_application()) << "the client is not slow";
    std::exchange(let_in, nullptr)();
    EXPECT_TRUE(server->take_output().starts_with("HTTP/1.1 100 "));
    EXPECT_TRUE(server->exchange("hello").ends_with("hello"));
    EXPECT_EQ(server->exchange(ask), "");
    std::exchange(refuse_it, nullptr)();
    let_in();
    EXPECT_TRUE(server->take_output().starts_with("HTTP/1.1 403 ")) << "letting it in comes too late";
    EXPECT_TRUE(server->connection.should_close());
}

TEST_P(BeforeABody, AMiddlewareThatForgetsOrThrowsIs500) {
    for (const bool throws : {false, true}) {
        Router one;
        one.use([throws](const Request&, const Responder&, const Handler&) {
            if (throws) throw std::runtime_error("x");
        });
        one.route(Method::post, "/collected", echo_handler()).stream(Method::post, "/stream", echo_stream());
        TestServer broken(one.application());
        EXPECT_TRUE(broken.exchange(head("Content-Length: 5\r\n") + "hello").starts_with("HTTP/1.1 500 "));
        EXPECT_TRUE(broken.connection.idle());
    }
}

TEST_P(BeforeABody, AClientThatLeavesMeanwhileIsNotLetIn) {
    std::function<void()> let_in;
    use([&](const Request& request, const Responder& responder, const Handler& next) {
        let_in = [&request, responder, next] { next(request, responder); };
    });
    server->exchange(head("Content-Length: 5\r\n"));
    server->connection.peer_closed();
    let_in();
    EXPECT_TRUE(server->take_output().starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(server->connection.should_close());
    server.reset();
    let_in();
}

TEST(Router, AMiddlewareMayLetAStreamedBodyWait) {
    std::function<void()> go_on;
    Router router;
    router.use([&](const Request& request, const Responder& responder, const Handler& next) {
        go_on = [&request, responder, next] { next(request, responder); };
    });
    router.stream(Method::post, "/echo", echo_stream());
    TestServer server(router.application());
    EXPECT_EQ(server.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe"), "");
    EXPECT_FALSE(server.connection.wants_input());
    go_on();
    EXPECT_TRUE(server.connection.wants_input());
    EXPECT_TRUE(server.exchange("llo").ends_with("hello"));
    EXPECT_TRUE(server.connection.idle());
}

}  // namespace
}  // namespace hourglass::http
