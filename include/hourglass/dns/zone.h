#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/dns/message.h"
#include "hourglass/dns/name.h"

namespace hourglass::dns {

/// What is wrong with a master file, and where.
struct ZoneError {
    std::size_t line = 0;  ///< From 1; 0 when the file as a whole is at fault.
    std::string what;
    /// `line 7: 'ten' is not an IPv4 address`
    [[nodiscard]] std::string to_string() const;
};

/// What a reader of master files accepts.
struct ZoneLimits {
    std::size_t records = 1'000'000;
    std::size_t records_per_set = 4096;  ///< Of one name and type; more would not fit a message.
};

/// Records of one name and type (RFC 2181, section 5): all of one TTL, none twice.
using RecordSet = std::vector<Record>;

/// A zone (RFC 1034, section 4.2): the records from its origin down, complete but for what it delegates.
class Zone {
  public:
    /// Record sets of one name, by type.
    using Node = std::map<Type, RecordSet>;

    /// What a zone says about a name and type, before aliases are followed (RFC 1034, section 4.3.2, step 3).
    struct Match {
        enum class Kind : std::uint8_t {
            found,       ///< `records` answer the question.
            alias,       ///< `records` is the CNAME of the name.
            no_data,     ///< The name exists, without that type.
            name_error,  ///< The name does not exist.
            delegated,   ///< `records` are the NS of a zone below that holds the name.
        };
        Kind kind = Kind::name_error;
        RecordSet records;  ///< A wildcard's records bear the name that was asked (RFC 4592, section 3.3.1).
    };

    /// Reads a master file (RFC 1035, section 5): `$ORIGIN` and `$TTL` (RFC 2308, section 4), `@`, relative names,
    /// parentheses, comments, quoted strings, escapes, the types A, AAAA, CNAME, MX, NS, PTR, SOA and TXT, any other as
    /// `TYPE65280 \# 2 0A0B` (RFC 3597), wildcards. Times are seconds or of the form `1h30m`. There must be one SOA;
    /// its owner is the zone's origin, and every record lies beneath it. `origin` is the initial `$ORIGIN`.
    static std::expected<Zone, ZoneError> parse(std::string_view text, const std::optional<Name>& origin = {},
                                                const ZoneLimits& limits = {});

    [[nodiscard]] const Name& origin() const { return origin_; }
    /// The SOA record.
    [[nodiscard]] const Record& soa() const { return nodes_.at(origin_).at(Type::soa).front(); }
    /// The SOA record as it goes with a negative answer: its TTL is the lesser of its own and its minimum (RFC 2308,
    /// section 3).
    [[nodiscard]] Record negative_soa() const;

    /// What the zone says to the question. `Type::any` finds one record set of the name (RFC 8482, section 4.1).
    /// Precondition: `name` is within the origin.
    [[nodiscard]] Match find(const Name& name, Type type) const;
    /// The records of exactly this name and type, wildcards and delegations aside; null when there are none.
    [[nodiscard]] const RecordSet* find_exact(const Name& name, Type type) const;

    /// Every record, SOA first, then by name in canonical order.
    [[nodiscard]] std::vector<Record> records() const;

  private:
    friend class ZoneBuilder;
    [[nodiscard]] const Node* find_node(const Name& name) const;
    [[nodiscard]] bool exists(const Name& name) const;
    [[nodiscard]] const RecordSet* find_delegation(const Name& name) const;
    [[nodiscard]] const Node* find_wildcard(const Name& name) const;

    Name origin_;
    std::map<Name, Node> nodes_;
};

}  // namespace hourglass::dns
