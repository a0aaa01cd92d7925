#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <unordered_set>
#include <vector>

#include "hourglass/socket/call.h"
#include "hourglass/socket/sockets.h"
#include "packetdrill/flags.h"

namespace hourglass::packetdrill {

/// One host in virtual time behind packetdrill's interface. The script's thread sends and takes packets and moves the
/// clock; a second thread makes the calls that block. One lock guards everything; who blocks sleeps on a condition that
/// is signalled whenever the host has done something.
class Machine {
  public:
    explicit Machine(Options options);

    /// Makes a call and sleeps until it has its result. Sockets and time are the machine's own while `make` runs and
    /// while the call is stepped.
    template <typename T, typename Make>
    socket::Result<T> run(Make&& make) {
        std::unique_lock lock(mutex_);
        begin_call();
        socket::Call<T> call = make(sockets_);
        auto result = call.step(now_);
        settle();
        if (!result) result = wait(lock, call);
        return *result;
    }
    /// The same for a call that never blocks.
    template <typename Act>
    auto act(Act&& act) {
        const std::lock_guard lock(mutex_);
        begin_call();
        auto result = act(sockets_);
        settle();
        return result;
    }

    /// A packet arrives.
    void send(std::span<const std::byte> packet);
    /// The next packet that the host sends; time goes on to it. Nothing when none will come.
    struct Sent {
        std::size_t size = 0;
        std::int64_t at_us = 0;
    };
    std::optional<Sent> receive(std::span<std::byte> room);
    void sleep(Duration duration);
    /// Microseconds since the epoch, at least one more each time.
    std::int64_t tell_time();

    /// Before bind(): an address of ours that only the script knows.
    void claim(const IpAddress& address);

  private:
    struct Output {
        Packet packet;
        Instant at;
    };
    template <typename T>
    std::optional<socket::Result<T>> wait(std::unique_lock<std::mutex>& lock, socket::Call<T>& call) {
        const auto deadline = deadlines_.insert(deadlines_.end(), call.deadline());
        std::optional<socket::Result<T>> result;
        while (!result) {
            sleep_until_something_happens(lock);
            result = call.step(now_);
            settle();
        }
        deadlines_.erase(deadline);
        awaited_.insert(std::this_thread::get_id());
        return result;
    }

    void begin_call();
    void claim_locked(const IpAddress& address);
    /// Lets the host do what is due now, and wakes who waits for it.
    void settle();
    void advance_to(std::unique_lock<std::mutex>& lock, Instant time);
    void await_woken(std::unique_lock<std::mutex>& lock);
    void sleep_until_something_happens(std::unique_lock<std::mutex>& lock);
    [[nodiscard]] Instant next_event();

    std::mutex mutex_;
    std::condition_variable something_happened_;
    std::condition_variable all_looked_;
    std::uint64_t happenings_ = 0;                 ///< Counts what sleepers wait for.
    std::uint64_t calls_ = 0;                      ///< Of any thread: a sleeper sees whether the script still runs.
    std::size_t sleepers_ = 0, to_look_ = 0;       ///< Threads that sleep; of these, who has not looked yet.
    std::size_t drivers_ = 0;                      ///< Threads that move the clock.
    std::list<Instant> deadlines_;                 ///< Of the sleepers' calls.
    std::unordered_set<std::thread::id> awaited_;  ///< Threads whose call has ended and that will ask for the time.

    Instant now_;
    BufferPool pool_;
    ip::Host host_;
    ip::InterfaceId interface_;
    std::vector<Prefix> networks_;  ///< Where the addresses are that can be claimed.
    socket::Sockets sockets_;
    std::deque<Output> output_;
    std::vector<Packet> batch_;
    std::size_t claimed_count_ = 0;
    bool claimed_ = false;  ///< The script's own address is known.
};

}  // namespace hourglass::packetdrill
