#include "tcp/fast_open_cache.h"

#include <algorithm>

namespace hourglass::tcp {

namespace {

/// RFC 7413, section 4.1.3: a larger SYN could be fragmented, or confuse what is on the path.
std::uint16_t limited(std::uint16_t mss, const FlowKey& flow) {
    return std::min<std::uint16_t>(mss, flow.remote.is_v4() ? 1460 : 1440);
}

}  // namespace

FastOpenCache::Entry* FastOpenCache::entry_for(const Key& key) {
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
        by_use_.erase(slab_, found->second);
        by_use_.push_back(slab_, found->second);
        return &slab_[found->second];
    }
    if (slab_.full() && !by_use_.empty()) erase(Key(slab_[by_use_.front()].key));
    const std::uint32_t index = slab_.make();
    if (index == Slab<Entry>::kNone) return nullptr;
    slab_[index].key = key;
    by_use_.push_back(slab_, index);
    by_key_.emplace(key, index);
    return &slab_[index];
}

void FastOpenCache::erase(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return;
    by_use_.erase(slab_, found->second);
    slab_.give_back(found->second);
    by_key_.erase(found);
}

const FastOpenCache::Known* FastOpenCache::find(const FlowKey& flow) const {
    const auto found = by_key_.find({flow.local, flow.remote, Port(0)});
    return found == by_key_.end() ? nullptr : &slab_[found->second].known;
}

const FastOpenCache::Known* FastOpenCache::use(const FlowKey& flow) {
    return find(flow) == nullptr ? nullptr : &entry_for({flow.local, flow.remote, Port(0)})->known;
}

void FastOpenCache::learn(const FlowKey& flow, const wire::FastOpenCookie& cookie, std::uint16_t mss) {
    erase({flow.local, flow.remote, flow.remote_port});
    if (Entry* entry = entry_for({flow.local, flow.remote, Port(0)})) entry->known = {cookie, limited(mss, flow)};
}

void FastOpenCache::learn_mss(const FlowKey& flow, std::uint16_t mss) {
    if (find(flow) != nullptr) entry_for({flow.local, flow.remote, Port(0)})->known.mss = limited(mss, flow);
}

void FastOpenCache::refuse(const FlowKey& flow, Instant until) {
    if (Entry* entry = entry_for({flow.local, flow.remote, flow.remote_port})) entry->refused_until = until;
}

bool FastOpenCache::is_refused(const FlowKey& flow, Instant now) const {
    const auto found = by_key_.find({flow.local, flow.remote, flow.remote_port});
    return found != by_key_.end() && now < slab_[found->second].refused_until;
}

}  // namespace hourglass::tcp
