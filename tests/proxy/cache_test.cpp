#include <gmock/gmock.h>

#include "proxy/support.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;
using http::Fields;
using http::Method;
using http::Request;
using http::Responder;
using http::Response;
using http::Status;
using testing::HasSubstr;
using testing::StartsWith;

/// A proxy with a cache before an origin that counts its versions of everything.
class Caching : public test::ProxyWorld {
  protected:
    void start_with(Fields fields, CacheConfiguration cache = {}) {
        fields_ = std::move(fields);
        serve("a", [this](const Request& asked, const Responder& responder) {
            Response response = Response::text(status, "version " + std::to_string(version), "t/t");
            for (const http::Field f : fields_) response.fields.add(f.name, f.value);
            const std::string tag = "\"" + std::to_string(version) + "\"";
            if (with_tag) response.fields.add("ETag", tag);
            if (with_tag && asked.fields.get("If-None-Match") == tag) {
                response.status = Status::not_modified;
                response.body.clear();
            }
            responder.respond(std::move(response));
        });
        Configuration c = to("a");
        c.cache = cache;
        c.routes[0].cache = true;
        start(c);
    }
    std::string cache_status() { return std::string(last.fields.get("Cache-Status").value_or("none")); }

    int version = 1;
    bool with_tag = true;
    Status status = Status::ok;
    Fields fields_;
};

TEST_F(Caching, FreshResponseIsUsedAgainWithItsAge) {
    start_with({{"Cache-Control", "max-age=60"}});
    EXPECT_EQ(get("/"), "200 version 1");
    EXPECT_EQ(cache_status(), "edge; fwd=uri-miss; stored");
    version = 2;
    run(10s);
    EXPECT_EQ(get("/"), "200 version 1");
    EXPECT_EQ(last.fields.get("Age"), "10");
    EXPECT_EQ(cache_status(), "edge; hit; ttl=50");
    EXPECT_EQ(last.fields.get("Content-Length"), "9");
    EXPECT_EQ(fetch(request(Method::head, "/")), "200 ");
    EXPECT_EQ(last.fields.get("Content-Length"), "9");
    EXPECT_EQ(handled["a"], 1);
    EXPECT_EQ(get("/?q"), "200 version 2") << "the query is part of the URI";
}

TEST_F(Caching, StaleResponseIsValidated) {
    start_with({{"Cache-Control", "max-age=5"}});
    get("/");
    run(10s);
    EXPECT_EQ(get("/"), "200 version 1");
    EXPECT_EQ(seen.back().fields.get("If-None-Match"), "\"1\"");
    EXPECT_EQ(cache_status(), "edge; hit; fwd=stale; fwd-status=304");
    EXPECT_EQ(last.fields.get("Age"), "0");
    run(1s);
    get("/");
    EXPECT_EQ(handled["a"], 2) << "it is fresh again";
    version = 2;
    run(10s);
    EXPECT_EQ(get("/"), "200 version 2");
    EXPECT_EQ(get("/"), "200 version 2");
    EXPECT_EQ(handled["a"], 3);
}

TEST_F(Caching, ConditionsOfClientsAreEvaluatedOnWhatIsStored) {
    start_with({{"Cache-Control", "max-age=60"}});
    get("/");
    EXPECT_EQ(get("/", {{"If-None-Match", "\"1\""}}), "304 ");
    EXPECT_EQ(last.fields.get("ETag"), "\"1\"");
    EXPECT_EQ(get("/", {{"If-None-Match", "\"0\""}}), "200 version 1");
    EXPECT_EQ(handled["a"], 1);
}

TEST_F(Caching, RangesAreCutFromWhatIsStored) {
    start_with({{"Cache-Control", "max-age=60"}});
    get("/");
    EXPECT_EQ(get("/", {{"Range", "bytes=0-6"}}), "206 version");
    EXPECT_EQ(last.fields.get("Content-Range"), "bytes 0-6/9");
    EXPECT_EQ(get("/", {{"Range", "bytes=0-6"}, {"If-Range", "\"0\""}}), "200 version 1");
    EXPECT_THAT(get("/", {{"Range", "bytes=100-"}}), StartsWith("416 "));
    EXPECT_EQ(handled["a"], 1);
}

TEST_F(Caching, RequestDirectivesHold) {
    start_with({{"Cache-Control", "max-age=60"}});
    EXPECT_THAT(get("/", {{"Cache-Control", "only-if-cached"}}), StartsWith("504 "));
    EXPECT_EQ(handled["a"], 0);
    get("/", {{"Cache-Control", "no-store"}});
    get("/");
    EXPECT_EQ(handled["a"], 2);
    EXPECT_EQ(get("/", {{"Cache-Control", "only-if-cached"}}), "200 version 1");
    version = 2;
    EXPECT_EQ(get("/", {{"Cache-Control", "no-cache"}}), "200 version 2");
    EXPECT_EQ(get("/"), "200 version 2");
    EXPECT_EQ(handled["a"], 3);
}

TEST_F(Caching, UnsafeRequestsInvalidate) {
    start_with({{"Cache-Control", "max-age=60"}, {"Content-Location", "/other"}});
    get("/");
    get("/other");
    version = 2;
    EXPECT_EQ(fetch(request(Method::post, "/")), "200 version 2");
    EXPECT_EQ(get("/"), "200 version 2");
    EXPECT_EQ(get("/other"), "200 version 2");
    version = 3;
    status = Status::forbidden;
    fetch(request(Method::delete_, "/"));
    status = Status::ok;
    EXPECT_EQ(get("/"), "200 version 2") << "what failed has changed nothing";
}

TEST_F(Caching, StaleIsServedWhenTheOriginFails) {
    start_with({{"Cache-Control", "max-age=5, stale-if-error=100"}});
    get("/");
    run(10s);
    status = Status::service_unavailable;
    with_tag = false;
    EXPECT_EQ(get("/"), "200 version 1");
    EXPECT_THAT(cache_status(), HasSubstr("stale-if-error"));
    stop("a");
    EXPECT_EQ(get("/"), "200 version 1");
    EXPECT_EQ(last.fields.get("Age"), "10");
    run(100s);
    EXPECT_THAT(get("/"), StartsWith("502 "));
}

// RFC 5861, section 3.
TEST_F(Caching, StaleIsServedWhileItIsValidated) {
    start_with({{"Cache-Control", "max-age=5, stale-while-revalidate=20"}});
    get("/");
    version = 2;
    run(10s);
    EXPECT_EQ(get("/", {{"Range", "bytes=0-6"}}), "206 version");
    EXPECT_EQ(cache_status(), "edge; hit; ttl=-5; detail=stale-while-revalidate");
    run(1s);
    EXPECT_EQ(handled["a"], 2) << "it was fetched meanwhile, as a whole";
    EXPECT_EQ(get("/"), "200 version 2");
    EXPECT_EQ(cache_status(), "edge; hit; ttl=4");
    run(10s);
    EXPECT_EQ(get("/"), "200 version 2") << "and is validated";
    run(1s);
    EXPECT_EQ(seen.back().fields.get("If-None-Match"), "\"2\"");
    get("/");
    EXPECT_EQ(last.fields.get("Age"), "1");
    run(30s);
    version = 3;
    EXPECT_EQ(get("/"), "200 version 3") << "too stale to be used";
}

TEST_F(Caching, WhatFailsToBeValidatedStaysAsItIs) {
    start_with({{"Cache-Control", "max-age=5"}}, {.stale_while_revalidate = 100s});
    get("/");
    run(10s);
    stop("a");
    EXPECT_EQ(get("/"), "200 version 1");
    run(1s);
    EXPECT_EQ(get("/"), "200 version 1");
    EXPECT_TRUE(logged("connection refused"));
}

/// A proxy with a cache before an origin that answers when the test says so.
class Collapsing : public test::ProxyWorld {
  protected:
    void start_with(CacheConfiguration cache = {}) {
        serve("a", [this](const Request&, Responder responder) { held.push_back(std::move(responder)); });
        Configuration c = to("a");
        c.cache = cache;
        c.routes[0].cache = true;
        start(c);
    }
    void begin_three() {
        for (int i = 0; i < 3; ++i) begin(request(Method::get, "/"));
        run(100ms);
    }
    void answer(std::size_t which, std::string_view control) {
        Response response = Response::text(Status::ok, "answer " + std::to_string(which), "t/t");
        response.fields.add("Cache-Control", control);
        held[which].respond(std::move(response));
        run(100ms);
    }
    std::vector<Responder> held;
};

// RFC 9111, section 4: "A cache MAY ... collapse".
TEST_F(Collapsing, RequestsForTheSameAreOneForTheOrigin) {
    start_with();
    begin_three();
    EXPECT_EQ(held.size(), 1U);
    answer(0, "max-age=60");
    EXPECT_THAT(outcomes, testing::ElementsAre("200 answer 0", "200 answer 0", "200 answer 0"));
}

TEST_F(Collapsing, WhatMayNotBeSharedIsFetchedForEach) {
    start_with();
    begin_three();
    answer(0, "private");
    EXPECT_THAT(outcomes, testing::ElementsAre("200 answer 0"));
    ASSERT_EQ(held.size(), 3U);
    answer(1, "private");
    answer(2, "private");
    EXPECT_EQ(outcomes.size(), 3U);
}

TEST_F(Collapsing, WhoHasWaitedLongEnoughAsksForItself) {
    start_with({.collapse = 2s});
    begin_three();
    run(3s);
    EXPECT_EQ(held.size(), 3U);
    answer(2, "max-age=60");
    answer(0, "max-age=60");
    answer(1, "max-age=60");
    EXPECT_EQ(outcomes.size(), 3U);
}

TEST_F(Collapsing, AnotherOneTakesOverWhenTheFirstLeaves) {
    start_with();
    begin_three();
    clients.erase(clients.begin());
    run(100ms);
    ASSERT_GE(held.size(), 2U);
    answer(1, "max-age=60");
    if (held.size() > 2) answer(2, "max-age=60");
    EXPECT_EQ(outcomes.size(), 2U);
}

TEST_F(Collapsing, CanBeOff) {
    start_with({.collapse = 0s});
    begin_three();
    EXPECT_EQ(held.size(), 3U);
}

TEST_F(Collapsing, WhoWaitsIsAnsweredWhenTheProxyGoes) {
    start_with();
    begin_three();
    world.host("proxy").remove_poller(poller);
    proxy.reset();
    run(1s);
    EXPECT_EQ(outcomes.size(), 3U);
}

TEST_F(Caching, VaryKeepsLanguagesApart) {
    start_with({{"Cache-Control", "max-age=60"}, {"Vary", "Accept-Language"}});
    get("/", {{"Accept-Language", "de"}});
    version = 2;
    EXPECT_EQ(get("/", {{"Accept-Language", "en"}}), "200 version 2");
    EXPECT_EQ(get("/", {{"Accept-Language", "de"}}), "200 version 1");
}

TEST_F(Caching, PrivateFieldsAreNotKept) {
    start_with({{"Cache-Control", "public, max-age=60, private=\"X-User\", no-cache=\"Set-Cookie\""},
                {"X-User", "me"},
                {"Set-Cookie", "id=1"},
                {"X-Other", "kept"}});
    get("/");
    EXPECT_EQ(last.fields.get("X-User"), "me");
    get("/");
    EXPECT_EQ(handled["a"], 1);
    EXPECT_FALSE(last.fields.contains("X-User"));
    EXPECT_FALSE(last.fields.contains("Set-Cookie"));
    EXPECT_EQ(last.fields.get("X-Other"), "kept");
}

TEST_F(Caching, AnswersToRequestsWithContentAreNotForOthers) {
    start_with({{"Cache-Control", "max-age=60"}});
    Request fat = request(Method::get, "/");
    fat.body = "a=poison";
    EXPECT_EQ(fetch(fat), "200 version 1");
    EXPECT_EQ(cache_status(), "edge; fwd=bypass");
    version = 2;
    EXPECT_EQ(get("/"), "200 version 2");
}

TEST_F(Caching, WhatIsTooLargeIsPassedOnAndNotKept) {
    start_with({{"Cache-Control", "max-age=60"}}, {.size = 100'000, .entry = 5});
    get("/");
    get("/");
    EXPECT_EQ(handled["a"], 2);
}

TEST_F(Caching, BrokenResponsesAreNotKept) {
    serve_raw("b", "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 100\r\n\r\nhalf", true);
    Configuration c = to("b");
    c.cache = CacheConfiguration{};
    c.routes[0].cache = true;
    start(c);
    EXPECT_THAT(get("/"), StartsWith("error "));
    EXPECT_THAT(get("/"), StartsWith("error "));
    EXPECT_EQ(raw_servers["b"]->connections, 2);
}

TEST_F(Caching, ReloadKeepsTheStore) {
    start_with({{"Cache-Control", "max-age=60"}});
    get("/");
    Configuration c = to("a");
    c.cache = CacheConfiguration{};
    c.routes[0].cache = true;
    proxy->reload(c);
    get("/");
    EXPECT_EQ(handled["a"], 1);
}

}  // namespace
}  // namespace hourglass::proxy
