// The JSON bodies that ask for evaluations: OFREP's {"context"} and /evaluate's
// {"context", "flag" | "flags", "default" | "defaults"}. Read in place, without a DOM.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/context.h"

namespace pennon::wire {

/// Text is borrowed from the body, which the reader rewrote in place.
struct EvaluationRequest {
  bool names_flags = false;  // false: all flags are meant
  bool single = false;       // "flag" was given
  std::vector<std::string_view> flags;
  std::optional<std::string> single_default;                       // JSON text
  std::vector<std::pair<std::string_view, std::string>> defaults;  // key -> JSON text, by key

  void Clear();
  /// The caller's default for a flag as JSON text, or "".
  [[nodiscard]] std::string_view DefaultFor(std::string_view flag) const;
};

enum class RequestKind { kOfrep, kEvaluate };

/// Fills `context` and `request`, both cleared first. The byte after the body must be writable. An
/// empty body is an empty context. kOfrep passes unknown members over, kEvaluate refuses them.
/// Errors never quote the context.
base::Result<void> ReadEvaluationRequest(std::span<char> body, RequestKind kind,
                                         model::Context& context, EvaluationRequest& request);

}  // namespace pennon::wire
