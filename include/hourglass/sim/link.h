#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/ip/host.h"
#include "hourglass/sim/impairments.h"

namespace hourglass::sim {

class Pipe;

/// How a link is made.
struct LinkSettings {
    std::string name{};  ///< Empty: the names of its ends with a hyphen between.
    ip::Medium medium = ip::Medium::ip;
    std::uint32_t mtu = 1500;  ///< Largest datagram that passes, in octets; larger ones are lost without a word.
    /// What the interfaces at its ends take for the MTU; `mtu` when not set. A larger one makes a black hole
    /// (RFC 2923, section 2.1).
    std::optional<std::uint32_t> interface_mtu{};
    /// Ethernet only: the receiver finds damaged frames by their check sequence and drops them.
    bool frame_check = true;
    Impairments a_to_b{};
    Impairments b_to_a{};

    /// Both directions alike.
    LinkSettings& both(const Impairments& impairments) {
        a_to_b = b_to_a = impairments;
        return *this;
    }
};

/// What a direction of a link has carried.
struct LinkCounters {
    std::uint64_t sent = 0, sent_bytes = 0;        ///< Given to the link.
    std::uint64_t arrived = 0, arrived_bytes = 0;  ///< Second copies included.
    std::uint64_t duplicated = 0, corrupted = 0, reordered = 0;
    std::array<std::uint64_t, 7> lost{};  ///< By `LossReason`.

    [[nodiscard]] std::uint64_t lost_for(LossReason reason) const { return lost[static_cast<std::size_t>(reason)]; }
    [[nodiscard]] std::uint64_t total_lost() const;
};

/// A link between two nodes of a `World`, which owns it.
class Link {
  public:
    Link(std::uint32_t index, LinkSettings settings, std::unique_ptr<Pipe> a_to_b, std::unique_ptr<Pipe> b_to_a);
    ~Link();
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    [[nodiscard]] const std::string& name() const { return settings_.name; }
    /// Links are numbered from 0 in the order of their making.
    [[nodiscard]] std::uint32_t index() const { return index_; }
    [[nodiscard]] ip::Medium medium() const { return settings_.medium; }
    /// As the link was made; see `impairments` for what holds now.
    [[nodiscard]] const LinkSettings& settings() const { return settings_; }
    /// The name of the node that sends in direction `d`.
    [[nodiscard]] const std::string& sender(Direction d) const;
    /// The name of the node that receives in direction `d`.
    [[nodiscard]] const std::string& receiver(Direction d) const { return sender(opposite(d)); }

    /// What is done to packets sent from now on; may be changed at any time.
    [[nodiscard]] Impairments& impairments(Direction d);
    /// Takes the place of an earlier script; an empty one ends it. The count of packets goes on.
    void set_script(Direction d, Script script);
    /// A link that is down loses what is sent; what is under way arrives.
    void set_up(bool up);
    [[nodiscard]] const LinkCounters& counters(Direction d) const;

  private:
    [[nodiscard]] Pipe& pipe(Direction d) const { return *pipes_[static_cast<std::size_t>(d)]; }

    std::uint32_t index_;
    LinkSettings settings_;
    std::array<std::unique_ptr<Pipe>, 2> pipes_;
};

}  // namespace hourglass::sim
