#pragma once

#include "hourglass/http/transport.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::http::detail {

/// Our TCP as a transport.
class TcpTransport final : public Transport {
  public:
    TcpTransport() = default;
    explicit TcpTransport(tcp::Stream stream) : stream_(stream) {}

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override {
        std::size_t sent = 0;
        for (const auto piece : pieces) {
            const std::size_t n = stream_.send(piece);
            sent += n;
            if (n < piece.size()) break;
        }
        return sent;
    }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        constexpr std::size_t most = 64 * 1024;
        const Slice piece = stream_.receive_slice(most);
        if (piece.empty()) return false;
        take(piece.bytes());
        return true;
    }
    [[nodiscard]] bool at_end() const override { return stream_.at_end(); }
    void shutdown() override { stream_.shutdown(); }
    void close() override { stream_.close(); }
    void abort() override { stream_.abort(); }
    [[nodiscard]] bool exists() const override { return stream_.exists(); }
    [[nodiscard]] std::optional<TransportInfo> info() const override {
        if (!stream_.exists()) return std::nullopt;
        const tcp::ConnectionInfo known = stream_.info();
        return TransportInfo{stream_.local(), known.srtt, known.retransmissions, known.cwnd};
    }

    [[nodiscard]] tcp::Stream& stream() { return stream_; }
    [[nodiscard]] const tcp::Stream& stream() const { return stream_; }

  private:
    tcp::Stream stream_;
};

}  // namespace hourglass::http::detail
