#include "hourglass/http/digest.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <span>
#include <vector>

#include "hourglass/http/parameters.h"
#include "hourglass/http/url.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

using Algorithm = DigestChallenge::Algorithm;

/// The names by the algorithm's number.
constexpr std::array<std::string_view, 3> kNames = {"MD5", "SHA-256", "SHA-512-256"};

std::string hash(Algorithm algorithm, std::string_view text) {
    const std::array functions = {EVP_md5(), EVP_sha256(), EVP_sha512_256()};
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, functions[static_cast<std::size_t>(algorithm)], nullptr);
    return fmt::format("{:02x}", fmt::join(std::span(digest).first(size), ""));
}

/// One challenge of a list (RFC 9110, section 11.6.1).
struct Challenge {
    std::string_view scheme{};
    std::vector<std::pair<std::string, std::string>> parameters{};

    [[nodiscard]] std::optional<std::string> get(std::string_view name) const {
        for (const auto& [key, value] : parameters)
            if (equals_ignoring_case(key, name)) return value;
        return std::nullopt;
    }
};

/// `name=value` or `name="value"`.
void take_parameter(Challenge& challenge, std::string_view text) {
    const std::string as_parameter = ";" + std::string(text);
    const auto parsed = Parameterised::parse(as_parameter);
    if (!parsed || parsed->parameters.size() != 1) return;
    challenge.parameters.emplace_back(parsed->parameters[0].first, parsed->parameters[0].second);
}

/// A member of the list is a parameter of the challenge before it, or begins another one with its scheme.
std::vector<Challenge> split_challenges(std::string_view value) {
    std::vector<Challenge> challenges;
    for (std::string_view member : split_list(value)) {
        const char* const end = detail::find_token_end(member.data(), member.data() + member.size());
        const auto size = static_cast<std::size_t>(end - member.data());
        if (size == member.size() || member[size] == ' ') {
            challenges.push_back({member.substr(0, size)});
            member.remove_prefix(size);
            while (member.starts_with(' ')) member.remove_prefix(1);
        }
        if (!member.empty() && !challenges.empty()) take_parameter(challenges.back(), member);
    }
    return challenges;
}

std::optional<DigestChallenge> read(const Challenge& given) {
    const auto nonce = given.get("nonce");
    if (!equals_ignoring_case(given.scheme, "Digest") || !nonce) return std::nullopt;
    DigestChallenge out;
    out.realm = given.get("realm").value_or("");
    out.nonce = *nonce;
    out.opaque = given.get("opaque");
    const std::string named = given.get("algorithm").value_or("MD5");
    std::string_view algorithm = named;
    constexpr std::string_view session = "-sess";
    if (algorithm.size() > session.size() &&
        equals_ignoring_case(algorithm.substr(algorithm.size() - session.size()), session)) {
        out.session = true;
        algorithm.remove_suffix(session.size());
    }
    const auto* const found =
        std::ranges::find_if(kNames, [&](std::string_view name) { return equals_ignoring_case(name, algorithm); });
    if (found == kNames.end()) return std::nullopt;
    out.algorithm = static_cast<Algorithm>(found - kNames.begin());
    const auto qop = given.get("qop");
    out.protected_ = qop.has_value();
    if (qop && !Fields{{"qop", *qop}}.list_contains("qop", "auth")) return std::nullopt;
    out.user_hash = equals_ignoring_case(given.get("userhash").value_or(""), "true");
    out.stale = equals_ignoring_case(given.get("stale").value_or(""), "true");
    return out;
}

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

std::optional<DigestChallenge> DigestChallenge::find(const Fields& fields, std::string_view field) {
    std::optional<DigestChallenge> best;
    const std::string all = fields.combined(field);
    for (const Challenge& challenge : split_challenges(all)) {
        auto read_one = read(challenge);
        if (read_one && (!best || read_one->algorithm > best->algorithm)) best = std::move(read_one);
    }
    return best;
}

std::string digest_credentials(const DigestChallenge& challenge, const Login& login, std::string_view method,
                               std::string_view target, std::uint32_t count, std::string_view client_nonce) {
    const auto h = [&](std::string_view text) { return hash(challenge.algorithm, text); };
    std::string secret = h(fmt::format("{}:{}:{}", login.user, challenge.realm, login.password));
    if (challenge.session) secret = h(fmt::format("{}:{}:{}", secret, challenge.nonce, client_nonce));
    const std::string asked = h(fmt::format("{}:{}", method, target));
    const std::string response =
        challenge.protected_
            ? h(fmt::format("{}:{}:{:08x}:{}:auth:{}", secret, challenge.nonce, count, client_nonce, asked))
            : h(fmt::format("{}:{}:{}", secret, challenge.nonce, asked));

    std::string out = "Digest ";
    if (challenge.user_hash)
        out += fmt::format("username=\"{}\", userhash=true", h(fmt::format("{}:{}", login.user, challenge.realm)));
    else if (is_ascii(login.user))
        out += fmt::format("username={}", quoted(login.user));
    else  // RFC 8187
        out += fmt::format("username*=UTF-8''{}", percent_encode(login.user));
    out += fmt::format(", realm={}, uri={}, algorithm={}{}, nonce={}", quoted(challenge.realm), quoted(target),
                       kNames[static_cast<std::size_t>(challenge.algorithm)], challenge.session ? "-sess" : "",
                       quoted(challenge.nonce));
    if (challenge.protected_) out += fmt::format(", nc={:08x}, qop=auth", count);
    if (challenge.protected_ || challenge.session) out += fmt::format(", cnonce={}", quoted(client_nonce));
    out += fmt::format(", response=\"{}\"", response);
    if (challenge.opaque) out += fmt::format(", opaque={}", quoted(*challenge.opaque));
    return out;
}

}  // namespace hourglass::http
