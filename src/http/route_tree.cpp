#include "http/route_tree.h"

#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

#include "hourglass/http/url.h"

namespace hourglass::http::detail {

namespace {

bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

}  // namespace

bool PathSegments::split(std::string_view path) {
    path.remove_prefix(path.starts_with('/') ? 1 : 0);
    for (;;) {
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        if (segment.find('%') == std::string_view::npos) {
            segments_.push_back(segment);
        } else {
            auto decoded = percent_decode(segment);
            if (!decoded) return false;
            decoded_.push_back(std::make_unique<std::string>(std::move(*decoded)));
            segments_.emplace_back(*decoded_.back());
        }
        if (slash == std::string_view::npos) return true;
        path.remove_prefix(slash + 1);
    }
}

RouteTree::Added RouteTree::add(std::string_view pattern, std::size_t number) {
    const auto refuse = [&](std::string_view why) {
        throw std::invalid_argument(fmt::format("route '{}': {}", pattern, why));
    };
    if (!pattern.starts_with('/')) refuse("it has to begin with a slash");
    std::vector<std::string> names;
    Node* node = &root_;
    for (std::string_view rest = pattern; !rest.empty();) {
        rest.remove_prefix(1);
        std::string_view segment = rest.substr(0, rest.find('/'));
        rest.remove_prefix(segment.size());
        if (segment.find_first_of("{}") == std::string_view::npos) {
            auto& next = node->literals[std::string(segment)];
            if (next == nullptr) next = std::make_unique<Node>();
            node = next.get();
            continue;
        }
        if (!segment.starts_with('{') || !segment.ends_with('}')) refuse("braces go around a whole segment");
        segment = segment.substr(1, segment.size() - 2);
        const bool takes_rest = segment.ends_with("...");
        if (takes_rest) segment.remove_suffix(3);
        if (segment.empty() || segment.find_first_of("{}") != std::string_view::npos) refuse("a name is missing");
        if (std::ranges::find(names, segment) != names.end()) refuse("a name stands in it twice");
        names.emplace_back(segment);
        if (takes_rest) {
            if (!rest.empty()) refuse("nothing can follow a rest");
            node->resting.push_back(number);
            return {std::move(names), node->resting};
        }
        if (node->name == nullptr) node->name = std::make_unique<Node>();
        node = node->name.get();
    }
    node->ending.push_back(number);
    return {std::move(names), node->ending};
}

/// A walk down the tree. It comes to each node at most once, because a node has one depth.
struct RouteTree::Search {
    const std::vector<std::string_view>& segments;
    const Found& found;
    std::vector<std::string_view> values{};

    bool visit(const Node& node, std::size_t at) {
        if (at == segments.size()) return !node.ending.empty() && found({node.ending, values, std::nullopt});
        const std::string_view segment = segments[at];
        if (const auto literal = node.literals.find(segment); literal != node.literals.end())
            if (visit(*literal->second, at + 1)) return true;
        if (node.name != nullptr && !segment.empty() && !is_dots(segment)) {
            values.push_back(segment);
            if (visit(*node.name, at + 1)) return true;
            values.pop_back();
        }
        if (node.resting.empty()) return false;
        if (std::any_of(segments.begin() + static_cast<std::ptrdiff_t>(at), segments.end(), is_dots)) return false;
        return found({node.resting, values, at});
    }
};

bool RouteTree::find(const std::vector<std::string_view>& segments, const Found& found) const {
    return Search{segments, found}.visit(root_, 0);
}

}  // namespace hourglass::http::detail
