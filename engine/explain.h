// Evaluates one flag and says why: the walk of Evaluate, watched.
#pragma once

#include <string_view>
#include <vector>

#include "engine/evaluate.h"
#include "model/explanation.h"

namespace pennon::engine {

/// More steps than this are left out, the last one says so.
inline constexpr std::size_t kMaxExplanationSteps = 10'000;

struct Explanation {
  model::Evaluation evaluation;  // what Evaluate gives for the same question
  std::vector<model::ExplanationStep> steps;
  bool is_cut = false;  // there were more than kMaxExplanationSteps
};

/// Pure as Evaluate is, but allocates.
Explanation Explain(const Snapshot& snapshot, std::string_view key, const model::Context& context,
                    const Moment& moment);

}  // namespace pennon::engine
