#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "hourglass/base/octets.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/tcp/stack.h"
#include "tcp/settings_fields.h"

namespace hourglass::tcp {

// The image of a stack is its state as octets (hourglass/tcp/checkpoint.h). Each class names its members once, in
//
//     static void exchange(auto& self, auto& image);
//
// which an ImageWriter and an ImageReader are given alike, so that what is written is what is read. A reader is
// careful: an image may come from a stranger. It fails at a value that no stack has; what follows is zero, and what was
// read is thrown away.

/// It fits into 61 bits, so that times can be added without a thought.
[[nodiscard]] constexpr bool is_near(Duration d) {
    constexpr std::int64_t most = std::int64_t{1} << 60;
    return d.count() >= -most && d.count() <= most;
}

/// The number that stands for a value of an enumeration, or for a number.
template <typename T>
[[nodiscard]] constexpr std::uint64_t as_number(T value) {
    return static_cast<std::uint64_t>(value);
}

class ImageWriter {
  public:
    static constexpr bool kReads = false;

    /// Times are written as differences from `now`.
    ImageWriter(OctetWriter& out, Instant now) : out_(out), now_(now) {}

    /// Members one after the other.
    template <typename... T>
    void operator()(const T&... members) {
        (put(members), ...);
    }
    /// Times that are never kNever: of what has happened, or is counted with.
    template <typename... T>
    void known(const T&... times) {
        (put(times), ...);
    }
    /// A member that has a largest value: an enumeration, an index, a count.
    template <typename T>
    void up_to(const T& member, std::type_identity_t<T>) {
        out_.make_room();
        out_.number(as_number(member));
    }
    /// The same of one that no reference can name, as a bit-field is: returns what it is to be.
    template <typename T>
    [[nodiscard]] T value(T member, std::type_identity_t<T> last) {
        up_to(member, last);
        return member;
    }
    [[nodiscard]] bool value(bool member) { return value(member, true); }
    /// How many elements follow, each of one octet at least.
    [[nodiscard]] std::size_t count(std::size_t n) {
        out_.make_room();
        out_.number(n);
        return n;
    }
    /// A handler is only there or not.
    template <typename Handler>
    void handler(Handler* const& member) {
        put(member != nullptr);
    }
    void require(bool) {}
    [[nodiscard]] static constexpr bool failed() { return false; }

  private:
    template <typename T>
    void put(const T& v) {
        out_.make_room();
        if constexpr (requires { T::exchange(v, *this); })
            T::exchange(v, *this);
        else if constexpr (std::same_as<T, float>)
            out_.number(std::bit_cast<std::uint32_t>(v));
        else if constexpr (std::same_as<T, double>)
            out_.number(std::bit_cast<std::uint64_t>(v));
        else if constexpr (std::signed_integral<T>)
            out_.difference(v);
        else {
            static_assert(std::unsigned_integral<T>, "an enumeration has a last value: up_to");
            out_.number(as_number(v));
        }
    }
    void put(Seq v) { put(v.raw()); }
    void put(Duration v) { put(v.count()); }
    void put(Instant v) {
        if (v == Instant::max() || v == Instant::min()) return out_.octet(v == Instant::max() ? 0 : 1);
        out_.number(zigzag((v - now_).count()) + 2);
    }
    void put(Port v) { put(to_number(v)); }
    void put(const IpAddress& v) {
        put(v.is_v4());
        for (const std::uint8_t octet : v.wire_octets()) out_.octet(octet);
    }
    void put(const SocketAddress& v) { (*this)(v.address, v.port); }
    void put(const FlowKey& v) { (*this)(v.local, v.remote, v.local_port, v.remote_port); }
    void put(const Tuning& v) {
        visit_fields(v, [&](std::string_view, const auto& field) {
            if constexpr (std::is_enum_v<std::remove_cvref_t<decltype(field)>>)
                put(as_number(field));
            else
                put(field);
        });
    }
    template <typename T, std::size_t N>
    void put(const std::array<T, N>& v) {
        for (const T& element : v) put(element);
    }
    void put(std::byte v) { put(std::to_integer<std::uint8_t>(v)); }
    template <typename T>
    void put(const std::optional<T>& v) {
        put(v.has_value());
        if (v) put(*v);
    }
    template <typename T>
    void put(const std::vector<T>& v) {
        static_cast<void>(count(v.size()));
        for (const T& element : v) put(element);
    }
    template <typename T>
    void put(const std::deque<T>& v) {
        static_cast<void>(count(v.size()));
        for (const T& element : v) put(element);
    }

    OctetWriter& out_;
    Instant now_;
};

class ImageReader {
  public:
    static constexpr bool kReads = true;

    /// The handlers that all connections and listeners get which had one.
    ImageReader(OctetReader& in, Instant now, BufferPool& pool, ConnectionHandler* connections,
                AcceptHandler* listeners)
        : in_(in), now_(now), pool_(pool), connections_(connections), listeners_(listeners) {}

    template <typename... T>
    void operator()(T&... members) {
        (get(members), ...);
    }
    template <typename... T>
    void known(T&... times) {
        (get(times), ...);
        require(((times != Instant::max() && times != Instant::min()) && ...));
    }
    template <typename T>
    void up_to(T& member, std::type_identity_t<T> last) {
        member = in_.number_up_to<T>(as_number(last));
    }
    template <typename T>
    [[nodiscard]] T value(T, std::type_identity_t<T> last) {
        return in_.number_up_to<T>(as_number(last));
    }
    [[nodiscard]] bool value(bool member) { return value(member, true); }
    [[nodiscard]] std::size_t count(std::size_t) { return in_.number_up_to<std::size_t>(in_.left()); }
    void handler(ConnectionHandler*& member) { member = value(false) ? connections_ : nullptr; }
    void handler(AcceptHandler*& member) { member = value(false) ? listeners_ : nullptr; }
    /// Calls `take` with slices of `n` zeros in all: an image has no payload. They share one block.
    template <typename Take>
    void zeros(std::size_t n, Take&& take) {
        require(n <= most_zeros_);
        if (failed() || n == 0) return;
        most_zeros_ -= n;
        if (zeros_.empty()) zeros_ = pool_.slice(std::vector<std::byte>(std::size_t{64} << 10));
        for (; n > zeros_.size(); n -= zeros_.size()) take(zeros_);
        take(zeros_.sub(0, n));
    }
    /// What holds of every stack.
    void require(bool holds) {
        if (!holds) in_.fail();
    }
    [[nodiscard]] bool failed() const { return in_.failed(); }

  private:
    template <typename T>
    void get(T& v) {
        if constexpr (requires { T::exchange(v, *this); })
            T::exchange(v, *this);
        else if constexpr (std::same_as<T, float>)
            real(v = std::bit_cast<float>(in_.number_up_to<std::uint32_t>(UINT32_MAX)));
        else if constexpr (std::same_as<T, double>)
            real(v = std::bit_cast<double>(in_.number()));
        else if constexpr (std::signed_integral<T>)
            v = static_cast<T>(in_.difference());
        else {
            static_assert(std::unsigned_integral<T>);
            v = in_.number_up_to<T>(std::numeric_limits<T>::max());
        }
    }
    // No formula of congestion control gives more, and its results are turned into integers.
    void real(double v) { require(std::isinf(v) || std::abs(v) < 1e18); }
    void get(Seq& v) { v = Seq(in_.number_up_to<std::uint32_t>(UINT32_MAX)); }
    void get(Duration& v) {
        v = Duration(in_.difference());
        require(is_near(v) || v == Duration::max());
    }
    void get(Instant& v) {
        const std::uint64_t n = in_.number();
        if (n < 2) {
            v = n == 0 ? Instant::max() : Instant::min();
            return;
        }
        const Duration since_now(unzigzag(n - 2));
        require(is_near(since_now));
        if (!failed()) v = now_ + since_now;
        require(is_near(v.time_since_epoch()));
    }
    void get(Port& v) { v = in_.number_up_to<Port>(UINT16_MAX); }
    void get(IpAddress& v) {
        const bool is_v4 = value(false);
        std::array<std::uint8_t, 16> octets{};
        for (std::uint8_t& octet : std::span(octets).first(is_v4 ? 4 : 16)) octet = in_.octet();
        v = is_v4 ? IpAddress::v4(octets[0], octets[1], octets[2], octets[3]) : IpAddress::v6(octets);
        require(v.is_v4() == is_v4);
    }
    void get(SocketAddress& v) { (*this)(v.address, v.port); }
    void get(FlowKey& v) {
        (*this)(v.local, v.remote, v.local_port, v.remote_port);
        require(v.local.is_v4() == v.remote.is_v4());
    }
    void get(Tuning& v) {
        visit_fields(v, [&](std::string_view, auto& field) {
            using Field = std::remove_cvref_t<decltype(field)>;
            if constexpr (std::is_enum_v<Field>)
                up_to(field, static_cast<Field>(kValues<Field> - 1));
            else
                get(field);
            if constexpr (std::same_as<Field, Duration>) require(field >= Duration::zero());
        });
    }
    template <typename T, std::size_t N>
    void get(std::array<T, N>& v) {
        for (T& element : v) get(element);
    }
    void get(std::byte& v) { v = std::byte{in_.number_up_to<std::uint8_t>(UINT8_MAX)}; }
    template <typename T>
    void get(std::optional<T>& v) {
        v.reset();
        if (value(false)) get(v.emplace());
    }
    template <typename T>
    void get(std::vector<T>& v) {
        v.resize(count(0));
        for (T& element : v) get(element);
    }
    template <typename T>
    void get(std::deque<T>& v) {
        v.resize(count(0));
        for (T& element : v) get(element);
    }

    OctetReader& in_;
    Instant now_;
    BufferPool& pool_;
    Slice zeros_;
    std::size_t most_zeros_ = std::size_t{1} << 32;
    ConnectionHandler* connections_;
    AcceptHandler* listeners_;
};

}  // namespace hourglass::tcp
