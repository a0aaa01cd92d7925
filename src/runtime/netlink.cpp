#include "runtime/netlink.h"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace hourglass::runtime {

void NetlinkRequest::append(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

void NetlinkRequest::add(std::uint16_t type, std::span<const std::byte> value) {
    const std::size_t begin = begin_nested(type);
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    end_nested(begin);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

void NetlinkRequest::add(std::uint16_t type, std::string_view text) {
    add(type, std::as_bytes(std::span(text.data(), text.size())));
}

std::size_t NetlinkRequest::begin_nested(std::uint16_t type) {
    const std::size_t begin = bytes_.size();
    rtattr attribute{};
    attribute.rta_type = type;
    append(std::as_bytes(std::span(&attribute, 1)));
    return begin;
}

void NetlinkRequest::end_nested(std::size_t begin) {
    const auto length = static_cast<unsigned short>(bytes_.size() - begin);
    std::memcpy(bytes_.data() + begin + offsetof(rtattr, rta_len), &length, sizeof length);
}

int NetlinkRequest::perform() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
    const int descriptor = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (descriptor < 0) return errno;
    int error = 0;
    alignas(nlmsghdr) std::array<std::byte, 4096> answer;
    ssize_t n = ::send(descriptor, bytes_.data(), bytes_.size(), 0);
    if (n >= 0) n = ::recv(descriptor, answer.data(), answer.size(), 0);
    if (n < 0) {
        error = errno;
    } else {
        nlmsghdr header{};
        nlmsgerr result{};
        if (static_cast<std::size_t>(n) < NLMSG_LENGTH(sizeof result)) {
            error = EPROTO;
        } else {
            std::memcpy(&header, answer.data(), sizeof header);
            std::memcpy(&result, answer.data() + NLMSG_HDRLEN, sizeof result);
            error = header.nlmsg_type == NLMSG_ERROR ? -result.error : EPROTO;
        }
    }
    ::close(descriptor);
    return error;
}

}  // namespace hourglass::runtime
