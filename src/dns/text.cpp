// The presentation format: RFC 1035, section 5.1; RFC 3597, section 5.

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <utility>

#include "hourglass/dns/message.h"

namespace hourglass::dns {

namespace {

constexpr std::array<std::pair<Type, std::string_view>, 11> kTypes{{{Type::a, "A"},
                                                                    {Type::ns, "NS"},
                                                                    {Type::cname, "CNAME"},
                                                                    {Type::soa, "SOA"},
                                                                    {Type::ptr, "PTR"},
                                                                    {Type::mx, "MX"},
                                                                    {Type::txt, "TXT"},
                                                                    {Type::aaaa, "AAAA"},
                                                                    {Type::opt, "OPT"},
                                                                    {Type::axfr, "AXFR"},
                                                                    {Type::any, "ANY"}}};

std::string upper(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

std::string absolute(const Name& name) { return name.is_root() ? "." : name.to_string() + "."; }

std::string quoted_string(std::string_view string) {
    std::string text = "\"";
    for (const char c : string) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < ' ' || octet >= 0x7f)
            text += fmt::format("\\{:03}", octet);
        else if (c == '"' || c == '\\')
            (text += '\\') += c;
        else
            text += c;
    }
    return text += '"';
}

struct DataText {
    Type type;

    std::string operator()(const Opaque& opaque) const {
        std::string text = fmt::format("\\# {}", opaque.bytes.size());
        if (!opaque.bytes.empty()) text += ' ';
        for (const std::byte b : opaque.bytes) text += fmt::format("{:02X}", std::to_integer<unsigned>(b));
        return text;
    }
    std::string operator()(const IpAddress& address) const {
        // An AAAA may hold an IPv4-mapped address, which `IpAddress` prints as the IPv4 address it stands for.
        const bool mapped = type == Type::aaaa && address.is_v4();
        return (mapped ? "::ffff:" : "") + address.to_string();
    }
    std::string operator()(const Name& name) const { return absolute(name); }
    std::string operator()(const Mx& mx) const { return fmt::format("{} {}", mx.preference, absolute(mx.exchange)); }
    std::string operator()(const Soa& soa) const {
        return fmt::format("{} {} {} {} {} {} {}", absolute(soa.primary), absolute(soa.mailbox), soa.serial,
                           soa.refresh, soa.retry, soa.expire, soa.minimum);
    }
    std::string operator()(const Txt& txt) const {
        std::string text;
        for (const std::string& string : txt.strings) text += (text.empty() ? "" : " ") + quoted_string(string);
        return text;
    }
};

}  // namespace

std::string to_string(Type type) {
    const auto* known = std::ranges::find(kTypes, type, &std::pair<Type, std::string_view>::first);
    return known != kTypes.end() ? std::string(known->second) : fmt::format("TYPE{}", static_cast<std::uint16_t>(type));
}

std::optional<Type> parse_type(std::string_view text) {
    const std::string name = upper(text);
    for (const auto& [type, mnemonic] : kTypes)
        if (name == mnemonic) return type;
    if (!name.starts_with("TYPE")) return std::nullopt;
    std::uint16_t value = 0;
    const auto [end, error] = std::from_chars(name.data() + 4, name.data() + name.size(), value);
    if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
    return static_cast<Type>(value);
}

std::string to_string(Class record_class) {
    switch (record_class) {
        case Class::in:
            return "IN";
        case Class::ch:
            return "CH";
        case Class::any:
            return "ANY";
    }
    return fmt::format("CLASS{}", static_cast<std::uint16_t>(record_class));
}

std::string to_string(Rcode rcode) {
    switch (rcode) {
        case Rcode::no_error:
            return "NOERROR";
        case Rcode::format_error:
            return "FORMERR";
        case Rcode::server_failure:
            return "SERVFAIL";
        case Rcode::name_error:
            return "NXDOMAIN";
        case Rcode::not_implemented:
            return "NOTIMP";
        case Rcode::refused:
            return "REFUSED";
        case Rcode::bad_version:
            return "BADVERS";
    }
    return fmt::format("RCODE{}", static_cast<std::uint16_t>(rcode));
}

std::string_view describe(MessageError error) {
    switch (error) {
        case MessageError::cut_short:
            return "the message ends inside a field";
        case MessageError::bad_label:
            return "a label of a type that does not exist";
        case MessageError::bad_pointer:
            return "a compression pointer that does not point backward";
        case MessageError::too_many_pointers:
            return "a name with too many compression pointers";
        case MessageError::name_too_long:
            return "a name of more than 255 octets";
        case MessageError::bad_data:
            return "record data that does not agree with its type or length";
        case MessageError::bad_opt:
            return "an OPT record where none may be";
        case MessageError::too_many_records:
            return "too many records";
        case MessageError::trailing_octets:
            return "octets behind the last record";
    }
    return "unknown";
}

std::string Record::to_string() const {
    return fmt::format("{} {} {} {} {}", absolute(name), ttl, dns::to_string(record_class), dns::to_string(type),
                       std::visit(DataText{type}, data));
}

std::string Message::summary() const {
    std::string asked;
    for (const Question& q : questions)
        asked += fmt::format("{}{} {}", asked.empty() ? "" : ", ", dns::to_string(q.type), q.name.to_string());
    if (!header.response) return fmt::format("query {}", asked);
    std::string text = fmt::format("answer {}{}{}", dns::to_string(header.rcode), header.authoritative ? " AA" : "",
                                   header.truncated ? " TC" : "");
    if (answers.empty()) return fmt::format("{}: {}, no records", text, asked);
    for (const Record& record : answers) text += (&record == answers.data() ? ": " : "; ") + record.to_string();
    return text;
}

}  // namespace hourglass::dns
