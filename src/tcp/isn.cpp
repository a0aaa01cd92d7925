#include "tcp/isn.h"

#include <array>
#include <cstring>
#include <span>

namespace hourglass::tcp {

namespace {

/// What the hash is for: the same ends give unrelated values for each purpose.
enum class Purpose : std::uint8_t { offsets = 1, port = 2 };

std::uint64_t keyed_hash(const SipKey& secret, const FlowKey& flow, Purpose purpose) {
    std::array<std::byte, 37> bytes;
    std::memcpy(bytes.data(), flow.local.octets().data(), 16);
    std::memcpy(bytes.data() + 16, flow.remote.octets().data(), 16);
    wire::store_be16(bytes.data() + 32, purpose == Purpose::port ? std::uint16_t{0} : to_number(flow.local_port));
    wire::store_be16(bytes.data() + 34, to_number(flow.remote_port));
    bytes[36] = static_cast<std::byte>(purpose);
    return siphash(secret, bytes);
}

}  // namespace

FlowOffsets flow_offsets(const SipKey& secret, const FlowKey& flow) {
    const std::uint64_t hash = keyed_hash(secret, flow, Purpose::offsets);
    return {static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32)};
}

std::uint32_t sequence_clock(Instant now) {
    return static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::microseconds(4));
}

std::uint32_t port_offset(const SipKey& secret, const FlowKey& flow) {
    return static_cast<std::uint32_t>(keyed_hash(secret, flow, Purpose::port));
}

}  // namespace hourglass::tcp
