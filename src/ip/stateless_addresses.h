#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/interface.h"
#include "hourglass/wire/neighbor_discovery.h"

namespace hourglass::ip {

/// What the addresses ask of their host. The calls come from inside: the host must not call back.
class StatelessAddressOutput {
  public:
    virtual ~StatelessAddressOutput() = default;
    /// Begin the test of an address; `StatelessAddresses::tested` is told of its result. False: there are too many.
    virtual bool begin_test(InterfaceId interface, const IpAddress& address, const DuplicateTest& test) = 0;
    virtual void cancel_test(InterfaceId interface, const IpAddress& address) = 0;
    /// Take an address, give it up, or prefer others to it. No prefix of it is on the link because of this.
    virtual void take_address(InterfaceId interface, const Prefix& address) = 0;
    virtual void drop_address(InterfaceId interface, const Prefix& address) = 0;
    virtual void set_deprecated(InterfaceId interface, const Prefix& address, bool deprecated) = 0;
};

/// The addresses that one interface forms for itself (RFC 4862): the link-local one, and one for each prefix that a
/// router offers. They are tested, preferred, deprecated and given up as their lifetimes say.
class StatelessAddresses {
  public:
    StatelessAddresses(InterfaceId interface, const InterfaceSettings& link, const AutoconfigurationSettings& settings,
                       StatelessAddressOutput& output)
        : interface_(interface), name_(link.name), settings_(settings), output_(output) {}

    /// Forms the link-local address (RFC 4862, section 5.3).
    void start();
    /// A router offers a prefix (RFC 4862, section 5.5.3). `to_group`: to more hosts than this one, so that the test
    /// begins at a random time. `retransmit`: the time between probes, if a router has said.
    void offered(const wire::PrefixInformation& information, bool to_group, std::optional<Duration> retransmit,
                 Instant now);
    enum class TestResult : std::uint8_t { not_ours, link_local_ready, other };
    /// A test is over. When another host has the address, one more is tried, three times at most (RFC 7217, section 6).
    TestResult tested(const IpAddress& address, bool unique);

    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const;

  private:
    enum class State : std::uint8_t { tentative, preferred, deprecated };
    struct Entry {
        Prefix address{};
        State state = State::tentative;
        std::uint8_t duplicates = 0;  // DAD_Counter.
        Instant preferred_until = kNever;
        Instant valid_until = kNever;
        DuplicateTest test{};
    };

    bool try_address(Entry& entry);
    void renew(Entry& entry, Instant preferred_until, Instant valid_until, Instant now);
    void settle(Entry& entry, Instant now);

    InterfaceId interface_;
    std::string name_;
    AutoconfigurationSettings settings_;
    StatelessAddressOutput& output_;
    std::vector<Entry> entries_;
};

}  // namespace hourglass::ip
