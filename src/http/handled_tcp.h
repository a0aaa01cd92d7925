#pragma once

#include <functional>
#include <optional>
#include <span>

#include "hourglass/http/connector.h"
#include "http/over_tcp.h"

namespace hourglass::http::detail {

/// A connection of our TCP with who is told about it: one that has been accepted, or what is derived from it.
class HandledTcp : public Transport, protected tcp::ConnectionHandler {
  public:
    HandledTcp(tcp::Stream stream, TransportHandler& handler) : handler_(handler), tcp_(stream) {
        stream.set_no_delay(true);
        stream.set_handler(this);
    }
    ~HandledTcp() override {
        tcp_.stream().set_handler(nullptr);
        tcp_.abort();
    }

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override { return tcp_.send(pieces); }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override { return tcp_.receive(take); }
    [[nodiscard]] bool at_end() const override { return tcp_.at_end(); }
    void shutdown() override { tcp_.shutdown(); }
    void close() override { tcp_.close(); }
    void abort() override { tcp_.abort(); }
    [[nodiscard]] bool exists() const override { return tcp_.exists(); }
    [[nodiscard]] std::optional<TransportInfo> info() const override { return tcp_.info(); }

  protected:
    /// Without a connection yet: whoever derives from it gives it one.
    explicit HandledTcp(TransportHandler& handler) : handler_(handler) {}

    void on_readable(tcp::Stream) override { handler_.on_ready(); }
    void on_writable(tcp::Stream) override { handler_.on_ready(); }
    void on_closed(tcp::Stream, tcp::Error error) override {
        tcp_.stream() = {};
        handler_.on_closed(error);
    }

    TransportHandler& handler_;
    TcpTransport tcp_;
};

}  // namespace hourglass::http::detail
