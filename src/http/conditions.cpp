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

/// One range-spec of the unit "bytes" (RFC 9110, section 14.1.2). Nothing when it is malformed; an empty range when the
/// representation has no such bytes.
std::optional<ByteRange> parse_range(std::string_view spec, std::uint64_t size) {
    const std::size_t dash = spec.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    const auto first = parse_number(spec.substr(0, dash));
    const auto last = parse_number(spec.substr(dash + 1));
    if (dash == 0) {
        if (!last) return std::nullopt;
        const std::uint64_t length = std::min(*last, size);
        return ByteRange{size - length, length};
    }
    const bool open_end = dash + 1 == spec.size();
    if (!first || (!last && !open_end) || (last && *last < *first)) return std::nullopt;
    if (*first >= size) return ByteRange{};
    const std::uint64_t end = open_end ? size - 1 : std::min(*last, size - 1);
    return ByteRange{*first, end - *first + 1};
}

/// Joins ranges that overlap or touch, at the place of the first of them.
void coalesce(std::vector<ByteRange>& ranges) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        for (std::size_t j = i + 1; j < ranges.size();) {
            ByteRange& a = ranges[i];
            const ByteRange& b = ranges[j];
            if (b.offset > a.offset + a.length || a.offset > b.offset + b.length) {
                ++j;
                continue;
            }
            const std::uint64_t end = std::max(a.offset + a.length, b.offset + b.length);
            a.offset = std::min(a.offset, b.offset);
            a.length = end - a.offset;
            ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(j));
            j = i + 1;  // what has grown may touch one that was passed
        }
    }
}

std::uint64_t total(const std::vector<ByteRange>& ranges) {
    std::uint64_t sum = 0;
    for (const ByteRange& range : ranges) sum += range.length;
    return sum;
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

RequestedRanges requested_ranges(const Request& request, const Validators& validators, std::uint64_t size,
                                 std::size_t most) {
    const RequestedRanges whole;
    const auto value = request.fields.get("Range");
    if (!value || request.method.known() != Method::get || request.fields.count("Range") != 1) return whole;
    constexpr std::string_view unit = "bytes=";
    if (!equals_ignoring_case(value->substr(0, unit.size()), unit)) return whole;
    if (!range_condition_holds(request, validators)) return whole;

    const auto specs = split_list(value->substr(unit.size()));
    if (specs.empty() || specs.size() > most) return whole;
    RequestedRanges ranges{RequestedRanges::Kind::parts, {}};
    for (const std::string_view spec : specs) {
        const auto range = parse_range(spec, size);
        if (!range) return whole;
        if (range->length > 0) ranges.parts.push_back(*range);
    }
    if (ranges.parts.empty()) return {RequestedRanges::Kind::unsatisfiable, {}};
    coalesce(ranges.parts);
    if (ranges.parts.size() > 1 && total(ranges.parts) >= size) return whole;
    return ranges;
}

}  // namespace hourglass::http::detail
