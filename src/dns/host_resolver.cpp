#include <array>
#include <utility>

#include "hourglass/dns/over_host.h"

namespace hourglass::dns {

namespace {

/// A key of the resolver's own, so that what it draws tells nothing of the host's other secrets.
SipKey derive_key(const SipKey& secret) {
    const auto word = [&](std::string_view label) { return siphash(secret, std::as_bytes(std::span(label))); };
    return {word("dns resolver 0"), word("dns resolver 1")};
}

IpAddress any_address_like(const IpAddress& address) { return address.is_v4() ? IpAddress::v4(0) : IpAddress(); }

}  // namespace

/// One question over TCP. It is taken down by `release`, never from inside one of its own calls.
class HostResolver::Exchange : public tcp::ConnectionHandler {
  public:
    Exchange(HostResolver& resolver, TcpRequest request, tcp::Stream stream)
        : resolver_(resolver), request_(std::move(request)), stream_(stream) {
        stream_.set_handler(this);
        on_writable(stream_);
    }
    ~Exchange() override {
        stream_.set_handler(nullptr);
        stream_.close();
    }
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    void on_established(tcp::Stream stream) override { on_writable(stream); }
    void on_writable(tcp::Stream stream) override {
        sent_ += stream.send(std::span<const std::byte>(request_.bytes).subspan(sent_));
    }
    void on_readable(tcp::Stream stream) override {
        std::array<std::byte, 2048> buffer;
        while (const std::size_t n = stream.receive(buffer))
            resolver_.stub_.receive_tcp(request_.exchange, std::span(buffer).first(n), resolver_.host_.now());
        if (stream.at_end()) resolver_.stub_.tcp_failed(request_.exchange, resolver_.host_.now());
        resolver_.pending_ = true;
    }
    void on_closed(tcp::Stream, tcp::Error) override {
        resolver_.stub_.tcp_failed(request_.exchange, resolver_.host_.now());
        resolver_.pending_ = true;
    }

  private:
    HostResolver& resolver_;
    TcpRequest request_;
    tcp::Stream stream_;
    std::size_t sent_ = 0;
};

HostResolver::HostResolver(ip::Host& host, ResolverSettings settings, HostsFile hosts)
    : host_(host), stub_(std::move(settings), std::move(hosts), derive_key(host.settings().secret)) {
    poller_ = host_.add_poller([this](Instant now) { poll(now); }, [this] { return next_deadline(); });
}

HostResolver::~HostResolver() {
    host_.remove_poller(poller_);
    for (const auto& [port, socket] : sockets_) host_.udp().close(socket);
}

QueryId HostResolver::resolve(std::string_view name, Families families, Handler handler) {
    const QueryId id{next_question_++};
    questions_.emplace(id, Question{std::string(name), families, std::move(handler), std::nullopt});
    unasked_.push_back(id);
    pending_ = true;
    return id;
}

void HostResolver::cancel(QueryId query) {
    const auto question = questions_.extract(query);
    if (question && question.mapped().asked) {
        stub_.cancel(*question.mapped().asked);
        ours_.erase(*question.mapped().asked);
    }
    pending_ = true;
}

Instant HostResolver::next_deadline() const { return pending_ ? Instant::min() : stub_.next_deadline(); }

void HostResolver::poll(Instant now) {
    stub_.poll(now);
    pending_ = false;
    for (const QueryId id : std::exchange(unasked_, {})) {
        const auto question = questions_.find(id);
        if (question == questions_.end()) continue;  // cancelled
        question->second.asked = stub_.resolve(question->second.name, question->second.families, now);
        ours_.emplace(*question->second.asked, id);
    }
    while (const auto datagram = stub_.next_datagram()) send(*datagram, now);
    while (auto request = stub_.tcp_wanted()) connect(std::move(*request), now);
    release();
    while (const auto done = stub_.next_result()) {
        const auto id = ours_.extract(done->query);
        if (!id) continue;
        if (auto question = questions_.extract(id.mapped())) question.mapped().handler(done->result, now);
    }
}

void HostResolver::send(const OutgoingDatagram& datagram, Instant now) {
    const SocketAddress local{any_address_like(datagram.server.address), datagram.local_port};
    const auto socket = host_.udp().open(local, [this](udp::SocketId, SocketAddress from, SocketAddress to,
                                                       std::span<const std::byte> bytes, Instant t) {
        stub_.receive(from, to.port, bytes, t);
        pending_ = true;
    });
    if (!socket) return stub_.unreachable(datagram.local_port, now);
    sockets_[datagram.local_port] = *socket;
    if (!host_.udp().send(*socket, datagram.server, datagram.bytes)) stub_.unreachable(datagram.local_port, now);
}

void HostResolver::connect(TcpRequest request, Instant now) {
    const TcpExchangeId id = request.exchange;
    const auto stream = host_.tcp().connect(request.server);
    if (!stream) {
        pending_ = true;
        return stub_.tcp_failed(id, now);
    }
    exchanges_.emplace(id, std::make_unique<Exchange>(*this, std::move(request), *stream));
}

void HostResolver::release() {
    while (const auto port = stub_.next_released_port()) {
        const auto socket = sockets_.extract(*port);
        if (socket) host_.udp().close(socket.mapped());
    }
    while (const auto exchange = stub_.next_released_tcp()) exchanges_.erase(*exchange);
}

}  // namespace hourglass::dns
