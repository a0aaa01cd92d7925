#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "hourglass/http/files.h"

namespace hourglass::runtime {

/// A directory of the operating system as a store for the HTTP file server. The kernel resolves every path beneath the
/// directory (openat2 with RESOLVE_BENEATH), so that no "..", absolute link or rename under way leads out of it; links
/// that stay inside are followed. Where the kernel lacks openat2, no link is followed at all.
class OsFiles final : public http::FileStore {
  public:
    /// How paths are resolved; `automatic` is the kernel's way where it has one.
    enum class Resolution : std::uint8_t { automatic, without_openat2 };

    /// Opens the directory. The error is one line that says what is wrong with it.
    static std::expected<std::unique_ptr<OsFiles>, std::string> open_root(
        const std::string& directory, Resolution resolution = Resolution::automatic);
    ~OsFiles() override;

    [[nodiscard]] std::expected<http::OpenFile, http::FileError> open(const std::string& path) const override;
    [[nodiscard]] std::expected<std::vector<http::DirectoryEntry>, http::FileError> list(
        const std::string& path, std::size_t most) const override;

  private:
    OsFiles(int root, Resolution resolution) : root_(root), resolution_(resolution) {}
    [[nodiscard]] int open_beneath(const std::string& path) const;

    int root_;
    Resolution resolution_;
};

}  // namespace hourglass::runtime
