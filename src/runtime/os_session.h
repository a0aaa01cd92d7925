#pragma once

#include <functional>
#include <span>

#include "hourglass/runtime/os_stream.h"
#include "http/server_session.h"

namespace hourglass::runtime {

class ServingTurn;

/// A server's session on a connection of the system's.
class OsSession final : public http::detail::ServerSession, private OsStreamHandler {
  public:
    using Gone = std::function<void(ServerSession&)>;

    /// `gone` is called when the connection has gone; the session is destroyed in that call. `turn` must outlive it.
    OsSession(http::detail::SessionTable& table, OsLoop& loop, ServingTurn& turn, int socket,
              const SocketAddress& client, const Gone& gone);
    ~OsSession() override;

    /// Serves what came with the connection, which is all that many clients ever ask for.
    void start();
    /// Receives into `room`, which must stay as it is until `take` or `pump`. Returns how many bytes came.
    std::size_t read_ahead(std::span<std::byte> room);

  private:
    std::size_t send_followed(std::span<const std::span<const std::byte>> pieces) override {
        return stream_.send_followed(pieces);
    }
    void on_ready() override;
    void on_closed(tcp::Error) override { gone_(*this); }

    ServingTurn& turn_;
    const Gone& gone_;
    OsStream stream_;
};

}  // namespace hourglass::runtime
