#include "socket/pipe.h"

namespace hourglass::socket {

std::pair<std::shared_ptr<PipeEnd>, std::shared_ptr<PipeEnd>> make_pipe(std::size_t limit) {
    auto buffer = std::make_shared<PipeBuffer>();
    buffer->limit = limit;
    return {std::make_shared<PipeEnd>(buffer, false), std::make_shared<PipeEnd>(buffer, true)};
}

PipeEnd::PipeEnd(std::shared_ptr<PipeBuffer> buffer, bool writes) : buffer_(std::move(buffer)), writes_(writes) {
    (writes_ ? buffer_->writer : buffer_->reader) = this;
}

Result<std::size_t> PipeEnd::read(ReadBuffers buffers) {
    if (writes_) return std::unexpected(Errno::bad_descriptor);
    if (buffer_->bytes.empty() && total_size(buffers) > 0) {
        if (buffer_->writer == nullptr) return 0;
        return std::unexpected(Errno::again);
    }
    std::size_t size = 0;
    for (const auto& room : buffers) {
        const std::size_t n = std::min(room.size(), buffer_->bytes.size());
        std::copy_n(buffer_->bytes.begin(), n, room.begin());
        consume(n);
        size += n;
    }
    return size;
}

void PipeEnd::consume(std::size_t n) {
    if (n == 0) return;
    buffer_->bytes.erase(buffer_->bytes.begin(), buffer_->bytes.begin() + static_cast<std::ptrdiff_t>(n));
    if (buffer_->writer != nullptr) buffer_->writer->wake(event::out | event::wr_norm);
}

Result<std::size_t> PipeEnd::write(WriteBuffers buffers, int) {
    if (!writes_) return std::unexpected(Errno::bad_descriptor);
    if (buffer_->reader == nullptr) return std::unexpected(Errno::broken_pipe);
    std::size_t size = 0;
    for (const auto& bytes : buffers) {
        const std::size_t n = std::min(bytes.size(), buffer_->room());
        buffer_->bytes.insert(buffer_->bytes.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
        size += n;
    }
    if (size == 0 && total_size(buffers) > 0) return std::unexpected(Errno::again);
    buffer_->reader->wake(event::in | event::rd_norm);
    return size;
}

std::uint32_t PipeEnd::readiness() {
    if (writes_) {
        const std::uint32_t broken = buffer_->reader == nullptr ? event::err : 0;
        return broken | (buffer_->room() > 0 ? event::out | event::wr_norm : 0);
    }
    const std::uint32_t ended = buffer_->writer == nullptr ? event::hup : 0;
    return ended | (buffer_->bytes.empty() ? 0 : event::in | event::rd_norm);
}

Result<int> PipeEnd::ioctl(unsigned long request) {
    if (request != ioctl::in_q) return std::unexpected(Errno::not_a_terminal);
    return static_cast<int>(buffer_->bytes.size());
}

void PipeEnd::close() {
    (writes_ ? buffer_->writer : buffer_->reader) = nullptr;
    PipeEnd* other = writes_ ? buffer_->reader : buffer_->writer;
    if (other != nullptr) other->wake(event::hup | event::err | event::in | event::out);
}

}  // namespace hourglass::socket
