#include "http/digest_login.h"

#include <fmt/format.h>
#include <utility>

namespace hourglass::http::detail {

namespace {

constexpr std::uint32_t kMostChallenges = 4;  ///< Nonces that are stale again by then are somebody's fault.

}  // namespace

bool DigestLogin::takes(const Response& response) {
    const bool by_proxy = response.status == Status::proxy_authentication_required;
    auto challenge = DigestChallenge::find(response.fields, by_proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    if (!challenge || (challenge_ && !challenge->stale) || challenges_++ >= kMostChallenges) return false;
    challenge_ = std::move(challenge);
    answers_ = 0;
    return true;
}

std::string DigestLogin::credentials(const Login& login, std::string_view method, std::string_view target,
                                     const std::function<std::uint64_t()>& random) {
    constexpr std::size_t words = 2;
    std::string client_nonce;
    for (std::size_t i = 0; i < words; ++i) client_nonce += fmt::format("{:016x}", random ? random() : 0);
    return digest_credentials(*challenge_, login, method, target, ++answers_, client_nonce);
}

}  // namespace hourglass::http::detail
