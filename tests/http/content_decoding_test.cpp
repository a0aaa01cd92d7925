#include "hourglass/http/content_decoding.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "hourglass/http/content_coding.h"

namespace hourglass::http {
namespace {

std::string encoded(std::string content, ContentCoding coding) {
    const auto source = encode_body(std::make_unique<StringBody>(std::move(content)), coding);
    std::string result;
    std::array<std::byte, 4096> piece;
    for (;;) {
        const auto read = source->read(piece);
        if (read.state != BodySource::State::data) return result;
        result += as_text(std::span(piece).first(read.size));
    }
}

/// zlib's own format, or with negative `bits` nothing around it.
std::string deflated(const std::string& content, int bits) {
    z_stream stream{};
    EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string result(content.size() + 100, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    result.resize(stream.total_out);
    ::deflateEnd(&stream);
    return result;
}

std::expected<std::string, DecodeError> decoded(std::string_view content, std::string_view codings,
                                                std::size_t piece = 4096, const DecodingLimits& limits = {}) {
    const auto decoder = ContentDecoder::make(codings, limits);
    std::string result;
    for (; !content.empty(); content.remove_prefix(std::min(piece, content.size()))) {
        const auto written = decoder->write(as_bytes(content.substr(0, piece)),
                                            [&](std::span<const std::byte> bytes) { result += as_text(bytes); });
        if (!written) return std::unexpected(written.error());
    }
    if (const auto end = decoder->end(); !end) return std::unexpected(end.error());
    return result;
}

std::string sample() {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + " ";
    return text;
}

// RFC 9110, section 8.4.1.
TEST(ContentDecoding, UndoesEveryCodingInPiecesOfAnySize) {
    const std::string text = sample();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
        EXPECT_EQ(decoded(encoded(text, ContentCoding::gzip), "gzip", piece), text);
        EXPECT_EQ(decoded(encoded(text, ContentCoding::gzip), "x-gzip", piece), text);
        EXPECT_EQ(decoded(encoded(text, ContentCoding::brotli), "BR", piece), text);
        EXPECT_EQ(decoded(deflated(text, 15), "deflate", piece), text);
        EXPECT_EQ(decoded(deflated(text, -15), "deflate", piece), text);
        EXPECT_EQ(decoded(text, "identity", piece), text);
    }
}

TEST(ContentDecoding, CodingsAreUndoneFromTheLast) {
    const std::string text = sample();
    const std::string twice = encoded(encoded(text, ContentCoding::brotli), ContentCoding::gzip);
    EXPECT_EQ(decoded(twice, "br, gzip"), text);
    EXPECT_EQ(decoded(twice, "gzip, br").error(), DecodeError::malformed);
}

TEST(ContentDecoding, GzipMembersFollowEachOther) {
    EXPECT_EQ(decoded(encoded("one", ContentCoding::gzip) + encoded("two", ContentCoding::gzip), "gzip"), "onetwo");
}

TEST(ContentDecoding, UnknownAndTooManyCodingsAreLeftAlone) {
    EXPECT_EQ(ContentDecoder::make("zstd"), nullptr);
    EXPECT_EQ(ContentDecoder::make("gzip, gzip, gzip, gzip, gzip"), nullptr);
}

TEST(ContentDecoding, NoContentIsFine) { EXPECT_EQ(decoded("", "gzip"), ""); }

TEST(ContentDecoding, WhatIsBrokenIsAnError) {
    for (const auto coding : {ContentCoding::gzip, ContentCoding::brotli}) {
        std::string content = encoded(sample(), coding);
        EXPECT_EQ(decoded(content.substr(0, content.size() - 5), to_string(coding)).error(), DecodeError::incomplete);
        EXPECT_EQ(decoded(content + "rubbish", to_string(coding)).error(), DecodeError::malformed);
    }
    std::string changed = encoded(sample(), ContentCoding::gzip);
    changed[changed.size() / 2] = static_cast<char>(~changed[changed.size() / 2]);
    EXPECT_FALSE(decoded(changed, "gzip")) << "gzip has a checksum";
}

TEST(ContentDecoding, SwellingIsLimited) {
    const std::string bomb = encoded(std::string(10'000'000, '\0'), ContentCoding::brotli);
    EXPECT_LT(bomb.size(), 1000U);
    EXPECT_EQ(decoded(bomb, "br", 4096, {.any_expansion = 1'000'000}).error(), DecodeError::too_large);
    EXPECT_EQ(decoded(bomb, "br", 4096, {.content = 9'999'999}).error(), DecodeError::too_large);
    EXPECT_TRUE(decoded(bomb, "br"));
}

}  // namespace
}  // namespace hourglass::http
