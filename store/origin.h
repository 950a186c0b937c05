// Where a request comes from: whose address, and whether a page of another site made it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/http_message.h"

namespace pennon::store {

/// Proxies in front of the store, whose X-Forwarded-For is believed.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// Addresses and networks ("10.0.0.0/8", "::1"), separated by commas; kInvalid names a wrong one.
  static base::Result<TrustedProxies> Parse(std::string_view list);

  /// The address of the caller: the last one in X-Forwarded-For that is no proxy's, when the
  /// connection is a proxy's.
  [[nodiscard]] std::string CallerOf(const net::HttpRequest& request) const;

 private:
  struct Network {
    std::string bytes;  // of the address, IPv4 mapped into IPv6
    std::size_t prefix_bits = 0;
  };
  [[nodiscard]] bool Has(std::string_view address) const;
  std::vector<Network> networks_;
};

/// What the attempts from an address are counted for: itself, but of IPv6 its first 64 bits, as one
/// caller has all that begin with them. What is no address stands for itself.
std::string NetworkOf(std::string_view address);

/// Whether a browser may have been made to send this by a page that is not the store's own: a
/// request that changes something on the strength of a cookie, or that makes such a cookie, has to
/// say X-Requested-With, which no form can, and its Origin and Sec-Fetch-Site, when sent, have to
/// be the store's. kForbidden names what is missing.
base::Result<void> CheckSameSite(const net::HttpRequest& request);

}  // namespace pennon::store
