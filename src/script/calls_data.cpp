// Calls that move data. What a program writes, and what comes from the peer, follows a pattern: octets that arrive in
// the wrong place show.

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "hourglass/socket/constants.h"
#include "script/calls.h"

namespace hourglass::script {

namespace {

/// Buffers of a call, in one piece of memory.
struct Buffers {
    std::vector<std::byte> bytes;
    std::vector<std::span<std::byte>> pieces;

    explicit Buffers(const std::vector<std::size_t>& sizes)
        : bytes(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0})) {
        std::size_t place = 0;
        for (const std::size_t size : sizes) {
            pieces.push_back(std::span(bytes).subspan(place, size));
            place += size;
        }
    }
    [[nodiscard]] std::vector<std::span<const std::byte>> readable() const { return {pieces.begin(), pieces.end()}; }
};

/// `...`, or 0 for a null pointer.
void check_buffer(const Expression& e) {
    if (!is_ellipsis(e) && integer(e) != 0) fail(fmt::format("{} is not a buffer: ... or 0", to_text(e)));
}

std::string control_text(const socket::Received& received) {
    std::string text;
    if (received.inq) text = fmt::format("TCP_CM_INQ {}", *received.inq);
    if (received.error)
        text += fmt::format("{}extended error {{errno={}, origin={}, type={}, code={}, info={}, data={}}}",
                            text.empty() ? "" : ", ", received.error->error, received.error->origin,
                            received.error->type, received.error->code, received.error->info, received.error->data);
    return text;
}

std::string differs(std::string_view what, std::int64_t expected, std::int64_t actual) {
    return fmt::format("{}: expected {}, got {}", what, expected, actual);
}

std::string compare_error(const Structure& expected, const socket::ExtendedError& got) {
    const std::pair<std::string_view, std::uint32_t> fields[] = {{"ee_errno", got.error}, {"ee_origin", got.origin},
                                                                 {"ee_type", got.type},   {"ee_code", got.code},
                                                                 {"ee_info", got.info},   {"ee_data", got.data}};
    for (const auto& [name, value] : fields)
        if (const Expression* e = field(expected, name); e != nullptr && integer(*e) != value)
            return differs(name, integer(*e), value);
    return {};
}

/// `{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=1000}` and extended errors.
std::string compare_control(const std::vector<Expression>& expected, const socket::Received& got) {
    const std::size_t count = (got.inq ? 1u : 0u) + (got.error ? 1u : 0u);
    if (expected.size() != count)
        return differs("control messages", static_cast<std::int64_t>(expected.size()),
                       static_cast<std::int64_t>(count));
    for (const Expression& message : expected) {
        const Expression* data = field(structure(message), "cmsg_data");
        if (data == nullptr) fail(fmt::format("{} has no cmsg_data", to_text(message)));
        const auto* fields = std::get_if<Structure>(&data->value);
        if (fields != nullptr && field(*fields, "ee_errno") == nullptr)
            unsupported("control messages of timestamps", data->position);
        if (fields != nullptr && !got.error) return "control message: expected an extended error, got none";
        if (fields == nullptr && !got.inq) return "control message: expected TCP_CM_INQ, got none";
        if (fields != nullptr) {
            if (std::string fault = compare_error(*fields, *got.error); !fault.empty()) return fault;
        } else if (integer(*data) != *got.inq) {
            return differs("TCP_CM_INQ", integer(*data), *got.inq);
        }
    }
    return {};
}

/// What recvmsg() wrote into its structure.
std::string compare_message(const Structure& expected, const socket::Received& got) {
    if (const Expression* flags = field(expected, "msg_flags"); flags != nullptr && !is_ellipsis(*flags))
        if (number(*flags) != got.flags) return differs("msg_flags", number(*flags), got.flags);
    const Expression* control = field(expected, "msg_control");
    static const std::vector<Expression> kNone;
    return compare_control(control == nullptr ? kNone : list(*control), got);
}

}  // namespace

std::size_t Run::size_argument(const Expression& e) const {
    const std::int64_t size = integer(e);
    if (size < 0 || static_cast<std::uint64_t>(size) > options_.max_buffer)
        fail(fmt::format("{} is not a size from 0 to {}", to_text(e), options_.max_buffer));
    return static_cast<std::size_t>(size);
}

/// `[{..., 1000}, {..., 2000}]`
std::vector<std::size_t> Run::vector_sizes(const Expression& e) const {
    std::vector<std::size_t> sizes;
    std::size_t total = 0;
    for (const Expression& item : list(e)) {
        const Structure& s = structure(item);
        if (s.fields.size() != 2) fail(fmt::format("{} is not a buffer: {{..., 1000}}", to_text(item)));
        sizes.push_back(size_argument(s.fields[1].value));
        total += sizes.back();
    }
    if (total > options_.max_buffer) fail(fmt::format("buffers of more than {} octets", options_.max_buffer));
    return sizes;
}

// --- receiving

/// Compares what was read with the pattern, and remembers how far the program is.
std::string Run::compare_received(int descriptor, const std::vector<std::byte>& bytes, std::size_t size, int flags) {
    Flow* flow = flow_of_descriptor(descriptor);
    if (flow == nullptr || (flags & socket::msg::err_queue) != 0) return {};
    if ((flags & socket::msg::oob) != 0) flow->untracked = true;
    const bool datagram = flow->protocol == wire::IpProtocol::udp;
    const bool discards = (flags & socket::msg::trunc) != 0;
    const std::uint64_t begin = datagram ? 0 : flow->received;
    if (!datagram && (flags & socket::msg::peek) == 0) flow->received += size;
    if (flow->untracked || (discards && !datagram)) return {};
    for (std::size_t i = 0; i < std::min(size, bytes.size()); ++i)
        if (bytes[i] != pattern(begin + i)) return fmt::format("data: octet {} is not what was sent", begin + i);
    return {};
}

Running Run::receive(int descriptor, std::vector<std::size_t> sizes, int flags, const Structure* expected) {
    auto buffers = std::make_shared<Buffers>(sizes);
    auto call = socket::recvmsg(world().sockets(), descriptor, buffers->pieces, flags);
    return waiting(std::move(call), [=, this](const socket::Result<socket::Received>& result) {
        if (!result) return failed(result.error());
        CallOutcome outcome{static_cast<std::int64_t>(result->size), {}, {}, control_text(*result)};
        outcome.difference = compare_received(descriptor, buffers->bytes, result->size, flags);
        if (expected != nullptr && outcome.difference.empty()) outcome.difference = compare_message(*expected, *result);
        return outcome;
    });
}

Running Run::call_read(const CallSpec& call) {
    check_buffer(call.arguments[1]);
    const int descriptor = number(call.arguments[0]);
    auto buffer = std::make_shared<std::vector<std::byte>>(size_argument(call.arguments[2]));
    return waiting(socket::read(world().sockets(), descriptor, *buffer),
                   [=, this](const socket::Result<std::size_t>& result) {
                       CallOutcome outcome = outcome_of(result);
                       if (result) outcome.difference = compare_received(descriptor, *buffer, *result, 0);
                       return outcome;
                   });
}

/// recv() and recvfrom(); the peer's address is not compared.
Running Run::call_recv(const CallSpec& call) {
    check_buffer(call.arguments[1]);
    return receive(number(call.arguments[0]), {size_argument(call.arguments[2])}, number(call.arguments[3]), nullptr);
}

Running Run::call_readv(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    const auto sizes = vector_sizes(call.arguments[1]);
    if (static_cast<std::int64_t>(sizes.size()) != integer(call.arguments[2]))
        fail("readv(): the count is not that of the buffers");
    auto buffers = std::make_shared<Buffers>(sizes);
    return waiting(socket::readv(world().sockets(), descriptor, buffers->pieces),
                   [=, this](const socket::Result<std::size_t>& result) {
                       CallOutcome outcome = outcome_of(result);
                       if (result) outcome.difference = compare_received(descriptor, buffers->bytes, *result, 0);
                       return outcome;
                   });
}

Running Run::call_recvmsg(const CallSpec& call) {
    const Structure& message = structure(call.arguments[1]);
    const Expression* buffers = field(message, "msg_iov");
    if (buffers == nullptr) fail("recvmsg() needs a structure with msg_iov");
    return receive(number(call.arguments[0]), vector_sizes(*buffers), number(call.arguments[2]), &message);
}

// --- sending

Running Run::transmit(int descriptor, std::vector<std::size_t> sizes, int flags, std::optional<SocketAddress> to,
                      const std::string* text) {
    auto buffers = std::make_shared<Buffers>(sizes);
    Flow* flow = flow_of_descriptor(descriptor);
    const bool datagram = flow != nullptr && flow->protocol == wire::IpProtocol::udp;
    const std::uint64_t begin = flow == nullptr || datagram ? 0 : flow->sent;
    for (std::size_t i = 0; i < buffers->bytes.size(); ++i) buffers->bytes[i] = pattern(begin + i);
    if (text != nullptr) {
        std::ranges::transform(text->substr(0, buffers->bytes.size()), buffers->bytes.begin(),
                               [](char c) { return static_cast<std::byte>(c); });
        if (flow != nullptr) flow->untracked = true;
    }
    if (flow != nullptr && (flags & socket::msg::oob) != 0) flow->untracked = true;
    auto call = socket::sendmsg(world().sockets(), descriptor, buffers->readable(), flags, to);
    return waiting(std::move(call), [=, this](const socket::Result<std::size_t>& result) {
        Flow* writer = flow_of_descriptor(descriptor);
        if (result && writer != nullptr && !datagram) writer->sent += *result;
        static_cast<void>(buffers);  // lives as long as the call
        return outcome_of(result);
    });
}

Running Run::call_write(const CallSpec& call) {
    const auto* text = std::get_if<Text>(&call.arguments[1].value);
    if (text == nullptr) check_buffer(call.arguments[1]);
    return transmit(number(call.arguments[0]), {size_argument(call.arguments[2])}, 0, std::nullopt,
                    text == nullptr ? nullptr : &text->value);
}

Running Run::call_send(const CallSpec& call) {
    const auto* text = std::get_if<Text>(&call.arguments[1].value);
    if (text == nullptr) check_buffer(call.arguments[1]);
    return transmit(number(call.arguments[0]), {size_argument(call.arguments[2])}, number(call.arguments[3]),
                    std::nullopt, text == nullptr ? nullptr : &text->value);
}

/// On a new socket with MSG_FASTOPEN it connects as well.
Running Run::call_sendto(const CallSpec& call) {
    const int descriptor = number(call.arguments[0]);
    const int flags = number(call.arguments[3]);
    check_buffer(call.arguments[1]);
    bool disconnects = false;
    const SocketAddress peer = peer_of(call, 4, disconnects);
    Flow* flow = flow_of_descriptor(descriptor);
    const bool opens = flow != nullptr && (flow->stage == Flow::Stage::connecting ||
                                           (flow->stage == Flow::Stage::fresh && (flags & socket::msg::fast_open)));
    if (opens) {
        flow->stage = Flow::Stage::connecting;
        flow->remote = peer;
    }
    const auto to = disconnects ? std::nullopt : std::optional(peer);
    return transmit(descriptor, {size_argument(call.arguments[2])}, flags, to, nullptr);
}

Running Run::call_writev(const CallSpec& call) {
    const auto sizes = vector_sizes(call.arguments[1]);
    if (static_cast<std::int64_t>(sizes.size()) != integer(call.arguments[2]))
        fail("writev(): the count is not that of the buffers");
    return transmit(number(call.arguments[0]), sizes, 0, std::nullopt, nullptr);
}

Running Run::call_sendmsg(const CallSpec& call) {
    const Structure& message = structure(call.arguments[1]);
    const Expression* buffers = field(message, "msg_iov");
    if (buffers == nullptr) fail("sendmsg() needs a structure with msg_iov");
    const Expression* control = field(message, "msg_control");
    if (control != nullptr && !list(*control).empty()) unsupported("control messages of sendmsg()", control->position);
    const int descriptor = number(call.arguments[0]);
    const Flow* flow = flow_of_descriptor(descriptor);
    std::optional<SocketAddress> to;
    if (flow != nullptr && flow->protocol == wire::IpProtocol::udp) to = {config_.remote_ip, config_.connect_port};
    return transmit(descriptor, vector_sizes(*buffers), number(call.arguments[2]), to, nullptr);
}

/// `sendfile(4, 5, [0], 1000)`: as if the program had written what the file has.
Running Run::call_sendfile(const CallSpec& call) {
    const int file = number(call.arguments[1]);
    if (std::ranges::find(files_, file) == files_.end()) fail(fmt::format("no file is open as {}", file));
    return transmit(number(call.arguments[0]), {size_argument(call.arguments[3])}, 0, std::nullopt, nullptr);
}

Running Run::call_splice(const CallSpec& call) {
    const int in = number(call.arguments[0]), out = number(call.arguments[2]);
    for (const int descriptor : {in, out})
        if (Flow* flow = flow_of_descriptor(descriptor)) flow->untracked = true;
    return waiting(
        socket::splice(world().sockets(), in, out, size_argument(call.arguments[4]), number(call.arguments[5])),
        [](const socket::Result<std::size_t>& result) { return outcome_of(result); });
}

}  // namespace hourglass::script
