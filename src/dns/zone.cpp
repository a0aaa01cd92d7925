// Finding records in a zone: RFC 1034, section 4.3.2; RFC 4592 for wildcards.

#include "hourglass/dns/zone.h"

#include <algorithm>
#include <fmt/format.h>

namespace hourglass::dns {

namespace {

/// What a node says to a question of `type`.
Zone::Match match_in(const Zone::Node& node, Type type) {
    using Kind = Zone::Match::Kind;
    if (type == Type::any && !node.empty()) return {Kind::found, node.begin()->second};
    if (const auto set = node.find(type); set != node.end()) return {Kind::found, set->second};
    if (const auto alias = node.find(Type::cname); alias != node.end()) return {Kind::alias, alias->second};
    return {Kind::no_data, {}};
}

}  // namespace

std::string ZoneError::to_string() const { return line == 0 ? what : fmt::format("line {}: {}", line, what); }

Record Zone::negative_soa() const {
    Record record = soa();
    if (const auto* data = std::get_if<Soa>(&record.data)) record.ttl = std::min(record.ttl, data->minimum);
    return record;
}

const Zone::Node* Zone::find_node(const Name& name) const {
    const auto at = nodes_.find(name);
    return at == nodes_.end() ? nullptr : &at->second;
}

const RecordSet* Zone::find_exact(const Name& name, Type type) const {
    const Node* node = find_node(name);
    if (node == nullptr) return nullptr;
    const auto set = node->find(type);
    return set == node->end() ? nullptr : &set->second;
}

/// A name exists also when only names beneath it have records (RFC 4592, section 2.2.2); in canonical order the first
/// of those follows it directly.
bool Zone::exists(const Name& name) const {
    const auto at = nodes_.lower_bound(name);
    return at != nodes_.end() && at->first.is_within(name);
}

/// The NS records of the highest cut between the origin and the name (RFC 1034, section 4.3.2, step 3b).
const RecordSet* Zone::find_delegation(const Name& name) const {
    const RecordSet* highest = nullptr;
    for (Name at = name; at != origin_; at = at.parent())
        if (const RecordSet* cut = find_exact(at, Type::ns)) highest = cut;
    return highest;
}

/// The wildcard beneath the closest encloser (RFC 4592, section 3.3.1). Precondition: the name does not exist.
const Zone::Node* Zone::find_wildcard(const Name& name) const {
    Name encloser = name.parent();
    while (encloser != origin_ && !exists(encloser)) encloser = encloser.parent();
    const auto wildcard = Name::join("*", encloser);
    return wildcard ? find_node(*wildcard) : nullptr;
}

Zone::Match Zone::find(const Name& name, Type type) const {
    using Kind = Match::Kind;
    if (const RecordSet* cut = find_delegation(name)) return {Kind::delegated, *cut};
    if (const Node* node = find_node(name)) return match_in(*node, type);
    if (exists(name)) return {Kind::no_data, {}};
    const Node* wildcard = find_wildcard(name);
    if (wildcard == nullptr) return {Kind::name_error, {}};
    Match match = match_in(*wildcard, type);
    for (Record& record : match.records) record.name = name;
    return match;
}

std::vector<Record> Zone::records() const {
    std::vector<Record> all{soa()};
    for (const auto& [name, node] : nodes_)
        for (const auto& [type, set] : node)
            if (type != Type::soa) all.insert(all.end(), set.begin(), set.end());
    return all;
}

}  // namespace hourglass::dns
