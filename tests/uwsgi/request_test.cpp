#include "hourglass/uwsgi/request.h"

#include <gtest/gtest.h>

namespace hourglass::uwsgi {
namespace {

http::Request request(std::string target) {
    http::Request out;
    out.target = std::move(target);
    out.fields = {{"Host", "app.example:8080"}};
    return out;
}
GatewayContext context() { return {.client = {IpAddress::v4(192, 0, 2, 7), Port{5000}}, .body_length = 0}; }

TEST(Rfc3875Section41, VariablesTellTheRequest) {
    http::Request asked = request("/a%20b/c?x=1&y");
    asked.fields.add("Content-Type", "text/plain");
    asked.fields.add("X-Mine", "1");
    asked.fields.add("Accept", "a/a");
    asked.fields.add("Accept", "b/b");
    const Variables v = to_variables(asked, context());
    const std::pair<const char*, const char*> expected[] = {{"REQUEST_METHOD", "GET"},
                                                            {"REQUEST_URI", "/a%20b/c?x=1&y"},
                                                            {"PATH_INFO", "/a b/c"},
                                                            {"QUERY_STRING", "x=1&y"},
                                                            {"SERVER_NAME", "app.example"},
                                                            {"SERVER_PORT", "8080"},
                                                            {"SERVER_PROTOCOL", "HTTP/1.1"},
                                                            {"REMOTE_ADDR", "192.0.2.7"},
                                                            {"REMOTE_PORT", "5000"},
                                                            {"CONTENT_TYPE", "text/plain"},
                                                            {"CONTENT_LENGTH", ""},
                                                            {"HTTP_HOST", "app.example:8080"},
                                                            {"HTTP_X_MINE", "1"},
                                                            {"HTTP_ACCEPT", "a/a, b/b"},
                                                            {"REQUEST_SCHEME", "http"}};
    for (const auto& [name, value] : expected) EXPECT_EQ(find(v, name), value) << name;
    EXPECT_FALSE(find(v, "HTTPS"));
    EXPECT_FALSE(find(v, "HTTP_CONTENT_TYPE"));
}

TEST(Rfc3875Section4113, ScriptNameIsTakenOffThePath) {
    GatewayContext below = context();
    below.script_name = "/app";
    const auto info = [&](std::string target) {
        const Variables v = to_variables(request(std::move(target)), below);
        return std::string(*find(v, "SCRIPT_NAME")) + "|" + std::string(*find(v, "PATH_INFO"));
    };
    EXPECT_EQ(info("/app/x"), "/app|/x");
    EXPECT_EQ(info("/app"), "/app|");
    EXPECT_EQ(info("/apple"), "|/apple");
}

TEST(Rfc3875Section4118, FieldsThatWouldMisleadAreLeftOut) {
    http::Request asked = request("/");
    asked.fields.add("Proxy", "http://evil.example");    // a program would take HTTP_PROXY for its own proxy
    asked.fields.add("X_Forwarded_For", "203.0.113.1");  // it would pass for X-Forwarded-For
    asked.fields.add("Cookie", "a=1");
    asked.fields.add("Cookie", "b=2");
    const Variables v = to_variables(asked, context());
    EXPECT_FALSE(find(v, "HTTP_PROXY"));
    EXPECT_FALSE(find(v, "HTTP_X_FORWARDED_FOR"));
    EXPECT_EQ(find(v, "HTTP_COOKIE"), "a=1; b=2");
}

TEST(UwsgiRequest, ComesBackFromItsVariables) {
    http::Request asked = request("/a%20b?q");
    asked.method = http::Method::put;
    asked.fields.add("X-Mine", "1");
    GatewayContext c = context();
    c.body_length = 12;
    const auto read = to_request(to_variables(asked, c));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->request.method, http::Method::put);
    EXPECT_EQ(read->request.target, "/a%20b?q");
    EXPECT_EQ(read->request.fields.get("Host"), "app.example:8080");
    EXPECT_EQ(read->request.fields.get("X-Mine"), "1");
    EXPECT_EQ(read->body_length, 12U);
    EXPECT_EQ(read->client, c.client);
}

TEST(UwsgiRequest, WithoutRequestUriThePathIsEncodedAgain) {
    const auto read = to_request({{"REQUEST_METHOD", "GET"}, {"PATH_INFO", "/a b?"}, {"QUERY_STRING", "q=1"}});
    ASSERT_TRUE(read);
    EXPECT_EQ(read->request.target, "/a%20b%3F?q=1");
}

TEST(UwsgiRequest, WhatAnHttpRequestCouldNotCarryIsRefused) {
    const Variables good = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/"}, {"HTTP_HOST", "a"}};
    ASSERT_TRUE(to_request(good));
    const auto error_with = [&](std::string name, std::string value) {
        Variables v = good;
        v.emplace_back(std::move(name), std::move(value));
        const auto read = to_request(v);
        return read ? std::string("none") : std::string(to_string(read.error()));
    };
    const std::string invalid(to_string(Error::invalid_variable));
    const std::string duplicate(to_string(Error::duplicate_variable));
    EXPECT_EQ(error_with("HTTP_X", "a\r\nTransfer-Encoding: chunked"), invalid);
    EXPECT_EQ(error_with("HTTP_X Y", "a"), invalid);
    EXPECT_EQ(error_with("CONTENT_LENGTH", "1 "), invalid);
    EXPECT_EQ(error_with("CONTENT_LENGTH", "-1"), invalid);
    EXPECT_EQ(error_with("REQUEST_URI", "/other"), duplicate);
    EXPECT_EQ(error_with("HTTP_HOST", "b"), duplicate);
    EXPECT_EQ(error_with("HTTP_TRANSFER_ENCODING", "chunked"), "none");
    EXPECT_EQ(to_request({{"REQUEST_METHOD", "GET"}}).error(), Error::missing_variable);
    EXPECT_EQ(to_request({{"REQUEST_METHOD", "G T"}, {"PATH_INFO", "/"}}).error(), Error::invalid_variable);
}

}  // namespace
}  // namespace hourglass::uwsgi
