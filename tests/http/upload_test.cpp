#include <gtest/gtest.h>

#include "hourglass/http/form.h"
#include "hourglass/http/multipart_form.h"
#include "hourglass/http/resume.h"

namespace hourglass::http {
namespace {

std::string read_all(BodySource& source) {
    std::string content;
    std::array<std::byte, 16> piece;
    for (auto read = source.read(piece); read.state == BodySource::State::data; read = source.read(piece))
        content += as_text(std::span(piece).first(read.size));
    return content;
}

// RFC 7578.
TEST(MultipartForm, IsReadAsItWasWritten) {
    MultipartForm form("a-boundary");
    form.add_field("plain", "value");
    form.add_field("typed", "{}", "application/json");
    form.add_file("up\"load", "na\r\nme.txt", "text/plain",
                  [] { return std::make_unique<StringBody>("content\r\n--"); });
    for (int twice = 0; twice < 2; ++twice) {
        Request request;
        const auto body = form.body();
        const auto size = body->size();
        request.body = read_all(*body);
        EXPECT_EQ(size, request.body.size());
        request.fields.add("Content-Type", form.content_type());
        const auto read = read_form(request);
        ASSERT_TRUE(read);
        ASSERT_EQ(read->fields.size(), 3U);
        EXPECT_EQ(read->get("plain"), "value");
        EXPECT_EQ(read->fields[1].content_type, "application/json");
        EXPECT_EQ(read->fields[2].name, "up%22load");
        EXPECT_EQ(read->fields[2].file_name, "na%0D%0Ame.txt");
        EXPECT_EQ(read->fields[2].value, "content\r\n--");
    }
}

TEST(MultipartForm, MayBeEmpty) {
    const auto body = MultipartForm("b").body();
    EXPECT_EQ(read_all(*body), "--b--\r\n");
}

Response answer(Status status, std::string_view content_range = {}) {
    Response response;
    response.status = status;
    if (!content_range.empty()) response.fields.add("Content-Range", content_range);
    return response;
}

// RFC 9110, section 14.
TEST(Resume, AnswersAreToldApart) {
    EXPECT_EQ(resumption(answer(Status::partial_content, "bytes 5-9/10"), 5), Resumption::rest);
    EXPECT_EQ(resumption(answer(Status::partial_content, "bytes 5-9/*"), 5), Resumption::rest);
    EXPECT_EQ(resumption(answer(Status::partial_content, "bytes 4-9/10"), 5), Resumption::refused);
    EXPECT_EQ(resumption(answer(Status::partial_content), 5), Resumption::refused);
    EXPECT_EQ(resumption(answer(Status::ok), 5), Resumption::whole);
    EXPECT_EQ(resumption(answer(Status::range_not_satisfiable, "bytes */5"), 5), Resumption::complete);
    EXPECT_EQ(resumption(answer(Status::range_not_satisfiable, "bytes */4"), 5), Resumption::refused);
    EXPECT_EQ(resumption(answer(Status::not_found), 5), Resumption::other);
}

TEST(Resume, ContentRangesAreCheckedStrictly) {
    for (const char* text : {"", "bytes", "bytes 5-4/10", "bytes 5-10/10", "bytes */*", "bytes 5-9", "bytes -9/10",
                             "items 5-9/10", "bytes 5-9/10 ", "bytes 99999999999999999999-9/10"})
        EXPECT_FALSE(ContentRange::parse(text)) << text;
}

TEST(Resume, ValidatorsAreStrongOnes) {
    EXPECT_EQ(strong_validator({{"ETag", "\"a\""}}), "\"a\"");
    EXPECT_EQ(strong_validator({{"ETag", "W/\"a\""}}), "");
    const char* modified = "Fri, 15 Jan 2027 08:00:00 GMT";
    EXPECT_EQ(strong_validator({{"Last-Modified", modified}, {"Date", "Fri, 15 Jan 2027 08:00:05 GMT"}}), modified);
    EXPECT_EQ(strong_validator({{"Last-Modified", modified}, {"Date", modified}}), "");
    Request request;
    ask_for_rest(request, 7, "\"a\"");
    EXPECT_EQ(request.fields.get("Range"), "bytes=7-");
    EXPECT_EQ(request.fields.get("If-Range"), "\"a\"");
}

}  // namespace
}  // namespace hourglass::http
