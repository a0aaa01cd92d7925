#include "proxy/upstream_connection.h"

#include <fmt/format.h>
#include <utility>

#include "hourglass/http/url.h"
#include "http/move_bytes.h"

namespace hourglass::proxy::detail {

using http::ClientError;

namespace {

/// After which a connection whose close the server does not answer is reset.
constexpr Duration kClosing = std::chrono::seconds(5);

/// A request's body on its way to a server, which shows whether it waits for the client.
class WatchedSource final : public http::BodySource {
  public:
    WatchedSource(std::unique_ptr<http::BodySource> source, std::shared_ptr<bool> waits)
        : source_(std::move(source)), waits_(std::move(waits)) {}
    ~WatchedSource() override { *waits_ = false; }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }
    Read read(std::span<std::byte> into) override {
        const Read read = source_->read(into);
        *waits_ = read.state == State::pending;
        return read;
    }
    [[nodiscard]] http::Fields trailers() override { return source_->trailers(); }
    void on_ready(std::function<void()> wake) override { source_->on_ready(std::move(wake)); }

  private:
    std::unique_ptr<http::BodySource> source_;
    std::shared_ptr<bool> waits_;
};

}  // namespace

std::string_view to_string(Refusal refusal) noexcept {
    switch (refusal) {
        case Refusal::no_server_up:
            return "no server is up";
        case Refusal::queue_full:
            return "all connections are in use and the queue is full";
        case Refusal::queue_time:
            return "no connection became free in time";
        case Refusal::shut_down:
            return "the proxy is being shut down";
    }
    return "refused";
}

UpstreamConnection::UpstreamConnection(const Surroundings& around, const UpstreamConfiguration& upstream,
                                       std::size_t number)
    : around_(around),
      upstream_(upstream),
      number_(number),
      address_(upstream.servers[number].address),
      waits_for_client_(std::make_shared<bool>(false)),
      active_(around.now()) {
    if (upstream.protocol == Protocol::uwsgi) wire_.emplace<uwsgi::ClientConnection>();
    std::visit([this](auto& wire) { wire.on_change([this] { pump(); }); }, wire_);
    connect();
    around_.timers.update(*this);
}

/// Where there is no way to such a server, there is no transport either, and the first request says so.
void UpstreamConnection::connect() {
    const ServerConfiguration& server = upstream_.servers[number_];
    const auto open = [&](http::TransportHandler& handler) {
        return server.path.empty() ? around_.connector.connect(address_, handler)
                                   : around_.connector.connect(server.path, handler);
    };
    if (!upstream_.tls) {
        transport_ = open(*this);
        return;
    }
    if (around_.secure == nullptr) return;
    std::string name = upstream_.tls_name;
    for (const std::string& authority : {upstream_.host, server.name}) {
        const auto host = name.empty() ? http::Authority::parse(authority) : std::nullopt;
        if (host) name = host->host;
    }
    transport_ = around_.secure->secure(name, *this, open, {});
}

UpstreamConnection::~UpstreamConnection() {
    around_.timers.remove(*this);
    // The last words of the wire, which drops what is under way, reach nobody.
    std::visit([](auto& wire) { wire.on_change(nullptr); }, wire_);
}

void UpstreamConnection::run(std::shared_ptr<UpstreamJob> job) {
    job_ = std::move(job);
    ++requests_;
    heard_ = false;
    if (transport_ == nullptr) {
        active_ = Instant::min();  // it runs out at once, and not from inside of this call
        around_.timers.update(*this);
    }
    if (phase_ == Phase::connecting) return;
    send_request();
}

void UpstreamConnection::send_request() {
    phase_ = Phase::busy;
    active_ = around_.now();
    Outgoing out = job_->compose();
    if (out.body != nullptr) out.body = std::make_unique<WatchedSource>(std::move(out.body), waits_for_client_);
    busy_within_ = true;
    bool taken = false;
    if (auto* const http = std::get_if<http::ClientConnection>(&wire_))
        taken = http->send(std::move(out.request), std::move(out.body), job_);
    else
        taken = std::get<uwsgi::ClientConnection>(wire_).send(std::move(out.request), std::move(out.context),
                                                              std::move(out.body), job_);
    if (!taken && job_ != nullptr)
        std::exchange(job_, nullptr)
            ->on_error({ClientError::Kind::connection_closed, {}, {}, "the connection takes no request", false});
    busy_within_ = false;
    pump();
}

void UpstreamConnection::cancel() {
    cancelled_ = true;
    job_.reset();
    if (!busy_within_) settle();
}

void UpstreamConnection::abandon() {
    busy_within_ = true;
    fail(ClientError::Kind::connection_failed, to_string(Refusal::shut_down));
}

void UpstreamConnection::close() {
    if (phase_ != Phase::closing) spend(false);
}

void UpstreamConnection::on_connected() {
    if (phase_ != Phase::connecting) return;
    active_ = around_.now();
    if (job_ != nullptr) return send_request();
    phase_ = Phase::idle;
    around_.owner.on_idle(*this);
    around_.timers.update(*this);
}

void UpstreamConnection::on_ready() {
    if (phase_ == Phase::closing) {
        while (transport_->receive([](std::span<const std::byte>) {})) {
        }
        return;
    }
    pump();
}

/// Moves what can move, in both directions.
void UpstreamConnection::pump() {
    if (busy_within_ || phase_ == Phase::connecting || phase_ == Phase::closing) return;
    busy_within_ = true;
    std::visit(
        [this](auto& wire) {
            for (bool moved = true; moved && !cancelled_;) {
                moved = http::detail::move_output(wire, *transport_);
                if (http::detail::move_input(wire, *transport_)) moved = heard_ = true;
                if (transport_->at_end() && !heard_end_ && wire.wants_input()) {
                    heard_end_ = moved = true;
                    wire.peer_closed();
                }
                if (moved) active_ = around_.now();
            }
        },
        wire_);
    if (const auto job = job_) job->on_pause();
    busy_within_ = false;
    settle();
}

std::size_t UpstreamConnection::pending() const {
    return std::visit([](const auto& wire) { return wire.pending(); }, wire_);
}

bool UpstreamConnection::output_waits() const {
    return std::visit([](const auto& wire) { return wire.output_size() > 0; }, wire_);
}

/// Draws the conclusions from what the wire has said.
void UpstreamConnection::settle() {
    if (phase_ == Phase::closing) return;
    if (cancelled_) return spend(true);
    if (const auto* const http = std::get_if<http::ClientConnection>(&wire_); http != nullptr && http->upgraded()) {
        phase_ = Phase::tunnel;
        if (http->should_abort() || http->should_close()) return spend(http->should_abort());
        if (http->should_shutdown() && !std::exchange(shut_down_, true)) transport_->shutdown();
    } else if (phase_ != Phase::connecting && pending() == 0) {
        const bool more = std::visit([](const auto& wire) { return wire.reusable(); }, wire_);
        if (!more || heard_end_) return spend(false);
        if (phase_ == Phase::busy) {
            phase_ = Phase::idle;
            job_.reset();
            around_.owner.on_idle(*this);
        }
    }
    around_.timers.update(*this);
}

void UpstreamConnection::spend(bool abort) {
    phase_ = Phase::closing;
    active_ = around_.now();
    job_.reset();
    around_.owner.on_spent(*this);
    if (transport_ == nullptr) return around_.owner.on_gone(*this);
    if (abort)
        transport_->abort();
    else
        transport_->close();
    around_.timers.update(*this);
}

void UpstreamConnection::on_closed(tcp::Error error) {
    if (phase_ == Phase::closing) return around_.owner.on_gone(*this);
    busy_within_ = true;
    if (phase_ == Phase::connecting || error != tcp::Error::none)
        fail(error == tcp::Error::timed_out ? ClientError::Kind::timed_out : ClientError::Kind::connection_failed,
             transport_->failure().empty() ? std::string(tcp::to_string(error)) : transport_->failure());
    else
        std::visit([](auto& wire) { wire.peer_closed(); }, wire_);
    busy_within_ = false;
    phase_ = Phase::closing;
    around_.owner.on_spent(*this);
    around_.owner.on_gone(*this);
}

Instant UpstreamConnection::deadline() const {
    switch (phase_) {
        case Phase::connecting:
            return active_ + upstream_.connect_time;
        case Phase::idle:
            return active_ + upstream_.keepalive_time;
        case Phase::closing:
            return active_ + kClosing;
        case Phase::tunnel:
            // The client's connection has a limit of its own, but it may have gone before all was passed on.
            return output_waits() ? active_ + upstream_.response_time : kNever;
        case Phase::busy:
            break;
    }
    return active_ + upstream_.response_time;
}

void UpstreamConnection::run_out(Instant now) {
    switch (phase_) {
        case Phase::closing:
            transport_->abort();
            active_ = now;
            return around_.timers.update(*this);
        case Phase::idle:
            return spend(false);
        case Phase::busy:
            // A client who is slow to send or to take the body is somebody else's business.
            if (*waits_for_client_ || !std::visit([](const auto& wire) { return wire.wants_input(); }, wire_)) {
                active_ = now;
                return around_.timers.update(*this);
            }
            break;
        case Phase::tunnel:
            return spend(true);
        case Phase::connecting:
            break;
    }
    busy_within_ = true;
    if (transport_ == nullptr)
        fail(ClientError::Kind::connection_failed, "there is no way to connect to it");
    else
        fail(ClientError::Kind::timed_out, phase_ == Phase::connecting ? "no connection in time" : "no answer in time");
    busy_within_ = false;
    spend(true);
}

void UpstreamConnection::fail(ClientError::Kind kind, std::string_view what) {
    const ClientError error{kind, {}, {}, std::string(what), false};
    if (phase_ == Phase::connecting) {
        if (const auto job = std::exchange(job_, nullptr)) job->on_error(error);
    } else {
        std::visit([&](auto& wire) { wire.fail(error); }, wire_);
    }
}

}  // namespace hourglass::proxy::detail
