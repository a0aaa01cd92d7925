#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/runtime/setup_error.h"

namespace asio {
class io_context;
}

namespace hourglass::runtime {

/// Where a program's standard output goes: to this one's, or to its standard error, which keeps the former clean.
enum class ChildOutput : std::uint8_t { inherited, to_standard_error };

/// A program that runs beside this one, in the same namespaces and with the same standard input and output. It is sent
/// SIGTERM when this process dies first.
class ChildProcess {
  public:
    /// What `timeout(1)` and shells end with for a program that is not there, or that cannot be run.
    static constexpr int kNotFound = 127;
    static constexpr int kNotExecutable = 126;

    /// Starts `arguments[0]`, looked up in PATH, with `environment` added to this process's own. The error is that of
    /// execvp(3): its `code` is ENOENT when there is no such program.
    static std::expected<std::unique_ptr<ChildProcess>, SetupError> start(
        asio::io_context& context, const std::vector<std::string>& arguments,
        const std::vector<std::pair<std::string, std::string>>& environment = {},
        ChildOutput output = ChildOutput::inherited);

    /// A child that still runs is ended: SIGTERM, and SIGKILL after two seconds.
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// `handler` is called from the context, once, when the program has ended: with its exit code, or 128 plus the
    /// number of the signal that ended it.
    void on_exit(std::function<void(int)> handler);
    /// Sends a signal; nothing when the program has ended.
    void send_signal(int number);
    /// Waits up to `limit` for the end, without the context. True when it has ended.
    bool wait(Duration limit);
    [[nodiscard]] pid_t id() const;

  private:
    class Implementation;
    explicit ChildProcess(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::runtime
