#include "dhcp/server.h"

#include <array>

namespace hourglass::dhcp::testing {

std::vector<std::byte> answer(std::span<const std::byte> request, MessageType type, const Terms& terms) {
    Header header = MessageView::parse(request)->header();
    header.reply = true;
    if (type != MessageType::nak) header.your_address = terms.address;
    MessageWriter message(header, type);
    message.address(Option::server_identifier, terms.server);
    if (type == MessageType::nak) return message.finish();
    if (terms.mask) message.address(Option::subnet_mask, *terms.mask);
    if (terms.lease) message.number(Option::lease_time, *terms.lease);
    if (terms.renewal) message.number(Option::renewal_time, *terms.renewal);
    if (terms.rebinding) message.number(Option::rebinding_time, *terms.rebinding);
    constexpr std::array mtu{std::byte{0x05}, std::byte{0x78}};
    message.address(Option::router, IpAddress::v4(10, 0, 0, 254))
        .address(Option::domain_name_server, IpAddress::v4(10, 0, 0, 53))
        .text(Option::domain_name, "example.net")
        .option(Option::interface_mtu, mtu);
    return message.finish();
}

}  // namespace hourglass::dhcp::testing
