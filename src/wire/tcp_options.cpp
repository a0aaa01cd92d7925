#include "hourglass/wire/tcp_options.h"

#include <algorithm>
#include <cstring>

namespace hourglass::wire {

namespace {

constexpr std::uint32_t kNop = 1;

std::uint32_t word(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept {
    return a << 24 | b << 16 | c << 8 | d;
}

constexpr std::uint32_t kind(TcpOptionKind k) noexcept { return static_cast<std::uint32_t>(k); }

bool is_cookie_size(std::size_t size) noexcept { return size == 0 || (size >= 4 && size <= 16 && size % 2 == 0); }

void read_sack(std::span<const std::byte> data, TcpOptions& options) noexcept {
    options.sack_count = static_cast<std::uint8_t>(data.size() / 8);
    for (std::size_t i = 0; i < options.sack_count; ++i)
        options.sack[i] = {tcp::Seq(load_be32(data.data() + i * 8)), tcp::Seq(load_be32(data.data() + i * 8 + 4))};
}

void read_cookie(std::span<const std::byte> data, TcpOptions& options) noexcept {
    options.fast_open_present = true;
    options.fast_open = {};
    options.fast_open.size = static_cast<std::uint8_t>(data.size());
    std::copy(data.begin(), data.end(), options.fast_open.octets.begin());
}

/// False when the size does not fit the kind.
bool read_option(const TcpRawOption& option, TcpOptions& options) noexcept {
    const auto data = option.data;
    switch (option.kind) {
        case TcpOptionKind::end_of_list:
        case TcpOptionKind::no_operation:
            return true;
        case TcpOptionKind::mss:
            if (data.size() != 2) return false;
            options.mss = load_be16(data.data());
            return true;
        case TcpOptionKind::window_scale:
            if (data.size() != 1) return false;
            options.window_scale = load_8(data.data());
            return true;
        case TcpOptionKind::sack_permitted:
            if (!data.empty()) return false;
            options.sack_permitted = true;
            return true;
        case TcpOptionKind::sack:
            if (data.empty() || data.size() % 8 != 0 || data.size() > TcpOptions::kMaxSackBlocks * 8) return false;
            read_sack(data, options);
            return true;
        case TcpOptionKind::timestamps:
            if (data.size() != 8) return false;
            options.timestamps = {load_be32(data.data()), load_be32(data.data() + 4)};
            return true;
        case TcpOptionKind::fast_open:
            if (!is_cookie_size(data.size())) return false;
            read_cookie(data, options);
            return true;
        default:
            ++options.unknown_count;
            return true;
    }
}

}  // namespace

TcpOptions TcpOptions::parse(std::span<const std::byte> bytes) noexcept {
    TcpOptions options;
    const TcpOptionList list(bytes);
    auto it = list.begin();
    for (; it != TcpOptionList::end(); ++it)
        if (!read_option(*it, options)) options.malformed = true;
    options.malformed |= it.malformed();
    return options;
}

std::size_t TcpOptions::fitting_sack_blocks(std::size_t used) const noexcept {
    if (used + 4 > kMaxSize) return 0;
    return std::min<std::size_t>(sack_count, (kMaxSize - used - 4) / 8);
}

std::size_t TcpOptions::full_size() const noexcept {
    std::size_t size = 0;
    if (mss) size += 4;
    if (timestamps)
        size += kTimestampsSize;  // "SACK permitted" takes the place of the two no-operations
    else if (sack_permitted)
        size += 4;
    if (window_scale) size += 4;
    if (fast_open_present) size += (std::size_t{2} + fast_open.size + 3) / 4 * 4;
    const std::size_t blocks = fitting_sack_blocks(size);
    return size + (blocks == 0 ? 0 : 4 + blocks * 8);
}

void TcpOptions::emit_full(std::byte* out) const noexcept {
    std::byte* p = out;
    const auto put = [&p](std::uint32_t value) {
        store_be32(p, value);
        p += 4;
    };
    if (mss) put(word(kind(TcpOptionKind::mss), 4, *mss >> 8, *mss & 0xffu));
    const std::uint32_t permitted = sack_permitted ? kind(TcpOptionKind::sack_permitted) << 8 | 2 : kNop << 8 | kNop;
    if (timestamps) {
        put(permitted << 16 | kind(TcpOptionKind::timestamps) << 8 | 10);
        put(timestamps->value);
        put(timestamps->echo_reply);
    } else if (sack_permitted) {
        put(permitted << 16 | kNop << 8 | kNop);
    }
    if (window_scale) put(word(kNop, kind(TcpOptionKind::window_scale), 3, *window_scale));
    if (fast_open_present) {
        const std::size_t used = std::size_t{2} + fast_open.size;
        const std::size_t padded = (used + 3) / 4 * 4;
        std::memset(p, static_cast<int>(kNop), padded);
        store_8(p, static_cast<std::uint8_t>(TcpOptionKind::fast_open));
        store_8(p + 1, static_cast<std::uint8_t>(used));
        std::memcpy(p + 2, fast_open.octets.data(), fast_open.size);
        p += padded;
    }
    const std::size_t blocks = fitting_sack_blocks(static_cast<std::size_t>(p - out));
    if (blocks == 0) return;
    put(word(kNop, kNop, kind(TcpOptionKind::sack), static_cast<std::uint32_t>(2 + blocks * 8)));
    for (const SackBlock& block : sack_blocks().first(blocks)) {
        put(block.left.raw());
        put(block.right.raw());
    }
}

bool TcpOptions::operator==(const TcpOptions& other) const noexcept {
    return timestamps == other.timestamps && mss == other.mss && window_scale == other.window_scale &&
           sack_permitted == other.sack_permitted && fast_open_present == other.fast_open_present &&
           malformed == other.malformed && unknown_count == other.unknown_count &&
           std::ranges::equal(sack_blocks(), other.sack_blocks()) &&
           (!fast_open_present || std::ranges::equal(fast_open.bytes(), other.fast_open.bytes()));
}

}  // namespace hourglass::wire
