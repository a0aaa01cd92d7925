#include "hourglass/runtime/asio_stream.h"

#include <asio/error.hpp>
#include <optional>

namespace hourglass::runtime {

std::error_code to_error_code(tcp::Error error) {
    switch (error) {
        case tcp::Error::none:
            return {};
        case tcp::Error::refused:
            return asio::error::connection_refused;
        case tcp::Error::reset:
            return asio::error::connection_reset;
        case tcp::Error::timed_out:
            return asio::error::timed_out;
        case tcp::Error::unreachable:
            return asio::error::host_unreachable;
        case tcp::Error::network_unreachable:
            return asio::error::network_unreachable;
        case tcp::Error::protocol_unreachable:
            return asio::error::no_protocol_option;
        case tcp::Error::prohibited:
            return asio::error::access_denied;
        case tcp::Error::aborted:
            return asio::error::connection_aborted;
        case tcp::Error::address_in_use:
        case tcp::Error::no_ports:
            return asio::error::address_in_use;
        case tcp::Error::limit_reached:
            return asio::error::no_buffer_space;
        case tcp::Error::bad_address:
            return asio::error::invalid_argument;
        case tcp::Error::not_connected:
            break;
    }
    return asio::error::not_connected;
}

namespace detail {

namespace {

std::size_t total(const auto& pieces) {
    std::size_t n = 0;
    for (const auto piece : pieces) n += piece.size();
    return n;
}

}  // namespace

class AsioStreamCore final : public tcp::ConnectionHandler {
  public:
    using Connected = std::function<void(std::error_code)>;
    using Moved = std::function<void(std::error_code, std::size_t)>;

    AsioStreamCore(AsioHost host, tcp::Stream stream) : host_(std::move(host)), stream_(stream) {
        if (stream_.exists()) stream_.set_handler(this);
        error_ = stream_.exists() ? std::error_code() : std::error_code(asio::error::not_connected);
    }
    ~AsioStreamCore() override { close(); }
    AsioStreamCore(const AsioStreamCore&) = delete;
    AsioStreamCore& operator=(const AsioStreamCore&) = delete;

    [[nodiscard]] const AsioHost& host() const { return host_; }
    [[nodiscard]] tcp::Stream stream() const { return stream_; }

    void connect(const SocketAddress& remote, Connected done) {
        if (host_.host == nullptr || stream_.exists())
            return done(host_.host == nullptr ? asio::error::bad_descriptor : asio::error::already_connected);
        const auto stream = host_.host->tcp().connect(remote, {.handler = this});
        if (!stream) return done(to_error_code(stream.error()));
        stream_ = *stream;
        error_ = {};
        connected_ = std::move(done);
        wake();
    }
    void read(std::vector<std::span<std::byte>> into, Moved done) {
        if (total(into) == 0) return done({}, 0);
        into_ = std::move(into);
        read_ = std::move(done);
        try_read();
    }
    void write(std::vector<std::span<const std::byte>> from, Moved done) {
        if (total(from) == 0) return done({}, 0);
        from_ = std::move(from);
        written_ = std::move(done);
        try_write();
    }
    void shutdown() {
        is_shut_ = true;
        stream_.shutdown();
        try_write();
        wake();
    }
    void close() {
        stream_.set_handler(nullptr);
        if (stream_.exists()) stream_.close();
        end(asio::error::operation_aborted, asio::error::operation_aborted);
    }
    void abort() {
        stream_.set_handler(nullptr);
        if (stream_.exists()) stream_.abort();
        end(asio::error::operation_aborted, asio::error::operation_aborted);
    }

    void on_established(tcp::Stream) override {
        if (const auto done = std::exchange(connected_, nullptr)) done({});
        try_write();
    }
    void on_readable(tcp::Stream) override { try_read(); }
    void on_writable(tcp::Stream) override { try_write(); }
    void on_closed(tcp::Stream, tcp::Error error) override {
        if (error == tcp::Error::none) return end(asio::error::eof, asio::error::broken_pipe);
        const std::error_code code = to_error_code(error);
        end(code, code);
    }

  private:
    void try_read() {
        if (!read_) return;
        std::size_t n = 0;
        for (const auto piece : into_) {
            const std::size_t some = stream_.receive(piece);
            n += some;
            if (some < piece.size()) break;
        }
        if (n > 0) {
            wake();  // the window has opened
            return finish(read_, {}, n);
        }
        if (stream_.exists() && stream_.at_end()) return finish(read_, asio::error::eof, 0);
        if (error_) finish(read_, error_, 0);
    }
    void try_write() {
        if (!written_) return;
        if (error_) return finish(written_, error_ == asio::error::eof ? asio::error::broken_pipe : error_, 0);
        if (is_shut_) return finish(written_, asio::error::broken_pipe, 0);
        std::size_t n = 0;
        for (const auto piece : from_) {
            const std::size_t some = stream_.send(piece);
            n += some;
            if (some < piece.size()) break;
        }
        if (n == 0) return;
        wake();
        finish(written_, {}, n);
    }
    static void finish(Moved& pending, std::error_code error, std::size_t n) {
        if (const auto done = std::exchange(pending, nullptr)) done(error, n);
    }
    void end(std::error_code reader, std::error_code writer) {
        stream_ = {};
        error_ = reader;
        if (const auto done = std::exchange(connected_, nullptr)) done(reader);
        finish(read_, reader, 0);
        finish(written_, writer, 0);
        wake();
    }
    void wake() const {
        if (host_.wake) host_.wake();
    }

    AsioHost host_;
    tcp::Stream stream_;
    std::error_code error_;  ///< what every operation ends in, once the connection has gone
    bool is_shut_ = false;
    Connected connected_;
    std::vector<std::span<std::byte>> into_;
    Moved read_;
    std::vector<std::span<const std::byte>> from_;
    Moved written_;
};

class AsioAcceptorCore final : public tcp::AcceptHandler {
  public:
    using Accepted = std::function<void(std::error_code, AsioStream)>;

    explicit AsioAcceptorCore(AsioHost host) : host_(std::move(host)) {}
    ~AsioAcceptorCore() override { close(); }
    AsioAcceptorCore(const AsioAcceptorCore&) = delete;
    AsioAcceptorCore& operator=(const AsioAcceptorCore&) = delete;

    [[nodiscard]] const AsioHost& host() const { return host_; }

    std::error_code listen(const SocketAddress& local, std::uint32_t accept_queue) {
        close();
        const auto listener = host_.host->tcp().listen(local, {.accept_queue = accept_queue, .handler = this});
        if (!listener) return to_error_code(listener.error());
        listener_ = *listener;
        return {};
    }
    void accept(Accepted done) {
        if (!listener_) return done(asio::error::bad_descriptor, AsioStream());
        accepted_ = std::move(done);
        on_acceptable(*listener_);
    }
    void close() {
        if (listener_) listener_->close();
        listener_.reset();
        if (const auto done = std::exchange(accepted_, nullptr)) done(asio::error::operation_aborted, AsioStream());
    }
    void on_acceptable(tcp::Listener listener) override {
        if (!accepted_) return;
        const auto stream = listener.accept();
        if (!stream) return;
        std::exchange(accepted_, nullptr)({}, AsioStream(host_, *stream));
    }

  private:
    AsioHost host_;
    std::optional<tcp::Listener> listener_;
    Accepted accepted_;
};

}  // namespace detail

AsioStream::AsioStream() : AsioStream(AsioHost()) {}
AsioStream::AsioStream(AsioHost host) : AsioStream(std::move(host), tcp::Stream()) {}
AsioStream::AsioStream(AsioHost host, tcp::Stream stream)
    : core_(std::make_shared<detail::AsioStreamCore>(std::move(host), stream)) {}
AsioStream::AsioStream(AsioStream&&) noexcept = default;
AsioStream& AsioStream::operator=(AsioStream&&) noexcept = default;
AsioStream::~AsioStream() = default;

AsioStream::executor_type AsioStream::get_executor() const { return core_->host().executor; }
tcp::Stream AsioStream::stream() const { return core_->stream(); }
void AsioStream::connect(const SocketAddress& remote, Connected done) { core_->connect(remote, std::move(done)); }
void AsioStream::read(std::vector<std::span<std::byte>> into, Moved done) {
    core_->read(std::move(into), std::move(done));
}
void AsioStream::write(std::vector<std::span<const std::byte>> from, Moved done) {
    core_->write(std::move(from), std::move(done));
}
void AsioStream::shutdown() { core_->shutdown(); }
void AsioStream::close() { core_->close(); }
void AsioStream::abort() { core_->abort(); }

AsioAcceptor::AsioAcceptor(AsioHost host) : core_(std::make_shared<detail::AsioAcceptorCore>(std::move(host))) {}
AsioAcceptor::AsioAcceptor(AsioAcceptor&&) noexcept = default;
AsioAcceptor& AsioAcceptor::operator=(AsioAcceptor&&) noexcept = default;
AsioAcceptor::~AsioAcceptor() = default;

AsioAcceptor::executor_type AsioAcceptor::get_executor() const { return core_->host().executor; }
std::error_code AsioAcceptor::listen(const SocketAddress& local, std::uint32_t accept_queue) {
    return core_->listen(local, accept_queue);
}
void AsioAcceptor::accept(Accepted done) { core_->accept(std::move(done)); }
void AsioAcceptor::close() { core_->close(); }

}  // namespace hourglass::runtime
