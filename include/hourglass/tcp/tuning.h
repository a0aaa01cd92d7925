#pragma once

#include <cstdint>
#include <optional>

#include "hourglass/base/time.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::tcp {

/// What an application may set for one connection, or for a listener and every connection that comes from it. A stack's
/// settings give the defaults (`Stack::default_tuning`); a connection that keeps them all costs nothing for them.
/// The names behind the bars are those of the socket options that other systems have for the same.
struct Tuning {
    // The wire.
    std::uint16_t mss_limit = 65495;  ///< Largest MSS to announce and to send; at least 64 | TCP_MAXSEG.
    std::uint8_t traffic_class = 0;   ///< IPv4's TOS or IPv6's traffic class; its two ECN bits are TCP's | IP_TOS.
    std::uint8_t hop_limit = 0;       ///< 0: the host's default (RFC 9293, MUST-49) | IP_TTL.
    Congestion congestion = Congestion::cubic;  ///< | TCP_CONGESTION.
    MtuProbing mtu_probing = MtuProbing::after_black_hole;

    // When to send.
    bool no_delay = false;   ///< Nagle's algorithm off (RFC 9293, section 3.7.4, MUST-17) | TCP_NODELAY.
    bool cork = false;       ///< A segment that is not full waits up to 200 ms for more | TCP_CORK.
    bool quick_ack = false;  ///< Every segment with data is acknowledged at once | TCP_QUICKACK.

    // Buffers, in octets.
    std::uint32_t send_buffer = 1 << 20;     ///< Queued and not yet acknowledged | SO_SNDBUF.
    std::uint32_t receive_buffer = 1 << 20;  ///< Received and not yet read; the window follows it | SO_RCVBUF.
    std::uint32_t window_clamp = 0;          ///< Largest window to offer; 0: the buffer decides | TCP_WINDOW_CLAMP.
    /// `send` takes more only while less than this is queued and not yet sent; 0: no such limit | TCP_NOTSENT_LOWAT.
    std::uint32_t not_sent_low_water = 0;

    // How long to wait.
    bool keepalive = false;             ///< RFC 9293, section 3.8.4 | SO_KEEPALIVE.
    Duration keepalive_idle{};          ///< Silence before the first probe | TCP_KEEPIDLE.
    Duration keepalive_interval{};      ///< Between probes | TCP_KEEPINTVL.
    std::uint8_t keepalive_probes = 9;  ///< Unanswered ones before the connection fails | TCP_KEEPCNT.
    /// Data may stay unacknowledged for so long before the connection fails; zero: `Settings::data_retries` decides
    /// (RFC 9293, section 3.8.3, R2; RFC 5482 without its option) | TCP_USER_TIMEOUT.
    Duration user_timeout{};
    std::uint8_t syn_retries = 5;   ///< SYNs sent again before `connect` fails | TCP_SYNCNT.
    Duration fin_wait_2_timeout{};  ///< For the peer's FIN, once the application has called close() | TCP_LINGER2.
    /// What close() does with unsent data: nothing set, or a time: it is sent in the background (a caller that wants
    /// to wait watches `Stream::unacknowledged`); zero: the connection is reset | SO_LINGER.
    std::optional<Duration> linger{};
    /// A listener takes a connection only once its data has come; after this time also without | TCP_DEFER_ACCEPT.
    Duration defer_accept{};

    // Fast open (RFC 7413): one round trip less, for data that may arrive twice (section 6.1).
    /// A connection: the SYN asks for a cookie, or brings one and what is sent before the next `Stack::poll`; data that
    /// the server does not take goes again after the handshake | TCP_FASTOPEN_CONNECT, MSG_FASTOPEN.
    bool fast_open = false;
    /// A listener: so many connections that a cookie has opened may wait for the end of their handshake; beyond it, or
    /// with 0, handshakes are ordinary ones (section 5.1) | TCP_FASTOPEN.
    std::uint16_t fast_open_backlog = 0;

    /// The last octet of urgent data stays in the stream (RFC 6093, section 5); else it is taken out and read with
    /// `Stream::receive_urgent` | SO_OOBINLINE.
    bool urgent_inline = true;

    bool operator==(const Tuning&) const = default;
};

/// What `settings` say for a connection of which nothing is set.
[[nodiscard]] Tuning tuning_of(const Settings& settings);

}  // namespace hourglass::tcp
