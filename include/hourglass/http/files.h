#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hourglass/http/server.h"

namespace hourglass::http {

/// Why a file can't be had.
enum class FileError : std::uint8_t {
    not_found,
    forbidden,    ///< no permission, neither file nor directory, or a link that leaves the root
    unavailable,  ///< too many open files, an input error
};

/// The bytes of an open file.
class FileContent {
  public:
    FileContent() = default;
    FileContent(const FileContent&) = delete;
    FileContent& operator=(const FileContent&) = delete;
    virtual ~FileContent() = default;
    /// Reads from `offset` into the beginning of `into` and returns how many bytes; 0 is the end of the file.
    [[nodiscard]] virtual std::expected<std::size_t, FileError> read_at(std::uint64_t offset,
                                                                        std::span<std::byte> into) = 0;
};

/// What `FileStore::open` found.
struct OpenFile {
    std::unique_ptr<FileContent> content;  ///< none for a directory
    std::uint64_t size = 0;                ///< in bytes
    std::optional<std::chrono::sys_seconds> modified;
    /// Changes whenever the content does: the inside of a strong entity tag. Empty: no entity tag.
    std::string version;

    [[nodiscard]] bool is_directory() const noexcept { return content == nullptr; }
};

/// A tree of files, whatever it is kept in.
class FileStore {
  public:
    FileStore() = default;
    FileStore(const FileStore&) = delete;
    FileStore& operator=(const FileStore&) = delete;
    virtual ~FileStore() = default;
    /// Opens `path`, which is relative to the root ("a/b.txt", empty for the root itself), decoded, and free of empty,
    /// "." and ".." segments and of NUL.
    [[nodiscard]] virtual std::expected<OpenFile, FileError> open(const std::string& path) const = 0;
};

/// Files in memory, for simulations and tests. Directories are there as soon as a file is in them.
class MemoryFiles final : public FileStore {
  public:
    /// Adds a file or replaces it. `path` as for `open`.
    void add(std::string path, std::string content, std::optional<std::chrono::sys_seconds> modified = std::nullopt);
    [[nodiscard]] std::expected<OpenFile, FileError> open(const std::string& path) const override;

  private:
    struct Entry {
        std::shared_ptr<const std::string> content;
        std::optional<std::chrono::sys_seconds> modified;
        std::uint64_t version;
    };
    std::map<std::string, Entry, std::less<>> files_;
    std::uint64_t versions_ = 0;
};

/// How files are served.
struct FileSettings {
    std::string index = "index.html";  ///< what a directory answers with
    bool hidden = false;               ///< whether names that begin with a dot are served
    std::string strip;                 ///< taken off the front of the path before it is looked up: "/static"
    std::string cache_control;         ///< the Cache-Control field; empty: none
};

/// A handler that serves the files of `store`, which must outlive it: GET and HEAD, media types, index files, a
/// redirect to the slash behind a directory, Last-Modified and ETag with their conditions (RFC 9110, section 13),
/// single byte ranges (section 14). Files are read while they are sent. No path leads out of the tree.
[[nodiscard]] Handler serve_files(const FileStore& store, FileSettings settings = {});

/// The path in a store for the path of a URL: segments decoded, "." and ".." resolved. The error is the status to
/// answer: 400 for bad percent-encoding, NUL, or more ".." than there are segments; 404 for a slash that hides in a
/// segment.
[[nodiscard]] std::expected<std::string, Status> file_path(std::string_view url_path);

/// The part of a file as the body of a message.
[[nodiscard]] std::unique_ptr<BodySource> file_body(std::unique_ptr<FileContent> content, std::uint64_t offset,
                                                    std::uint64_t length);

}  // namespace hourglass::http
