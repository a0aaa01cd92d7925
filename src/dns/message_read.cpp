// Reading messages: RFC 1035, section 4; RFC 6891 for OPT; RFC 3597 for types that are not known.

#include <algorithm>

#include "hourglass/dns/message.h"

namespace hourglass::dns {

namespace {

constexpr std::size_t kHeaderSize = 12;
/// A name has at most 127 labels; more pointers than that only waste a reader's time.
constexpr unsigned kMaxPointers = 127;

/// Reads forward through a message. `end` may be set to the end of one record's RDATA; names may still point anywhere
/// before it. The first failure is kept and makes all later reads give zero.
class Reader {
  public:
    explicit Reader(std::span<const std::byte> message) : message_(message), end_(message.size()) {}

    [[nodiscard]] bool failed() const { return error_.has_value(); }
    [[nodiscard]] MessageError error() const { return *error_; }
    void fail(MessageError error) {
        if (!error_) error_ = error;
    }

    [[nodiscard]] std::size_t left() const { return failed() ? 0 : end_ - position_; }

    std::uint8_t u8() {
        const auto b = take(1);
        return b.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(b[0]);
    }
    std::uint16_t u16() {
        const auto high = u8();
        return static_cast<std::uint16_t>(high << 8 | u8());
    }
    std::uint32_t u32() {
        const std::uint32_t high = u16();
        return high << 16 | u16();
    }
    std::span<const std::byte> take(std::size_t n) {
        if (failed()) return {};
        if (n > left()) {
            fail(MessageError::cut_short);
            return {};
        }
        position_ += n;
        return message_.subspan(position_ - n, n);
    }
    std::string text(std::size_t n) {
        const auto bytes = take(n);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    Name name();

    /// Bounds reading to the next `n` octets; returns the former bound for `leave`.
    std::size_t enter(std::size_t n) {
        if (n > left()) fail(MessageError::cut_short);
        return failed() ? end_ : std::exchange(end_, position_ + n);
    }
    /// Ends a bound; octets that are left inside it are an error.
    void leave(std::size_t former_end) {
        if (left() != 0) fail(MessageError::bad_data);
        end_ = former_end;
    }

  private:
    std::span<const std::byte> message_;
    std::size_t position_ = 0;
    std::size_t end_;
    std::optional<MessageError> error_;
};

/// RFC 1035, section 4.1.4. A pointer refers to a prior occurrence, so each must point before the piece of name that
/// holds it; that rules out loops. The reading position moves past the first pointer only.
Name Reader::name() {
    NameBuilder builder;
    std::size_t at = position_;
    std::size_t piece_start = position_;
    std::size_t bound = end_;
    unsigned pointers = 0;
    while (!failed()) {
        if (at >= bound) return fail(MessageError::cut_short), Name();
        const auto length = std::to_integer<std::size_t>(message_[at]);
        if ((length & 0xc0) == 0xc0) {
            if (at + 1 >= bound) return fail(MessageError::cut_short), Name();
            const std::size_t target = (length & 0x3f) << 8 | std::to_integer<std::size_t>(message_[at + 1]);
            if (target >= piece_start || target < kHeaderSize) return fail(MessageError::bad_pointer), Name();
            if (++pointers > kMaxPointers) return fail(MessageError::too_many_pointers), Name();
            if (pointers == 1) position_ = at + 2;
            bound = piece_start;
            at = piece_start = target;
            continue;
        }
        if ((length & 0xc0) != 0) return fail(MessageError::bad_label), Name();
        if (length == 0) {
            if (pointers == 0) position_ = at + 1;
            return builder.take();
        }
        if (at + 1 + length > bound) return fail(MessageError::cut_short), Name();
        const auto label = message_.subspan(at + 1, length);
        if (!builder.append({reinterpret_cast<const char*>(label.data()), label.size()}))
            return fail(MessageError::name_too_long), Name();
        at += 1 + length;
    }
    return Name();
}

Txt read_txt(Reader& r) {
    Txt txt;
    if (r.left() == 0) r.fail(MessageError::bad_data);  // RFC 1035, section 3.3.14: one or more strings
    while (r.left() > 0) {
        const std::size_t size = r.u8();
        txt.strings.push_back(r.text(size));
    }
    return txt;
}

Opaque read_opaque(Reader& r) {
    const auto bytes = r.take(r.left());
    return Opaque{{bytes.begin(), bytes.end()}};
}

/// RDATA in full; its bound has been entered. Classes other than IN have A and AAAA of their own, or none.
RData read_data(Reader& r, Type type, Class record_class) {
    switch (type) {
        case Type::a: {
            if (record_class != Class::in) return read_opaque(r);
            return IpAddress::v4(r.u32());
        }
        case Type::aaaa: {
            if (record_class != Class::in) return read_opaque(r);
            std::array<std::uint8_t, 16> octets{};
            for (auto& octet : octets) octet = r.u8();
            return IpAddress::v6(octets);
        }
        case Type::ns:
        case Type::cname:
        case Type::ptr:
            return r.name();
        case Type::mx: {
            const auto preference = r.u16();
            return Mx{preference, r.name()};
        }
        case Type::soa: {
            Soa soa;
            soa.primary = r.name();
            soa.mailbox = r.name();
            for (auto* field : {&soa.serial, &soa.refresh, &soa.retry, &soa.expire, &soa.minimum}) *field = r.u32();
            return soa;
        }
        case Type::txt:
            return read_txt(r);
        default:
            return read_opaque(r);
    }
}

Header read_header(Reader& r) {
    Header h;
    h.id = r.u16();
    const unsigned flags = r.u16();
    h.response = (flags & 0x8000) != 0;
    h.opcode = static_cast<Opcode>(flags >> 11 & 0xf);
    h.authoritative = (flags & 0x0400) != 0;
    h.truncated = (flags & 0x0200) != 0;
    h.recursion_desired = (flags & 0x0100) != 0;
    h.recursion_available = (flags & 0x0080) != 0;
    h.authentic_data = (flags & 0x0020) != 0;
    h.checking_disabled = (flags & 0x0010) != 0;
    h.rcode = static_cast<Rcode>(flags & 0xf);
    return h;
}

struct Counts {
    std::size_t questions, answers, authorities, additionals;
};

Counts read_head(Reader& r, Message& m, const ReadLimits& limits) {
    m.header = read_header(r);
    Counts counts{};
    for (auto* count : {&counts.questions, &counts.answers, &counts.authorities, &counts.additionals}) *count = r.u16();
    if (counts.questions > limits.records) r.fail(MessageError::too_many_records);
    for (std::size_t i = 0; i < counts.questions && !r.failed(); ++i) {
        Question q;
        q.name = r.name();
        q.type = static_cast<Type>(r.u16());
        q.question_class = static_cast<Class>(r.u16());
        m.questions.push_back(std::move(q));
    }
    return counts;
}

/// RFC 6891, section 6.1.2: the class is the payload size, the TTL holds rcode bits, version and flags.
void read_opt(Reader& r, const Name& name, Message& m) {
    if (!name.is_root() || m.edns) return r.fail(MessageError::bad_opt);
    Edns edns;
    edns.udp_size = r.u16();
    const unsigned rcode_bits = r.u8();
    edns.version = r.u8();
    edns.dnssec_ok = (r.u16() & 0x8000) != 0;
    const auto former = r.enter(r.u16());
    edns.options = read_opaque(r).bytes;
    r.leave(former);
    m.header.rcode = static_cast<Rcode>(rcode_bits << 4 | static_cast<unsigned>(m.header.rcode));
    m.edns = std::move(edns);
}

void read_section(Reader& r, std::size_t count, std::vector<Record>& section, Message& m) {
    for (std::size_t i = 0; i < count && !r.failed(); ++i) {
        Record record;
        record.name = r.name();
        record.type = static_cast<Type>(r.u16());
        if (record.type == Type::opt) {
            if (&section != &m.additionals) return r.fail(MessageError::bad_opt);
            read_opt(r, record.name, m);
            continue;
        }
        record.record_class = static_cast<Class>(r.u16());
        const std::uint32_t ttl = r.u32();
        record.ttl = ttl > 0x7fffffff ? 0 : ttl;
        const auto former = r.enter(r.u16());
        record.data = read_data(r, record.type, record.record_class);
        r.leave(former);
        section.push_back(std::move(record));
    }
}

}  // namespace

std::expected<Message, MessageError> Message::parse_head(std::span<const std::byte> bytes, const ReadLimits& limits) {
    Reader r(bytes);
    Message m;
    read_head(r, m, limits);
    if (r.failed()) return std::unexpected(r.error());
    return m;
}

std::expected<Message, MessageError> Message::parse(std::span<const std::byte> bytes, const ReadLimits& limits) {
    Reader r(bytes);
    Message m;
    const Counts counts = read_head(r, m, limits);
    if (counts.questions + counts.answers + counts.authorities + counts.additionals > limits.records)
        r.fail(MessageError::too_many_records);
    read_section(r, counts.answers, m.answers, m);
    read_section(r, counts.authorities, m.authorities, m);
    read_section(r, counts.additionals, m.additionals, m);
    if (r.left() != 0) r.fail(MessageError::trailing_octets);
    if (r.failed()) return std::unexpected(r.error());
    return m;
}

std::optional<std::vector<std::byte>> TcpFramer::take(std::span<const std::byte>& stream) {
    const auto fill = [&](std::size_t size) {
        const std::size_t n = std::min(size - held_.size(), stream.size());
        held_.insert(held_.end(), stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(n));
        stream = stream.subspan(n);
        return held_.size() == size;
    };
    if (held_.size() < 2 && !fill(2)) return std::nullopt;
    const std::size_t size = std::to_integer<std::size_t>(held_[0]) << 8 | std::to_integer<std::size_t>(held_[1]);
    if (!fill(2 + size)) return std::nullopt;
    held_.erase(held_.begin(), held_.begin() + 2);
    return std::exchange(held_, {});
}

}  // namespace hourglass::dns
