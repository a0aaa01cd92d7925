#pragma once

#include <cstdint>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/ip/host.h"
#include "ip/address_words.h"

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
    bool deprecated = false;  ///< Not to be chosen as a source when there is another (RFC 4862, section 5.5.4).
    std::uint32_t uses = 1;   ///< Times that it was added: a group has as many as addresses that listen to it.
};

/// The addresses of a host: its own, its links' broadcasts and its groups. One lookup says what an address means; it is
/// done for source and destination of every datagram. Open addressing at most half full; what is in it is configured,
/// or comes from routers within a limit, so nobody outside can make it slow.
class AddressTable {
  public:
    /// The first meaning of an address stays.
    void add(const LocalAddress& entry) {
        if (LocalAddress* known = find_entry(entry.address); known != nullptr) {
            ++known->uses;
            return;
        }
        entries_.push_back(entry);
        if (entries_.size() * 2 > slots_.size()) {
            slots_.assign(slots_.size() * 2, {});
            for (std::uint32_t i = 0; i < entries_.size(); ++i) place(i);
        } else {
            place(static_cast<std::uint32_t>(entries_.size() - 1));
        }
    }
    /// Takes one use back; with the last one the address goes.
    void remove(const IpAddress& address) {
        LocalAddress* known = find_entry(address);
        if (known == nullptr || --known->uses > 0) return;
        entries_.erase(entries_.begin() + (known - entries_.data()));
        slots_.assign(slots_.size(), {});
        for (std::uint32_t i = 0; i < entries_.size(); ++i) place(i);
    }
    void set_deprecated(const IpAddress& address, bool deprecated) {
        if (LocalAddress* known = find_entry(address); known != nullptr) known->deprecated = deprecated;
    }
    [[nodiscard]] const LocalAddress* find(const IpAddress& address) const noexcept {
        const AddressWords words = words_of(address);
        for (std::size_t i = home(words);; i = (i + 1) & (slots_.size() - 1)) {
            const Slot& slot = slots_[i];
            if (slot.entry == 0) return nullptr;
            if (slot.words[0] == words[0] && slot.words[1] == words[1]) return &entries_[slot.entry - 1];
        }
    }
    [[nodiscard]] bool is_unicast(const IpAddress& address) const noexcept {
        const LocalAddress* entry = find(address);
        return entry != nullptr && (entry->kind == AddressKind::unicast || entry->kind == AddressKind::loopback);
    }
    /// In the order in which they were added.
    [[nodiscard]] const std::vector<LocalAddress>& entries() const noexcept { return entries_; }

  private:
    struct Slot {
        AddressWords words{};
        std::uint32_t entry = 0;  // Index + 1; 0 is free.
    };
    [[nodiscard]] std::size_t home(const AddressWords& words) const noexcept {
        const std::uint64_t mixed = (words[0] * 0x9e3779b97f4a7c15 ^ words[1]) * 0xd6e8feb86659fd93;
        return static_cast<std::size_t>(mixed >> 32) & (slots_.size() - 1);
    }
    [[nodiscard]] LocalAddress* find_entry(const IpAddress& address) noexcept {
        const LocalAddress* found = find(address);
        return found == nullptr ? nullptr : &entries_[static_cast<std::size_t>(found - entries_.data())];
    }
    void place(std::uint32_t index) {
        const AddressWords words = words_of(entries_[index].address);
        std::size_t i = home(words);
        while (slots_[i].entry != 0) i = (i + 1) & (slots_.size() - 1);
        slots_[i] = {words, index + 1};
    }

    std::vector<LocalAddress> entries_;
    std::vector<Slot> slots_ = std::vector<Slot>(16);
};

}  // namespace hourglass::ip
