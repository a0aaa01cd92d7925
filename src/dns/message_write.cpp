// Writing messages: RFC 1035, section 4, with compression; RFC 6891 for OPT.

#include <algorithm>
#include <map>

#include "hourglass/dns/message.h"

namespace hourglass::dns {

namespace {

/// The furthest that a pointer of fourteen bits reaches (RFC 1035, section 4.1.4).
constexpr std::size_t kPointerReach = 0x3fff;

class Writer {
  public:
    void u8(unsigned value) { bytes_.push_back(static_cast<std::byte>(value)); }
    void u16(unsigned value) {
        u8(value >> 8 & 0xff);
        u8(value & 0xff);
    }
    void u32(std::uint32_t value) {
        u16(value >> 16);
        u16(value & 0xffff);
    }
    void raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void text(std::string_view text) { raw(std::as_bytes(std::span(text))); }
    void set_u16(std::size_t at, std::size_t value) {
        bytes_[at] = static_cast<std::byte>(value >> 8 & 0xff);
        bytes_[at + 1] = static_cast<std::byte>(value & 0xff);
    }

    void name(const Name& name);

    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    /// Takes back all that was written from `size` on.
    void rewind(std::size_t size) {
        bytes_.resize(size);
        std::erase_if(suffixes_, [size](const auto& entry) { return entry.second >= size; });
    }
    std::vector<std::byte> take() { return std::move(bytes_); }

  private:
    std::vector<std::byte> bytes_;
    /// Where each name's tail stands. By exact octets, so that a name's case survives (RFC 4343, section 4.1).
    std::map<std::string, std::size_t, std::less<>> suffixes_;
};

void Writer::name(const Name& name) {
    std::string_view rest = name.wire_labels();
    while (!rest.empty()) {
        if (const auto known = suffixes_.find(rest); known != suffixes_.end())
            return u16(0xc000 | static_cast<unsigned>(known->second));
        if (size() <= kPointerReach) suffixes_.emplace(rest, size());
        const std::size_t label = 1 + static_cast<unsigned char>(rest[0]);
        text(rest.substr(0, label));
        rest.remove_prefix(label);
    }
    u8(0);
}

struct DataWriter {
    Writer& w;
    Type type;

    void operator()(const Opaque& opaque) const { w.raw(opaque.bytes); }
    void operator()(const IpAddress& address) const {
        const auto octets = std::as_bytes(std::span(address.octets()));
        w.raw(type == Type::a ? octets.last(4) : octets);
    }
    void operator()(const Name& name) const { w.name(name); }
    void operator()(const Mx& mx) const {
        w.u16(mx.preference);
        w.name(mx.exchange);
    }
    void operator()(const Soa& soa) const {
        w.name(soa.primary);
        w.name(soa.mailbox);
        for (const auto field : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum}) w.u32(field);
    }
    void operator()(const Txt& txt) const {
        for (const std::string_view string : txt.strings) {
            const auto part = string.substr(0, 255);
            w.u8(static_cast<unsigned>(part.size()));
            w.text(part);
        }
    }
};

void write_record(Writer& w, const Record& record) {
    w.name(record.name);
    w.u16(static_cast<unsigned>(record.type));
    w.u16(static_cast<unsigned>(record.record_class));
    w.u32(record.ttl);
    const std::size_t length_at = w.size();
    w.u16(0);
    std::visit(DataWriter{w, record.type}, record.data);
    w.set_u16(length_at, w.size() - length_at - 2);
}

unsigned flags_of(const Header& h) {
    const auto bit = [](bool set, unsigned value) { return set ? value : 0u; };
    return bit(h.response, 0x8000) | (static_cast<unsigned>(h.opcode) & 0xf) << 11 | bit(h.authoritative, 0x0400) |
           bit(h.truncated, 0x0200) | bit(h.recursion_desired, 0x0100) | bit(h.recursion_available, 0x0080) |
           bit(h.authentic_data, 0x0020) | bit(h.checking_disabled, 0x0010) | (static_cast<unsigned>(h.rcode) & 0xf);
}

constexpr std::size_t kOptSize = 11;  // root, type, class, TTL, length

void write_opt(Writer& w, const Edns& edns, Rcode rcode) {
    w.u8(0);
    w.u16(static_cast<unsigned>(Type::opt));
    w.u16(edns.udp_size);
    w.u8(static_cast<unsigned>(rcode) >> 4 & 0xff);
    w.u8(edns.version);
    w.u16(edns.dnssec_ok ? 0x8000 : 0);
    w.u16(static_cast<unsigned>(edns.options.size()));
    w.raw(edns.options);
}

/// Writes what fits below `limit` and returns how many records that was.
std::size_t write_section(Writer& w, const std::vector<Record>& section, std::size_t limit) {
    for (std::size_t i = 0; i < section.size(); ++i) {
        const std::size_t before = w.size();
        write_record(w, section[i]);
        if (w.size() > limit) {
            w.rewind(before);
            return i;
        }
    }
    return section.size();
}

}  // namespace

std::vector<std::byte> Message::to_bytes(std::size_t limit) const {
    Writer w;
    w.u16(header.id);
    w.u16(flags_of(header));
    w.u16(static_cast<unsigned>(questions.size()));
    for (int i = 0; i < 3; ++i) w.u16(0);
    for (const Question& q : questions) {
        w.name(q.name);
        w.u16(static_cast<unsigned>(q.type));
        w.u16(static_cast<unsigned>(q.question_class));
    }
    const std::size_t reserved = edns ? kOptSize + edns->options.size() : 0;
    const std::size_t records_limit = limit > reserved ? limit - reserved : 0;
    const std::size_t answers_written = write_section(w, answers, records_limit);
    bool truncated = answers_written < answers.size();
    const std::size_t authorities_written = truncated ? 0 : write_section(w, authorities, records_limit);
    truncated = truncated || authorities_written < authorities.size();
    std::size_t additionals_written = truncated ? 0 : write_section(w, additionals, records_limit);
    if (edns) {
        write_opt(w, *edns, header.rcode);
        ++additionals_written;
    }
    w.set_u16(6, answers_written);
    w.set_u16(8, authorities_written);
    w.set_u16(10, additionals_written);
    if (truncated) w.set_u16(2, flags_of(header) | 0x0200);
    return w.take();
}

Message make_query(std::uint16_t id, const Question& question) {
    Message m;
    m.header.id = id;
    m.header.recursion_desired = true;
    m.questions.push_back(question);
    return m;
}

std::vector<std::byte> tcp_framed(std::span<const std::byte> message) {
    std::vector<std::byte> framed;
    framed.reserve(message.size() + 2);
    framed.push_back(static_cast<std::byte>(message.size() >> 8 & 0xff));
    framed.push_back(static_cast<std::byte>(message.size() & 0xff));
    framed.insert(framed.end(), message.begin(), message.end());
    return framed;
}

}  // namespace hourglass::dns
