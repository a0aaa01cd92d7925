#include "hourglass/http/redirect.h"

#include <gtest/gtest.h>

#include "hourglass/http/proxy_rules.h"
#include "hourglass/http/retry.h"

namespace hourglass::http {
namespace {

using namespace std::chrono_literals;

Url url(std::string_view text) { return Url::parse(text).value(); }

Response with(Status status) {
    Response response;
    response.status = status;
    return response;
}

Response answer(Status status, std::string_view location) {
    Response response = with(status);
    response.fields.add("Location", location);
    return response;
}

/// "METHOD URL", or the error.
std::string follow(std::string_view from, Method method, Status status, std::string_view location) {
    const auto next = redirection(url(from), method, answer(status, location));
    if (!next) return "not followed";
    if (!*next) return std::string(to_string(next->error()));
    return std::string((*next)->method.name()) + " " + (*next)->url.to_string();
}

// RFC 9110, section 15.4.
TEST(Redirection, MethodsAreRewritten) {
    const char* here = "http://a.example/x";
    EXPECT_EQ(follow(here, Method::post, Status::moved_permanently, "/y"), "GET http://a.example/y");
    EXPECT_EQ(follow(here, Method::post, Status::found, "/y"), "GET http://a.example/y");
    EXPECT_EQ(follow(here, Method::put, Status::found, "/y"), "PUT http://a.example/y");
    EXPECT_EQ(follow(here, Method::put, Status::see_other, "/y"), "GET http://a.example/y");
    EXPECT_EQ(follow(here, Method::head, Status::see_other, "/y"), "HEAD http://a.example/y");
    EXPECT_EQ(follow(here, Method::post, Status::temporary_redirect, "/y"), "POST http://a.example/y");
    EXPECT_EQ(follow(here, Method::post, Status::permanent_redirect, "/y"), "POST http://a.example/y");
}

TEST(Redirection, OtherStatusesAreNotFollowed) {
    for (const Status status : {Status::ok, Status::multiple_choices, Status::not_modified, Status::use_proxy})
        EXPECT_EQ(follow("http://a.example/", Method::get, status, "/y"), "not followed");
    EXPECT_FALSE(redirection(url("http://a.example/"), Method::get, with(Status::found)).has_value());
}

// RFC 9110, section 10.2.2.
TEST(Redirection, LocationIsRelativeAndInheritsTheFragment) {
    const char* here = "http://a.example/x/y?q#f";
    EXPECT_EQ(follow(here, Method::get, Status::found, "z"), "GET http://a.example/x/z#f");
    EXPECT_EQ(follow(here, Method::get, Status::found, "../z#g"), "GET http://a.example/z#g");
    EXPECT_EQ(follow(here, Method::get, Status::found, "//b.example"), "GET http://b.example/#f");
    EXPECT_EQ(follow(here, Method::get, Status::found, "http://user:secret@b.example/"), "GET http://b.example/#f");
}

TEST(Redirection, WhatIsNoUrlIsAnError) {
    EXPECT_EQ(follow("http://a.example/", Method::get, Status::found, "file:///etc/passwd"),
              to_string(RedirectError::invalid_location));
    Response twice = answer(Status::found, "/a");
    twice.fields.add("Location", "/b");
    EXPECT_EQ(redirection(url("http://a.example/"), Method::get, twice)->error(), RedirectError::several_locations);
}

TEST(Redirection, CredentialsStayWithTheirOrigin) {
    Request request;
    request.method = Method::post;
    request.body = "secret";
    request.fields = {{"Host", "a.example"}, {"Authorization", "Basic x"}, {"Cookie", "a=1"}, {"Content-Type", "x/y"}};
    Request same = request;
    apply_redirection(same,
                      **redirection(url("http://a.example/"), Method::post, answer(Status::permanent_redirect, "/y")));
    EXPECT_EQ(same.fields.get("Authorization"), "Basic x");
    EXPECT_EQ(same.body, "secret");
    EXPECT_EQ(same.target, "/y");
    for (const char* elsewhere : {"https://a.example/", "http://a.example:81/", "http://b.example/"}) {
        Request other = request;
        apply_redirection(other,
                          **redirection(url("http://a.example/"), Method::post, answer(Status::found, elsewhere)));
        EXPECT_FALSE(other.fields.contains("Authorization")) << elsewhere;
        EXPECT_FALSE(other.fields.contains("Cookie")) << elsewhere;
        EXPECT_FALSE(other.fields.contains("Content-Type")) << elsewhere;
        EXPECT_EQ(other.fields.get("Host"), url(elsewhere).authority());
        EXPECT_EQ(other.body, "");
    }
}

constexpr std::chrono::sys_seconds kNow{1'800'000'000s};

TEST(Retry, WaitsTwiceAsLongEachTime) {
    const RetryPolicy policy{.retries = 4, .longest_delay = 3s};
    const Response busy = with(Status::service_unavailable);
    EXPECT_EQ(retry_delay(policy, 0, Method::get, busy, kNow), 1s);
    EXPECT_EQ(retry_delay(policy, 1, Method::get, busy, kNow), 2s);
    EXPECT_EQ(retry_delay(policy, 2, Method::get, busy, kNow), 3s);
    EXPECT_EQ(retry_delay(policy, 4, Method::get, busy, kNow), std::nullopt);
}

TEST(Retry, OnlyWhatMayPassAndMayBeRepeated) {
    const RetryPolicy policy{.retries = 1};
    EXPECT_EQ(retry_delay(policy, 0, Method::get, with(Status::not_found), kNow), std::nullopt);
    EXPECT_EQ(retry_delay(policy, 0, Method::post, with(Status::bad_gateway), kNow), std::nullopt);
    EXPECT_EQ(retry_delay(policy, 0, Method::put, with(Status::bad_gateway), kNow), 1s);
    ClientError repeatable;
    repeatable.retryable = true;
    EXPECT_EQ(retry_delay(policy, 0, Method::get, repeatable), 1s);
    EXPECT_EQ(retry_delay(policy, 0, Method::get, ClientError{}), std::nullopt);
}

// RFC 9110, section 10.2.3.
TEST(Retry, RetryAfterIsHeard) {
    const RetryPolicy policy{.retries = 1};
    Response busy = with(Status::too_many_requests);
    busy.fields.add("Retry-After", "7");
    EXPECT_EQ(retry_delay(policy, 0, Method::get, busy, kNow), 7s);
    busy.fields.set("Retry-After", "Fri, 15 Jan 2027 08:00:09 GMT");
    EXPECT_EQ(retry_delay(policy, 0, Method::get, busy, kNow), 9s);
    busy.fields.set("Retry-After", "86400");
    EXPECT_EQ(retry_delay(policy, 0, Method::get, busy, kNow), std::nullopt) << "longer than anyone waits";
    EXPECT_EQ(parse_retry_after("soon", kNow), std::nullopt);
}

TEST(ProxyRules, AreThoseOfTheEnvironment) {
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "http_proxy") return "proxy.example:3128";
        if (name == "HTTP_PROXY") return "http://evil.example";
        if (name == "HTTPS_PROXY") return "http://user:pass@secure.example";
        if (name == "no_proxy") return "localhost, .direct.example,10.0.0.0/8 b.example:81";
        return std::nullopt;
    };
    const auto rules = proxy_rules_of_environment(environment);
    ASSERT_TRUE(rules);
    const auto proxy = [&](std::string_view to) {
        const auto found = rules->proxy_for(url(to));
        return found ? found->to_string() : "direct";
    };
    EXPECT_EQ(proxy("http://a.example/"), "http://proxy.example:3128/");
    EXPECT_EQ(proxy("https://a.example/"), "http://user:pass@secure.example:1080/");
    EXPECT_EQ(proxy("http://localhost/"), "direct");
    EXPECT_EQ(proxy("http://direct.example/"), "direct");
    EXPECT_EQ(proxy("http://x.direct.example/"), "direct");
    EXPECT_EQ(proxy("http://indirect.example/"), "http://proxy.example:3128/");
    EXPECT_EQ(proxy("http://10.1.2.3/"), "direct");
    EXPECT_EQ(proxy("http://11.1.2.3/"), "http://proxy.example:3128/");
    EXPECT_EQ(proxy("http://b.example:81/"), "direct");
    EXPECT_EQ(proxy("http://b.example/"), "http://proxy.example:3128/");
}

TEST(ProxyRules, MayNameASocksProxy) {
    const auto socks = parse_proxy("SOCKS5://me:secret@10.0.0.1").value();
    EXPECT_EQ(socks.scheme, "socks5");
    EXPECT_EQ(socks.user_information, "me:secret");
    EXPECT_EQ(socks.effective_port(), Port{1080});
    EXPECT_EQ(parse_proxy("socks5h://proxy.example:9050")->scheme, "socks5");
}

TEST(ProxyRules, AMalformedOneNamesTheVariable) {
    const auto rules = proxy_rules_of_environment([](const std::string& name) {
        return name == "https_proxy" ? std::optional<std::string>("socks4://x") : std::nullopt;
    });
    ASSERT_FALSE(rules);
    EXPECT_TRUE(rules.error().starts_with("https_proxy: 'socks4://x' is not a proxy"));
}

}  // namespace
}  // namespace hourglass::http
