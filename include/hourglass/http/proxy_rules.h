#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/url.h"

namespace hourglass::http {

/// Which proxy a client uses for which server.
struct ProxyRules {
    std::optional<Url> http{};   ///< For http URLs.
    std::optional<Url> https{};  ///< For https URLs.
    /// Servers that are asked directly: "*" for all, an address, a prefix `10.0.0.0/8`, or a name with all beneath it,
    /// a dot in front or not; a port may follow behind a colon.
    std::vector<std::string> direct{};

    /// The proxy for a URL, nothing when it is asked for directly.
    [[nodiscard]] std::optional<Url> proxy_for(const Url& url) const;
};

/// A proxy as people write it: a URL of http, https, socks5 or socks5h, which is the same here, or only host and port;
/// port 1080 when there is none, as curl has it. The error is one line.
[[nodiscard]] std::expected<Url, std::string> parse_proxy(std::string_view text);

/// A list as `no_proxy` has it: members behind commas or spaces.
[[nodiscard]] std::vector<std::string> parse_direct_list(std::string_view text);

/// The rules of the environment: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, in capitals too but for
/// `HTTP_PROXY`, which in a CGI program is what a client sent (RFC 3875, section 4.1.18). `get` gives a variable's
/// value. The error names the variable.
[[nodiscard]] std::expected<ProxyRules, std::string> proxy_rules_of_environment(
    const std::function<std::optional<std::string>(const std::string&)>& get);

}  // namespace hourglass::http
