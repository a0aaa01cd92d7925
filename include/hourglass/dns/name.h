#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hourglass::dns {

/// A domain name: a sequence of labels that ends at the root (RFC 1035, section 3.1). Always absolute, always valid: a
/// label has 1 to 63 octets and the whole name at most 255 with its lengths and the root. The octets are kept as they
/// came; comparison ignores the case of ASCII letters (RFC 4343, section 3).
class Name {
  public:
    static constexpr std::size_t kMaxLabel = 63;  ///< Octets in a label (RFC 1035, section 2.3.4).
    static constexpr std::size_t kMaxWire = 255;  ///< Octets in a name as it stands in a message.

    /// The root.
    Name() = default;

    /// A name from its text, `www.example.com` or `www.example.com.`; `.` is the root. `\X` is the character X and
    /// `\DDD` the octet of that decimal value (RFC 1035, section 5.1). The error says what is wrong.
    static std::expected<Name, std::string> parse(std::string_view text);
    /// As `parse(text)`, but text without a final dot is relative to `origin`.
    static std::expected<Name, std::string> parse(std::string_view text, const Name& origin);

    /// Puts `label` in front of `parent`. Nothing when the label is empty or longer than 63 octets, or the name would
    /// be longer than 255.
    static std::optional<Name> join(std::string_view label, const Name& parent);

    [[nodiscard]] bool is_root() const { return labels_.empty(); }
    [[nodiscard]] std::size_t label_count() const;
    /// The octets of the leftmost label. Precondition: not the root.
    [[nodiscard]] std::string_view first_label() const;
    /// The name without its leftmost label. Precondition: not the root.
    [[nodiscard]] Name parent() const;
    /// True when this name is `ancestor` or lies beneath it.
    [[nodiscard]] bool is_within(const Name& ancestor) const;
    /// True when the leftmost label is `*` (RFC 4592, section 2.1.1).
    [[nodiscard]] bool is_wildcard() const { return !is_root() && first_label() == "*"; }

    /// Octets in a message without compression: 1 to 255.
    [[nodiscard]] std::size_t wire_size() const { return labels_.size() + 1; }
    /// The labels as they stand in a message, each behind its length octet, without the root's zero octet.
    [[nodiscard]] std::string_view wire_labels() const { return labels_; }

    /// The text without a final dot, `www.example.com`; `.` for the root. Octets that would be misread are escaped, so
    /// that `parse` gives the same name back.
    [[nodiscard]] std::string to_string() const;

    /// Equality without regard to ASCII case (RFC 4343).
    bool operator==(const Name& other) const;
    /// Canonical order (RFC 4034, section 6.1): label by label from the root, a name before all that is beneath it.
    std::weak_ordering operator<=>(const Name& other) const;

  private:
    friend class NameBuilder;
    explicit Name(std::string labels) : labels_(std::move(labels)) {}
    std::string labels_;
};

/// Puts a name together label by label, from the left, and keeps its limits. A reader of messages and a reader of text
/// both use it.
class NameBuilder {
  public:
    /// Appends a label. False, and nothing is appended, when the label or the name would be too long or the label
    /// empty.
    bool append(std::string_view label);
    /// Appends all labels of `name`. False, and nothing is appended, when the whole would be too long.
    bool append(const Name& name);
    /// Hands over the name and becomes empty.
    [[nodiscard]] Name take() { return Name(std::exchange(labels_, {})); }

  private:
    std::string labels_;
};

}  // namespace hourglass::dns
