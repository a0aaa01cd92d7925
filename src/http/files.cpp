#include "hourglass/http/files.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "hourglass/http/url.h"

namespace hourglass::http {

namespace {

class MemoryContent final : public FileContent {
  public:
    explicit MemoryContent(std::shared_ptr<const std::string> content) : content_(std::move(content)) {}
    [[nodiscard]] std::expected<std::size_t, FileError> read_at(std::uint64_t offset,
                                                                std::span<std::byte> into) override {
        if (offset >= content_->size()) return 0;
        const std::size_t n = std::min(into.size(), content_->size() - static_cast<std::size_t>(offset));
        std::memcpy(into.data(), content_->data() + offset, n);
        return n;
    }

  private:
    std::shared_ptr<const std::string> content_;
};

class FileBody final : public BodySource {
  public:
    FileBody(std::shared_ptr<FileContent> content, std::uint64_t offset, std::uint64_t length)
        : content_(std::move(content)), offset_(offset), length_(length), remaining_(length) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return length_; }
    Read read(std::span<std::byte> into) override {
        if (remaining_ == 0) return {State::end, 0};
        const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), remaining_));
        const auto n = content_->read_at(offset_, into.first(most));
        if (!n || *n == 0) return {State::failed, 0};  // unreadable, or shorter than it was when it was opened
        offset_ += *n;
        remaining_ -= *n;
        return {State::data, *n};
    }
    [[nodiscard]] std::optional<FilePart> file_part() const override {
        const int descriptor = content_->descriptor();
        return descriptor >= 0 ? std::optional(FilePart{descriptor, offset_, remaining_}) : std::nullopt;
    }
    void skip(std::uint64_t n) override {
        offset_ += n;
        remaining_ -= n;
    }

  private:
    std::shared_ptr<FileContent> content_;
    std::uint64_t offset_;
    std::uint64_t length_;
    std::uint64_t remaining_;
};

}  // namespace

std::expected<std::vector<DirectoryEntry>, FileError> FileStore::list(const std::string&, std::size_t) const {
    return std::unexpected(FileError::forbidden);
}

void MemoryFiles::add(std::string path, std::string content, std::optional<std::chrono::sys_seconds> modified) {
    files_[std::move(path)] = {std::make_shared<const std::string>(std::move(content)), modified, ++versions_};
}

std::expected<OpenFile, FileError> MemoryFiles::open(const std::string& path) const {
    if (const auto found = files_.find(path); found != files_.end()) {
        const Entry& entry = found->second;
        OpenFile file;
        file.content = std::make_shared<MemoryContent>(entry.content);
        file.size = entry.content->size();
        file.modified = entry.modified;
        file.version = fmt::format("{:x}", entry.version);
        return file;
    }
    const std::string directory = path.empty() ? path : path + "/";
    const auto below = files_.lower_bound(directory);
    if (below == files_.end() || !below->first.starts_with(directory)) return std::unexpected(FileError::not_found);
    return OpenFile();
}

std::expected<std::vector<DirectoryEntry>, FileError> MemoryFiles::list(const std::string& path,
                                                                        std::size_t most) const {
    const std::string directory = path.empty() ? path : path + "/";
    std::vector<DirectoryEntry> entries;
    for (auto at = files_.lower_bound(directory); at != files_.end() && entries.size() < most; ++at) {
        if (!at->first.starts_with(directory)) break;
        const std::string below = at->first.substr(directory.size());
        const std::string name = below.substr(0, below.find('/'));
        if (name != below) {
            if (entries.empty() || entries.back().name != name) entries.push_back({name, true, 0, std::nullopt});
        } else {
            entries.push_back({name, false, at->second.content->size(), at->second.modified});
        }
    }
    if (entries.empty()) return std::unexpected(FileError::not_found);
    return entries;
}

namespace {

/// True for a path that stands for itself: no percent sign, and no segment that is empty or made of dots.
bool is_plain(std::string_view path) {
    if (path.empty() || path.front() != '/') return false;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '%' || path[i] == '\0') return false;
        if (path[i] == '/' && (i + 1 == path.size() || path[i + 1] == '/' || path[i + 1] == '.')) return false;
    }
    return true;
}

}  // namespace

std::expected<std::string, Status> file_path(std::string_view url_path) {
    if (is_plain(url_path)) return std::string(url_path.substr(1));
    std::vector<std::string> segments;
    std::size_t begin = 0;
    while (begin <= url_path.size()) {
        const std::size_t end = std::min(url_path.find('/', begin), url_path.size());
        const auto segment = percent_decode(url_path.substr(begin, end - begin));
        begin = end + 1;
        if (!segment || segment->find('\0') != std::string::npos) return std::unexpected(Status::bad_request);
        if (segment->find('/') != std::string::npos) return std::unexpected(Status::not_found);
        if (segment->empty() || *segment == ".") continue;
        if (*segment != "..") {
            segments.push_back(*segment);
        } else if (segments.empty()) {
            return std::unexpected(Status::bad_request);
        } else {
            segments.pop_back();
        }
    }
    return fmt::format("{}", fmt::join(segments, "/"));
}

std::unique_ptr<BodySource> file_body(std::shared_ptr<FileContent> content, std::uint64_t offset,
                                      std::uint64_t length) {
    return std::make_unique<FileBody>(std::move(content), offset, length);
}

}  // namespace hourglass::http
