#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "hourglass/http/error.h"
#include "hourglass/http/fields.h"

namespace hourglass::http {

/// A stretch of an open file, for a transport that can send it from there.
struct FilePart {
    int descriptor = -1;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// Where the content of a message comes from, pulled as the transport has room for it: a file of any size passes
/// through one buffer.
class BodySource {
  public:
    enum class State : std::uint8_t {
        data,     ///< `size` bytes were read, at least one
        pending,  ///< nothing now; the function given to `on_ready` is called when there is
        end,      ///< no more
        failed,   ///< the rest cannot be had; the message is cut off and the connection with it
    };
    struct Read {
        State state = State::end;
        std::size_t size = 0;
    };

    BodySource() = default;
    BodySource(const BodySource&) = delete;
    BodySource& operator=(const BodySource&) = delete;
    virtual ~BodySource() = default;

    /// Bytes that `read` will give in all, when that is known. It decides between Content-Length and chunked.
    [[nodiscard]] virtual std::optional<std::uint64_t> size() const = 0;
    /// Fills the beginning of `into`, which is not empty.
    virtual Read read(std::span<std::byte> into) = 0;
    /// All that is left, when it lies as it is in a file of the operating system's.
    [[nodiscard]] virtual std::optional<FilePart> file_part() const { return std::nullopt; }
    /// The next `n` bytes of that have been sent from there.
    virtual void skip(std::uint64_t n) { static_cast<void>(n); }
    /// Trailer fields, asked for after the end of a body sent in chunks.
    [[nodiscard]] virtual Fields trailers() { return {}; }
    /// Gives the function to call when a source that said `pending` has more.
    virtual void on_ready(std::function<void()> wake) { static_cast<void>(wake); }
};

/// Where the content of a message goes as it arrives.
class BodySink {
  public:
    BodySink() = default;
    BodySink(const BodySink&) = delete;
    BodySink& operator=(const BodySink&) = delete;
    virtual ~BodySink() = default;

    virtual void write(std::span<const std::byte> bytes) = 0;
    /// The content is complete.
    virtual void end(const Fields& trailers) = 0;
    /// The content will not be complete.
    virtual void abort(Error reason) = 0;
    /// False while no more is wanted: the connection then stops reading, and TCP's window does the rest.
    [[nodiscard]] virtual bool ready() const { return true; }
    /// Gives the function to call when `ready` has become true again.
    virtual void on_ready(std::function<void()> wake) { static_cast<void>(wake); }
};

/// Content that is in memory.
class StringBody final : public BodySource {
  public:
    explicit StringBody(std::string content) : content_(std::move(content)) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return content_.size(); }
    Read read(std::span<std::byte> into) override;

  private:
    std::string content_;
    std::size_t at_ = 0;
};

/// A pipe with a bounded buffer: what arrives at one message's sink leaves by another message's source. It carries
/// back-pressure from the one connection to the other, and failure too: an aborted sink fails the source.
struct BodyPipe {
    std::unique_ptr<BodySink> sink;
    std::unique_ptr<BodySource> source;

    /// `capacity`: bytes held before the sink says that it is not ready. `size`: what the source announces. When the
    /// source is dropped first, the sink takes and discards the rest.
    static BodyPipe make(std::size_t capacity, std::optional<std::uint64_t> size);
};

/// The bytes of a text.
[[nodiscard]] inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}
/// Bytes seen as a text.
[[nodiscard]] inline std::string_view as_text(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace hourglass::http
