#include "hourglass/wire/tcp.h"

#include <array>
#include <string_view>
#include <utility>

namespace hourglass::wire {

std::string TcpFlags::to_string() const {
    static constexpr std::array<std::pair<Bit, std::string_view>, 9> kNames{{{kSyn, "SYN"},
                                                                             {kFin, "FIN"},
                                                                             {kRst, "RST"},
                                                                             {kPsh, "PSH"},
                                                                             {kAck, "ACK"},
                                                                             {kUrg, "URG"},
                                                                             {kEce, "ECE"},
                                                                             {kCwr, "CWR"},
                                                                             {kAe, "AE"}}};
    std::string text;
    for (const auto& [bit, name] : kNames) {
        if ((value & bit) == 0) continue;
        if (!text.empty()) text += ", ";
        text += name;
    }
    return text.empty() ? "none" : text;
}

std::string TcpFlags::compact() const {
    static constexpr std::string_view kLetters = "FSRP.UEWe";  // in the order of the bits
    std::string text;
    for (std::size_t i = 0; i < kLetters.size(); ++i)
        if ((value >> i & 1) != 0) text += kLetters[i];
    return text.empty() ? "none" : text;
}

std::size_t TcpHeader::emit_with(std::span<std::byte> out, std::span<const std::byte> raw_options) const noexcept {
    const std::size_t padded = (raw_options.size() + 3) / 4 * 4;
    TcpHeader bare = *this;
    bare.options = {};
    bare.emit(out);
    store_8(out.data() + 12, static_cast<std::uint8_t>((kMinSize + padded) << 2 | (flags.ae() ? 1 : 0)));
    std::byte* p = out.data() + kMinSize;
    if (!raw_options.empty()) std::memcpy(p, raw_options.data(), raw_options.size());
    std::memset(p + raw_options.size(), 0, padded - raw_options.size());
    return kMinSize + padded;
}

}  // namespace hourglass::wire
