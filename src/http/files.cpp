#include "hourglass/http/files.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "hourglass/http/date.h"
#include "hourglass/http/media_type.h"
#include "hourglass/http/url.h"
#include "http/conditions.h"

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
    FileBody(std::unique_ptr<FileContent> content, std::uint64_t offset, std::uint64_t length)
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

  private:
    std::unique_ptr<FileContent> content_;
    std::uint64_t offset_;
    std::uint64_t length_;
    std::uint64_t remaining_;
};

Response file_error(FileError error) {
    switch (error) {
        case FileError::not_found:
            return Response::error(Status::not_found);
        case FileError::forbidden:
            return Response::error(Status::forbidden);
        case FileError::unavailable:
            break;
    }
    return Response::error(Status::service_unavailable);
}

/// Answers one request for a file.
class FileAnswer {
  public:
    FileAnswer(const FileStore& store, const FileSettings& settings, const Request& request, const Responder& responder)
        : store_(store), settings_(settings), request_(request), responder_(responder) {}

    void answer() {
        if (request_.method.known() == Method::options) return allow(Status::no_content);
        if (request_.method.known() != Method::get && request_.method.known() != Method::head)
            return allow(Status::method_not_allowed);
        std::string_view url_path = request_.path();
        if (!url_path.starts_with(settings_.strip)) return refuse(Response::error(Status::not_found));
        url_path.remove_prefix(settings_.strip.size());
        if (!url_path.empty() && !url_path.starts_with('/')) return refuse(Response::error(Status::not_found));
        auto path = file_path(url_path);
        if (!path) return refuse(Response::error(path.error()));
        if (!settings_.hidden && is_hidden(*path)) return refuse(Response::error(Status::not_found));

        auto file = store_.open(*path);
        if (!file) return refuse(file_error(file.error()));
        const bool names_directory = path->empty() || url_path.ends_with('/');
        if (file->is_directory()) {
            if (!names_directory) return redirect_to_directory(*path);
            if (!path->empty()) *path += '/';
            *path += settings_.index;
            file = store_.open(*path);
            if (!file || file->is_directory())
                return refuse(Response::error(Status::not_found, "This directory has no " + settings_.index + "."));
        } else if (names_directory) {
            return refuse(Response::error(Status::not_found));
        }
        send(*path, std::move(*file));
    }

  private:
    static bool is_hidden(std::string_view path) {
        if (path.starts_with(".well-known/")) path.remove_prefix(1);  // RFC 8615
        return path.starts_with('.') || path.find("/.") != std::string_view::npos;
    }

    void refuse(Response response) const { responder_.respond(std::move(response)); }

    void allow(Status status) const {
        Response response = status == Status::no_content ? Response() : Response::error(status);
        response.status = status;
        response.fields.add("Allow", "GET, HEAD, OPTIONS");
        responder_.respond(std::move(response));
    }

    void redirect_to_directory(std::string_view path) const {
        // Built from the resolved path, so that "//host" in the request can't become a reference to another host.
        std::string location = settings_.strip + "/" + percent_encode(path, "/!$&'()*+,;=:@") + "/";
        if (const std::string_view query = request_.query(); !query.empty()) location.append("?").append(query);
        responder_.respond(Response::redirect(Status::moved_permanently, location));
    }

    void send(std::string_view path, OpenFile file) const {
        detail::Validators validators{file.version.empty() ? std::string() : '"' + file.version + '"', file.modified};
        Response response;
        if (!validators.entity_tag.empty()) response.fields.add("ETag", validators.entity_tag);
        if (file.modified) response.fields.add("Last-Modified", format_date(*file.modified));
        if (!settings_.cache_control.empty()) response.fields.add("Cache-Control", settings_.cache_control);
        if (const auto status = detail::evaluate_conditions(request_, validators)) {
            response.status = *status;
            responder_.respond(std::move(response));
            return;
        }
        const detail::ByteRange range = detail::requested_range(request_, validators, file.size);
        if (range.kind == detail::ByteRange::Kind::unsatisfiable) {
            Response error = Response::error(Status::range_not_satisfiable);
            error.fields.add("Content-Range", fmt::format("bytes */{}", file.size));
            return refuse(std::move(error));
        }
        response.fields.add("Accept-Ranges", "bytes");
        response.fields.add("Content-Type", media_type(path));
        if (range.kind == detail::ByteRange::Kind::part) {
            response.status = Status::partial_content;
            response.fields.add("Content-Range", fmt::format("bytes {}-{}/{}", range.offset,
                                                             range.offset + range.length - 1, file.size));
        }
        responder_.respond(std::move(response), file_body(std::move(file.content), range.offset, range.length));
    }

    const FileStore& store_;
    const FileSettings& settings_;
    const Request& request_;
    const Responder& responder_;
};

}  // namespace

void MemoryFiles::add(std::string path, std::string content, std::optional<std::chrono::sys_seconds> modified) {
    files_[std::move(path)] = {std::make_shared<const std::string>(std::move(content)), modified, ++versions_};
}

std::expected<OpenFile, FileError> MemoryFiles::open(const std::string& path) const {
    if (const auto found = files_.find(path); found != files_.end()) {
        const Entry& entry = found->second;
        OpenFile file;
        file.content = std::make_unique<MemoryContent>(entry.content);
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

std::expected<std::string, Status> file_path(std::string_view url_path) {
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

std::unique_ptr<BodySource> file_body(std::unique_ptr<FileContent> content, std::uint64_t offset,
                                      std::uint64_t length) {
    return std::make_unique<FileBody>(std::move(content), offset, length);
}

Handler serve_files(const FileStore& store, FileSettings settings) {
    return [&store, settings = std::move(settings)](const Request& request, const Responder& responder) {
        FileAnswer(store, settings, request, responder).answer();
    };
}

}  // namespace hourglass::http
