#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hourglass::wire {

/// Why a view refused its bytes, or a host a packet. Malformed packets are counted by this reason.
enum class ParseError : std::uint8_t {
    truncated,           ///< Fewer octets than the fixed header, or than a length field promises.
    bad_version,         ///< An IP version other than the one expected.
    bad_header_length,   ///< A header length below the minimum or beyond the packet.
    bad_length,          ///< A length field that contradicts itself, or a body of the wrong size for its type.
    bad_checksum,        ///< The checksum does not verify.
    bad_option,          ///< An option or extension with an illegal length or value.
    bad_address,         ///< An address that must not stand in this field.
    bad_type,            ///< Not a kind of message that the view reads (an ARP for other hardware, an 802.3 length).
    too_many_headers,    ///< More IPv6 extension headers or options than the limit.
    unrecognized_header  ///< An IPv6 header or option that must be understood and is not.
};

/// How many reasons there are: the size of a table of counters.
inline constexpr std::size_t kParseErrorCount = 10;

/// A short name in lower case with blanks: `bad header length`.
[[nodiscard]] std::string_view to_string(ParseError error) noexcept;

}  // namespace hourglass::wire
