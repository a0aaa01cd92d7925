#include "http/byteranges.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace hourglass::http::detail {

namespace {

class ByterangesBody final : public BodySource {
  public:
    struct Part {
        std::string header;  ///< the delimiter before it and its fields
        ByteRange range;     ///< none for the closing delimiter
    };

    ByterangesBody(std::shared_ptr<FileContent> content, std::vector<Part> parts)
        : content_(std::move(content)), parts_(std::move(parts)) {
        for (const Part& part : parts_) size_ += part.header.size() + part.range.length;
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

    Read read(std::span<std::byte> into) override {
        for (; part_ < parts_.size(); ++part_, at_ = 0) {
            const Part& part = parts_[part_];
            if (at_ < part.header.size()) {
                const std::size_t n = std::min(into.size(), part.header.size() - static_cast<std::size_t>(at_));
                std::memcpy(into.data(), part.header.data() + at_, n);
                at_ += n;
                return {State::data, n};
            }
            const std::uint64_t done = at_ - part.header.size();
            if (done == part.range.length) continue;
            const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), part.range.length - done));
            const auto n = content_->read_at(part.range.offset + done, into.first(most));
            if (!n || *n == 0) return {State::failed, 0};  // unreadable, or shorter than it was when it was opened
            at_ += *n;
            return {State::data, *n};
        }
        return {State::end, 0};
    }

  private:
    std::shared_ptr<FileContent> content_;
    std::vector<Part> parts_;
    std::uint64_t size_ = 0;
    std::size_t part_ = 0;
    std::uint64_t at_ = 0;  ///< within the part, its header included
};

}  // namespace

std::string content_range(const ByteRange& range, std::uint64_t size) {
    return fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, size);
}

std::string byteranges_boundary(std::string_view version, const std::vector<ByteRange>& ranges) {
    // FNV-1a. The parts' lengths are in their fields, so a file that holds the boundary misleads nobody who reads them.
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto mix = [&](std::uint64_t octet) { hash = (hash ^ octet) * 0x100000001b3; };
    for (const char c : version) mix(static_cast<unsigned char>(c));
    for (const ByteRange& range : ranges) {
        mix(range.offset);
        mix(range.length);
    }
    return fmt::format("hourglass-byteranges-{:016x}", hash);
}

std::unique_ptr<BodySource> byteranges_body(std::shared_ptr<FileContent> content, std::uint64_t size,
                                            const std::vector<ByteRange>& ranges, std::string_view media_type,
                                            std::string_view boundary) {
    std::vector<ByterangesBody::Part> parts;
    for (const ByteRange& range : ranges)
        parts.push_back({fmt::format("{}--{}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                                     parts.empty() ? "" : "\r\n", boundary, media_type, content_range(range, size)),
                         range});
    parts.push_back({fmt::format("\r\n--{}--\r\n", boundary), {}});
    return std::make_unique<ByterangesBody>(std::move(content), std::move(parts));
}

}  // namespace hourglass::http::detail
