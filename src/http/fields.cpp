#include "hourglass/http/fields.h"

#include <algorithm>
#include <utility>

#include "http/scan.h"

namespace hourglass::http {

namespace {

// What a section that is built field by field has room for at first: enough for most answers.
constexpr std::size_t kFirstRoom = 256;
constexpr std::size_t kFirstEntries = 12;

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i] && detail::to_lower(a[i]) != detail::to_lower(b[i])) return false;
    return true;
}

bool is_token(std::string_view text) noexcept { return detail::is_token_text(text); }
bool is_field_value(std::string_view text) noexcept { return detail::is_value_text(text); }

namespace {

/// Gives each member of a list to `take`.
template <typename Take>
void for_each_member(std::string_view value, Take take) {
    const auto give = [&](std::size_t from, std::size_t to) {
        while (from < to && detail::is_blank(value[from])) ++from;
        while (from < to && detail::is_blank(value[to - 1])) --to;
        if (from < to) take(value.substr(from, to - from));
    };
    std::size_t begin = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (quoted && value[i] == '\\') {
            ++i;
        } else if (value[i] == '"') {
            quoted = !quoted;
        } else if (value[i] == ',' && !quoted) {
            give(begin, i);
            begin = i + 1;
        }
    }
    give(begin, value.size());
}

}  // namespace

std::vector<std::string_view> split_list(std::string_view value) {
    std::vector<std::string_view> members;
    for_each_member(value, [&](std::string_view member) { members.push_back(member); });
    return members;
}

Fields::Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    for (const auto& [name, value] : fields) add(name, value);
}

std::optional<std::string_view> Fields::find(std::string_view name) const noexcept {
    for (std::size_t i = 0; i < entries_.size(); ++i)
        if (entries_[i].name_size == name.size() && equals_ignoring_case((*this)[i].name, name))
            return (*this)[i].value;
    return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const noexcept {
    std::size_t n = 0;
    if (!may_have(name)) return n;
    for (const Field f : *this)
        if (equals_ignoring_case(f.name, name)) ++n;
    return n;
}

std::string Fields::combined(std::string_view name) const {
    std::string all;
    if (!may_have(name)) return all;
    bool first = true;
    for (const Field f : *this) {
        if (!equals_ignoring_case(f.name, name)) continue;
        if (!first) all += ", ";
        all += f.value;
        first = false;
    }
    return all;
}

bool Fields::list_contains(std::string_view name, std::string_view member) const {
    if (!may_have(name)) return false;
    bool found = false;
    for (const Field f : *this)
        if (equals_ignoring_case(f.name, name))
            for_each_member(f.value, [&](std::string_view m) { found = found || equals_ignoring_case(m, member); });
    return found;
}

void Fields::add(std::string_view name, std::string_view value) {
    const detail::FieldPlace entry{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                                   static_cast<std::uint32_t>(text_.size() + name.size()),
                                   static_cast<std::uint32_t>(value.size())};
    const std::size_t size = text_.size() + name.size() + value.size();
    kinds_ |= kind_of(name);
    // Name and value may be views into this very section, which growing would pull from under them.
    if (text_.capacity() < size) [[unlikely]] {
        std::string grown;
        grown.reserve(std::max(kFirstRoom, text_.size() + size));
        grown.append(text_).append(name).append(value);
        text_ = std::move(grown);
    } else {
        text_.resize_and_overwrite(size, [&](char* text, std::size_t) {
            name.copy(text + entry.name_at, name.size());
            value.copy(text + entry.value_at, value.size());
            return size;
        });
    }
    if (entries_.capacity() == 0) entries_.reserve(kFirstEntries);
    entries_.push_back(entry);
}

void Fields::set(std::string_view name, std::string_view value) {
    const Fields own = [&] {  // keeps `name` and `value` alive when they point into this section
        Fields f;
        f.add(name, value);
        return f;
    }();
    remove(name);
    add(own[0].name, own[0].value);
}

std::size_t Fields::remove(std::string_view name) {
    if (!may_have(name)) return 0;
    const std::size_t removed = std::erase_if(entries_, [&](const detail::FieldPlace& e) {
        return equals_ignoring_case({text_.data() + e.name_at, e.name_size}, name);
    });
    if (entries_.empty()) clear();
    return removed;
}

void Fields::clear() noexcept {
    text_.clear();
    entries_.clear();
    kinds_ = 0;
}

std::size_t Fields::wire_size() const noexcept {
    std::size_t n = 0;
    for (const detail::FieldPlace& e : entries_) n += e.name_size + e.value_size + 4;
    return n;
}

bool Fields::operator==(const Fields& other) const noexcept {
    return std::equal(begin(), end(), other.begin(), other.end(), [](const Field& a, const Field& b) {
        return equals_ignoring_case(a.name, b.name) && a.value == b.value;
    });
}

}  // namespace hourglass::http
