// The texts of hosts(5) and resolv.conf(5), and names in presentation format.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hourglass/dns/hosts.h"

using namespace hourglass::dns;

namespace {

void require(bool holds) {
    if (!holds) __builtin_trap();
}

void check_hosts(std::string_view text) {
    const auto hosts = HostsFile::parse(text);
    for (const auto& entry : hosts.entries()) {
        require(!entry.names.empty());
        for (const Name& name : entry.names) {
            const auto found = hosts.find(name);
            require(std::ranges::find(found, &entry) != found.end());
        }
    }
}

void check_name(std::string_view text) {
    const auto name = Name::parse(text);
    if (!name) return require(!name.error().empty());
    require(name->wire_size() <= Name::kMaxWire);
    const auto again = Name::parse(name->to_string());
    require(again && *again == *name && again->wire_labels() == name->wire_labels());
    require((*name <=> *again) == 0 && name->is_within(*again));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_hosts(text);
    check_name(text);
    require(ResolvConf::parse(text).servers.size() <= 3);
    return 0;
}
