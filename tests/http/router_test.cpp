#include "hourglass/http/router.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace hourglass::http
