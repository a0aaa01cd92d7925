#include "http/websocket_frame.h"

#include <algorithm>
#include <cstring>

#include "hourglass/http/body.h"

namespace hourglass::http::detail {

namespace {

constexpr unsigned kMaskBit = 0x80;
constexpr unsigned kTwoOctets = 126;
constexpr unsigned kEightOctets = 127;
constexpr std::size_t kControlPayload = 125;
/// Unmasked at once, so that a large frame takes no second buffer of its size.
constexpr std::size_t kPiece = 64 * 1024;

constexpr Violation protocol_error(std::string_view text) { return {CloseCode::protocol_error, text}; }

bool is_known(Opcode opcode) {
    switch (opcode) {
        case Opcode::continuation:
        case Opcode::text:
        case Opcode::binary:
        case Opcode::close:
        case Opcode::ping:
        case Opcode::pong:
            return true;
    }
    return false;
}

/// XORs octets with the key, which is turned to where they begin.
void apply_mask(char* data, std::size_t size, std::array<std::byte, 4> key) {
    std::uint32_t once = 0;
    std::memcpy(&once, key.data(), sizeof once);
    const std::uint64_t twice = std::uint64_t{once} << 32 | once;
    for (; size >= sizeof twice; data += sizeof twice, size -= sizeof twice) {
        std::uint64_t word = 0;
        std::memcpy(&word, data, sizeof word);
        word ^= twice;
        std::memcpy(data, &word, sizeof word);
    }
    for (std::size_t i = 0; i < size; ++i)
        data[i] = static_cast<char>(static_cast<unsigned char>(data[i]) ^ std::to_integer<unsigned>(key[i % 4]));
}

}  // namespace

std::size_t FrameReader::header_size() const noexcept {
    if (header_read_ < 2) return 2;
    const unsigned second = std::to_integer<unsigned>(header_[1]);
    const unsigned length = second & ~kMaskBit;
    return 2U + (length == kEightOctets ? 8U : length == kTwoOctets ? 2U : 0U) + ((second & kMaskBit) != 0 ? 4U : 0U);
}

/// What the first two octets say already.
std::optional<Violation> FrameReader::check_header() const noexcept {
    const unsigned first = std::to_integer<unsigned>(header_[0]);
    const unsigned second = std::to_integer<unsigned>(header_[1]);
    if ((first & 0x70U) != 0) return protocol_error("a reserved bit is set (5.2)");
    if (!is_known(opcode())) return protocol_error("an unknown opcode (5.2)");
    if (((second & kMaskBit) != 0) != masked_)
        return protocol_error(masked_ ? "a client's frame without a mask (5.1)" : "a server's frame with a mask (5.1)");
    if (is_control()) {
        if (!is_final()) return protocol_error("a control frame in fragments (5.5)");
        if ((second & ~kMaskBit) > kControlPayload) return protocol_error("a control frame above 125 octets (5.5)");
        return std::nullopt;
    }
    const bool begun = message_ != Opcode::continuation;
    if (opcode() == Opcode::continuation && !begun) return protocol_error("a continuation of no message (5.4)");
    if (opcode() != Opcode::continuation && begun) return protocol_error("a message within a message (5.4)");
    return std::nullopt;
}

/// The header is complete.
std::optional<Violation> FrameReader::take_header() noexcept {
    const unsigned length = std::to_integer<unsigned>(header_[1]) & ~kMaskBit;
    const std::size_t extended = length == kEightOctets ? 8 : length == kTwoOctets ? 2 : 0;
    remaining_ = extended == 0 ? length : 0;
    for (std::size_t i = 0; i < extended; ++i)
        remaining_ = remaining_ << 8 | std::to_integer<std::uint64_t>(header_[2 + i]);
    if ((extended == 2 && remaining_ < kTwoOctets) || (extended == 8 && remaining_ <= 0xffff) || remaining_ >> 63 != 0)
        return protocol_error("a length that is not in its shortest form (5.2)");
    if (masked_) std::copy_n(header_.begin() + static_cast<std::ptrdiff_t>(2 + extended), 4, mask_.begin());
    mask_at_ = 0;
    header_read_ = 0;
    phase_ = Phase::payload;
    if (is_control()) {
        control_.clear();
        return std::nullopt;
    }
    if (opcode() != Opcode::continuation) {
        message_ = opcode();
        received_ = 0;
        utf8_.reset();
    }
    if (remaining_ > limit_ - received_) return Violation{CloseCode::too_big, "a message above the limit (10.4)"};
    return std::nullopt;
}

std::expected<FrameReader::Step, Violation> FrameReader::read(std::span<const std::byte> bytes) {
    std::size_t consumed = 0;
    if (phase_ == Phase::message_end) {
        phase_ = Phase::header;
        message_ = Opcode::continuation;
    }
    while (phase_ == Phase::header) {
        const std::size_t n = std::min(header_size() - header_read_, bytes.size() - consumed);
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(consumed), n,
                    header_.begin() + static_cast<std::ptrdiff_t>(header_read_));
        consumed += n;
        header_read_ += n;
        if (header_read_ >= 2)
            if (const auto wrong = check_header()) return std::unexpected(*wrong);
        if (header_read_ < 2 || header_read_ < header_size()) {
            if (consumed == bytes.size()) return Step{.consumed = consumed};
            continue;
        }
        if (const auto wrong = take_header()) return std::unexpected(*wrong);
    }
    return read_payload(bytes.subspan(consumed), consumed);
}

void FrameReader::unmask(std::span<const std::byte> bytes) {
    piece_.assign(as_text(bytes));
    if (!masked_) return;
    std::array<std::byte, 4> key{};
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = mask_[(mask_at_ + i) % key.size()];
    apply_mask(piece_.data(), piece_.size(), key);
    mask_at_ = (mask_at_ + bytes.size()) % key.size();
}

std::expected<FrameReader::Step, Violation> FrameReader::read_payload(std::span<const std::byte> bytes,
                                                                      std::size_t consumed) {
    if (remaining_ == 0) return end_frame(consumed);
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>({remaining_, bytes.size(), kPiece}));
    if (n == 0) return Step{.consumed = consumed};
    unmask(bytes.first(n));
    consumed += n;
    remaining_ -= n;
    if (is_control()) {
        control_ += piece_;
        return remaining_ == 0 ? end_frame(consumed) : Step{.consumed = consumed};
    }
    received_ += n;
    if (text() && !utf8_.add(piece_))
        return std::unexpected(Violation{CloseCode::invalid_payload, "a text that is not UTF-8 (8.1)"});
    return Step{.kind = Step::Kind::data, .consumed = consumed, .data = piece_};
}

std::expected<FrameReader::Step, Violation> FrameReader::end_frame(std::size_t consumed) {
    phase_ = Phase::header;
    if (is_control())
        return Step{.kind = Step::Kind::control, .consumed = consumed, .data = control_, .opcode = opcode()};
    if (!is_final()) return Step{.kind = Step::Kind::data, .consumed = consumed};
    if (text() && !utf8_.complete())
        return std::unexpected(Violation{CloseCode::invalid_payload, "a text that ends within a character (8.1)"});
    phase_ = Phase::message_end;
    return Step{.kind = Step::Kind::message, .consumed = consumed};
}

void write_frame(std::string& out, Opcode opcode, std::string_view payload, std::optional<std::uint32_t> mask) {
    const unsigned mask_bit = mask ? kMaskBit : 0;
    const auto put = [&](std::uint64_t octet) { out += static_cast<char>(octet & 0xff); };
    put(0x80U | static_cast<unsigned>(opcode));
    if (payload.size() < kTwoOctets) {
        put(mask_bit | payload.size());
    } else {
        const bool large = payload.size() > 0xffff;
        put(mask_bit | (large ? kEightOctets : kTwoOctets));
        for (int shift = large ? 56 : 8; shift >= 0; shift -= 8) put(std::uint64_t{payload.size()} >> shift);
    }
    if (!mask) {
        out += payload;
        return;
    }
    std::array<std::byte, 4> key{};
    for (std::size_t i = 0; i < key.size(); ++i) {
        key[i] = static_cast<std::byte>(*mask >> (8 * i) & 0xffU);
        out += static_cast<char>(key[i]);
    }
    const std::size_t at = out.size();
    out += payload;
    apply_mask(out.data() + at, payload.size(), key);
}

bool may_be_sent(CloseCode code) noexcept {
    const auto number = static_cast<unsigned>(code);
    // 1004, 1005, 1006 and 1015 are reserved; 1012 to 1014 were registered with IANA later.
    return (number >= 1000 && number <= 1003) || (number >= 1007 && number <= 1014) ||
           (number >= 3000 && number <= 4999);
}

std::expected<CloseReason, Violation> read_close(std::string_view payload) {
    if (payload.empty()) return CloseReason{};
    if (payload.size() == 1) return std::unexpected(protocol_error("a Close with half a code (5.5.1)"));
    const auto octet = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(payload[i])); };
    const CloseReason close{static_cast<CloseCode>(octet(0) << 8 | octet(1)), payload.substr(2)};
    if (!may_be_sent(close.code))
        return std::unexpected(protocol_error("a Close with a code that may not be sent (7.4)"));
    if (!is_utf8(close.reason))
        return std::unexpected(Violation{CloseCode::invalid_payload, "a reason that is not UTF-8 (5.5.1)"});
    return close;
}

}  // namespace hourglass::http::detail
