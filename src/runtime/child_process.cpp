#include "hourglass/runtime/child_process.h"

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hourglass::runtime {

namespace {

using namespace std::chrono_literals;
using Environment = std::vector<std::pair<std::string, std::string>>;

/// In the child: runs the program, or writes the error number to `report`.
[[noreturn]] void become(const std::vector<char*>& arguments, const Environment& environment, ChildOutput output,
                         pid_t parent, int report) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(ChildProcess::kNotExecutable);  // it died before prctl(2)
    for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_DFL);
    if (output == ChildOutput::to_standard_error) ::dup2(STDERR_FILENO, STDOUT_FILENO);
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execvp(arguments[0], arguments.data());
    const int error = errno;
    static_cast<void>(::write(report, &error, sizeof error));
    ::_exit(ChildProcess::kNotFound);
}

/// A descriptor that is readable once the process has ended (pidfd_open(2); glibc 2.36 declares it for C only).
int open_process(pid_t id) { return static_cast<int>(::syscall(SYS_pidfd_open, id, 0)); }

int exit_code(const siginfo_t& info) {
    constexpr int signalled = 128;  // as shells count
    return info.si_code == CLD_EXITED ? info.si_status : signalled + info.si_status;
}

SetupError why_not_started(const std::string& program, int error) {
    const std::error_code code(error, std::generic_category());
    return {code, fmt::format("'{}' cannot be run: {}", program, code.message())};
}

}  // namespace

class ChildProcess::Implementation {
  public:
    Implementation(asio::io_context& context, pid_t id) : id_(id), descriptor_(context, open_process(id)) {}

    void on_exit(std::function<void(int)> handler) {
        descriptor_.async_wait(asio::posix::descriptor_base::wait_read,
                               [this, handler = std::move(handler)](std::error_code error) {
                                   if (!error && reap()) handler(*code_);
                               });
    }

    void send_signal(int number) {
        if (!code_) ::kill(id_, number);
    }

    bool wait(Duration limit) {
        pollfd poll{descriptor_.native_handle(), POLLIN, 0};
        if (!code_ && ::poll(&poll, 1, static_cast<int>(to_ms(limit))) > 0) reap();
        return code_.has_value();
    }

    void end() {
        if (code_) return;
        send_signal(SIGTERM);
        if (wait(2s)) return;
        send_signal(SIGKILL);
        wait(2s);
    }

    [[nodiscard]] pid_t id() const { return id_; }

  private:
    bool reap() {
        siginfo_t info{};
        if (!code_ && ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG) == 0 && info.si_pid == id_)
            code_ = exit_code(info);
        return code_.has_value();
    }

    pid_t id_;
    asio::posix::stream_descriptor descriptor_;
    std::optional<int> code_;
};

std::expected<std::unique_ptr<ChildProcess>, SetupError> ChildProcess::start(
    asio::io_context& context, const std::vector<std::string>& arguments,
    const std::vector<std::pair<std::string, std::string>>& environment, ChildOutput output) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    int report[2];
    if (::pipe2(report, O_CLOEXEC) < 0) return std::unexpected(why_not_started(arguments[0], errno));

    const pid_t parent = ::getpid();
    const pid_t id = ::fork();
    if (id == 0) become(pointers, environment, output, parent, report[1]);
    int error = id < 0 ? errno : 0;
    ::close(report[1]);
    if (id > 0 && ::read(report[0], &error, sizeof error) > 0) ::waitpid(id, nullptr, 0);
    ::close(report[0]);
    if (error != 0) return std::unexpected(why_not_started(arguments[0], error));
    return std::unique_ptr<ChildProcess>(new ChildProcess(std::make_unique<Implementation>(context, id)));
}

ChildProcess::ChildProcess(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}
ChildProcess::~ChildProcess() { implementation_->end(); }
void ChildProcess::on_exit(std::function<void(int)> handler) { implementation_->on_exit(std::move(handler)); }
void ChildProcess::send_signal(int number) { implementation_->send_signal(number); }
bool ChildProcess::wait(Duration limit) { return implementation_->wait(limit); }
pid_t ChildProcess::id() const { return implementation_->id(); }

}  // namespace hourglass::runtime
