#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/dns/name.h"

namespace hourglass::dns {

/// Where an answer came from.
enum class Source : std::uint8_t {
    literal,     ///< The name was an address.
    special,     ///< A name with a fixed meaning (RFC 6761): localhost, invalid.
    hosts_file,  ///< The hosts file.
    cache,       ///< An earlier answer whose TTL has not run out.
    network,     ///< A server, just now.
};
[[nodiscard]] std::string_view to_string(Source source);

/// The addresses of a name.
struct Resolution {
    std::vector<IpAddress> addresses;  ///< Not empty. IPv6 first (RFC 6724's default policy), else in the order given.
    Name canonical_name;               ///< The end of the chain of aliases; the name itself when there is none;
                                       ///< the root when the name was an address.
    Duration ttl{};                    ///< How long the answer holds from now on; `Duration::max()` when for ever.
    Source source = Source::network;
    bool operator==(const Resolution&) const = default;
};

/// Why a name has no addresses.
enum class ResolveError : std::uint8_t {
    name_error,        ///< The name does not exist (NXDOMAIN; RFC 2308, section 2.1).
    no_data,           ///< The name exists but has no address of the kind asked (RFC 2308, section 2.2).
    bad_name,          ///< Not a host name.
    timed_out,         ///< No server answered in the allowed attempts.
    server_failure,    ///< Every server that could be reached answered with a failure.
    too_many_aliases,  ///< The chain of CNAMEs is longer than the limit, or a loop.
    no_servers,        ///< No server is known to ask.
    limit_reached,     ///< As many questions are under way as the settings allow.
};
/// In words, for people: "the name does not exist".
[[nodiscard]] std::string_view to_string(ResolveError error);

using ResolveResult = std::expected<Resolution, ResolveError>;

}  // namespace hourglass::dns
