#include "script/icmp_names.h"

#include <charconv>
#include <fmt/format.h>
#include <span>

namespace hourglass::script {

namespace {

struct Name {
    std::uint8_t number;
    std::string_view text;
};

// RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1.
constexpr Name kTypes[] = {
    {0, "echo_reply"},         {3, "unreachable"},          {4, "source_quench"},      {5, "redirect"},
    {8, "echo_request"},       {11, "time_exceeded"},       {12, "parameter_problem"}, {13, "timestamp_request"},
    {14, "timestamp_reply"},   {15, "information_request"}, {16, "information_reply"}, {17, "address_mask_request"},
    {18, "address_mask_reply"}};
constexpr Name kUnreachable[] = {{0, "net_unreachable"},
                                 {1, "host_unreachable"},
                                 {2, "protocol_unreachable"},
                                 {3, "port_unreachable"},
                                 {4, "frag_needed"},
                                 {5, "source_route_failed"},
                                 {6, "net_unknown"},
                                 {7, "host_unknown"},
                                 {8, "source_host_isolated"},
                                 {9, "net_prohibited"},
                                 {10, "host_prohibited"},
                                 {11, "net_unreachable_for_tos"},
                                 {12, "host_unreachable_for_tos"},
                                 {13, "packet_filtered"},
                                 {14, "precedence_violation"},
                                 {15, "precedence_cutoff"}};
constexpr Name kTimeExceeded[] = {{0, "exceeded_ttl"}, {1, "exceeded_frag_time"}};

// RFC 4443.
constexpr Name kTypesV6[] = {{1, "unreachable"},       {2, "packet_too_big"}, {3, "time_exceeded"},
                             {4, "parameter_problem"}, {128, "echo_request"}, {129, "echo_reply"}};
constexpr Name kUnreachableV6[] = {{0, "no_route"},      {0, "net_unreachable"},     {1, "admin_prohibited"},
                                   {2, "not_neighbour"}, {3, "address_unreachable"}, {4, "port_unreachable"}};
constexpr Name kTimeExceededV6[] = {{0, "exceeded_hop_limit"}, {1, "exceeded_frag_time"}};
constexpr Name kParameterV6[] = {{0, "header_field"}, {1, "unknown_next_header"}, {2, "unknown_option"}};

std::span<const Name> codes_of(std::uint8_t type, bool v6) {
    if (v6) {
        if (type == 1) return kUnreachableV6;
        if (type == 3) return kTimeExceededV6;
        if (type == 4) return kParameterV6;
        return {};
    }
    if (type == 3) return kUnreachable;
    if (type == 11) return kTimeExceeded;
    return {};
}

std::optional<std::uint8_t> number_of(std::string_view text, std::string_view prefix, std::span<const Name> names) {
    if (text.starts_with(prefix)) {
        std::uint8_t number = 0;
        const std::string_view digits = text.substr(prefix.size());
        const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (fault == std::errc{} && end == digits.data() + digits.size()) return number;
    }
    for (const Name& name : names)
        if (name.text == text) return name.number;
    return std::nullopt;
}

std::string name_of(std::uint8_t number, std::string_view prefix, std::span<const Name> names) {
    for (const Name& name : names)
        if (name.number == number) return std::string(name.text);
    return fmt::format("{}{}", prefix, number);
}

}  // namespace

std::optional<IcmpNumbers> icmp_numbers(std::string_view type, std::string_view code, bool v6) {
    const auto type_number = number_of(type, "type_", v6 ? std::span<const Name>(kTypesV6) : kTypes);
    if (!type_number) return std::nullopt;
    if (code.empty()) return IcmpNumbers{*type_number, 0};
    const auto code_number = number_of(code, "code_", codes_of(*type_number, v6));
    if (!code_number) return std::nullopt;
    return IcmpNumbers{*type_number, *code_number};
}

std::string icmp_name(IcmpNumbers numbers, bool v6) {
    std::string text = name_of(numbers.type, "type_", v6 ? std::span<const Name>(kTypesV6) : kTypes);
    const auto codes = codes_of(numbers.type, v6);
    if (numbers.code != 0 || !codes.empty()) text += " " + name_of(numbers.code, "code_", codes);
    return text;
}

}  // namespace hourglass::script
