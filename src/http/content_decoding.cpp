#include "hourglass/http/content_decoding.h"

#include <array>
#include <brotli/decode.h>
#include <optional>
#include <zlib.h>

#include "hourglass/http/fields.h"

namespace hourglass::http {

namespace detail {

/// What a decompressor did with the piece that it got.
struct Decoded {
    std::size_t read = 0;
    std::size_t written = 0;
};

class Decompressor {
  public:
    Decompressor() = default;
    Decompressor(const Decompressor&) = delete;
    Decompressor& operator=(const Decompressor&) = delete;
    virtual ~Decompressor() = default;
    /// Nothing when the input is malformed.
    virtual std::optional<Decoded> decode(std::span<const std::byte> in, std::span<std::byte> out) = 0;
    /// The coded stream has ended.
    [[nodiscard]] virtual bool complete() const = 0;
    /// No byte has come.
    bool untouched = true;
};

}  // namespace detail

namespace {

using detail::Decoded;
using detail::Decompressor;

constexpr std::size_t kPiece = 16 * 1024;

/// gzip, members one behind another included (RFC 1952, section 2.2), or deflate.
class Inflater final : public Decompressor {
  public:
    explicit Inflater(bool gzip) : gzip_(gzip) {}
    ~Inflater() override {
        if (ready_) ::inflateEnd(&stream_);
    }
    std::optional<Decoded> decode(std::span<const std::byte> in, std::span<std::byte> out) override {
        if (!ready_ && !begin(in.front())) return std::nullopt;
        if (complete_) {
            if (!gzip_ || ::inflateReset(&stream_) != Z_OK) return std::nullopt;
            complete_ = false;
        }
        // zlib reads through a pointer that is not const for historical reasons only.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        const int result = ::inflate(&stream_, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return std::nullopt;
        complete_ = result == Z_STREAM_END;
        return Decoded{in.size() - stream_.avail_in, out.size() - stream_.avail_out};
    }
    [[nodiscard]] bool complete() const override { return complete_; }

  private:
    /// RFC 1950, section 2.2: a zlib stream begins with its method, 8, and a window of at most 7.
    bool begin(std::byte first) {
        const auto octet = std::to_integer<unsigned>(first);
        const bool zlib = (octet & 0x0f) == 8 && (octet >> 4) <= 7;
        constexpr int window_bits = 15;
        constexpr int as_gzip = 16;
        const int bits = gzip_ ? window_bits + as_gzip : zlib ? window_bits : -window_bits;
        ready_ = ::inflateInit2(&stream_, bits) == Z_OK;
        return ready_;
    }

    z_stream stream_{};
    bool gzip_;
    bool ready_ = false;
    bool complete_ = false;
};

class BrotliDecompressor final : public Decompressor {
  public:
    BrotliDecompressor()
        : state_(::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr), &::BrotliDecoderDestroyInstance) {}
    std::optional<Decoded> decode(std::span<const std::byte> in, std::span<std::byte> out) override {
        if (!state_ || complete()) return std::nullopt;
        std::size_t left = in.size();
        std::size_t room = out.size();
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
        const auto result = ::BrotliDecoderDecompressStream(state_.get(), &left, &next_in, &room, &next_out, nullptr);
        if (result == BROTLI_DECODER_RESULT_ERROR) return std::nullopt;
        return Decoded{in.size() - left, out.size() - room};
    }
    [[nodiscard]] bool complete() const override { return ::BrotliDecoderIsFinished(state_.get()) != 0; }

  private:
    std::unique_ptr<BrotliDecoderState, decltype(&::BrotliDecoderDestroyInstance)> state_;
};

/// Null for a coding that is not known.
std::unique_ptr<Decompressor> make_decompressor(std::string_view coding) {
    if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip"))
        return std::make_unique<Inflater>(true);
    if (equals_ignoring_case(coding, "deflate")) return std::make_unique<Inflater>(false);
    if (equals_ignoring_case(coding, "br")) return std::make_unique<BrotliDecompressor>();
    return nullptr;
}

}  // namespace

std::string_view to_string(DecodeError error) noexcept {
    switch (error) {
        case DecodeError::malformed:
            return "the compressed content is malformed";
        case DecodeError::incomplete:
            return "the compressed content breaks off";
        case DecodeError::too_large:
            return "the content swells beyond the limit";
    }
    return "the content can't be decoded";
}

ContentDecoder::ContentDecoder(const DecodingLimits& limits) : limits_(limits) {}
ContentDecoder::~ContentDecoder() = default;

std::unique_ptr<ContentDecoder> ContentDecoder::make(std::string_view content_encoding, const DecodingLimits& limits) {
    const auto codings = split_list(content_encoding);
    if (codings.size() > limits.codings) return nullptr;
    std::unique_ptr<ContentDecoder> decoder(new ContentDecoder(limits));
    for (auto at = codings.rbegin(); at != codings.rend(); ++at) {
        if (equals_ignoring_case(*at, "identity")) continue;
        auto stage = make_decompressor(*at);
        if (!stage) return nullptr;
        decoder->stages_.push_back(std::move(stage));
    }
    return decoder;
}

std::expected<void, DecodeError> ContentDecoder::write(std::span<const std::byte> bytes, const Output& out) {
    read_ += bytes.size();
    return pass(0, bytes, out);
}

std::expected<void, DecodeError> ContentDecoder::pass(std::size_t stage, std::span<const std::byte> bytes,
                                                      const Output& out) {
    if (stage == stages_.size()) {
        written_ += bytes.size();
        if (written_ > limits_.content || (written_ > limits_.any_expansion && written_ / limits_.expansion > read_))
            return std::unexpected(DecodeError::too_large);
        out(bytes);
        return {};
    }
    Decompressor& decompressor = *stages_[stage];
    std::array<std::byte, kPiece> buffer;
    bool full = false;  // there may be more to come of what was read before
    while (!bytes.empty() || full) {
        if (bytes.empty() && decompressor.complete()) break;
        decompressor.untouched = false;
        const auto decoded = decompressor.decode(bytes, buffer);
        if (!decoded || (decoded->read == 0 && decoded->written == 0 && !bytes.empty()))
            return std::unexpected(DecodeError::malformed);
        bytes = bytes.subspan(decoded->read);
        full = decoded->written == buffer.size();
        if (decoded->written == 0) continue;
        if (const auto passed = pass(stage + 1, std::span(buffer).first(decoded->written), out); !passed) return passed;
    }
    return {};
}

std::expected<void, DecodeError> ContentDecoder::end() const {
    for (const auto& stage : stages_)
        if (!stage->untouched && !stage->complete()) return std::unexpected(DecodeError::incomplete);
    return {};
}

}  // namespace hourglass::http
