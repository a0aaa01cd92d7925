#include <array>
#include <benchmark/benchmark.h>
#include <string>
#include <vector>

#include "hourglass/wire/checksum.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/tcp.h"

// What one packet costs at the edge of the machine: checksum over the data of a full segment, reading a segment, and
// writing its headers.

namespace {

using namespace hourglass;
using namespace hourglass::wire;

constexpr std::size_t kData = 1460;
const IpAddress kClient4 = IpAddress::v4(10, 0, 0, 1);
const IpAddress kServer4 = IpAddress::v4(10, 0, 0, 2);
const IpAddress kClient6 = *IpAddress::parse("2001:db8::1");
const IpAddress kServer6 = *IpAddress::parse("2001:db8::2");

std::vector<std::byte> pattern(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 131 + 7);
    return bytes;
}

TcpHeader data_header(bool timestamps) {
    TcpHeader header{.source_port = Port(40000),
                     .destination_port = Port(80),
                     .seq = tcp::Seq(0x01020304),
                     .ack = tcp::Seq(0x05060708),
                     .flags = TcpFlags::kAck | TcpFlags::kPsh,
                     .window = 501};
    if (timestamps) header.options.timestamps = {123456789, 987654321};
    return header;
}

void sum(benchmark::State& state, ChecksumPath path) {
    const auto data = pattern(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        benchmark::DoNotOptimize(path.sum(data.data(), data.size()));
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

void copy_sum(benchmark::State& state, ChecksumPath path) {
    const auto data = pattern(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> out(data.size());
    for (auto _ : state) {
        benchmark::DoNotOptimize(path.copy(out.data(), data.data(), data.size()));
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

/// What the established path reads of a segment; the transport checksum is measured apart.
struct Segment {
    IpAddress source;
    IpAddress destination;
    Port source_port{};
    Port destination_port{};
    tcp::Seq seq;
    tcp::Seq ack;
    TcpFlags flags;
    std::uint16_t window = 0;
    std::uint32_t timestamp_value = 0;
    std::uint32_t timestamp_echo = 0;
    std::span<const std::byte> data;
};

template <class IpView>
bool read_tcp(const IpView& ip, std::span<const std::byte> payload, Segment& out) {
    const auto tcp = TcpView::parse(payload);
    if (!tcp) return false;
    out.source = ip.source();
    out.destination = ip.destination();
    out.source_port = tcp->source_port();
    out.destination_port = tcp->destination_port();
    out.seq = tcp->seq();
    out.ack = tcp->ack();
    out.flags = tcp->flags();
    out.window = tcp->window();
    const TcpOptions options = tcp->options();
    if (options.malformed) return false;
    if (options.timestamps) {
        out.timestamp_value = options.timestamps->value;
        out.timestamp_echo = options.timestamps->echo_reply;
    }
    out.data = tcp->payload();
    return true;
}

[[gnu::noinline]] bool read_ipv4(std::span<const std::byte> packet, Segment& out) {
    const auto ip = Ipv4View::parse(packet);
    if (!ip || !ip->checksum_is_valid() || ip->is_fragment()) return false;
    return read_tcp(*ip, ip->payload(), out);
}

[[gnu::noinline]] bool read_ipv6(std::span<const std::byte> packet, Segment& out) {
    const auto ip = Ipv6View::parse(packet);
    if (!ip) return false;
    const auto chain = walk_extensions(*ip);
    if (!chain || chain->fragment) return false;
    return read_tcp(*ip, ip->packet().subspan(chain->offset), out);
}

void parse(benchmark::State& state, bool (*read)(std::span<const std::byte>, Segment&),
           const std::vector<std::byte>& packet) {
    Segment segment;
    for (auto _ : state) {
        if (!read(packet, segment)) state.SkipWithError("the packet was refused");
        benchmark::DoNotOptimize(segment);
    }
}

void parse_ipv4(benchmark::State& state) {
    const TcpHeader tcp = data_header(state.range(0) != 0);
    std::vector<std::byte> packet(Ipv4Header::kSize + tcp.size() + kData);
    Ipv4Header{.protocol = IpProtocol::tcp,
               .payload_length = static_cast<std::uint16_t>(tcp.size() + kData),
               .source = kClient4,
               .destination = kServer4}
        .emit(packet);
    tcp.emit(std::span(packet).subspan(Ipv4Header::kSize));
    parse(state, read_ipv4, packet);
}

void parse_ipv6(benchmark::State& state) {
    const TcpHeader tcp = data_header(state.range(0) != 0);
    std::vector<std::byte> packet(Ipv6Header::kSize + tcp.size() + kData);
    Ipv6Header{.payload_length = static_cast<std::uint16_t>(tcp.size() + kData),
               .next_header = IpProtocol::tcp,
               .source = kClient6,
               .destination = kServer6}
        .emit(packet);
    tcp.emit(std::span(packet).subspan(Ipv6Header::kSize));
    parse(state, read_ipv6, packet);
}

void emit_tcp(benchmark::State& state) {
    TcpHeader header = data_header(state.range(0) != 0);
    std::array<std::byte, TcpHeader::kMaxSize> out{};
    for (auto _ : state) {
        benchmark::DoNotOptimize(header);
        header.emit(out);
        benchmark::DoNotOptimize(out);
    }
}

void emit_ipv4(benchmark::State& state) {
    Ipv4Header header{
        .protocol = IpProtocol::tcp, .payload_length = kData, .source = kClient4, .destination = kServer4};
    std::array<std::byte, Ipv4Header::kSize> out{};
    for (auto _ : state) {
        benchmark::DoNotOptimize(header);
        header.emit(out);
        benchmark::DoNotOptimize(out);
    }
}

/// A whole data segment: both headers, the data copied behind them, the checksum over all.
void write_segment(benchmark::State& state) {
    const auto data = pattern(kData);
    TcpHeader tcp = data_header(true);
    std::vector<std::byte> packet(Ipv4Header::kSize + tcp.size() + kData);
    for (auto _ : state) {
        benchmark::DoNotOptimize(tcp);
        const auto segment = std::span(packet).subspan(Ipv4Header::kSize);
        const std::size_t header_size = tcp.size();
        tcp.emit(segment);
        const PartialSum total = pseudo_header_sum(kClient4, kServer4, IpProtocol::tcp, segment.size()) +
                                 partial_sum(segment.first(header_size)) +
                                 copy_and_sum(segment.subspan(header_size), data);
        store_be16(segment.data() + TcpHeader::kChecksumOffset, checksum(total));
        Ipv4Header{.protocol = IpProtocol::tcp,
                   .payload_length = static_cast<std::uint16_t>(segment.size()),
                   .source = kClient4,
                   .destination = kServer4}
            .emit(packet);
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kData));
}

BENCHMARK(parse_ipv4)->ArgName("timestamps")->Arg(0)->Arg(1);
BENCHMARK(parse_ipv6)->ArgName("timestamps")->Arg(0)->Arg(1);
BENCHMARK(emit_tcp)->ArgName("timestamps")->Arg(0)->Arg(1);
BENCHMARK(emit_ipv4);
BENCHMARK(write_segment);

/// One benchmark for each path that this processor can run.
[[maybe_unused]] const bool kPathsRegistered = [] {
    for (const ChecksumPath& path : checksum_paths()) {
        const std::string name(path.name);
        benchmark::RegisterBenchmark(("checksum/" + name).c_str(), sum, path)->Arg(kData)->Arg(65536);
        benchmark::RegisterBenchmark(("copy_and_checksum/" + name).c_str(), copy_sum, path)->Arg(kData)->Arg(65536);
    }
    return true;
}();

}  // namespace
