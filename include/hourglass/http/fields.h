#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hourglass::http {

namespace detail {

class HeadParser;

/// Where the parts of a field line lie, as offsets into the text of their section.
struct FieldPlace {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_at;
    std::uint32_t value_size;
};

}  // namespace detail

/// True when `a` and `b` are equal but for the case of ASCII letters.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// True when `text` is a token (RFC 9110, section 5.6.2): a method, a field name, a coding's name.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// True when `text` may be sent as a field value (RFC 9110, section 5.5): visible characters, obs-text, SP and HTAB,
/// and neither end is whitespace. CR, LF and NUL are never in it.
[[nodiscard]] bool is_field_value(std::string_view text) noexcept;

/// The members of a comma-separated list (RFC 9110, section 5.6.1), without the whitespace around them; empty members
/// are left out. Quoted strings keep their commas.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view value);

/// One field line. The views live as long as the section that it came from stays unchanged.
struct Field {
    std::string_view name;
    std::string_view value;
    bool operator==(const Field&) const = default;
};

/// A header or trailer section: field lines in their order, duplicates kept, names compared without regard to case
/// (RFC 9110, section 5). All text lies in one buffer, so that reading a section costs no allocation a field.
class Fields {
  public:
    Fields() = default;
    /// `{{"Host", "example.com"}, {"Accept", "*/*"}}`
    Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields);

    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    /// Precondition: `i < size()`.
    [[nodiscard]] Field operator[](std::size_t i) const noexcept {
        const detail::FieldPlace& e = entries_[i];
        return {std::string_view(text_.data() + e.name_at, e.name_size),
                std::string_view(text_.data() + e.value_at, e.value_size)};
    }

    /// The value of the first field line called `name`.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept {
        return may_have(name) ? find(name) : std::nullopt;
    }
    /// How many field lines are called `name`.
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
    [[nodiscard]] bool contains(std::string_view name) const noexcept { return get(name).has_value(); }
    /// The combined value: all lines called `name`, joined by ", " in their order (RFC 9110, section 5.2). Empty when
    /// there is none.
    [[nodiscard]] std::string combined(std::string_view name) const;
    /// True when the list that `name` carries, over all its lines, has `member` (compared without regard to case).
    [[nodiscard]] bool list_contains(std::string_view name, std::string_view member) const;

    /// Appends a field line. Validity is checked where it is written, see `write_request_head`.
    void add(std::string_view name, std::string_view value);
    /// Replaces every line called `name` by one at the end.
    void set(std::string_view name, std::string_view value);
    /// Removes every line called `name` and returns how many there were.
    std::size_t remove(std::string_view name);
    void clear() noexcept;

    /// Bytes of the section on the wire, with `": "` and CRLF, without the empty line.
    [[nodiscard]] std::size_t wire_size() const noexcept;

    class Iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Field;
        using difference_type = std::ptrdiff_t;
        using pointer = const Field*;
        using reference = Field;

        Iterator() = default;
        Field operator*() const noexcept { return (*fields_)[index_]; }
        Iterator& operator++() noexcept {
            ++index_;
            return *this;
        }
        Iterator operator++(int) noexcept {
            Iterator before = *this;
            ++index_;
            return before;
        }
        bool operator==(const Iterator&) const = default;

      private:
        friend class Fields;
        Iterator(const Fields* fields, std::size_t index) noexcept : fields_(fields), index_(index) {}
        const Fields* fields_ = nullptr;
        std::size_t index_ = 0;
    };
    [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
    [[nodiscard]] Iterator end() const noexcept { return {this, size()}; }

    /// Equal names (without regard to case), values and order.
    bool operator==(const Fields& other) const noexcept;

  private:
    friend class detail::HeadParser;

    /// One of 64 kinds of names, the same for names that differ in case only.
    [[nodiscard]] static constexpr std::uint64_t kind_of(std::string_view name) noexcept {
        if (name.empty()) return 1;
        constexpr unsigned case_bit = 0x20;
        const auto letter = [](char c) { return static_cast<unsigned char>(c) | case_bit; };
        return std::uint64_t{1} << ((name.size() * 5 + letter(name.front()) + 3 * letter(name.back())) % 64);
    }
    /// Most questions are for fields that are not there: that is seen without a look at those that are.
    [[nodiscard]] bool may_have(std::string_view name) const noexcept { return (kinds_ & kind_of(name)) != 0; }
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;

    std::string text_;
    std::vector<detail::FieldPlace> entries_;
    std::uint64_t kinds_ = 0;  ///< of all names, and perhaps of some that have been removed
};

}  // namespace hourglass::http
