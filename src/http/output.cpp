#include "http/output.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace hourglass::http::detail {

namespace {

constexpr std::size_t kPieceSize = 64 * 1024;
constexpr std::size_t kSmallPieces = 16 * 1024;  ///< an open piece grows to about this

}  // namespace

std::span<const std::byte> OutputQueue::front() const noexcept {
    if (size_ == 0) return {};
    return as_bytes(std::string_view(pieces_.front().text).substr(front_at_));
}

std::size_t OutputQueue::front(std::span<std::span<const std::byte>> pieces) const noexcept {
    if (size_ == 0) return 0;
    const std::size_t count = std::min(pieces.size(), pieces_.size());
    for (std::size_t i = 0; i < count; ++i) pieces[i] = as_bytes(std::string_view(pieces_[i].text));
    if (count > 0) pieces[0] = pieces[0].subspan(front_at_);
    return count;
}

void OutputQueue::consume(std::size_t n) {
    n = std::min(n, size_);
    size_ -= n;
    while (n > 0) {
        const std::size_t in_front = pieces_.front().text.size() - front_at_;
        if (n < in_front) {
            front_at_ += n;
            return;
        }
        n -= in_front;
        front_at_ = 0;
        if (pieces_.size() == 1 && pieces_.front().open) {
            pieces_.front().text.clear();  // keeps its memory for what comes next
        } else {
            pieces_.pop_front();
        }
    }
}

std::string& OutputQueue::open_tail() {
    if (pieces_.empty() || !pieces_.back().open || pieces_.back().text.size() >= kSmallPieces)
        pieces_.push_back({std::string(), true});
    return pieces_.back().text;
}

void OutputQueue::append(std::string_view text) {
    open_tail().append(text);
    size_ += text.size();
}

void OutputQueue::append(std::string&& text) { append(std::move(text), 0); }

void OutputQueue::append(std::string&& text, std::size_t skip) {
    if (text.size() - skip < kLarge) {
        append(std::string_view(text).substr(skip));
        return;
    }
    if (size_ == 0) {
        pieces_.clear();
        front_at_ = skip;
    } else if (skip > 0) {
        text.erase(0, skip);
        skip = 0;
    }
    size_ += text.size() - skip;
    pieces_.push_back({std::move(text), false});
}

void OutputQueue::make_room(std::size_t n) {
    std::string& tail = open_tail();
    tail.reserve(tail.size() + n);
}

void OutputQueue::clear() noexcept {
    pieces_.clear();
    front_at_ = size_ = 0;
}

void BodyPump::begin(std::unique_ptr<BodySource> source, BodyFraming framing) {
    source_ = std::move(source);
    framing_ = framing;
    remaining_ = framing.length;
    listens_ = false;
}

void BodyPump::listen(std::function<void()> wake) {
    listens_ = true;
    source_->on_ready(std::move(wake));
}

std::optional<FilePart> BodyPump::file_part() const {
    if (!from_files_ || source_ == nullptr || framing_.kind != BodyFraming::Kind::length) return std::nullopt;
    if (framing_.length < OutputQueue::kLarge || remaining_ == 0) return std::nullopt;
    auto part = source_->file_part();
    if (part) part->length = std::min(part->length, remaining_);
    return part;
}

void BodyPump::consume_file(std::uint64_t n) {
    source_->skip(n);
    remaining_ -= n;
}

BodyPump::State BodyPump::pump(OutputQueue& out, std::size_t high_water) {
    if (source_ == nullptr) return State::idle;
    if (file_part()) return State::full;
    State state = State::full;
    while (out.size() < high_water) {
        state = pump_piece(out);
        if (state != State::full) break;
    }
    if (state == State::done || state == State::failed) source_.reset();
    return state;
}

BodyPump::State BodyPump::pump_piece(OutputQueue& out) {
    constexpr std::size_t size_room = 18;  // 16 hexadecimal digits and CRLF
    const bool chunked = framing_.kind == BodyFraming::Kind::chunked;
    const std::size_t front = chunked ? size_room : 0;
    std::size_t room = kPieceSize;
    if (framing_.kind == BodyFraming::Kind::length) {
        if (remaining_ == 0) return finish(out);
        room = static_cast<std::size_t>(std::min<std::uint64_t>(room, remaining_));
    }
    if (!chunked && room < OutputQueue::kLarge) return pump_small_piece(out, room);
    std::string piece;
    BodySource::Read read;
    piece.resize_and_overwrite(front + room, [&](char* data, std::size_t) {
        read = source_->read(std::as_writable_bytes(std::span(data + front, room)));
        return front + std::min(read.size, room);
    });
    if (const State state = judge(read, out); state != State::full) return state;
    if (!chunked) {
        if (framing_.kind == BodyFraming::Kind::length) remaining_ -= piece.size();
        out.append(std::move(piece));
        return State::full;
    }
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), piece.size() - front, 16).ptr;
    const auto digit_count = static_cast<std::size_t>(end - digits.data());
    const std::size_t skip = size_room - 2 - digit_count;
    std::memcpy(piece.data() + skip, digits.data(), digit_count);
    std::memcpy(piece.data() + size_room - 2, "\r\n", 2);
    piece += "\r\n";
    out.append(std::move(piece), skip);
    return State::full;
}

/// What a source has said; `full` when it gave something.
BodyPump::State BodyPump::judge(const BodySource::Read& read, OutputQueue& out) {
    switch (read.state) {
        case BodySource::State::pending:
            return State::pending;
        case BodySource::State::failed:
            return State::failed;
        case BodySource::State::end:
            return finish(out);
        case BodySource::State::data:
            break;
    }
    return read.size == 0 ? State::pending : State::full;  // an empty chunk would end the body
}

/// What is small is read to where small writes go.
BodyPump::State BodyPump::pump_small_piece(OutputQueue& out, std::size_t room) {
    const auto read = out.write([&](std::string& tail) {
        const std::size_t before = tail.size();
        BodySource::Read result;
        tail.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
            result = source_->read(std::as_writable_bytes(std::span(data + before, room)));
            const bool some = result.state == BodySource::State::data;
            return before + (some ? std::min(result.size, room) : 0);
        });
        return result;
    });
    if (const State state = judge(read, out); state != State::full) return state;
    remaining_ -= std::min(read.size, room);
    return State::full;
}

BodyPump::State BodyPump::finish(OutputQueue& out) {
    switch (framing_.kind) {
        case BodyFraming::Kind::length:
            return remaining_ == 0 ? State::done : State::failed;
        case BodyFraming::Kind::chunked: {
            const Fields trailers = source_->trailers();
            const auto written = out.write([&](std::string& text) { return write_last_chunk(text, trailers); });
            return written ? State::done : State::failed;
        }
        case BodyFraming::Kind::none:
        case BodyFraming::Kind::until_close:
        case BodyFraming::Kind::tunnel:
            break;
    }
    return State::done;
}

}  // namespace hourglass::http::detail
