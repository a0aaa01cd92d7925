#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <utility>

#include "packetdrill/calls.h"
#include "packetdrill/flags.h"
#include "packetdrill/interface.h"

extern "C" __attribute__((visibility("default"))) void packetdrill_interface_init(const char* flags,
                                                                                  packetdrill_interface* interface) {
    auto options = hourglass::packetdrill::parse_flags(flags == nullptr ? "" : flags);
    if (!options) {
        fmt::print(stderr, "libhourglass-packetdrill: {}\n", options.error());
        std::exit(EXIT_FAILURE);
    }
    for (const std::string& name : options->unknown)
        fmt::print(stderr, "libhourglass-packetdrill: {} has no meaning here\n", name);
    *interface = hourglass::packetdrill::table_for(new hourglass::packetdrill::Machine(std::move(*options)));
}
