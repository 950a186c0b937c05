// What every fuzzer of definitions does with a flag set that a reader accepted.
#pragma once

#include "engine/compile.h"
#include "engine/explain.h"

namespace pennon::test {

/// Compiles, attaches, evaluates and explains all flags; traps when they do not agree.
inline void CompileAndEvaluate(const model::FlagSet& set) {
  const auto compiled = engine::Compile(set);
  if (!compiled) return;
  const auto snapshot = engine::Snapshot::Attach(compiled->image);
  if (!snapshot) __builtin_trap();
  model::Context context;
  context.AddString(model::kTargetingKey, "u");
  context.AddInt("a", 1);
  for (std::uint32_t i = 0; i < snapshot->flag_count(); ++i) {
    const auto flag = snapshot->At(i);
    const auto evaluation = engine::Evaluate(*snapshot, flag, context, {});
    if (engine::Explain(*snapshot, snapshot->Key(flag), context, {}).evaluation.reason !=
        evaluation.reason) {
      __builtin_trap();
    }
    if (!snapshot->Find(snapshot->Key(flag))) __builtin_trap();
    if (evaluation.has_value && evaluation.value_json.empty()) __builtin_trap();
  }
  // Kept definitions take another way through the compiler.
  (void)engine::Compile(set, &set);
}

}  // namespace pennon::test
