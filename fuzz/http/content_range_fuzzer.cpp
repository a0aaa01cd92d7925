#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fmt/format.h>
#include <string>
#include <string_view>

#include "hourglass/http/resume.h"

// What Content-Range is read as names a range that is one (RFC 9110, section 14.4), and reads the same when written.

namespace {

using hourglass::http::ContentRange;

void require(bool holds) {
    if (!holds) std::abort();
}

std::string write(const ContentRange& range) {
    const std::string total = range.total ? fmt::format("{}", *range.total) : "*";
    return range.first ? fmt::format("bytes {}-{}/{}", *range.first, *range.last, total)
                       : fmt::format("bytes */{}", total);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto range = ContentRange::parse(text);
    if (!range) return 0;
    require(range->first.has_value() == range->last.has_value());
    require(range->first || range->total);
    if (range->first) require(*range->first <= *range->last);
    if (range->first && range->total) require(*range->last < *range->total);
    const auto again = ContentRange::parse(write(*range));
    require(again && again->first == range->first && again->last == range->last && again->total == range->total);
    return 0;
}
