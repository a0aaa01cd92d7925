#pragma once

#include <memory>

#include "hourglass/base/time.h"

namespace asio {
class io_context;
}

namespace hourglass::runtime {

/// What a descriptor is ready for.
struct Readiness {
    bool readable = false;
    bool writable = false;
    bool ended = false;   ///< The peer has closed its side: what is read ends with that.
    bool failed = false;  ///< There is an error to be fetched.
};

/// Who is told about a descriptor.
class Watcher {
  public:
    /// The descriptor has become ready (epoll's edge): it is to be used until it blocks.
    virtual void on_ready(Readiness readiness) = 0;
    /// What `OsLoop::later` asked for.
    virtual void on_later() {}

  protected:
    Watcher() = default;
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;
    ~Watcher() = default;
};

/// The readiness of many descriptors, on the thread that runs an Asio context. The descriptors are in an epoll set of
/// their own, which the context watches as one: a wait takes no system call and no allocation, where one of Asio's
/// takes an epoll_ctl(2).
class OsLoop {
  public:
    /// `context` must outlive the loop. Throws `std::system_error` when the process can have no more descriptors.
    explicit OsLoop(asio::io_context& context);
    ~OsLoop();
    OsLoop(const OsLoop&) = delete;
    OsLoop& operator=(const OsLoop&) = delete;

    [[nodiscard]] asio::io_context& context() const;
    /// Watches a descriptor that does not block, in both directions. False when the system refuses. Closing the
    /// descriptor ends it.
    [[nodiscard]] bool watch(int descriptor, Watcher& watcher);
    /// Calls `on_later` once: after all that is ready now has had its turn.
    void later(Watcher& watcher);
    /// The watcher is called no more. To be called before it is destroyed.
    void forget(Watcher& watcher);

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace hourglass::runtime
