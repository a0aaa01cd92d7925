#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "hourglass/http/client.h"
#include "hourglass/uwsgi/request.h"

namespace hourglass::proxy::detail {

class UpstreamConnection;

/// What goes to a server.
struct Outgoing {
    http::Request request{};
    std::unique_ptr<http::BodySource> body{};  ///< none: `request.body`
    uwsgi::GatewayContext context{};           ///< for uwsgi
};

/// Why no server took a request.
enum class Refusal : std::uint8_t {
    no_server_up,
    queue_full,
    queue_time,  ///< it waited too long for a connection
    shut_down,
};
[[nodiscard]] std::string_view to_string(Refusal refusal) noexcept;

/// One request for one server of an upstream, and who receives the response. It gets exactly one of `on_refused`,
/// `on_end` and `on_error`, unless it is cancelled.
class UpstreamJob : public http::ResponseReceiver {
  public:
    /// The hash for `Balance::hash`.
    std::uint64_t hash = 0;
    /// Servers that are not to be chosen again.
    std::vector<std::size_t> tried{};
    /// A connection that has served before will not do: the last one was closed just then.
    bool fresh_connection = false;

    /// A server is chosen, and the connection that it will be sent on. `connection` lives until a call of `on_end` or
    /// `on_error` has returned.
    virtual void on_assigned(std::size_t server, UpstreamConnection& connection) = 0;
    virtual void on_refused(Refusal refusal) = 0;
    /// The connection is there: the request is sent now.
    [[nodiscard]] virtual Outgoing compose() = 0;
    /// All that has come from the server for now has been given.
    virtual void on_pause() {}
    /// False when nobody waits for the response any more.
    [[nodiscard]] virtual bool wanted() const = 0;
};

}  // namespace hourglass::proxy::detail
