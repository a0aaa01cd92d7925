#include "ip/interface_identifier.h"

#include <cstddef>
#include <span>
#include <vector>

#include "hourglass/wire/endian.h"

namespace hourglass::ip {

namespace {

constexpr std::size_t kNetworkOctets = 8;

void append(std::vector<std::byte>& out, std::string_view text) {
    // Its length goes first, so that no two inputs look alike.
    out.push_back(static_cast<std::byte>(text.size()));
    const auto octets = std::as_bytes(std::span(text));
    out.insert(out.end(), octets.begin(), octets.end());
}

}  // namespace

bool is_reserved_identifier(std::uint64_t identifier) noexcept {
    if (identifier == 0) return true;
    if (identifier >> 7 == 0xfdffffffffffff80 >> 7) return true;
    return identifier >> 24 == 0x02005efffe000000 >> 24;
}

IpAddress form_address(const Prefix& network, const IdentifierInputs& inputs, const SipKey& secret) {
    auto octets = network.address.octets();
    const auto prefix = std::as_bytes(std::span(octets)).first(kNetworkOctets);
    std::vector<std::byte> input(prefix.begin(), prefix.end());
    append(input, inputs.interface);
    append(input, inputs.network);
    input.push_back(static_cast<std::byte>(inputs.counter));
    std::uint64_t identifier = siphash(secret, input);
    while (is_reserved_identifier(identifier)) {
        input.push_back(std::byte{0});
        identifier = siphash(secret, input);
    }
    const auto out = std::as_writable_bytes(std::span(octets)).subspan(kNetworkOctets);
    wire::store_be32(out.data(), static_cast<std::uint32_t>(identifier >> 32));
    wire::store_be32(out.data() + 4, static_cast<std::uint32_t>(identifier));
    return IpAddress::v6(octets);
}

}  // namespace hourglass::ip
