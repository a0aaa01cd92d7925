// Putting a zone together from the entries of a master file: RFC 1035, section 5; RFC 2308, section 4 for $TTL.

#include <algorithm>
#include <fmt/format.h>

#include "dns/master_file.h"
#include "hourglass/dns/zone.h"

namespace hourglass::dns {

/// The state that carries over from entry to entry, and the checks on the whole.
class ZoneBuilder {
  public:
    ZoneBuilder(const std::optional<Name>& origin, const ZoneLimits& limits) : origin_(origin), limits_(limits) {}

    std::expected<void, std::string> add(const Entry& entry);
    std::expected<Zone, ZoneError> finish();

  private:
    struct Placed {
        Record record;
        std::size_t line;
        bool has_ttl;
    };

    std::expected<void, std::string> add_directive(const Entry& entry);
    std::expected<void, std::string> add_record(const Entry& entry, std::span<const Token> tokens);
    std::expected<Name, ZoneError> find_origin() const;
    std::expected<void, ZoneError> place(Zone& zone, const Placed& placed) const;
    std::expected<void, ZoneError> check_aliases(const Zone& zone) const;

    std::optional<Name> origin_;
    ZoneLimits limits_;
    std::optional<std::uint32_t> default_ttl_;
    std::optional<std::uint32_t> last_ttl_;
    std::optional<Name> owner_;
    std::vector<Placed> records_;
};

std::expected<void, std::string> ZoneBuilder::add(const Entry& entry) {
    if (!entry.begins_blank && !entry.tokens[0].quoted && entry.tokens[0].text.starts_with('$'))
        return add_directive(entry);
    std::span<const Token> tokens(entry.tokens);
    if (!entry.begins_blank) {
        auto owner = parse_zone_name(tokens[0], origin_);
        if (!owner) return std::unexpected(owner.error());
        owner_ = std::move(*owner);
        tokens = tokens.subspan(1);
    }
    if (!owner_) return std::unexpected("the first record has no owner: a name must stand at the line's beginning");
    return add_record(entry, tokens);
}

std::expected<void, std::string> ZoneBuilder::add_directive(const Entry& entry) {
    const std::string& directive = entry.tokens[0].text;
    if (directive != "$ORIGIN" && directive != "$TTL")
        return std::unexpected(fmt::format("{} is not supported; $ORIGIN and $TTL are", directive));
    if (entry.tokens.size() != 2) return std::unexpected(fmt::format("{} takes one argument", directive));
    const Token& argument = entry.tokens[1];
    if (directive == "$ORIGIN") {
        auto origin = parse_zone_name(argument, origin_);
        if (!origin) return std::unexpected(origin.error());
        origin_ = std::move(*origin);
        return {};
    }
    default_ttl_ = parse_ttl(argument.text);
    if (!default_ttl_)
        return std::unexpected(fmt::format("'{}' is not a time (seconds, or such as 1h30m)", argument.text));
    return {};
}

/// `[TTL] [class] type RDATA`, or `[class] [TTL] type RDATA` (RFC 1035, section 5.1).
std::expected<void, std::string> ZoneBuilder::add_record(const Entry& entry, std::span<const Token> tokens) {
    std::optional<std::uint32_t> ttl;
    bool has_class = false;
    while (!tokens.empty() && !tokens[0].quoted) {
        const std::string& text = tokens[0].text;
        const bool is_class = !has_class && (text == "IN" || text == "in");
        const auto number = ttl || is_class ? std::nullopt : parse_ttl(text);
        if (!is_class && !number) break;
        has_class = has_class || is_class;
        if (number) ttl = number;
        tokens = tokens.subspan(1);
    }
    if (tokens.empty()) return std::unexpected("the record has no type");
    const auto type = tokens[0].quoted ? std::nullopt : parse_type(tokens[0].text);
    if (!type)
        return std::unexpected(
            fmt::format("'{}' is not a type of record (only class IN is supported)", tokens[0].text));
    auto data = parse_data(*type, tokens.subspan(1), origin_);
    if (!data) return std::unexpected(fmt::format("{}: {}", to_string(*type), data.error()));
    if (records_.size() >= limits_.records)
        return std::unexpected(fmt::format("more than {} records", limits_.records));
    if (ttl) last_ttl_ = ttl;
    const auto effective = ttl ? ttl : default_ttl_ ? default_ttl_ : last_ttl_;
    records_.push_back(
        {{*owner_, *type, Class::in, effective.value_or(0), std::move(*data)}, entry.line, effective.has_value()});
    return {};
}

std::expected<Name, ZoneError> ZoneBuilder::find_origin() const {
    const auto is_soa = [](const Placed& p) { return p.record.type == Type::soa; };
    const auto first = std::ranges::find_if(records_, is_soa);
    if (first == records_.end()) return std::unexpected(ZoneError{0, "there is no SOA record"});
    const auto second = std::find_if(std::next(first), records_.end(), is_soa);
    if (second != records_.end())
        return std::unexpected(
            ZoneError{second->line, fmt::format("a second SOA record; the first is in line {}", first->line)});
    return first->record.name;
}

/// Adds a record to its set; the set's TTL becomes the least of its records' (RFC 2181, section 5.2).
std::expected<void, ZoneError> ZoneBuilder::place(Zone& zone, const Placed& placed) const {
    Record record = placed.record;
    if (!record.name.is_within(zone.origin_))
        return std::unexpected(ZoneError{placed.line, fmt::format("{} lies outside the zone {}",
                                                                  record.name.to_string(), zone.origin_.to_string())});
    RecordSet& set = zone.nodes_[record.name][record.type];
    if (set.size() >= limits_.records_per_set)
        return std::unexpected(
            ZoneError{placed.line, fmt::format("more than {} {} records of {}", limits_.records_per_set,
                                               to_string(record.type), record.name.to_string())});
    if (!set.empty() && set.front().ttl < record.ttl) record.ttl = set.front().ttl;
    if (!set.empty() && set.front().ttl > record.ttl)
        for (Record& other : set) other.ttl = record.ttl;
    const bool known = std::ranges::any_of(set, [&](const Record& r) { return r.data == record.data; });
    if (!known) set.push_back(std::move(record));
    return {};
}

/// RFC 1034, section 3.6.2: a name with a CNAME has no other record, and one CNAME only.
std::expected<void, ZoneError> ZoneBuilder::check_aliases(const Zone& zone) const {
    for (const Placed& placed : records_) {
        if (placed.record.type != Type::cname) continue;
        const Zone::Node& node = zone.nodes_.at(placed.record.name);
        if (node.size() > 1 || node.at(Type::cname).size() > 1)
            return std::unexpected(ZoneError{placed.line, fmt::format("{} has a CNAME and other records besides it",
                                                                      placed.record.name.to_string())});
    }
    return {};
}

std::expected<Zone, ZoneError> ZoneBuilder::finish() {
    auto origin = find_origin();
    if (!origin) return std::unexpected(origin.error());
    Zone zone;
    zone.origin_ = std::move(*origin);
    const auto soa = std::ranges::find_if(records_, [](const Placed& p) { return p.record.type == Type::soa; });
    const std::uint32_t minimum = std::get<Soa>(soa->record.data).minimum;
    for (Placed& placed : records_) {
        if (!placed.has_ttl) placed.record.ttl = minimum;  // the meaning it had before $TTL (RFC 2308, section 4)
        if (auto done = place(zone, placed); !done) return std::unexpected(done.error());
    }
    if (auto done = check_aliases(zone); !done) return std::unexpected(done.error());
    return zone;
}

std::expected<Zone, ZoneError> Zone::parse(std::string_view text, const std::optional<Name>& origin,
                                           const ZoneLimits& limits) {
    MasterFile file(text);
    ZoneBuilder builder(origin, limits);
    for (;;) {
        const auto entry = file.next();
        if (!entry) return std::unexpected(entry.error());
        if (!*entry) return builder.finish();
        if (auto added = builder.add(**entry); !added) return std::unexpected(ZoneError{(*entry)->line, added.error()});
    }
}

}  // namespace hourglass::dns
