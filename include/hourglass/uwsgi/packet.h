#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hourglass::uwsgi {

/// Why a packet is refused, or cannot be made.
enum class Error : std::uint8_t {
    packet_too_large,     ///< more variables than the limit, or than the 16 bits of `datasize` can tell
    variable_cut_off,     ///< a name or a value reaches beyond the packet
    empty_name,           ///< a variable without a name
    too_many_variables,   ///< more of them than the limit
    unknown_modifier,     ///< the packet is no request for a web application (modifier1 is not 0)
    missing_variable,     ///< no REQUEST_METHOD, or neither REQUEST_URI nor PATH_INFO
    duplicate_variable,   ///< a variable that frames or routes the request comes twice
    invalid_variable,     ///< a value that an HTTP request may not carry, or a CONTENT_LENGTH that is no number
    incomplete_packet,    ///< the peer closed before the packet was complete
    unknown_body_length,  ///< the protocol needs CONTENT_LENGTH, and the body does not know its size
};
/// One line for a person.
[[nodiscard]] std::string_view to_string(Error error) noexcept;

/// A packet's first four bytes: modifier1, datasize (little endian), modifier2.
struct PacketHeader {
    static constexpr std::size_t kSize = 4;
    std::uint8_t modifier1 = 0;  ///< whose business it is; 0 is a request for a web application (WSGI, PSGI, Rack)
    std::uint16_t size = 0;      ///< bytes of variables that follow
    std::uint8_t modifier2 = 0;  ///< more on it; 0
    bool operator==(const PacketHeader&) const = default;
};

/// Variables in their order; names as CGI has them: REQUEST_METHOD, PATH_INFO, HTTP_ACCEPT.
using Variables = std::vector<std::pair<std::string, std::string>>;

struct Limits {
    std::uint16_t packet = 65535;   ///< bytes of variables
    std::uint32_t variables = 256;  ///< how many of them
};

/// Reads the first four bytes. Precondition: there are that many.
[[nodiscard]] PacketHeader parse_header(std::span<const std::byte> bytes) noexcept;
/// Reads the block of variables behind a header: 16 bits of size (little endian) before each name and each value.
[[nodiscard]] std::expected<Variables, Error> parse_variables(std::span<const std::byte> block,
                                                              const Limits& limits = {});
/// A request packet with these variables.
[[nodiscard]] std::expected<std::string, Error> write_packet(const Variables& variables, std::uint8_t modifier1 = 0,
                                                             std::uint8_t modifier2 = 0);

/// The first variable of that name.
[[nodiscard]] std::optional<std::string_view> find(const Variables& variables, std::string_view name) noexcept;

}  // namespace hourglass::uwsgi
