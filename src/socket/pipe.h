#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "socket/object.h"

namespace hourglass::socket {

class PipeEnd;

/// The bytes of a pipe(7), and its two ends while they are open.
struct PipeBuffer {
    std::deque<std::byte> bytes;
    std::size_t limit = 0;
    PipeEnd* reader = nullptr;
    PipeEnd* writer = nullptr;

    [[nodiscard]] std::size_t room() const { return limit - bytes.size(); }
};

/// One end of a pipe.
class PipeEnd final : public Object {
  public:
    PipeEnd(std::shared_ptr<PipeBuffer> buffer, bool writes);

    Result<std::size_t> read(ReadBuffers buffers) override;
    Result<std::size_t> write(WriteBuffers buffers, int flags) override;
    [[nodiscard]] std::uint32_t readiness() override;
    Result<int> ioctl(unsigned long request) override;
    [[nodiscard]] int access_mode() const override { return writes_ ? fcntl::wr_only : fcntl::rd_only; }
    void close() override;

    /// For splice: what waits, and forgetting the first `n` bytes of it.
    [[nodiscard]] const PipeBuffer& buffer() const { return *buffer_; }
    void consume(std::size_t n);
    [[nodiscard]] bool writes() const { return writes_; }

  private:
    std::shared_ptr<PipeBuffer> buffer_;
    bool writes_;
};

[[nodiscard]] std::pair<std::shared_ptr<PipeEnd>, std::shared_ptr<PipeEnd>> make_pipe(std::size_t limit);

}  // namespace hourglass::socket
