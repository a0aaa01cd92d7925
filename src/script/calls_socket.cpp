// Calls that make, connect and close descriptors.

#include <algorithm>
#include <fmt/format.h>

#include "hourglass/socket/constants.h"
#include "script/calls.h"

namespace hourglass::script {

using socket::Errno;

/// `socket(..., SOCK_STREAM, IPPROTO_TCP) = 3`: the family is that of --ip_version.
Running Run::call_socket(const CallSpec& call) {
    const int domain = is_ellipsis(call.arguments[0])
                           ? (config_.ip_version == IpVersion::v4 ? socket::family::inet : socket::family::inet6)
                           : number(call.arguments[0]);
    const int type = number(call.arguments[1]);
    const int protocol = number(call.arguments[2]);
    const bool icmp = protocol == 1 || protocol == 58;
    if (icmp || (type & 0xf) == 3) unsupported("sockets for ICMP and raw IP");
    const auto made = world().sockets().socket(domain, type, protocol, result_descriptor(call));
    if (made) {
        Flow flow;
        flow.protocol = (type & 0xf) == socket::type::dgram ? wire::IpProtocol::udp : wire::IpProtocol::tcp;
        flow.descriptor = *made;
        if (flow.protocol == wire::IpProtocol::udp) flow.stage = Flow::Stage::connecting;
        current_ = &add_flow(std::move(flow));
    }
    return at_once(outcome_of(made));
}

Running Run::call_bind(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    SocketAddress local{config_.local_ip, config_.bind_port};
    if (!is_ellipsis(call.arguments[1])) local = socket_address(call.arguments[1]);
    const auto done = world().sockets().bind(descriptor, local);
    if (Flow* flow = done ? flow_of_descriptor(descriptor) : nullptr) flow->local = local;
    return at_once(outcome_of(done));
}

Running Run::call_listen(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    const auto done = world().sockets().listen(descriptor, number(call.arguments[1]));
    if (Flow* flow = done ? flow_of_descriptor(descriptor) : nullptr) {
        flow->stage = Flow::Stage::listening;
        if (const auto name = world().sockets().getsockname(descriptor)) flow->local.port = name->port;
    }
    return at_once(outcome_of(done));
}

/// `accept(3, ..., ...) = 4`: the connection whose packets came is 4 from now on.
Running Run::call_accept(const CallSpec& call) {
    const int flags = call.arguments.size() == 4 ? number(call.arguments[3]) : 0;
    auto accept = socket::accept(world().sockets(), number(call.arguments[0]), flags, result_descriptor(call));
    return waiting(std::move(accept), [this](const socket::Result<socket::Accepted>& accepted) {
        if (!accepted) return failed(accepted.error());
        // The latest one: ports may have been used before.
        const auto found = std::ranges::find_if(flows_.rbegin(), flows_.rend(), [&](const auto& flow) {
            return flow->protocol == wire::IpProtocol::tcp && flow->remote == accepted->peer;
        });
        if (found != flows_.rend()) (*found)->descriptor = accepted->descriptor;
        return CallOutcome{accepted->descriptor, {}, {}, {}};
    });
}

/// `...` is the peer of the configuration; a structure may name another, or AF_UNSPEC, which disconnects.
SocketAddress Run::peer_of(const CallSpec& call, std::size_t argument, bool& disconnects) {
    const Expression& e = call.arguments[argument];
    disconnects = false;
    if (is_ellipsis(e)) return {config_.remote_ip, config_.connect_port};
    if (const auto* s = std::get_if<Structure>(&e.value)) {
        const Expression* family = field(*s, "sa_family");
        if (family != nullptr && integer(*family) == socket::family::unspec) disconnects = true;
        return disconnects ? SocketAddress{} : socket_address(e);
    }
    disconnects = integer(e) == socket::family::unspec;  // AF_UNSPEC alone, as packetdrill takes it
    if (!disconnects) fail(fmt::format("{} is not the address of a peer", to_text(e)));
    return {};
}

Running Run::call_connect(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    bool disconnects = false;
    const SocketAddress peer = peer_of(call, 1, disconnects);
    Flow* flow = flow_of_descriptor(descriptor);
    if (disconnects) {
        const auto done = world().sockets().disconnect(descriptor);
        if (done && flow != nullptr) {
            Flow fresh;
            fresh.protocol = flow->protocol;
            fresh.descriptor = descriptor;
            *flow = fresh;
        }
        return at_once(outcome_of(done));
    }
    if (flow != nullptr && flow->stage == Flow::Stage::fresh) flow->stage = Flow::Stage::connecting;
    if (flow != nullptr && flow->stage == Flow::Stage::connecting) flow->remote = peer;
    return waiting(socket::connect(world().sockets(), descriptor, peer),
                   [](const socket::Result<void>& result) { return outcome_of(result); });
}

Running Run::call_shutdown(const CallSpec& call) {
    return at_once(outcome_of(world().sockets().shutdown(number(call.arguments[0]), number(call.arguments[1]))));
}

Running Run::call_close(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    if (std::erase(files_, descriptor) > 0) return at_once({});
    return waiting(socket::close(world().sockets(), descriptor), [this, descriptor](const socket::Result<void>& done) {
        Flow* flow = done ? flow_of_descriptor(descriptor) : nullptr;
        if (flow != nullptr) flow->descriptor = -1;
        return outcome_of(done);
    });
}

/// getsockname() and getpeername() with the address that is expected.
Running Run::call_name(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    const auto found = call.name == "getsockname" ? world().sockets().getsockname(descriptor)
                                                  : world().sockets().getpeername(descriptor);
    if (!found) return at_once(failed(found.error()));
    CallOutcome outcome;
    outcome.actual = found->to_string();
    if (!is_ellipsis(call.arguments[1])) {
        const SocketAddress expected = socket_address(call.arguments[1]);
        if (expected != *found)
            outcome.difference = fmt::format("address: expected {}, got {}", expected.to_string(), outcome.actual);
    }
    return at_once(std::move(outcome));
}

Running Run::call_fcntl(const CallSpec& call) {
    const int argument = call.arguments.size() == 3 ? number(call.arguments[2]) : 0;
    return at_once(outcome_of(world().sockets().fcntl(number(call.arguments[0]), number(call.arguments[1]), argument)));
}

/// `ioctl(4, SIOCINQ, [1000]) = 0`
Running Run::call_ioctl(const CallSpec& call) {
    const auto request = static_cast<unsigned long>(integer(call.arguments[1]));
    const bool has_argument = call.arguments.size() == 3;
    const bool compares = has_argument && std::holds_alternative<List>(call.arguments[2].value);
    const int argument = !has_argument || is_ellipsis(call.arguments[2]) ? 0
                         : compares ? static_cast<int>(bracketed(call.arguments[2]))
                                    : number(call.arguments[2]);
    const auto got = world().sockets().ioctl(number(call.arguments[0]), request, argument);
    if (!got) return at_once(failed(got.error()));
    CallOutcome outcome;
    outcome.actual = fmt::format("[{}]", *got);
    if (compares && *got != argument)
        outcome.difference = fmt::format("value: expected [{}], got [{}]", argument, *got);
    return at_once(std::move(outcome));
}

/// A file to send from; what is in it comes from the pattern of the stream it goes to.
Running Run::call_open(const CallSpec& call) {
    if (!std::holds_alternative<Text>(call.arguments[0].value))
        fail(fmt::format("{} is not the name of a file", to_text(call.arguments[0])));
    const int descriptor = result_descriptor(call);
    if (descriptor < 0) unsupported("open() that fails, or whose descriptor is not told");
    if (world().sockets().is_open(descriptor) || std::ranges::find(files_, descriptor) != files_.end())
        fail(fmt::format("the descriptor {} is open already", descriptor));
    files_.push_back(descriptor);
    return at_once({descriptor, {}, {}, {}});
}

/// `pipe([5, 6]) = 0`
Running Run::call_pipe(const CallSpec& call) {
    const auto& ends = list(call.arguments[0]);
    if (ends.size() != 2) fail("pipe() takes the numbers of its two ends: [5, 6]");
    const auto made = world().sockets().pipe(0, {number(ends[0]), number(ends[1])});
    return at_once(made ? CallOutcome{} : failed(made.error()));
}

}  // namespace hourglass::script
