#include "sim/pipe.h"

#include <utility>

#include "hourglass/wire/ethernet.h"

namespace hourglass::sim {

Pipe::Pipe(Fabric& fabric, Direction direction, PipeEnds ends, const Impairments& impairments, Random random)
    : fabric_(fabric),
      direction_(direction),
      ends_(std::move(ends)),
      impairments_(impairments),
      channel_(Random(random.next())),
      corruption_(random.next()) {}

void Pipe::send(Packet packet) {
    if (fabric_.observer != nullptr)
        packet.id = fabric_.observer->packet_sent(fabric_.now, hop(), packet.id, packet.bytes());
    ++counters_.sent;
    counters_.sent_bytes += packet.size();
    const Fate fate = decide(packet);
    if (fate.lost) return lose(packet, *fate.lost);
    deliver(fate, std::move(packet));
}

Fate Pipe::decide(const Packet& packet) {
    Verdict verdict;
    if (script_) verdict = script_({fabric_.now, direction_, link_->medium(), packet.bytes()}, counters_.sent);
    if (!up_) return {.lost = LossReason::down};
    const std::size_t header = link_->medium() == ip::Medium::ethernet ? wire::EthernetHeader::kSize : 0;
    if (packet.size() > link_->settings().mtu + header) return {.lost = LossReason::mtu};
    Fate fate = channel_.decide(impairments_, packet.size(), verdict, fabric_.now);
    if (fate.corrupted && link_->medium() == ip::Medium::ethernet && link_->settings().frame_check)
        fate.lost = LossReason::corrupted;
    return fate;
}

void Pipe::lose(const Packet& packet, LossReason reason) {
    ++counters_.lost[static_cast<std::size_t>(reason)];
    if (fabric_.observer != nullptr) fabric_.observer->packet_lost(fabric_.now, hop(), packet.id, reason);
}

void Pipe::deliver(const Fate& fate, Packet packet) {
    if (fate.reordered) ++counters_.reordered;
    if (fate.second_arrival) {
        ++counters_.duplicated;
        if (fabric_.observer != nullptr) fabric_.observer->packet_duplicated(fabric_.now, hop(), packet.id);
        fabric_.queue.add(*fate.second_arrival, Arrival{this, copy_of(packet, *fabric_.pool)});
    }
    if (fate.corrupted) {
        ++counters_.corrupted;
        if (fabric_.observer != nullptr) fabric_.observer->packet_corrupted(fabric_.now, hop(), packet.id);
        packet = corrupted_copy(packet);
    }
    fabric_.queue.add(fate.arrival, Arrival{this, std::move(packet)});
}

// A copy, because the sender may still hold the bytes to send them again.
Packet Pipe::corrupted_copy(const Packet& packet) {
    Packet copy = copy_of(packet, *fabric_.pool);
    const auto bytes = copy.bytes();
    if (bytes.empty()) return copy;
    const std::uint64_t most = impairments_.corrupt_bits == 0 ? 1 : impairments_.corrupt_bits;
    for (std::uint64_t left = 1 + corruption_.below(most); left > 0; --left) {
        const std::uint64_t bit = corruption_.below(bytes.size() * 8);
        bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    }
    return copy;
}

void Pipe::arrive(Packet packet) {
    ++counters_.arrived;
    counters_.arrived_bytes += packet.size();
    if (fabric_.observer != nullptr) fabric_.observer->packet_arrived(fabric_.now, hop(), packet.id, packet.bytes());
    ends_.receiver->receive(std::move(packet));
}

Packet copy_of(const Packet& packet, BufferPool& pool) {
    Packet copy = pool.packet(packet.bytes());
    copy.id = packet.id;
    copy.offload = packet.offload;
    return copy;
}

}  // namespace hourglass::sim
