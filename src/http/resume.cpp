#include "hourglass/http/resume.h"

#include <charconv>
#include <fmt/format.h>

#include "hourglass/http/date.h"

namespace hourglass::http {

namespace {

std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

bool take(std::string_view& text, std::string_view expected) {
    if (!text.starts_with(expected)) return false;
    text.remove_prefix(expected.size());
    return true;
}

}  // namespace

void ask_for_rest(Request& request, std::uint64_t have, std::string_view validator) {
    request.fields.set("Range", fmt::format("bytes={}-", have));
    if (!validator.empty()) request.fields.set("If-Range", validator);
}

std::optional<ContentRange> ContentRange::parse(std::string_view text) {
    ContentRange range;
    if (text.size() < 6 || !equals_ignoring_case(text.substr(0, 6), "bytes ")) return std::nullopt;
    text.remove_prefix(6);
    if (!take(text, "*")) {
        range.first = take_number(text);
        if (!range.first || !take(text, "-")) return std::nullopt;
        range.last = take_number(text);
        if (!range.last || *range.last < *range.first) return std::nullopt;
    }
    if (!take(text, "/")) return std::nullopt;
    if (!take(text, "*")) {
        range.total = take_number(text);
        if (!range.total || (range.last && *range.last >= *range.total)) return std::nullopt;
    } else if (!range.first) {
        return std::nullopt;
    }
    if (!text.empty()) return std::nullopt;
    return range;
}

Resumption resumption(const Response& response, std::uint64_t have) {
    const auto field = response.fields.get("Content-Range");
    const auto range = field ? ContentRange::parse(*field) : std::nullopt;
    if (response.status == Status::partial_content)
        return range && range->first == have ? Resumption::rest : Resumption::refused;
    if (response.status == Status::range_not_satisfiable)
        return range && range->total == have ? Resumption::complete : Resumption::refused;
    return is_success(response.status) ? Resumption::whole : Resumption::other;
}

std::string strong_validator(const Fields& fields) {
    if (const auto tag = fields.get("ETag"); tag && tag->starts_with('"')) return std::string(*tag);
    const auto modified = fields.get("Last-Modified");
    const auto changed = modified ? parse_date(*modified) : std::nullopt;
    const auto date = fields.get("Date");
    const auto sent = date ? parse_date(*date) : std::nullopt;
    const bool strong = changed && sent && *sent >= *changed + std::chrono::seconds(1);
    return strong ? std::string(*modified) : std::string();
}

}  // namespace hourglass::http
