#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"

namespace hourglass::script {

/// `net.ipv4.tcp_sack` is to be `0`.
struct Assignment {
    std::string name;
    std::string value;
};

/// What shell lines come to.
struct CommandEffect {
    std::vector<Assignment> sysctls;       ///< To be set, in this order.
    Duration sleep{};                      ///< Time that passes.
    std::vector<std::string> unsupported;  ///< Lines that mean something else.
};

/// Returns what a file contains, by its name relative to the script; nothing when it can't be read.
using FileReader = std::function<std::optional<std::string>(std::string_view name)>;

/// Reads shell lines: sysctl, echo into /proc/sys, packetdrill's set_sysctls.py, files of such lines (*.sh), sleep.
/// What can make no difference here (metrics and queueing disciplines of a kernel, what restores sysctls) is passed
/// over.
[[nodiscard]] CommandEffect read_commands(std::string_view text, const FileReader& read_file);

/// True for a sysctl that tunes something that this stack does not have, so that any value is as good.
[[nodiscard]] bool is_without_effect(std::string_view sysctl);

}  // namespace hourglass::script
