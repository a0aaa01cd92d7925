#include "hourglass/runtime/network_namespace.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/core.h>
#include <sched.h>
#include <string_view>
#include <unistd.h>

#include "hourglass/runtime/kernel_interface.h"

namespace hourglass::runtime {

namespace {

SetupError failure(int error, std::string_view remedy) {
    const std::error_code code(error, std::generic_category());
    return {code, fmt::format("a private network cannot be made here ({}): {}", code.message(), remedy)};
}

SetupError why_forbidden(int error) {
    if (error == ENOSPC || error == EUSERS)
        return failure(error,
                       "no more user namespaces are allowed; as root, raise 'sysctl user.max_user_namespaces', "
                       "or run as root with a TUN device");
    return failure(error,
                   "this system forbids user namespaces; as root, say 'sysctl -w "
                   "kernel.unprivileged_userns_clone=1' (Debian) or 'sysctl -w "
                   "kernel.apparmor_restrict_unprivileged_userns=0' (Ubuntu), or run as root with a TUN device");
}

/// Writes a file of procfs whole. Returns the error number.
int write_file(const char* path, std::string_view text) {
    const int descriptor = ::open(path, O_WRONLY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    const int error = n < 0 ? errno : 0;
    ::close(descriptor);
    return error;
}

/// This user and group become root inside. A group map may be written only once setgroups(2) is forbidden.
int map_to_root(uid_t user, gid_t group) {
    if (const int error = write_file("/proc/self/setgroups", "deny"); error != 0 && error != ENOENT) return error;
    if (const int error = write_file("/proc/self/uid_map", fmt::format("0 {} 1", user)); error != 0) return error;
    return write_file("/proc/self/gid_map", fmt::format("0 {} 1", group));
}

}  // namespace

std::expected<void, SetupError> enter_private_network() {
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) return std::unexpected(why_forbidden(errno));
    if (const int error = map_to_root(user, group); error != 0) return std::unexpected(why_forbidden(error));
    const auto loopback = configure_interface("lo", {});
    if (!loopback) return std::unexpected(why_forbidden(loopback.error().code.value()));
    return {};
}

}  // namespace hourglass::runtime
