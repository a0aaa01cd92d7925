#include <map>
#include <utility>

#include "hourglass/dns/over_host.h"
#include "hourglass/http/client_world.h"

namespace hourglass::http {

namespace {

class HostClientWorld final : public ClientWorld {
  public:
    HostClientWorld(ip::Host& host, dns::ResolverSettings resolver, dns::HostsFile hosts, std::function<void()> wake)
        : host_(host),
          wake_(std::move(wake)),
          connector_(connect_over(host)),
          resolver_(host, std::move(resolver), std::move(hosts)) {}
    ~HostClientWorld() override {
        for (const auto& [timed, poller] : timed_) host_.remove_poller(poller);
    }

    [[nodiscard]] std::unique_ptr<Transport> connect(const SocketAddress& remote, TransportHandler& handler) override {
        auto transport = connector_->connect(remote, handler);
        wake();
        return transport;
    }
    void resolve(std::string_view name, dns::Families families, Resolved resolved) override {
        resolver_.resolve(name, families, [resolved = std::move(resolved)](const dns::ResolveResult& result, Instant) {
            resolved(result);
        });
        wake();
    }
    [[nodiscard]] Instant now() const override { return host_.now(); }
    void add(Timed& timed) override {
        timed_.emplace(&timed, host_.add_poller([&timed](Instant now) { timed.poll(now); },
                                                [&timed] { return timed.next_deadline(); }));
    }
    void remove(Timed& timed) override {
        if (const auto found = timed_.extract(&timed)) host_.remove_poller(found.mapped());
    }
    void wake() override {
        if (wake_) wake_();
    }

  private:
    ip::Host& host_;
    std::function<void()> wake_;
    std::unique_ptr<Connector> connector_;
    dns::HostResolver resolver_;
    std::map<Timed*, std::uint32_t> timed_;
};

}  // namespace

std::unique_ptr<ClientWorld> client_world(ip::Host& host, dns::ResolverSettings resolver, dns::HostsFile hosts,
                                          std::function<void()> wake) {
    return std::make_unique<HostClientWorld>(host, std::move(resolver), std::move(hosts), std::move(wake));
}

}  // namespace hourglass::http
