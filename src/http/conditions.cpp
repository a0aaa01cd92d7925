#include "http/conditions.h"

#include <algorithm>
#include <charconv>

#include "hourglass/http/date.h"
#include "http/scan.h"

namespace hourglass::http::detail {

namespace {

/// The opaque part of an entity tag, for the weak comparison of RFC 9110, section 8.8.3.2.
std::string_view without_weak_mark(std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; }

/// True when `list` is `*` or holds `tag`. Our own tags are strong, so for the strong comparison a weak one differs.
bool matches(std::string_view list, std::string_view tag, bool weakly) {
    const auto members = split_list(list);
    return std::ranges::any_of(members, [&](std::string_view member) {
        if (member == "*") return true;
        return !tag.empty() && (weakly ? without_weak_mark(member) : member) == tag;
    });
}

std::optional<std::chrono::sys_seconds> date_field(const Request& request, std::string_view name) {
    const auto value = request.fields.get(name);
    return value ? parse_date(*value) : std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view digits) {
    std::uint64_t number = 0;
    if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return result.ec == std::errc() ? std::optional(number) : std::nullopt;
}

bool range_condition_holds(const Request& request, const Validators& validators) {
    const auto condition = request.fields.get("If-Range");
    if (!condition) return true;
    if (condition->starts_with('"')) return !validators.entity_tag.empty() && *condition == validators.entity_tag;
    const auto date = parse_date(*condition);
    return date && validators.modified && *date == *validators.modified;
}

}  // namespace

std::optional<Status> evaluate_conditions(const Request& request, const Validators& validators) {
    const bool reads = request.method.known() == Method::get || request.method.known() == Method::head;
    if (request.fields.contains("If-Match")) {
        if (!matches(request.fields.combined("If-Match"), validators.entity_tag, false))
            return Status::precondition_failed;
    } else if (const auto date = date_field(request, "If-Unmodified-Since"); date && validators.modified) {
        if (*validators.modified > *date) return Status::precondition_failed;
    }
    if (request.fields.contains("If-None-Match")) {
        if (matches(request.fields.combined("If-None-Match"), validators.entity_tag, true))
            return reads ? Status::not_modified : Status::precondition_failed;
    } else if (const auto date = date_field(request, "If-Modified-Since"); reads && date && validators.modified) {
        if (*validators.modified <= *date) return Status::not_modified;
    }
    return std::nullopt;
}

ByteRange requested_range(const Request& request, const Validators& validators, std::uint64_t size) {
    const ByteRange whole{ByteRange::Kind::whole, 0, size};
    const auto value = request.fields.get("Range");
    if (!value || request.method.known() != Method::get || request.fields.count("Range") != 1) return whole;
    constexpr std::string_view unit = "bytes=";
    if (!equals_ignoring_case(value->substr(0, unit.size()), unit)) return whole;
    const std::string_view spec = value->substr(unit.size());
    const std::size_t dash = spec.find('-');
    if (dash == std::string_view::npos || !range_condition_holds(request, validators)) return whole;

    const auto first = parse_number(spec.substr(0, dash));
    const auto last = parse_number(spec.substr(dash + 1));
    const ByteRange unsatisfiable{ByteRange::Kind::unsatisfiable, 0, 0};
    if (dash == 0) {
        if (!last) return whole;
        if (*last == 0 || size == 0) return unsatisfiable;
        const std::uint64_t length = std::min(*last, size);
        return {ByteRange::Kind::part, size - length, length};
    }
    const bool open_end = dash + 1 == spec.size();
    if (!first || (!last && !open_end) || (last && *last < *first)) return whole;
    if (*first >= size) return unsatisfiable;
    const std::uint64_t end = open_end ? size - 1 : std::min(*last, size - 1);
    return {ByteRange::Kind::part, *first, end - *first + 1};
}

}  // namespace hourglass::http::detail
