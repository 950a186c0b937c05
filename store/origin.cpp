#include "store/origin.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::size_t kMappedBits = 96;  // of ::ffff:0:0/96, where IPv4 is mapped to

// The 16 bytes of an address; "" when it is none.
std::string BytesOf(std::string_view text) {
  const std::string address(text);
  std::string bytes(sizeof(in6_addr), '\0');
  if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) return bytes;
  if (::inet_pton(AF_INET, address.c_str(), bytes.data() + 12) != 1) return {};
  bytes[10] = bytes[11] = '\xff';
  return bytes;
}

bool HasPrefix(const std::string& bytes, const std::string& prefix, std::size_t bits) {
  const std::size_t whole = bits / 8;
  if (bytes.compare(0, whole, prefix, 0, whole) != 0) return false;
  const auto rest = static_cast<unsigned>(bits % 8);
  if (rest == 0) return true;
  const auto difference = static_cast<unsigned char>(bytes[whole] ^ prefix[whole]);
  return difference >> (8 - rest) == 0;
}

std::string_view Trim(std::string_view text) {
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

// "https://pennon.example:8017" -> "pennon.example:8017"
std::string_view HostOf(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
}

}  // namespace

Result<TrustedProxies> TrustedProxies::Parse(std::string_view list) {
  TrustedProxies proxies;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    const std::string_view text = Trim(one);
    const std::size_t slash = std::min(text.find('/'), text.size());
    const std::string_view address = text.substr(0, slash);
    Network network{BytesOf(address), sizeof(in6_addr) * 8};
    const std::size_t first_bit = address.find(':') == std::string_view::npos ? kMappedBits : 0;
    bool valid = !network.bytes.empty();
    if (valid && slash < text.size()) {
      const std::string_view digits = text.substr(slash + 1);
      std::size_t bits = 0;
      const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
      valid = end.ec == std::errc() && end.ptr == digits.data() + digits.size() &&
              first_bit + bits <= network.prefix_bits;
      network.prefix_bits = first_bit + bits;
    }
    if (!valid) {
      return Fail(Error::Invalid(text, "is no address and no network such as 10.0.0.0/8"));
    }
    proxies.networks_.push_back(std::move(network));
  }
  return proxies;
}

bool TrustedProxies::Has(std::string_view address) const {
  const std::string bytes = BytesOf(address);
  return !bytes.empty() &&
         std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
           return HasPrefix(bytes, network.bytes, network.prefix_bits);
         });
}

std::string TrustedProxies::CallerOf(const net::HttpRequest& request) const {
  std::string_view caller = request.remote;
  std::string_view chain = request.Header("X-Forwarded-For");
  while (Has(caller) && !chain.empty()) {
    const std::size_t comma = chain.rfind(',');
    const std::string_view before =
        Trim(comma == std::string_view::npos ? chain : chain.substr(comma + 1));
    chain = comma == std::string_view::npos ? std::string_view() : chain.substr(0, comma);
    if (BytesOf(before).empty()) break;  // not from a proxy
    caller = before;
  }
  return std::string(caller);
}

std::string NetworkOf(std::string_view address) {
  constexpr std::size_t kNetworkBytes = 8;
  const std::string bytes = BytesOf(address);
  const bool is_mapped = HasPrefix(bytes, BytesOf("0.0.0.0"), kMappedBits);
  if (bytes.empty() || is_mapped) return bytes.empty() ? std::string(address) : bytes;
  return bytes.substr(0, kNetworkBytes);
}

Result<void> CheckSameSite(const net::HttpRequest& request) {
  const auto refuse = [](std::string_view where, std::string_view what) {
    return Fail(Error::Forbidden(where, what));
  };
  if (request.Header("X-Requested-With").empty()) {
    return refuse("X-Requested-With", "is missing; a request with a cookie has to say it");
  }
  const std::string_view origin = request.Header("Origin");
  if (!origin.empty() && HostOf(origin) != request.Header("Host")) {
    return refuse("Origin", "is another site");
  }
  const std::string_view site = request.Header("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin") return refuse("Sec-Fetch-Site", "is another site");
  return {};
}

}  // namespace pennon::store
