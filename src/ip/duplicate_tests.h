#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/random.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/interface.h"

namespace hourglass::ip {

/// What the tests ask of their host. The calls come from inside: the host must not call back, except from `tested`.
class DuplicateTestOutput {
  public:
    virtual ~DuplicateTestOutput() = default;
    /// Ask the link, without a source address, who has `address` (RFC 4862, section 5.4.2; RFC 5227, section 2.1.1).
    virtual void probe(InterfaceId interface, const IpAddress& address) = 0;
    /// Tell the link that `address` is ours (RFC 5227, section 2.3).
    virtual void announce(InterfaceId interface, const IpAddress& address) = 0;
    /// The test is over, and the address is `unique` on its link or not.
    virtual void tested(InterfaceId interface, const IpAddress& address, bool unique) = 0;
};

/// Addresses that are tentative: the link is asked whether another host has them. IPv6 and IPv4 differ in the messages,
/// which the host writes, and in the `DuplicateTest`.
class DuplicateTests {
  public:
    DuplicateTests(std::size_t limit, DuplicateTestOutput& output, std::uint64_t seed)
        : limit_(limit), output_(output), random_(seed) {}

    /// Begins a test, whose result `tested` tells. False when there are too many, or one of this address already.
    bool start(InterfaceId interface, const IpAddress& address, const DuplicateTest& test, Instant now);
    /// Forgets the test, or the announcements, of this address.
    void cancel(InterfaceId interface, const IpAddress& address);
    [[nodiscard]] bool is_tentative(InterfaceId interface, const IpAddress& address) const;
    /// Another host has, or wants, this address: the test is over. False when it was not being tested.
    bool claimed(InterfaceId interface, const IpAddress& address);

    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const;

  private:
    struct Entry {
        InterfaceId interface {};
        IpAddress address{};
        DuplicateTest test{};
        std::uint32_t probes = 0;  // Sent.
        bool unique = false;       // Being announced.
        Instant deadline{};
    };
    using Entries = std::vector<Entry>;

    [[nodiscard]] Entries::const_iterator find(InterfaceId interface, const IpAddress& address) const;
    void advance(Entries::iterator entry, Instant now);
    void announce(Entries::iterator entry, Instant now);
    [[nodiscard]] Duration random_between(Duration least, Duration most);

    std::size_t limit_;
    DuplicateTestOutput& output_;
    Random random_;
    Entries entries_;
};

}  // namespace hourglass::ip
