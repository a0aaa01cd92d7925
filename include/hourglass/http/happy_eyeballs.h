#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/dns/stub_resolver.h"

namespace hourglass::http {

/// The delays of RFC 8305, section 8.
struct HappyEyeballsSettings {
    Duration resolution_delay = std::chrono::milliseconds(50);  ///< For AAAA, when A was answered first.
    Duration attempt_delay = std::chrono::milliseconds(250);    ///< From one attempt to the next.
    std::size_t attempts = 32;                                  ///< Addresses that are tried in all.
};

/// Which address to try, and when (RFC 8305): the families alternate, IPv6 first, and the next address has its turn
/// when the one before has failed or has not answered for a while. It does nothing itself: it is told what happens, and
/// says what to do.
class HappyEyeballs {
  public:
    explicit HappyEyeballs(dns::Families families, const HappyEyeballsSettings& settings = {});

    /// The answer for one family, in the order of preference; empty when there is none.
    void resolved(bool v6, std::span<const IpAddress> addresses, Instant now);
    /// An attempt has failed.
    void failed(const IpAddress& address);

    /// The address to try now; nothing while it is not time yet. To be called until it gives nothing.
    [[nodiscard]] std::optional<IpAddress> next_attempt(Instant now);
    /// When `next_attempt` has an address; `kNever` when that depends on what happens.
    [[nodiscard]] Instant next_deadline() const;
    /// No attempt is under way and there will be none.
    [[nodiscard]] bool exhausted() const;
    /// Answers are still to come.
    [[nodiscard]] bool resolving() const { return !v6_.answered || !v4_.answered; }

  private:
    struct Family {
        std::deque<IpAddress> addresses{};
        bool answered = false;
    };

    HappyEyeballsSettings settings_;
    Family v6_;
    Family v4_;
    Instant first_answer_ = kNever;    ///< With an address in it.
    std::optional<IpAddress> latest_;  ///< The attempt that was begun last, until it fails.
    Instant next_ = Instant::min();    ///< Not before, once attempts have begun.
    std::size_t begun_ = 0;
    std::size_t under_way_ = 0;
    bool v4_is_next_ = false;
};

}  // namespace hourglass::http
