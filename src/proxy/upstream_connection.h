#pragma once

#include <functional>
#include <memory>
#include <variant>

#include "hourglass/http/client.h"
#include "hourglass/http/connector.h"
#include "hourglass/http/secure.h"
#include "hourglass/proxy/configuration.h"
#include "hourglass/uwsgi/client.h"
#include "proxy/timers.h"
#include "proxy/upstream_job.h"

namespace hourglass::proxy::detail {

/// A connection to a server of an upstream, over which one request goes at a time.
class UpstreamConnection final : public http::TransportHandler, public Timed {
  public:
    /// Who owns connections.
    class Owner {
      public:
        /// The request is done, and another one may be sent.
        virtual void on_idle(UpstreamConnection& connection) = 0;
        /// No request will be sent on it any more. It is not to be destroyed yet.
        virtual void on_spent(UpstreamConnection& connection) = 0;
        /// It is to be destroyed, now or later.
        virtual void on_gone(UpstreamConnection& connection) = 0;

      protected:
        Owner() = default;
        Owner(const Owner&) = delete;
        Owner& operator=(const Owner&) = delete;
        ~Owner() = default;
    };
    struct Surroundings {
        http::Connector& connector;
        Timers& timers;
        const std::function<Instant()>& now;
        http::SecureClient* secure;  ///< null without TLS
        Owner& owner;
    };

    /// Begins to connect to a server of `upstream`. `number` is the server's.
    UpstreamConnection(const Surroundings& around, const UpstreamConfiguration& upstream, std::size_t number);
    ~UpstreamConnection() override;

    /// Sends a request now, or as soon as the connection is there. Precondition: none is under way.
    void run(std::shared_ptr<UpstreamJob> job);
    /// Nobody wants the response any more: the job is told nothing further, and the connection ends.
    void cancel();
    /// The request under way fails; the connection is destroyed next.
    void abandon();
    /// Ends a connection that is idle.
    void close();

    [[nodiscard]] std::size_t server() const { return number_; }
    /// True when it has carried a request before the one that is under way.
    [[nodiscard]] bool reused() const { return requests_ > 1; }
    /// True when the server has answered something to the request under way, or a byte of it.
    [[nodiscard]] bool heard() const { return heard_; }
    [[nodiscard]] const SocketAddress& address() const { return address_; }

  private:
    enum class Phase : std::uint8_t { connecting, busy, idle, tunnel, closing };

    void on_connected() override;
    void on_ready() override;
    void on_closed(tcp::Error error) override;
    [[nodiscard]] Instant deadline() const override;
    void run_out(Instant now) override;

    void connect();
    void send_request();
    void pump();
    void settle();
    void spend(bool abort);
    void fail(http::ClientError::Kind kind, std::string_view what);
    [[nodiscard]] std::size_t pending() const;
    [[nodiscard]] bool output_waits() const;

    Surroundings around_;
    const UpstreamConfiguration& upstream_;
    std::size_t number_;
    SocketAddress address_;
    std::variant<http::ClientConnection, uwsgi::ClientConnection> wire_;
    std::unique_ptr<http::Transport> transport_;
    std::shared_ptr<UpstreamJob> job_;
    std::shared_ptr<bool> waits_for_client_;  ///< the request's body is waited for, which is not the server's fault
    Instant active_;                          ///< when a byte moved last, or the phase began
    std::uint64_t requests_ = 0;
    Phase phase_ = Phase::connecting;
    bool heard_ = false;
    bool heard_end_ = false;
    bool shut_down_ = false;  ///< this side of a tunnel, while the other goes on
    bool cancelled_ = false;
    bool busy_within_ = false;  ///< inside of the wire's calls: it must not be destroyed, and settles when they return
};

}  // namespace hourglass::proxy::detail
