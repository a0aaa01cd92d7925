#include "hourglass/dns/cache.h"

namespace hourglass::dns {

std::string_view to_string(Source source) {
    switch (source) {
        case Source::literal:
            return "literal";
        case Source::special:
            return "special name";
        case Source::hosts_file:
            return "hosts file";
        case Source::cache:
            return "cache";
        case Source::network:
            return "network";
    }
    return "unknown";
}

std::string_view to_string(ResolveError error) {
    switch (error) {
        case ResolveError::name_error:
            return "the name does not exist";
        case ResolveError::no_data:
            return "the name has no address of the kind asked for";
        case ResolveError::bad_name:
            return "not a host name";
        case ResolveError::timed_out:
            return "no name server answered in time";
        case ResolveError::server_failure:
            return "no name server could answer";
        case ResolveError::too_many_aliases:
            return "the name is an alias of an alias of too many others";
        case ResolveError::no_servers:
            return "no name server is known";
        case ResolveError::limit_reached:
            return "too many questions are under way";
    }
    return "unknown";
}

const Cache::Entry* Cache::find(const Name& name, Type type, Instant now) {
    if (const Entry* entry = find_exact({name, type}, now)) return entry;
    for (const Type other : {Type::a, Type::aaaa}) {
        if (other == type) continue;
        const Entry* entry = find_exact({name, other}, now);
        if (entry != nullptr && entry->answer.negative == ResolveError::name_error) return entry;
    }
    return nullptr;
}

const Cache::Entry* Cache::find_exact(const Key& key, Instant now) {
    const auto where = entries_.find(key);
    if (where == entries_.end()) return nullptr;
    if (where->second->entry.expires <= now) {
        erase(where);
        return nullptr;
    }
    by_use_.splice(by_use_.begin(), by_use_, where->second);
    return &where->second->entry;
}

void Cache::insert(const Name& name, Type type, const Answer& answer, Instant now) {
    const Key key{name, type};
    if (const auto where = entries_.find(key); where != entries_.end()) erase(where);
    if (answer.ttl == 0 || limit_ == 0) return;
    if (entries_.size() >= limit_) erase(entries_.find(by_use_.back().key));
    by_use_.push_front({key, {answer, now + std::chrono::seconds(answer.ttl)}});
    entries_.emplace(key, by_use_.begin());
}

void Cache::clear() {
    entries_.clear();
    by_use_.clear();
}

void Cache::erase(std::map<Key, std::list<Slot>::iterator>::iterator where) {
    by_use_.erase(where->second);
    entries_.erase(where);
}

}  // namespace hourglass::dns
