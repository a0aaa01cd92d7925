#pragma once

#include <functional>
#include <memory>

#include "proxy/upstream_connection.h"

namespace hourglass::proxy::detail {

/// The checks of one server: a request every so often, on a connection of its own.
class HealthCheck final : private UpstreamConnection::Owner, private Timed {
  public:
    /// `outcome` is told of each check whether it was good, and else why not. The first one is made at once.
    HealthCheck(http::Connector& connector, Timers& timers, const std::function<Instant()>& now,
                http::SecureClient* secure, const UpstreamConfiguration& upstream, std::size_t server,
                std::function<void(bool good, std::string why)> outcome);
    ~HealthCheck() override;

  private:
    class Job;

    void on_idle(UpstreamConnection& connection) override { connection.close(); }
    void on_spent(UpstreamConnection&) override {}
    void on_gone(UpstreamConnection&) override { connection_.reset(); }
    [[nodiscard]] Instant deadline() const override { return next_; }
    void run_out(Instant now) override;
    void finish(bool good, std::string why);

    http::Connector& connector_;
    Timers& timers_;
    std::function<Instant()> now_;
    http::SecureClient* secure_;
    UpstreamConfiguration upstream_;  ///< with the times of a check
    std::size_t server_;
    std::function<void(bool, std::string)> outcome_;
    std::unique_ptr<UpstreamConnection> connection_;
    std::shared_ptr<Job> job_;  ///< the check under way
    Instant next_;
};

}  // namespace hourglass::proxy::detail
