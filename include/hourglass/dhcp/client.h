#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/random.h"
#include "hourglass/base/time.h"
#include "hourglass/dhcp/lease.h"
#include "hourglass/dhcp/message.h"

namespace hourglass::dhcp {

/// The states of RFC 2131, figure 5, without those of a restart with a known address. `testing` is the check that the
/// figure leaves out (section 3.1, step 5).
enum class ClientState : std::uint8_t { stopped, init, selecting, requesting, testing, bound, renewing, rebinding };

/// `SELECTING`, as the RFC writes it.
[[nodiscard]] std::string_view to_string(ClientState state);

struct ClientSettings {
    MacAddress mac{};                           ///< Of the interface; the client identifier is made from it.
    std::string host_name{};                    ///< Told to the server when it is not empty; at most 255 octets.
    std::optional<IpAddress> wanted_address{};  ///< Asked for in the first place, if the server can give it.
    /// Before the first message: random between these two, so that hosts don't start in step (section 4.4.1).
    Duration least_start_delay = std::chrono::seconds(1);
    Duration most_start_delay = std::chrono::seconds(10);
    Duration first_retransmission = std::chrono::seconds(4);  ///< Doubles each time (section 4.1).
    Duration last_retransmission = std::chrono::seconds(64);  ///< And no longer than this.
    Duration jitter = std::chrono::seconds(1);                ///< A retransmission is this much earlier or later.
    std::uint32_t max_requests = 4;  ///< Without an answer to a request: begin anew (section 3.1, step 5).
    Duration restart_delay = std::chrono::seconds(10);  ///< After an address that is no good (section 3.1, step 5).
    Duration least_renewal_interval = std::chrono::seconds(60);  ///< Between renewals (section 4.4.5).
    LeaseLimits lease{};
};

/// What the client asks of its host. The calls come from inside the client: the host must not call back.
class ClientOutput {
  public:
    virtual ~ClientOutput() = default;
    /// Send to every server of the link; `from` is the address to send from, if the host has one.
    virtual void broadcast(std::span<const std::byte> message, const std::optional<IpAddress>& from) = 0;
    /// Send to one server, from the address of the lease.
    virtual void unicast(std::span<const std::byte> message, const IpAddress& server) = 0;
    /// Find out whether another host has the address; `Client::tested` is then told.
    virtual void test(const Lease& lease) = 0;
    /// The lease may be used, or used with these new values, until `withdraw`.
    virtual void install(const Lease& lease) = 0;
    /// The lease has ended, and its address must not be used any more.
    virtual void withdraw(const Lease& lease) = 0;
};

/// A client of DHCP for IPv4 (RFC 2131, section 4.4). The first offer that will do is taken.
class Client {
  public:
    Client(ClientSettings settings, ClientOutput& output, std::uint64_t seed)
        : settings_(std::move(settings)), output_(output), random_(seed) {}

    /// Begins to look for a lease. Does nothing once it has begun.
    void start(Instant now);
    /// Gives the lease back (section 4.4.6) and stops.
    void release(Instant now);
    /// A datagram has arrived for the client's port; anything else than an expected message is ignored.
    void receive(std::span<const std::byte> bytes, Instant now);
    /// The result of `ClientOutput::test`.
    void tested(bool unique, Instant now);
    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const { return deadline_; }

    [[nodiscard]] ClientState state() const { return state_; }
    /// The lease that is in use; nothing without one.
    [[nodiscard]] const std::optional<Lease>& lease() const { return lease_; }

  private:
    [[nodiscard]] bool holds_lease() const;
    void begin_anew(Duration delay, Instant now);
    void discover(Instant now);
    void take_offer(const MessageView& offer, Instant now);
    void request(Instant now);
    void take_acknowledgement(const MessageView& acknowledgement, Instant now);
    void take_refusal(const MessageView& refusal, Instant now);
    void bind(Lease lease);
    void renew(Instant now);
    void end_lease();
    [[nodiscard]] bool comes_from(const MessageView& message, const IpAddress& server) const;
    [[nodiscard]] MessageWriter begin_message(MessageType type) const;
    [[nodiscard]] std::vector<std::byte> request_message() const;
    [[nodiscard]] Duration next_retransmission();
    [[nodiscard]] Duration random_below(Duration limit);

    ClientSettings settings_;
    ClientOutput& output_;
    Random random_;
    ClientState state_ = ClientState::stopped;
    Instant deadline_ = kNever;
    Instant began_{};            // For the field `secs`.
    std::uint16_t seconds_ = 0;  // Of the DISCOVER, and of the REQUEST that follows.
    std::uint32_t transaction_ = 0;
    std::uint32_t sent_ = 0;        // Messages in this state.
    Instant asked_{};               // When the REQUEST that may be answered was first sent.
    std::optional<Lease> offer_{};  // Being requested or tested.
    std::optional<Lease> lease_{};
};

}  // namespace hourglass::dhcp
