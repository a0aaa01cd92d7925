#pragma once

#include <memory>

#include "hourglass/http/secure.h"
#include "hourglass/uwsgi/request.h"

namespace hourglass::uwsgi {

/// Lets any server of HTTP take its requests from a gateway that speaks uwsgi (nginx's uwsgi_pass, our proxy): put on
/// the connections that are accepted, it turns each packet into the same request in HTTP/1.0, and passes the answer
/// back as it is. A packet that is refused is answered with 400. Responders name the client whom the gateway names in
/// REMOTE_ADDR, or else the gateway.
class ServerLayer final : public http::SecureServer {
  public:
    explicit ServerLayer(const Limits& limits = {}) : limits_(limits) {}
    [[nodiscard]] std::unique_ptr<http::Transport> accept(http::TransportHandler& handler,
                                                          const http::OpenTransport& open) override;

  private:
    Limits limits_;
};

}  // namespace hourglass::uwsgi
