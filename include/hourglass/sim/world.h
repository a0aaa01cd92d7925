#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/base/random.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"
#include "hourglass/sim/link.h"
#include "hourglass/sim/observer.h"

namespace hourglass::sim {

/// One end of a link: a host, and the addresses that the interface gets which is made for it there.
struct End {
    std::string host;
    std::vector<Prefix> addresses;

    /// `End("client", {"10.0.0.1/24", "2001:db8::1/64"})`. Throws std::invalid_argument for text that is no prefix.
    End(std::string name, std::initializer_list<std::string_view> prefixes);
    End(std::string name, std::vector<Prefix> prefixes) : host(std::move(name)), addresses(std::move(prefixes)) {}
};

/// Is shown a packet that has arrived at a host, with its label, and says whether it takes it.
using Guest = std::function<bool(ip::InterfaceId, std::span<const std::byte> packet, std::uint64_t id)>;

/// Limits of a world.
struct WorldSettings {
    /// Steps without time going by before the world gives up: something calls itself for ever.
    std::uint64_t max_steps_per_instant = 4'000'000;
    std::uint32_t max_switch_addresses = 4096;  ///< That a switch remembers.
};

/// Hosts, links and switches in virtual time, which goes from event to event and so costs nothing to wait for. The
/// seed decides everything that is left to chance, each direction of a link and each host for itself: the same seed
/// and the same calls give the same packets at the same times, bit for bit.
///
///     World world(1);
///     world.add_host("client");
///     world.add_host("server");
///     world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, LinkSettings().both({.delay = 10ms}));
///     ... listen, connect ...
///     world.run_for(5s);
///
/// What applications do to a host, in callbacks or outside, is noticed before time goes on. What happens at one
/// instant happens in this order: arrivals and scheduled functions as they were added, then hosts as they were added.
/// Names that do not exist or exist already are programming errors: std::invalid_argument.
class World {
  public:
    explicit World(std::uint64_t seed, const WorldSettings& settings = {});
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// A host without interfaces. A secret that is all zero is replaced by one that the seed decides.
    ip::Host& add_host(std::string name, ip::HostSettings settings = {});
    /// Joins two hosts; each gets one more interface.
    Link& connect(const End& a, const End& b, const LinkSettings& settings = {});
    /// Joins hosts by an Ethernet switch that learns addresses. Each end gets a link of its own to the switch, the host
    /// being its end A; `settings` holds for each of them, the name apart, which is `HOST-SWITCH`.
    void add_switch(std::string name, const std::vector<End>& ends, const LinkSettings& settings = {});
    /// Adds a route to `destination` by `gateway`, on the host's interface whose prefix contains the gateway. All three
    /// as text: `add_route("client", "0.0.0.0/0", "10.0.0.254")`.
    void add_route(std::string_view host, std::string_view destination, std::string_view gateway);

    /// Sends a packet from a host's interface as it stands, past the host itself: with a forged source, or a segment
    /// that no connection would send. `id` labels it for an observer; 0: the observer labels it.
    void send(std::string_view host, ip::InterfaceId interface, std::span<const std::byte> packet,
              std::uint64_t id = 0);
    /// What arrives at a host is shown to `guest` first; what it takes, by returning true, the host never sees. For a
    /// node with rules of its own. An empty function ends it.
    void set_guest(std::string_view host, Guest guest);

    [[nodiscard]] ip::Host& host(std::string_view name);
    [[nodiscard]] Link& link(std::string_view name);
    /// In the order of their making.
    [[nodiscard]] std::vector<std::string> host_names() const;
    [[nodiscard]] std::vector<const Link*> links() const;

    [[nodiscard]] Instant now() const;
    /// Calls `action` at `time`, or at once in the order of events when that has passed.
    void at(Instant time, std::function<void()> action);
    void after(Duration delay, std::function<void()> action);

    /// When the next thing happens; `kNever` when nothing is left to do.
    [[nodiscard]] Instant next_time();
    /// Does the next thing and advances time to it; false when there is nothing to do, ever. Throws std::runtime_error
    /// when time has stood still for too many steps.
    bool step();
    /// Does all that is due up to `time`, which is then the time.
    void run_until(Instant time);
    void run_for(Duration duration);
    /// Runs until nothing is left to do, which it says with true, or until `limit` has gone by.
    bool run_until_idle(Duration limit);
    /// Runs until `done` says true, which is asked after each step; false when that did not happen within `limit`.
    bool run_until(const std::function<bool()>& done, Duration limit);

    /// Watches every packet; null ends it.
    void set_observer(NetworkObserver* observer);
    [[nodiscard]] NetworkObserver* observer() const;
    /// Called after every step: where a test checks what must always hold.
    void set_step_hook(std::function<void()> hook);

    [[nodiscard]] std::uint64_t seed() const;
    /// A source of random numbers of its own for each purpose, decided by the seed.
    [[nodiscard]] Random random(std::string_view purpose) const;
    /// Where all packets of this world come from.
    [[nodiscard]] BufferPool& pool();

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::sim
