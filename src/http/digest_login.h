#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/http/digest.h"
#include "hourglass/http/message.h"

namespace hourglass::http::detail {

/// A login by digest authentication as it goes on: what was asked for, and how often that has been answered.
class DigestLogin {
  public:
    /// True when the answer, a 401 or 407, asks for a login that has not been tried yet.
    [[nodiscard]] bool takes(const Response& response);
    /// True when it is known what to answer.
    [[nodiscard]] bool challenged() const { return challenge_.has_value(); }
    /// The value of Authorization, or Proxy-Authorization, for the next request (RFC 7616, section 3.4). `random` may
    /// be empty. Precondition: `challenged`.
    [[nodiscard]] std::string credentials(const Login& login, std::string_view method, std::string_view target,
                                          const std::function<std::uint64_t()>& random);

  private:
    std::optional<DigestChallenge> challenge_;
    std::uint32_t answers_ = 0;  ///< with this nonce
    std::uint32_t challenges_ = 0;
};

}  // namespace hourglass::http::detail
