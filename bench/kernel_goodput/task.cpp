#include "task.h"

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace hourglass::bench {

namespace {

nlohmann::json outcome_of(const std::function<nlohmann::json()>& work) {
    try {
        return work();
    } catch (const std::exception& e) {
        return {{"error", e.what()}};
    }
}

/// Reports are shorter than what a pipe holds, so one write takes them whole.
[[noreturn]] void become(const std::function<nlohmann::json()>& work, int pipe) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGPIPE, SIG_IGN);
    const std::string text = outcome_of(work).dump();
    ::_exit(::write(pipe, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
}

}  // namespace

Task::Task(const std::function<nlohmann::json()>& work) {
    int pipe[2];
    if (::pipe(pipe) < 0) throw std::system_error(errno, std::generic_category(), "pipe");
    id_ = ::fork();
    if (id_ == 0) become(work, pipe[1]);
    ::close(pipe[1]);
    descriptor_ = pipe[0];
    if (id_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
}

Task::~Task() {
    ::close(descriptor_);
    if (id_ < 0) return;
    ::kill(id_, SIGKILL);
    ::waitpid(id_, nullptr, 0);
}

nlohmann::json Task::report() {
    std::string text;
    std::array<char, 4096> part;
    while (true) {
        const ssize_t n = ::read(descriptor_, part.data(), part.size());
        if (n <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(n));
    }
    nlohmann::json result = nlohmann::json::parse(text, nullptr, false);
    if (result.is_discarded()) throw std::runtime_error("a process of the benchmark died");
    if (result.contains("error")) throw std::runtime_error(result["error"].get<std::string>());
    return result;
}

}  // namespace hourglass::bench
