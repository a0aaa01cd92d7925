#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "hourglass/http/connector.h"
#include "hourglass/proxy/balancer.h"
#include "hourglass/proxy/configuration.h"
#include "hourglass/proxy/health.h"
#include "proxy/health_check.h"
#include "proxy/timers.h"
#include "proxy/upstream_connection.h"

namespace hourglass::proxy::detail {

/// What the parts of a proxy are given.
struct Surroundings {
    http::Connector& connector;
    Timers& timers;
    std::function<Instant()> now;
    std::function<void(std::string)> log;
    std::function<std::unique_ptr<http::SecureClient>(const std::string&)> secure_client{};
    std::function<std::uint64_t()> random{};
};

/// The servers of an upstream: which of them takes a request, the connections to them, and the requests that wait for
/// one.
class UpstreamGroup final : private UpstreamConnection::Owner, private Timed {
  public:
    UpstreamGroup(const Surroundings& around, UpstreamConfiguration configuration);
    ~UpstreamGroup() override;

    /// Finds a server and a connection for the request, or has it wait.
    void submit(std::shared_ptr<UpstreamJob> job);
    /// Takes a request that waits out of the queue; it is told nothing.
    void forget(const UpstreamJob& job);
    /// What became of a request, for the server's health.
    void succeeded(std::size_t server);
    void failed(std::size_t server, std::string_view why);

    /// No further checks; idle connections are closed. What is under way goes on.
    void retire();
    /// Ends everything; requests under way fail.
    void shut_down();
    /// True when there is no connection and no request left.
    [[nodiscard]] bool empty() const { return connections_.empty() && queue_.empty(); }

    [[nodiscard]] const UpstreamConfiguration& configuration() const { return configuration_; }

  private:
    struct Server {
        PassiveHealth health;
        CheckedHealth checked;
        std::uint32_t active = 0;               ///< requests under way, on connections that are being opened too
        std::uint32_t open = 0;                 ///< connections that may carry requests
        std::vector<UpstreamConnection*> idle;  ///< the one that was used last at the end
    };
    struct Waiting {
        std::shared_ptr<UpstreamJob> job;
        Instant until;
    };

    void on_idle(UpstreamConnection& connection) override;
    void on_spent(UpstreamConnection& connection) override;
    void on_gone(UpstreamConnection& connection) override;
    [[nodiscard]] Instant deadline() const override;
    void run_out(Instant now) override;

    [[nodiscard]] bool is_up(std::size_t server) const;
    /// True when `start` found a connection for it.
    bool start(const std::shared_ptr<UpstreamJob>& job, bool& any_up);
    void assign(std::size_t server, const std::shared_ptr<UpstreamJob>& job);
    void serve_queue();

    Surroundings around_;
    UpstreamConfiguration configuration_;
    std::unique_ptr<http::SecureClient> secure_;  ///< with TLS
    Balancer balancer_;
    std::vector<Server> servers_;
    std::vector<std::unique_ptr<HealthCheck>> checks_;
    std::unordered_map<UpstreamConnection*, std::unique_ptr<UpstreamConnection>> connections_;
    std::deque<Waiting> queue_;
    bool retired_ = false;
    bool shut_down_ = false;
};

}  // namespace hourglass::proxy::detail
