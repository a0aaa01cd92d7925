#include "packetdrill/machine.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"

namespace hourglass::packetdrill {

namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1h};                      // Time zero is for "never yet".
constexpr SipKey kSecret{0x686f7572, 0x676c6173};  // The same run each time.
constexpr std::size_t kMaxClaimed = 256;

// How long, in real time, the clock waits for a thread whose call has ended to ask what time it is, and a thread that
// sleeps for the script to do anything before it moves the clock itself: a script that has come to its end only waits.
constexpr auto kUntilAsked = 1s;
constexpr auto kUntilLooked = 1s;
constexpr auto kUntilLeft = 200ms;

std::optional<IpAddress> destination_of(std::span<const std::byte> packet) {
    if (const auto v4 = wire::Ipv4View::parse(packet)) return v4->destination();
    if (const auto v6 = wire::Ipv6View::parse(packet)) return v6->destination();
    return std::nullopt;
}

ip::HostSettings with_secret(ip::HostSettings settings) {
    settings.secret = kSecret;
    return settings;
}

}  // namespace

Machine::Machine(Options options)
    : now_(kStart),
      host_(with_secret(std::move(options.host)), pool_),
      interface_(host_.add_interface({.name = "tun0", .mtu = options.mtu, .addresses = options.addresses})),
      networks_(std::move(options.addresses)),
      sockets_(host_) {
    host_.add_route({.destination = {IpAddress::v4(0), 0}, .gateway = {}, .interface = interface_});
    host_.add_route({.destination = {IpAddress(), 0}, .gateway = {}, .interface = interface_});
    host_.poll(now_);
}

void Machine::begin_call() {
    ++calls_;
    if (awaited_.erase(std::this_thread::get_id()) > 0) all_looked_.notify_all();
    settle();
}

void Machine::settle() {
    host_.poll(now_);
    host_.take_output(interface_, batch_);
    for (Packet& packet : batch_) output_.push_back({std::move(packet), now_});
    batch_.clear();
    ++happenings_;
    to_look_ = sleepers_;
    if (sleepers_ > 0) something_happened_.notify_all();
}

Instant Machine::next_event() {
    Instant next = host_.next_deadline();
    for (const Instant deadline : deadlines_) next = std::min(next, deadline);
    return next;
}

void Machine::sleep_until_something_happens(std::unique_lock<std::mutex>& lock) {
    ++sleepers_;
    const std::uint64_t seen = happenings_;
    while (happenings_ == seen) {
        const std::uint64_t calls = calls_;
        const bool woken = something_happened_.wait_for(lock, kUntilLeft, [&] { return happenings_ != seen; });
        if (woken || calls != calls_ || drivers_ > 0 || next_event() == kNever) continue;
        now_ = std::max(now_, next_event());
        settle();
    }
    --sleepers_;
    if (to_look_ > 0 && --to_look_ == 0) all_looked_.notify_all();
}

/// Before time moves: who was woken looks, and who has its result gets to know when that was.
void Machine::await_woken(std::unique_lock<std::mutex>& lock) {
    all_looked_.wait_for(lock, kUntilLooked, [&] { return to_look_ == 0; });
    if (!all_looked_.wait_for(lock, kUntilAsked, [&] { return awaited_.empty(); })) awaited_.clear();
}

void Machine::advance_to(std::unique_lock<std::mutex>& lock, Instant time) {
    for (;;) {
        await_woken(lock);
        const Instant next = next_event();
        if (next > time) break;
        now_ = std::max(now_, next);
        settle();
    }
    now_ = std::max(now_, time);
    settle();
    await_woken(lock);
}

void Machine::send(std::span<const std::byte> packet) {
    const std::lock_guard lock(mutex_);
    begin_call();
    if (const auto destination = destination_of(packet); destination && !claimed_) claim_locked(*destination);
    host_.receive(interface_, pool_.packet(packet), now_);
    settle();
}

std::optional<Machine::Sent> Machine::receive(std::span<std::byte> room) {
    std::unique_lock lock(mutex_);
    begin_call();
    ++drivers_;
    while (output_.empty()) {
        await_woken(lock);
        if (!output_.empty()) break;
        const Instant next = next_event();
        if (next == kNever) break;
        now_ = std::max(now_, next);
        settle();
    }
    --drivers_;
    if (output_.empty()) return std::nullopt;
    const Output first = std::move(output_.front());
    output_.pop_front();
    const auto bytes = std::as_const(first.packet).bytes();
    const std::size_t size = std::min(bytes.size(), room.size());
    std::copy_n(bytes.begin(), size, room.begin());
    return Sent{size, to_us(first.at.time_since_epoch())};
}

void Machine::sleep(Duration duration) {
    std::unique_lock lock(mutex_);
    begin_call();
    ++drivers_;
    advance_to(lock, now_ + duration);
    --drivers_;
}

std::int64_t Machine::tell_time() {
    const std::lock_guard lock(mutex_);
    ++calls_;
    if (awaited_.erase(std::this_thread::get_id()) > 0) all_looked_.notify_all();
    now_ += 1us;
    return to_us(now_.time_since_epoch());
}

void Machine::claim(const IpAddress& address) {
    const std::lock_guard lock(mutex_);
    claim_locked(address);
}

void Machine::claim_locked(const IpAddress& address) {
    if (address.is_unspecified() || address.is_multicast() || host_.is_local(address)) return;
    const auto network = std::ranges::find_if(networks_, [&](const Prefix& p) { return p.contains(address); });
    if (network == networks_.end() || claimed_count_ >= kMaxClaimed) return;
    if (network->address.is_v4() && address == network->broadcast()) return;
    host_.add_address(interface_, {address, network->length});
    ++claimed_count_;
    claimed_ = true;
}

}  // namespace hourglass::packetdrill
