#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>

#include "hourglass/base/address.h"
#include "hourglass/base/octets.h"
#include "hourglass/base/siphash.h"
#include "hourglass/tcp/event.h"
#include "tcp/settings_fields.h"

namespace hourglass::trace::record {

/// The largest IP datagram is smaller, and so is every super-segment.
inline constexpr std::uint64_t kLargestSegment = 1 << 17;

// Times and spans of time that fit into 61 bits can be added without a thought.
inline constexpr std::int64_t kLatest = std::int64_t{1} << 60;

/// Settings and tunings, field by field.
struct FieldWriter {
    OctetWriter& out;

    template <typename T>
    void operator()(std::string_view, const T& field) const {
        write(field);
    }
    template <typename T>
    void write(const T& field) const {
        out.number(static_cast<std::uint64_t>(field));
    }
    void write(Duration d) const { out.difference(d.count()); }
    void write(const SipKey& key) const {
        out.number(key.k0);
        out.number(key.k1);
    }
    template <typename T>
    void write(const std::optional<T>& field) const {
        out.octet(field ? 1 : 0);
        if (field) write(*field);
    }
};

struct FieldReader {
    OctetReader& in;

    template <typename T>
    void operator()(std::string_view, T& field) const {
        read(field);
    }
    template <typename T>
    void read(T& field) const {
        if constexpr (std::is_enum_v<T>)
            field = static_cast<T>(in.number_up_to<std::uint8_t>(tcp::kValues<T> - 1));
        else
            field = in.number_up_to<T>(std::numeric_limits<T>::max());
    }
    void read(bool& field) const { field = in.number_up_to(1) != 0; }
    void read(Duration& d) const {
        d = Duration(in.difference());
        if (d < Duration::zero() || d.count() > kLatest) in.fail(), d = {};
    }
    void read(SipKey& key) const {
        key.k0 = in.number();
        key.k1 = in.number();
    }
    template <typename T>
    void read(std::optional<T>& field) const {
        if (in.octet() == 0) return;
        read(field.emplace());
    }
};

/// Four or sixteen octets, with their number in front.
[[nodiscard]] inline IpAddress read_address(OctetReader& in) {
    const std::uint8_t size = in.octet();
    if (size != 4 && size != 16) in.fail();
    const auto octets = in.raw(size);
    if (in.failed()) return {};
    std::array<std::uint8_t, 16> all{};
    std::ranges::transform(octets, all.begin(), [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
    return size == 4 ? IpAddress::v4(all[0], all[1], all[2], all[3]) : IpAddress::v6(all);
}

[[nodiscard]] inline SocketAddress read_socket_address(OctetReader& in) {
    const IpAddress address = read_address(in);
    return {address, Port(in.two())};
}

[[nodiscard]] inline tcp::FlowKey read_flow(OctetReader& in) {
    const SocketAddress local = read_socket_address(in), remote = read_socket_address(in);
    return {local.address, remote.address, local.port, remote.port};
}

[[nodiscard]] inline std::optional<tcp::Tuning> read_tuning(OctetReader& in) {
    std::optional<tcp::Tuning> t;
    if (in.octet() != 0) visit_fields(t.emplace(), FieldReader{in});
    return t;
}

}  // namespace hourglass::trace::record
