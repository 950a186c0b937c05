// Evaluates one flag of a snapshot. The order of evaluation is docs/evaluation.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/snapshot.h"
#include "model/context.h"
#include "model/evaluation.h"

namespace pennon::engine {

/// What an evaluation may know beside the flag and the context; never read inside.
struct Moment {
  std::int64_t now_millis = 0;  // wall clock, since 1970 UTC
  std::uint64_t random = 0;     // for stickiness by chance; hashed, so a count will do
};

/// Total: always an Evaluation, never throws, ends within kMaxOperations; does not allocate, but
/// for what RE2 may add to the automaton of a regular expression. The result's views point into the
/// snapshot's image.
model::Evaluation Evaluate(const Snapshot& snapshot, FlagHandle flag, const model::Context& context,
                           const Moment& moment) noexcept;
/// The same by key; FLAG_NOT_FOUND when the snapshot does not have it.
model::Evaluation Evaluate(const Snapshot& snapshot, std::string_view key,
                           const model::Context& context, const Moment& moment) noexcept;

}  // namespace pennon::engine
