#include "hourglass/runtime/os_connector.h"

#include "runtime/handled_os_stream.h"

namespace hourglass::runtime {

namespace {

class OsConnector final : public http::Connector {
  public:
    explicit OsConnector(OsLoop& loop) : loop_(loop) {}
    std::unique_ptr<http::Transport> connect(const SocketAddress& remote, http::TransportHandler& handler) override {
        return std::make_unique<HandledOsStream>(loop_, remote, handler);
    }
    std::unique_ptr<http::Transport> connect(const std::string& path, http::TransportHandler& handler) override {
        return std::make_unique<HandledOsStream>(loop_, path, handler);
    }

  private:
    OsLoop& loop_;
};

}  // namespace

std::unique_ptr<http::Connector> connect_over(OsLoop& loop) { return std::make_unique<OsConnector>(loop); }

}  // namespace hourglass::runtime
