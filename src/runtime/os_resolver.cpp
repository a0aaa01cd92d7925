#include "hourglass/runtime/os_resolver.h"

#include <array>
#include <cerrno>
#include <map>
#include <sys/socket.h>
#include <utility>

#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_stream.h"
#include "runtime/deadline_timer.h"
#include "runtime/descriptor.h"
#include "runtime/os_address.h"

namespace hourglass::runtime {

namespace {

/// A UDP socket for one attempt, connected, so that the system tells of ICMP errors.
class UdpSocket final : private Watcher {
  public:
    /// `ready` is called when there is something to be received.
    UdpSocket(OsLoop& loop, std::function<void()> ready) : loop_(loop), ready_(std::move(ready)) {}
    ~UdpSocket() { loop_.forget(*this); }

    [[nodiscard]] bool open(const SocketAddress& server, Port port) {
        const OsAddress to(server);
        const OsAddress from({server.address.is_v4() ? IpAddress::v4(0) : IpAddress(), port});
        socket_ = Descriptor(::socket(to.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        return socket_.valid() && ::bind(socket_.get(), from.get(), from.length) == 0 &&
               ::connect(socket_.get(), to.get(), to.length) == 0 && loop_.watch(socket_.get(), *this);
    }
    [[nodiscard]] bool send(std::span<const std::byte> bytes) const {
        return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    }
    /// The size of the next datagram; an error of the system, such as ECONNREFUSED, or EAGAIN.
    [[nodiscard]] std::expected<std::size_t, int> receive(std::span<std::byte> into) const {
        const ssize_t n = ::recv(socket_.get(), into.data(), into.size(), 0);
        if (n < 0) return std::unexpected(errno);
        return static_cast<std::size_t>(n);
    }

  private:
    void on_ready(Readiness) override { ready_(); }

    OsLoop& loop_;
    std::function<void()> ready_;
    Descriptor socket_;
};

/// One question over TCP. It is taken down by `release`, never from inside one of its own calls.
class Exchange final : private OsStreamHandler {
  public:
    /// `arrived` is given bytes; none when the connection has ended.
    using Arrived = std::function<void(std::span<const std::byte>)>;

    Exchange(OsLoop& loop, dns::TcpRequest request, Arrived arrived)
        : request_(std::move(request)),
          arrived_(std::move(arrived)),
          stream_(OsStream::connect(loop, request_.server, *this)) {}

  private:
    void on_connected() override { on_ready(); }
    void on_ready() override {
        while (sent_ < request_.bytes.size()) {
            const std::size_t n = stream_->send(std::span<const std::byte>(request_.bytes).subspan(sent_));
            if (n == 0) break;
            sent_ += n;
        }
        while (stream_->receive(arrived_)) {
        }
        if (stream_->at_end()) arrived_({});
    }
    void on_closed(tcp::Error) override { arrived_({}); }

    dns::TcpRequest request_;
    Arrived arrived_;
    std::size_t sent_ = 0;
    std::unique_ptr<OsStream> stream_;
};

}  // namespace

class OsResolver::Implementation final : private Watcher {
  public:
    Implementation(OsLoop& loop, dns::ResolverSettings settings, dns::HostsFile hosts)
        : loop_(loop), stub_(std::move(settings), std::move(hosts), random_secret()), timer_(loop.context(), [this] {
              stub_.poll(now());
              run_soon();
              return stub_.next_deadline();
          }) {}
    ~Implementation() { loop_.forget(*this); }

    void resolve(std::string_view name, dns::Families families, Handler handler) {
        handlers_.emplace(stub_.resolve(name, families, now()), std::move(handler));
        run_soon();
    }

  private:
    void run_soon() {
        if (!std::exchange(pending_, true)) loop_.later(*this);
    }

    void on_ready(Readiness) override {}
    /// Takes what the stub holds, until it gives nothing.
    void on_later() override {
        pending_ = false;
        while (const auto datagram = stub_.next_datagram()) send(*datagram);
        while (auto request = stub_.tcp_wanted()) connect(std::move(*request));
        while (const auto port = stub_.next_released_port()) sockets_.erase(*port);
        while (const auto exchange = stub_.next_released_tcp()) exchanges_.erase(*exchange);
        timer_.set(stub_.next_deadline());
        while (const auto done = stub_.next_result()) {
            if (auto handler = handlers_.extract(done->query)) handler.mapped()(done->result);
        }
    }

    void send(const dns::OutgoingDatagram& datagram) {
        const Port port = datagram.local_port;
        auto socket =
            std::make_unique<UdpSocket>(loop_, [this, port, server = datagram.server] { receive(port, server); });
        const bool sent = socket->open(datagram.server, port) && socket->send(datagram.bytes);
        sockets_.insert_or_assign(port, std::move(socket));
        if (sent) return;
        stub_.unreachable(port, now());
        run_soon();
    }

    void receive(Port port, const SocketAddress& server) {
        constexpr std::size_t largest = 65535;
        std::array<std::byte, largest> buffer;
        const auto socket = sockets_.find(port);
        if (socket == sockets_.end()) return;
        for (;;) {
            const auto size = socket->second->receive(buffer);
            if (size) {
                stub_.receive(server, port, std::span(buffer).first(*size), now());
            } else if (size.error() != EINTR) {
                if (size.error() != EAGAIN) stub_.unreachable(port, now());
                break;
            }
        }
        run_soon();
    }

    void connect(dns::TcpRequest request) {
        const dns::TcpExchangeId id = request.exchange;
        exchanges_.emplace(
            id, std::make_unique<Exchange>(loop_, std::move(request), [this, id](std::span<const std::byte> bytes) {
                if (bytes.empty())
                    stub_.tcp_failed(id, now());
                else
                    stub_.receive_tcp(id, bytes, now());
                run_soon();
            }));
    }

    OsLoop& loop_;
    dns::StubResolver stub_;
    DeadlineTimer timer_;
    std::map<dns::QueryId, Handler> handlers_;
    std::map<Port, std::unique_ptr<UdpSocket>> sockets_;
    std::map<dns::TcpExchangeId, std::unique_ptr<Exchange>> exchanges_;
    bool pending_ = false;
};

OsResolver::OsResolver(OsLoop& loop, dns::ResolverSettings settings, dns::HostsFile hosts)
    : implementation_(std::make_unique<Implementation>(loop, std::move(settings), std::move(hosts))) {}
OsResolver::~OsResolver() = default;
void OsResolver::resolve(std::string_view name, dns::Families families, Handler handler) {
    implementation_->resolve(name, families, std::move(handler));
}

}  // namespace hourglass::runtime
