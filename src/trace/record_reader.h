#pragma once

#include <expected>
#include <memory>
#include <optional>

#include "trace/record_codec.h"
#include "trace/record_file.h"

namespace hourglass::trace::record {

/// The entries of a record, one after the other, with a look at the next one.
class RecordReader {
  public:
    explicit RecordReader(std::unique_ptr<std::istream> in) : file_(std::move(in)) {}

    /// From the first entry, for the first time or again. The error: it can't be read by this program.
    [[nodiscard]] std::expected<Head, ReplayProblem> begin();
    /// The next entry; null at the end and where there is a problem.
    [[nodiscard]] const RecordEntry* peek();
    /// Takes what `peek` showed. Precondition: it was not null.
    [[nodiscard]] RecordEntry take();

    /// What is to be true before the next entry is run: told once, when a chunk has been taken to its end.
    [[nodiscard]] std::optional<ChunkHead> take_check();
    /// Why there is no next entry, unless the record has come to its end.
    [[nodiscard]] const std::optional<ReplayProblem>& problem() const { return problem_; }
    [[nodiscard]] const std::vector<HopName>& hops() const { return decoder_.hops(); }
    /// What happened first is in the record, and has not been overwritten.
    [[nodiscard]] bool has_beginning() const { return file_.has_beginning(); }

  private:
    bool next_chunk();

    RecordFile file_;
    RecordDecoder decoder_;
    OctetReader octets_;
    std::optional<ChunkHead> chunk_;
    std::optional<ChunkHead> check_;
    std::optional<RecordEntry> next_;
    std::optional<ReplayProblem> problem_;
    bool ended_ = false;
};

}  // namespace hourglass::trace::record
