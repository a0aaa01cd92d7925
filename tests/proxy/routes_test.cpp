#include "hourglass/proxy/routes.h"

#include <gtest/gtest.h>

namespace hourglass::proxy {
namespace {

RouteConfiguration route(std::vector<std::string> hosts, std::string path) {
    RouteConfiguration out;
    out.hosts = std::move(hosts);
    out.path = std::move(path);
    return out;
}

TEST(Routes, LongestPathWinsBySegments) {
    const Routes routes({route({}, "/"), route({}, "/a"), route({}, "/a/b/")});
    EXPECT_EQ(routes.find("x", "/"), 0U);
    EXPECT_EQ(routes.find("x", "/ab"), 0U);
    EXPECT_EQ(routes.find("x", "/a"), 1U);
    EXPECT_EQ(routes.find("x", "/a/c"), 1U);
    EXPECT_EQ(routes.find("x", "/a/b/c"), 2U);
    EXPECT_EQ(routes.find("x", "*"), 0U);
}

TEST(Routes, NameBeforeWildcardBeforeAnyHost) {
    const Routes routes({route({}, "/long/path"), route({"*.example.com"}, "/"), route({"*.deep.example.com"}, "/"),
                         route({"www.example.com", "example.com"}, "/")});
    EXPECT_EQ(routes.find("WWW.Example.com:8080", "/long/path"), 3U);
    EXPECT_EQ(routes.find("example.com.", "/"), 3U);
    EXPECT_EQ(routes.find("a.example.com", "/"), 1U);
    EXPECT_EQ(routes.find("a.deep.example.com", "/"), 2U);
    EXPECT_EQ(routes.find("other.org", "/long/path"), 0U);
    EXPECT_EQ(routes.find("notexample.com", "/"), std::nullopt);
    EXPECT_EQ(routes.find("[2001:db8::1]:80", "/long/path/x"), 0U);
}

TEST(Routes, HostWithoutThePathLeavesItToTheNext) {
    const Routes routes({route({"a"}, "/only"), route({}, "/")});
    EXPECT_EQ(routes.find("a", "/only"), 0U);
    EXPECT_EQ(routes.find("a", "/else"), 1U);
}

TEST(Routes, NoSpellingGetsAroundAPath) {
    const Routes routes({route({}, "/"), route({}, "/admin")});
    for (const char* path : {"/admin", "/%61dmin", "/x/../admin", "/x/%2e%2E/admin", "/./admin/", "/admin/x"})
        EXPECT_EQ(routes.find("a", path), 1U) << path;
    EXPECT_EQ(routes.find("a", "/admin%2Fx"), 0U) << "an encoded slash is no slash";
}

}  // namespace
}  // namespace hourglass::proxy
