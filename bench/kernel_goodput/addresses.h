#pragma once

#include "hourglass/base/address.h"

/// The sender's network, the emulated link and the receiver's:
///
///     ours 10.9.1.2 -- TUN -- 10.9.1.1, the sender's kernel, 10.9.0.1 -- TUN -- link -- TUN -- 10.9.0.2, the
///     receiver's
///
/// Our stack sends through one TUN, and one turn of the kernel's forwarding, more than the kernel's TCP does.
namespace hourglass::bench {

inline constexpr IpAddress kSender = IpAddress::v4(10, 9, 0, 1);
inline constexpr IpAddress kReceiver = IpAddress::v4(10, 9, 0, 2);
inline constexpr IpAddress kOurKernel = IpAddress::v4(10, 9, 1, 1);
inline constexpr IpAddress kOurs = IpAddress::v4(10, 9, 1, 2);
inline constexpr Port kPort{5001};

}  // namespace hourglass::bench
