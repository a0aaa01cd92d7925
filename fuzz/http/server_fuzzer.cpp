#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/http/files.h"
#include "hourglass/http/router.h"
#include "hourglass/http/websocket.h"
#include "transcript.h"

using namespace hourglass::http;

namespace {

constexpr std::size_t kOutputLimit = 4096;

/// What middlewares have put off.
using Later = std::vector<std::function<void()>>;

/// All that the server says to `input`, without what depends on when bytes arrive: whether 100 is said before a body
/// comes, and whether a response knows yet that the connection will end.
std::string serve(const Application& application, Later& later, std::span<const std::byte> input, std::uint64_t seed) {
    ServerSettings settings;
    settings.collected_body = 500;
    settings.discarded_body = 100;
    settings.output = kOutputLimit;
    settings.pipelined = 3;
    ServerConnection connection(application, settings);
    std::string said;
    fuzz::Sizes sizes(seed);
    const auto take = [&] {
        while (!connection.output().empty()) {
            fuzz::require(connection.output_size() <= kOutputLimit + 64 * 1024 + 1024, "output keeps to its limit");
            const std::size_t n = std::min(connection.output().size(), sizes() * 10);
            said += as_text(connection.output().first(n));
            connection.consume_output(n);
        }
    };
    while (!input.empty()) {
        const std::size_t n = seed == 0 ? input.size() : std::min(sizes(), input.size());
        connection.receive(input.first(n));
        input = input.subspan(n);
        take();
        while (!later.empty()) {
            for (const auto& one : std::exchange(later, {})) one();
            take();
        }
    }
    connection.peer_closed();
    take();
    fuzz::require(connection.should_close() || connection.should_abort(), "a connection comes to its end");
    for (const std::string_view part : {"HTTP/1.1 100 Continue\r\n\r\n", "Connection: close\r\n"})
        for (std::size_t at = said.find(part); at != std::string::npos; at = said.find(part))
            said.erase(at, part.size());
    return said;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span(data, size));
    MemoryFiles files;
    files.add("f", "content of a file");
    files.add("d/index.html", "index");
    Router router;
    router.mount("/", serve_files(files)).route(Method::post, "/echo", echo_handler());
    const StreamHandler swallow = [](const Request&, const Responder& responder) {
        responder.respond(Response());
        return BodyPipe::make(1 << 20, std::nullopt).sink;
    };
    router.stream(Method::put, "/sink", swallow);
    router.get("/{name}/ws", websocket(websocket_echo(), {.message = 500, .output = 2000}));
    Later later;
    router.use("/late", [&later](const Request& request, const Responder& responder, const Handler& next) {
        later.emplace_back([&request, responder, next] { next(request, responder); });
    });
    router.use("/refused", [](const Request&, const Responder& responder, const Handler&) {
        responder.respond(Response::error(Status::forbidden));
    });
    router.post("/late/echo", echo_handler()).stream(Method::put, "/late/sink", swallow);
    const Application application = router.application();
    const std::string whole = serve(application, later, input, 0);
    for (std::uint64_t seed = 1; seed < 4; ++seed)
        fuzz::require(serve(application, later, input, seed + size) == whole,
                      "answers do not depend on how the input is cut");
    return 0;
}
