#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/script/source.h"

namespace hourglass::script {

struct Expression;

/// `...`: whatever the runner finds right, or any value where one is expected.
struct Ellipsis {};

struct Integer {
    std::int64_t value = 0;
};

/// A symbolic constant: `SOCK_STREAM`, `EAGAIN`.
struct Word {
    std::string text;
};

/// A string without its quotes, escapes resolved.
struct Text {
    std::string value;
};

/// `[1, 2]`
struct List {
    std::vector<Expression> items;
};

/// `a | b`: bits of both.
struct Union {
    std::vector<Expression> operands;
};

/// `htons(8080)`, `inet_addr("192.0.2.1")`
struct Application {
    std::string function;
    std::vector<Expression> arguments;
};

struct Field;

/// `{events=POLLIN, fd=4}`; also `{..., 1000}`, whose fields have no names.
struct Structure {
    std::vector<Field> fields;
};

/// A value in a system call.
struct Expression {
    Position position;
    std::variant<Ellipsis, Integer, Word, Text, List, Union, Application, Structure> value;
};

/// One field of a structure. `msg_iov(2)=[...]` has a count.
struct Field {
    std::string name;
    std::vector<Expression> count;  ///< Empty, or one value.
    Expression value;
};

/// When something is to happen.
struct EventTime {
    enum class Kind : std::uint8_t {
        absolute,        ///< `1.5`: since the beginning.
        relative,        ///< `+.1`: since the event before.
        any,             ///< `*`
        absolute_range,  ///< `1~2`
        relative_range,  ///< `+1~+2`
    };
    Kind kind = Kind::absolute;
    Duration at{};
    Duration until{};  ///< The end of a range.
};

/// What is asked of the IP header.
struct IpMarks {
    enum class Check : std::uint8_t {
        none,
        ecn,    ///< The ECN field is the low two bits of `tos`.
        ect01,  ///< ECT(0) or ECT(1); outbound only.
        tos,    ///< The whole octet.
    };
    Check check = Check::none;
    std::uint8_t tos = 0;
    std::optional<std::uint8_t> ttl;
    std::optional<std::uint32_t> flow_label;
};

struct Ports {
    std::uint16_t source = 0;
    std::uint16_t destination = 0;
};

/// A TCP option as it stands in the header. Timestamps and SACK blocks hold the script's numbers.
struct OptionSpec {
    std::uint8_t kind = 0;
    std::vector<std::byte> data;  ///< Without kind and length.
};

/// `S. 0:0(0) ack 1 win 65535 <mss 1460>`
struct TcpSpec {
    std::uint16_t flags = 0;           ///< Bits of `wire::TcpFlags`.
    std::optional<std::uint8_t> ace;   ///< The three bits AE, CWR, ECE as a number, where the script counts them.
    std::uint32_t seq = 0;             ///< Absolute in a SYN, else counted from the SYN.
    std::uint32_t length = 0;          ///< Octets of data.
    std::uint32_t ack = 0;             ///< As `seq`, of the other side; 0 when the script has none.
    bool any_ack = false;              ///< `ack *`
    std::optional<std::uint16_t> win;  ///< As in the header, not scaled. Absent: any.
    std::uint16_t urgent_pointer = 0;
    bool any_options = false;  ///< `<...>`
    std::vector<OptionSpec> options;
};

/// `udp (100)`
struct UdpSpec {
    std::uint32_t length = 0;
};

/// `icmp unreachable frag_needed mtu 1000 [1:1001(1000)]`
struct IcmpSpec {
    enum class Echoed : std::uint8_t { tcp, udp, raw };
    std::string type;
    std::string code;  ///< Empty: 0.
    Position position;
    std::optional<std::uint32_t> mtu;
    std::optional<std::uint16_t> id;  ///< Of an echo.
    bool quotes = false;              ///< What follows is said.
    Echoed echoed = Echoed::tcp;      ///< The protocol of the datagram that is quoted.
    std::uint32_t seq = 0;            ///< Of the TCP segment that is quoted.
    std::uint32_t length = 0;         ///< Its payload; for `raw` the octets of the message.
};

/// A packet that comes (`<`) or is to be sent (`>`).
struct PacketSpec {
    bool inbound = false;
    IpMarks ip;
    std::optional<Ports> ports;
    std::variant<TcpSpec, UdpSpec, IcmpSpec> body;
};

/// `write(4, ..., 1000) = -1 EAGAIN (Resource temporarily unavailable)`
struct CallSpec {
    std::string name;
    std::vector<Expression> arguments;
    std::optional<Duration> end;  ///< Of a call that blocks; relative where the event's time is.
    Expression result;
    std::string error;  ///< "EAGAIN"; empty: the script does not say.
};

/// A shell line in backticks.
struct CommandSpec {
    std::string text;
};

/// `%{ assert tcpi_rto == 200000 }%`
struct CodeSpec {
    std::string text;
};

struct Event {
    EventTime time;
    Position position;  ///< Of the time.
    std::variant<PacketSpec, CallSpec, CommandSpec, CodeSpec> action;
};

/// `--tolerance_usecs=10000` at the head of a script.
struct OptionLine {
    std::string name;
    std::string value;
    Position position;
};

/// A shell line without a time, before the first event or behind the last.
struct UntimedCommand {
    std::string text;
    Position position;
};

/// A script, parsed.
struct Script {
    std::vector<OptionLine> options;
    std::vector<UntimedCommand> initial;
    std::vector<Event> events;
    std::vector<UntimedCommand> final;
    std::vector<Unsupported> unsupported;  ///< What the parser had to pass over.
};

}  // namespace hourglass::script
