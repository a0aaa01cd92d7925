#include "dns/interpret.h"

#include <algorithm>

namespace hourglass::dns {

namespace {

bool is_for(const Record& record, const Name& name, Type type) {
    return record.type == type && record.record_class == Class::in && record.name == name;
}

/// Takes the addresses of the chain's end out of the answer section.
void collect_addresses(const Message& response, Type type, const InterpretLimits& limits, Answer& answer) {
    for (const Record& record : response.answers) {
        if (!is_for(record, answer.canonical_name, type)) continue;
        const auto* address = std::get_if<IpAddress>(&record.data);
        if (address == nullptr || answer.addresses.size() >= limits.addresses) continue;
        answer.addresses.push_back(*address);
        answer.ttl = std::min(answer.ttl, record.ttl);
    }
}

const Record* find_alias(const Message& response, const Name& name) {
    const auto found =
        std::ranges::find_if(response.answers, [&](const Record& record) { return is_for(record, name, Type::cname); });
    return found == response.answers.end() ? nullptr : &*found;
}

/// The SOA that says for how long a negative answer for `name` holds (RFC 2308, section 3).
const Record* find_soa(const Message& response, const Name& name) {
    const auto found = std::ranges::find_if(response.authorities, [&](const Record& record) {
        return record.type == Type::soa && record.record_class == Class::in && name.is_within(record.name);
    });
    return found == response.authorities.end() ? nullptr : &*found;
}

bool has_name_servers(const Message& response) {
    return std::ranges::any_of(response.authorities, [](const Record& record) { return record.type == Type::ns; });
}

void set_negative(Answer& answer, ResolveError error, const Record* soa, const InterpretLimits& limits) {
    answer.negative = error;
    const auto* data = soa == nullptr ? nullptr : std::get_if<Soa>(&soa->data);
    // RFC 2308, section 5: without an SOA a negative answer should not be kept.
    const std::uint32_t ttl = data == nullptr ? 0 : std::min({soa->ttl, data->minimum, limits.negative_ttl});
    answer.ttl = std::min(answer.ttl, ttl);
}

}  // namespace

Interpretation interpret(const Message& response, const Name& name, Type type, const InterpretLimits& limits) {
    using Kind = Interpretation::Kind;
    Interpretation result;
    Answer& answer = result.answer;
    if (response.header.rcode != Rcode::no_error && response.header.rcode != Rcode::name_error) return result;
    answer.canonical_name = name;
    answer.ttl = limits.ttl;
    result.kind = Kind::answered;
    for (;;) {
        collect_addresses(response, type, limits, answer);
        if (!answer.addresses.empty()) return result;
        const Record* alias = find_alias(response, answer.canonical_name);
        const auto* target = alias == nullptr ? nullptr : std::get_if<Name>(&alias->data);
        if (target == nullptr) break;
        if (++result.aliases > limits.aliases) {
            result.kind = Kind::looping;
            return result;
        }
        answer.canonical_name = *target;
        answer.ttl = std::min(answer.ttl, alias->ttl);
    }
    // RFC 6604, section 3: the rcode speaks of the end of the chain.
    const Record* soa = find_soa(response, answer.canonical_name);
    if (response.header.rcode == Rcode::name_error)
        set_negative(answer, ResolveError::name_error, soa, limits);
    else if (soa == nullptr && result.aliases > 0)
        result.kind = Kind::continued;
    else if (soa == nullptr && has_name_servers(response) && !response.header.authoritative)
        result.kind = Kind::no_help;  // RFC 2308, section 2.2: a referral, not an answer
    else
        set_negative(answer, ResolveError::no_data, soa, limits);
    return result;
}

}  // namespace hourglass::dns
