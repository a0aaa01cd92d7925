// Octets as a record of a run, or as the entries of one whose checksums are right: a replay ends, whatever they say.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <sstream>
#include <string>

#include "hourglass/trace/replay.h"
#include "trace/record_codec.h"
#include "trace/record_file.h"

namespace {

using namespace hourglass::trace;

std::string text_of(std::span<const std::byte> octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

void run(const std::string& record) {
    const auto replay = Replay::open(std::make_unique<std::istringstream>(record));
    if (!replay) return;
    while ((*replay)->step()) static_cast<void>((*replay)->last_step());
    for (const Replay::Host& host : (*replay)->hosts()) static_cast<void>(host.stack->connections());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto octets = std::as_bytes(std::span(data, size));
    run(text_of(octets));
    // A host comes first, so that the rest has something to happen at.
    record::RecordEncoder encoder;
    encoder.host(0, {.name = "host", .settings = {}, .secret = {1, 2}, .next_packet_id = 1});
    std::string entries = text_of(encoder.out.bytes()) + text_of(octets);
    const auto head = record::write_group({.layout = record::layout_of_records(), .version = "0"}, {});
    const auto chunk = record::write_chunk({}, std::as_bytes(std::span(entries)));
    run(text_of(head) + text_of(chunk));
    return 0;
}
