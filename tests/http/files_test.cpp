#include "hourglass/http/files.h"

#include <gtest/gtest.h>

#include "hourglass/http/media_type.h"
#include "http/support.h"

namespace hourglass::http {
namespace {

using test::TestServer;

constexpr std::chrono::sys_seconds kModified(std::chrono::seconds(784111777));

class FileServer : public testing::Test {
  protected:
    FileServer() {
        files.add("index.html", "<p>home</p>", kModified);
        files.add("a b.txt", "0123456789", kModified);
        files.add("docs/index.html", "docs");
        files.add("empty/file.bin", "");
        files.add(".secret", "hidden");
        files.add(".well-known/x", "known");
    }
    std::string ask(const std::string& line, const std::string& fields = "") {
        return server.exchange(line + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    }
    static bool has(const std::string& answer, std::string_view line) {
        return answer.find("\r\n" + std::string(line) + "\r\n") != std::string::npos;
    }

    MemoryFiles files;
    TestServer server{serve_files(files)};
};

TEST_F(FileServer, SendsAFileWithItsTypeAndValidators) {
    const std::string answer = ask("GET /a%20b.txt?ignored");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(has(answer, "Content-Type: text/plain; charset=utf-8"));
    EXPECT_TRUE(has(answer, "Content-Length: 10"));
    EXPECT_TRUE(has(answer, "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"));
    EXPECT_TRUE(has(answer, "ETag: \"2\""));
    EXPECT_TRUE(answer.ends_with("\r\n\r\n0123456789"));
}

TEST_F(FileServer, DirectoriesAnswerWithTheirIndexOrRedirectToTheSlash) {
    EXPECT_TRUE(ask("GET /").ends_with("<p>home</p>"));
    EXPECT_TRUE(ask("GET /docs/").ends_with("docs"));
    const std::string redirect = ask("GET /docs?a=b");
    EXPECT_TRUE(redirect.starts_with("HTTP/1.1 301 Moved Permanently\r\n"));
    EXPECT_TRUE(has(redirect, "Location: /docs/?a=b"));
    EXPECT_TRUE(ask("GET /empty/").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(ask("GET /a%20b.txt/").starts_with("HTTP/1.1 404 "));
}

TEST_F(FileServer, RedirectNeverNamesAnotherHost) {
    EXPECT_TRUE(has(ask("GET //docs"), "Location: /docs/"));
    EXPECT_TRUE(has(ask("GET //evil.example/../docs"), "Location: /docs/"));
}

TEST_F(FileServer, HeadHasTheSameHeadAndNoBody) {
    const std::string head = ask("HEAD /");
    EXPECT_EQ(head + "<p>home</p>", ask("GET /"));
}

TEST_F(FileServer, OtherMethodsAreNotAllowed) {
    const std::string answer = ask("DELETE /index.html");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
    EXPECT_TRUE(has(answer, "Allow: GET, HEAD, OPTIONS"));
    EXPECT_TRUE(ask("OPTIONS /").starts_with("HTTP/1.1 204 "));
}

TEST_F(FileServer, NoPathLeavesTheTree) {
    EXPECT_EQ(file_path("/a/./b//../c%20d"), "a/c d");
    EXPECT_EQ(file_path("/"), "");
    EXPECT_EQ(file_path("/../x").error(), Status::bad_request);
    EXPECT_EQ(file_path("/%2e%2e/x").error(), Status::bad_request);
    EXPECT_EQ(file_path("/a/..%2f../x").error(), Status::not_found);
    EXPECT_EQ(file_path("/a%00.txt").error(), Status::bad_request);
    EXPECT_EQ(file_path("/%").error(), Status::bad_request);
    EXPECT_TRUE(ask("GET /../../etc/passwd").starts_with("HTTP/1.1 400 "));
}

TEST_F(FileServer, HiddenFilesAreNotThereButWellKnownOnesAre) {
    EXPECT_TRUE(ask("GET /.secret").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(ask("GET /.well-known/x").ends_with("known"));
    EXPECT_TRUE(ask("GET /nothing").starts_with("HTTP/1.1 404 "));
}

TEST_F(FileServer, PrefixIsStrippedAtASlashOnly) {
    FileSettings settings;
    settings.strip = "/static";
    TestServer below(serve_files(files, settings));
    EXPECT_TRUE(below.exchange("GET /static/docs/ HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("docs"));
    EXPECT_TRUE(below.exchange("GET /staticdocs/ HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 404"));
    EXPECT_NE(below.exchange("GET /static/docs HTTP/1.1\r\nHost: a\r\n\r\n").find("Location: /static/docs/\r\n"),
              std::string::npos);
}

TEST_F(FileServer, Rfc9110Section13ConditionsAreEvaluatedInTheirOrder) {
    const std::string same_date = "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    const std::string not_modified = ask("GET /", "If-None-Match: \"x\", W/\"1\"\r\n");
    EXPECT_TRUE(not_modified.starts_with("HTTP/1.1 304 Not Modified\r\n"));
    EXPECT_TRUE(has(not_modified, "ETag: \"1\""));
    EXPECT_TRUE(not_modified.ends_with("\r\n\r\n"));
    EXPECT_TRUE(ask("GET /", same_date).starts_with("HTTP/1.1 304 "));
    EXPECT_TRUE(ask("GET /", "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(ask("GET /", same_date + "If-None-Match: \"x\"\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(ask("GET /", "If-Match: \"x\"\r\n").starts_with("HTTP/1.1 412 "));
    EXPECT_TRUE(ask("GET /", "If-Match: W/\"1\"\r\n").starts_with("HTTP/1.1 412 "));
    EXPECT_TRUE(ask("GET /", "If-Match: *\r\n").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(ask("GET /", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n").starts_with("HTTP/1.1 412 "));
}

TEST_F(FileServer, Rfc9110Section14ASingleRangeIsAnsweredInPart) {
    const auto range = [&](const std::string& value, const std::string& more = "") {
        return ask("GET /a%20b.txt", "Range: " + value + "\r\n" + more);
    };
    const std::string part = range("bytes=2-4");
    EXPECT_TRUE(part.starts_with("HTTP/1.1 206 Partial Content\r\n"));
    EXPECT_TRUE(has(part, "Content-Range: bytes 2-4/10"));
    EXPECT_TRUE(part.ends_with("\r\n\r\n234"));
    EXPECT_TRUE(range("bytes=7-").ends_with("\r\n\r\n789"));
    EXPECT_TRUE(range("bytes=-2").ends_with("\r\n\r\n89"));
    EXPECT_TRUE(range("bytes=5-99").ends_with("\r\n\r\n56789"));
    EXPECT_TRUE(has(range("bytes=10-"), "Content-Range: bytes */10"));
    EXPECT_TRUE(range("bytes=10-").starts_with("HTTP/1.1 416 "));
    for (const char* whole : {"bytes=4-2", "bytes=a-b", "lines=1-2", "bytes=-", "bytes="})
        EXPECT_TRUE(range(whole).starts_with("HTTP/1.1 200 ")) << whole;
    EXPECT_TRUE(range("bytes=0-1", "If-Range: \"2\"\r\n").starts_with("HTTP/1.1 206 "));
    EXPECT_TRUE(range("bytes=0-1", "If-Range: \"old\"\r\n").starts_with("HTTP/1.1 200 "));
}

TEST(MediaType, GoesByTheExtension) {
    EXPECT_EQ(media_type("a/b.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(media_type("x.tar.gz"), "application/gzip");
    EXPECT_EQ(media_type("a.b/c"), "application/octet-stream");
    EXPECT_EQ(media_type("README"), "application/octet-stream");
}

}  // namespace
}  // namespace hourglass::http
