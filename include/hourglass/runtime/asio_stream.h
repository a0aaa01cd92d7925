#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/buffer.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/ip/host.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::runtime {

class AsioStream;

/// Where Asio's streams over our TCP run: in real time the executor is that of the context that runs the host, and
/// `wake` calls `HostLoop::wake`; in a simulation `wake` may be empty, and the context is polled between two steps.
struct AsioHost {
    asio::any_io_executor executor;
    ip::Host* host = nullptr;
    std::function<void()> wake{};
};

/// What an error of our TCP is in Asio's words, such as `asio::error::connection_reset`.
[[nodiscard]] std::error_code to_error_code(tcp::Error error);

namespace detail {

/// The parts of `AsioStream` and `AsioAcceptor` that do not depend on the type of a handler.
class AsioStreamCore;
class AsioAcceptorCore;

/// The handler as a function that has it called from its executor, which is kept at work until then.
template <typename Handler>
auto post_to(Handler handler, const asio::any_io_executor& fallback) {
    const auto executor =
        asio::prefer(asio::get_associated_executor(handler, fallback), asio::execution::outstanding_work.tracked);
    return [executor, shared = std::make_shared<Handler>(std::move(handler))]<typename... Results>(
               std::error_code error, Results... results) {
        asio::post(executor, [shared, error, ... values = std::move(results)]() mutable {
            std::move (*shared)(error, std::move(values)...);
        });
    };
}

}  // namespace detail

/// A connection of our own TCP as one of Asio's streams: it meets the requirements of AsyncReadStream and
/// AsyncWriteStream, so that `asio::async_read`, `async_read_until`, `async_write` and what is built on them run on it.
/// At most one read and one write are under way at a time; handlers are called from the executor, never from within a
/// call.
class AsioStream {
  public:
    using executor_type = asio::any_io_executor;

    /// A stream that is nowhere: every operation fails.
    AsioStream();
    /// A stream to connect.
    explicit AsioStream(AsioHost host);
    /// A connection that is there.
    AsioStream(AsioHost host, tcp::Stream stream);
    AsioStream(AsioStream&&) noexcept;
    AsioStream& operator=(AsioStream&&) noexcept;
    /// Closes the connection, in order; what is under way ends with `operation_aborted`.
    ~AsioStream();

    [[nodiscard]] executor_type get_executor() const;
    [[nodiscard]] tcp::Stream stream() const;

    /// Handler: `void(std::error_code)`.
    template <typename Token>
    auto async_connect(const SocketAddress& remote, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code)>(
            [this](auto handler, const SocketAddress& to) {
                connect(to, detail::post_to(std::move(handler), get_executor()));
            },
            token, remote);
    }
    /// Handler: `void(std::error_code, std::size_t)`; `asio::error::eof` when the peer has closed its side.
    template <typename Buffers, typename Token>
    auto async_read_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(
            [this](auto handler, const Buffers& into) {
                std::vector<std::span<std::byte>> pieces;
                for (auto at = asio::buffer_sequence_begin(into); at != asio::buffer_sequence_end(into); ++at) {
                    const asio::mutable_buffer buffer(*at);
                    pieces.emplace_back(static_cast<std::byte*>(buffer.data()), buffer.size());
                }
                read(std::move(pieces), detail::post_to(std::move(handler), get_executor()));
            },
            token, buffers);
    }
    /// Handler: `void(std::error_code, std::size_t)`.
    template <typename Buffers, typename Token>
    auto async_write_some(const Buffers& buffers, Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, std::size_t)>(
            [this](auto handler, const Buffers& from) {
                std::vector<std::span<const std::byte>> pieces;
                for (auto at = asio::buffer_sequence_begin(from); at != asio::buffer_sequence_end(from); ++at) {
                    const asio::const_buffer buffer(*at);
                    pieces.emplace_back(static_cast<const std::byte*>(buffer.data()), buffer.size());
                }
                write(std::move(pieces), detail::post_to(std::move(handler), get_executor()));
            },
            token, buffers);
    }

    /// Closes this side behind what has been written; reading goes on.
    void shutdown();
    /// Closes the connection, in order. What is under way ends with `operation_aborted`.
    void close();
    /// Resets the connection.
    void abort();

  private:
    using Connected = std::function<void(std::error_code)>;
    using Moved = std::function<void(std::error_code, std::size_t)>;
    void connect(const SocketAddress& remote, Connected done);
    void read(std::vector<std::span<std::byte>> into, Moved done);
    void write(std::vector<std::span<const std::byte>> from, Moved done);

    std::shared_ptr<detail::AsioStreamCore> core_;
};

/// A listener of our own TCP as Asio's acceptors are.
class AsioAcceptor {
  public:
    using executor_type = asio::any_io_executor;

    explicit AsioAcceptor(AsioHost host);
    AsioAcceptor(AsioAcceptor&&) noexcept;
    AsioAcceptor& operator=(AsioAcceptor&&) noexcept;
    /// Closes; what is under way ends with `operation_aborted`.
    ~AsioAcceptor();

    [[nodiscard]] executor_type get_executor() const;
    /// Listens; an unspecified address is every local one of its family.
    std::error_code listen(const SocketAddress& local, std::uint32_t accept_queue = 128);
    /// Handler: `void(std::error_code, AsioStream)`.
    template <typename Token>
    auto async_accept(Token&& token) {
        return asio::async_initiate<Token, void(std::error_code, AsioStream)>(
            [this](auto handler) { accept(detail::post_to(std::move(handler), get_executor())); }, token);
    }
    void close();

  private:
    using Accepted = std::function<void(std::error_code, AsioStream)>;
    void accept(Accepted done);

    std::shared_ptr<detail::AsioAcceptorCore> core_;
};

}  // namespace hourglass::runtime
