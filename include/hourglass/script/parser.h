#pragma once

#include <cstddef>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "hourglass/script/ast.h"
#include "hourglass/script/source.h"

namespace hourglass::script {

/// What a script may use and how large it may be.
struct ParseOptions {
    /// Words that stand for others, as packetdrill's `-D NAME=VALUE`; a value in quotes is a string.
    std::map<std::string, std::string, std::less<>> defines;
    std::size_t max_events = 100'000;
    std::size_t max_depth = 32;  ///< Of nested values.
};

/// Reads a script of packetdrill's language (docs/scripts.md). The error says where, what was expected and what stands
/// there; the first one ends the reading.
[[nodiscard]] std::expected<Script, SyntaxError> parse(std::string_view text, const ParseOptions& options = {});

}  // namespace hourglass::script
