#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/cookies.h"
#include "hourglass/http/url.h"

namespace hourglass::http {

/// How much a jar holds. Beyond a limit the cookies that were used longest ago go first.
struct CookieJarLimits {
    std::size_t total = 3000;      ///< RFC 6265bis, section 6.1, asks for 3000 at least
    std::size_t per_domain = 180;  ///< of one domain
    std::size_t octets = 4096;     ///< name and value together (section 5.6)
};

/// A cookie as a user agent keeps it (RFC 6265bis, section 5.7).
struct StoredCookie {
    std::string name{};
    std::string value{};
    std::string domain{};   ///< in lower case, without a dot in front
    bool host_only = true;  ///< goes to `domain` alone and not to what is beneath it
    std::string path = "/";
    bool secure = false;
    bool http_only = false;
    SetCookie::SameSite same_site = SetCookie::SameSite::unset;
    std::optional<std::chrono::sys_seconds> expires{};  ///< nothing: for this session
    std::uint64_t created = 0;                          ///< order of creation
    std::uint64_t used = 0;                             ///< order of last use
};

/// Where a request comes from, as far as SameSite asks (RFC 6265bis, section 5.2).
struct CookieContext {
    bool same_site = true;
    /// The request is one that leads the user to another page, by a safe method: Lax cookies go along.
    bool top_level_navigation = true;
};

/// The cookies of a user agent: what servers set, and what goes along with a request (RFC 6265bis, section 5).
///
/// A Domain attribute that is a public suffix (`com`, `co.uk`, `localhost`) is refused, unless it is the host itself;
/// the cookie is then for that host alone.
class CookieJar {
  public:
    explicit CookieJar(const CookieJarLimits& limits = {}) : limits_(limits) {}

    /// What a Set-Cookie field of an answer from `url` asks for. False when it is ignored (section 5.7). A cookie whose
    /// time is over is taken out.
    bool set(const Url& url, std::string_view field, std::chrono::sys_seconds now);
    /// Takes in every Set-Cookie of an answer.
    void take(const Url& url, const Fields& fields, std::chrono::sys_seconds now);
    /// Adds a cookie as it is, in place of one with its name, domain and path.
    void add(StoredCookie cookie);

    /// The Cookie field for a request to `url`; empty when there is none. Longer paths come first, then older cookies
    /// (section 5.8.3).
    [[nodiscard]] std::string field_for(const Url& url, std::chrono::sys_seconds now,
                                        const CookieContext& context = {});

    /// Reads cookies from a file's text, in Netscape's format as curl writes it: seven columns with tabs between them,
    /// `#HttpOnly_` in front of a domain. The error is the number of the line that is none.
    [[nodiscard]] std::expected<void, std::size_t> load(std::string_view text, std::chrono::sys_seconds now);
    /// The same format. Cookies of this session have the time zero.
    [[nodiscard]] std::string save() const;

    [[nodiscard]] const std::vector<StoredCookie>& cookies() const noexcept { return cookies_; }
    /// Takes out the cookies of the session, as at the end of one.
    void end_session();
    void clear() { cookies_.clear(); }

  private:
    void expire(std::chrono::sys_seconds now);
    void make_room(const std::string& domain);

    CookieJarLimits limits_;
    std::vector<StoredCookie> cookies_;
    std::uint64_t order_ = 0;
};

/// True when a cookie of `domain` goes to `host`: they are the same, or `host` is a name beneath it (RFC 6265bis,
/// section 5.1.3).
[[nodiscard]] bool domain_matches(std::string_view host, std::string_view domain);

/// True when a cookie with `cookie_path` goes along with a request for `path` (RFC 6265bis, section 5.1.4).
[[nodiscard]] bool path_matches(std::string_view path, std::string_view cookie_path);

/// A date as servers write it into Expires, leniently (RFC 6265bis, section 5.1.1).
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text);

}  // namespace hourglass::http
