// Connections come and go: the calls that open and close, and what the stack tells of them.

#include "socket/tcp_socket.h"

namespace hourglass::socket {

namespace {

constexpr std::uint32_t kEverything =
    event::in | event::rd_norm | event::out | event::wr_norm | event::pri | event::rd_hup | event::hup | event::err;

}  // namespace

Errno errno_of(tcp::Error error) {
    switch (error) {
        case tcp::Error::none:
        case tcp::Error::not_connected:
            return Errno::not_connected;
        case tcp::Error::refused:
            return Errno::connection_refused;
        case tcp::Error::reset:
            return Errno::connection_reset;
        case tcp::Error::timed_out:
            return Errno::timed_out;
        case tcp::Error::unreachable:
            return Errno::host_unreachable;
        case tcp::Error::network_unreachable:
            return Errno::network_unreachable;
        case tcp::Error::protocol_unreachable:
            return Errno::no_such_option;  // ENOPROTOOPT
        case tcp::Error::prohibited:
            return Errno::permission_denied;
        case tcp::Error::aborted:
            return Errno::connection_aborted;
        case tcp::Error::address_in_use:
            return Errno::address_in_use;
        case tcp::Error::no_ports:
            return Errno::address_not_available;
        case tcp::Error::limit_reached:
            return Errno::no_buffer_space;
        case tcp::Error::bad_address:
            return Errno::invalid_argument;
    }
    return Errno::protocol_error;
}

TcpSocket::TcpSocket(Sockets::Table& table, int domain)
    : Socket(table, domain), tuning_(table.host.tcp().default_tuning()) {
    options_.keep_alive = tuning_.keepalive;
    tuning_.urgent_inline = options_.oob_inline;
}

TcpSocket::~TcpSocket() { TcpSocket::close(); }

Result<void> TcpSocket::bind(const SocketAddress& local) {
    if (phase_ != Phase::idle || bound_) return std::unexpected(Errno::invalid_argument);
    if (domain() == family::inet && local.address.is_v6()) return std::unexpected(Errno::family_not_supported);
    if (!fits_family(local.address)) return std::unexpected(Errno::invalid_argument);
    if (!local.address.is_unspecified() && !table_.host.is_local(local.address))
        return std::unexpected(Errno::address_not_available);
    SocketAddress wanted = local;
    if (wanted.port == Port{}) {
        const auto port = table_.choose_port(*this, wanted.address);
        if (!port) return std::unexpected(port.error());
        wanted.port = *port;
    } else if (table_.is_taken(*this, wanted)) {
        return std::unexpected(Errno::address_in_use);
    }
    bound_ = wanted;
    return {};
}

Result<void> TcpSocket::listen(int backlog) {
    if (phase_ == Phase::listening) return {};
    if (phase_ != Phase::idle) return std::unexpected(Errno::invalid_argument);
    if (!bound_) {
        if (const auto bound = bind({any_address(domain()), {}}); !bound) return bound;
    } else {
        for (const auto& [descriptor, object] : table_.open) {
            const auto* other = dynamic_cast<const TcpSocket*>(object.get());
            if (other != nullptr && other != this && other->is_listening() && other->bound_to() == bound_)
                return std::unexpected(Errno::address_in_use);
        }
    }
    // Linux counts from zero: a backlog of n lets n + 1 connections wait.
    backlog_ = std::min(backlog < 0 ? UINT32_MAX : static_cast<std::uint32_t>(backlog), table_.limits.backlog);
    const tcp::ListenOptions options{.accept_queue = backlog_ + 1, .handler = this, .tuning = tuning_};
    const auto listener = table_.host.tcp().listen(*bound_, options);
    if (!listener) return std::unexpected(errno_of(listener.error()));
    listeners_[0] = *listener;
    if (is_dual() && bound_->address == IpAddress()) {
        const auto v4 = table_.host.tcp().listen({IpAddress::v4(0), bound_->port}, options);
        if (!v4) {
            stop_listening();
            return std::unexpected(errno_of(v4.error()));
        }
        listeners_[1] = *v4;
    }
    phase_ = Phase::listening;
    return {};
}

void TcpSocket::stop_listening() {
    for (auto& listener : listeners_) {
        if (listener) listener->close();
        listener.reset();
    }
}

std::optional<tcp::Listener> TcpSocket::acceptable() const {
    for (const auto& listener : listeners_)
        if (listener && listener->accept_queue_length() > 0) return listener;
    return std::nullopt;
}

Result<std::pair<std::shared_ptr<Socket>, SocketAddress>> TcpSocket::accept() {
    if (phase_ != Phase::listening) return std::unexpected(Errno::invalid_argument);
    auto listener = acceptable();
    if (!listener) return std::unexpected(Errno::again);
    auto socket = std::make_shared<TcpSocket>(table_, domain());
    const auto stream = listener->accept(socket.get());
    if (!stream) return std::unexpected(Errno::again);
    socket->options_ = options_;
    socket->tuning_ = tuning_;
    socket->tell_inq_ = tell_inq_;
    socket->phase_ = Phase::connected;
    socket->connect_told_ = true;
    socket->stream_ = *stream;
    return std::pair<std::shared_ptr<Socket>, SocketAddress>(socket, stream->remote());
}

Result<void> TcpSocket::check_remote(const SocketAddress& remote) const {
    if (domain() == family::inet && remote.address.is_v6()) return std::unexpected(Errno::family_not_supported);
    if (!fits_family(remote.address)) return std::unexpected(Errno::network_unreachable);
    return {};
}

Result<void> TcpSocket::connect(const SocketAddress& remote) {
    if (const auto fits = check_remote(remote); !fits) return fits;
    switch (phase_) {
        case Phase::listening:
            return std::unexpected(Errno::already_connected);
        case Phase::connecting:
            return std::unexpected(Errno::already_in_progress);
        case Phase::connected:
            if (std::exchange(connect_told_, true)) return std::unexpected(Errno::already_connected);
            return {};
        case Phase::ended:
            if (connect_told_) return std::unexpected(Errno::already_connected);
            reset_phase();
            return std::unexpected(take_error().value_or(Errno::connection_aborted));
        case Phase::idle:
            if (deferred_) return std::unexpected(Errno::already_connected);
            if (!tuning_.fast_open || fast_open_room(remote) == 0) return start_connecting(remote);
            deferred_ = remote;
            return {};
    }
    return std::unexpected(Errno::invalid_argument);
}

tcp::ConnectOptions TcpSocket::connect_options() const {
    tcp::ConnectOptions options{.local = bound_.value_or(SocketAddress{}), .tuning = tuning_};
    if (options.local.address.is_unspecified()) options.local.address = IpAddress();
    return options;
}

Result<void> TcpSocket::start_connecting(const SocketAddress& to) {
    SocketAddress remote = to;
    // connect() to the unspecified address means this host.
    if (remote.address.is_unspecified())
        remote.address = remote.address.is_v4() ? IpAddress::v4(127, 0, 0, 1) : *IpAddress::parse("::1");
    tcp::ConnectOptions options = connect_options();
    options.handler = this;
    const auto stream = table_.host.tcp().connect(remote, options);
    if (!stream) {
        if (stream.error() == tcp::Error::unreachable) return std::unexpected(Errno::network_unreachable);
        // A port that was bound for several connections: this one exists already.
        if (stream.error() == tcp::Error::address_in_use) return std::unexpected(Errno::address_not_available);
        return std::unexpected(errno_of(stream.error()));
    }
    (void)take_error();
    stream_ = *stream;
    phase_ = Phase::connecting;
    connect_told_ = end_seen_ = read_shut_ = write_shut_ = false;
    return std::unexpected(Errno::operation_in_progress);
}

void TcpSocket::reset_phase() {
    stream_ = {};
    deferred_.reset();
    phase_ = Phase::idle;
    read_shut_ = write_shut_ = end_seen_ = connect_told_ = false;
}

Result<void> TcpSocket::disconnect() {
    if (phase_ == Phase::listening) stop_listening();
    stream_.set_handler(nullptr);
    stream_.abort();
    // SO_ERROR tells of it until the next connect() (tcp_disconnect of Linux).
    if (phase_ == Phase::connecting || phase_ == Phase::connected) set_error(Errno::connection_reset);
    reset_phase();
    wake(kEverything);
    return {};
}

Result<void> TcpSocket::shutdown(int how) {
    if (how < shut::rd || how > shut::rd_wr) return std::unexpected(Errno::invalid_argument);
    const bool read = how != shut::wr, write = how != shut::rd;
    switch (phase_) {
        case Phase::idle:
        case Phase::ended:
            return std::unexpected(Errno::not_connected);
        case Phase::listening:
            if (!read) return {};
            stop_listening();
            phase_ = Phase::idle;
            break;
        case Phase::connecting:
            // RFC 9293, section 3.10.4: in SYN-SENT nothing is there to close yet; SYN-RECEIVED sends a FIN.
            if (stream_.state() == tcp::State::syn_sent) return disconnect();
            [[fallthrough]];
        case Phase::connected:
            read_shut_ = read_shut_ || read;
            if (read) stream_.shutdown_receive();
            if (write) stream_.shutdown();
            write_shut_ = write_shut_ || write;
            break;
    }
    wake(kEverything);
    return {};
}

void TcpSocket::close() {
    stop_listening();
    stream_.set_handler(nullptr);
    stream_.close();
    phase_ = Phase::ended;
    bound_.reset();
}

Result<SocketAddress> TcpSocket::local_address() const {
    if (stream_.exists()) return stream_.local();
    if (phase_ == Phase::ended) return SocketAddress{last_info_.flow.local, last_info_.flow.local_port};
    return bound_.value_or(SocketAddress{any_address(domain()), {}});
}

Result<SocketAddress> TcpSocket::remote_address() const {
    if (phase_ != Phase::connected) return std::unexpected(Errno::not_connected);
    return stream_.remote();
}

// --- What the stack tells

void TcpSocket::on_established(tcp::Stream) {
    if (phase_ == Phase::connecting) phase_ = Phase::connected;
    wake(event::out | event::wr_norm);
}

void TcpSocket::on_readable(tcp::Stream stream) {
    end_seen_ = end_seen_ || stream.at_end();
    wake(event::in | event::rd_norm | (stream.at_end() ? event::rd_hup : 0));
}

void TcpSocket::on_urgent(tcp::Stream) {
    urgent_read_ = false;
    wake(event::pri | event::rd_band);
}

void TcpSocket::on_writable(tcp::Stream) { wake(event::out | event::wr_norm); }

void TcpSocket::on_closed(tcp::Stream stream, tcp::Error error) {
    last_info_ = stream.info();
    end_seen_ = end_seen_ || error == tcp::Error::none;
    if (error != tcp::Error::none) set_error(errno_of(error));
    phase_ = Phase::ended;
    read_shut_ = write_shut_ = true;
    wake(kEverything);
}

void TcpSocket::on_acceptable(tcp::Listener) { wake(event::in | event::rd_norm); }

}  // namespace hourglass::socket
