// flagd's `$evaluators`: rules with names, which others refer to by {"$ref": name}.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/text_hash.h"
#include "model/value.h"

namespace pennon::wire {

/// Borrows the rules. Confined to one thread.
class FlagdEvaluators {
 public:
  /// `evaluators` is the member of the document, or null.
  explicit FlagdEvaluators(const model::Value* evaluators);

  /// `rule` with every reference to a known name replaced; references inside of an evaluator are
  /// not, as in flagd, and those to unknown names stay. None when documents of this one's kind grow
  /// beyond kMaxEvaluatorNodes.
  std::optional<model::Value> Resolve(const model::Value& rule);

 private:
  struct Evaluator {
    const model::Value* rule;
    std::size_t nodes;
  };
  model::Value Copy(const model::Value& rule);

  base::TextMap<std::string_view, Evaluator> by_name_;
  std::size_t nodes_ = 0;  // that replacing has made so far
};

}  // namespace pennon::wire
