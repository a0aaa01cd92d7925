#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "hourglass/http/date.h"
#include "hourglass/http/files.h"
#include "hourglass/http/media_type.h"
#include "hourglass/http/negotiation.h"
#include "hourglass/http/url.h"
#include "http/byteranges.h"
#include "http/conditions.h"
#include "http/directory_page.h"

namespace hourglass::http {

namespace {

using detail::RequestedRanges;

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

/// Types that gain by compression: text, and what is text underneath.
bool is_compressible(std::string_view type) {
    type = type.substr(0, type.find(';'));
    if (type.starts_with("text/") || type.ends_with("+xml") || type.ends_with("+json")) return true;
    constexpr std::array<std::string_view, 8> others = {"application/json", "application/xml",  "application/yaml",
                                                        "application/toml", "application/wasm", "image/bmp",
                                                        "font/ttf",         "font/otf"};
    return std::ranges::find(others, type) != others.end();
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
        path_ = std::move(*path);
        find(path_.empty() || url_path.ends_with('/'));
    }

  private:
    static bool is_hidden(std::string_view path) {
        if (path.starts_with(".well-known/")) path.remove_prefix(1);  // RFC 8615
        return path.starts_with('.') || path.find("/.") != std::string_view::npos;
    }

    void refuse(Response response) const {
        if (!vary_.empty()) response.fields.set("Vary", vary_);
        responder_.respond(std::move(response));
    }

    void allow(Status status) const {
        Response response = status == Status::no_content ? Response() : Response::error(status);
        response.status = status;
        response.fields.add("Allow", "GET, HEAD, OPTIONS");
        refuse(std::move(response));
    }

    void vary_by(std::string_view field) {
        if (!vary_.empty()) vary_ += ", ";
        vary_ += field;
    }

    /// The field, all its lines together, when the request has it.
    [[nodiscard]] std::optional<std::string> asked(std::string_view field) const {
        if (!request_.fields.contains(field)) return std::nullopt;
        return request_.fields.combined(field);
    }

    void find(bool names_directory) {
        auto file = store_.open(path_);
        if (file && file->is_directory()) {
            if (!names_directory) return redirect_to_directory();
            return find_index();
        }
        if (names_directory && file) return refuse(Response::error(Status::not_found));
        if (file) return send(std::move(*file));
        if (file.error() == FileError::not_found && !names_directory && !settings_.types.empty()) return find_type();
        refuse(file_error(file.error()));
    }

    void redirect_to_directory() const {
        // Built from the resolved path, so that "//host" in the request can't become a reference to another host.
        std::string location = settings_.strip + "/" + percent_encode(path_, "/!$&'()*+,;=:@") + "/";
        if (const std::string_view query = request_.query(); !query.empty()) location.append("?").append(query);
        responder_.respond(Response::redirect(Status::moved_permanently, location));
    }

    void find_index() {
        const std::string directory = path_;
        if (!path_.empty()) path_ += '/';
        path_ += settings_.index;
        auto file = store_.open(path_);
        if (file && !file->is_directory()) return send(std::move(*file));
        if (!settings_.listing)
            return refuse(Response::error(Status::not_found, "This directory has no " + settings_.index + "."));
        list(directory);
    }

    void list(const std::string& directory) const {
        auto entries = store_.list(directory, settings_.listing_entries);
        if (!entries) return refuse(file_error(entries.error()));
        if (!settings_.hidden) std::erase_if(*entries, [](const DirectoryEntry& e) { return e.name.starts_with('.'); });
        std::string title = settings_.strip + "/" + directory;
        if (!title.ends_with('/')) title += '/';
        Response page =
            Response::text(Status::ok, detail::directory_page(title, std::move(*entries)), "text/html; charset=utf-8");
        // File names are other people's text: nothing on this page runs.
        page.fields.add("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        refuse(std::move(page));
    }

    /// RFC 9110, section 12.1: the server chooses among the files that the path could mean.
    void find_type() {
        vary_by("Accept");
        std::vector<std::string> paths;
        std::vector<std::string_view> offers;
        for (const std::string& type : settings_.types) {
            std::string candidate = path_ + "." + type;
            const auto file = store_.open(candidate);
            if (!file || file->is_directory()) continue;
            offers.push_back(media_type(candidate));
            paths.push_back(std::move(candidate));
        }
        if (offers.empty()) return refuse(Response::error(Status::not_found));
        const auto accept = asked("Accept");
        const auto chosen = negotiate_type(accept, offers);
        if (!chosen) return refuse(Response::error(Status::not_acceptable));
        path_ = paths[*chosen];
        auto file = store_.open(path_);
        if (!file) return refuse(file_error(file.error()));
        send(std::move(*file));
    }

    /// Replaces the file by the one in the client's language; `path_` keeps naming the first.
    void choose_language(OpenFile& file) {
        const std::size_t dot = path_.rfind('.');
        if (settings_.languages.empty() || dot == std::string::npos || dot < path_.rfind('/') + 1) return;
        std::vector<std::string_view> offers{settings_.languages.front()};
        std::vector<OpenFile> files;
        files.push_back(std::move(file));
        for (std::size_t i = 1; i < settings_.languages.size(); ++i) {
            auto other = store_.open(path_.substr(0, dot + 1) + settings_.languages[i] + path_.substr(dot));
            if (!other || other->is_directory()) continue;
            offers.emplace_back(settings_.languages[i]);
            files.push_back(std::move(*other));
        }
        const auto accept = asked("Accept-Language");
        // Section 12.5.4: a page in the wrong language is better than none.
        const std::size_t chosen = negotiate_language(accept, offers).value_or(0);
        if (offers.size() > 1) vary_by("Accept-Language");
        language_ = offers[chosen];
        if (chosen > 0) localized_ = path_.substr(0, dot + 1) + language_ + path_.substr(dot);
        file = std::move(files[chosen]);
    }

    /// The file beside `file` that holds it in a coding already, unless it is older.
    [[nodiscard]] std::optional<OpenFile> precompressed(const OpenFile& file, std::string_view ending) const {
        if (!settings_.precompressed) return std::nullopt;
        auto coded = store_.open((localized_.empty() ? path_ : localized_) + std::string(ending));
        if (!coded || coded->is_directory()) return std::nullopt;
        if (coded->modified && file.modified && *coded->modified < *file.modified) return std::nullopt;
        return std::move(*coded);
    }

    /// Chooses a coding and, when it is there already, its file. False when the client accepts none.
    bool choose_coding(OpenFile& file, std::string_view type) {
        if (!is_compressible(type)) return true;
        auto brotli = precompressed(file, ".br");
        auto gzip = precompressed(file, ".gz");
        // Parts of what is compressed anew for each request would be parts of nothing that lasts.
        const bool on_the_fly = settings_.compress && file.size >= settings_.compress_from &&
                                file.size <= settings_.compress_up_to && !request_.fields.contains("Range");
        std::vector<std::string_view> offers;
        if (brotli || on_the_fly) offers.emplace_back("br");
        if (gzip || on_the_fly) offers.emplace_back("gzip");
        if (!brotli && !gzip && !settings_.compress) return true;
        vary_by("Accept-Encoding");
        offers.emplace_back("identity");
        const auto accept = asked("Accept-Encoding");
        if (!accept) return true;
        const auto chosen = negotiate_encoding(accept, offers);
        if (!chosen) return false;
        if (offers[*chosen] == "identity") return true;
        coding_ = offers[*chosen] == "br" ? ContentCoding::brotli : ContentCoding::gzip;
        auto& ready = coding_ == ContentCoding::brotli ? brotli : gzip;
        compressing_ = !ready;
        if (ready) file = std::move(*ready);
        return true;
    }

    void send(OpenFile&& file) {
        const std::string_view type = media_type(path_);
        choose_language(file);
        if (!choose_coding(file, type)) return refuse(Response::error(Status::not_acceptable));

        detail::Validators validators{{}, file.modified};
        if (!file.version.empty())  // each coding is a representation of its own (RFC 9110, section 8.8.3.3)
            validators.entity_tag = coding_ == ContentCoding::identity
                                        ? '"' + file.version + '"'
                                        : fmt::format("\"{}-{}\"", file.version, to_string(coding_));
        Response response;
        if (!validators.entity_tag.empty()) response.fields.add("ETag", validators.entity_tag);
        if (file.modified) response.fields.add("Last-Modified", remembered_date(*file.modified).view());
        if (!settings_.cache_control.empty()) response.fields.add("Cache-Control", settings_.cache_control);
        if (const auto status = detail::evaluate_conditions(request_, validators)) {
            response.status = *status;
            return refuse(std::move(response));
        }
        if (coding_ != ContentCoding::identity) response.fields.add("Content-Encoding", to_string(coding_));
        if (!language_.empty()) response.fields.add("Content-Language", language_);
        if (!vary_.empty()) response.fields.add("Vary", vary_);
        if (compressing_) {
            response.fields.add("Content-Type", type);
            auto whole = file_body(std::move(file.content), 0, file.size);
            responder_.respond(std::move(response), encode_body(std::move(whole), coding_, settings_.coding));
            return;
        }
        response.fields.add("Accept-Ranges", "bytes");
        send_ranges(std::move(response), std::move(file), validators, type);
    }

    void send_ranges(Response&& response, OpenFile&& file, const detail::Validators& validators,
                     std::string_view type) const {
        const auto ranges = detail::requested_ranges(request_, validators, file.size, settings_.ranges);
        if (ranges.kind == RequestedRanges::Kind::unsatisfiable) {
            Response error = Response::error(Status::range_not_satisfiable);
            error.fields.add("Content-Range", fmt::format("bytes */{}", file.size));
            return refuse(std::move(error));
        }
        if (ranges.parts.size() > 1) {
            const std::string boundary = detail::byteranges_boundary(file.version, ranges.parts);
            response.status = Status::partial_content;
            response.fields.add("Content-Type", "multipart/byteranges; boundary=" + boundary);
            auto body = detail::byteranges_body(std::move(file.content), file.size, ranges.parts, type, boundary);
            responder_.respond(std::move(response), std::move(body));
            return;
        }
        response.fields.add("Content-Type", type);
        detail::ByteRange range{0, file.size};
        if (ranges.kind == RequestedRanges::Kind::parts) {
            range = ranges.parts.front();
            response.status = Status::partial_content;
            response.fields.add("Content-Range", detail::content_range(range, file.size));
        }
        responder_.respond(std::move(response), file_body(std::move(file.content), range.offset, range.length));
    }

    const FileStore& store_;
    const FileSettings& settings_;
    const Request& request_;
    const Responder& responder_;
    std::string path_;
    std::string localized_;  ///< the path of the file in another language
    std::string language_;
    std::string vary_;
    ContentCoding coding_ = ContentCoding::identity;
    bool compressing_ = false;
};

}  // namespace

Handler serve_files(const FileStore& store, FileSettings settings) {
    return [&store, settings = std::move(settings)](const Request& request, const Responder& responder) {
        FileAnswer(store, settings, request, responder).answer();
    };
}

}  // namespace hourglass::http
