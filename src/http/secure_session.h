#pragma once

#include <functional>
#include <memory>

#include "hourglass/http/secure.h"
#include "http/server_session.h"

namespace hourglass::http::detail {

/// A session with TLS between it and the connection that has been accepted.
class SecureSession final : public ServerSession {
  public:
    using Gone = std::function<void(ServerSession&)>;

    /// `open` gives the transport of the connection; `gone` is called when that has gone, and destroys the session.
    static std::unique_ptr<SecureSession> make(SessionTable& table, SecureServer& secure, SocketAddress client,
                                               const OpenTransport& open, const Gone& gone) {
        auto link = std::make_unique<Link>(gone);
        auto transport = secure.accept(*link, open);
        return std::unique_ptr<SecureSession>(new SecureSession(table, client, std::move(link), std::move(transport)));
    }

  private:
    /// What the transport tells, from before there is a session.
    struct Link final : public TransportHandler {
        explicit Link(const Gone& told) : gone(told) {}
        void on_connected() override { on_ready(); }
        void on_ready() override {
            if (session == nullptr) return;
            session->end_handshake();
            session->pump();
        }
        void on_client(const SocketAddress& client) override {
            if (session != nullptr) session->set_client(client);
        }
        void on_closed(tcp::Error) override {
            if (session != nullptr) gone(*session);
        }

        const Gone& gone;
        SecureSession* session = nullptr;
    };

    SecureSession(SessionTable& table, SocketAddress client, std::unique_ptr<Link> link,
                  std::unique_ptr<Transport> transport)
        : ServerSession(table, *transport, client), link_(std::move(link)), transport_(std::move(transport)) {
        link_->session = this;
        await_handshake();
    }

    std::unique_ptr<Link> link_;
    std::unique_ptr<Transport> transport_;
};

}  // namespace hourglass::http::detail
