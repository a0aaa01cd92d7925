// A master file: what is read prints and reads again as the same zone, and a server answers from it.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hourglass/dns/authoritative_server.h"
#include "hourglass/dns/zone.h"

using namespace hourglass::dns;

namespace {

void require(bool holds) {
    if (!holds) __builtin_trap();
}

void check_server(const Zone& zone) {
    constexpr std::size_t kAsked = 32;
    AuthoritativeServer server({zone});
    std::size_t asked = 0;
    for (const Record& record : zone.records()) {
        if (++asked > kAsked) break;
        for (const Type type : {record.type, Type::aaaa, Type::any}) {
            const auto query = make_query(1, {record.name, type, Class::in}).to_bytes();
            const auto response = Message::parse(server.answer(query, Transport::tcp));
            require(response && response->header.rcode != Rcode::refused);
            if (const auto below = Name::join("x", record.name))
                require(!server.answer(make_query(1, {*below, type, Class::in}).to_bytes(), Transport::udp).empty());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto zone = Zone::parse(text, Name::parse("fuzz.test").value());
    if (!zone) {
        require(!zone.error().what.empty());
        return 0;
    }
    std::string printed;
    for (const Record& record : zone->records()) printed += record.to_string() + "\n";
    const auto again = Zone::parse(printed);
    require(again && again->records() == zone->records());
    check_server(*zone);
    return 0;
}
