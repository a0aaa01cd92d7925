#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hourglass/http/files.h"
#include "http/conditions.h"

namespace hourglass::http::detail {

/// The value of Content-Range for a part (RFC 9110, section 14.4).
[[nodiscard]] std::string content_range(const ByteRange& range, std::uint64_t size);

/// Several parts of a file as multipart/byteranges (RFC 9110, section 14.6), read while they are sent.
[[nodiscard]] std::unique_ptr<BodySource> byteranges_body(std::shared_ptr<FileContent> content, std::uint64_t size,
                                                          const std::vector<ByteRange>& ranges,
                                                          std::string_view media_type, std::string_view boundary);

/// A boundary that depends on what is sent and on nothing else, so that the same request has the same answer.
[[nodiscard]] std::string byteranges_boundary(std::string_view version, const std::vector<ByteRange>& ranges);

}  // namespace hourglass::http::detail
