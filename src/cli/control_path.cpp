#include "cli/control_path.h"

#include <fmt/core.h>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.h"
#include "hourglass/runtime/control.h"

namespace hourglass::cli {

namespace {

std::filesystem::path folder() {
    auto result = runtime::control_folder();
    if (!result) throw Failure{kBadInput, result.error().message + " with --control"};
    return *result;
}

}  // namespace

std::filesystem::path control_path_for(const std::string& given) {
    if (!given.empty()) return given;
    return folder() / fmt::format("{}.sock", ::getpid());
}

std::filesystem::path control_path_of_instance(const std::string& given) {
    if (!given.empty()) return given;
    const auto instances = runtime::running_instances(folder());
    if (instances.empty())
        throw Failure{kBadInput,
                      "no instance is running; start one with 'hourglass serve', or give its --control PATH"};
    if (instances.size() == 1) return instances.front();
    std::string list;
    for (const auto& path : instances) list += ' ' + path.native();
    throw Failure{kBadInput, "several instances are running; choose one with --control:" + list};
}

}  // namespace hourglass::cli
