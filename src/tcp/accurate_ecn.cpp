#include "tcp/accurate_ecn.h"

#include "hourglass/wire/endian.h"

namespace hourglass::tcp {

namespace {

constexpr std::uint32_t kModulus = 1 << 24;
constexpr std::size_t kCounterSize = 3;
constexpr std::uint32_t kMaxAce = 7;

std::uint32_t read_counter(std::span<const std::byte> data, std::size_t i) {
    const std::byte* p = data.data() + i * kCounterSize;
    return static_cast<std::uint32_t>(wire::load_8(p)) << 16 | wire::load_be16(p + 1);
}

void put_counter(std::byte* p, std::uint32_t value) {
    wire::store_8(p, static_cast<std::uint8_t>(value >> 16));
    wire::store_be16(p + 1, static_cast<std::uint16_t>(value & 0xffff));
}

}  // namespace

void accurate_ecn_option::emit(std::span<std::byte> out, const EcnOctets& counts, bool ect1_in_use) {
    const bool full = out.size() >= kMaxSize;
    const auto kind = ect1_in_use ? wire::TcpOptionKind::accurate_ecn1 : wire::TcpOptionKind::accurate_ecn0;
    std::byte* p = out.data();
    if (full) wire::store_8(p++, static_cast<std::uint8_t>(wire::TcpOptionKind::no_operation));
    wire::store_8(p++, static_cast<std::uint8_t>(kind));
    wire::store_8(p++, full ? 11 : 8);
    put_counter(p, ect1_in_use ? counts.ect1 : counts.ect0);
    put_counter(p + kCounterSize, counts.ce);
    if (full) put_counter(p + 2 * kCounterSize, ect1_in_use ? counts.ect0 : counts.ect1);
}

std::optional<EcnOctets> accurate_ecn_option::read(const wire::TcpOptionList& options, const EcnOctets& known) {
    for (const wire::TcpRawOption& option : options) {
        const bool order1 = option.kind == wire::TcpOptionKind::accurate_ecn1;
        if (!order1 && option.kind != wire::TcpOptionKind::accurate_ecn0) continue;
        const std::size_t counters = option.data.size() / kCounterSize;
        if (option.data.size() % kCounterSize != 0 || counters > 3) return std::nullopt;
        EcnOctets told = known;
        if (counters > 0) (order1 ? told.ect1 : told.ect0) = read_counter(option.data, 0);
        if (counters > 1) told.ce = read_counter(option.data, 1);
        if (counters > 2) (order1 ? told.ect0 : told.ect1) = read_counter(option.data, 2);
        return told;
    }
    return std::nullopt;
}

std::uint32_t marked_segments(std::uint32_t delta, std::uint32_t segments, std::optional<std::uint32_t> octets,
                              std::uint32_t mss, bool few_acks) {
    if (segments <= kMaxAce) return delta;
    const std::uint32_t most = segments - ((segments - delta) & kMaxAce);
    if (!octets) return few_acks ? delta : most;
    // As many segments as `delta` says can't have carried more than this.
    const std::uint32_t marked = *octets % kModulus;
    return marked <= delta * mss ? delta : most;
}

}  // namespace hourglass::tcp
