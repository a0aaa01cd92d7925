#include "hourglass/http/method.h"

#include <array>

namespace hourglass::http {

namespace {

constexpr std::array<std::string_view, 9> kNames = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                                    "CONNECT", "OPTIONS", "TRACE", "PATCH"};

}  // namespace

Method::Method(std::string_view name) : known_(extension) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (name == kNames[i]) {
            known_ = static_cast<Known>(i);
            return;
        }
    }
    extension_ = name;
}

std::string_view Method::name() const noexcept {
    return known_ == extension ? std::string_view(extension_) : kNames[known_];
}

bool Method::is_safe() const noexcept {
    return known_ == get || known_ == head || known_ == options || known_ == trace;
}

bool Method::is_idempotent() const noexcept { return is_safe() || known_ == put || known_ == delete_; }

bool Method::anticipates_content() const noexcept { return known_ == post || known_ == put || known_ == patch; }

}  // namespace hourglass::http
