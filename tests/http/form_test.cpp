#include "hourglass/http/form.h"

#include <gtest/gtest.h>

#include "hourglass/http/parameters.h"
#include "hourglass/http/url.h"

namespace hourglass::http {
namespace {

Request form(std::string_view type, std::string body) {
    Request request;
    request.method = Method::post;
    request.fields.add("Content-Type", type);
    request.body = std::move(body);
    return request;
}

TEST(Form, UrlencodedPairsAreDecoded) {
    const auto read = read_form(form("application/x-www-form-urlencoded; charset=utf-8", "a=1&b=x+y%21&&c&a=2"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->fields.size(), 4U);
    EXPECT_EQ(read->get("a"), "1");
    EXPECT_EQ(read->get("b"), "x y!");
    EXPECT_EQ(read->get("c"), "");
    EXPECT_FALSE(read->get("d"));
}

TEST(Form, WrittenQueriesAreReadTheSame) {
    const std::vector<std::pair<std::string, std::string>> pairs{{"a b", "c&d=e+f"}, {"\xc3\xa4", ""}, {"", "x"}};
    EXPECT_EQ(write_query(pairs), "a+b=c%26d%3De%2Bf&%C3%A4=&=x");
    EXPECT_EQ(parse_query(write_query(pairs)), pairs);
}

TEST(Rfc7578, AMultipartFormHasFieldsAndFiles) {
    const auto read = read_form(form("multipart/form-data; boundary=x",
                                     "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n"
                                     "Content-Disposition: form-data; name=\"f\"; filename=\"../e\"\r\n"
                                     "Content-Type: text/html\r\n\r\n<p>\r\n--x--\r\n"));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->get("a"), "1");
    EXPECT_FALSE(read->find("a")->file_name);
    EXPECT_EQ(read->find("f")->file_name, "../e");
    EXPECT_EQ(read->find("f")->content_type, "text/html");
    EXPECT_EQ(read->get("f"), "<p>");
}

TEST(Form, WhatIsNoFormHasItsStatus) {
    const auto status = [](const Request& request, const FormLimits& limits = {}) {
        const auto read = read_form(request, limits);
        return read ? Status::ok : read.error().status;
    };
    EXPECT_EQ(status(form("text/plain", "a=1")), Status::unsupported_media_type);
    EXPECT_EQ(status(form("multipart/form-data", "")), Status::bad_request);
    EXPECT_EQ(status(form("multipart/form-data; boundary=x", "--x\r\n")), Status::bad_request);
    EXPECT_EQ(status(form("multipart/form-data; boundary=x", "--x\r\nA: b\r\n\r\n1\r\n--x--")), Status::bad_request);
    FormLimits limits;
    limits.fields = 2;
    EXPECT_EQ(status(form("application/x-www-form-urlencoded", "a&b&c"), limits), Status::content_too_large);
    EXPECT_EQ(status(form("application/x-www-form-urlencoded", "a&b"), limits), Status::ok);
}

TEST(Rfc9110Section566, ParametersMayBeQuoted) {
    const auto type = Parameterised::parse("text/html ;Charset=\"a\\\"b;c\"; ; q=0.5");
    ASSERT_TRUE(type);
    EXPECT_EQ(type->value, "text/html");
    EXPECT_EQ(type->get("charset"), "a\"b;c");
    EXPECT_EQ(type->get("Q"), "0.5");
    EXPECT_EQ(quoted("a\"\\"), "\"a\\\"\\\\\"");
    for (const char* bad : {"a;b", "a;b=", "a;=c", "a;b=\"c", "a;b=\"c\"d", "a;b = c", "a;b=\"\\"})
        EXPECT_FALSE(Parameterised::parse(bad)) << bad;
}

}  // namespace
}  // namespace hourglass::http
