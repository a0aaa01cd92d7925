#pragma once

#include <memory>
#include <string>

#include "hourglass/http/connector.h"
#include "hourglass/runtime/os_stream.h"

namespace hourglass::runtime {

/// A connection of the system's that tells an `http::TransportHandler` of what happens.
class HandledOsStream final : public http::Transport, private OsStreamHandler {
  public:
    /// Begins to connect.
    HandledOsStream(OsLoop& loop, const SocketAddress& remote, http::TransportHandler& handler)
        : handler_(handler), stream_(OsStream::connect(loop, remote, *this)) {}
    HandledOsStream(OsLoop& loop, const std::string& path, http::TransportHandler& handler)
        : handler_(handler), stream_(OsStream::connect(loop, path, *this)) {}
    /// Takes over a connected socket.
    HandledOsStream(OsLoop& loop, int socket, const SocketAddress& remote, http::TransportHandler& handler)
        : handler_(handler),
          stream_(std::make_unique<OsStream>(loop, socket, remote, static_cast<OsStreamHandler&>(*this))) {}

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override { return stream_->send(pieces); }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        return stream_->receive(take);
    }
    [[nodiscard]] bool at_end() const override { return stream_->at_end(); }
    void shutdown() override { stream_->shutdown(); }
    void close() override { stream_->close(); }
    void abort() override { stream_->abort(); }
    [[nodiscard]] bool exists() const override { return stream_->exists(); }
    [[nodiscard]] std::optional<http::TransportInfo> info() const override { return stream_->info(); }

  private:
    void on_connected() override { handler_.on_connected(); }
    void on_ready() override { handler_.on_ready(); }
    void on_closed(tcp::Error error) override { handler_.on_closed(error); }

    http::TransportHandler& handler_;
    std::unique_ptr<OsStream> stream_;
};

}  // namespace hourglass::runtime
