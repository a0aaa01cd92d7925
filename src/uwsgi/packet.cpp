#include "hourglass/uwsgi/packet.h"

#include <algorithm>
#include <limits>

namespace hourglass::uwsgi {

namespace {

constexpr std::size_t kMost = std::numeric_limits<std::uint16_t>::max();

std::uint16_t read_16(std::span<const std::byte> bytes) noexcept {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[0]) | std::to_integer<unsigned>(bytes[1]) << 8);
}

void append_16(std::string& out, std::size_t value) {
    out += static_cast<char>(value & 0xff);
    out += static_cast<char>(value >> 8);
}

/// Takes a text with its size from the front of the block.
std::expected<std::string, Error> take_text(std::span<const std::byte>& block) {
    if (block.size() < 2) return std::unexpected(Error::variable_cut_off);
    const std::size_t size = read_16(block);
    block = block.subspan(2);
    if (block.size() < size) return std::unexpected(Error::variable_cut_off);
    std::string text(reinterpret_cast<const char*>(block.data()), size);
    block = block.subspan(size);
    return text;
}

}  // namespace

std::string_view to_string(Error error) noexcept {
    switch (error) {
        case Error::packet_too_large:
            return "the packet of variables is larger than the limit";
        case Error::variable_cut_off:
            return "a variable reaches beyond its packet";
        case Error::empty_name:
            return "a variable has no name";
        case Error::too_many_variables:
            return "more variables than the limit";
        case Error::unknown_modifier:
            return "the packet is no request for a web application";
        case Error::missing_variable:
            return "REQUEST_METHOD, or REQUEST_URI and PATH_INFO, are missing";
        case Error::duplicate_variable:
            return "a variable that frames or routes the request comes twice";
        case Error::invalid_variable:
            return "a variable's value can't be in an HTTP request";
        case Error::incomplete_packet:
            return "the connection closed inside of the packet";
        case Error::unknown_body_length:
            return "the length of the request's body is not known, which the uwsgi protocol needs";
    }
    return "malformed packet";
}

PacketHeader parse_header(std::span<const std::byte> bytes) noexcept {
    return {std::to_integer<std::uint8_t>(bytes[0]), read_16(bytes.subspan(1)),
            std::to_integer<std::uint8_t>(bytes[3])};
}

std::expected<Variables, Error> parse_variables(std::span<const std::byte> block, const Limits& limits) {
    if (block.size() > limits.packet) return std::unexpected(Error::packet_too_large);
    Variables variables;
    while (!block.empty()) {
        if (variables.size() >= limits.variables) return std::unexpected(Error::too_many_variables);
        auto name = take_text(block);
        if (!name) return std::unexpected(name.error());
        if (name->empty()) return std::unexpected(Error::empty_name);
        auto value = take_text(block);
        if (!value) return std::unexpected(value.error());
        variables.emplace_back(std::move(*name), std::move(*value));
    }
    return variables;
}

std::expected<std::string, Error> write_packet(const Variables& variables, std::uint8_t modifier1,
                                               std::uint8_t modifier2) {
    std::size_t size = 0;
    for (const auto& [name, value] : variables) {
        if (name.empty()) return std::unexpected(Error::empty_name);
        if (name.size() > kMost || value.size() > kMost) return std::unexpected(Error::packet_too_large);
        size += 4 + name.size() + value.size();
    }
    if (size > kMost) return std::unexpected(Error::packet_too_large);
    std::string out;
    out.reserve(PacketHeader::kSize + size);
    out += static_cast<char>(modifier1);
    append_16(out, size);
    out += static_cast<char>(modifier2);
    for (const auto& [name, value] : variables) {
        append_16(out, name.size());
        out += name;
        append_16(out, value.size());
        out += value;
    }
    return out;
}

std::optional<std::string_view> find(const Variables& variables, std::string_view name) noexcept {
    const auto found =
        std::ranges::find(variables, name, [](const auto& variable) -> const std::string& { return variable.first; });
    return found == variables.end() ? std::nullopt : std::optional<std::string_view>(found->second);
}

}  // namespace hourglass::uwsgi
