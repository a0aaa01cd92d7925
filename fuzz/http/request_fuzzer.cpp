#include "hourglass/http/writer.h"
#include "transcript.h"

using namespace hourglass::http;

namespace {

Limits small_limits() {
    Limits limits;
    limits.start_line = 200;
    limits.field_section = 1024;
    limits.fields = 20;
    limits.body = 500;
    limits.chunk_extensions = 64;
    return limits;
}

/// What the parser accepts, the writer writes, and the parser reads the same from it.
void check_round_trip(std::span<const std::byte> input) {
    RequestParser parser(small_limits());
    const auto step = parser.parse(input);
    if (!step || step->kind != ParseStep::Kind::head) return;
    Request request = parser.request();
    request.fields.remove("Transfer-Encoding");
    std::string wire;
    fuzz::require(write_request_head(wire, request, parser.framing()).has_value(),
                  "an accepted request can be written");
    RequestParser again{Limits()};
    const auto second = again.parse(as_bytes(wire));
    fuzz::require(second && second->kind == ParseStep::Kind::head, "a written request is accepted");
    fuzz::require(again.framing() == parser.framing(), "the framing survives");
    Request reread = again.take_request();
    reread.fields.remove("Transfer-Encoding");
    fuzz::require(fuzz::describe(reread) == fuzz::describe(request), "the request survives");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    fuzz::transcribe_all_ways(input, size, [] { return RequestParser(small_limits()); });
    fuzz::transcribe_all_ways(input, size + 1, [] { return RequestParser(); });
    check_round_trip(input);
    return 0;
}
