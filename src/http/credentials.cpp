#include "hourglass/http/credentials.h"

#include <array>
#include <cstddef>
#include <cstdint>

#include "hourglass/http/url.h"

namespace hourglass::http {

namespace {

/// RFC 4648, section 4.
std::string base64(std::string_view text) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    for (std::size_t i = 0; i < text.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, text.size() - i);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k)
            bits = bits << 8 | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k) result += k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return result;
}

}  // namespace

std::string basic_credentials(std::string_view user, std::string_view password) {
    return "Basic " + base64(std::string(user) + ":" + std::string(password));
}

std::string basic_credentials_of(std::string_view user_information) {
    const std::size_t colon = std::min(user_information.find(':'), user_information.size());
    const auto decode = [](std::string_view text) { return percent_decode(text).value_or(std::string(text)); };
    return basic_credentials(decode(user_information.substr(0, colon)),
                             decode(user_information.substr(std::min(colon + 1, user_information.size()))));
}

}  // namespace hourglass::http
