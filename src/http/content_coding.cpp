#include "hourglass/http/content_coding.h"

#include <array>
#include <brotli/encode.h>
#include <optional>
#include <zlib.h>

namespace hourglass::http {

namespace {

/// What a compressor did with the piece that it got.
struct Coded {
    std::size_t read = 0;
    std::size_t written = 0;
    bool complete = false;
};

class GzipEncoder {
  public:
    explicit GzipEncoder(const CodingSettings& settings) {
        constexpr int window_bits = 15;
        constexpr int as_gzip = 16;
        constexpr int memory = 8;
        ready_ = ::deflateInit2(&stream_, settings.gzip_level, Z_DEFLATED, window_bits + as_gzip, memory,
                                Z_DEFAULT_STRATEGY) == Z_OK;
    }
    GzipEncoder(const GzipEncoder&) = delete;
    GzipEncoder& operator=(const GzipEncoder&) = delete;
    ~GzipEncoder() {
        if (ready_) ::deflateEnd(&stream_);
    }
    std::optional<Coded> encode(std::span<const std::byte> in, bool last, std::span<std::byte> out) {
        if (!ready_) return std::nullopt;
        // zlib reads through a pointer that is not const for historical reasons only.
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        const int result = ::deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) return std::nullopt;
        return Coded{in.size() - stream_.avail_in, out.size() - stream_.avail_out, result == Z_STREAM_END};
    }

  private:
    z_stream stream_{};
    bool ready_ = false;
};

class BrotliEncoder {
  public:
    explicit BrotliEncoder(const CodingSettings& settings)
        : state_(::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr), &::BrotliEncoderDestroyInstance) {
        if (!state_) return;
        ::BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY,
                                    static_cast<std::uint32_t>(settings.brotli_quality));
        ::BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LGWIN,
                                    static_cast<std::uint32_t>(settings.brotli_window));
    }
    std::optional<Coded> encode(std::span<const std::byte> in, bool last, std::span<std::byte> out) {
        if (!state_) return std::nullopt;
        std::size_t left = in.size();
        std::size_t room = out.size();
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        auto* next_out = reinterpret_cast<std::uint8_t*>(out.data());
        const auto operation = last ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_PROCESS;
        if (!::BrotliEncoderCompressStream(state_.get(), operation, &left, &next_in, &room, &next_out, nullptr))
            return std::nullopt;
        return Coded{in.size() - left, out.size() - room, ::BrotliEncoderIsFinished(state_.get()) != 0};
    }

  private:
    std::unique_ptr<BrotliEncoderState, decltype(&::BrotliEncoderDestroyInstance)> state_;
};

template <typename Encoder>
class EncodedBody final : public BodySource {
  public:
    EncodedBody(std::unique_ptr<BodySource> source, const CodingSettings& settings)
        : source_(std::move(source)), encoder_(settings) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
    [[nodiscard]] Fields trailers() override { return source_->trailers(); }
    void on_ready(std::function<void()> wake) override { source_->on_ready(std::move(wake)); }

    Read read(std::span<std::byte> into) override {
        while (!complete_) {
            if (pending_.empty() && !ended_) {
                const Read more = source_->read(buffer_);
                if (more.state == State::pending || more.state == State::failed) return {more.state, 0};
                ended_ = more.state == State::end;
                pending_ = std::span<const std::byte>(buffer_).first(more.size);
            }
            const auto coded = encoder_.encode(pending_, ended_, into);
            if (!coded) return {State::failed, 0};
            pending_ = pending_.subspan(coded->read);
            complete_ = coded->complete;
            if (coded->written > 0) return {State::data, coded->written};
        }
        return {State::end, 0};
    }

  private:
    std::unique_ptr<BodySource> source_;
    Encoder encoder_;
    std::array<std::byte, 16 * 1024> buffer_{};
    std::span<const std::byte> pending_;
    bool ended_ = false;
    bool complete_ = false;
};

}  // namespace

std::string_view to_string(ContentCoding coding) noexcept {
    switch (coding) {
        case ContentCoding::gzip:
            return "gzip";
        case ContentCoding::brotli:
            return "br";
        case ContentCoding::identity:
            break;
    }
    return "identity";
}

std::unique_ptr<BodySource> encode_body(std::unique_ptr<BodySource> source, ContentCoding coding,
                                        const CodingSettings& settings) {
    switch (coding) {
        case ContentCoding::gzip:
            return std::make_unique<EncodedBody<GzipEncoder>>(std::move(source), settings);
        case ContentCoding::brotli:
            return std::make_unique<EncodedBody<BrotliEncoder>>(std::move(source), settings);
        case ContentCoding::identity:
            break;
    }
    return source;
}

}  // namespace hourglass::http
