#include "proxy/health_check.h"

#include <fmt/format.h>
#include <utility>

namespace hourglass::proxy::detail {

class HealthCheck::Job final : public UpstreamJob {
  public:
    explicit Job(HealthCheck& check) : check_(&check) {}
    /// The check is over; what comes is of no interest.
    void leave() { check_ = nullptr; }

    void on_assigned(std::size_t, UpstreamConnection&) override {}
    void on_refused(Refusal) override {}
    [[nodiscard]] bool wanted() const override { return check_ != nullptr; }
    Outgoing compose() override {
        Outgoing out;
        if (check_ == nullptr) return out;
        const UpstreamConfiguration& upstream = check_->upstream_;
        const ServerConfiguration& server = upstream.servers[check_->server_];
        out.request.target = upstream.check->path;
        out.request.fields = {{"Host", !upstream.host.empty() ? upstream.host
                                       : server.path.empty()  ? server.name
                                                              : "localhost"},
                              {"User-Agent", "hourglass (health check)"},
                              {"Connection", "close"}};
        out.context.script_name = upstream.script_name;
        return out;
    }
    void on_head(http::Response response) override { status_ = to_number(response.status); }
    void on_body(std::span<const std::byte>) override {}
    void on_end(const http::Fields&) override {
        if (check_ == nullptr) return;
        const HealthCheckConfiguration& check = *check_->upstream_.check;
        const bool good = status_ >= check.lowest_good && status_ <= check.highest_good;
        finish(good, good ? "" : fmt::format("status {}", status_));
    }
    void on_error(const http::ClientError& error) override { finish(false, error.text); }

  private:
    void finish(bool good, std::string why) {
        if (HealthCheck* const check = std::exchange(check_, nullptr)) check->finish(good, std::move(why));
    }
    HealthCheck* check_;
    std::uint16_t status_ = 0;
};

HealthCheck::HealthCheck(http::Connector& connector, Timers& timers, const std::function<Instant()>& now,
                         http::SecureClient* secure, const UpstreamConfiguration& upstream, std::size_t server,
                         std::function<void(bool, std::string)> outcome)
    : connector_(connector),
      timers_(timers),
      now_(now),
      secure_(secure),
      upstream_(upstream),
      server_(server),
      outcome_(std::move(outcome)),
      next_(now()) {
    upstream_.connect_time = upstream_.response_time = upstream_.check->timeout;
    timers_.update(*this);
}

HealthCheck::~HealthCheck() {
    timers_.remove(*this);
    if (job_ != nullptr) job_->leave();
}

void HealthCheck::run_out(Instant now) {
    next_ = now + upstream_.check->interval;
    if (job_ != nullptr) {  // an answer that drips in comes too late as well
        job_->leave();
        finish(false, "no answer in time");
    }
    connection_.reset();
    job_ = std::make_shared<Job>(*this);
    connection_ = std::make_unique<UpstreamConnection>(
        UpstreamConnection::Surroundings{connector_, timers_, now_, secure_, *this}, upstream_, server_);
    connection_->run(job_);
    timers_.update(*this);
}

void HealthCheck::finish(bool good, std::string why) {
    job_.reset();
    outcome_(good, std::move(why));
}

}  // namespace hourglass::proxy::detail
