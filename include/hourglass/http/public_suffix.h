#pragma once

#include <string_view>

namespace hourglass::http {

/// True for a domain under which anybody may have a name: `com`, `co.uk`, `github.io`, by the Public Suffix List as
/// libpsl has it built in, with the domains of its private section. What the list does not know is one where it has a
/// single label, `localhost` among them. `domain` is in lower case, without a dot at either end; an international name
/// is in Punycode or UTF-8. An address is none.
[[nodiscard]] bool is_public_suffix(std::string_view domain);

}  // namespace hourglass::http
