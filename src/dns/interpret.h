#pragma once

#include <cstddef>
#include <cstdint>

#include "hourglass/dns/cache.h"
#include "hourglass/dns/message.h"

namespace hourglass::dns {

/// What a response means for the question whose answer is sought.
struct Interpretation {
    enum class Kind : std::uint8_t {
        answered,   ///< `answer` holds addresses, or says that there are none.
        continued,  ///< The chain of aliases leads out of the message: ask for `answer.canonical_name`.
        looping,    ///< More aliases than `alias_limit`.
        no_help,    ///< A failure, or a referral: this server does not answer the question.
    };
    Kind kind = Kind::no_help;
    Answer answer;            ///< Its TTL is the least of the chain and the end.
    std::size_t aliases = 0;  ///< Links of the chain in this message.
};

/// What the reader of a response is bound by.
struct InterpretLimits {
    std::size_t aliases = 16;
    std::size_t addresses = 64;             ///< Further ones are left out.
    std::uint32_t ttl = 86400;              ///< Seconds; longer ones are cut (RFC 1035, section 7.4).
    std::uint32_t negative_ttl = 3 * 3600;  ///< RFC 2308, section 5: one to three hours.
};

/// Reads the response to a question for addresses of `type` of `name` (RFC 1034, section 5.3.3, step 4; RFC 2308,
/// section 2). The header and the question have been checked.
[[nodiscard]] Interpretation interpret(const Message& response, const Name& name, Type type,
                                       const InterpretLimits& limits);

}  // namespace hourglass::dns
