#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"

namespace hourglass::tcp {

/// Which congestion control a connection uses.
enum class Congestion : std::uint8_t {
    new_reno,  ///< RFC 5681 with RFC 6582.
    cubic,     ///< RFC 9438.
    bbr,       ///< Version 3: draft-ietf-ccwg-bbr.
};

/// Explicit congestion notification: what a connection asks of its peer, and grants.
enum class EcnUse : std::uint8_t {
    off,       ///< Never.
    accept,    ///< When the peer asks for it (RFC 3168).
    request,   ///< Asks for it too.
    accurate,  ///< Asks for accurate feedback (RFC 9768), and grants either.
};

/// What becomes of cwnd while nothing is sent.
enum class IdleWindow : std::uint8_t {
    restart,    ///< After a timeout's silence back to the initial window (RFC 5681, section 4.1).
    validated,  ///< Kept for five minutes after half of it was last used, then halved (RFC 7661).
    kept,       ///< Kept.
};

/// When a SYN is answered with a cookie instead of a half-open entry (RFC 4987, section 3.6).
enum class SynCookies : std::uint8_t {
    off,        ///< Never: a SYN that finds the half-open queue full is dropped.
    when_full,  ///< When the listener's half-open queue or the stack's table is full.
    always,
};

/// TCP Fast Open (RFC 7413) as far as it is a matter of the whole stack. Nothing uses it unless an application asks for
/// it: `Tuning::fast_open`, `Tuning::fast_open_backlog`.
struct FastOpenSettings {
    bool client = true;  ///< Connections may ask for it.
    bool server = true;  ///< Listeners may grant it.
    /// False: a SYN has data though no cookie is known (and no option), or is believed without one. Only where no
    /// source address can be forged (RFC 7413, section 5).
    bool client_needs_cookie = true, server_needs_cookie = true;
    std::uint32_t cache = 1024;  ///< Answers of servers that are remembered: cookies, and refusals for a port each.
    /// For so long a path on which it has failed is not tried again (RFC 7413, section 4.1.3.1).
    Duration retry_after = std::chrono::hours(1);
    /// What cookies are made with. None: the stack's secret decides, with a new key each `key_lifetime`.
    std::optional<SipKey> key{};
    std::optional<SipKey> previous_key{};  ///< Cookies made with it are still good, and are replaced.
    /// A cookie is good for this long at least, twice as long at most, unless `key` is given (RFC 7413, section 4.1.2).
    Duration key_lifetime = std::chrono::hours(24);
};

/// Whether a connection finds out by itself how large its segments may be, where no router says so (RFC 4821).
enum class MtuProbing : std::uint8_t {
    off,               ///< Routers are believed, and nothing else.
    after_black_hole,  ///< Once full segments have been lost again and again without a word.
    always,            ///< From `Settings::mtu_probe_base` upwards, whatever the interface's MTU is.
};

/// What a stack may be told. The defaults are those of the RFCs; every limit bounds memory.
struct Settings {
    // Time.
    Duration msl = std::chrono::minutes(2);                ///< Maximum segment lifetime (RFC 9293, section 3.4.2).
    Duration rto_initial = std::chrono::seconds(1);        ///< RFC 6298, section 2.1.
    Duration rto_min = std::chrono::seconds(1);            ///< RFC 6298, section 2.4.
    Duration rto_max = std::chrono::seconds(60);           ///< RFC 6298, section 2.5: at least 60 s.
    Duration delayed_ack = std::chrono::milliseconds(40);  ///< Below 500 ms (RFC 9293, section 3.8.6.3).
    Duration keepalive_idle = std::chrono::hours(2);       ///< RFC 9293, section 3.8.4: no less by default.
    Duration keepalive_interval = std::chrono::seconds(75);
    Duration fin_wait_2_timeout = std::chrono::seconds(60);  ///< For a connection that its application has closed.
    Duration user_timeout{};  ///< Zero: `data_retries` decide; else as `Tuning::user_timeout`.

    // Attempts.
    std::uint8_t syn_retries = 7;       ///< SYNs sent again before an active open fails: at least 3 minutes (MUST-23).
    std::uint8_t syn_ack_retries = 5;   ///< SYN-ACKs sent again before a half-open entry goes; at most 5.
    std::uint8_t advice_retries = 3;    ///< R1: from then on IP and the application are told (SHLD-10).
    std::uint8_t data_retries = 15;     ///< Retransmissions of one segment before the connection fails (R2).
    std::uint8_t orphan_retries = 8;    ///< The same for a connection that its application has closed.
    std::uint8_t keepalive_probes = 9;  ///< Unanswered probes before the connection fails.

    // Memory.
    std::uint32_t send_buffer = 1 << 20;     ///< Bytes queued by the application and not yet acknowledged.
    std::uint32_t receive_buffer = 1 << 20;  ///< Bytes received and not yet read, out-of-order ones included.
    /// What an application may later make of the receive buffer: the window scale is chosen for the larger of the two.
    std::uint32_t receive_buffer_max = 0;
    std::uint32_t max_connections = 1 << 20;
    std::uint32_t max_half_open = 1 << 14;
    std::uint32_t max_time_wait = 1 << 17;
    std::uint16_t max_listeners = 1024;

    // Options.
    bool window_scaling = true;                 ///< RFC 7323, section 2.
    bool timestamps = true;                     ///< RFC 7323, section 3.
    bool require_timestamps = true;             ///< Drop segments that lack what was agreed (RFC 7323, section 3.2).
    bool sack = true;                           ///< Selective acknowledgements (RFC 2018).
    bool keepalive = false;                     ///< RFC 9293, section 3.8.4: MUST default to off.
    bool nagle = true;                          ///< RFC 9293, section 3.7.4.
    std::uint16_t mss_limit = 65495;            ///< Largest MSS to announce and to send, whatever the path allows.
    std::uint8_t initial_window_segments = 10;  ///< RFC 6928.
    Congestion congestion = Congestion::cubic;
    bool urgent_inline = true;  ///< RFC 6093, section 5.
    EcnUse ecn = EcnUse::accept;
    bool hystart = true;  ///< Slow start ends when round trips grow (RFC 9406); with CUBIC and NewReno.
    bool abe = true;  ///< A congestion mark takes less of the window than a loss (RFC 8511); with CUBIC and NewReno.
    bool pacing = false;                ///< Space segments at cwnd a round trip; BBR always paces.
    std::uint8_t slow_start_limit = 8;  ///< RFC 3465's L: segments by which one ACK raises cwnd; 0: no limit.
    IdleWindow idle_window = IdleWindow::restart;

    // The size of segments.
    MtuProbing mtu_probing = MtuProbing::after_black_hole;
    /// Payload of the segments that a search begins with (search_low; RFC 4821, section 7.2, has datagrams of 1,024
    /// octets); over IPv6 at least what its minimum MTU leaves.
    std::uint16_t mtu_probe_base = 1024;
    /// Payload below which repeated timeouts do not lower segments over IPv4. RFC 4821, section 7.7, would have 28,
    /// which every outage of a minute would reach; 536 is what every path is said to carry (RFC 9293, section 3.7.1).
    std::uint16_t mtu_probe_floor = 536;
    /// A search that has ended begins again after this time (RFC 4821, section 7.3; RFC 8899, section 5.1.1).
    Duration mtu_raise_interval = std::chrono::minutes(10);

    // Loss recovery.
    bool rack_tlp = true;                  ///< Losses by time and tail loss probes (RFC 8985); needs SACK.
    bool prr = true;                       ///< Proportional rate reduction (RFC 9937).
    bool frto = true;                      ///< Spurious timeouts by the acknowledgements that follow (RFC 5682).
    bool limited_transmit = true;          ///< New data for the first duplicate ACKs (RFC 3042).
    std::uint16_t max_sack_ranges = 4096;  ///< Ranges of data in flight that one connection tells apart.

    FastOpenSettings fast_open{};
    bool connect_fast = false;            ///< What `Tuning::fast_open` begins as.
    std::uint16_t fast_open_backlog = 0;  ///< What `Tuning::fast_open_backlog` begins as.

    // Answers.
    SynCookies syn_cookies = SynCookies::when_full;
    /// The first segments of a connection that are acknowledged at once each, for a sender in slow start; the
    /// application's first answer ends it.
    std::uint8_t quick_acks = 0;
    std::uint16_t challenge_acks_per_second = 100;  ///< RFC 5961, section 7.
    /// One connection answers segments that it can't use, and that carry no data, no more often than this: two ends
    /// that disagree must not keep each other busy. Zero: no such limit.
    Duration challenge_ack_interval = std::chrono::milliseconds(500);
    /// Soft ICMP errors end an attempt to open, as hard ones do: an application with other addresses to try hears
    /// sooner (RFC 5461, section 4.1, of what some stacks do). RFC 9293 forbids it (MUST-56).
    bool soft_errors_end_opening = false;
    bool time_wait_ignores_reset = true;         ///< RFC 1337, section 3, fix (F1).
    std::uint16_t first_ephemeral_port = 49152;  ///< RFC 6335, section 6.
    std::uint16_t last_ephemeral_port = 65535;
};

}  // namespace hourglass::tcp
