#include "hourglass/socket/errno.h"

#include <algorithm>
#include <array>

namespace hourglass::socket {

namespace {

struct Entry {
    Errno error;
    std::string_view name;
    std::string_view text;
};

constexpr std::array kEntries{
    Entry{Errno::operation_not_permitted, "EPERM", "Operation not permitted"},
    Entry{Errno::no_such_entry, "ENOENT", "No such file or directory"},
    Entry{Errno::interrupted, "EINTR", "Interrupted system call"},
    Entry{Errno::bad_descriptor, "EBADF", "Bad file descriptor"},
    Entry{Errno::again, "EAGAIN", "Resource temporarily unavailable"},
    Entry{Errno::no_memory, "ENOMEM", "Cannot allocate memory"},
    Entry{Errno::permission_denied, "EACCES", "Permission denied"},
    Entry{Errno::bad_address, "EFAULT", "Bad address"},
    Entry{Errno::exists, "EEXIST", "File exists"},
    Entry{Errno::invalid_argument, "EINVAL", "Invalid argument"},
    Entry{Errno::too_many_descriptors, "EMFILE", "Too many open files"},
    Entry{Errno::not_a_terminal, "ENOTTY", "Inappropriate ioctl for device"},
    Entry{Errno::illegal_seek, "ESPIPE", "Illegal seek"},
    Entry{Errno::broken_pipe, "EPIPE", "Broken pipe"},
    Entry{Errno::result_out_of_range, "ERANGE", "Numerical result out of range"},
    Entry{Errno::loop, "ELOOP", "Too many levels of symbolic links"},
    Entry{Errno::no_data, "ENODATA", "No data available"},
    Entry{Errno::protocol_error, "EPROTO", "Protocol error"},
    Entry{Errno::not_a_socket, "ENOTSOCK", "Socket operation on non-socket"},
    Entry{Errno::destination_required, "EDESTADDRREQ", "Destination address required"},
    Entry{Errno::message_too_long, "EMSGSIZE", "Message too long"},
    Entry{Errno::wrong_protocol_type, "EPROTOTYPE", "Protocol wrong type for socket"},
    Entry{Errno::no_such_option, "ENOPROTOOPT", "Protocol not available"},
    Entry{Errno::protocol_not_supported, "EPROTONOSUPPORT", "Protocol not supported"},
    Entry{Errno::type_not_supported, "ESOCKTNOSUPPORT", "Socket type not supported"},
    Entry{Errno::operation_not_supported, "EOPNOTSUPP", "Operation not supported"},
    Entry{Errno::family_not_supported, "EAFNOSUPPORT", "Address family not supported by protocol"},
    Entry{Errno::address_in_use, "EADDRINUSE", "Address already in use"},
    Entry{Errno::address_not_available, "EADDRNOTAVAIL", "Cannot assign requested address"},
    Entry{Errno::network_unreachable, "ENETUNREACH", "Network is unreachable"},
    Entry{Errno::connection_aborted, "ECONNABORTED", "Software caused connection abort"},
    Entry{Errno::connection_reset, "ECONNRESET", "Connection reset by peer"},
    Entry{Errno::no_buffer_space, "ENOBUFS", "No buffer space available"},
    Entry{Errno::already_connected, "EISCONN", "Transport endpoint is already connected"},
    Entry{Errno::not_connected, "ENOTCONN", "Transport endpoint is not connected"},
    Entry{Errno::timed_out, "ETIMEDOUT", "Connection timed out"},
    Entry{Errno::connection_refused, "ECONNREFUSED", "Connection refused"},
    Entry{Errno::host_unreachable, "EHOSTUNREACH", "No route to host"},
    Entry{Errno::already_in_progress, "EALREADY", "Operation already in progress"},
    Entry{Errno::operation_in_progress, "EINPROGRESS", "Operation now in progress"},
};

const Entry* find(Errno error) {
    const auto found = std::ranges::find(kEntries, error, &Entry::error);
    return found == kEntries.end() ? nullptr : &*found;
}

}  // namespace

std::string_view name(Errno error) {
    const Entry* entry = find(error);
    return entry == nullptr ? std::string_view{} : entry->name;
}

std::string_view to_string(Errno error) {
    const Entry* entry = find(error);
    return entry == nullptr ? std::string_view("Unknown error") : entry->text;
}

std::optional<Errno> errno_named(std::string_view name) {
    if (name == "EWOULDBLOCK") return Errno::again;
    if (name == "ENOTSUP") return Errno::operation_not_supported;
    const auto found = std::ranges::find(kEntries, name, &Entry::name);
    return found == kEntries.end() ? std::nullopt : std::optional(found->error);
}

}  // namespace hourglass::socket
