#pragma once

#include "tcp/engine.h"
#include "tcp/recovery/recovery.h"

namespace hourglass::tcp {

// What an observer is told that takes more than a line to say. Each costs one branch when nobody listens.

namespace observed {
[[gnu::cold]] void progress(const Engine& e, const Connection& c);
[[gnu::cold]] void losses(const Engine& e, const Connection& c, const RecoveryOutcome& out);
[[gnu::cold]] void parameters(const Engine& e, const Connection& c);
[[gnu::cold]] void queue(const Engine& e, const FlowKey& flow, QueueChanged::Queue queue, QueueChanged::Change change,
                         const ListenEntry& listener);
[[gnu::cold]] void call(const Engine& e, const FlowKey& flow, Call call, std::uint64_t asked, std::uint64_t done,
                        Error error);
[[gnu::cold]] void drop(const Engine& e, const IpAddress& source, const IpAddress& destination, Disposition why,
                        std::uint64_t packet_id);
}  // namespace observed

/// Where the connection stands now.
inline void tell_progress(const Engine& e, const Connection& c) {
    if (e.observed()) [[unlikely]]
        observed::progress(e, c);
}

/// What an acknowledgement or a timer has shown to be lost, or not to have been.
inline void tell_losses(const Engine& e, const Connection& c, const RecoveryOutcome& out) {
    if (e.observed()) [[unlikely]]
        observed::losses(e, c, out);
}

/// Both SYNs are known.
inline void tell_parameters(const Engine& e, const Connection& c) {
    if (e.observed()) [[unlikely]]
        observed::parameters(e, c);
}

inline void tell_queue(const Engine& e, const FlowKey& flow, QueueChanged::Queue queue, QueueChanged::Change change,
                       const ListenEntry& listener) {
    if (e.observed()) [[unlikely]]
        observed::queue(e, flow, queue, change, listener);
}

/// The application has made a call; `asked` and `done` in octets, where there are any.
inline void tell_call(const Engine& e, const FlowKey& flow, Call call, std::uint64_t asked = 0, std::uint64_t done = 0,
                      Error error = {}) {
    if (e.observed()) [[unlikely]]
        observed::call(e, flow, call, asked, done, error);
}

inline void tell_drop(const Engine& e, const IpAddress& source, const IpAddress& destination, Disposition why,
                      std::uint64_t packet_id) {
    if (e.observed()) [[unlikely]]
        observed::drop(e, source, destination, why, packet_id);
}

/// A handler is being called as long as this lives.
class Telling {
  public:
    Telling(const Engine& e, const FlowKey& flow, Notice notice, HandleId handle, Error error = {})
        : engine_(e), flow_(flow), notice_(notice) {
        if (e.inputs != nullptr) [[unlikely]]
            e.inputs->notice_begins(notice, handle, error);
        if (e.observed()) [[unlikely]]
            e.observer->application_notified({e.now, flow_, notice_});
    }
    ~Telling() {
        if (engine_.observed()) [[unlikely]]
            engine_.observer->application_returned({engine_.now, flow_, notice_});
        if (engine_.inputs != nullptr) [[unlikely]]
            engine_.inputs->notice_ends();
    }
    Telling(const Telling&) = delete;
    Telling& operator=(const Telling&) = delete;

  private:
    const Engine& engine_;
    const FlowKey& flow_;  // of the table: it outlives the call
    Notice notice_;
};

}  // namespace hourglass::tcp
