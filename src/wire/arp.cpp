#include "hourglass/wire/arp.h"

#include "hourglass/wire/address_field.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/ethernet.h"

namespace hourglass::wire {

namespace {

constexpr std::uint16_t kHardwareEthernet = 1;

}  // namespace

std::expected<ArpPacket, ParseError> ArpPacket::parse(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() < 8) return std::unexpected(ParseError::truncated);
    const std::byte* p = bytes.data();
    if (load_be16(p) != kHardwareEthernet || EtherType(load_be16(p + 2)) != EtherType::ipv4)
        return std::unexpected(ParseError::bad_type);
    if (load_8(p + 4) != 6 || load_8(p + 5) != 4) return std::unexpected(ParseError::bad_length);
    if (bytes.size() < kSize) return std::unexpected(ParseError::truncated);
    ArpPacket packet;
    packet.operation = ArpOperation(load_be16(p + 6));
    packet.sender_mac = load_mac(p + 8);
    packet.sender_ip = load_v4(p + 14);
    packet.target_mac = load_mac(p + 18);
    packet.target_ip = load_v4(p + 24);
    return packet;
}

void ArpPacket::emit(std::span<std::byte> out) const noexcept {
    std::byte* p = out.data();
    store_be16(p, kHardwareEthernet);
    store_be16(p + 2, static_cast<std::uint16_t>(EtherType::ipv4));
    store_8(p + 4, 6);
    store_8(p + 5, 4);
    store_be16(p + 6, static_cast<std::uint16_t>(operation));
    store_mac(p + 8, sender_mac);
    store_v4(p + 14, sender_ip);
    store_mac(p + 18, target_mac);
    store_v4(p + 24, target_ip);
}

}  // namespace hourglass::wire
