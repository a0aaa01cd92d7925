// Answering from zones: RFC 1034, section 4.3.2.

#include "hourglass/dns/authoritative_server.h"

#include <algorithm>

namespace hourglass::dns {

namespace {

constexpr std::uint16_t kPlainUdpSize = 512;  // RFC 1035, section 4.2.1

void append(std::vector<Record>& to, const RecordSet& from) { to.insert(to.end(), from.begin(), from.end()); }

/// The host that a record sends its reader to, if its type does that.
const Name* target_of(const Record& record) {
    if (const auto* mx = std::get_if<Mx>(&record.data)) return &mx->exchange;
    return record.type == Type::ns ? std::get_if<Name>(&record.data) : nullptr;
}

/// The addresses of the hosts that the answer names (RFC 1034, section 4.3.2, step 6), glue included.
void add_addresses(const Zone& zone, const std::vector<Record>& records, std::vector<Record>& additionals) {
    for (const Record& record : records) {
        const Name* target = target_of(record);
        if (target == nullptr || !target->is_within(zone.origin())) continue;
        for (const Type type : {Type::a, Type::aaaa}) {
            const RecordSet* addresses = zone.find_exact(*target, type);
            if (addresses != nullptr && std::ranges::find(additionals, addresses->front()) == additionals.end())
                append(additionals, *addresses);
        }
    }
}

bool is_transfer(Type type) {
    constexpr auto kIxfr = static_cast<Type>(251);
    return type == Type::axfr || type == kIxfr;
}

}  // namespace

AuthoritativeServer::AuthoritativeServer(std::vector<Zone> zones, const ServerSettings& settings)
    : zones_(std::move(zones)), settings_(settings) {
    settings_.udp_size = std::max(settings_.udp_size, kPlainUdpSize);
}

/// The zone nearest to the name (RFC 1034, section 4.3.2, step 2).
const Zone* AuthoritativeServer::find_zone(const Name& name) const {
    const Zone* nearest = nullptr;
    for (const Zone& zone : zones_) {
        const bool holds = name.is_within(zone.origin());
        if (holds && (nearest == nullptr || zone.origin().is_within(nearest->origin()))) nearest = &zone;
    }
    return nearest;
}

void AuthoritativeServer::answer_question(const Question& question, Message& response) const {
    using Kind = Zone::Match::Kind;
    const Zone* zone = find_zone(question.name);
    if (zone == nullptr || question.question_class != Class::in || is_transfer(question.type)) {
        response.header.rcode = Rcode::refused;
        return;
    }
    response.header.authoritative = true;
    Name name = question.name;
    for (std::size_t aliases = 0; aliases <= settings_.max_aliases; ++aliases) {
        const Zone::Match match = zone->find(name, question.type);
        if (match.kind == Kind::delegated) {
            response.header.authoritative = aliases > 0;  // AA speaks of the first name (RFC 1035, section 4.1.1)
            append(response.authorities, match.records);
            return add_addresses(*zone, match.records, response.additionals);
        }
        append(response.answers, match.records);
        if (match.kind == Kind::found) return add_addresses(*zone, match.records, response.additionals);
        if (match.kind != Kind::alias) {
            if (match.kind == Kind::name_error) response.header.rcode = Rcode::name_error;
            response.authorities.push_back(zone->negative_soa());
            return;
        }
        const auto* target = std::get_if<Name>(&match.records.front().data);
        if (target == nullptr || !target->is_within(zone->origin())) return;
        name = *target;
    }
}

AuthoritativeServer::Reply AuthoritativeServer::respond(const Message& head, std::span<const std::byte> query) const {
    Reply reply{{}, kPlainUdpSize};
    Message& response = reply.message;
    response.header.id = head.header.id;
    response.header.opcode = head.header.opcode;
    response.header.recursion_desired = head.header.recursion_desired;
    response.header.response = true;
    response.questions = head.questions;
    if (head.header.opcode != Opcode::query) {
        response.header.rcode = Rcode::not_implemented;
        return reply;
    }
    const auto message = Message::parse(query);
    if (!message || message->questions.size() != 1) {  // RFC 9619: exactly one question
        response.header.rcode = Rcode::format_error;
        return reply;
    }
    if (message->edns) {
        reply.udp_limit = std::clamp(message->edns->udp_size, kPlainUdpSize, settings_.udp_size);
        response.edns = Edns{settings_.udp_size, 0, message->edns->dnssec_ok, {}};
        if (message->edns->version > 0) {  // RFC 6891, section 6.1.3
            response.header.rcode = Rcode::bad_version;
            return reply;
        }
    }
    answer_question(message->questions[0], response);
    return reply;
}

std::vector<std::byte> AuthoritativeServer::answer(std::span<const std::byte> query, Transport transport) {
    constexpr std::size_t kHeaderSize = 12;
    constexpr std::size_t kFlagsAt = 2;
    if (query.size() < kHeaderSize || (query[kFlagsAt] & std::byte{0x80}) != std::byte{0}) {
        ++counters_.ignored;
        return {};
    }
    auto head = Message::parse_head(query);
    if (!head) {  // the header alone can still be answered
        std::vector<std::byte> header(query.begin(), query.begin() + kHeaderSize);
        std::fill(header.begin() + 4, header.end(), std::byte{0});
        head = Message::parse_head(header);
    }
    if (head->questions.size() > 1) head->questions.clear();  // an echo of many would serve only to amplify
    const Reply reply = respond(*head, query);
    count(reply.message);
    auto bytes = reply.message.to_bytes(transport == Transport::udp ? reply.udp_limit : 65535);
    if ((bytes[kFlagsAt] & std::byte{0x02}) != std::byte{0}) ++counters_.truncated;
    return bytes;
}

void AuthoritativeServer::count(const Message& response) {
    switch (response.header.rcode) {
        case Rcode::no_error:
            ++counters_.answered;
            break;
        case Rcode::name_error:
            ++counters_.name_errors;
            break;
        case Rcode::refused:
            ++counters_.refused;
            break;
        case Rcode::not_implemented:
            ++counters_.not_implemented;
            break;
        case Rcode::bad_version:
            ++counters_.bad_versions;
            break;
        default:
            ++counters_.format_errors;
            break;
    }
}

}  // namespace hourglass::dns
