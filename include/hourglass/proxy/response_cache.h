#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hourglass/http/message.h"
#include "hourglass/proxy/cache_control.h"
#include "hourglass/proxy/configuration.h"
#include "hourglass/proxy/freshness.h"

namespace hourglass::proxy {

/// A response as it is stored.
struct StoredResponse {
    http::Response head{};                         ///< without the fields of one connection; its body is not in it
    std::shared_ptr<const std::string> content{};  ///< shared with the answers that are being sent
    CacheControl control{};
    Freshness freshness{};
    /// The fields that Vary names, with their normalised values in the request that it answered.
    std::vector<std::pair<std::string, std::string>> selecting{};

    /// Bytes that it is counted for.
    [[nodiscard]] std::uint64_t size() const;
};

/// A store of responses in memory, by URI and by the fields that Vary names (RFC 9111, section 4.1). The ones that were
/// not used longest make room for others.
class ResponseCache {
  public:
    explicit ResponseCache(const CacheConfiguration& limits) : limits_(limits) {}

    /// The response for a request: of those that its fields select the latest one (section 4.1). It may be stale.
    [[nodiscard]] std::shared_ptr<const StoredResponse> find(const std::string& key, const http::Request& request);
    /// Stores a response in the place of those that the same request selects.
    void store(const std::string& key, const http::Request& request, StoredResponse response);
    /// Puts `fields` of a 304 into a stored response, which is fresh again (section 4.3.4). Returns it as it is now.
    std::shared_ptr<const StoredResponse> refresh(const std::string& key, const http::Request& request,
                                                  const StoredResponse& old, const http::Response& validated,
                                                  WallTime asked, WallTime received);
    /// Forgets all responses of a URI (section 4.4).
    void invalidate(const std::string& key);

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t entries() const noexcept { return entries_.size(); }
    [[nodiscard]] const CacheConfiguration& limits() const noexcept { return limits_; }
    /// Takes new limits; what is beyond them goes.
    void set_limits(const CacheConfiguration& limits);

  private:
    struct Entry {
        std::string key;
        std::shared_ptr<const StoredResponse> response;
    };
    using Place = std::list<Entry>::iterator;

    void erase(Place place);
    void make_room();

    CacheConfiguration limits_;
    std::list<Entry> entries_{};  ///< the one that was used last in front
    std::unordered_map<std::string, std::vector<Place>> index_{};
    std::uint64_t size_ = 0;
};

/// What Vary selects by, of a request (RFC 9111, section 4.1).
[[nodiscard]] std::vector<std::pair<std::string, std::string>> selecting_fields(const http::Response& response,
                                                                                const http::Request& request);

/// The key of a request's target URI, in its normal form.
[[nodiscard]] std::string cache_key(std::string_view scheme, std::string_view authority, std::string_view target);

}  // namespace hourglass::proxy
