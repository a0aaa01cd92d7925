#pragma once

#include <filesystem>
#include <string>

namespace hourglass::cli {

/// Tells programs that an instance starts where its control socket is.
inline constexpr const char* kControlVariable = "HOURGLASS_CONTROL";

/// Where this instance's control socket goes: `given`, or a path of its own in the user's folder.
[[nodiscard]] std::filesystem::path control_path_for(const std::string& given);

/// The control socket of a running instance: `given`, or that of the only one.
[[nodiscard]] std::filesystem::path control_path_of_instance(const std::string& given);

}  // namespace hourglass::cli
