#include "hourglass/runtime/turn_files.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hourglass::runtime {

using http::FileError;

/// An open file that several answers read from. A small one is read once, as a whole.
class TurnFiles::Shared final : public http::FileContent {
  public:
    Shared(std::shared_ptr<http::FileContent> content, std::uint64_t size)
        : content_(std::move(content)), size_(size) {}

    [[nodiscard]] std::expected<std::size_t, FileError> read_at(std::uint64_t offset,
                                                                std::span<std::byte> into) override {
        if (size_ > kSmall) return content_->read_at(offset, into);
        if (!read_ && !read_all()) return std::unexpected(FileError::unavailable);
        const std::size_t at = std::min<std::size_t>(offset, bytes_.size());
        const std::size_t n = std::min(into.size(), bytes_.size() - at);
        std::memcpy(into.data(), bytes_.data() + at, n);
        return n;
    }

    [[nodiscard]] int descriptor() const override { return size_ > kSmall ? content_->descriptor() : -1; }

  private:
    static constexpr std::uint64_t kSmall = 16 * 1024;

    bool read_all() {
        bytes_.resize(size_);
        std::size_t have = 0;
        while (have < bytes_.size()) {
            const auto n = content_->read_at(have, std::span(bytes_).subspan(have));
            if (!n) return false;
            if (*n == 0) break;  // it has become shorter
            have += *n;
        }
        bytes_.resize(have);
        read_ = true;
        return true;
    }

    std::shared_ptr<http::FileContent> content_;
    std::uint64_t size_;
    std::vector<std::byte> bytes_;
    bool read_ = false;
};

std::expected<http::OpenFile, FileError> TurnFiles::open(const std::string& path) const {
    if (const auto found = opened_.find(path); found != opened_.end()) return found->second;
    auto file = files_.open(path);
    if (!file || opened_.size() >= kMost) return file;
    if (opened_.empty()) loop_.later(const_cast<TurnFiles&>(*this));
    if (file->content) file->content = std::make_shared<Shared>(std::move(file->content), file->size);
    return opened_[path] = std::move(*file);
}

}  // namespace hourglass::runtime
