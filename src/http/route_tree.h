#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hourglass::http::detail {

/// A path in its segments, each decoded: what `%2F` means stays within its segment.
class PathSegments {
  public:
    /// False when a percent sequence is malformed.
    [[nodiscard]] bool split(std::string_view path);
    [[nodiscard]] const std::vector<std::string_view>& get() const { return segments_; }

  private:
    std::vector<std::string_view> segments_;
    std::vector<std::unique_ptr<std::string>> decoded_;  ///< behind the views that are not of the path itself
};

/// Patterns of paths: "/users/{id}/files/{path...}". A name in braces stands for one segment that is not empty, one
/// with dots for all that follow, also none. Neither stands for "." or "..", which would mean another path.
class RouteTree {
  public:
    /// What has matched.
    struct Match {
        const std::vector<std::size_t>& numbers;      ///< of the pattern; of several, when it was added for several
        const std::vector<std::string_view>& values;  ///< what the names before a rest stand for
        std::optional<std::size_t> rest_at;           ///< the first segment of the rest, if there is one
    };

    struct Added {
        std::vector<std::string> names;     ///< in the pattern
        std::vector<std::size_t>& numbers;  ///< of all patterns that match the same paths, this one's the last
    };
    /// Adds a pattern under `number`. Throws `std::invalid_argument` for one that is malformed.
    Added add(std::string_view pattern, std::size_t number);

    /// Calls `found` for what matches, the most specific first, until it returns true: at the first segment where two
    /// differ, a literal comes before a name, and that before a rest.
    using Found = std::function<bool(const Match& match)>;
    bool find(const std::vector<std::string_view>& segments, const Found& found) const;

  private:
    struct Node {
        std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
        std::unique_ptr<Node> name;
        std::vector<std::size_t> ending;   ///< patterns that end here
        std::vector<std::size_t> resting;  ///< patterns with a rest from here on
    };
    struct Search;

    Node root_;
};

}  // namespace hourglass::http::detail
