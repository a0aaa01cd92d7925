#include "hourglass/http/credentials.h"

#include <algorithm>

#include "hourglass/http/body.h"
#include "hourglass/http/url.h"
#include "http/base64.h"

namespace hourglass::http {

std::string basic_credentials(std::string_view user, std::string_view password) {
    return "Basic " + detail::encode_base64(as_bytes(std::string(user) + ":" + std::string(password)));
}

Login login_of(std::string_view user_information) {
    const std::size_t colon = std::min(user_information.find(':'), user_information.size());
    const auto decode = [](std::string_view text) { return percent_decode(text).value_or(std::string(text)); };
    return {decode(user_information.substr(0, colon)),
            decode(user_information.substr(std::min(colon + 1, user_information.size())))};
}

std::string basic_credentials_of(std::string_view user_information) {
    const Login login = login_of(user_information);
    return basic_credentials(login.user, login.password);
}

}  // namespace hourglass::http
