#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/dns/name.h"

namespace hourglass::dns {

/// The port of the name service, for UDP and TCP.
inline constexpr Port kPort{53};

/// The type of a record or of a question (RFC 1035, section 3.2.2; AAAA: RFC 3596; OPT: RFC 6891). Any other value of
/// sixteen bits is valid too and is carried as bytes (RFC 3597).
enum class Type : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    soa = 6,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    opt = 41,
    axfr = 252,  ///< Only in a question: a zone transfer.
    any = 255,   ///< Only in a question: records of any type.
};

/// The class of a record or question (RFC 1035, section 3.2.4).
enum class Class : std::uint16_t { in = 1, ch = 3, any = 255 };

/// What kind of query a message is (RFC 1035, section 4.1.1). Four bits.
enum class Opcode : std::uint8_t { query = 0, status = 2, notify = 4, update = 5 };

/// How a query went (RFC 1035, section 4.1.1). Twelve bits when the message has EDNS (RFC 6891, section 6.1.3), four
/// when it has not.
enum class Rcode : std::uint16_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,  ///< NXDOMAIN: the name does not exist.
    not_implemented = 4,
    refused = 5,
    bad_version = 16,
};

/// The mnemonic (`AAAA`), or `TYPE65280` for a type without one (RFC 3597, section 5).
[[nodiscard]] std::string to_string(Type type);
/// The type of a mnemonic in either case, or of `TYPE65280`.
[[nodiscard]] std::optional<Type> parse_type(std::string_view text);
/// `IN`, `CH`, `ANY` or `CLASS7`.
[[nodiscard]] std::string to_string(Class record_class);
/// `NOERROR`, `NXDOMAIN` and so on as dig prints them, or `RCODE23`.
[[nodiscard]] std::string to_string(Rcode rcode);

/// The fixed part of a message (RFC 1035, section 4.1.1) but for the counts.
struct Header {
    std::uint16_t id = 0;
    bool response = false;             ///< QR
    Opcode opcode = Opcode::query;     ///< OPCODE
    bool authoritative = false;        ///< AA
    bool truncated = false;            ///< TC
    bool recursion_desired = false;    ///< RD
    bool recursion_available = false;  ///< RA
    bool authentic_data = false;       ///< AD (RFC 4035, section 3.2.3)
    bool checking_disabled = false;    ///< CD (RFC 4035, section 3.2.2)
    Rcode rcode = Rcode::no_error;     ///< RCODE, with EDNS's upper eight bits
    bool operator==(const Header&) const = default;
};

/// What is asked (RFC 1035, section 4.1.2).
struct Question {
    Name name;
    Type type = Type::a;
    Class question_class = Class::in;
    bool operator==(const Question&) const = default;
};

/// RDATA of SOA (RFC 1035, section 3.3.13). Times in seconds.
struct Soa {
    Name primary;  ///< MNAME
    Name mailbox;  ///< RNAME
    std::uint32_t serial = 0;
    std::uint32_t refresh = 0;
    std::uint32_t retry = 0;
    std::uint32_t expire = 0;
    std::uint32_t minimum = 0;  ///< The TTL of negative answers (RFC 2308, section 4).
    bool operator==(const Soa&) const = default;
};

/// RDATA of MX (RFC 1035, section 3.3.9).
struct Mx {
    std::uint16_t preference = 0;
    Name exchange;
    bool operator==(const Mx&) const = default;
};

/// RDATA of TXT (RFC 1035, section 3.3.14): one or more strings of at most 255 octets each.
struct Txt {
    std::vector<std::string> strings;
    bool operator==(const Txt&) const = default;
};

/// RDATA of a type that this library does not read (RFC 3597).
struct Opaque {
    std::vector<std::byte> bytes;
    bool operator==(const Opaque&) const = default;
};

/// What a record says: an address for A and AAAA, a name for CNAME, NS and PTR.
using RData = std::variant<Opaque, IpAddress, Name, Soa, Mx, Txt>;

/// A resource record (RFC 1035, section 4.1.3). OPT is not one of these; see `Edns`.
struct Record {
    Name name;
    Type type = Type::a;
    Class record_class = Class::in;
    std::uint32_t ttl = 0;  ///< Seconds, at most 2^31 - 1 (RFC 2181, section 8).
    RData data;             ///< Of the kind that `type` has, or `Opaque`.
    bool operator==(const Record&) const = default;

    /// As a line of a master file with absolute names: `www.example.com. 300 IN A 10.0.0.2`.
    [[nodiscard]] std::string to_string() const;
};

/// The OPT pseudo-record (RFC 6891, section 6.1) but for the upper bits of the rcode, which are in the header.
struct Edns {
    std::uint16_t udp_size = 1232;  ///< Octets of UDP payload that the sender takes; below 512 means 512.
    std::uint8_t version = 0;
    bool dnssec_ok = false;            ///< DO (RFC 3225)
    std::vector<std::byte> options{};  ///< The options as they stand in the message.
    bool operator==(const Edns&) const = default;
};

/// Why bytes are not a message.
enum class MessageError : std::uint8_t {
    cut_short,          ///< The bytes end inside a field.
    bad_label,          ///< A label's first two bits are 01 or 10.
    bad_pointer,        ///< A compression pointer that does not point backward, or points into the header.
    too_many_pointers,  ///< More pointers in a name than it could have labels.
    name_too_long,      ///< More than 255 octets.
    bad_data,           ///< RDATA that does not agree with its type or length.
    bad_opt,            ///< A second OPT, one in the wrong section or one that is not at the root.
    too_many_records,   ///< More records than the limit.
    trailing_octets,    ///< Bytes behind the last record.
};
[[nodiscard]] std::string_view describe(MessageError error);

/// What a reader of messages accepts.
struct ReadLimits {
    std::size_t records = 4096;  ///< Questions and records, all sections together.
};

/// A message (RFC 1035, section 4).
struct Message {
    Header header;
    std::vector<Question> questions;
    std::vector<Record> answers;
    std::vector<Record> authorities;
    std::vector<Record> additionals;  ///< Without OPT.
    std::optional<Edns> edns;         ///< From OPT (RFC 6891).
    bool operator==(const Message&) const = default;

    /// Reads a whole message. Names may be compressed (RFC 1035, section 4.1.4), also in the RDATA of the types that
    /// RFC 1035 defines; every pointer must point backward. A TTL above 2^31 - 1 is read as 0 (RFC 2181, section 8).
    static std::expected<Message, MessageError> parse(std::span<const std::byte> bytes, const ReadLimits& limits = {});
    /// Reads the header and the questions only: what is left to go by when the rest is cut off or broken.
    static std::expected<Message, MessageError> parse_head(std::span<const std::byte> bytes,
                                                           const ReadLimits& limits = {});

    /// Writes the message with names compressed, in at most `limit` octets (12 to 65535). Records that do not fit are
    /// left out, from the end; TC is set when an answer or authority is among them, not for additional data (RFC 2181,
    /// section 9). OPT is written last and has its room reserved.
    [[nodiscard]] std::vector<std::byte> to_bytes(std::size_t limit = 65535) const;

    /// One line for people: `query A www.example.com`, `answer NOERROR AA: www.example.com. 300 IN A 10.0.0.2`.
    [[nodiscard]] std::string summary() const;
};

/// A query for one question, with recursion desired (RFC 1035, section 4.1.1).
[[nodiscard]] Message make_query(std::uint16_t id, const Question& question);

/// The message behind its length in two octets, as it goes over TCP (RFC 7766, section 8). Precondition: at most 65535
/// octets.
[[nodiscard]] std::vector<std::byte> tcp_framed(std::span<const std::byte> message);

/// Takes messages out of a TCP stream (RFC 7766, section 8). Holds at most one message and its length.
class TcpFramer {
  public:
    /// Takes bytes from the front of `stream` until a message is complete; call again until it gives nothing.
    [[nodiscard]] std::optional<std::vector<std::byte>> take(std::span<const std::byte>& stream);
    /// True when no message is half-read.
    [[nodiscard]] bool at_boundary() const { return held_.empty(); }

  private:
    std::vector<std::byte> held_;
};

}  // namespace hourglass::dns
