#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "hourglass/dns/message.h"
#include "hourglass/dns/zone.h"

namespace hourglass::dns {

/// The name that `text` is known to be.
inline Name name(std::string_view text) { return Name::parse(text).value(); }

/// The address that `text` is known to be.
inline IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

/// The zone that `text` is known to be.
inline Zone zone(std::string_view text) { return Zone::parse(text).value(); }

/// Octets of a literal that may hold zeros.
template <std::size_t N>
std::vector<std::byte> octets(const char (&literal)[N]) {
    const auto bytes = std::as_bytes(std::span(literal).first(N - 1));
    return {bytes.begin(), bytes.end()};
}

inline std::vector<std::byte> operator+(std::vector<std::byte> a, const std::vector<std::byte>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// A zone with one of everything that the tests ask for.
inline constexpr std::string_view kExampleZone = R"($ORIGIN example.test.
$TTL 300
@       IN SOA ns1 hostmaster ( 2026010101 ; serial
                                1h 15m 1w 60 )
        NS  ns1
        NS  ns2
        MX  10 mail
ns1     A   10.0.0.53
ns2     A   10.0.1.53
        AAAA 2001:db8::53
www     A   10.0.0.2
        AAAA 2001:db8::2
v4only  A   10.0.0.4
mail    A   10.0.0.25
alias   CNAME www
chain   60 CNAME alias
away    CNAME www.elsewhere.test.
lost    CNAME nowhere
loop1   CNAME loop2
loop2   CNAME loop1
text    TXT "two words" plain "a \"quote\"; no comment"
*.wild  A   10.0.0.99
        TXT "from the wildcard"
a.b.deep A  10.0.0.7
sub     NS  ns.sub
        NS  ns.elsewhere.test.
ns.sub  A   10.0.2.53
brief   0 A 10.0.0.8
)";

}  // namespace hourglass::dns
