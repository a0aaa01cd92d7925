#include "cli/get_options.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.h"

namespace hourglass::cli {
namespace {

http::Request request_for(const GetOptions& options) {
    return make_request(options, parse_url("http://10.0.0.1:8080/a?b=c#d"));
}

std::string refusal(const GetOptions& options) {
    try {
        static_cast<void>(request_for(options));
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code, kBadInput);
        return failure.message;
    }
    return {};
}

TEST(GetUrl, NeedsNoScheme) { EXPECT_EQ(parse_url("10.0.0.1/x").to_string(), "http://10.0.0.1/x"); }

TEST(GetUrl, OfAnotherSchemeIsRefused) {
    EXPECT_THROW(static_cast<void>(parse_url("https://example.com/")), Failure);
    EXPECT_THROW(static_cast<void>(parse_url("ftp://example.com/")), Failure);
    EXPECT_THROW(static_cast<void>(parse_url("http:///")), Failure);
}

TEST(GetRequest, HasWhatAServerNeeds) {
    const http::Request request = request_for({});
    EXPECT_EQ(request.method, http::Method::get);
    EXPECT_EQ(request.target, "/a?b=c") << "the fragment stays here (RFC 9112, section 3.2.1)";
    EXPECT_EQ(request.fields.get("Host"), "10.0.0.1:8080");
}

TEST(GetRequest, DataMakesItAPost) {
    const http::Request request = request_for({.data = {"a=1", "b=2"}});
    EXPECT_EQ(request.method, http::Method::post);
    EXPECT_EQ(request.body, "a=1&b=2");
    EXPECT_EQ(request.fields.get("Content-Type"), "application/x-www-form-urlencoded");
}

TEST(GetRequest, MethodCanBeChosen) {
    EXPECT_EQ(request_for({.method = "PUT", .data = {"x"}}).method, http::Method::put);
    EXPECT_EQ(request_for({.head_only = true}).method, http::Method::head);
    EXPECT_THAT(refusal({.method = "NOT A METHOD"}), testing::HasSubstr("-X"));
    EXPECT_THAT(refusal({.head_only = true, .data = {"x"}}), testing::HasSubstr("-I"));
}

TEST(GetRequest, FieldsReplaceAddAndRemove) {
    const http::Request request =
        request_for({.fields = {"Accept: text/html", "User-Agent:", "X-Empty;", "X-Mine:  padded "}});
    EXPECT_EQ(request.fields.get("Accept"), "text/html");
    EXPECT_EQ(request.fields.count("Accept"), 1u);
    EXPECT_FALSE(request.fields.contains("User-Agent"));
    EXPECT_EQ(request.fields.get("X-Empty"), "");
    EXPECT_EQ(request.fields.get("X-Mine"), "padded");
}

TEST(GetRequest, FieldThatWouldSplitTheRequestIsRefused) {
    EXPECT_THAT(refusal({.fields = {"X: a\r\nY: b"}}), testing::HasSubstr("-H"));
    EXPECT_THAT(refusal({.fields = {"no colon"}}), testing::HasSubstr("-H"));
}

class GetData : public testing::Test {
  protected:
    void SetUp() override { std::ofstream(path_, std::ios::binary) << "one\r\ntwo\n"; }
    void TearDown() override { std::filesystem::remove(path_); }
    std::string path_ = testing::TempDir() + "/get-data.txt";
};

TEST_F(GetData, FromAFileLosesItsLineEnds) { EXPECT_EQ(request_for({.data = {"@" + path_}}).body, "onetwo"); }

TEST_F(GetData, BinaryKeepsThem) { EXPECT_EQ(request_for({.binary_data = {"@" + path_}}).body, "one\r\ntwo\n"); }

TEST_F(GetData, FromAFileThatIsNotThereIsRefused) {
    EXPECT_THAT(refusal({.data = {"@/nonexistent/file"}}), testing::HasSubstr("/nonexistent/file"));
}

}  // namespace
}  // namespace hourglass::cli
