#include "hourglass/http/negotiation.h"

#include <algorithm>

#include "hourglass/http/fields.h"
#include "hourglass/http/parameters.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && detail::is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && detail::is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// `0.8` in thousandths (RFC 9110, section 12.4.2: at most three digits, at most 1).
std::optional<std::uint16_t> parse_weight(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
    if (text.size() > 1 && text[1] != '.') return std::nullopt;
    int weight = (text[0] - '0') * 1000;
    int unit = 100;
    for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (!detail::is_digit(c)) return std::nullopt;
        weight += (c - '0') * unit;
        unit /= 10;
    }
    return weight <= 1000 ? std::optional(static_cast<std::uint16_t>(weight)) : std::nullopt;
}

/// Where the weight begins: the last `;q=`.
std::size_t find_weight(std::string_view member) {
    for (std::size_t at = member.rfind(';'); at != std::string_view::npos && at > 0; at = member.rfind(';', at - 1)) {
        const std::string_view parameter = trimmed(member.substr(at + 1));
        if (parameter.size() >= 2 && detail::to_lower(parameter[0]) == 'q' && parameter[1] == '=') return at;
    }
    return std::string_view::npos;
}

/// How well a range names an offer: 0 not at all, and the more the better.
using Match = int (*)(std::string_view range, std::string_view offer);

int match_type(std::string_view range, std::string_view offer) {
    const auto wanted = Parameterised::parse(range);
    const auto offered = Parameterised::parse(offer);
    if (!wanted || !offered) return 0;
    if (wanted->value == "*/*") return 1;
    if (wanted->value.ends_with("/*")) {
        const std::size_t slash = wanted->value.size() - 1;
        return equals_ignoring_case(wanted->value.substr(0, slash), offered->value.substr(0, slash)) ? 2 : 0;
    }
    if (!equals_ignoring_case(wanted->value, offered->value)) return 0;
    for (const auto& parameter : wanted->parameters) {
        const auto value = offered->get(parameter.first);
        if (!value || !equals_ignoring_case(*value, parameter.second)) return 0;
    }
    return 3 + static_cast<int>(wanted->parameters.size());
}

int match_encoding(std::string_view range, std::string_view offer) {
    if (equals_ignoring_case(range, offer)) return 2;
    // RFC 9110, section 8.4.1.3: x-gzip is an old name of gzip.
    if (equals_ignoring_case(range, "x-gzip") && equals_ignoring_case(offer, "gzip")) return 2;
    return range == "*" ? 1 : 0;
}

int match_language(std::string_view range, std::string_view offer) {
    if (range == "*") return 1;
    if (!equals_ignoring_case(range, offer.substr(0, range.size()))) return 0;
    return offer.size() == range.size() || offer[range.size()] == '-' ? 1 + static_cast<int>(range.size()) : 0;
}

/// The weight of the range that names the offer best; nothing when none does.
std::optional<std::uint16_t> weight_of(std::span<const Preference> preferences, std::string_view offer, Match match) {
    int best = 0;
    std::optional<std::uint16_t> weight;
    for (const Preference& preference : preferences) {
        const int matched = match(preference.value, offer);
        if (matched <= best) continue;
        best = matched;
        weight = preference.weight;
    }
    return weight;
}

std::optional<std::size_t> negotiate(std::optional<std::string_view> accept, std::span<const std::string_view> offers,
                                     Match match) {
    if (offers.empty()) return std::nullopt;
    if (!accept) return 0;
    const auto preferences = parse_preferences(*accept);
    std::optional<std::size_t> best;
    std::uint16_t best_weight = 0;
    for (std::size_t i = 0; i < offers.size(); ++i) {
        const bool identity = match == &match_encoding && offers[i] == "identity";
        // Identity is acceptable without being named, but any coding that is named is liked better.
        const std::uint16_t weight =
            weight_of(preferences, offers[i], match).value_or(identity ? std::uint16_t{1} : std::uint16_t{0});
        if (weight <= best_weight) continue;
        best = i;
        best_weight = weight;
    }
    return best;
}

}  // namespace

std::vector<Preference> parse_preferences(std::string_view value) {
    std::vector<Preference> preferences;
    for (const std::string_view member : split_list(value)) {
        const std::size_t at = find_weight(member);
        Preference preference{trimmed(member.substr(0, at)), 1000};
        if (at != std::string_view::npos) {
            const std::string_view text = trimmed(member.substr(at + 1)).substr(2);
            const auto weight = parse_weight(trimmed(text.substr(0, text.find(';'))));
            if (!weight) continue;
            preference.weight = *weight;
        }
        if (!preference.value.empty()) preferences.push_back(preference);
    }
    return preferences;
}

std::optional<std::size_t> negotiate_type(std::optional<std::string_view> accept,
                                          std::span<const std::string_view> offers) {
    return negotiate(accept, offers, &match_type);
}

std::optional<std::size_t> negotiate_encoding(std::optional<std::string_view> accept,
                                              std::span<const std::string_view> offers) {
    return negotiate(accept, offers, &match_encoding);
}

std::optional<std::size_t> negotiate_language(std::optional<std::string_view> accept,
                                              std::span<const std::string_view> offers) {
    return negotiate(accept, offers, &match_language);
}

}  // namespace hourglass::http
