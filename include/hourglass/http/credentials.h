#pragma once

#include <string>
#include <string_view>

namespace hourglass::http {

/// A user's name and password.
struct Login {
    std::string user{};
    std::string password{};
};

/// That of a URL's user information, `user:password`, percent-encoded as it stands there.
[[nodiscard]] Login login_of(std::string_view user_information);

/// The value of Authorization, or Proxy-Authorization, for basic authentication (RFC 7617). A user with a colon can't
/// be told from its password: what follows the first colon is the password.
[[nodiscard]] std::string basic_credentials(std::string_view user, std::string_view password);

/// The same for the user information of a URL, `user:password`, percent-encoded as it stands there.
[[nodiscard]] std::string basic_credentials_of(std::string_view user_information);

}  // namespace hourglass::http
