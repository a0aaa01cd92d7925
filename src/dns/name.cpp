#include "hourglass/dns/name.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace hourglass::dns {

namespace {

constexpr unsigned char fold(char c) { return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

bool equal_folded(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, fold, fold); }

/// Where each label's length octet stands, from the left.
struct LabelOffsets {
    std::array<std::uint8_t, 128> at{};
    std::size_t count = 0;

    explicit LabelOffsets(std::string_view labels) {
        for (std::size_t i = 0; i < labels.size(); i += 1 + static_cast<unsigned char>(labels[i]))
            at[count++] = static_cast<std::uint8_t>(i);
    }
};

std::string_view label_at(std::string_view labels, std::size_t offset) {
    return labels.substr(offset + 1, static_cast<unsigned char>(labels[offset]));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes one character of presentation format from the front of `text`, its escape resolved (RFC 1035, section 5.1).
std::expected<char, std::string> take_character(std::string_view& text) {
    const char first = text.front();
    text.remove_prefix(1);
    if (first != '\\') return first;
    if (text.empty()) return std::unexpected("a backslash at the end escapes nothing");
    if (!is_digit(text[0])) {
        const char escaped = text[0];
        text.remove_prefix(1);
        return escaped;
    }
    if (text.size() < 3 || !is_digit(text[1]) || !is_digit(text[2]))
        return std::unexpected("a backslash with a digit needs three digits, as in \\046");
    const int value = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (value > 255) return std::unexpected(fmt::format("\\{} is above \\255", text.substr(0, 3)));
    text.remove_prefix(3);
    return static_cast<char>(value);
}

std::string quoted(std::string_view text) {
    constexpr std::size_t kShown = 80;
    return text.size() <= kShown ? fmt::format("'{}'", text) : fmt::format("'{}...'", text.substr(0, kShown));
}

/// Reads labels up to the end of `text`; true when it ended in a dot.
std::expected<bool, std::string> read_labels(std::string_view text, NameBuilder& name) {
    const std::string_view whole = text;
    std::string label;
    bool after_dot = true;
    while (!text.empty()) {
        if (text.front() != '.') {
            const auto c = take_character(text);
            if (!c) return std::unexpected(fmt::format("in {}, {}", quoted(whole), c.error()));
            label.push_back(*c);
            after_dot = false;
            continue;
        }
        text.remove_prefix(1);
        if (label.empty()) return std::unexpected(fmt::format("{} has an empty label", quoted(whole)));
        if (label.size() > Name::kMaxLabel)
            return std::unexpected(fmt::format("{} has a label of more than 63 octets", quoted(whole)));
        if (!name.append(label)) return std::unexpected(fmt::format("{} is longer than 255 octets", quoted(whole)));
        label.clear();
        after_dot = true;
    }
    if (label.size() > Name::kMaxLabel)
        return std::unexpected(fmt::format("{} has a label of more than 63 octets", quoted(whole)));
    if (!label.empty() && !name.append(label))
        return std::unexpected(fmt::format("{} is longer than 255 octets", quoted(whole)));
    return after_dot;
}

}  // namespace

bool NameBuilder::append(std::string_view label) {
    if (label.empty() || label.size() > Name::kMaxLabel || labels_.size() + label.size() + 2 > Name::kMaxWire)
        return false;
    labels_.push_back(static_cast<char>(label.size()));
    labels_.append(label);
    return true;
}

bool NameBuilder::append(const Name& name) {
    if (labels_.size() + name.wire_size() > Name::kMaxWire) return false;
    labels_.append(name.wire_labels());
    return true;
}

std::expected<Name, std::string> Name::parse(std::string_view text) { return parse(text, Name()); }

std::expected<Name, std::string> Name::parse(std::string_view text, const Name& origin) {
    if (text.empty()) return std::unexpected("a name must not be empty");
    if (text == ".") return Name();
    NameBuilder builder;
    const auto absolute = read_labels(text, builder);
    if (!absolute) return std::unexpected(absolute.error());
    if (!*absolute && !builder.append(origin))
        return std::unexpected(fmt::format("{} with its origin is longer than 255 octets", quoted(text)));
    return builder.take();
}

std::optional<Name> Name::join(std::string_view label, const Name& parent) {
    NameBuilder builder;
    if (!builder.append(label) || !builder.append(parent)) return std::nullopt;
    return builder.take();
}

std::size_t Name::label_count() const { return LabelOffsets(labels_).count; }

std::string_view Name::first_label() const { return label_at(labels_, 0); }

Name Name::parent() const { return Name(labels_.substr(1 + static_cast<unsigned char>(labels_[0]))); }

bool Name::is_within(const Name& ancestor) const {
    if (labels_.size() < ancestor.labels_.size()) return false;
    const std::size_t start = labels_.size() - ancestor.labels_.size();
    std::size_t i = 0;
    while (i < start) i += 1 + static_cast<unsigned char>(labels_[i]);
    return i == start && equal_folded(std::string_view(labels_).substr(start), ancestor.labels_);
}

std::string Name::to_string() const {
    if (is_root()) return ".";
    std::string text;
    for (std::size_t i = 0; i < labels_.size();) {
        const std::string_view label = label_at(labels_, i);
        i += 1 + label.size();
        for (const char c : label) {
            const auto octet = static_cast<unsigned char>(c);
            if (octet <= ' ' || octet >= 0x7f)
                text += fmt::format("\\{:03}", octet);
            else if (std::string_view(".\\\"();@$").find(c) != std::string_view::npos)
                (text += '\\') += c;
            else
                text += c;
        }
        if (i < labels_.size()) text += '.';
    }
    return text;
}

// Length octets are below 64 and so never letters: folding them with the labels changes nothing.
bool Name::operator==(const Name& other) const { return equal_folded(labels_, other.labels_); }

std::weak_ordering Name::operator<=>(const Name& other) const {
    const LabelOffsets mine(labels_);
    const LabelOffsets theirs(other.labels_);
    for (std::size_t i = 1; i <= std::min(mine.count, theirs.count); ++i) {
        const std::string_view a = label_at(labels_, mine.at[mine.count - i]);
        const std::string_view b = label_at(other.labels_, theirs.at[theirs.count - i]);
        const auto order = std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(),
                                                                  [](char x, char y) { return fold(x) <=> fold(y); });
        if (order != 0) return order;
    }
    return mine.count <=> theirs.count;
}

}  // namespace hourglass::dns
