#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/proxy/configuration.h"

namespace hourglass::proxy {

/// Finds the route of a request. The host decides first: an exact name before a wildcard, a longer wildcard before a
/// shorter one, either before routes for any host. Among the routes of that host the longest path wins; where none of
/// them has the path, the next host in that order is asked.
class Routes {
  public:
    Routes() = default;
    explicit Routes(const std::vector<RouteConfiguration>& routes);

    /// The number of the route, counted as in the configuration. `authority`: host and perhaps port. `path`:
    /// percent-encoded, as received; it is compared decoded and without dot segments, so that no spelling gets around a
    /// route. Nothing when there is none.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view authority, std::string_view path) const;

  private:
    struct Entry {
        std::string host;  ///< in lower case; for a wildcard with its dot in front; empty: any
        bool wildcard = false;
        std::string path;
        std::size_t route = 0;
    };
    std::vector<Entry> entries_;  ///< the one that decides first in front
};

/// True when `path` is `prefix` or below it: "/a" holds "/a" and "/a/b", not "/ab".
[[nodiscard]] bool is_below(std::string_view path, std::string_view prefix) noexcept;

/// The path that routes are compared with: without dot segments and percent-encoding; a slash that is encoded stays so.
[[nodiscard]] std::string comparable_path(std::string_view path);

}  // namespace hourglass::proxy
