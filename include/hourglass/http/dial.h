#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/dns/stub_resolver.h"
#include "hourglass/http/client_world.h"
#include "hourglass/http/credentials.h"
#include "hourglass/http/happy_eyeballs.h"

namespace hourglass::http {

/// What happens while a connection comes to be.
struct DialEvent {
    enum class Kind : std::uint8_t {
        resolving,       ///< `name` is being asked for
        resolved,        ///< `addresses` of one family, from `source`
        unresolved,      ///< one family has no address; `text` says why
        attempt,         ///< `remote` is being tried
        attempt_failed,  ///< `text` says why
        connected,       ///< to `remote`, from `local`
        tunnelled,       ///< the proxy has connected us to `name` (CONNECT)
        secured,         ///< TLS is agreed on; `text` says which
    };
    Kind kind = Kind::resolving;
    std::string name{};
    std::vector<IpAddress> addresses{};
    dns::Source source = dns::Source::network;
    SocketAddress remote{};
    SocketAddress local{};
    std::string text{};
};
using DialObserver = std::function<void(const DialEvent&)>;

/// How a connection is made.
struct DialSettings {
    dns::Families families = dns::Families::both;
    HappyEyeballsSettings eyeballs{};
    Duration resolve = std::chrono::seconds(30);  ///< Until there is an address.
    Duration connect = std::chrono::seconds(30);  ///< From then on until a handshake is complete.
    /// When every address refuses: how long until all are tried again, as long as `connect` allows; zero: they are not.
    /// For a server that is just being started.
    Duration refused_again{};
};

/// Begins to connect to a host by its name or address, trying its addresses as RFC 8305 says. What comes is a transport
/// that takes nothing before its handler's `on_connected`. `world` and `handler` must outlive it; `observer` may be
/// empty.
[[nodiscard]] std::unique_ptr<Transport> dial(ClientWorld& world, const std::string& host, Port port,
                                              TransportHandler& handler, const DialSettings& settings = {},
                                              DialObserver observer = {});

/// Begins a transport for the handler that it is given: what a layer is put on.
using OpenTransport = std::function<std::unique_ptr<Transport>(TransportHandler&)>;

/// Who logs in to a proxy, and how (RFC 9110, section 11.7).
struct ProxyLogin {
    Login login{};
    bool digest = false;  ///< By digest authentication (RFC 7616) where the proxy asks for it; else basic, unasked.
    std::function<std::uint64_t()> random{};  ///< 64 bits that nobody can foresee, for digest authentication.
};

/// A tunnel through a proxy (CONNECT; RFC 9110, section 9.3.6) on the transport to the proxy that `open` begins, and
/// begins once more where the proxy asks for digest authentication and closes the connection with that. The tunnel is
/// connected once the proxy has answered 2xx; another answer ends it with `tcp::Error::refused`, and `failure` says
/// which.
[[nodiscard]] std::unique_ptr<Transport> open_tunnel(const std::string& authority, std::optional<ProxyLogin> login,
                                                     TransportHandler& handler, OpenTransport open,
                                                     DialObserver observer = {});

/// The same through a SOCKS proxy of version 5 (RFC 1928), with name and password (RFC 1929) where `login` is given.
/// `host` is a name, which the proxy resolves, or an address.
[[nodiscard]] std::unique_ptr<Transport> open_socks_tunnel(const std::string& host, Port port,
                                                           std::optional<Login> login, TransportHandler& handler,
                                                           const OpenTransport& open, DialObserver observer = {});

}  // namespace hourglass::http
