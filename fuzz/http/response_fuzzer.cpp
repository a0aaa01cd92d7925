#include "hourglass/http/writer.h"
#include "transcript.h"

using namespace hourglass::http;

namespace {

/// What the parser accepts, the writer writes, and the parser reads the same from it.
void check_round_trip(std::span<const std::byte> input) {
    ResponseParser parser;
    const auto step = parser.parse(input);
    if (!step || step->kind != ParseStep::Kind::head) return;
    // Where there is no body, framing fields may come that the writer would not send.
    const BodyFraming::Kind framing = parser.framing().kind;
    if (framing == BodyFraming::Kind::none || framing == BodyFraming::Kind::tunnel) return;
    Response response = parser.response();
    response.fields.remove("Transfer-Encoding");
    std::string wire;
    const auto written = write_response_head(wire, response, parser.framing());
    // A reason phrase may begin with a space on the wire, and that is all that the writer refuses to repeat.
    fuzz::require(written || written.error() == WriteError::invalid_reason, "an accepted response can be written");
    if (!written || response.reason.empty()) return;
    ResponseParser again;
    const auto second = again.parse(as_bytes(wire));
    fuzz::require(second && second->kind == ParseStep::Kind::head, "a written response is accepted");
    fuzz::require(again.framing() == parser.framing(), "the framing survives");
    Response reread = again.take_response();
    reread.fields.remove("Transfer-Encoding");
    fuzz::require(fuzz::describe(reread) == fuzz::describe(response), "the response survives");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    for (const Method method : {Method::get, Method::head, Method::connect}) {
        fuzz::transcribe_all_ways(input, size, [&] {
            ResponseParser parser;
            parser.expect(method);
            return parser;
        });
    }
    Limits small;
    small.start_line = 40;
    small.field_section = 100;
    small.fields = 3;
    small.body = 50;
    fuzz::transcribe_all_ways(input, size, [&] { return ResponseParser(small); });
    check_round_trip(input);
    return 0;
}
