// A message from the wire, read by the codec, answered by a server, and given to a resolver as the answer to its
// question.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "hourglass/dns/authoritative_server.h"
#include "hourglass/dns/message.h"
#include "hourglass/dns/stub_resolver.h"

using namespace hourglass;
using namespace hourglass::dns;

namespace {

void require(bool holds) {
    if (!holds) __builtin_trap();
}

/// What is read, written and read again is the same; only a message that swells beyond 65535 octets, its names pointing
/// into data where the writer knows no name, may lose records.
void check_codec(std::span<const std::byte> bytes) {
    const auto message = Message::parse(bytes);
    if (!message) return;
    require(!message->summary().empty());
    for (const auto* section : {&message->answers, &message->authorities, &message->additionals})
        for (const Record& record : *section) require(!record.to_string().empty());
    const auto written = message->to_bytes();
    require(written.size() <= 65535);
    const auto again = Message::parse(written);
    require(again.has_value());
    require(*again == *message || written.size() > 60000);
    const auto cut = Message::parse(message->to_bytes(512));
    require(cut.has_value());
    require(cut->questions == message->questions);
}

void check_server(std::span<const std::byte> bytes) {
    static AuthoritativeServer server(
        {Zone::parse("$ORIGIN test.\n@ SOA a b 1 2 3 4 5\n@ NS a\na A 10.0.0.1\n"
                     "*.w TXT x\nc CNAME d.w\nl CNAME l\nsub NS ns.sub\nns.sub A 10.0.0.2\n")
             .value()});
    for (const Transport transport : {Transport::udp, Transport::tcp}) {
        const auto response = server.answer(bytes, transport);
        if (response.empty()) continue;
        require(response[0] == bytes[0] && response[1] == bytes[1]);
        const auto message = Message::parse(response);
        require(message && message->header.response);
    }
}

/// The bytes get the id and the question that the resolver waits for, so that they reach what is behind the checks.
void check_resolver(std::span<const std::byte> bytes) {
    if (bytes.size() < 12) return;
    ResolverSettings settings;
    settings.servers = {{IpAddress::v4(10, 0, 0, 53), kPort}};
    StubResolver resolver(settings, {}, SipKey{1, 2});
    resolver.resolve("a.test", Families::both, Instant{});
    for (int i = 0; i < 4; ++i) {
        const auto datagram = resolver.next_datagram();
        if (!datagram) break;
        const auto query = Message::parse(datagram->bytes).value();
        std::vector<std::byte> answer(bytes.begin(), bytes.end());
        answer[0] = datagram->bytes[0];
        answer[1] = datagram->bytes[1];
        answer[2] |= std::byte{0x80};
        resolver.receive(datagram->server, datagram->local_port, answer, Instant{});
        if (auto message = Message::parse(answer)) {
            message->questions = query.questions;
            resolver.receive(datagram->server, datagram->local_port, message->to_bytes(), Instant{});
        }
        if (const auto tcp = resolver.tcp_wanted()) resolver.receive_tcp(tcp->exchange, bytes, Instant{});
    }
    for (Instant now = resolver.next_deadline(); now != kNever; now = resolver.next_deadline()) resolver.poll(now);
    const auto result = resolver.next_result();
    require(result && (!result->result || !result->result->addresses.empty()));
    require(resolver.questions_under_way() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    check_codec(bytes);
    check_server(bytes);
    check_resolver(bytes);
    return 0;
}
