#include "hourglass/runtime/os_files.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <span>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include "hourglass/base/siphash.h"
#include "runtime/descriptor.h"

namespace hourglass::runtime {

namespace {

using http::FileError;

/// Not blocking, because opening a named pipe would wait for its writer.
constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

class OsContent final : public http::FileContent {
  public:
    explicit OsContent(Descriptor file) : file_(std::move(file)) {}
    [[nodiscard]] std::expected<std::size_t, FileError> read_at(std::uint64_t offset,
                                                                std::span<std::byte> into) override {
        for (;;) {
            const ssize_t n = ::pread(file_.get(), into.data(), into.size(), static_cast<off_t>(offset));
            if (n >= 0) return static_cast<std::size_t>(n);
            if (errno != EINTR) return std::unexpected(FileError::unavailable);
        }
    }
    [[nodiscard]] int descriptor() const override { return file_.get(); }

  private:
    Descriptor file_;
};

FileError from_errno(int code) {
    switch (code) {
        case ENOENT:
        case ENOTDIR:
        case ENAMETOOLONG:
            return FileError::not_found;
        case EACCES:
        case EPERM:
        case ELOOP:  // a link, or too many
        case EXDEV:  // out of the root
        case ENXIO:
            return FileError::forbidden;
        default:
            return FileError::unavailable;
    }
}

int open_with_openat2(int root, const char* path) {
    open_how how{};
    how.flags = kFlags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    constexpr int attempts = 8;  // EAGAIN: the kernel could not rule out that a rename let the path escape
    for (int i = 0; i < attempts; ++i) {
        const long fd = ::syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0) return static_cast<int>(fd);
        if (errno != EAGAIN && errno != EINTR) return -1;
    }
    errno = EMFILE;
    return -1;
}

/// One component after the other, none of them a link or ".."; this way no path can leave the root.
int open_component_by_component(int root, const std::string& path) {
    Descriptor directory(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    std::size_t begin = 0;
    while (directory.get() >= 0) {
        const std::size_t slash = path.find('/', begin);
        const std::string name = path.substr(begin, slash - begin);
        if (name == "..") {
            errno = EXDEV;
            return -1;
        }
        if (slash == std::string::npos) return ::openat(directory.get(), name.c_str(), kFlags | O_NOFOLLOW);
        directory = Descriptor(::openat(directory.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        begin = slash + 1;
    }
    return -1;
}

std::chrono::sys_seconds modified(const struct stat& status) {
    return std::chrono::sys_seconds(std::chrono::seconds(status.st_mtim.tv_sec));
}

/// A short text, other than before whenever the file is another one, has been written to, or has another size.
std::string version(const struct stat& status) {
    const std::array known = {static_cast<std::uint64_t>(status.st_ino), static_cast<std::uint64_t>(status.st_size),
                              static_cast<std::uint64_t>(status.st_mtim.tv_sec),
                              static_cast<std::uint64_t>(status.st_mtim.tv_nsec)};
    constexpr int base = 36;
    constexpr std::size_t digits = 13;  // of 64 bits
    std::array<char, digits> text;
    const auto hash = siphash(SipKey(), std::as_bytes(std::span(known)));
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), hash, base).ptr};
}

/// What a name in a directory is, links not followed; nothing for a link and for what is neither file nor directory.
std::optional<http::DirectoryEntry> describe(int directory, const char* name) {
    struct stat status {};
    if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    if (S_ISDIR(status.st_mode)) return http::DirectoryEntry{name, true, 0, modified(status)};
    if (!S_ISREG(status.st_mode)) return std::nullopt;
    return http::DirectoryEntry{name, false, static_cast<std::uint64_t>(status.st_size), modified(status)};
}

}  // namespace

std::expected<std::unique_ptr<OsFiles>, std::string> OsFiles::open_root(const std::string& directory,
                                                                        Resolution resolution) {
    const int root = ::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return std::unexpected(fmt::format("can't serve {}: {}", directory, std::strerror(errno)));
    return std::unique_ptr<OsFiles>(new OsFiles(root, resolution));
}

OsFiles::~OsFiles() { ::close(root_); }

int OsFiles::open_beneath(const std::string& path) const {
    if (resolution_ == Resolution::automatic) {
        const int fd = open_with_openat2(root_, path.c_str());
        // A kernel before 5.6 does not have the call; some containers' filters answer EPERM for calls they don't know.
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return fd;
    }
    return open_component_by_component(root_, path);
}

std::expected<http::OpenFile, FileError> OsFiles::open(const std::string& path) const {
    Descriptor file(open_beneath(path.empty() ? "." : path));
    if (file.get() < 0) return std::unexpected(from_errno(errno));
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return std::unexpected(FileError::unavailable);
    http::OpenFile opened;
    if (S_ISDIR(status.st_mode)) return opened;
    if (!S_ISREG(status.st_mode)) return std::unexpected(FileError::forbidden);
    opened.size = static_cast<std::uint64_t>(status.st_size);
    opened.modified = modified(status);
    opened.version = version(status);
    opened.content = std::make_shared<OsContent>(std::move(file));
    return opened;
}

std::expected<std::vector<http::DirectoryEntry>, FileError> OsFiles::list(const std::string& path,
                                                                          std::size_t most) const {
    const int fd = open_beneath(path.empty() ? "." : path);
    if (fd < 0) return std::unexpected(from_errno(errno));
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd), &::closedir);
    if (!directory) {
        const int why = errno;
        ::close(fd);
        return std::unexpected(from_errno(why));
    }
    std::vector<http::DirectoryEntry> entries;
    while (entries.size() < most) {
        const dirent* const found = ::readdir(directory.get());
        if (found == nullptr) break;
        const std::string_view name = found->d_name;
        if (name == "." || name == "..") continue;
        auto entry = describe(fd, found->d_name);
        if (!entry && found->d_type == DT_LNK) {
            const std::string below = (path.empty() ? std::string() : path + "/") + std::string(name);
            if (const auto target = open(below))
                entry = {std::string(name), target->is_directory(), target->size, target->modified};
        }
        if (entry) entries.push_back(std::move(*entry));
    }
    return entries;
}

}  // namespace hourglass::runtime
