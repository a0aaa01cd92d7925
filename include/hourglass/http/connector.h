#pragma once

#include <memory>
#include <string>

#include "hourglass/base/address.h"
#include "hourglass/http/transport.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::ip {
class Host;
}

namespace hourglass::http {

/// Who is told what becomes of a transport. The transport may be destroyed in every one of these calls, and none of
/// them comes from inside a call of the transport or of the connector.
class TransportHandler {
  public:
    TransportHandler() = default;
    TransportHandler(const TransportHandler&) = delete;
    TransportHandler& operator=(const TransportHandler&) = delete;
    virtual ~TransportHandler() = default;

    /// The connection is there: bytes may move.
    virtual void on_connected() = 0;
    /// The peer is a gateway that speaks for this client. Told before the first bytes are received.
    virtual void on_client(const SocketAddress& client) { static_cast<void>(client); }
    /// There may be more to receive, or room to send.
    virtual void on_ready() = 0;
    /// The connection has gone, or never came to be: `tcp::Error::none` after an orderly close.
    virtual void on_closed(tcp::Error error) = 0;
};

/// Opens connections, over whichever TCP.
class Connector {
  public:
    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;

    /// Begins to connect. Bytes move once `handler` has been told `on_connected`. Destroying the transport resets what
    /// is still there, and `handler` is told no more; it must outlive the transport.
    [[nodiscard]] virtual std::unique_ptr<Transport> connect(const SocketAddress& remote,
                                                             TransportHandler& handler) = 0;
    /// The same to a socket of the Unix domain, by its path. Null where there are none.
    [[nodiscard]] virtual std::unique_ptr<Transport> connect(const std::string& path, TransportHandler& handler) {
        static_cast<void>(path);
        static_cast<void>(handler);
        return nullptr;
    }
};

/// Over the TCP of a host of ours, which must outlive the connector.
[[nodiscard]] std::unique_ptr<Connector> connect_over(ip::Host& host);

}  // namespace hourglass::http
