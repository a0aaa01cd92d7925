#pragma once

#include <deque>
#include <map>
#include <memory>

#include "socket/object.h"

namespace hourglass::socket {

class EpollSet;

/// A descriptor that an epoll instance watches.
struct EpollEntry {
    EpollSet& set;
    Object& object;
    EpollEvent interest{};
    bool queued = false;    ///< In the set's list of entries to look at.
    bool disabled = false;  ///< One-shot, and it has been told.

    [[nodiscard]] std::uint32_t mask() const { return disabled ? 0 : interest.events | event::err | event::hup; }
};

/// An epoll instance (epoll(7)): entries that something happened to wait in a list; epoll_wait looks at them and keeps
/// the level-triggered ones that still hold.
class EpollSet final : public Object {
  public:
    ~EpollSet() override;

    Result<void> control(int operation, Descriptor target, Object* object, EpollEvent event);
    std::size_t collect(std::span<EpollEvent> room);
    /// `target` has been closed.
    void forget(Descriptor target);
    void entry_woken(EpollEntry& entry, std::uint32_t events);

    [[nodiscard]] std::uint32_t readiness() override;

  private:
    void look_at(EpollEntry& entry);
    void drop(std::map<Descriptor, std::unique_ptr<EpollEntry>>::iterator at);

    std::map<Descriptor, std::unique_ptr<EpollEntry>> entries_;
    std::deque<EpollEntry*> ready_;
};

}  // namespace hourglass::socket
