#include <gtest/gtest.h>
#include <zlib.h>

#include "hourglass/http/files.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

std::string dechunk(const std::string& answer) {
    ResponseParser parser;
    std::string body;
    std::span<const std::byte> bytes = as_bytes(answer);
    for (;;) {
        const auto step = parser.parse(bytes);
        if (!step || step->kind == ParseStep::Kind::need_more) return "incomplete";
        bytes = bytes.subspan(step->consumed);
        if (step->kind == ParseStep::Kind::body) body += as_text(step->data);
        if (step->kind == ParseStep::Kind::end) return body;
    }
}

std::string gunzip(const std::string& coded) {
    std::string text(1024 * 1024, '\0');
    z_stream stream{};
    EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
    stream.avail_in = static_cast<uInt>(coded.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
    text.resize(stream.total_out);
    ::inflateEnd(&stream);
    return text;
}

class FileChoice : public testing::Test {
  protected:
    FileChoice() {
        for (int i = 0; i < 5000; ++i) large += "line " + std::to_string(i) + "\n";
        files.add("large.txt", large);
        files.add("small.txt", "small");
        files.add("ready.css", "plain");
        files.add("ready.css.gz", "(gzip)");
        files.add("ready.css.br", "(brotli)");
        files.add("picture.png", std::string(5000, 'x'));
        files.add("page.html", "hello");
        files.add("page.de.html", "hallo");
        files.add("report.html", "<p>");
        files.add("report.json", "{}");
        files.add("dir/<b>&\".txt", "x");
        files.add("dir/a b", "x");
        files.add("dir/.hidden", "x");
        files.add("dir/sub/file", "x");
        settings.languages = {"en", "de"};
        settings.types = {"html", "json"};
        settings.listing = true;
    }
    std::string ask(const std::string& path, const std::string& fields = "", const std::string& method = "GET") {
        TestServer server(serve_files(files, settings));
        return server.exchange(method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    }
    static bool has(const std::string& answer, std::string_view line) {
        return answer.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
    }
    MemoryFiles files;
    FileSettings settings;
    std::string large;
};

TEST_F(FileChoice, Rfc9110Section1253TextIsCompressedWhileItIsSent) {
    const std::string gzip = ask("/large.txt", "Accept-Encoding: gzip\r\n");
    EXPECT_TRUE(has(gzip, "Content-Encoding: gzip"));
    EXPECT_TRUE(has(gzip, "Vary: Accept-Encoding"));
    EXPECT_TRUE(has(gzip, "ETag: \"1-gzip\""));
    EXPECT_LT(gzip.size(), large.size() / 2);
    EXPECT_EQ(gunzip(dechunk(gzip)), large);
    EXPECT_TRUE(has(ask("/large.txt", "Accept-Encoding: gzip, br\r\n"), "Content-Encoding: br"));
    EXPECT_EQ(body_of(ask("/large.txt")), large);
    EXPECT_TRUE(has(ask("/large.txt"), "Vary: Accept-Encoding"));
    EXPECT_EQ(body_of(ask("/large.txt", "Accept-Encoding: gzip;q=0\r\n")), large);
    EXPECT_TRUE(
        ask("/large.txt", "Accept-Encoding: gzip\r\nIf-None-Match: \"1-gzip\"\r\n").starts_with("HTTP/1.1 304"));
    EXPECT_TRUE(ask("/large.txt", "Accept-Encoding: identity;q=0, x\r\n").starts_with("HTTP/1.1 406"));
    EXPECT_EQ(body_of(ask("/large.txt", "Accept-Encoding: gzip\r\n", "HEAD")), "");
}

TEST_F(FileChoice, SmallFilesAndPicturesAreNotCompressed) {
    EXPECT_EQ(body_of(ask("/small.txt", "Accept-Encoding: gzip\r\n")), "small");
    const std::string picture = ask("/picture.png", "Accept-Encoding: gzip, br\r\n");
    EXPECT_TRUE(has(picture, "Content-Length: 5000"));
    EXPECT_EQ(picture.find("Vary"), std::string::npos);
    settings.compress_up_to = 1000;
    EXPECT_EQ(body_of(ask("/large.txt", "Accept-Encoding: gzip\r\n")), large);
}

TEST_F(FileChoice, CompressedFilesBesideAreSentWithRangesOfTheirOwn) {
    const std::string brotli = ask("/ready.css", "Accept-Encoding: gzip, br\r\n");
    EXPECT_EQ(body_of(brotli), "(brotli)");
    EXPECT_TRUE(has(brotli, "Content-Type: text/css; charset=utf-8"));
    EXPECT_EQ(body_of(ask("/ready.css", "Accept-Encoding: gzip\r\n")), "(gzip)");
    EXPECT_EQ(body_of(ask("/ready.css", "Accept-Encoding: gzip\r\nRange: bytes=1-4\r\n")), "gzip");
    EXPECT_EQ(body_of(ask("/ready.css")), "plain");
}

TEST_F(FileChoice, CompressedFilesThatAreOlderAreNotSent) {
    using namespace std::chrono_literals;
    files.add("old.css", "new", std::chrono::sys_seconds(100s));
    files.add("old.css.gz", "(old)", std::chrono::sys_seconds(99s));
    EXPECT_EQ(body_of(ask("/old.css", "Accept-Encoding: gzip\r\n")), "new");
}

TEST_F(FileChoice, Rfc9110Section1254LanguagesComeAsFilesBeside) {
    const std::string german = ask("/page.html", "Accept-Language: de-DE, de;q=0.9, en;q=0.5\r\n");
    EXPECT_EQ(body_of(german), "hallo");
    EXPECT_TRUE(has(german, "Content-Language: de"));
    EXPECT_TRUE(has(german, "Vary: Accept-Language, Accept-Encoding"));
    EXPECT_EQ(body_of(ask("/page.html", "Accept-Language: fr\r\n")), "hello");
    EXPECT_TRUE(has(ask("/page.html"), "Content-Language: en"));
}

TEST_F(FileChoice, Rfc9110Section1251TypesAreTriedForAPathWithoutAnEnding) {
    EXPECT_EQ(body_of(ask("/report", "Accept: application/json\r\n")), "{}");
    EXPECT_EQ(body_of(ask("/report", "Accept: text/html, */*;q=0.1\r\n")), "<p>");
    EXPECT_EQ(body_of(ask("/report")), "<p>");
    const std::string none = ask("/report", "Accept: image/png\r\n");
    EXPECT_TRUE(none.starts_with("HTTP/1.1 406 "));
    EXPECT_TRUE(has(none, "Vary: Accept"));
    EXPECT_TRUE(ask("/nothing").starts_with("HTTP/1.1 404 "));
}

TEST_F(FileChoice, ADirectoryWithoutAnIndexListsItsEntriesEscapedAndSorted) {
    const std::string page = ask("/dir/");
    EXPECT_TRUE(has(page, "Content-Type: text/html; charset=utf-8"));
    EXPECT_NE(page.find("<a href=\"./%3Cb%3E%26%22.txt\">&lt;b&gt;&amp;&quot;.txt</a>"), std::string::npos);
    EXPECT_EQ(page.find("hidden"), std::string::npos);
    EXPECT_LT(page.find("sub/"), page.find("a b"));
    EXPECT_NE(page.find("../"), std::string::npos);
    EXPECT_EQ(ask("/").find("../"), std::string::npos);
    settings.listing = false;
    EXPECT_TRUE(ask("/dir/").starts_with("HTTP/1.1 404 "));
}

TEST_F(FileChoice, Rfc9110Section146SeveralRangesAreOneMultipart) {
    const auto range = [&](const std::string& value) { return ask("/small.txt", "Range: bytes=" + value + "\r\n"); };
    const std::string answer = range("0-0,3-");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 206 "));
    const std::size_t at = answer.find("multipart/byteranges; boundary=") + 31;
    const std::string boundary = answer.substr(at, answer.find("\r\n", at) - at);
    const std::string body = "--" + boundary +
                             "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-0/5"
                             "\r\n\r\ns\r\n--" +
                             boundary +
                             "\r\nContent-Type: text/plain; charset=utf-8\r\n"
                             "Content-Range: bytes 3-4/5\r\n\r\nll\r\n--" +
                             boundary + "--\r\n";
    EXPECT_EQ(body_of(answer), body);
    EXPECT_TRUE(has(answer, "Content-Length: " + std::to_string(body.size())));
}

TEST_F(FileChoice, Rfc9110Section142RangesAreJoinedCheckedAndLimited) {
    const auto range = [&](const std::string& value) { return ask("/small.txt", "Range: bytes=" + value + "\r\n"); };
    EXPECT_TRUE(has(range("0-1,1-2"), "Content-Range: bytes 0-2/5")) << "overlapping ranges become one";
    EXPECT_TRUE(has(range("0-1,2-2"), "Content-Range: bytes 0-2/5")) << "so do ranges that touch";
    EXPECT_TRUE(has(range("9-,1-1"), "Content-Range: bytes 1-1/5")) << "what can't be satisfied is left out";
    EXPECT_TRUE(range("9-,7-8").starts_with("HTTP/1.1 416 "));
    EXPECT_TRUE(range("-0").starts_with("HTTP/1.1 416 "));
    EXPECT_TRUE(range("0-1,x").starts_with("HTTP/1.1 200 "));
    settings.ranges = 2;
    EXPECT_TRUE(range("0-0,2-2,4-4").starts_with("HTTP/1.1 200 ")) << "more ranges than the limit";
}

}  // namespace
}  // namespace hourglass::http
