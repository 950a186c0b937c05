// Ranges of IP addresses in CIDR notation (RFC 4632, RFC 4291). An IPv4 address is the IPv6 address
// that maps it (::ffff:a.b.c.d), so both kinds are one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace pennon::engine {

using IpAddress = std::array<unsigned char, 16>;

struct IpRange {
  IpAddress address{};
  unsigned char bits = 0;  // that count, from the first

  [[nodiscard]] bool Contains(const IpAddress& other) const;
};

/// Does not allocate.
std::optional<IpAddress> ParseIpAddress(std::string_view text);
/// An address, or one with `/bits`. Bits beyond the prefix may be set and do not count.
std::optional<IpRange> ParseIpRange(std::string_view text);

/// A range as the literals of an image hold it, 16 bytes of address and one of prefix length, in
/// CIDR notation; "" when the bytes are none.
std::string IpRangeText(std::string_view bytes);

}  // namespace pennon::engine
