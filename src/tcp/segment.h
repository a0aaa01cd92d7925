#pragma once

#include <cstdint>

#include "hourglass/base/buffer.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::tcp {

/// A segment that has arrived, under RFC 9293's names (section 3.3.1, "current segment variables"). Trimming moves
/// `seq`, `data_offset`, `data_size` and `fin`; `view` stays what was on the wire.
struct Segment {
    const Packet* packet;
    wire::TcpView view;
    wire::TcpOptions options;
    FlowKey flow;  ///< As this host sees it: local is the segment's destination.
    std::uint32_t flow_hash = 0;

    Seq seq, ack;
    wire::TcpFlags flags;
    std::uint32_t wnd = 0;  ///< SEG.WND as in the header; to be scaled.
    std::uint32_t data_offset = 0;
    std::uint32_t data_size = 0;
    bool fin = false;

    /// SEG.LEN: data, SYN and FIN.
    [[nodiscard]] std::uint32_t length() const { return data_size + (flags.syn() ? 1 : 0) + (fin ? 1 : 0); }
    [[nodiscard]] Slice data() const { return packet->slice(data_offset, data_size); }
    /// Drops `n` octets of sequence space in front, the SYN first.
    void trim_front(std::uint32_t n) {
        seq += n;
        if (n > 0 && flags.syn()) {
            flags.value &= static_cast<std::uint16_t>(~wire::TcpFlags::kSyn);
            --n;
        }
        data_offset += n;
        data_size -= n;
    }
    /// Keeps the first `n` octets of data; what is cut off takes the FIN with it.
    void trim_back(std::uint32_t n) {
        data_size = n;
        fin = false;
    }
};

}  // namespace hourglass::tcp
