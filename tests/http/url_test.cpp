#include "hourglass/http/url.h"

#include <gtest/gtest.h>

#include "hourglass/http/date.h"

namespace hourglass::http {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3986Url, HasItsParts) {
    const auto url = Url::parse("HTTP://User:pw@Example.COM:8080/a/B?c=d#e");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->scheme, "http");
    EXPECT_EQ(url->user_information, "User:pw");
    EXPECT_EQ(url->host, "example.com");
    EXPECT_EQ(url->port, Port{8080});
    EXPECT_EQ(url->path, "/a/B");
    EXPECT_EQ(url->query, "c=d");
    EXPECT_EQ(url->fragment, "e");
    EXPECT_EQ(url->request_target(), "/a/B?c=d");
    EXPECT_EQ(url->authority(), "example.com:8080");
    EXPECT_EQ(url->to_string(), "http://User:pw@example.com:8080/a/B?c=d#e");
}

TEST(Rfc3986Url, EmptyPathIsTheRootAndThePortIsTheSchemes) {
    const auto url = Url::parse("http://example.com:?q");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->request_target(), "/?q");
    EXPECT_EQ(url->effective_port(), Port{80});
    EXPECT_EQ(Url::parse("https://a")->effective_port(), Port{443});
    EXPECT_EQ(Url::parse("http://a:80/")->authority(), "a");
}

TEST(Rfc3986Section62, EquivalentUrlsHaveOneNormalForm) {
    const auto normal = [](std::string_view text) { return Url::parse(text)->normalized().to_string(); };
    EXPECT_EQ(normal("HTTP://EXAMPLE.com:80"), "http://example.com/");
    EXPECT_EQ(normal("http://example.com/%7Euser/a/../b/./c%2fd"), "http://example.com/~user/b/c%2Fd");
    EXPECT_EQ(normal("http://ex%41mple.com/"), "http://example.com/");
    EXPECT_EQ(normal("https://a:80/?q=%e4%61#f"), "https://a:80/?q=%E4a#f");
    EXPECT_EQ(normal("http://a/%2e%2e/%2E/b"), "http://a/b") << "encoded dots are dots";
    EXPECT_EQ(normalize_percent_encoding("%zz%4"), "%zz%4");
}

TEST(Rfc3986Url, Ipv6LiteralsLoseAndRegainTheirBrackets) {
    const auto url = Url::parse("http://[2001:DB8::1]:81/");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->host, "2001:db8::1");
    EXPECT_EQ(url->authority(), "[2001:db8::1]:81");
}

TEST(Rfc3986Url, SaysWhatIsWrong) {
    const auto error = [](std::string_view text) { return Url::parse(text).error(); };
    EXPECT_EQ(error("example.com/"), UrlError::missing_scheme);
    EXPECT_EQ(error("ftp://example.com/"), UrlError::unsupported_scheme);
    EXPECT_EQ(error("http:///x"), UrlError::missing_host);
    EXPECT_EQ(error("http://a:70000/"), UrlError::invalid_port);
    EXPECT_EQ(error("http://a:8x/"), UrlError::invalid_port);
    EXPECT_EQ(error("http://[::1/"), UrlError::invalid_host);
    EXPECT_EQ(error("http://[1.2.3.4]/"), UrlError::invalid_host);
    EXPECT_EQ(error("http://a<b/"), UrlError::invalid_host);
    EXPECT_EQ(error("http://a/b c"), UrlError::invalid_character);
    EXPECT_EQ(error("http://a/%4"), UrlError::invalid_percent);
}

// The examples of RFC 3986, section 5.4, that an http URL can have.
TEST(Rfc3986Section54, ReferencesResolve) {
    const Url base = Url::parse("http://a/b/c/d;p?q").value();
    const std::pair<const char*, const char*> examples[] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://x/y", "https://x/y"},
    };
    for (const auto& [reference, expected] : examples)
        EXPECT_EQ(base.resolve(reference).value().to_string(), expected) << reference;
}

TEST(Rfc3986Percent, DecodesAndEncodes) {
    EXPECT_EQ(percent_decode("a%20b%2F%c3%a4"), "a b/\xc3\xa4");
    EXPECT_FALSE(percent_decode("%2"));
    EXPECT_FALSE(percent_decode("%g0"));
    EXPECT_EQ(percent_encode("a b/\xc3\xa4~"), "a%20b%2F%C3%A4~");
    EXPECT_EQ(percent_encode("a/b", "/"), "a/b");
}

TEST(Query, PairsComeInOrderWithPlusAsSpace) {
    const std::vector<std::pair<std::string, std::string>> expected = {
        {"a", "1"}, {"b", "x y"}, {"c", ""}, {"a", "="}, {"bad", "%z"}};
    EXPECT_EQ(parse_query("a=1&b=x+y&&c&a=%3D&bad=%z"), expected);
}

TEST(Rfc9110Dates, AreWrittenAsImfFixdate) {
    EXPECT_EQ(format_date(std::chrono::sys_seconds(784111777s)), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(format_date(std::chrono::sys_seconds(0s)), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Rfc9110Dates, AreReadInAllThreeForms) {
    const std::chrono::sys_seconds expected(784111777s);
    EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
    EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
    EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), expected);
    for (const char* bad : {"", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "784111777"})
        EXPECT_FALSE(parse_date(bad)) << bad;
}

}  // namespace
}  // namespace hourglass::http
