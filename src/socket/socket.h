#pragma once

#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "socket/object.h"
#include "socket/table.h"

namespace hourglass::socket {

/// The value of an option in the C interface's layout.
using OptionValue = std::vector<std::byte>;

template <typename T>
requires std::is_trivially_copyable_v<T>
[[nodiscard]] OptionValue option_value(const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    return {bytes.begin(), bytes.end()};
}

/// Reads a `T`; EINVAL when the value is too short.
template <typename T>
requires std::is_trivially_copyable_v<T>
[[nodiscard]] Result<T> option_as(std::span<const std::byte> value) {
    if (value.size() < sizeof(T)) return std::unexpected(Errno::invalid_argument);
    T result;
    std::memcpy(&result, value.data(), sizeof(T));
    return result;
}

/// `0.0.0.0` or `::`.
[[nodiscard]] inline IpAddress any_address(int domain) {
    return domain == family::inet ? IpAddress::v4(0) : IpAddress();
}

/// What socket(7) lets a program set on every socket.
struct CommonOptions {
    bool reuse_address = false, reuse_port = false, keep_alive = false, oob_inline = false, broadcast = false;
    bool zero_copy = false, receive_errors = false, v6_only = false;
    bool linger = false;
    std::int32_t linger_seconds = 0;
    std::int32_t priority = 0;
    std::int32_t receive_low_water = 1;
    Duration receive_timeout{}, send_timeout{};  ///< Zero: none.
    std::int32_t tos = 0;                        ///< IP_TOS or IPV6_TCLASS.
    std::int32_t ttl = -1;                       ///< IP_TTL or IPV6_UNICAST_HOPS; -1: the host's.
    std::int32_t mtu_discover = 1;               ///< IP_PMTUDISC_WANT.
};

/// A socket of any type: the calls that only sockets have, and what SOL_SOCKET sets.
class Socket : public Object {
  public:
    Socket(Sockets::Table& table, int domain) : table_(table), domain_(domain) {}

    virtual Result<void> bind(const SocketAddress& local) = 0;
    virtual Result<void> listen(int) { return std::unexpected(Errno::operation_not_supported); }
    virtual Result<std::pair<std::shared_ptr<Socket>, SocketAddress>> accept() {
        return std::unexpected(Errno::operation_not_supported);
    }
    virtual Result<void> connect(const SocketAddress& remote) = 0;
    virtual Result<void> disconnect() = 0;
    virtual Result<void> shutdown(int how) = 0;
    [[nodiscard]] virtual Result<SocketAddress> local_address() const = 0;
    [[nodiscard]] virtual Result<SocketAddress> remote_address() const = 0;
    virtual Result<Received> receive(ReadBuffers buffers, int flags) = 0;
    virtual Result<std::size_t> send(WriteBuffers buffers, int flags, const std::optional<SocketAddress>& to) = 0;
    virtual Result<void> set_option(int level, int option, std::span<const std::byte> value);
    [[nodiscard]] virtual Result<OptionValue> option(int level, int option);
    [[nodiscard]] virtual Result<TcpInfo> tcp_info() const { return std::unexpected(Errno::no_such_option); }
    [[nodiscard]] virtual MemoryInfo memory_info() const = 0;
    [[nodiscard]] virtual tcp::Stream stream() const { return {}; }
    [[nodiscard]] virtual int type() const = 0;
    [[nodiscard]] virtual int protocol() const = 0;
    [[nodiscard]] virtual bool is_listening() const { return false; }

    Result<std::size_t> read(ReadBuffers buffers) override;
    Result<std::size_t> write(WriteBuffers buffers, int flags) override { return send(buffers, flags, {}); }
    [[nodiscard]] Socket* as_socket() override { return this; }
    [[nodiscard]] int domain() const { return domain_; }
    [[nodiscard]] const CommonOptions& options() const { return options_; }

  protected:
    /// What an option changed is to take effect.
    virtual void options_changed() {}
    virtual Result<void> set_buffer(bool /*send*/, std::int32_t /*bytes*/) = 0;
    [[nodiscard]] virtual std::int32_t buffer(bool send) const = 0;
    /// Whether `address` can be used on a socket of this family; the errors of bind and connect differ.
    [[nodiscard]] bool fits_family(const IpAddress& address) const;
    /// The largest datagram that fits the way to the peer.
    [[nodiscard]] virtual Result<std::int32_t> path_mtu() const = 0;

    [[nodiscard]] std::optional<Errno> take_error() { return std::exchange(error_, std::nullopt); }
    void set_error(Errno error) { error_ = error; }
    [[nodiscard]] bool has_error() const { return error_.has_value(); }
    void queue_error(const ExtendedError& error, std::span<const std::byte> about);
    [[nodiscard]] ExtendedError* last_queued_error() { return errors_.empty() ? nullptr : &errors_.back().error; }
    Result<Received> take_queued_error(ReadBuffers buffers);
    [[nodiscard]] bool has_queued_errors() const { return !errors_.empty(); }

    Sockets::Table& table_;
    CommonOptions options_;

  private:
    struct QueuedError {
        ExtendedError error;
        std::vector<std::byte> about;
    };

    Result<void> set_socket_option(int option, std::span<const std::byte> value);
    Result<void> set_ip_option(int level, int option, std::span<const std::byte> value);
    [[nodiscard]] Result<OptionValue> socket_option(int option);
    [[nodiscard]] Result<OptionValue> ip_option(int level, int option) const;

    int domain_;
    std::optional<Errno> error_;
    std::deque<QueuedError> errors_;
};

/// Copies a datagram into the caller's buffers; what does not fit is lost, and MSG_TRUNC says so.
void fill(ReadBuffers buffers, std::span<const std::byte> datagram, Received& received);

}  // namespace hourglass::socket
