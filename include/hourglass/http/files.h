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
#include <vector>

#include "hourglass/http/content_coding.h"
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
    /// The operating system's descriptor of the file, which reads the same bytes; -1 when there is none.
    [[nodiscard]] virtual int descriptor() const { return -1; }
};

/// What `FileStore::open` found.
struct OpenFile {
    std::shared_ptr<FileContent> content;  ///< none for a directory
    std::uint64_t size = 0;                ///< in bytes
    std::optional<std::chrono::sys_seconds> modified;
    /// Changes whenever the content does: the inside of a strong entity tag. Empty: no entity tag.
    std::string version;

    [[nodiscard]] bool is_directory() const noexcept { return content == nullptr; }
};

/// An entry of a directory.
struct DirectoryEntry {
    std::string name;
    bool is_directory = false;
    std::uint64_t size = 0;  ///< in bytes; of a file
    std::optional<std::chrono::sys_seconds> modified;
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
    /// The entries of a directory in any order, at most `most` of them; what can't be opened, such as a link that
    /// leaves the root, is left out. `path` as for `open`. A store that can't list says `forbidden`.
    [[nodiscard]] virtual std::expected<std::vector<DirectoryEntry>, FileError> list(const std::string& path,
                                                                                     std::size_t most) const;
};

/// Files in memory, for simulations and tests. Directories are there as soon as a file is in them.
class MemoryFiles final : public FileStore {
  public:
    /// Adds a file or replaces it. `path` as for `open`.
    void add(std::string path, std::string content, std::optional<std::chrono::sys_seconds> modified = std::nullopt);
    [[nodiscard]] std::expected<OpenFile, FileError> open(const std::string& path) const override;
    [[nodiscard]] std::expected<std::vector<DirectoryEntry>, FileError> list(const std::string& path,
                                                                             std::size_t most) const override;

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

    bool listing = false;                  ///< whether a directory without an index answers with its entries
    std::size_t listing_entries = 10'000;  ///< in one listing; further ones are left out

    /// Ranges in one request (RFC 9110, section 14.2). Beyond: the whole file.
    std::size_t ranges = 16;

    /// Whether `name.br` and `name.gz` are sent for `name` to a client that accepts the coding.
    bool precompressed = true;
    /// Whether files of types that gain by it are compressed while they are sent.
    bool compress = true;
    std::uint64_t compress_from = 1024;               ///< bytes of the smallest file that is compressed so
    std::uint64_t compress_up_to = 16 * 1024 * 1024;  ///< bytes of the largest
    CodingSettings coding;

    /// Languages that files come in: `page.de.html` is sent for `page.html` to a client that likes "de" best. The first
    /// one is the language of `page.html` itself.
    std::vector<std::string> languages;
    /// Endings that are tried for a path without a file, by the client's Accept: with "html" and "json" the path
    /// `report` is `report.html` or `report.json` (RFC 9110, section 12.1).
    std::vector<std::string> types;
};

/// A handler that serves the files of `store`, which must outlive it: GET and HEAD, media types, index files and
/// listings, a redirect to the slash behind a directory, Last-Modified and ETag with their conditions (RFC 9110,
/// section 13), byte ranges (section 14), content codings, languages and types by negotiation (section 12). Files are
/// read while they are sent. No path leads out of the tree.
[[nodiscard]] Handler serve_files(const FileStore& store, FileSettings settings = {});

/// The path in a store for the path of a URL: segments decoded, "." and ".." resolved. The error is the status to
/// answer: 400 for bad percent-encoding, NUL, or more ".." than there are segments; 404 for a slash that hides in a
/// segment.
[[nodiscard]] std::expected<std::string, Status> file_path(std::string_view url_path);

/// The part of a file as the body of a message.
[[nodiscard]] std::unique_ptr<BodySource> file_body(std::shared_ptr<FileContent> content, std::uint64_t offset,
                                                    std::uint64_t length);

}  // namespace hourglass::http
