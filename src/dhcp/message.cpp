#include "hourglass/dhcp/message.h"

#include <array>

#include "hourglass/wire/address_field.h"
#include "hourglass/wire/endian.h"

namespace hourglass::dhcp {

using wire::ParseError;

namespace {

constexpr std::uint8_t kRequest = 1, kReply = 2, kEthernet = 1, kMacSize = 6;
constexpr std::uint32_t kMagicCookie = 0x63825363;  // RFC 2131, section 3.
constexpr std::uint16_t kBroadcastFlag = 0x8000;
constexpr std::size_t kSmallestMessage = 300;

// Where the fixed fields are (RFC 2131, figure 1).
constexpr std::size_t kTransaction = 4, kSeconds = 8, kFlags = 10, kClientAddress = 12, kYourAddress = 16, kMac = 28;
constexpr std::size_t kServerName = 44, kServerNameSize = 64, kFile = 108, kFileSize = 128;
constexpr std::size_t kOptions = MessageView::kFixedSize + sizeof kMagicCookie;

// Option 52 (RFC 2132, section 9.3).
constexpr std::uint8_t kInFile = 1, kInServerName = 2;

/// Calls `visit(code, value)` for each option of one field, up to its end. False when one runs over the field.
template <typename Visit>
bool walk(std::span<const std::byte> field, Visit&& visit) {
    while (!field.empty()) {
        const Option code{wire::load_8(field.data())};
        if (code == Option::end) return true;
        if (code == Option::pad) {
            field = field.subspan(1);
            continue;
        }
        if (field.size() < 2) return false;
        const std::size_t size = wire::load_8(field.data() + 1);
        if (field.size() < 2 + size) return false;
        visit(code, field.subspan(2, size));
        field = field.subspan(2 + size);
    }
    return true;
}

constexpr auto kSkip = [](Option, std::span<const std::byte>) {};

}  // namespace

std::expected<MessageView, ParseError> MessageView::parse(std::span<const std::byte> bytes) {
    if (bytes.size() < kOptions) return std::unexpected(ParseError::truncated);
    const std::uint8_t operation = wire::load_8(bytes.data());
    const bool ethernet = wire::load_8(bytes.data() + 1) == kEthernet && wire::load_8(bytes.data() + 2) == kMacSize;
    if ((operation != kRequest && operation != kReply) || !ethernet) return std::unexpected(ParseError::bad_type);
    if (wire::load_be32(bytes.data() + kFixedSize) != kMagicCookie) return std::unexpected(ParseError::bad_version);
    const MessageView view(bytes);
    if (!walk(view.options(), kSkip)) return std::unexpected(ParseError::bad_option);
    const std::uint8_t overload = view.overload();
    if ((overload & kInFile) != 0 && !walk(bytes.subspan(kFile, kFileSize), kSkip))
        return std::unexpected(ParseError::bad_option);
    if ((overload & kInServerName) != 0 && !walk(bytes.subspan(kServerName, kServerNameSize), kSkip))
        return std::unexpected(ParseError::bad_option);
    return view;
}

std::span<const std::byte> MessageView::options() const { return bytes_.subspan(kOptions); }

std::uint8_t MessageView::overload() const {
    std::uint8_t result = 0;
    walk(options(), [&](Option code, std::span<const std::byte> value) {
        if (code == Option::overload && value.size() == 1) result = wire::load_8(value.data());
    });
    return result;
}

Header MessageView::header() const {
    const std::byte* p = bytes_.data();
    return {.reply = wire::load_8(p) == kReply,
            .transaction = wire::load_be32(p + kTransaction),
            .seconds = wire::load_be16(p + kSeconds),
            .broadcast = (wire::load_be16(p + kFlags) & kBroadcastFlag) != 0,
            .client_address = IpAddress::v4(wire::load_be32(p + kClientAddress)),
            .your_address = IpAddress::v4(wire::load_be32(p + kYourAddress)),
            .mac = wire::load_mac(p + kMac)};
}

std::optional<MessageType> MessageView::type() const {
    const auto value = option(Option::message_type);
    if (!value || value->size() != 1) return std::nullopt;
    return MessageType(wire::load_8(value->data()));
}

std::optional<std::vector<std::byte>> MessageView::option(Option code) const {
    std::optional<std::vector<std::byte>> result;
    const auto collect = [&](Option found, std::span<const std::byte> value) {
        if (found != code) return;
        if (!result) result.emplace();
        result->insert(result->end(), value.begin(), value.end());
    };
    walk(options(), collect);
    const std::uint8_t more = overload();
    if ((more & kInFile) != 0) walk(bytes_.subspan(kFile, kFileSize), collect);
    if ((more & kInServerName) != 0) walk(bytes_.subspan(kServerName, kServerNameSize), collect);
    return result;
}

std::optional<std::uint32_t> MessageView::number(Option code) const {
    const auto value = option(code);
    if (!value) return std::nullopt;
    switch (value->size()) {
        case 1:
            return wire::load_8(value->data());
        case 2:
            return wire::load_be16(value->data());
        case 4:
            return wire::load_be32(value->data());
        default:
            return std::nullopt;
    }
}

std::optional<IpAddress> MessageView::address(Option code) const {
    const auto value = option(code);
    if (!value || value->size() != 4) return std::nullopt;
    return IpAddress::v4(wire::load_be32(value->data()));
}

std::vector<IpAddress> MessageView::addresses(Option code, std::size_t limit) const {
    const auto value = option(code);
    std::vector<IpAddress> result;
    if (!value || value->size() % 4 != 0) return result;
    for (std::size_t i = 0; i < value->size() && result.size() < limit; i += 4)
        result.push_back(IpAddress::v4(wire::load_be32(value->data() + i)));
    return result;
}

MessageWriter::MessageWriter(const Header& header, MessageType type) : bytes_(kOptions) {
    std::byte* p = bytes_.data();
    wire::store_8(p, header.reply ? kReply : kRequest);
    wire::store_8(p + 1, kEthernet);
    wire::store_8(p + 2, kMacSize);
    wire::store_be32(p + kTransaction, header.transaction);
    wire::store_be16(p + kSeconds, header.seconds);
    wire::store_be16(p + kFlags, header.broadcast ? kBroadcastFlag : 0);
    wire::store_be32(p + kClientAddress, header.client_address.v4_value());
    wire::store_be32(p + kYourAddress, header.your_address.v4_value());
    wire::store_mac(p + kMac, header.mac);
    wire::store_be32(p + MessageView::kFixedSize, kMagicCookie);
    const std::array value{static_cast<std::byte>(type)};
    option(Option::message_type, value);
}

MessageWriter& MessageWriter::option(Option code, std::span<const std::byte> value) {
    bytes_.push_back(static_cast<std::byte>(code));
    bytes_.push_back(static_cast<std::byte>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
}

MessageWriter& MessageWriter::number(Option code, std::uint32_t value) {
    std::array<std::byte, 4> octets{};
    wire::store_be32(octets.data(), value);
    return option(code, octets);
}

MessageWriter& MessageWriter::address(Option code, const IpAddress& value) { return number(code, value.v4_value()); }

MessageWriter& MessageWriter::text(Option code, std::string_view value) {
    return option(code, std::as_bytes(std::span(value)));
}

std::vector<std::byte> MessageWriter::finish() {
    bytes_.push_back(static_cast<std::byte>(Option::end));
    if (bytes_.size() < kSmallestMessage) bytes_.resize(kSmallestMessage);
    return std::move(bytes_);
}

}  // namespace hourglass::dhcp
