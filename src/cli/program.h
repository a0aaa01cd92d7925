#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hourglass/runtime/child_process.h"

namespace hourglass::cli {

/// The user's program beside a host, and the signals that this process gets meanwhile.
class Program {
  public:
    /// What SIGHUP is.
    enum class Hangup : std::uint8_t {
        ends,     ///< one of the signals that end this process, or go to the program
        ignored,  ///< somebody else's business
    };
    /// Starts `arguments`, with the path of the host's control socket in its environment if there is one. With no
    /// arguments there is only the wait for a signal.
    Program(asio::io_context& context, const std::vector<std::string>& arguments, const std::string& control_path,
            runtime::ChildOutput output = runtime::ChildOutput::inherited, Hangup hangup = Hangup::ends);

    /// `done` is called once: with the program's exit code when it has ended, or with 0 when there is none and SIGINT,
    /// SIGTERM or SIGHUP asks for the end. A program that runs is passed those signals on.
    void on_end(std::function<void(int)> done);
    /// Ends the program if it still runs.
    void end();

  private:
    void await_signal();
    void pass_on(int number);

    asio::signal_set signals_;
    std::unique_ptr<runtime::ChildProcess> child_;
    std::function<void(int)> done_;
};

}  // namespace hourglass::cli
