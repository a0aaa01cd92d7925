#include "hourglass/wire/icmp.h"

namespace hourglass::wire {

void IcmpHeader::emit_message(std::span<std::byte> out, std::span<const std::byte> body) const noexcept {
    emit(out);
    const PartialSum sum = partial_sum(out.first(kSize)) + copy_and_sum(out.subspan(kSize), body);
    store_be16(out.data() + kChecksumOffset, wire::checksum(sum));
}

bool IcmpView::is_error() const noexcept {
    switch (type()) {
        case IcmpType::destination_unreachable:
        case IcmpType::source_quench:
        case IcmpType::redirect:
        case IcmpType::time_exceeded:
        case IcmpType::parameter_problem:
            return true;
        case IcmpType::echo_reply:
        case IcmpType::echo_request:
            return false;
    }
    return false;
}

std::span<const std::byte> IcmpView::quoted() const noexcept {
    const bool may_be_extended = type() == IcmpType::destination_unreachable || type() == IcmpType::time_exceeded ||
                                 type() == IcmpType::parameter_problem;
    // RFC 4884, section 4.1: the length of the quoted datagram in words of 32 bits, zero without extensions.
    const std::size_t length = may_be_extended ? load_8(message_.data() + 5) * std::size_t{4} : 0;
    return length != 0 && length < body().size() ? body().first(length) : body();
}

}  // namespace hourglass::wire
