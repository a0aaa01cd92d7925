#include "hourglass/wire/icmpv6.h"

namespace hourglass::wire {

void Icmpv6Header::emit_message(std::span<std::byte> out, std::span<const std::byte> body, const IpAddress& source,
                                const IpAddress& destination) const noexcept {
    emit(out);
    const PartialSum sum = pseudo_header_sum(source, destination, IpProtocol::icmpv6, kSize + body.size()) +
                           partial_sum(out.first(kSize)) + copy_and_sum(out.subspan(kSize), body);
    store_be16(out.data() + kChecksumOffset, wire::checksum(sum));
}

std::span<const std::byte> Icmpv6View::quoted() const noexcept {
    const bool may_be_extended = type() == Icmpv6Type::destination_unreachable || type() == Icmpv6Type::time_exceeded;
    // RFC 4884, section 4.2: the length of the quoted packet in words of 64 bits, zero without extensions.
    const std::size_t length = may_be_extended ? load_8(message_.data() + 4) * std::size_t{8} : 0;
    return length != 0 && length < body().size() ? body().first(length) : body();
}

}  // namespace hourglass::wire
