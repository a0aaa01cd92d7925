#include "hourglass/http/connector.h"
#include "hourglass/ip/host.h"
#include "http/handled_tcp.h"

namespace hourglass::http {

namespace {

/// A connection of our TCP that somebody asked for.
class ConnectedTcp final : public detail::HandledTcp {
  public:
    ConnectedTcp(ip::Host& host, const SocketAddress& remote, TransportHandler& handler)
        : HandledTcp(handler), host_(host) {
        const auto stream = host.tcp().connect(remote, {.local = {}, .handler = this});
        if (stream) {
            tcp_.stream() = *stream;
            return;
        }
        error_ = stream.error();
        poller_ = host_.add_poller([this](Instant) { tell_of_failure(); },
                                   [this] { return failing_ ? Instant::min() : kNever; });
        failing_ = true;
    }
    ~ConnectedTcp() override {
        if (failing_) host_.remove_poller(poller_);
    }

    [[nodiscard]] bool exists() const override { return failing_ || HandledTcp::exists(); }

  private:
    void on_established(tcp::Stream stream) override {
        stream.set_no_delay(true);
        handler_.on_connected();
    }
    /// What fails at once is told later all the same: nobody is called from inside of `connect`.
    void tell_of_failure() {
        if (!failing_) return;
        failing_ = false;
        host_.remove_poller(poller_);
        handler_.on_closed(error_);
    }

    ip::Host& host_;
    tcp::Error error_ = tcp::Error::none;
    std::uint32_t poller_ = 0;
    bool failing_ = false;  ///< there was no connection to begin with, which the handler has yet to be told
};

class TcpConnector final : public Connector {
  public:
    explicit TcpConnector(ip::Host& host) : host_(host) {}
    std::unique_ptr<Transport> connect(const SocketAddress& remote, TransportHandler& handler) override {
        return std::make_unique<ConnectedTcp>(host_, remote, handler);
    }

  private:
    ip::Host& host_;
};

}  // namespace

std::unique_ptr<Connector> connect_over(ip::Host& host) { return std::make_unique<TcpConnector>(host); }

}  // namespace hourglass::http
