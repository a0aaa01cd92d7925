#include "hourglass/proxy/response_cache.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "hourglass/http/date.h"
#include "hourglass/http/forward.h"
#include "hourglass/http/url.h"

namespace hourglass::proxy {

namespace {

/// What an entry takes beside its texts, about.
constexpr std::uint64_t kOverhead = 512;

/// Lists that mean the same are made the same: one line, one space behind each comma.
std::string normalised(const http::Fields& fields, std::string_view name) {
    const std::string combined = fields.combined(name);
    std::string out;
    for (const std::string_view member : http::split_list(combined)) out.append(out.empty() ? "" : ", ").append(member);
    return out;
}

bool selects(const StoredResponse& response, const http::Request& request) {
    return std::ranges::all_of(
        response.selecting, [&](const auto& field) { return normalised(request.fields, field.first) == field.second; });
}

}  // namespace

std::uint64_t StoredResponse::size() const {
    return kOverhead + head.fields.wire_size() + (content == nullptr ? 0 : content->size());
}

std::vector<std::pair<std::string, std::string>> selecting_fields(const http::Response& response,
                                                                  const http::Request& request) {
    std::vector<std::pair<std::string, std::string>> out;
    const std::string vary = response.fields.combined("Vary");
    for (const std::string_view name : http::split_list(vary))
        out.emplace_back(std::string(name), normalised(request.fields, name));
    return out;
}

std::string cache_key(std::string_view scheme, std::string_view authority, std::string_view target) {
    const std::string text = fmt::format("{}://{}{}", scheme, authority, target);
    const auto url = http::Url::parse(text);
    return url ? url->normalized().to_string() : text;
}

std::shared_ptr<const StoredResponse> ResponseCache::find(const std::string& key, const http::Request& request) {
    const auto places = index_.find(key);
    if (places == index_.end()) return nullptr;
    const Place* latest = nullptr;
    for (const Place& place : places->second) {
        if (!selects(*place->response, request)) continue;
        if (latest == nullptr || place->response->freshness.received > (*latest)->response->freshness.received)
            latest = &place;
    }
    if (latest == nullptr) return nullptr;
    entries_.splice(entries_.begin(), entries_, *latest);
    return (*latest)->response;
}

void ResponseCache::store(const std::string& key, const http::Request& request, StoredResponse response) {
    const std::uint64_t size = response.size() + key.size();
    if (const auto known = index_.find(key); known != index_.end()) {
        std::vector<Place> replaced;
        for (const Place& place : known->second)
            if (selects(*place->response, request)) replaced.push_back(place);
        if (replaced.empty() && known->second.size() >= limits_.variants) replaced.push_back(known->second.front());
        for (const Place place : replaced) erase(place);
    }
    if (size > limits_.size) return;
    entries_.push_front({key, std::make_shared<const StoredResponse>(std::move(response))});
    index_[key].push_back(entries_.begin());
    size_ += size;
    make_room();
}

std::shared_ptr<const StoredResponse> ResponseCache::refresh(const std::string& key, const http::Request& request,
                                                             const StoredResponse& old, const http::Response& validated,
                                                             WallTime asked, WallTime received) {
    StoredResponse fresh = old;
    // RFC 9111, section 3.2: all fields but those that describe the content that is not in the 304.
    constexpr std::array<std::string_view, 4> kept = {"Content-Encoding", "Content-Type", "Content-Range",
                                                      "Content-Length"};
    http::Fields update = validated.fields;
    http::remove_hop_by_hop(update);
    for (const std::string_view name : kept) update.remove(name);
    for (const http::Field field : update) fresh.head.fields.remove(field.name);
    for (const http::Field field : update) fresh.head.fields.add(field.name, field.value);
    if (!validated.fields.contains("Age")) fresh.head.fields.remove("Age");
    // RFC 9110, section 6.6.1: a recipient with a clock dates what came without a date.
    if (!validated.fields.contains("Date")) fresh.head.fields.set("Date", http::format_date(received));
    fresh.control = CacheControl::parse(fresh.head.fields);
    fresh.freshness = Freshness::of(fresh.head, asked, received, limits_);
    fresh.selecting = selecting_fields(fresh.head, request);
    auto out = std::make_shared<const StoredResponse>(fresh);
    store(key, request, std::move(fresh));
    return out;
}

void ResponseCache::invalidate(const std::string& key) {
    const auto known = index_.find(key);
    if (known == index_.end()) return;
    const std::vector<Place> places = known->second;
    for (const Place place : places) erase(place);
}

void ResponseCache::set_limits(const CacheConfiguration& limits) {
    limits_ = limits;
    make_room();
}

void ResponseCache::erase(Place place) {
    size_ -= place->response->size() + place->key.size();
    const auto known = index_.find(place->key);
    std::erase(known->second, place);
    if (known->second.empty()) index_.erase(known);
    entries_.erase(place);
}

void ResponseCache::make_room() {
    while (size_ > limits_.size) erase(std::prev(entries_.end()));
}

}  // namespace hourglass::proxy
