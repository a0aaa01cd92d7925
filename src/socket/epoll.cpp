#include "socket/epoll.h"

namespace hourglass::socket {

Object::~Object() = default;

void Object::wake(std::uint32_t events) {
    for (EpollEntry* entry : watchers) entry->set.entry_woken(*entry, events);
}

EpollSet::~EpollSet() {
    while (!entries_.empty()) drop(entries_.begin());
}

void EpollSet::drop(std::map<Descriptor, std::unique_ptr<EpollEntry>>::iterator at) {
    EpollEntry* entry = at->second.get();
    std::erase(ready_, entry);
    std::erase(entry->object.watchers, entry);
    entries_.erase(at);
}

void EpollSet::forget(Descriptor target) {
    if (const auto found = entries_.find(target); found != entries_.end()) drop(found);
}

void EpollSet::entry_woken(EpollEntry& entry, std::uint32_t events) {
    if (entry.queued || (events & entry.mask()) == 0) return;
    entry.queued = true;
    ready_.push_back(&entry);
    wake(event::in | event::rd_norm);
}

/// What holds already when an entry is made or changed is an event.
void EpollSet::look_at(EpollEntry& entry) { entry_woken(entry, entry.object.readiness()); }

Result<void> EpollSet::control(int operation, Descriptor target, Object* object, EpollEvent event) {
    const auto found = entries_.find(target);
    switch (operation) {
        case epoll::add: {
            if (found != entries_.end()) return std::unexpected(Errno::exists);
            auto entry = std::make_unique<EpollEntry>(EpollEntry{.set = *this, .object = *object, .interest = event});
            object->watchers.push_back(entry.get());
            look_at(*entries_.emplace(target, std::move(entry)).first->second);
            return {};
        }
        case epoll::mod:
            if (found == entries_.end()) return std::unexpected(Errno::no_such_entry);
            found->second->interest = event;
            found->second->disabled = false;
            look_at(*found->second);
            return {};
        case epoll::del:
            if (found == entries_.end()) return std::unexpected(Errno::no_such_entry);
            drop(found);
            return {};
        default:
            return std::unexpected(Errno::invalid_argument);
    }
}

std::size_t EpollSet::collect(std::span<EpollEvent> room) {
    std::size_t told = 0;
    for (std::size_t looked_at = ready_.size(); looked_at > 0 && told < room.size(); --looked_at) {
        EpollEntry& entry = *ready_.front();
        ready_.pop_front();
        entry.queued = false;
        const std::uint32_t events = entry.object.readiness() & entry.mask();
        if (events == 0) continue;
        room[told++] = {events, entry.interest.data};
        if ((entry.interest.events & event::one_shot) != 0) {
            entry.disabled = true;
        } else if ((entry.interest.events & event::edge) == 0) {
            entry.queued = true;
            ready_.push_back(&entry);
        }
    }
    return told;
}

std::uint32_t EpollSet::readiness() {
    for (const EpollEntry* entry : ready_)
        if ((entry->object.readiness() & entry->mask()) != 0) return event::in | event::rd_norm;
    return 0;
}

}  // namespace hourglass::socket
