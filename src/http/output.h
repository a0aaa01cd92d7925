#pragma once

#include <cstddef>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "hourglass/http/body.h"
#include "hourglass/http/parser.h"
#include "hourglass/http/writer.h"

namespace hourglass::http::detail {

/// Bytes that wait for the transport. Small writes share a piece; a large text becomes a piece without being copied.
class OutputQueue {
  public:
    /// From this size on a text is taken over instead of copied.
    static constexpr std::size_t kLarge = 16 * 1024;

    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    /// The next bytes in one piece.
    [[nodiscard]] std::span<const std::byte> front() const noexcept;
    /// The next bytes in at most `pieces.size()` pieces; returns how many there are.
    std::size_t front(std::span<std::span<const std::byte>> pieces) const noexcept;
    void consume(std::size_t n);
    void append(std::string_view text);
    void append(std::string&& text);
    /// A text of which only what follows `skip` is sent.
    void append(std::string&& text, std::size_t skip);
    /// A writer's target: whatever `write` appends to the string goes out behind everything else.
    template <typename Write>
    auto write(Write write) {
        std::string& tail = open_tail();
        const std::size_t before = tail.size();
        auto result = write(tail);
        size_ += tail.size() - before;
        return result;
    }
    /// Expects `n` bytes in small writes.
    void make_room(std::size_t n);
    void clear() noexcept;

  private:
    struct Piece {
        std::string text;
        bool open;  ///< small writes may be added to it
    };
    std::string& open_tail();

    std::deque<Piece> pieces_;
    std::size_t front_at_ = 0;  ///< bytes of the first piece that have left
    std::size_t size_ = 0;
};

/// Moves a body from its source to the output, by its framing, as far as there is room.
class BodyPump {
  public:
    enum class State : unsigned char {
        idle,     ///< no body is under way
        full,     ///< the queue holds enough; continue when it has drained
        pending,  ///< the source has nothing now
        done,     ///< the body is complete
        failed,   ///< the source failed, or gave less than it had announced
    };

    /// Begins a body whose head has been written.
    void begin(std::unique_ptr<BodySource> source, BodyFraming framing);
    State pump(OutputQueue& out, std::size_t high_water);
    [[nodiscard]] bool active() const noexcept { return source_ != nullptr; }
    /// Gives the function to call when the body under way, which was pending, goes on.
    void listen(std::function<void()> wake);
    [[nodiscard]] bool listens() const noexcept { return listens_; }
    /// From now on a large body that lies in a file is left there.
    void send_from_files() noexcept { from_files_ = true; }
    /// What was left so and is still to be sent.
    [[nodiscard]] std::optional<FilePart> file_part() const;
    void consume_file(std::uint64_t n);
    /// Forgets the body under way.
    void reset() noexcept { source_.reset(); }

  private:
    State pump_piece(OutputQueue& out);
    State pump_small_piece(OutputQueue& out, std::size_t room);
    State judge(const BodySource::Read& read, OutputQueue& out);
    State finish(OutputQueue& out);

    std::unique_ptr<BodySource> source_;
    BodyFraming framing_;
    std::uint64_t remaining_ = 0;  ///< with Content-Length
    bool from_files_ = false;
    bool listens_ = false;
};

}  // namespace hourglass::http::detail
