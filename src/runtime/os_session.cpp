#include "runtime/os_session.h"

#include "runtime/serving_turn.h"

namespace hourglass::runtime {

OsSession::OsSession(http::detail::SessionTable& table, OsLoop& loop, ServingTurn& turn, int socket,
                     const SocketAddress& client, const Gone& gone)
    : ServerSession(table, stream_, client),
      turn_(turn),
      gone_(gone),
      stream_(loop, socket, client, *this, OsStream::Unwatched()) {}

OsSession::~OsSession() { turn_.forget(*this); }

void OsSession::start() {
    pump();
    if (!has_sent()) stream_.acknowledge_at_once();
    stream_.watch();
}

std::size_t OsSession::read_ahead(std::span<std::byte> room) {
    if (!wants_input()) return 0;
    const auto bytes = room.first(stream_.receive_into(room));
    has_read_ahead(bytes);
    return bytes.size();
}

void OsSession::on_ready() { turn_.add(*this); }

}  // namespace hourglass::runtime
