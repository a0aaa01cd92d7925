#include "hourglass/http/cookie_jar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hourglass::http {
namespace {

using std::chrono::sys_seconds;
using namespace std::chrono_literals;

constexpr sys_seconds kNow{1'800'000'000s};

Url url(std::string_view text) { return Url::parse(text).value(); }

/// The Cookie field that goes to `to` after `field` was set from `from`.
std::string sent(std::string_view from, std::string_view field, std::string_view to) {
    CookieJar jar;
    jar.set(url(from), field, kNow);
    return jar.field_for(url(to), kNow);
}

TEST(Rfc6265bisDomain, WithoutAttributeIsForThisHostAlone) {
    EXPECT_EQ(sent("http://a.example/", "a=1", "http://a.example/"), "a=1");
    EXPECT_EQ(sent("http://a.example/", "a=1", "http://b.a.example/"), "");
}

TEST(Rfc6265bisDomain, AttributeTakesInWhatIsBeneath) {
    EXPECT_EQ(sent("http://x.a.example/", "a=1; Domain=A.example", "http://y.a.example/"), "a=1");
    EXPECT_EQ(sent("http://x.a.example/", "a=1; domain=.a.example", "http://a.example/"), "a=1");
    EXPECT_EQ(sent("http://x.a.example/", "a=1; Domain=a.example", "http://ba.example/"), "");
}

TEST(Rfc6265bisDomain, OfAnotherHostIsRefused) {
    EXPECT_EQ(sent("http://a.example/", "a=1; Domain=b.example", "http://b.example/"), "");
    EXPECT_EQ(sent("http://a.example/", "a=1; Domain=x.a.example", "http://x.a.example/"), "");
    EXPECT_EQ(sent("http://10.0.0.1/", "a=1; Domain=0.0.1", "http://10.0.0.1/"), "");
}

TEST(Rfc6265bisSection57Step9, APublicSuffixIsRefused) {
    EXPECT_EQ(sent("http://a.com/", "a=1; Domain=com", "http://a.com/"), "");
    EXPECT_EQ(sent("http://a.co.uk/", "a=1; Domain=co.uk", "http://a.co.uk/"), "");
    EXPECT_EQ(sent("http://a.co.uk/", "a=1; Domain=a.co.uk", "http://b.a.co.uk/"), "a=1");
    EXPECT_EQ(sent("http://me.github.io/", "a=1; Domain=github.io", "http://me.github.io/"), "");
    EXPECT_EQ(sent("http://me.github.io/", "a=1; Domain=me.github.io", "http://me.github.io/"), "a=1");
    EXPECT_EQ(sent("http://x.ck/", "a=1; Domain=ck", "http://x.ck/"), "");
    EXPECT_EQ(sent("http://www.ck/", "a=1; Domain=www.ck", "http://a.www.ck/"), "a=1") << "an exception of the list's";
}

TEST(Rfc6265bisSection57Step9, APublicSuffixThatIsTheHostItselfKeepsItsCookie) {
    EXPECT_EQ(sent("http://github.io/", "a=1; Domain=github.io", "http://github.io/"), "a=1");
    EXPECT_EQ(sent("http://github.io/", "a=1; Domain=github.io", "http://me.github.io/"), "");
}

TEST(Rfc6265bisDomain, OfAnAddressIsTheAddressItself) {
    EXPECT_EQ(sent("http://10.0.0.1/", "a=1; Domain=10.0.0.1", "http://10.0.0.1/"), "a=1");
    EXPECT_EQ(sent("http://[fd00::1]/", "a=1; Domain=fd00::1", "http://[fd00::1]/"), "a=1");
    EXPECT_EQ(sent("http://10.0.0.1/", "a=1; Domain=1", "http://10.0.0.1/"), "");
}

TEST(Rfc6265bisDomain, OfASingleLabelIsRefusedUnlessItIsTheHost) {
    EXPECT_EQ(sent("http://a.example/", "a=1; Domain=example", "http://a.example/"), "");
    EXPECT_EQ(sent("http://localhost/", "a=1; Domain=localhost", "http://localhost/"), "a=1");
    EXPECT_EQ(sent("http://localhost/", "a=1; Domain=localhost", "http://a.localhost/"), "");
}

TEST(Rfc6265bisPath, MatchesWholeSegments) {
    EXPECT_TRUE(path_matches("/a/b", "/a"));
    EXPECT_TRUE(path_matches("/a/b", "/a/"));
    EXPECT_TRUE(path_matches("/a", "/a"));
    EXPECT_FALSE(path_matches("/ab", "/a"));
    EXPECT_FALSE(path_matches("/", "/a"));
}

TEST(Rfc6265bisPath, WithoutAttributeIsTheDirectory) {
    EXPECT_EQ(sent("http://a.example/x/y", "a=1", "http://a.example/x/z"), "a=1");
    EXPECT_EQ(sent("http://a.example/x/y", "a=1", "http://a.example/"), "");
    EXPECT_EQ(sent("http://a.example/x/y", "a=1; Path=/", "http://a.example/"), "a=1");
    EXPECT_EQ(sent("http://a.example/x/y", "a=1; Path=no", "http://a.example/x/"), "a=1");
}

TEST(Rfc6265bisSecure, GoesOverHttpsAlone) {
    EXPECT_EQ(sent("https://a.example/", "a=1; Secure", "http://a.example/"), "");
    EXPECT_EQ(sent("https://a.example/", "a=1; Secure", "https://a.example/"), "a=1");
    EXPECT_EQ(sent("http://a.example/", "a=1; Secure", "https://a.example/"), "") << "set over plain HTTP";
}

TEST(Rfc6265bisSecure, IsNotShadowedFromPlainHttp) {
    CookieJar jar;
    jar.set(url("https://a.example/"), "a=good; Secure", kNow);
    EXPECT_FALSE(jar.set(url("http://a.example/"), "a=bad", kNow));
    EXPECT_EQ(jar.field_for(url("https://a.example/"), kNow), "a=good");
}

TEST(Rfc6265bisPrefix, AsksForWhatItsNameSays) {
    const auto taken = [](std::string_view from, std::string_view field) {
        CookieJar jar;
        return jar.set(url(from), field, kNow);
    };
    EXPECT_TRUE(taken("https://a.example/", "__Host-a=1; Secure; Path=/"));
    EXPECT_FALSE(taken("https://a.example/",
                       "__Host-a=1; Secure"
                       "; Path=/x"));
    EXPECT_FALSE(taken("https://a.example/", "__host-a=1; Path=/"));
    EXPECT_FALSE(taken("https://a.example/", "__Host-a=1; Secure; Path=/; Domain=a.example"));
    EXPECT_TRUE(taken("https://a.example/", "__Secure-a=1; Secure"));
    EXPECT_FALSE(taken("https://a.example/", "__Secure-a=1"));
    EXPECT_FALSE(taken("https://a.example/", "=__Secure-a=1; Secure")) << "nameless, but would be sent as one";
}

TEST(Rfc6265bisSameSite, DecidesWhatGoesAcrossSites) {
    CookieJar jar;
    const Url here = url("https://a.example/");
    jar.set(here, "strict=1; SameSite=Strict", kNow);
    jar.set(here, "lax=1; SameSite=Lax", kNow);
    jar.set(here, "none=1; SameSite=None; Secure", kNow);
    EXPECT_FALSE(jar.set(here, "plain=1; SameSite=None", kNow));
    EXPECT_EQ(jar.field_for(here, kNow), "strict=1; lax=1; none=1");
    EXPECT_EQ(jar.field_for(here, kNow, {.same_site = false}), "lax=1; none=1");
    EXPECT_EQ(jar.field_for(here, kNow, {.same_site = false, .top_level_navigation = false}), "none=1");
}

TEST(Rfc6265bisExpiry, MaxAgeWinsOverExpires) {
    CookieJar jar;
    const Url here = url("http://a.example/");
    jar.set(here, "a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kNow);
    EXPECT_EQ(jar.field_for(here, kNow + 59s), "a=1");
    EXPECT_EQ(jar.field_for(here, kNow + 60s), "");
}

TEST(Rfc6265bisExpiry, ThePastDeletes) {
    CookieJar jar;
    const Url here = url("http://a.example/");
    jar.set(here, "a=1", kNow);
    jar.set(here, "b=1", kNow);
    jar.set(here, "a=; Max-Age=0", kNow);
    jar.set(here, "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", kNow);
    EXPECT_TRUE(jar.cookies().empty());
}

TEST(Rfc6265bisExpiry, IsCutToFourHundredDays) {
    CookieJar jar;
    jar.set(url("http://a.example/"), "a=1; Max-Age=99999999999999999999", kNow);
    EXPECT_EQ(jar.cookies().at(0).expires, kNow + std::chrono::hours(24 * 400));
}

// Section 5.1.1.
TEST(Rfc6265bisDate, IsReadLeniently) {
    const auto expected = std::chrono::sys_days(std::chrono::year(2027) / 1 / 15) + 8h + 0min + 5s;
    for (const char* text : {"Fri, 15 Jan 2027 08:00:05 GMT", "Fri, 15-Jan-2027 08:00:05 GMT", "15 January 27 8:0:5",
                             "Jan 15 2027 08:00:05 CET", "08:00:05 2027 jan 15"})
        EXPECT_EQ(parse_cookie_date(text), expected) << text;
    for (const char* text : {"", "Fri", "15 Jan 2027", "32 Jan 2027 08:00:05", "15 Jan 1600 08:00:05",
                             "15 Jan 2027 24:00:00", "15 Foo 2027 08:00:05"})
        EXPECT_EQ(parse_cookie_date(text), std::nullopt) << text;
}

TEST(Rfc6265bisField, LongerPathsThenOlderCookiesComeFirst) {
    CookieJar jar;
    const Url here = url("http://a.example/x/y");
    jar.set(here, "a=1; Path=/", kNow);
    jar.set(here, "b=2; Path=/x", kNow);
    jar.set(here, "c=3; Path=/", kNow);
    jar.set(here, "a=4; Path=/", kNow);
    EXPECT_EQ(jar.field_for(here, kNow), "b=2; a=4; c=3");
}

TEST(Rfc6265bisField, MalformedOnesAreIgnored) {
    CookieJar jar;
    const Url here = url("http://a.example/");
    EXPECT_FALSE(jar.set(here, "", kNow));
    EXPECT_FALSE(jar.set(here, "; Path=/", kNow));
    EXPECT_FALSE(jar.set(here, "a=1\x01", kNow));
    EXPECT_FALSE(jar.set(here, "a=" + std::string(5000, 'x'), kNow));
    EXPECT_TRUE(jar.set(here, "only-a-value", kNow));
    EXPECT_EQ(jar.field_for(here, kNow), "only-a-value");
}

TEST(CookieJarLimit, LeastUsedGoesFirst) {
    CookieJar jar({.total = 4, .per_domain = 2});
    const Url a = url("http://a.example/");
    jar.set(a, "one=1", kNow);
    jar.set(a, "two=2", kNow);
    jar.set(a, "three=3", kNow);
    EXPECT_EQ(jar.field_for(a, kNow), "two=2; three=3");
    for (int i = 0; i < 10; ++i) jar.set(url("http://h" + std::to_string(i) + ".example/"), "x=1", kNow);
    EXPECT_EQ(jar.cookies().size(), 4U);
}

TEST(NetscapeCookieFile, IsWrittenAndReadBack) {
    CookieJar jar;
    jar.set(url("https://x.a.example/p/"), "a=1; Domain=a.example; Secure; HttpOnly; Max-Age=100; Path=/", kNow);
    jar.set(url("http://b.example/p/q"), "s=", kNow);
    const std::string text = jar.save();
    EXPECT_THAT(text, testing::HasSubstr("#HttpOnly_.a.example\tTRUE\t/\tTRUE\t1800000100\ta\t1\n"));
    EXPECT_THAT(text, testing::HasSubstr("\nb.example\tFALSE\t/p\tFALSE\t0\ts\t\n"));
    CookieJar again;
    ASSERT_TRUE(again.load(text, kNow));
    EXPECT_EQ(again.save(), text);
    again.end_session();
    EXPECT_EQ(again.cookies().size(), 1U);
}

TEST(NetscapeCookieFile, WhatItsColumnsCannotHoldIsNotTakenAtAll) {
    CookieJar jar;
    EXPECT_FALSE(jar.set(url("http://a.example/"), "a=1; Path=/x\ty", kNow));
    EXPECT_FALSE(jar.set(url("http://a.example/"), "a\tb=1", kNow));
    EXPECT_TRUE(jar.set(url("http://a.example/"), "a=1\t2", kNow)) << "the value is the last column";
    CookieJar again;
    ASSERT_TRUE(again.load(jar.save(), kNow));
    EXPECT_EQ(again.field_for(url("http://a.example/"), kNow), "a=1\t2");
}

TEST(NetscapeCookieFile, NamesTheLineThatIsNone) {
    CookieJar jar;
    EXPECT_EQ(jar.load("# a comment\n\na.example\tFALSE\t/\tFALSE\t0\tn\tv\nrubbish\n", kNow).error(), 4U);
    EXPECT_FALSE(jar.load("a.example\tFALSE\t/\tFALSE\tlater\tn\tv\n", kNow));
    EXPECT_FALSE(jar.load("a.example\tFALSE\t/\tFALSE\t0\tn\tv;w\n", kNow));
    EXPECT_TRUE(jar.load("a.example\tFALSE\t/\tFALSE\t1\told\tv\r\n", kNow));
    EXPECT_EQ(jar.field_for(url("http://a.example/"), kNow), "n=v") << "what has expired is not read";
}

}  // namespace
}  // namespace hourglass::http
