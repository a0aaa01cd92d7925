#include <string>

#include "hourglass/http/upgrade.h"
#include "http/websocket_core.h"
#include "transcript.h"

using namespace hourglass::http;

namespace {

/// All that an end says and reports for `input`, which is given in pieces.
std::string talk(std::span<const std::byte> input, bool client, std::uint64_t seed) {
    std::string report;
    WebSocketEvents events;
    events.on_message = [&](const WebSocket& socket, const WebSocketMessage& message) {
        fuzz::require(message.data.size() <= 300, "a message keeps to its limit");
        report += (message.text ? "text " : "binary ") + message.data + ";";
        socket.send(message);
    };
    events.on_close = [&](const WebSocket&, CloseCode code, std::string_view reason) {
        report += "close " + std::to_string(static_cast<unsigned>(code)) + std::string(reason) + ";";
    };
    std::function<std::uint64_t()> masks;
    if (client) masks = [] { return std::uint64_t{0x3d21fa37}; };
    const auto protocol = detail::make_websocket(
        std::make_shared<detail::WebSocketCore>(events, WebSocketSettings{.message = 300, .output = 1000}, "", masks));
    protocol->on_change([] {});
    std::string said;
    fuzz::Sizes sizes(seed);
    const auto take = [&] {
        std::span<const std::byte> piece;
        while (protocol->output(std::span(&piece, 1)) > 0) {
            said += as_text(piece);
            protocol->consume_output(piece.size());
        }
    };
    while (!input.empty() && !protocol->should_close()) {
        const std::size_t n = seed == 0 ? input.size() : std::min(sizes(), input.size());
        protocol->receive(input.first(n));
        input = input.subspan(n);
        take();
    }
    protocol->peer_closed();
    take();
    fuzz::require(protocol->should_close(), "a WebSocket comes to its end");
    return said + "|" + report;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    for (const bool client : {false, true}) {
        const std::string whole = talk(input, client, 0);
        for (std::uint64_t seed = 1; seed < 4; ++seed)
            fuzz::require(talk(input, client, seed + size) == whole, "nothing depends on how the input is cut");
    }
    return 0;
}
