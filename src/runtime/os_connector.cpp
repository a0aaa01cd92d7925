#include "hourglass/runtime/os_connector.h"

#include "hourglass/runtime/os_stream.h"

namespace hourglass::runtime {

namespace {

/// A connection of the system's that somebody asked for.
class ConnectedOs final : public http::Transport, private OsStreamHandler {
  public:
    ConnectedOs(OsLoop& loop, const SocketAddress& remote, http::TransportHandler& handler)
        : handler_(handler), stream_(OsStream::connect(loop, remote, *this)) {}

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

class OsConnector final : public http::Connector {
  public:
    explicit OsConnector(OsLoop& loop) : loop_(loop) {}
    std::unique_ptr<http::Transport> connect(const SocketAddress& remote, http::TransportHandler& handler) override {
        return std::make_unique<ConnectedOs>(loop_, remote, handler);
    }

  private:
    OsLoop& loop_;
};

}  // namespace

std::unique_ptr<http::Connector> connect_over(OsLoop& loop) { return std::make_unique<OsConnector>(loop); }

}  // namespace hourglass::runtime
