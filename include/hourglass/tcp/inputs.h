#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "hourglass/tcp/event.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::tcp {

/// The calls on a Stream that change something and take at most a number.
enum class StreamCall : std::uint8_t {
    send,              ///< The size of what is given.
    send_urgent,       ///< The same.
    receive,           ///< Bytes wanted, by `receive` or `receive_slice`, and bytes taken.
    receive_urgent,    ///< 1: peek.
    want_writable,     //
    shutdown,          //
    shutdown_receive,  //
    close,             //
    abort,             //
    set_handler,       ///< 0: none.
    set_no_delay,      ///< 0 or 1.
    set_keepalive,     ///< 0 or 1.
    take_error,        //
};
inline constexpr std::uint8_t kStreamCalls = 13;

inline constexpr std::uint8_t kNotices = 7;

/// Is told of all that enters a stack, before the stack acts on it. A stack is a function of its settings, its secret
/// and these calls: another one that is given the same in the same order does the same (docs/record.md). What happens
/// inside a call is told between that call and the next: answers of the network layer, and the application's callbacks,
/// each with the calls that the application makes in it.
/// Called from inside the stack: it may write down, and must not call back. The views are valid during the call.
class InputTap {
  public:
    virtual ~InputTap() = default;

    /// What the stack was made of, and the number of its next packet; told once, when the tap is set.
    virtual void attached(const Settings& settings, const SipKey& secret, std::uint64_t next_packet_id) = 0;

    // --- From below

    /// `Stack::receive`. `checksum_is_right` is the verdict of whoever verified it; true when nobody needed to.
    virtual void segment_arrived(const Packet& segment, const IpAddress& source, const IpAddress& destination,
                                 Instant now, bool checksum_is_right) = 0;
    virtual void unreachable_told(const FlowKey& flow, Seq seq, bool hard, Error told) = 0;
    virtual void path_mtu_told(const FlowKey& flow, Seq seq, std::uint32_t mtu) = 0;
    /// The answer of `Network::path_to`.
    virtual void path_answered(const IpAddress& destination, const IpAddress& source,
                               const std::optional<Path>& answer) = 0;

    // --- Time

    virtual void polled(Instant now) = 0;
    virtual void advanced(Instant now) = 0;

    // --- From above

    virtual void connect_called(const SocketAddress& remote, const ConnectOptions& options) = 0;
    virtual void listen_called(const SocketAddress& local, const ListenOptions& options) = 0;
    virtual void stream_called(StreamCall call, HandleId stream, std::uint64_t argument, std::uint64_t result) = 0;
    virtual void stream_tuned(HandleId stream, const Tuning& tuning) = 0;
    virtual void accept_called(HandleId listener, bool with_handler) = 0;
    virtual void listener_tuned(HandleId listener, const Tuning& tuning) = 0;
    virtual void listener_closed(HandleId listener) = 0;

    /// The application is about to be called, with `error` where the notice has one; what it calls follows.
    virtual void notice_begins(Notice notice, HandleId handle, Error error) = 0;
    virtual void notice_ends() = 0;

    // --- What came of it

    /// A segment is about to be handed to the network: its header with a checksum field of zero, and the size of what
    /// follows it. No input: what a replay compares.
    virtual void segment_left(const FlowKey& flow, std::span<const std::byte> header, std::size_t payload) = 0;
};

}  // namespace hourglass::tcp
