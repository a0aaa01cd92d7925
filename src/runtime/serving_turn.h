#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/runtime/os_loop.h"
#include "runtime/os_session.h"

namespace hourglass::runtime {

/// What a server does in one turn of the loop, in three steps for many of its connections together: read what has come,
/// have it handled, send the answers. Each step finds its code, and the kernel's, where the connection before has left
/// it, in the processor's caches; and clients are not woken for one answer at a time.
class ServingTurn final : private Watcher {
  public:
    explicit ServingTurn(OsLoop& loop) : loop_(loop), room_(std::make_unique_for_overwrite<std::byte[]>(kRoom)) {}
    ~ServingTurn() { loop_.forget(*this); }

    /// Reads what has come for `session`. The rest follows when all that is ready now has been told of.
    void add(OsSession& session);
    /// The session takes no part any more. To be called before it is destroyed.
    void forget(const OsSession& session);

  private:
    /// For what is read in one turn. Who finds too little left is served at once.
    static constexpr std::size_t kRoom = std::size_t{1024} * 1024;

    /// So many requests are handled before they are answered: clients have their answers to work on meanwhile.
    static constexpr std::size_t kAtOnce = 16;
    /// No answer waits longer than this until those behind it have been made, too.
    static constexpr Duration kPatience = std::chrono::microseconds(500);

    void on_ready(Readiness) override {}
    void on_later() override;

    OsLoop& loop_;
    std::unique_ptr<std::byte[]> room_;
    std::size_t used_ = 0;
    std::vector<OsSession*> sessions_;  ///< Null: has gone.
};

}  // namespace hourglass::runtime
