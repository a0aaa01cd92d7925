#include "hourglass/http/middleware.h"

#include <gtest/gtest.h>

#include "hourglass/http/router.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;

std::string ask(const Middleware& middleware, const std::string& fields, const std::string& method = "GET") {
    TestServer server(wrap({middleware}, test::answer_target));
    return server.exchange(method + " /x HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
}

bool has(const std::string& answer, std::string_view line) {
    return answer.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
}

Middleware tag(std::string name) {
    return [name](const Request& request, const Responder& responder, const Handler& next) {
        responder.on_response(
            [name](const Request&, Response& response, std::unique_ptr<BodySource>&) { response.body += name; });
        next(request, responder);
    };
}

TEST(Middlewares, TheFirstIsOutermostAndSeesTheAnswerLast) {
    TestServer server(wrap({tag("-outer"), tag("-inner")}, test::answer_target));
    EXPECT_TRUE(server.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("/x-inner-outer"));
}

TEST(Middlewares, SeeWhatIsAnsweredForAHandlerThatThrowsOrForgets) {
    TestServer forgets(wrap({tag("-seen")}, [](const Request&, const Responder&) {}));
    EXPECT_TRUE(forgets.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("-seen"));
    TestServer throws(wrap({tag("-seen")}, [](const Request&, const Responder&) { throw std::runtime_error("x"); }));
    const std::string answer = throws.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
    EXPECT_TRUE(answer.ends_with("-seen"));
}

TEST(Middlewares, OfAnApplicationSeeTheHeadFirstAndTheAnswerLast) {
    std::string seen;
    const auto note = [&seen](std::string name) -> Middleware {
        return [&seen, name](const Request& request, const Responder& responder, const Handler& next) {
            seen += name + (request.body.empty() ? "" : "!");
            next(request, responder);
        };
    };
    Application inner{echo_handler(), nullptr, note("3")};
    TestServer server(wrap({tag("-outer"), note("1"), note("2"), tag("-inner")}, std::move(inner)));
    const std::string answer = server.exchange("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
    EXPECT_TRUE(answer.ends_with("body-inner-outer")) << answer;
    EXPECT_EQ(seen, "123");
    server.exchange("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(seen, "123123");
}

TEST(Cors, ASimpleRequestIsMarkedForOriginsThatAreAllowed) {
    const Middleware some = cors({.origins = {"https://a.example"}, .exposed_headers = {"X-A"}, .credentials = true});
    const std::string allowed = ask(some, "Origin: https://a.example\r\n");
    EXPECT_TRUE(has(allowed, "Access-Control-Allow-Origin: https://a.example"));
    EXPECT_TRUE(has(allowed, "Access-Control-Allow-Credentials: true"));
    EXPECT_TRUE(has(allowed, "Access-Control-Expose-Headers: X-A"));
    EXPECT_TRUE(has(allowed, "Vary: Origin"));
    const std::string other = ask(some, "Origin: https://b.example\r\n");
    EXPECT_EQ(other.find("Access-Control"), std::string::npos);
    EXPECT_TRUE(has(other, "Vary: Origin")) << "a cache must not give this answer to the other origin";
    EXPECT_TRUE(has(ask(some, ""), "Vary: Origin"));
}

TEST(Cors, EveryOriginIsAStarUnlessCredentialsGoAlong) {
    const std::string star = ask(cors({.origins = {"*"}}), "Origin: https://a.example\r\n");
    EXPECT_TRUE(has(star, "Access-Control-Allow-Origin: *"));
    EXPECT_EQ(star.find("Vary"), std::string::npos);
    const std::string named = ask(cors({.origins = {"*"}, .credentials = true}), "Origin: https://a.example\r\n");
    EXPECT_TRUE(has(named, "Access-Control-Allow-Origin: https://a.example"));
}

TEST(Cors, APreflightIsAnsweredWithoutTheHandler) {
    CorsSettings settings{.origins = {"https://a.example"}, .methods = {"GET", "PUT"}, .headers = {"X-B"}};
    settings.max_age = std::chrono::seconds(600);
    const std::string asked = "Access-Control-Request-Method: PUT\r\n";
    const std::string allowed = ask(cors(settings), "Origin: https://a.example\r\n" + asked, "OPTIONS");
    EXPECT_TRUE(allowed.starts_with("HTTP/1.1 204 "));
    EXPECT_TRUE(has(allowed, "Access-Control-Allow-Methods: GET, PUT"));
    EXPECT_TRUE(has(allowed, "Access-Control-Allow-Headers: X-B"));
    EXPECT_TRUE(has(allowed, "Access-Control-Max-Age: 600"));
    EXPECT_TRUE(has(allowed, "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers"));
    const std::string other = ask(cors(settings), "Origin: https://b.example\r\n" + asked, "OPTIONS");
    EXPECT_EQ(other.find("Access-Control-Allow"), std::string::npos);
    EXPECT_TRUE(ask(cors(settings), "", "OPTIONS").ends_with("/x")) << "OPTIONS without an origin is no preflight";
}

TEST(Rfc7617, WrongOrMissingCredentialsAreChallenged) {
    const Middleware guard =
        basic_authentication("the \"inner\" part", [](std::string_view user, std::string_view word) {
            return user == "Aladdin" && equals_in_constant_time(word, "open sesame");
        });
    EXPECT_TRUE(ask(guard, "Authorization: basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n").ends_with("/x"));
    const std::string refused = ask(guard, "");
    EXPECT_TRUE(refused.starts_with("HTTP/1.1 401 "));
    EXPECT_TRUE(has(refused, "WWW-Authenticate: Basic realm=\"the \\\"inner\\\" part\", charset=\"UTF-8\""));
    for (const char* bad : {"Basic QWxhZGRpbjp4", "Basic", "Basic QQ", "Basic *===", "Bearer x", "Basic QQ=="})
        EXPECT_TRUE(ask(guard, std::string("Authorization: ") + bad + "\r\n").starts_with("HTTP/1.1 401 ")) << bad;
}

TEST(ConstantTime, ComparesWholeTexts) {
    EXPECT_TRUE(equals_in_constant_time("abc", "abc"));
    EXPECT_TRUE(equals_in_constant_time("", ""));
    for (const char* wrong : {"", "ab", "abd", "abcabc", "xbc"}) EXPECT_FALSE(equals_in_constant_time(wrong, "abc"));
    EXPECT_FALSE(equals_in_constant_time("a", ""));
}

TEST(Rfc6585Section4, WhoAsksTooOftenIsToldWhenToComeBack) {
    std::optional<Duration> wait;
    const Middleware limit = limit_rate([&](const SocketAddress&) { return wait; });
    EXPECT_TRUE(ask(limit, "").starts_with("HTTP/1.1 200 "));
    wait = std::chrono::milliseconds(1500);
    const std::string answer = ask(limit, "");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 429 ")) << answer;
    EXPECT_NE(answer.find("Retry-After: 2\r\n"), std::string::npos) << answer;
}

TEST(AccessLog, HasItsThreeFormatsAndEscapesWhatClientsSend) {
    AccessRecord record;
    const auto log =
        access_log([] { return std::chrono::sys_time<std::chrono::microseconds>(std::chrono::seconds(784111777)); },
                   [&](const AccessRecord& r) { record = r; });
    ask(log, "User-Agent: a\"b\\\r\nAuthorization: Basic QWxhZGRpbjp4\r\n");
    record.client = SocketAddress{IpAddress::parse("192.0.2.1").value(), Port{1}};
    const std::string common = "192.0.2.1 - Aladdin [06/Nov/1994:08:49:37 +0000] \"GET /x HTTP/1.1\" 200 2";
    EXPECT_EQ(format_access(record, LogFormat::common), common);
    EXPECT_EQ(format_access(record, LogFormat::combined), common + " \"-\" \"a\\x22b\\x5c\"");
    EXPECT_EQ(format_access(record, LogFormat::json),
              "{\"time\":\"1994-11-06T08:49:37.000000Z\",\"client\":\"192.0.2.1\",\"method\":\"GET\",\"target\":\"/x\","
              "\"version\":\"1.1\",\"status\":200,\"size\":2,\"seconds\":0.0,\"user\":\"Aladdin\","
              "\"user_agent\":\"a\\\"b\\\\\"}");
}

TEST(AccessLog, OfAnApplicationHasEachAnswerOnceStreamedOrCollected) {
    Router router;
    router.stream(Method::post, "/stream", echo_stream());
    router.route(Method::post, "/collected", echo_handler());
    std::vector<std::string> lines;
    const auto clock = [] { return std::chrono::sys_time<std::chrono::microseconds>{}; };
    TestServer server(with_access_log(router.application(), clock, [&](const AccessRecord& r) {
        lines.push_back(r.method + " " + r.target + " " + std::to_string(to_number(r.status)));
    }));
    for (const char* path : {"/stream", "/collected", "/nothing"})
        server.exchange(std::string("POST ") + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    server.exchange("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(lines, (std::vector<std::string>{"POST /stream 200", "POST /collected 200", "POST /nothing 404",
                                               "GET /nothing 404"}));
}

TEST(AccessLog, HasRefusalsThatComeBeforeTheBody) {
    Router router;
    router.use(basic_authentication("x", [](auto, auto) { return false; })).post("/x", echo_handler());
    std::vector<std::uint16_t> statuses;
    const auto clock = [] { return std::chrono::sys_time<std::chrono::microseconds>{}; };
    TestServer server(with_access_log(router.application(), clock,
                                      [&](const AccessRecord& r) { statuses.push_back(to_number(r.status)); }));
    server.exchange("POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(statuses, std::vector<std::uint16_t>{401});
}

TEST(Metrics, CountByMethodAndClassWithoutNamesThatClientsInvent) {
    Metrics metrics;
    AccessRecord record;
    record.method = "GET";
    record.size = 10;
    record.took = std::chrono::milliseconds(2);
    metrics.add(record);
    record.method = "X\"{}";
    record.status = Status::not_found;
    metrics.add(record);
    const std::string text = metrics.to_text();
    EXPECT_NE(text.find("http_requests_total{method=\"GET\",status=\"2xx\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("http_requests_total{method=\"other\",status=\"4xx\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("http_response_bytes_total 20\n"), std::string::npos);
    EXPECT_NE(text.find("_bucket{le=\"0.001\"} 0\n"), std::string::npos);
    EXPECT_NE(text.find("_bucket{le=\"0.005\"} 2\n"), std::string::npos);
    EXPECT_NE(text.find("_count 2\n"), std::string::npos);
}

}  // namespace
}  // namespace hourglass::http
