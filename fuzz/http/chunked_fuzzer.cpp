#include <string_view>

#include "hourglass/http/writer.h"
#include "transcript.h"

using namespace hourglass::http;

namespace {

constexpr std::string_view kHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string transcript_of(const std::string& message) {
    Limits limits;
    limits.chunk_extensions = 100;
    limits.body = 10000;
    return fuzz::transcribe_all_ways(as_bytes(message), message.size(), [&] { return RequestParser(limits); });
}

}  // namespace

/// The input is first a chunked body as a client may send it, and then content that we send in chunks of our own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input = as_text(std::as_bytes(std::span(data, size)));
    transcript_of(std::string(kHead) + std::string(input));

    std::string message(kHead);
    fuzz::Sizes sizes(size);
    for (std::size_t at = 0; at < input.size();) {
        const std::string_view piece = input.substr(at, sizes());
        write_chunk(message, piece);
        at += piece.size();
    }
    fuzz::require(write_last_chunk(message, {{"Checksum", "1"}}).has_value(), "valid trailers can be written");
    if (input.size() > 10000) return 0;
    const std::string expected = "\nbody " + std::string(input) + "\nend Checksum=1|";
    fuzz::require(transcript_of(message).ends_with(expected), "chunks that are written are read as they were");
    return 0;
}
