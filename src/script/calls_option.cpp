// Options of sockets, and waiting for many descriptors.

#include <cstring>
#include <fmt/format.h>

#include "hourglass/socket/constants.h"
#include "script/calls.h"

namespace hourglass::script {

namespace {

constexpr std::size_t kMaxOption = 4096;

/// An option's value as the C interface has it: an int, a string, or the ints of a structure.
std::vector<std::byte> option_value(const Expression& e) {
    std::vector<std::byte> bytes;
    const auto add = [&bytes](const void* data, std::size_t size) {
        const auto* begin = static_cast<const std::byte*>(data);
        bytes.insert(bytes.end(), begin, begin + size);
    };
    if (const auto* text = std::get_if<Text>(&e.value)) {
        add(text->value.data(), text->value.size());
    } else if (const auto* s = std::get_if<Structure>(&e.value)) {
        // linger has two ints; timeval has two longs.
        const bool time = field(*s, "tv_sec") != nullptr;
        for (const Field& f : s->fields) {
            const std::int64_t wide = integer(f.value);
            const int narrow = number(f.value);
            time ? add(&wide, sizeof wide) : add(&narrow, sizeof narrow);
        }
    } else {
        for (const Expression& item : list(e)) {
            const int value = number(item);
            add(&value, sizeof value);
        }
    }
    return bytes;
}

std::string value_text(const Expression& like, std::span<const std::byte> bytes) {
    if (std::holds_alternative<Text>(like.value)) {
        std::string text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return fmt::format("\"{}\"", text.substr(0, text.find('\0')));
    }
    std::string text;
    for (std::size_t i = 0; i + sizeof(int) <= bytes.size(); i += sizeof(int)) {
        int value = 0;
        std::memcpy(&value, bytes.data() + i, sizeof value);
        text += fmt::format("{}{}", text.empty() ? "" : ", ", value);
    }
    return fmt::format("[{}]", text);
}

}  // namespace

/// `getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0`
Running Run::call_getsockopt(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    const Expression& wanted = call.arguments[3];
    if (const auto* s = std::get_if<Structure>(&wanted.value))
        if (!s->fields.empty() && s->fields[0].name.starts_with("tcpi_")) return compare_tcp_info(descriptor, *s);
    const std::int64_t room = is_ellipsis(call.arguments[4]) ? std::int64_t{sizeof(int)} : bracketed(call.arguments[4]);
    if (room < 0 || room > std::int64_t{kMaxOption}) fail(fmt::format("{} octets of room for an option", room));
    std::vector<std::byte> got(static_cast<std::size_t>(room));
    const auto size =
        world().sockets().getsockopt(descriptor, number(call.arguments[1]), number(call.arguments[2]), got);
    if (!size) return at_once(failed(size.error()));
    got.resize(*size);
    CallOutcome outcome;
    outcome.actual = value_text(wanted, got);
    if (!is_ellipsis(call.arguments[4]) && static_cast<std::int64_t>(*size) != room)
        outcome.difference = fmt::format("size of the value: expected {}, got {}", room, *size);
    else if (!is_ellipsis(wanted) && option_value(wanted) != got)
        outcome.difference = fmt::format("value: expected {}, got {}", to_text(wanted), outcome.actual);
    return at_once(std::move(outcome));
}

/// `getsockopt(4, SOL_TCP, TCP_INFO, {tcpi_state=1, tcpi_unacked=0}, ...)`: the fields that are named.
Running Run::compare_tcp_info(int descriptor, const Structure& expected) {
    const auto info = world().sockets().tcp_info(descriptor);
    if (!info) return at_once(failed(info.error()));
    CallOutcome outcome;
    for (const Field& f : expected.fields) {
        const auto value = socket::field_of(*info, f.name);
        if (!value) unsupported(fmt::format("the field {} of tcp_info", f.name), f.value.position);
        const auto wanted = static_cast<std::uint64_t>(integer(f.value));
        if (*value != wanted && outcome.difference.empty())
            outcome.difference = fmt::format("{}: expected {}, got {}", f.name, wanted, *value);
    }
    return at_once(std::move(outcome));
}

Running Run::call_setsockopt(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    std::vector<std::byte> value;
    if (!is_ellipsis(call.arguments[3])) value = option_value(call.arguments[3]);
    const std::size_t size = size_argument(call.arguments[4]);
    if (size > kMaxOption) fail(fmt::format("{} octets of an option", size));
    value.resize(size);
    return at_once(outcome_of(
        world().sockets().setsockopt(descriptor, number(call.arguments[1]), number(call.arguments[2]), value)));
}

/// `poll([{fd=4, events=POLLIN, revents=POLLIN}], 1, 0) = 1`
Running Run::call_poll(const CallSpec& call) {
    const auto& expected = list(call.arguments[0]);
    if (static_cast<std::int64_t>(expected.size()) != integer(call.arguments[1]))
        fail("poll(): the count is not that of the entries");
    auto entries = std::make_shared<std::vector<socket::PollEntry>>();
    std::vector<std::uint32_t> wanted;
    for (const Expression& e : expected) {
        const Structure& s = structure(e);
        const Expression *descriptor = field(s, "fd"), *events = field(s, "events"), *got = field(s, "revents");
        if (descriptor == nullptr || events == nullptr) fail(fmt::format("{} is not an entry of poll()", to_text(e)));
        entries->push_back({number(*descriptor), static_cast<std::uint32_t>(number(*events)), 0});
        wanted.push_back(got == nullptr ? 0 : static_cast<std::uint32_t>(number(*got)));
    }
    const int timeout = number(call.arguments[2]);
    auto poll = socket::poll(world().sockets(), *entries, std::chrono::milliseconds(timeout));
    return waiting(std::move(poll), [entries, wanted](const socket::Result<std::size_t>& result) {
        CallOutcome outcome = outcome_of(result);
        for (std::size_t i = 0; i < wanted.size(); ++i)
            if ((*entries)[i].returned != wanted[i] && outcome.difference.empty())
                outcome.difference = fmt::format("revents of {}: expected {:#x}, got {:#x}", (*entries)[i].descriptor,
                                                 wanted[i], (*entries)[i].returned);
        return outcome;
    });
}

Running Run::call_epoll_create(const CallSpec& call) {
    const int size = call.name == "epoll_create1" ? 1 : number(call.arguments[0]);
    return at_once(outcome_of(world().sockets().epoll_create(size, result_descriptor(call))));
}

namespace {

/// `{events=EPOLLIN, fd=4}`; the datum may be fd, ptr, u32 or u64.
socket::EpollEvent epoll_event(const Expression& e) {
    const Structure& s = structure(e);
    const Expression* events = field(s, "events");
    if (events == nullptr) fail(fmt::format("{} is not an event of epoll", to_text(e)));
    socket::EpollEvent event{static_cast<std::uint32_t>(number(*events)), 0};
    for (const std::string_view name : {"fd", "ptr", "u32", "u64"})
        if (const Expression* datum = field(s, name)) event.data = static_cast<std::uint64_t>(integer(*datum));
    return event;
}

}  // namespace

Running Run::call_epoll_ctl(const CallSpec& call) {
    return at_once(outcome_of(world().sockets().epoll_ctl(number(call.arguments[0]), number(call.arguments[1]),
                                                          number(call.arguments[2]), epoll_event(call.arguments[3]))));
}

/// The events that are expected: one, or a list of them.
Running Run::call_epoll_wait(const CallSpec& call) {
    std::vector<socket::EpollEvent> wanted;
    if (const auto* several = std::get_if<List>(&call.arguments[1].value))
        for (const Expression& e : several->items) wanted.push_back(epoll_event(e));
    else if (!is_ellipsis(call.arguments[1]))
        wanted.push_back(epoll_event(call.arguments[1]));
    const std::size_t room = size_argument(call.arguments[2]);
    if (room > kMaxOption) fail(fmt::format("epoll_wait() for {} events", room));
    auto events = std::make_shared<std::vector<socket::EpollEvent>>(room);
    auto wait = socket::epoll_wait(world().sockets(), number(call.arguments[0]), *events,
                                   std::chrono::milliseconds(number(call.arguments[3])));
    return waiting(std::move(wait), [events, wanted](const socket::Result<std::size_t>& result) {
        CallOutcome outcome = outcome_of(result);
        if (!result) return outcome;
        for (std::size_t i = 0; i < std::min({wanted.size(), *result, events->size()}); ++i) {
            const socket::EpollEvent& got = (*events)[i];
            if (got.events != wanted[i].events || got.data != wanted[i].data)
                outcome.difference = fmt::format("event {}: expected {:#x} with {}, got {:#x} with {}", i + 1,
                                                 wanted[i].events, wanted[i].data, got.events, got.data);
        }
        return outcome;
    });
}

}  // namespace hourglass::script
