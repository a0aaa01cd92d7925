#include "hourglass/runtime/os_client_world.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_connector.h"
#include "hourglass/runtime/os_resolver.h"
#include "runtime/deadline_timer.h"

namespace hourglass::runtime {

namespace {

class OsClientWorld final : public http::ClientWorld {
  public:
    OsClientWorld(OsLoop& loop, dns::ResolverSettings resolver, dns::HostsFile hosts)
        : connector_(connect_over(loop)),
          resolver_(loop, std::move(resolver), std::move(hosts)),
          timer_(loop.context(), [this] {
              poll();
              return next_deadline();
          }) {}

    [[nodiscard]] std::unique_ptr<http::Transport> connect(const SocketAddress& remote,
                                                           http::TransportHandler& handler) override {
        return connector_->connect(remote, handler);
    }
    void resolve(std::string_view name, dns::Families families, Resolved resolved) override {
        resolver_.resolve(name, families, std::move(resolved));
    }
    [[nodiscard]] Instant now() const override { return runtime::now(); }
    void add(http::Timed& timed) override { timed_.push_back(&timed); }
    void remove(http::Timed& timed) override { std::ranges::replace(timed_, &timed, nullptr); }
    void wake() override { timer_.set(next_deadline()); }

  private:
    [[nodiscard]] Instant next_deadline() const {
        Instant deadline = kNever;
        for (const http::Timed* timed : timed_)
            if (timed != nullptr) deadline = std::min(deadline, timed->next_deadline());
        return deadline;
    }
    /// One may be added or removed by another.
    void poll() {
        const Instant time = now();
        for (std::size_t i = 0; i < timed_.size(); ++i)
            if (timed_[i] != nullptr && timed_[i]->next_deadline() <= time) timed_[i]->poll(time);
        std::erase(timed_, nullptr);
    }

    std::unique_ptr<http::Connector> connector_;
    OsResolver resolver_;
    DeadlineTimer timer_;
    std::vector<http::Timed*> timed_;  ///< Null where one has gone.
};

}  // namespace

std::unique_ptr<http::ClientWorld> client_world(OsLoop& loop, dns::ResolverSettings resolver, dns::HostsFile hosts) {
    return std::make_unique<OsClientWorld>(loop, std::move(resolver), std::move(hosts));
}

}  // namespace hourglass::runtime
