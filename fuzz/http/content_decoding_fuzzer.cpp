#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>

#include "hourglass/http/content_decoding.h"

// Content of any coding never grows beyond its limit, and what becomes of it does not depend on how it is split. The
// first byte chooses the codings, the second the size of the pieces.

namespace {

using namespace hourglass::http;

constexpr std::array<std::string_view, 6> kCodings = {"gzip", "deflate", "br", "gzip, br", "deflate, gzip", "x-gzip"};
constexpr std::uint64_t kMost = 1 << 20;

struct Decoded {
    std::string content;
    bool good = true;
    bool operator==(const Decoded&) const = default;
};

std::optional<Decoded> decode(std::string_view coding, std::span<const std::byte> bytes, std::size_t piece) {
    const auto decoder = ContentDecoder::make(coding, {.content = kMost, .any_expansion = kMost});
    if (!decoder) return std::nullopt;
    Decoded out;
    const auto take = [&](std::span<const std::byte> decoded) {
        out.content.append(reinterpret_cast<const char*>(decoded.data()), decoded.size());
    };
    while (out.good && !bytes.empty()) {
        const auto next = bytes.first(std::min(piece, bytes.size()));
        bytes = bytes.subspan(next.size());
        out.good = decoder->write(next, take).has_value();
    }
    out.good = out.good && decoder->end().has_value();
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view coding = kCodings[data[0] % kCodings.size()];
    const auto bytes = std::as_bytes(std::span(data, size)).subspan(2);
    const auto whole = decode(coding, bytes, bytes.size() + 1);
    const auto pieces = decode(coding, bytes, std::size_t{data[1]} + 1);
    if (whole.has_value() != pieces.has_value()) std::abort();
    if (!whole) return 0;
    if (whole->content.size() > kMost || pieces->content.size() > kMost) std::abort();
    if (whole->good != pieces->good) std::abort();
    if (whole->good && whole->content != pieces->content) std::abort();
    return 0;
}
