// A conversation with the engine: requests as lines of JSON, each answered by one.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/value.h"
#include "tests/conformance/definitions.h"

namespace pennon::conformance {

/// Keeps what was loaded for the questions that follow. Confined to one thread.
class Dialogue {
 public:
  /// The reply, without an end of line. A request that cannot be answered gets {"id", "error"}.
  std::string Reply(std::string_view line);

 private:
  base::Result<model::Object> Answer(std::string_view op, const model::Value& request);
  model::Object Load(const model::Value& request);
  base::Result<model::Object> Evaluate(const model::Value& request);
  base::Result<model::Object> EvaluateMany(const model::Value& request);

  Definitions definitions_;
};

}  // namespace pennon::conformance
