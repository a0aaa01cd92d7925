#include "hourglass/http/public_suffix.h"

#include <libpsl.h>
#include <string>

#include "hourglass/base/address.h"

namespace hourglass::http {

bool is_public_suffix(std::string_view domain) {
    if (IpAddress::parse(domain)) return false;
    const psl_ctx_t* const list = psl_builtin();
    if (list == nullptr) return domain.find('.') == std::string_view::npos;
    return psl_is_public_suffix(list, std::string(domain).c_str()) != 0;
}

}  // namespace hourglass::http
