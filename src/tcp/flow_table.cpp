#include "tcp/flow_table.h"

#include <cstring>

namespace hourglass::tcp {

namespace {

std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint32_t hash_flow(const SipKey& key, const FlowKey& flow) noexcept {
    std::uint64_t words[4];
    std::memcpy(words, flow.local.octets().data(), 16);
    std::memcpy(words + 2, flow.remote.octets().data(), 16);
    const std::uint64_t ports =
        static_cast<std::uint64_t>(to_number(flow.local_port)) << 16 | to_number(flow.remote_port);
    std::uint64_t h = fold(words[0] ^ key.k0, words[1] ^ key.k1 ^ 0xa0761d6478bd642f);
    h ^= fold(words[2] ^ key.k1, words[3] ^ key.k0 ^ 0xe7037ed1a0b428db);
    h = fold(h ^ ports ^ key.k0, key.k1 ^ 0x8ebc6af09c88c6e3);
    return static_cast<std::uint32_t>(h ^ (h >> 32));
}

void FlowTable::insert(std::uint32_t hash, FlowEntry entry) {
    if ((size_ + 1) * 2 > cells_.size()) grow();
    std::size_t i = hash & mask();
    while (cells_[i].entry != kEmpty) i = (i + 1) & mask();
    cells_[i] = {hash, pack(entry)};
    ++size_;
}

std::size_t FlowTable::locate(std::uint32_t hash, FlowEntry entry) const {
    std::size_t i = hash & mask();
    while (cells_[i].entry != pack(entry)) i = (i + 1) & mask();
    return i;
}

void FlowTable::erase(std::uint32_t hash, FlowEntry entry) {
    // Backward shift: entries behind the hole move up unless that would put them before their own place.
    std::size_t hole = locate(hash, entry);
    for (std::size_t i = (hole + 1) & mask(); cells_[i].entry != kEmpty; i = (i + 1) & mask()) {
        const std::size_t home = cells_[i].hash & mask();
        if (((i - home) & mask()) >= ((i - hole) & mask())) {
            cells_[hole] = cells_[i];
            hole = i;
        }
    }
    cells_[hole] = {};
    --size_;
}

void FlowTable::grow() {
    std::vector<Cell> old(cells_.size() * 2);
    old.swap(cells_);
    size_ = 0;
    for (const Cell& cell : old)
        if (cell.entry != kEmpty) insert(cell.hash, unpack(cell.entry));
}

}  // namespace hourglass::tcp
