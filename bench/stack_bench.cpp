// Both ends of TCP in one thread, ours and lwIP's: bulk transfer, connections that come and go, memory of idle ones.
// Every stack has its own benchmark, and `side_by_side` takes turns between the two, so that whatever else the machine
// does falls on both, and gives the ratio of the medians. docs/benchmarks.md says what is compared.

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <malloc.h>
#include <string>
#include <time.h>
#include <vector>

#include "hourglass_pair.h"
#ifdef HOURGLASS_HAVE_LWIP
#include "lwip_peer.h"
#endif

namespace hourglass::bench {

namespace {

constexpr std::uint64_t kBulkBytes = 23'000 * kSegment;
constexpr std::uint64_t kWarmUpBytes = 6'000 * kSegment;
constexpr std::size_t kWarmUpConnections = 512;
constexpr std::size_t kIdleForMemory = 10'000;

/// Processor time of this thread, in seconds: time that others use of the machine is not in it.
double processor_time() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

// The two calls that are measured, and nothing else, are in functions of their own: tools/instructions.sh counts the
// instructions inside them.
template <typename Pair>
[[gnu::noinline]] Transfer measured_transfer(Pair& pair, Reading reading) {
    return pair.transfer(kBulkBytes, reading);
}

template <typename Pair>
[[gnu::noinline]] std::size_t measured_churn(Pair& pair, std::size_t count, std::size_t at_a_time) {
    return pair.churn(count, at_a_time);
}

template <typename Pair>
bool warm_up(benchmark::State& state, Pair& pair) {
    const bool intact = pair.transfer(kWarmUpBytes, Reading::copied, true).intact;
    if (!intact) state.SkipWithError("the bytes read are not the bytes written");
    return intact;
}

template <typename Pair>
bool warm_up_churn(benchmark::State& state, Pair& pair, std::size_t idle, std::size_t at_a_time) {
    pair.hold_idle(idle);
    const std::size_t warm_up = idle > 0 ? at_a_time : kWarmUpConnections;
    const bool complete = pair.churn(warm_up, at_a_time) == warm_up;
    if (!complete) state.SkipWithError("a connection did not come to its end");
    return complete;
}

void count_bulk(benchmark::State& state, const Transfer& total) {
    using benchmark::Counter;
    const auto segments = static_cast<double>(total.segments);
    state.counters["bit/s"] = Counter(static_cast<double>(total.payload) * 8, Counter::kIsRate);
    state.counters["s/segment"] = Counter(segments, Counter::kIsRate | Counter::kInvert);
    state.counters["segments"] = segments;
    state.counters["packets/segment"] = static_cast<double>(total.packets) / segments;
}

template <typename Pair, typename... Settings>
void bulk(benchmark::State& state, Reading reading, Settings... settings) {
    Pair pair(settings...);
    if (!warm_up(state, pair)) return;
    Transfer total;
    for (auto _ : state) {
        const Transfer t = measured_transfer(pair, reading);
        total.payload += t.payload;
        total.segments += t.segments;
        total.packets += t.packets;
    }
    count_bulk(state, total);
}

/// How many connections one turn opens and closes.
template <typename Pair>
std::size_t churn_turn(std::size_t) {
    return 16'384;
}

template <typename Pair>
void connections(benchmark::State& state) {
    const auto idle = static_cast<std::size_t>(state.range(0));
    const auto at_a_time = static_cast<std::size_t>(state.range(1));
    Pair pair;
    if (!warm_up_churn(state, pair, idle, at_a_time)) return;
    std::size_t done = 0;
    for (auto _ : state) done += measured_churn(pair, churn_turn<Pair>(idle), at_a_time);
    state.counters["connections"] = static_cast<double>(done);
    state.counters["connections/s"] = benchmark::Counter(static_cast<double>(done), benchmark::Counter::kIsRate);
}

/// Bytes that the program has from malloc, large pieces from the system included.
double allocated() {
    const auto info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
}

template <typename Pair>
void idle_memory(benchmark::State& state) {
    double bytes = 0;
    for (auto _ : state) {
        Pair pair;
        pair.hold_idle(kIdleForMemory);
        const double before = allocated();
        pair.hold_idle(2 * kIdleForMemory);
        bytes = (allocated() - before) / (2.0 * kIdleForMemory);
    }
    state.counters["bytes/end"] = bytes;
}

void bulk_of_hourglass(benchmark::State& state, Reading reading) { bulk<HourglassPair>(state, reading); }

void bulk_with_window(benchmark::State& state) {
    PairSettings settings;
    settings.window = static_cast<std::uint32_t>(state.range(0)) * 1024;
    bulk<HourglassPair>(state, Reading::copied, settings);
}

void bulk_with_timestamps(benchmark::State& state) {
    PairSettings settings;
    settings.timestamps = true;
    bulk<HourglassPair>(state, Reading::copied, settings);
}

BENCHMARK_CAPTURE(bulk_of_hourglass, copied, Reading::copied)
    ->Name("bulk/hourglass/copied")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bulk_of_hourglass, in_place, Reading::in_place)
    ->Name("bulk/hourglass/in_place")
    ->Unit(benchmark::kMillisecond);
BENCHMARK(bulk_with_window)
    ->Name("bulk/hourglass")
    ->ArgName("window_KiB")
    ->RangeMultiplier(2)
    ->Range(32, 2048)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(bulk_with_timestamps)->Name("bulk/hourglass/timestamps")->Unit(benchmark::kMillisecond);
BENCHMARK(connections<HourglassPair>)
    ->Name("connections/hourglass")
    ->ArgNames({"idle", "at_a_time"})
    ->ArgsProduct({{0, 1'000, 10'000, 100'000}, {1, 64}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(idle_memory<HourglassPair>)->Name("memory/hourglass")->Iterations(1)->Unit(benchmark::kMillisecond);

/// What turns of two that are compared took.
struct Turns {
    std::vector<double> ours;  // amounts a second
    std::vector<double> theirs;
};

template <typename Ours, typename Theirs>
void take_turns(benchmark::State& state, Turns& turns, Ours ours, Theirs theirs) {
    for (auto _ : state) {
        const double start = processor_time();
        const double our_amount = ours();
        const double middle = processor_time();
        const double their_amount = theirs();
        const double end = processor_time();
        turns.ours.push_back(our_amount / (middle - start));
        turns.theirs.push_back(their_amount / (end - middle));
    }
}

/// Bulk transfer with everything recorded that enters both hosts, beside the same without.
void bulk_recorded(benchmark::State& state, Reading reading) {
    HourglassPair plain;
    PairSettings settings;
    settings.recorded = true;
    HourglassPair recorded(settings);
    if (!warm_up(state, plain) || !warm_up(state, recorded)) return;
    Turns turns;
    double segments = 0;
    const std::uint64_t before = recorded.recorded_bytes();
    const auto bits = [&](HourglassPair& pair) {
        const Transfer t = measured_transfer(pair, reading);
        if (&pair == &recorded) segments += static_cast<double>(t.packets);
        return static_cast<double>(t.payload) * 8;
    };
    take_turns(
        state, turns, [&] { return bits(recorded); }, [&] { return bits(plain); });
    state.counters["recorded_bit/s"] = median(turns.ours);
    state.counters["plain_bit/s"] = median(turns.theirs);
    state.counters["ratio"] = median(turns.ours) / median(turns.theirs);
    state.counters["bytes/packet"] = static_cast<double>(recorded.recorded_bytes() - before) / segments;
}

BENCHMARK_CAPTURE(bulk_recorded, copied, Reading::copied)
    ->Name("bulk/recorded/copied")
    ->Iterations(15)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bulk_recorded, in_place, Reading::in_place)
    ->Name("bulk/recorded/in_place")
    ->Iterations(15)
    ->Unit(benchmark::kMillisecond);

#ifdef HOURGLASS_HAVE_LWIP

void bulk_of_lwip(benchmark::State& state, Reading reading) { bulk<LwipPair>(state, reading); }

/// Fewer where each of them walks a list of all that are idle.
template <>
std::size_t churn_turn<LwipPair>(std::size_t idle) {
    return idle < 1'000 ? 16'384 : idle < 10'000 ? 4'096 : idle < 100'000 ? 512 : 128;
}

void report(benchmark::State& state, const Turns& turns, const std::string& unit) {
    const double ours = median(turns.ours);
    const double theirs = median(turns.theirs);
    state.counters["hourglass_" + unit] = ours;
    state.counters["lwip_" + unit] = theirs;
    state.counters["ratio"] = ours / theirs;
    state.SetLabel(std::string("lwIP ") + lwip_version());
}

void bulk_side_by_side(benchmark::State& state, Reading reading) {
    HourglassPair ours;
    LwipPair theirs;
    if (!warm_up(state, ours) || !warm_up(state, theirs)) return;
    Turns turns;
    const auto bits = [reading](auto& pair) {
        return static_cast<double>(measured_transfer(pair, reading).payload) * 8;
    };
    take_turns(
        state, turns, [&] { return bits(ours); }, [&] { return bits(theirs); });
    report(state, turns, "bit/s");
}

void connections_side_by_side(benchmark::State& state) {
    const auto idle = static_cast<std::size_t>(state.range(0));
    const auto at_a_time = static_cast<std::size_t>(state.range(1));
    HourglassPair ours;
    LwipPair theirs;
    if (!warm_up_churn(state, ours, idle, at_a_time) || !warm_up_churn(state, theirs, idle, at_a_time)) return;
    Turns turns;
    const auto done = [&]<typename Pair>(Pair& pair) {
        return static_cast<double>(measured_churn(pair, churn_turn<Pair>(idle), at_a_time));
    };
    take_turns(
        state, turns, [&] { return done(ours); }, [&] { return done(theirs); });
    report(state, turns, "connections/s");
}

BENCHMARK_CAPTURE(bulk_of_lwip, copied, Reading::copied)->Name("bulk/lwip/copied")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bulk_of_lwip, in_place, Reading::in_place)->Name("bulk/lwip/in_place")->Unit(benchmark::kMillisecond);
BENCHMARK(connections<LwipPair>)
    ->Name("connections/lwip")
    ->ArgNames({"idle", "at_a_time"})
    ->ArgsProduct({{0, 1'000, 10'000, 100'000}, {1, 64}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(idle_memory<LwipPair>)->Name("memory/lwip")->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bulk_side_by_side, copied, Reading::copied)
    ->Name("bulk/side_by_side/copied")
    ->Iterations(15)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bulk_side_by_side, in_place, Reading::in_place)
    ->Name("bulk/side_by_side/in_place")
    ->Iterations(15)
    ->Unit(benchmark::kMillisecond);
BENCHMARK(connections_side_by_side)
    ->Name("connections/side_by_side")
    ->ArgNames({"idle", "at_a_time"})
    ->ArgsProduct({{0, 1'000, 10'000, 100'000}, {1, 64}})
    ->Iterations(7)
    ->Unit(benchmark::kMillisecond);

#endif

}  // namespace

}  // namespace hourglass::bench
