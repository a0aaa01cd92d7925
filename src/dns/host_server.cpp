#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "hourglass/dns/over_host.h"

namespace hourglass::dns {

class HostServer::Acceptor : public tcp::AcceptHandler {
  public:
    explicit Acceptor(HostServer& server) : server_(server) {}
    void on_acceptable(tcp::Listener listener) override { server_.accept(listener); }

  private:
    HostServer& server_;
};

/// A client over TCP: any number of queries, answered in order (RFC 7766, section 6.2.1). It reads no further query
/// while an answer waits for room, so that a client that does not read costs one answer of memory.
class HostServer::Connection : public tcp::ConnectionHandler {
  public:
    Connection(HostServer& server, tcp::Stream stream)
        : server_(server), stream_(stream), deadline_(server.host_.now() + server.settings_.idle_timeout) {
        stream_.set_handler(this);
    }
    ~Connection() override {
        stream_.set_handler(nullptr);
        stream_.close();
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void on_readable(tcp::Stream) override { serve(); }
    void on_writable(tcp::Stream) override { serve(); }
    void on_closed(tcp::Stream, tcp::Error) override { deadline_ = Instant::min(); }

    void serve() {
        while (flush() && answer_next()) {
        }
        if (output_.empty() && input_.empty() && stream_.at_end()) deadline_ = Instant::min();
    }

    /// When to close: at once when the client has closed, else when it has been idle for too long.
    [[nodiscard]] Instant deadline() const { return deadline_; }

  private:
    /// Sends what waits; true when nothing is left.
    bool flush() {
        const std::size_t n = stream_.send(output_);
        output_.erase(output_.begin(), output_.begin() + static_cast<std::ptrdiff_t>(n));
        return output_.empty();
    }

    /// Takes the next bytes off the stream, up to the end of a query; false when there are none.
    bool answer_next() {
        if (input_.empty()) input_ = stream_.receive_slice(kChunk);
        if (input_.empty()) return false;
        auto bytes = input_.bytes();
        const auto query = framer_.take(bytes);
        input_.remove_prefix(input_.size() - bytes.size());
        if (!query) return true;
        const auto response = server_.server_.answer(*query, Transport::tcp);
        if (!response.empty()) output_ = tcp_framed(response);
        deadline_ = server_.host_.now() + server_.settings_.idle_timeout;
        return true;
    }

    static constexpr std::size_t kChunk = 4096;

    HostServer& server_;
    tcp::Stream stream_;
    Slice input_;  ///< Taken off the stream and not yet through the framer.
    TcpFramer framer_;
    std::vector<std::byte> output_;
    Instant deadline_;
};

HostServer::HostServer(ip::Host& host, std::vector<Zone> zones, const HostServerSettings& settings)
    : host_(host),
      server_(std::move(zones), settings.server),
      settings_(settings),
      acceptor_(std::make_unique<Acceptor>(*this)) {
    poller_ = host_.add_poller([this](Instant now) { poll(now); }, [this] { return next_deadline(); });
}

HostServer::~HostServer() {
    host_.remove_poller(poller_);
    for (const udp::SocketId socket : sockets_) host_.udp().close(socket);
    for (tcp::Listener& listener : listeners_) listener.close();
}

std::expected<void, std::string> HostServer::listen(SocketAddress local) {
    const auto socket = host_.udp().open(
        local, [this](udp::SocketId id, SocketAddress from, SocketAddress, std::span<const std::byte> bytes, Instant) {
            const auto response = server_.answer(bytes, Transport::udp);
            // What cannot be sent is lost, as the network may lose it; the client asks again.
            if (!response.empty()) static_cast<void>(host_.udp().send(id, from, response));
        });
    if (!socket)
        return std::unexpected(
            fmt::format("cannot open UDP {}: {}", local.to_string(), udp::to_string(socket.error())));
    const auto listener = host_.tcp().listen(local, {.handler = acceptor_.get()});
    if (!listener) {
        host_.udp().close(*socket);
        return std::unexpected(
            fmt::format("cannot listen on TCP {}: {}", local.to_string(), tcp::to_string(listener.error())));
    }
    sockets_.push_back(*socket);
    listeners_.push_back(*listener);
    return {};
}

void HostServer::accept(tcp::Listener listener) {
    while (auto stream = listener.accept()) {
        if (connections_.size() >= settings_.max_connections) {
            stream->abort();
            continue;
        }
        const auto at = connections_.emplace(next_connection_++, std::make_unique<Connection>(*this, *stream)).first;
        at->second->serve();
    }
}

void HostServer::poll(Instant now) {
    std::erase_if(connections_, [now](const auto& entry) { return entry.second->deadline() <= now; });
}

Instant HostServer::next_deadline() const {
    Instant earliest = kNever;
    for (const auto& [id, connection] : connections_) earliest = std::min(earliest, connection->deadline());
    return earliest;
}

}  // namespace hourglass::dns
