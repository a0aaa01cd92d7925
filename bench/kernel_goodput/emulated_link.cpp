#include "emulated_link.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <poll.h>
#include <system_error>
#include <utility>

#include "hourglass/runtime/clock.h"

namespace hourglass::bench {

namespace {

constexpr std::size_t kBatch = 64;

timespec to_timespec(Duration d) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(d);
    return {.tv_sec = seconds.count(), .tv_nsec = (d - seconds).count()};
}

[[noreturn]] void fail(int error, const char* what) { throw std::system_error(error, std::generic_category(), what); }

}  // namespace

/// A device that has no room loses the packet, as a network card would.
void EmulatedLink::End::receive(Packet packet) {
    if (const auto written = device.write(std::span(&packet, 1)); !written)
        throw std::system_error(written.error(), "a device of the emulated link");
}

std::unique_ptr<sim::Pipe> EmulatedLink::make_pipe(sim::Direction direction, const sim::Impairments& impairments,
                                                   std::uint64_t seed) {
    const bool forwards = direction == sim::Direction::a_to_b;
    auto pipe = std::make_unique<sim::Pipe>(
        fabric_, direction,
        sim::PipeEnds{.from = forwards ? "a" : "b", .to = forwards ? "b" : "a", .receiver = forwards ? &b_ : &a_},
        impairments, Random(seed));
    (forwards ? a_to_b_ : b_to_a_) = pipe.get();
    return pipe;
}

EmulatedLink::EmulatedLink(const sim::LinkSettings& settings, std::uint64_t seed, link::Link& a, link::Link& b)
    : a_(a),
      b_(b),
      link_(0, settings, make_pipe(sim::Direction::a_to_b, settings.a_to_b, 2 * seed),
            make_pipe(sim::Direction::b_to_a, settings.b_to_a, 2 * seed + 1)) {
    fabric_.pool = &pool_;
}

bool EmulatedLink::run_until_readable(int descriptor, Instant limit) {
    while (true) {
        if (wait(descriptor, limit)) return true;
        fabric_.now = runtime::now();
        deliver_what_is_due();
        take_from(a_.device, *a_to_b_);
        take_from(b_.device, *b_to_a_);
        if (fabric_.now >= limit) return false;
    }
}

/// Waits for a packet, or for the time of one; true when it was `descriptor` that became readable.
bool EmulatedLink::wait(int descriptor, Instant limit) {
    std::array<pollfd, 3> polled = {pollfd{a_.device.descriptor(), POLLIN, 0},
                                    pollfd{b_.device.descriptor(), POLLIN, 0}, pollfd{descriptor, POLLIN, 0}};
    const Instant until = std::min(fabric_.queue.next_time(), limit);
    const timespec left = to_timespec(std::max(until - runtime::now(), Duration::zero()));
    if (::ppoll(polled.data(), polled.size(), &left, nullptr) < 0 && errno != EINTR) fail(errno, "ppoll");
    return polled[2].revents != 0;
}

void EmulatedLink::deliver_what_is_due() {
    while (fabric_.queue.next_time() <= fabric_.now) {
        late_.push_back(fabric_.now - fabric_.queue.next_time());
        auto arrival = std::get<sim::Arrival>(fabric_.queue.take());
        arrival.pipe->arrive(std::move(arrival.packet));
    }
}

void EmulatedLink::take_from(link::Link& device, sim::Pipe& pipe) {
    if (const auto count = device.read(batch_, kBatch); !count)
        throw std::system_error(count.error(), "a device of the emulated link");
    for (Packet& packet : batch_) pipe.send(std::move(packet));
    batch_.clear();
}

Lateness EmulatedLink::lateness() const {
    if (late_.empty()) return {};
    std::vector<Duration> sorted = late_;
    std::ranges::sort(sorted);
    const Duration sum = std::accumulate(sorted.begin(), sorted.end(), Duration::zero());
    return {.mean = sum / static_cast<std::int64_t>(sorted.size()),
            .most = sorted[sorted.size() * 99 / 100],
            .worst = sorted.back()};
}

}  // namespace hourglass::bench
