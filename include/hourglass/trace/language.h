#pragma once

#include <cstdint>
#include <string_view>

namespace hourglass::trace {

/// A language that pictures and stories are told in.
enum class Language : std::uint8_t {
    en,  ///< English.
    zh,  ///< Chinese, in simplified characters.
};

/// What the stack, the network and the ladders say in English, said in another language: "third segment of the
/// handshake", "2 MSL", "queue full". A phrase that is not known stays as it is; so do the names of the protocol.
[[nodiscard]] std::string_view in_language(Language language, std::string_view english);

}  // namespace hourglass::trace
