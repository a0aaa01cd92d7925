#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/http/credentials.h"
#include "hourglass/http/fields.h"

namespace hourglass::http {

/// What a server asks for in digest authentication (RFC 7616, section 3.3).
struct DigestChallenge {
    /// Weakest first.
    enum class Algorithm : std::uint8_t { md5, sha_256, sha_512_256 };
    std::string realm{};
    std::string nonce{};
    std::optional<std::string> opaque{};
    Algorithm algorithm = Algorithm::md5;
    bool session = false;    ///< the algorithm's "-sess" variant
    bool protected_ = true;  ///< qop=auth; false: as RFC 2069 had it
    bool user_hash = false;  ///< the user's name is sent hashed (section 3.4.4)
    bool stale = false;      ///< the nonce was too old, the login need not have been wrong

    /// The strongest of the challenges in WWW-Authenticate, or Proxy-Authenticate (RFC 9110, section 11.7.1), that can
    /// be answered: those with an algorithm above, and with qop=auth or none.
    static std::optional<DigestChallenge> find(const Fields& fields, std::string_view field = "WWW-Authenticate");
};

/// The value of Authorization, or Proxy-Authorization, that answers the challenge (RFC 7616, section 3.4). `count` is
/// how many requests have been sent with this nonce, this one included; `client_nonce` a text of the client's own,
/// which nobody can foresee.
[[nodiscard]] std::string digest_credentials(const DigestChallenge& challenge, const Login& login,
                                             std::string_view method, std::string_view target, std::uint32_t count,
                                             std::string_view client_nonce);

}  // namespace hourglass::http
