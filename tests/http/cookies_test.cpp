#include "hourglass/http/cookies.h"

#include <gtest/gtest.h>

namespace hourglass::http {
namespace {

TEST(Rfc6265bisSection583, CookiesAreReadFromEveryLine) {
    const Fields fields{{"Cookie", "a=1; b = two ;; novalue; c=x=y; =empty; q=\"z\""}, {"cookie", "d="}};
    using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;
    EXPECT_EQ(parse_cookies(fields), (Pairs{{"a", "1"}, {"b", "two"}, {"c", "x=y"}, {"q", "\"z\""}, {"d", ""}}));
    EXPECT_EQ(cookie(fields, "b"), "two");
    EXPECT_FALSE(cookie(fields, "B")) << "names are case-sensitive";
}

TEST(Rfc6265bisSection41, ACookieIsWrittenWithItsAttributes) {
    SetCookie c{.name = "id", .value = "a3"};
    EXPECT_EQ(c.to_field(), "id=a3");
    c.expires = std::chrono::sys_seconds(std::chrono::seconds(784111777));
    c.max_age = std::chrono::seconds(60);
    c.domain = "example.com";
    c.path = "/x";
    c.secure = c.http_only = c.partitioned = true;
    c.same_site = SetCookie::SameSite::none;
    EXPECT_EQ(
        c.to_field(),
        "id=a3; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=60; Domain=example.com; Path=/x; Secure; HttpOnly; "
        "SameSite=None; Partitioned");
}

TEST(Rfc6265bisSection41, WhatAClientWouldReadOtherwiseIsNotWritten) {
    for (const char* name : {"", "a b", "a=b", "a;b", "a\r\nSet-Cookie: x"})
        EXPECT_FALSE((SetCookie{.name = name, .value = "1"}.to_field())) << name;
    for (const char* value : {"a b", "a;b", "a,b", "\"", "\\", "a\r\nb", "\x7f"})
        EXPECT_FALSE((SetCookie{.name = "a", .value = value}.to_field())) << value;
    EXPECT_FALSE((SetCookie{.name = "a", .value = "b", .path = "/; Domain=evil"}.to_field()));
    EXPECT_FALSE((SetCookie{.name = "a", .value = "b", .path = "x"}.to_field()));
    EXPECT_FALSE((SetCookie{.name = "a", .value = std::string(4096, 'x')}.to_field()));
    EXPECT_FALSE((SetCookie{.name = "a", .value = "b", .same_site = SetCookie::SameSite::none}.to_field()));
}

TEST(Rfc6265bisSection413, PrefixesAskForTheirAttributes) {
    EXPECT_FALSE((SetCookie{.name = "__Secure-a", .value = "b"}.to_field()));
    EXPECT_TRUE((SetCookie{.name = "__Secure-a", .value = "b", .secure = true}.to_field()));
    EXPECT_FALSE((SetCookie{.name = "__Host-a", .value = "b", .secure = true}.to_field()));
    EXPECT_FALSE((SetCookie{.name = "__Host-a", .value = "b", .domain = "x", .path = "/", .secure = true}.to_field()));
    EXPECT_TRUE((SetCookie{.name = "__host-a", .value = "b", .path = "/", .secure = true}.to_field()));
}

TEST(SetCookie, OneThatClientsWouldIgnoreIsNotAdded) {
    Response response;
    EXPECT_TRUE(set_cookie(response, {.name = "a", .value = "1", .path = "/"}));
    EXPECT_TRUE(set_cookie(response, {.name = "b", .value = "2"}));
    EXPECT_FALSE(set_cookie(response, {.name = "c", .value = "x; Domain=evil"}));
    EXPECT_EQ(response.fields.combined("Set-Cookie"), "a=1; Path=/, b=2");
}

}  // namespace
}  // namespace hourglass::http
