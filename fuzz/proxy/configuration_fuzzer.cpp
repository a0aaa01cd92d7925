#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "hourglass/proxy/configuration_reader.h"
#include "hourglass/proxy/routes.h"

// Any text is a configuration in which everything has its place, or a list of what is wrong with it.

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto read = hourglass::proxy::read_configuration(text);
    if (!read) {
        require(!read.error().empty());
        for (const auto& error : read.error()) require(!error.text.empty());
        return 0;
    }
    require(!read->routes.empty());
    for (const auto& upstream : read->upstreams) {
        require(!upstream.servers.empty());
        for (const auto& server : upstream.servers) require(!server.name.empty());
    }
    const hourglass::proxy::Routes routes(read->routes);
    if (const auto found = routes.find("www.example.com", "/a/b")) require(*found < read->routes.size());
    return 0;
}
