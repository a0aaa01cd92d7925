#pragma once

#include <expected>
#include <optional>
#include <string_view>

namespace hourglass::socket {

/// Why a call failed, with the numbers that Linux gives these errors on most architectures
/// (include/uapi/asm-generic/errno*.h).
enum class Errno : int {
    operation_not_permitted = 1,   ///< EPERM
    no_such_entry = 2,             ///< ENOENT
    interrupted = 4,               ///< EINTR
    bad_descriptor = 9,            ///< EBADF
    again = 11,                    ///< EAGAIN, EWOULDBLOCK
    no_memory = 12,                ///< ENOMEM
    permission_denied = 13,        ///< EACCES
    bad_address = 14,              ///< EFAULT
    exists = 17,                   ///< EEXIST
    invalid_argument = 22,         ///< EINVAL
    too_many_descriptors = 24,     ///< EMFILE
    not_a_terminal = 25,           ///< ENOTTY
    illegal_seek = 29,             ///< ESPIPE
    broken_pipe = 32,              ///< EPIPE
    result_out_of_range = 34,      ///< ERANGE
    loop = 40,                     ///< ELOOP
    no_data = 61,                  ///< ENODATA
    protocol_error = 71,           ///< EPROTO
    not_a_socket = 88,             ///< ENOTSOCK
    destination_required = 89,     ///< EDESTADDRREQ
    message_too_long = 90,         ///< EMSGSIZE
    wrong_protocol_type = 91,      ///< EPROTOTYPE
    no_such_option = 92,           ///< ENOPROTOOPT
    protocol_not_supported = 93,   ///< EPROTONOSUPPORT
    type_not_supported = 94,       ///< ESOCKTNOSUPPORT
    operation_not_supported = 95,  ///< EOPNOTSUPP
    family_not_supported = 97,     ///< EAFNOSUPPORT
    address_in_use = 98,           ///< EADDRINUSE
    address_not_available = 99,    ///< EADDRNOTAVAIL
    network_unreachable = 101,     ///< ENETUNREACH
    connection_aborted = 103,      ///< ECONNABORTED
    connection_reset = 104,        ///< ECONNRESET
    no_buffer_space = 105,         ///< ENOBUFS
    already_connected = 106,       ///< EISCONN
    not_connected = 107,           ///< ENOTCONN
    timed_out = 110,               ///< ETIMEDOUT
    connection_refused = 111,      ///< ECONNREFUSED
    host_unreachable = 113,        ///< EHOSTUNREACH
    already_in_progress = 114,     ///< EALREADY
    operation_in_progress = 115,   ///< EINPROGRESS
};

/// `ECONNREFUSED`; empty for a number that is none of these.
[[nodiscard]] std::string_view name(Errno error);
/// In words, for people: "Connection refused".
[[nodiscard]] std::string_view to_string(Errno error);
/// From its name, `EWOULDBLOCK` included.
[[nodiscard]] std::optional<Errno> errno_named(std::string_view name);

/// What a call gives: a value, or why not.
template <typename T>
using Result = std::expected<T, Errno>;

}  // namespace hourglass::socket
