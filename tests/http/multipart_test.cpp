#include "hourglass/http/multipart.h"

#include <gtest/gtest.h>

#include "hourglass/http/body.h"

namespace hourglass::http {
namespace {

/// What a reader reports for a body that comes in pieces of `piece` bytes: "name/file(type)=content;" a part.
std::string read(std::string_view body, std::size_t piece = std::string_view::npos,
                 const MultipartLimits& limits = {}) {
    MultipartReader reader("b", limits);
    std::string out;
    while (!body.empty()) {
        const std::string_view part = body.substr(0, piece);
        body.remove_prefix(part.size());
        reader.feed(as_bytes(part));
        for (bool more = true; more;) {
            const auto event = reader.next();
            if (!event) return out + "!" + std::string(to_string(event.error()));
            more = event->kind != MultipartReader::Kind::need_more && event->kind != MultipartReader::Kind::end;
            if (event->kind == MultipartReader::Kind::part)
                out += reader.name() + "/" + reader.file_name().value_or("-") + "(" +
                       std::string(reader.content_type()) + ")=";
            if (event->kind == MultipartReader::Kind::data) out += as_text(event->data);
            if (event->kind == MultipartReader::Kind::part_end) out += ";";
        }
    }
    return out + (reader.finish() ? "." : "...");
}

std::string part(const std::string& name, const std::string& content) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
}

TEST(Rfc7578, PartsHaveNamesFilesAndTypes) {
    const std::string body = part("a", "1") +
                             "--b\r\ncontent-disposition: form-data; name=up; filename=\"x \\\"y\\\".png\"\r\n"
                             "Content-Type: image/png\r\n\r\n\x89PNG\r\n--bx-is-too-late\r\n--b--\r\n";
    EXPECT_TRUE(read(body).starts_with("a/-(text/plain)=1;up/x \"y\".png(image/png)=\x89PNG"));
}

TEST(Rfc2046Section511, TheVerdictDoesNotDependOnHowTheBodyIsSplit) {
    const std::string body = "preamble\r\n" + part("a", "x\r\n-\r\n--\r\n--c") + part("b", "") +
                             "--b  \r\nA: b\r\n\r\n--b\r\n\r\nno header\r\n--b--epilogue\r\n--b\r\n";
    const std::string whole =
        "a/-(text/plain)=x\r\n-\r\n--\r\n--c;b/-(text/plain)=;/-(text/plain)=;/-(text/plain)=no header;.";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) ASSERT_EQ(read(body, piece), whole) << piece;
}

TEST(Rfc2046Section511, ABoundaryIsFollowedByALineEndOrTwoHyphens) {
    EXPECT_EQ(read(part("a", "1") + "--bc\r\n"),
              "a/-(text/plain)=1;!" + std::string(to_string(MultipartError::invalid_delimiter)));
    EXPECT_EQ(read("--b\nA: b\n\n"), "!" + std::string(to_string(MultipartError::invalid_delimiter)));
    EXPECT_EQ(read(part("a", "1")), "a/-(text/plain)=...") << "what may be a boundary is held back";
    EXPECT_EQ(read("nothing"), "...");
}

TEST(Rfc2046Section511, BoundariesHaveOneTo70KnownCharacters) {
    EXPECT_EQ(MultipartReader::boundary("multipart/form-data; boundary=\"a b:c\""), "a b:c");
    EXPECT_EQ(MultipartReader::boundary("Multipart/Mixed;charset=x;BOUNDARY=----x"), "----x");
    for (const std::string bad : {"text/plain; boundary=x", "multipart/form-data", "multipart/form-data; boundary=\"\"",
                                  "multipart/form-data; boundary=\"x \"", "multipart/form-data; boundary=\"a;b\""})
        EXPECT_FALSE(MultipartReader::boundary(bad)) << bad;
    EXPECT_FALSE(MultipartReader::boundary("multipart/form-data; boundary=" + std::string(71, 'x')));
}

TEST(Multipart, EveryLimitIsASetting) {
    const auto error = [](const std::string& body, const MultipartLimits& limits) {
        const std::string out = read(body, std::string_view::npos, limits);
        return out.substr(out.find('!') + 1);
    };
    MultipartLimits limits;
    limits.parts = 1;
    EXPECT_EQ(error(part("a", "") + part("b", ""), limits), to_string(MultipartError::too_many_parts));
    limits = {};
    limits.part = 3;
    EXPECT_EQ(error(part("a", "1234"), limits), to_string(MultipartError::part_too_large));
    limits = {};
    limits.header = 20;
    EXPECT_EQ(error(part("a", ""), limits), to_string(MultipartError::header_too_large));
    limits = {};
    limits.preamble = 10;
    EXPECT_EQ(error(std::string(100, 'x'), limits), to_string(MultipartError::preamble_too_large));
}

}  // namespace
}  // namespace hourglass::http
