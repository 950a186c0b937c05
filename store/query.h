// The part of a URL after '?'.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace pennon::store {

/// The largest page of a list, and the one that a caller gets who does not say.
inline constexpr std::int64_t kMaxPage = 500;
inline constexpr std::int64_t kDefaultPage = 100;

/// Parameters in the order sent; of two with one name the first counts.
class Query {
 public:
  Query() = default;
  /// kInvalid when something is not percent-encoded as it has to be, or no text.
  static base::Result<Query> Parse(std::string_view text);

  [[nodiscard]] bool Has(std::string_view name) const;
  /// The value, or "".
  [[nodiscard]] std::string Text(std::string_view name) const;
  /// False without the parameter; kInvalid unless "true", "false" or "".
  [[nodiscard]] base::Result<bool> Flag(std::string_view name) const;
  /// `otherwise` without the parameter; kInvalid outside of the range.
  [[nodiscard]] base::Result<std::int64_t> Number(std::string_view name, std::int64_t otherwise,
                                                  std::int64_t least, std::int64_t most) const;
  /// An instant: RFC 3339, or milliseconds since 1970.
  [[nodiscard]] base::Result<base::WallMillis> Instant(std::string_view name,
                                                       base::WallMillis otherwise) const;
  [[nodiscard]] base::Result<std::int64_t> PageSize() const {
    return Number("limit", kDefaultPage, 1, kMaxPage);
  }
  /// kInvalid, naming it, when a parameter is none of these, which blanks separate.
  [[nodiscard]] base::Result<void> Only(std::string_view names, std::string_view more) const;

 private:
  [[nodiscard]] const std::string* Find(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace pennon::store
