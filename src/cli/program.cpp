#include "cli/program.h"

#include <csignal>
#include <unistd.h>
#include <utility>

#include "cli/command.h"
#include "cli/control_path.h"

namespace hourglass::cli {

namespace {

/// A terminal sends SIGINT to every process of its foreground group: the program has it already.
bool terminal_sent(int number) { return number == SIGINT && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

}  // namespace

Program::Program(asio::io_context& context, const std::vector<std::string>& arguments, const std::string& control_path,
                 runtime::ChildOutput output, Hangup hangup)
    : signals_(context, SIGINT, SIGTERM) {
    if (hangup == Hangup::ends) signals_.add(SIGHUP);
    if (arguments.empty()) return;
    std::vector<std::pair<std::string, std::string>> environment;
    if (!control_path.empty()) environment.emplace_back(kControlVariable, control_path);
    auto child = runtime::ChildProcess::start(context, arguments, environment, output);
    if (!child) {
        const bool not_found = child.error().code == std::errc::no_such_file_or_directory;
        throw Failure{not_found ? runtime::ChildProcess::kNotFound : runtime::ChildProcess::kNotExecutable,
                      child.error().message};
    }
    child_ = std::move(*child);
}

void Program::on_end(std::function<void(int)> done) {
    done_ = std::move(done);
    if (child_)
        child_->on_exit([this](int exit_code) {
            signals_.cancel();
            if (done_) std::exchange(done_, nullptr)(exit_code);
        });
    await_signal();
}

void Program::await_signal() {
    signals_.async_wait([this](std::error_code error, int number) {
        if (error) return;
        if (child_) {
            pass_on(number);
            await_signal();
        } else if (done_) {
            std::exchange(done_, nullptr)(kSuccess);
        }
    });
}

void Program::pass_on(int number) {
    if (!terminal_sent(number)) child_->send_signal(number);
}

void Program::end() {
    signals_.cancel();
    child_.reset();
}

}  // namespace hourglass::cli
