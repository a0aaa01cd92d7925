#pragma once

#include <map>
#include <memory>

#include "hourglass/socket/sockets.h"
#include "socket/object.h"

namespace hourglass::socket {

class TcpSocket;

/// The descriptors, and what sockets need to know of each other.
class Sockets::Table {
  public:
    Table(ip::Host& machine, const Limits& given) : host(machine), limits(given), lowest_free_(given.first) {}

    [[nodiscard]] Object* find(Descriptor d) const;
    /// EBADF, or ENOTSOCK.
    [[nodiscard]] Result<Socket*> socket(Descriptor d) const;
    /// EMFILE, or EBADF when the number that is asked for is taken.
    Result<void> check_room(Descriptor as, std::size_t more = 1) const;
    Descriptor add(std::shared_ptr<Object> object, Descriptor as);
    /// Takes it out; null when there is none.
    std::shared_ptr<Object> remove(Descriptor d);

    /// Whether `self` may not have `local` (bind(2), socket(7) on SO_REUSEADDR and SO_REUSEPORT).
    [[nodiscard]] bool is_taken(const TcpSocket& self, const SocketAddress& local) const;
    /// A free port for bind() with port zero (RFC 6056, section 3.3.2).
    [[nodiscard]] Result<Port> choose_port(const TcpSocket& self, const IpAddress& address);

    ip::Host& host;
    const Limits limits;
    std::map<Descriptor, std::shared_ptr<Object>> open;

  private:
    Descriptor lowest_free_;
    std::uint64_t port_draws_ = 0;
};

}  // namespace hourglass::socket
