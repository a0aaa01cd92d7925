#include "ip/reassembly.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"

namespace hourglass::ip {

namespace {

std::uint8_t ecn_bit(const Packet& packet) {
    const std::byte* p = std::as_const(packet).bytes().data();
    const bool v4 = wire::load_8(p) >> 4 == 4;
    const unsigned code_point = v4 ? wire::load_8(p + 1) & 3u : wire::load_be16(p) >> 4 & 3u;
    return static_cast<std::uint8_t>(1u << code_point);
}

/// RFC 3168, section 5.3: a mark on one fragment is a mark on the datagram; nothing when marks stand beside fragments
/// that are not ECN-capable.
std::optional<wire::Ecn> merge_ecn(std::uint8_t seen, wire::Ecn first) {
    constexpr std::uint8_t kNotEct = 1u << static_cast<unsigned>(wire::Ecn::not_ect);
    constexpr std::uint8_t kCe = 1u << static_cast<unsigned>(wire::Ecn::ce);
    if ((seen & kCe) == 0) return first;
    if ((seen & kNotEct) != 0) return std::nullopt;
    return wire::Ecn::ce;
}

}  // namespace

std::optional<Packet> Reassembler::add(const Fragment& fragment, Packet packet, InterfaceId interface, Instant now) {
    const bool v4 = fragment.source.is_v4();
    const Key key{fragment.source, fragment.destination, fragment.identification,
                  v4 ? fragment.protocol : wire::IpProtocol::fragment};
    const auto datagram = find_or_create(key, interface, now);
    if (datagram->condemned != nullptr) {
        ++(counters_.*datagram->condemned);
        return std::nullopt;
    }
    Piece piece{fragment.offset, fragment.more, compact(packet, fragment)};
    switch (fit(*datagram, piece)) {
        case Fit::duplicate:
            ++counters_.dropped_fragment_duplicate;
            return std::nullopt;
        case Fit::contradicts:
            ++counters_.dropped_fragment_overlap;
            condemn(*datagram, &Counters::dropped_fragment_overlap);
            return std::nullopt;
        case Fit::fits:
            break;
    }
    if (datagram->pieces.size() >= settings_.max_fragments_per_datagram) {
        ++counters_.dropped_fragment_limit;
        condemn(*datagram, &Counters::dropped_fragment_limit);
        return std::nullopt;
    }
    insert(*datagram, fragment, std::move(piece), packet);
    if (datagram->total && datagram->received == *datagram->total) {
        std::optional<Packet> whole = assemble(*datagram);
        remove(datagram);
        return whole;
    }
    make_room(*datagram);
    return std::nullopt;
}

std::optional<Reassembler::Expired> Reassembler::expire(Instant now) {
    while (next_deadline() <= now) {
        const auto oldest = datagrams_.begin();
        const bool condemned = oldest->condemned != nullptr;
        Expired expired{oldest->interface, std::move(oldest->first)};
        remove(oldest);
        if (condemned) continue;
        ++counters_.dropped_reassembly_timeout;
        return expired;
    }
    return std::nullopt;
}

Reassembler::Datagrams::iterator Reassembler::find_or_create(const Key& key, InterfaceId interface, Instant now) {
    const auto found = index_.find(key);
    if (found != index_.end()) return found->second;
    Datagram fresh;
    fresh.key = key;
    fresh.interface = interface;
    fresh.deadline = now + settings_.timeout;
    bytes_ += fresh.bytes;
    const auto datagram = datagrams_.insert(datagrams_.end(), std::move(fresh));
    index_.emplace(key, datagram);
    make_room(*datagram);
    return datagram;
}

Reassembler::Fit Reassembler::fit(const Datagram& datagram, const Piece& piece) {
    if (datagram.total && (piece.more ? piece.end() >= *datagram.total : piece.end() != *datagram.total))
        return Fit::contradicts;
    if (!piece.more && !datagram.pieces.empty() && datagram.pieces.back().end() > piece.end()) return Fit::contradicts;
    const auto next = std::ranges::lower_bound(datagram.pieces, piece.offset, {}, &Piece::offset);
    if (next != datagram.pieces.end() && next->offset == piece.offset && next->more == piece.more &&
        std::ranges::equal(next->data.bytes(), piece.data.bytes()))
        return Fit::duplicate;
    if (next != datagram.pieces.end() && next->offset < piece.end()) return Fit::contradicts;
    if (next != datagram.pieces.begin() && std::prev(next)->end() > piece.offset) return Fit::contradicts;
    return Fit::fits;
}

/// The fragment's data, in a small buffer if it would hold on to a large one.
Slice Reassembler::compact(const Packet& packet, const Fragment& fragment) {
    const std::size_t size = packet.size() - fragment.data_begin;
    Slice shared = packet.slice(fragment.data_begin, size);
    if (shared.held_memory() <= BufferPool::kSmall || shared.held_memory() < 4 * size) return shared;
    return pool_.slice(shared.bytes());
}

void Reassembler::insert(Datagram& datagram, const Fragment& fragment, Piece piece, const Packet& packet) {
    std::size_t held = piece.data.held_memory();
    if (fragment.offset == 0) {
        datagram.first = packet.slice(0, packet.size());
        datagram.protocol = fragment.protocol;
        held = std::max(held, datagram.first.held_memory());
    }
    datagram.ecn_seen |= ecn_bit(packet);
    if (!piece.more) datagram.total = piece.end();
    datagram.received += static_cast<std::uint32_t>(piece.data.size());
    datagram.bytes += held;
    bytes_ += held;
    const auto at = std::ranges::lower_bound(datagram.pieces, piece.offset, {}, &Piece::offset);
    datagram.pieces.insert(at, std::move(piece));
}

void Reassembler::condemn(Datagram& datagram, std::uint64_t Counters::*reason) {
    counters_.*reason += datagram.pieces.size();
    datagram.condemned = reason;
    datagram.pieces.clear();
    datagram.pieces.shrink_to_fit();
    datagram.first = {};
    bytes_ -= datagram.bytes - kOverhead;
    datagram.bytes = kOverhead;
}

void Reassembler::make_room(Datagram& filling) {
    while (bytes_ > settings_.max_bytes && &datagrams_.front() != &filling) {
        counters_.dropped_fragment_limit += datagrams_.front().pieces.size();
        remove(datagrams_.begin());
    }
    if (bytes_ > settings_.max_bytes) condemn(filling, &Counters::dropped_fragment_limit);
}

void Reassembler::remove(Datagrams::iterator datagram) {
    bytes_ -= datagram->bytes;
    index_.erase(datagram->key);
    datagrams_.erase(datagram);
}

std::optional<Packet> Reassembler::assemble(const Datagram& datagram) {
    const std::span<const std::byte> first = datagram.first.bytes();
    const auto total = static_cast<std::uint16_t>(*datagram.total);
    Packet whole = pool_.packet(std::size_t{total} + wire::Ipv6Header::kSize);
    if (datagram.key.source.is_v4()) {
        wire::Ipv4Header header = wire::Ipv4View::parse_quoted(first)->header();
        const auto ecn = merge_ecn(datagram.ecn_seen, header.ecn);
        if (!ecn) {
            ++counters_.malformed_ipv4[static_cast<std::size_t>(wire::ParseError::bad_option)];
            return std::nullopt;
        }
        header.ecn = *ecn;
        header.more_fragments = false;
        header.dont_fragment = false;
        header.payload_length = total;
        header.emit(whole.append(wire::Ipv4Header::kSize));
    } else {
        wire::Ipv6Header header = wire::Ipv6View::parse_quoted(first)->header();
        const auto ecn = merge_ecn(datagram.ecn_seen, header.ecn);
        if (!ecn) {
            ++counters_.malformed_ipv6[static_cast<std::size_t>(wire::ParseError::bad_option)];
            return std::nullopt;
        }
        header.ecn = *ecn;
        header.next_header = datagram.protocol;
        header.payload_length = total;
        header.emit(whole.append(wire::Ipv6Header::kSize));
    }
    for (const Piece& piece : datagram.pieces) {
        const std::span<const std::byte> data = piece.data.bytes();
        std::memcpy(whole.append(data.size()).data(), data.data(), data.size());
    }
    ++counters_.reassembled;
    return whole;
}

}  // namespace hourglass::ip
