#include "hourglass/uwsgi/layer.h"

#include <string>
#include <utility>

#include "hourglass/uwsgi/server.h"

namespace hourglass::uwsgi {

namespace {

/// What stands for a packet that is refused: a request line without a target, which HTTP answers with 400.
constexpr std::string_view kRefused = "GET  HTTP/1.0\r\n\r\n";

class TranslatedTransport final : public http::Transport {
  public:
    TranslatedTransport(std::unique_ptr<http::Transport> transport, http::TransportHandler& handler,
                        const Limits& limits)
        : transport_(std::move(transport)), handler_(handler), translator_(limits) {}

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override { return transport_->send(pieces); }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        return transport_->receive([&](std::span<const std::byte> bytes) {
            std::string http;
            if (!refused_ && !translator_.translate(bytes, http)) {
                refused_ = true;
                http = kRefused;
            }
            if (!refused_ && translator_.packet_complete() && !std::exchange(client_told_, true) &&
                translator_.client().address != IpAddress())
                handler_.on_client(translator_.client());
            if (!http.empty()) take(http::as_bytes(http));
        });
    }
    [[nodiscard]] bool at_end() const override { return transport_->at_end(); }
    void shutdown() override { transport_->shutdown(); }
    void close() override { transport_->close(); }
    void abort() override { transport_->abort(); }
    [[nodiscard]] bool exists() const override { return transport_->exists(); }

  private:
    std::unique_ptr<http::Transport> transport_;
    http::TransportHandler& handler_;
    RequestTranslator translator_;
    bool refused_ = false;
    bool client_told_ = false;
};

}  // namespace

std::unique_ptr<http::Transport> ServerLayer::accept(http::TransportHandler& handler, const http::OpenTransport& open) {
    return std::make_unique<TranslatedTransport>(open(handler), handler, limits_);
}

}  // namespace hourglass::uwsgi
