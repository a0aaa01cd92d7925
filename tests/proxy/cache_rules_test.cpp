#include <gtest/gtest.h>

#include "hourglass/http/date.h"
#include "hourglass/proxy/freshness.h"
#include "hourglass/proxy/response_cache.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;
using http::Fields;
using http::Request;
using http::Response;
using http::Status;

const WallTime kNow{std::chrono::seconds(1'000'000'000)};
std::string date(std::chrono::seconds from_now) { return http::format_date(kNow + from_now); }

Response response(Fields fields, Status status = Status::ok) {
    Response out;
    out.status = status;
    out.fields = std::move(fields);
    return out;
}
Request request(Fields fields = {}) {
    Request out;
    out.fields = std::move(fields);
    return out;
}
Freshness freshness(const Response& r) { return Freshness::of(r, kNow, kNow, {}); }

TEST(Rfc9111Section52, DirectivesAreReadInBothForms) {
    const CacheControl c =
        CacheControl::parse({{"Cache-Control", "Max-Age=\"60\", no-cache=\"Set-Cookie, X\", unknown=1"},
                             {"cache-control", "private, s-maxage=5"}});
    EXPECT_EQ(c.max_age, 60s);
    EXPECT_EQ(c.s_maxage, 5s);
    EXPECT_FALSE(c.no_cache);
    EXPECT_EQ(c.no_cache_fields, (std::vector<std::string>{"Set-Cookie", "X"}));
    EXPECT_TRUE(c.is_private);
}

TEST(Rfc9111Section122, DeltaSecondsOverflowToTheLargest) {
    EXPECT_EQ(parse_delta_seconds("99999999999999999999999999"), std::chrono::seconds(0x80000000));
    EXPECT_EQ(parse_delta_seconds("-1"), std::nullopt);
    EXPECT_EQ(parse_delta_seconds(""), std::nullopt);
}

TEST(Rfc9111Section421, LifetimeIsSMaxAgeThenMaxAgeThenExpires) {
    Response r = response({{"Date", date(0s)}, {"Expires", date(100s)}, {"Last-Modified", date(-1000s)}});
    EXPECT_EQ(freshness(r).lifetime, 100s);
    r.fields.add("Cache-Control", "max-age=50");
    EXPECT_EQ(freshness(r).lifetime, 50s);
    r.fields.add("Cache-Control", "s-maxage=20");
    EXPECT_EQ(freshness(r).lifetime, 20s);
    EXPECT_EQ(freshness(response({{"Expires", "0"}})).lifetime, 0s);
    EXPECT_EQ(freshness(response({{"Cache-Control", "max-age=x"}})).lifetime, 0s);
    EXPECT_EQ(freshness(response({{"Cache-Control", "max-age=10, max-age=5"}})).lifetime, 5s);
}

TEST(Rfc9111Section422, HeuristicIsATenthOfTheAgeOfTheContent) {
    EXPECT_EQ(freshness(response({{"Date", date(0s)}, {"Last-Modified", date(-1000s)}})).lifetime, 100s);
    EXPECT_EQ(freshness(response({{"Last-Modified", date(-std::chrono::years(10))}})).lifetime, 24h);
    EXPECT_EQ(freshness(response({{"Last-Modified", date(-1000s)}}, Status::created)).lifetime, 0s);
}

TEST(Rfc9111Section423, AgeCountsTheWayHere) {
    const Response r = response({{"Date", date(-10s)}, {"Age", "30"}, {"Cache-Control", "max-age=60"}});
    const Freshness f = Freshness::of(r, kNow - 5s, kNow, {});
    EXPECT_EQ(f.initial_age, 35s) << "Age and the time of the request, which is more than Date says";
    EXPECT_EQ(f.age(kNow + 7s), 42s);
    EXPECT_EQ(f.left(kNow + 7s), 18s);
    EXPECT_EQ(Freshness::of(response({{"Date", date(-90s)}}), kNow, kNow, {}).initial_age, 90s);
}

TEST(Rfc9111Section3, WhatASharedCacheMayStore) {
    const auto stores = [](const Request& q, const Response& r) { return may_store(q, r, {}); };
    const Fields fresh = {{"Cache-Control", "max-age=60"}};
    EXPECT_TRUE(stores(request(), response(fresh)));
    EXPECT_TRUE(stores(request(), response({{"ETag", "\"a\""}}))) << "to be validated each time";
    EXPECT_TRUE(stores(request(), response({{"Cache-Control", "max-age=60"}}, Status::not_found)));
    EXPECT_FALSE(stores(request(), response({}))) << "neither fresh nor to be validated";
    EXPECT_FALSE(stores(request(), response({{"Cache-Control", "no-store, max-age=60"}})));
    EXPECT_FALSE(stores(request(), response({{"Cache-Control", "private, max-age=60"}})));
    EXPECT_FALSE(stores(request({{"Cache-Control", "no-store"}}), response(fresh)));
    EXPECT_FALSE(stores(request(), response(fresh, Status::partial_content)));
    EXPECT_FALSE(stores(request(), response({{"Cache-Control", "max-age=60"}, {"Vary", "*"}})));
    EXPECT_FALSE(stores(request(), response({{"Cache-Control", "max-age=60"}, {"Set-Cookie", "a=1"}})));
    EXPECT_TRUE(stores(request(), response({{"Cache-Control", "public, max-age=60"}, {"Set-Cookie", "a=1"}})));
    EXPECT_FALSE(stores(request(), response({{"Last-Modified", date(-9s)}}, Status::internal_server_error)));
    Request post = request();
    post.method = http::Method::post;
    EXPECT_FALSE(stores(post, response(fresh)));
    EXPECT_TRUE(stores(request(), response({{"Cache-Control", "no-store, must-understand, max-age=60"}})));
}

TEST(Rfc9111Section35, AuthorizedResponsesNeedTheOriginsWord) {
    const Request q = request({{"Authorization", "Basic x"}});
    EXPECT_FALSE(may_store(q, response({{"Cache-Control", "max-age=60"}}), {}));
    for (const char* word : {"max-age=60, public", "s-maxage=60", "max-age=60, must-revalidate"})
        EXPECT_TRUE(may_store(q, response({{"Cache-Control", word}}), {})) << word;
}

bool usable(std::string_view asked, std::string_view said, std::chrono::seconds later) {
    const Response r = response({{"Date", date(0s)}, {"Cache-Control", said}});
    const CacheControl q = CacheControl::parse({{"Cache-Control", asked}});
    return may_use(q, CacheControl::parse(r.fields), freshness(r), kNow + later);
}

TEST(Rfc9111Section521, RequestsNarrowAndWidenWhatMayBeUsed) {
    EXPECT_TRUE(usable("", "max-age=60", 59s));
    EXPECT_FALSE(usable("", "max-age=60", 60s));
    EXPECT_FALSE(usable("max-age=10", "max-age=60", 11s));
    EXPECT_FALSE(usable("min-fresh=30", "max-age=60", 31s));
    EXPECT_TRUE(usable("min-fresh=30", "max-age=60", 30s));
    EXPECT_TRUE(usable("max-stale=10", "max-age=60", 70s));
    EXPECT_FALSE(usable("max-stale=10", "max-age=60", 71s));
    EXPECT_TRUE(usable("max-stale", "max-age=60", 100000s));
    EXPECT_FALSE(usable("max-stale", "max-age=60, must-revalidate", 61s));
    EXPECT_FALSE(usable("max-stale", "max-age=60, proxy-revalidate", 61s));
    EXPECT_FALSE(usable("max-stale", "s-maxage=60", 61s));
    EXPECT_FALSE(usable("no-cache", "max-age=60", 1s));
    EXPECT_FALSE(usable("", "no-cache, max-age=60", 1s));
}

TEST(Rfc9111Section54, PragmaCountsWithoutCacheControl) {
    EXPECT_TRUE(request_cache_control(request({{"Pragma", "no-cache"}})).no_cache);
    EXPECT_FALSE(request_cache_control(request({{"Pragma", "no-cache"}, {"Cache-Control", "max-age=1"}})).no_cache);
}

TEST(Rfc5861Section3, StaleWhileItIsValidated) {
    const auto usable_so = [](std::string_view asked, std::string_view said, std::chrono::seconds age,
                              CacheConfiguration cache = {}) {
        Freshness freshness;
        freshness.lifetime = 60s;
        freshness.received = kNow - age;
        return may_use_while_revalidating(CacheControl::parse({{"Cache-Control", asked}}),
                                          CacheControl::parse({{"Cache-Control", said}}), freshness, kNow, cache);
    };
    EXPECT_TRUE(usable_so("", "max-age=60, stale-while-revalidate=30", 89s));
    EXPECT_FALSE(usable_so("", "max-age=60, stale-while-revalidate=30", 90s));
    EXPECT_FALSE(usable_so("", "max-age=60", 61s));
    EXPECT_TRUE(usable_so("", "max-age=60", 61s, {.stale_while_revalidate = 5s}));
    EXPECT_FALSE(usable_so("no-cache", "max-age=60, stale-while-revalidate=30", 61s));
    EXPECT_FALSE(usable_so("max-age=10", "max-age=60, stale-while-revalidate=30", 61s));
    EXPECT_FALSE(usable_so("", "max-age=60, must-revalidate, stale-while-revalidate=30", 61s));
}

TEST(Rfc5861Section4, StaleIfErrorHasALimit) {
    const auto on_error = [](std::string_view said, std::chrono::seconds later, Duration own = {}) {
        const Response r = response({{"Date", date(0s)}, {"Cache-Control", said}});
        CacheConfiguration cache;
        cache.stale_if_error = own;
        return may_use_on_error({}, CacheControl::parse(r.fields), freshness(r), kNow + later, cache);
    };
    EXPECT_TRUE(on_error("max-age=60, stale-if-error=30", 89s));
    EXPECT_FALSE(on_error("max-age=60, stale-if-error=30", 90s));
    EXPECT_FALSE(on_error("max-age=60", 61s));
    EXPECT_TRUE(on_error("max-age=60", 61s, 10s));
    EXPECT_FALSE(on_error("max-age=60, must-revalidate, stale-if-error=30", 61s));
}

/// A store with responses whose content says which they are.
class Store : public testing::Test {
  protected:
    void put(const std::string& key, const Request& q, std::string content, Fields fields = {}) {
        StoredResponse stored;
        stored.head.fields = std::move(fields);
        stored.selecting = selecting_fields(stored.head, q);
        stored.content = std::make_shared<const std::string>(std::move(content));
        cache.store(key, q, std::move(stored));
    }
    std::string at(const std::string& key, const Request& q = request()) {
        const auto found = cache.find(key, q);
        return found == nullptr ? "nothing" : found->content->substr(0, 20);
    }
    ResponseCache cache{CacheConfiguration{.size = 10'000, .entry = 5'000, .variants = 2}};
};

TEST_F(Store, VarySelects) {
    const Request german = request({{"Accept-Language", "de,en"}});
    const Request english = request({{"accept-language", "en"}});
    put("/", german, "deutsch", {{"Vary", "Accept-Language"}});
    put("/", english, "english", {{"Vary", "accept-language"}});
    EXPECT_EQ(at("/", request({{"Accept-Language", "de ,  en"}})), "deutsch") << "lists that mean the same";
    EXPECT_EQ(at("/", english), "english");
    EXPECT_EQ(at("/"), "nothing");
    put("/", english, "English", {{"Vary", "accept-language"}});
    EXPECT_EQ(at("/", english), "English");
    EXPECT_EQ(cache.entries(), 2U);
    put("/", request(), "any", {{"Vary", "accept-language"}});
    EXPECT_EQ(cache.entries(), 2U) << "variants are limited";
}

TEST_F(Store, LeastRecentlyUsedMakesRoom) {
    put("/1", request(), std::string(3000, '1'));
    put("/2", request(), std::string(3000, '2'));
    EXPECT_NE(at("/1"), "nothing");
    put("/3", request(), std::string(3000, '3'));
    EXPECT_EQ(at("/2"), "nothing");
    EXPECT_NE(at("/1"), "nothing");
    EXPECT_LE(cache.size(), 10'000U);
    put("/4", request(), std::string(20'000, '4'));
    EXPECT_EQ(at("/4"), "nothing");
}

TEST_F(Store, KeysAreUrisInTheirNormalForm) {
    EXPECT_EQ(cache_key("http", "A.example:80", "/%7euser/./x?q"), cache_key("http", "a.example", "/~user/x?q"));
    EXPECT_NE(cache_key("http", "a", "/x?q"), cache_key("http", "a", "/x"));
    EXPECT_NE(cache_key("http", "a", "/x"), cache_key("http", "b", "/x"));
}

}  // namespace
}  // namespace hourglass::proxy
