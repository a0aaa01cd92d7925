#include "cli/connector.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

#include "hourglass/dns/over_host.h"
#include "hourglass/runtime/os_resolver.h"
#include "http/over_tcp.h"

namespace hourglass::cli {

namespace {

std::string measured_line(std::int64_t round_trip_us, std::uint64_t retransmissions, std::uint64_t window) {
    return fmt::format("round trip {} us, {} retransmissions, window {} bytes", round_trip_us, retransmissions, window);
}

class OwnConnector final : public Connector, private tcp::ConnectionHandler {
  public:
    OwnConnector(const LiveHost& live, dns::ResolverSettings resolver, dns::HostsFile hosts)
        : live_(live), resolver_(live.host(), std::move(resolver), std::move(hosts)) {}
    ~OwnConnector() override { forget(); }

    void resolve(std::string_view name, dns::Families families, Resolved resolved) override {
        resolver_.resolve(name, families, [resolved = std::move(resolved)](const dns::ResolveResult& result, Instant) {
            resolved(result);
        });
        wake();
    }
    void connect(const SocketAddress& remote, runtime::OsStreamHandler& handler) override {
        handler_ = &handler;
        const auto stream = live_.host().tcp().connect(remote, {.local = {}, .handler = this});
        if (!stream) return handler.on_closed(stream.error());
        transport_ = std::make_unique<http::detail::TcpTransport>(*stream);
        wake();
    }
    [[nodiscard]] http::Transport* transport() override { return transport_.get(); }
    [[nodiscard]] SocketAddress local() const override { return transport_->stream().local(); }
    [[nodiscard]] std::string measured() const override {
        const tcp::ConnectionInfo info = transport_->stream().info();
        return measured_line(to_us(info.srtt), info.retransmissions, info.cwnd);
    }
    void wake() override { live_.tun_host->loop().wake(); }
    void forget() override {
        if (transport_) transport_->stream().set_handler(nullptr);
    }

  private:
    void on_established(tcp::Stream stream) override {
        stream.set_no_delay(true);
        handler_->on_connected();
    }
    void on_readable(tcp::Stream) override { handler_->on_ready(); }
    void on_writable(tcp::Stream) override { handler_->on_ready(); }
    void on_closed(tcp::Stream, tcp::Error error) override {
        transport_.reset();
        handler_->on_closed(error);
    }

    const LiveHost& live_;
    dns::HostResolver resolver_;
    std::unique_ptr<http::detail::TcpTransport> transport_;
    runtime::OsStreamHandler* handler_ = nullptr;
};

class OsConnector final : public Connector, private runtime::OsStreamHandler {
  public:
    OsConnector(runtime::OsLoop& loop, dns::ResolverSettings resolver, dns::HostsFile hosts)
        : loop_(loop), resolver_(loop, std::move(resolver), std::move(hosts)) {}

    void resolve(std::string_view name, dns::Families families, Resolved resolved) override {
        resolver_.resolve(name, families, std::move(resolved));
    }
    void connect(const SocketAddress& remote, OsStreamHandler& handler) override {
        handler_ = &handler;
        stream_ = runtime::OsStream::connect(loop_, remote, *this);
    }
    [[nodiscard]] http::Transport* transport() override { return stream_.get(); }
    [[nodiscard]] SocketAddress local() const override { return stream_->local(); }
    [[nodiscard]] std::string measured() const override {
        tcp_info info{};
        socklen_t size = sizeof info;
        ::getsockopt(stream_->native(), IPPROTO_TCP, TCP_INFO, &info, &size);
        return measured_line(info.tcpi_rtt, info.tcpi_total_retrans,
                             std::uint64_t{info.tcpi_snd_cwnd} * info.tcpi_snd_mss);
    }
    void wake() override {}
    void forget() override { stream_.reset(); }

  private:
    void on_connected() override { handler_->on_connected(); }
    void on_ready() override { handler_->on_ready(); }
    void on_closed(tcp::Error error) override {
        stream_.reset();
        handler_->on_closed(error);
    }

    runtime::OsLoop& loop_;
    runtime::OsResolver resolver_;
    std::unique_ptr<runtime::OsStream> stream_;
    OsStreamHandler* handler_ = nullptr;
};

}  // namespace

std::unique_ptr<Connector> connect_over(const LiveHost& live, dns::ResolverSettings resolver, dns::HostsFile hosts) {
    return std::make_unique<OwnConnector>(live, std::move(resolver), std::move(hosts));
}
std::unique_ptr<Connector> connect_over(runtime::OsLoop& loop, dns::ResolverSettings resolver, dns::HostsFile hosts) {
    return std::make_unique<OsConnector>(loop, std::move(resolver), std::move(hosts));
}

}  // namespace hourglass::cli
