#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "hourglass/http/body.h"

namespace hourglass::http {

/// A content coding (RFC 9110, section 8.4.1).
enum class ContentCoding : std::uint8_t {
    identity,
    gzip,
    brotli,  ///< RFC 7932
};

/// The name in Content-Encoding: "identity", "gzip", "br".
[[nodiscard]] std::string_view to_string(ContentCoding coding) noexcept;

/// How hard to compress.
struct CodingSettings {
    int gzip_level = 6;      ///< 1 to 9
    int brotli_quality = 4;  ///< 0 to 11; from 10 on too slow for what is compressed while it is sent
    int brotli_window = 18;  ///< 10 to 24, the logarithm of its size
};

/// `source` in the coding, compressed while it is read. The memory that it takes does not depend on the source's size;
/// the size of what comes out is not known. Trailers and waiting pass through.
[[nodiscard]] std::unique_ptr<BodySource> encode_body(std::unique_ptr<BodySource> source, ContentCoding coding,
                                                      const CodingSettings& settings = {});

}  // namespace hourglass::http
