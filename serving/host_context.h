// What the host adds to every context: fixed attributes of the configuration, and attributes taken
// from headers of HTTP requests.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "model/context.h"
#include "net/http_message.h"

namespace pennon::serving {

/// Attributes, or headers, by name; values as JSON text.
using HostPairs = std::map<std::string, std::string, std::less<>>;

/// Immutable; shared by all workers.
///
/// When the same attribute comes from several places, the caller's own is used, else the header's,
/// else the fixed one. With `enforce` it is the other way round: the fixed one, else the header's,
/// else the caller's; so a caller cannot pretend to be on another host.
class HostContext {
 public:
  static constexpr std::size_t kMaxPairs = 64;

  /// `fixed` maps attributes to strings, numbers and booleans; `headers` maps names of headers to
  /// attributes.
  static base::Result<std::shared_ptr<const HostContext>> Make(const HostPairs& fixed,
                                                               const HostPairs& headers,
                                                               bool enforce);

  /// Whether something is added to every context, however it came.
  [[nodiscard]] bool HasFixed() const { return !fixed_.empty(); }
  /// `request`: null when the context did not come over HTTP. Borrows from both this and the
  /// request. A header that is absent or not UTF-8 adds nothing.
  void AddTo(model::Context& context, const net::HttpRequest* request) const;

 private:
  using Scalar = std::variant<bool, std::int64_t, double, std::string>;
  struct Fixed {
    std::string attribute;
    Scalar value;
  };
  struct FromHeader {
    std::string header;
    std::string attribute;
  };
  void AddHeaders(model::Context& context, const net::HttpRequest& request) const;
  void AddFixed(model::Context& context) const;
  [[nodiscard]] bool IsDue(const model::Context& context, std::string_view attribute) const {
    return enforce_ || context.Find(attribute) == nullptr;
  }

  std::vector<Fixed> fixed_;
  std::vector<FromHeader> headers_;
  bool enforce_ = false;
};

}  // namespace pennon::serving
