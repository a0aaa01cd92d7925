#include "tcp/isn.h"

#include <array>
#include <cstring>
#include <span>

namespace hourglass::tcp {

namespace {

/// What the hash is for: the same ends give unrelated values for each purpose.
enum class Purpose : std::uint8_t { offsets = 1, port = 2 };

/// Hashes both ends: IPv4 addresses as four octets, which is three rounds less. The length tells the families apart.
template <std::size_t kAddress>
std::uint64_t keyed_hash_of(const SipKey& secret, const FlowKey& flow, Purpose purpose) {
    std::array<std::byte, 2 * kAddress + 5> bytes;
    std::memcpy(bytes.data(), flow.local.octets().data() + (16 - kAddress), kAddress);
    std::memcpy(bytes.data() + kAddress, flow.remote.octets().data() + (16 - kAddress), kAddress);
    std::byte* const ports = bytes.data() + 2 * kAddress;
    wire::store_be16(ports, purpose == Purpose::port ? std::uint16_t{0} : to_number(flow.local_port));
    wire::store_be16(ports + 2, to_number(flow.remote_port));
    ports[4] = static_cast<std::byte>(purpose);
    return siphash(secret, bytes);
}

std::uint64_t keyed_hash(const SipKey& secret, const FlowKey& flow, Purpose purpose) {
    return flow.remote.is_v4() ? keyed_hash_of<4>(secret, flow, purpose) : keyed_hash_of<16>(secret, flow, purpose);
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
