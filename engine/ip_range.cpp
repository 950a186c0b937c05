#include "engine/ip_range.h"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>

namespace pennon::engine {
namespace {

constexpr unsigned kMappedBits = 96;
constexpr unsigned kAllBits = 128;

}  // namespace

bool IpRange::Contains(const IpAddress& other) const {
  const std::size_t whole = bits / 8U;
  if (std::memcmp(address.data(), other.data(), whole) != 0) return false;
  const unsigned rest = bits % 8U;
  if (rest == 0) return true;
  const unsigned differing = static_cast<unsigned>(address[whole] ^ other[whole]);
  return differing >> (8U - rest) == 0;
}

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  text.copy(terminated.data(), text.size());
  IpAddress address{};
  if (::inet_pton(AF_INET6, terminated.data(), address.data()) == 1) return address;
  address[10] = 0xff;
  address[11] = 0xff;
  if (::inet_pton(AF_INET, terminated.data(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

std::optional<IpRange> ParseIpRange(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = ParseIpAddress(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return IpRange{*address, kAllBits};
  const bool is_v4 = text.substr(0, slash).find(':') == std::string_view::npos;
  const std::string_view digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc() || end != digits.data() + digits.size() || digits.size() > 3) {
    return std::nullopt;
  }
  if (is_v4) bits += kMappedBits;
  if (bits > kAllBits) return std::nullopt;
  return IpRange{*address, static_cast<unsigned char>(bits)};
}

std::string IpRangeText(std::string_view bytes) {
  IpAddress address;
  if (bytes.size() != address.size() + 1) return {};
  std::memcpy(address.data(), bytes.data(), address.size());
  unsigned bits = static_cast<unsigned char>(bytes.back());
  constexpr IpAddress kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool is_v4 =
      bits >= kMappedBits && std::memcmp(address.data(), kMapped.data(), kMappedBits / 8) == 0;
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(is_v4 ? AF_INET : AF_INET6, address.data() + (is_v4 ? 12 : 0), text.data(),
              text.size());
  if (is_v4) bits -= kMappedBits;
  return std::string(text.data()) + '/' + std::to_string(bits);
}

}  // namespace pennon::engine
