#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/ip/host.h"

namespace hourglass::ip {

/// What an address means to this host.
enum class AddressKind : std::uint8_t {
    unicast,
    loopback,
    broadcast,
    multicast,
    foreign,  ///< Another host's: never in the table.
};

/// An address that this host answers to.
struct LocalAddress {
    IpAddress address;
    AddressKind kind = AddressKind::unicast;
    InterfaceId interface {};
};

/// The addresses of a host: its own, its links' broadcasts and its groups. One lookup says what an address means; it is
/// done for source and destination of every datagram. Open addressing at most half full; what is in it is configured,
/// so nobody outside can make it slow.
class AddressTable {
  public:
    /// The first meaning of an address stays.
    void add(const LocalAddress& entry) {
        if (find(entry.address) != nullptr) return;
        entries_.push_back(entry);
        if (entries_.size() * 2 > slots_.size()) {
            slots_.assign(slots_.size() * 2, 0);
            for (std::uint32_t i = 0; i < entries_.size(); ++i) place(i);
        } else {
            place(static_cast<std::uint32_t>(entries_.size() - 1));
        }
    }
    [[nodiscard]] const LocalAddress* find(const IpAddress& address) const noexcept {
        for (std::size_t i = home(address);; i = (i + 1) & (slots_.size() - 1)) {
            if (slots_[i] == 0) return nullptr;
            const LocalAddress& entry = entries_[slots_[i] - 1];
            if (entry.address == address) return &entry;
        }
    }
    [[nodiscard]] bool is_unicast(const IpAddress& address) const noexcept {
        const LocalAddress* entry = find(address);
        return entry != nullptr && (entry->kind == AddressKind::unicast || entry->kind == AddressKind::loopback);
    }
    /// In the order in which they were added.
    [[nodiscard]] const std::vector<LocalAddress>& entries() const noexcept { return entries_; }

  private:
    [[nodiscard]] std::size_t home(const IpAddress& address) const noexcept {
        std::uint64_t high, low;
        std::memcpy(&high, address.octets().data(), 8);
        std::memcpy(&low, address.octets().data() + 8, 8);
        const std::uint64_t mixed = (high * 0x9e3779b97f4a7c15 ^ low) * 0xd6e8feb86659fd93;
        return static_cast<std::size_t>(mixed >> 32) & (slots_.size() - 1);
    }
    void place(std::uint32_t index) {
        std::size_t i = home(entries_[index].address);
        while (slots_[i] != 0) i = (i + 1) & (slots_.size() - 1);
        slots_[i] = index + 1;
    }

    std::vector<LocalAddress> entries_;
    std::vector<std::uint32_t> slots_ = std::vector<std::uint32_t>(16);  // Index + 1; 0 is free.
};

}  // namespace hourglass::ip
