#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/wire/parse_error.h"

namespace hourglass::dhcp {

inline constexpr Port kServerPort{67};  ///< RFC 2131, section 4.1.
inline constexpr Port kClientPort{68};

/// Option 53 (RFC 2132, section 9.6).
enum class MessageType : std::uint8_t { discover = 1, offer, request, decline, ack, nak, release, inform };

/// The options that are used here (RFC 2132). Others may occur.
enum class Option : std::uint8_t {
    pad = 0,
    subnet_mask = 1,
    router = 3,
    domain_name_server = 6,
    host_name = 12,
    domain_name = 15,
    interface_mtu = 26,
    requested_address = 50,
    lease_time = 51,
    overload = 52,
    message_type = 53,
    server_identifier = 54,
    parameter_request_list = 55,
    renewal_time = 58,
    rebinding_time = 59,
    client_identifier = 61,
    end = 255,
};

/// The fixed fields of a message (RFC 2131, section 2).
struct Header {
    bool reply = false;  ///< From a server to a client.
    std::uint32_t transaction = 0;
    std::uint16_t seconds = 0;                    ///< Since the client began.
    bool broadcast = false;                       ///< The client cannot be answered by unicast yet.
    IpAddress client_address = IpAddress::v4(0);  ///< ciaddr: of a client that has it.
    IpAddress your_address = IpAddress::v4(0);    ///< yiaddr: what the server gives.
    MacAddress mac{};                             ///< chaddr.
    bool operator==(const Header&) const = default;
};

/// Reads a message for Ethernet (RFC 2131, section 2; RFC 2132, section 2). Options may go on in the fields `file` and
/// `sname` (section 9.3), and one may come in several parts (RFC 3396).
class MessageView {
  public:
    static constexpr std::size_t kFixedSize = 236;
    /// Errors: `truncated`; `bad_type` for other operations and hardware; `bad_version` without the magic cookie;
    /// `bad_option` for one that runs over the end of its field.
    [[nodiscard]] static std::expected<MessageView, wire::ParseError> parse(std::span<const std::byte> bytes);

    [[nodiscard]] Header header() const;
    /// Nothing without the option, which is then not DHCP but BOOTP.
    [[nodiscard]] std::optional<MessageType> type() const;
    /// All parts of an option joined, in the order of RFC 3396, section 5; nothing when it is absent.
    [[nodiscard]] std::optional<std::vector<std::byte>> option(Option code) const;
    /// The same as a number of exactly one, two or four octets, the most significant first.
    [[nodiscard]] std::optional<std::uint32_t> number(Option code) const;
    /// The same as an IPv4 address.
    [[nodiscard]] std::optional<IpAddress> address(Option code) const;
    /// The same as a list of IPv4 addresses, at most `limit`; empty when its length is not that of one.
    [[nodiscard]] std::vector<IpAddress> addresses(Option code, std::size_t limit) const;

  private:
    explicit MessageView(std::span<const std::byte> bytes) : bytes_(bytes) {}
    [[nodiscard]] std::span<const std::byte> options() const;
    [[nodiscard]] std::uint8_t overload() const;

    std::span<const std::byte> bytes_;
};

/// Writes a message: the header, then options in the order of the calls.
class MessageWriter {
  public:
    explicit MessageWriter(const Header& header, MessageType type);
    /// Precondition: at most 255 octets.
    MessageWriter& option(Option code, std::span<const std::byte> value);
    MessageWriter& number(Option code, std::uint32_t value);  ///< Four octets.
    MessageWriter& address(Option code, const IpAddress& value);
    MessageWriter& text(Option code, std::string_view value);
    /// Ends the options and pads to the 300 octets that relays of BOOTP expect (RFC 1542, section 2.1).
    [[nodiscard]] std::vector<std::byte> finish();

  private:
    std::vector<std::byte> bytes_;
};

}  // namespace hourglass::dhcp
