#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "hourglass/http/files.h"
#include "hourglass/runtime/os_loop.h"

namespace hourglass::runtime {

/// A store whose files, once opened, stay open until all that was ready in this turn of the loop has been served: many
/// requests for one file that come at once cost one opening, and a small file one reading. No request is answered with
/// a file that was opened before it came in, but for those of the same turn.
class TurnFiles final : public http::FileStore, private Watcher {
  public:
    /// `files` and `loop` must outlive the store.
    TurnFiles(const http::FileStore& files, OsLoop& loop) : files_(files), loop_(loop) {}
    ~TurnFiles() override { loop_.forget(*this); }

    [[nodiscard]] std::expected<http::OpenFile, http::FileError> open(const std::string& path) const override;
    [[nodiscard]] std::expected<std::vector<http::DirectoryEntry>, http::FileError> list(
        const std::string& path, std::size_t most) const override {
        return files_.list(path, most);
    }

  private:
    class Shared;
    static constexpr std::size_t kMost = 256;  ///< Files that are kept open.

    void on_ready(Readiness) override {}
    void on_later() override { opened_.clear(); }

    const http::FileStore& files_;
    OsLoop& loop_;
    mutable std::unordered_map<std::string, http::OpenFile> opened_;
};

}  // namespace hourglass::runtime
