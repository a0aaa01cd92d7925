#include "cli/get_options.h"

#include <array>
#include <asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

#include "cli/command.h"
#include "cli/get_body.h"
#include "cli/get_run.h"
#include "runtime/certificate.h"

namespace hourglass::cli {
namespace {

http::Request request_for(const GetOptions& options) { return make_request(options); }

std::string content_of(http::BodySource& source) {
    std::string content;
    std::array<std::byte, 100> piece;
    for (auto read = source.read(piece); read.state == http::BodySource::State::data; read = source.read(piece))
        content += http::as_text(std::span(piece).first(read.size));
    return content;
}

std::string body_for(const GetOptions& options) {
    asio::io_context context;
    const GetBody body = make_body(context, options);
    return body.open ? content_of(*body.open()) : "";
}

std::string refusal(const GetOptions& options) {
    try {
        static_cast<void>(request_for(options));
        static_cast<void>(body_for(options));
        static_cast<void>(phase_limits(options));
        static_cast<void>(proxy_rules(options));
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code, kBadInput);
        return failure.message;
    }
    return {};
}

TEST(GetUrl, NeedsNoScheme) { EXPECT_EQ(parse_url("10.0.0.1/x").to_string(), "http://10.0.0.1/x"); }

TEST(GetUrl, OfAnotherSchemeIsRefused) {
    EXPECT_THROW(static_cast<void>(parse_url("ftp://example.com/")), Failure);
    EXPECT_THROW(static_cast<void>(parse_url("http:///")), Failure);
}

TEST(GetUrl, MayBeSecure) { EXPECT_EQ(parse_url("https://example.com").to_string(), "https://example.com/"); }

TEST(GetRequest, IsAPlainGet) {
    const http::Request request = request_for({});
    EXPECT_EQ(request.method, http::Method::get);
    EXPECT_EQ(request.fields.get("Accept"), "*/*");
    EXPECT_EQ(body_for({}), "");
}

TEST(GetRequest, DataMakesItAPost) {
    const http::Request request = request_for({.data = {"a=1", "b=2"}});
    EXPECT_EQ(request.method, http::Method::post);
    EXPECT_EQ(body_for({.data = {"a=1", "b=2"}}), "a=1&b=2");
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
    // Tests of this name run beside each other, each in a process.
    std::string path_ = testing::TempDir() + "/get-data-" + std::to_string(::getpid()) + ".txt";
};

TEST_F(GetData, FromAFileLosesItsLineEnds) { EXPECT_EQ(body_for({.data = {"@" + path_}}), "onetwo"); }

TEST_F(GetData, BinaryKeepsThem) { EXPECT_EQ(body_for({.binary_data = {"@" + path_}}), "one\r\ntwo\n"); }

TEST_F(GetData, IsPercentEncodedWhenAsked) {
    EXPECT_EQ(body_for({.encoded_data = {"a b&c", "=d e", "name=f=g", "text@" + path_}}),
              "a%20b%26c&d%20e&name=f%3Dg&text=one%0D%0Atwo%0A");
}

TEST_F(GetData, GoesIntoTheQueryWhenAsked) {
    asio::io_context context;
    const GetBody body = make_body(context, {.data = {"a=1"}, .data_in_query = true});
    EXPECT_EQ(body.query, "a=1");
    EXPECT_FALSE(body.open);
    EXPECT_EQ(request_for({.data = {"a=1"}, .data_in_query = true}).method, http::Method::get);
}

TEST_F(GetData, AFileIsUploadedAsItIs) {
    EXPECT_EQ(body_for({.upload = path_}), "one\r\ntwo\n");
    EXPECT_EQ(request_for({.upload = path_}).method, http::Method::put);
}

TEST_F(GetData, AFormHasFieldsAndFiles) {
    const std::string body = body_for({.form = {"name=Ada;type=text/x-name", "file=@" + path_ + ";filename=a.txt"}});
    EXPECT_THAT(body, testing::HasSubstr("name=\"name\"\r\nContent-Type: text/x-name\r\n\r\nAda\r\n"));
    EXPECT_THAT(body, testing::HasSubstr(
                          "filename=\"a.txt\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\none\r\ntwo\n\r\n--"));
}

TEST_F(GetData, FromAFileThatIsNotThereIsRefused) {
    EXPECT_THAT(refusal({.upload = "/nonexistent/file"}), testing::HasSubstr("-T /nonexistent/file"));
    EXPECT_THAT(refusal({.form = {"a=@/nonexistent/file"}}), testing::HasSubstr("/nonexistent/file"));
    EXPECT_THAT(refusal({.form = {"a"}}), testing::HasSubstr("-F 'a'"));
    EXPECT_THAT(refusal({.data = {"@/nonexistent/file"}}), testing::HasSubstr("/nonexistent/file"));
}

TEST(GetRequest, ContradictionsAreRefused) {
    EXPECT_THAT(refusal({.data = {"a"}, .upload = "b"}), testing::HasSubstr("-T"));
    EXPECT_THAT(refusal({.data = {"a"}, .continue_at = "-"}), testing::HasSubstr("-C"));
    EXPECT_THAT(refusal({.data_in_query = true}), testing::HasSubstr("-G"));
}

TEST(GetRequest, CredentialsAndCookiesAreSent) {
    const http::Request request = request_for({.user = "Aladdin:open sesame", .cookies = {"a=1", "a-file", "b=2"}});
    EXPECT_EQ(request.fields.get("Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ(request.fields.combined("Cookie"), "a=1, b=2");
    EXPECT_THAT(refusal({.user = "Aladdin"}), testing::HasSubstr("name:password"));
}

TEST(GetLimits, AreGivenByPhase) {
    const http::PhaseLimits limits = phase_limits({.limits = {"connect=2.5", "stalled=7"}, .max_time = 30});
    EXPECT_EQ(to_seconds(limits.connect), 2.5);
    EXPECT_EQ(to_seconds(limits.secure), 10);
    EXPECT_EQ(to_seconds(limits.stalled), 7);
    EXPECT_EQ(to_seconds(limits.total), 30);
    for (const char* text : {"connect", "connect=", "connect=-1", "connect=1x", "hurry=1", ""})
        EXPECT_THAT(refusal({.limits = {text}}), testing::HasSubstr("--limit")) << text;
}

TEST(GetProxy, MayBeLeftOutForSomeServers) {
    const http::ProxyRules rules = proxy_rules({.proxy = "proxy.example", .no_proxy = "a.example"});
    EXPECT_EQ(rules.proxy_for(parse_url("b.example"))->authority(), "proxy.example:1080");
    EXPECT_FALSE(rules.proxy_for(parse_url("a.example")));
    EXPECT_THAT(refusal({.proxy = "ftp://proxy.example"}), testing::HasSubstr("-x"));
}

TEST(GetProxy, LoginsReplaceThoseOfTheUrl) {
    const auto rules = proxy_rules({.proxy = "http://old:one@10.0.0.1:3128", .proxy_user = "me:a:b@c"});
    EXPECT_EQ(rules.http->user_information, "me:a%3Ab%40c");
    EXPECT_EQ(rules.https->user_information, "me:a%3Ab%40c");
    EXPECT_THAT(refusal({.proxy = "http://10.0.0.1", .proxy_user = "me"}), testing::HasSubstr("-U 'me'"));
}

/// What is wrong with the files of `--cert` and `--key`.
std::string refused_run(GetOptions options) {
    asio::io_context context;
    options.urls = {"https://localhost/"};
    try {
        const GetRun run(context, options, [](GetExit) {});
    } catch (const Failure& failure) {
        EXPECT_EQ(failure.exit_code, kBadInput);
        return failure.message;
    }
    return {};
}

TEST(GetCertificate, NeedsItsKey) {
    const runtime::Certificate mine("DNS:me"), other("DNS:me"), old("DNS:me", -1);
    EXPECT_EQ(refused_run({.certificate = mine.certificate_file, .key = mine.key_file}), "");
    EXPECT_EQ(refused_run({.key = mine.key_file}), "--key needs the certificate that it belongs to: add --cert FILE");
    EXPECT_THAT(refused_run({.certificate = mine.certificate_file, .key = other.key_file}),
                testing::HasSubstr("does not belong to the certificate"));
    EXPECT_THAT(refused_run({.certificate = mine.certificate_file}), testing::HasSubstr("holds no key in PEM"))
        << "the key is looked for in the same file";
    EXPECT_THAT(refused_run({.certificate = "/nowhere.pem", .key = mine.key_file}),
                testing::HasSubstr("the certificate '/nowhere.pem' can't be read"));
    EXPECT_THAT(refused_run({.certificate = old.certificate_file, .key = old.key_file}),
                testing::HasSubstr("has expired"));
}

TEST(GetCertificate, MayHoldItsKeyInOneFile) {
    const runtime::Certificate mine("DNS:me");
    std::ofstream(mine.certificate_file, std::ios::app) << std::ifstream(mine.key_file).rdbuf();
    EXPECT_EQ(refused_run({.certificate = mine.certificate_file}), "");
}

}  // namespace
}  // namespace hourglass::cli
