#include <algorithm>
#include <fmt/format.h>

#include "script/run.h"

namespace hourglass::script {

namespace {

constexpr Duration kPatience = std::chrono::seconds(1);  // packetdrill's

std::string result_text(const CallOutcome& outcome) {
    std::string text = fmt::format(" = {}", outcome.value);
    if (!outcome.error.empty()) text += " " + outcome.error;
    if (!outcome.actual.empty()) text += fmt::format(" with {}", outcome.actual);
    return text;
}

}  // namespace

Run::Handler Run::handler_of(const CallSpec& call) const {
    struct Entry {
        std::string_view name;
        Handler handler;
        std::size_t least, most;  // arguments
    };
    static constexpr Entry kCalls[] = {{"socket", &Run::call_socket, 3, 3},
                                       {"bind", &Run::call_bind, 3, 3},
                                       {"listen", &Run::call_listen, 2, 2},
                                       {"accept", &Run::call_accept, 3, 3},
                                       {"accept4", &Run::call_accept, 4, 4},
                                       {"connect", &Run::call_connect, 3, 3},
                                       {"read", &Run::call_read, 3, 3},
                                       {"recv", &Run::call_recv, 4, 4},
                                       {"recvfrom", &Run::call_recv, 6, 6},
                                       {"readv", &Run::call_readv, 3, 3},
                                       {"recvmsg", &Run::call_recvmsg, 3, 3},
                                       {"write", &Run::call_write, 3, 3},
                                       {"send", &Run::call_send, 4, 4},
                                       {"sendto", &Run::call_sendto, 6, 6},
                                       {"writev", &Run::call_writev, 3, 3},
                                       {"sendmsg", &Run::call_sendmsg, 3, 3},
                                       {"sendfile", &Run::call_sendfile, 4, 4},
                                       {"splice", &Run::call_splice, 6, 6},
                                       {"shutdown", &Run::call_shutdown, 2, 2},
                                       {"close", &Run::call_close, 1, 1},
                                       {"getsockname", &Run::call_name, 3, 3},
                                       {"getpeername", &Run::call_name, 3, 3},
                                       {"fcntl", &Run::call_fcntl, 2, 3},
                                       {"ioctl", &Run::call_ioctl, 2, 3},
                                       {"open", &Run::call_open, 2, 3},
                                       {"pipe", &Run::call_pipe, 1, 1},
                                       {"getsockopt", &Run::call_getsockopt, 5, 5},
                                       {"setsockopt", &Run::call_setsockopt, 5, 5},
                                       {"poll", &Run::call_poll, 3, 3},
                                       {"epoll_create", &Run::call_epoll_create, 1, 1},
                                       {"epoll_create1", &Run::call_epoll_create, 1, 1},
                                       {"epoll_ctl", &Run::call_epoll_ctl, 4, 4},
                                       {"epoll_wait", &Run::call_epoll_wait, 4, 4}};
    const auto found = std::ranges::find(kCalls, std::string_view(call.name), &Entry::name);
    if (found == std::end(kCalls)) unsupported(fmt::format("the system call {}()", call.name));
    const std::size_t count = call.arguments.size();
    if (count < found->least || count > found->most)
        fail(fmt::format("{}() takes {} arguments, not {}", call.name, found->least, count));
    return found->handler;
}

/// The number that the script gives to a new descriptor; the lowest free one where it expects an error.
int Run::result_descriptor(const CallSpec& call) const {
    if (is_ellipsis(call.result)) return socket::kLowestFree;
    const int descriptor = number(call.result);
    return descriptor >= 0 ? descriptor : socket::kLowestFree;
}

Flow* Run::flow_of_descriptor(int descriptor) {
    for (const auto& flow : flows_)
        if (flow->descriptor == descriptor) return flow.get();
    return nullptr;
}

void Run::run_call(const Event& event, const CallSpec& call, const Window& window) {
    await_blocked();
    if (blocked_) fail(fmt::format("{} still waits", to_text(*blocked_->call)));
    wait_for(window, "this call");
    Running running = (this->*handler_of(call))(call);
    const std::size_t row = note(Row::Kind::call, to_text(call));
    auto outcome = running.step(world().now());
    Window end = window;
    if (call.end) {
        end.from = end.until = window.offset + *call.end;
        if (end.until > options_.max_time) fail("the call takes more time than a script may");
        end.tolerance = config_.tolerance;
        const auto share = static_cast<double>((end.from - window.from).count()) * config_.tolerance_percent / 100;
        end.tolerance = std::max(end.tolerance, Duration(static_cast<std::int64_t>(share)));
    }
    if (!outcome) {
        blocked_ = Blocked{&event, &call, std::move(running), end, row};
        // A call that is not marked as blocking may still take a moment, within the tolerance.
        const bool returned = call.end
                                  ? (settle(), true)
                                  : pass_time(World::kStart + end.until + end.tolerance, [this] { return !blocked_; });
        if (!returned) fail("the call does not return", "", fmt::format("{} waits", call.name));
        return;
    }
    check(call, *outcome, row);
    settle();
    if (std::string fault = call.end ? late(end, world().now(), "this call to return") : ""; !fault.empty())
        fail(std::move(fault));
}

/// Gives a call that blocks a moment to return, as packetdrill does before the next call and at the end.
void Run::await_blocked() {
    if (!blocked_) return;
    const Instant until = std::max(world().now(), World::kStart + blocked_->end.until) + kPatience;
    pass_time(until, [this] { return !blocked_; });
}

void Run::step_blocked() {
    const auto outcome = blocked_->running.step(world().now());
    if (!outcome) return;
    const Blocked done = std::move(*blocked_);
    blocked_.reset();
    const Position here = std::exchange(position_, done.event->position);
    check(*done.call, *outcome, done.row);
    if (std::string fault = late(done.end, world().now(), "this call to return"); !fault.empty())
        fail(std::move(fault), to_text(*done.call), "");
    position_ = here;
}

void Run::check(const CallSpec& call, const CallOutcome& outcome, std::size_t row) {
    if (row < report_.rows.size()) report_.rows[row].text += result_text(outcome);
    const std::string actual = to_text(call) + result_text(outcome);
    std::string wanted = fmt::format("{} = {}", to_text(call), to_text(call.result));
    if (!call.error.empty()) wanted += " " + call.error;
    if (!is_ellipsis(call.result) && integer(call.result) != outcome.value)
        fail(fmt::format("result: expected {}, got {}", to_text(call.result), outcome.value), wanted, actual);
    if (!call.error.empty() && call.error != outcome.error &&
        !(call.error == "EWOULDBLOCK" && outcome.error == "EAGAIN"))
        fail(fmt::format("error: expected {}, got {}", call.error, outcome.error.empty() ? "none" : outcome.error),
             wanted, actual);
    if (!outcome.difference.empty()) fail(outcome.difference, wanted, actual);
}

}  // namespace hourglass::script
