#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hourglass/http/websocket.h"
#include "http/utf8.h"

namespace hourglass::http::detail {

/// RFC 6455, section 5.2.
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Which rule the peer has broken.
struct Violation {
    CloseCode code = CloseCode::protocol_error;
    std::string_view text{};  ///< for a person, with its section of RFC 6455
};

/// Reads frames from spans of bytes (RFC 6455, section 5), strictly. Call `read` again with what a step left until it
/// says `need_more`. After a violation the rest has no meaning.
class FrameReader {
  public:
    struct Step {
        enum class Kind : std::uint8_t {
            need_more,  ///< everything given is consumed
            data,       ///< `data` is a piece of the message under way
            message,    ///< that message is complete
            control,    ///< `data` is the payload of the control frame `opcode`
        };
        Kind kind = Kind::need_more;
        std::size_t consumed = 0;
        std::string_view data{};  ///< valid until the next call
        Opcode opcode = Opcode::continuation;
    };

    /// `masked`: frames have to be, as a client's; otherwise they must not be. `limit`: bytes of a message.
    FrameReader(bool masked, std::uint64_t limit) : masked_(masked), limit_(limit) {}

    [[nodiscard]] std::expected<Step, Violation> read(std::span<const std::byte> bytes);
    /// True when the message under way is a text.
    [[nodiscard]] bool text() const noexcept { return message_ == Opcode::text; }

  private:
    enum class Phase : std::uint8_t { header, payload, message_end };

    [[nodiscard]] std::size_t header_size() const noexcept;
    [[nodiscard]] std::optional<Violation> check_header() const noexcept;
    [[nodiscard]] std::optional<Violation> take_header() noexcept;
    [[nodiscard]] std::expected<Step, Violation> read_payload(std::span<const std::byte> bytes, std::size_t consumed);
    [[nodiscard]] std::expected<Step, Violation> end_frame(std::size_t consumed);
    void unmask(std::span<const std::byte> bytes);

    [[nodiscard]] bool is_control() const noexcept { return (std::to_integer<unsigned>(header_[0]) & 0x08U) != 0; }
    [[nodiscard]] bool is_final() const noexcept { return (std::to_integer<unsigned>(header_[0]) & 0x80U) != 0; }
    [[nodiscard]] Opcode opcode() const noexcept {
        return static_cast<Opcode>(std::to_integer<unsigned>(header_[0]) & 0x0fU);
    }

    bool masked_;
    std::uint64_t limit_;
    Phase phase_ = Phase::header;
    std::array<std::byte, 14> header_{};
    std::size_t header_read_ = 0;
    std::array<std::byte, 4> mask_{};
    std::size_t mask_at_ = 0;
    std::uint64_t remaining_ = 0;            ///< bytes of the frame's payload to come
    std::uint64_t received_ = 0;             ///< bytes of the message
    Opcode message_ = Opcode::continuation;  ///< the kind of the message under way; `continuation`: none is
    Utf8Check utf8_{};
    std::string piece_{};    ///< unmasked
    std::string control_{};  ///< payload of a control frame
};

/// Appends a frame, masked if there is a key. The payload of a control frame has at most 125 bytes.
void write_frame(std::string& out, Opcode opcode, std::string_view payload, std::optional<std::uint32_t> mask);

/// What a Close frame says (RFC 6455, section 5.5.1).
struct CloseReason {
    CloseCode code = CloseCode::no_status;
    std::string_view reason{};
};
[[nodiscard]] std::expected<CloseReason, Violation> read_close(std::string_view payload);
/// True when an endpoint may put the code into a Close frame (section 7.4).
[[nodiscard]] bool may_be_sent(CloseCode code) noexcept;

}  // namespace hourglass::http::detail
