// Why a flag is what it is for a subject: the walk of its evaluation, step by step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pennon::model {

/// What a step is about. Steps inside of others have a greater depth and follow them.
enum class StepKind : std::uint8_t {
  kFlag,          // `name` the key, `test` its state, `variant` what it serves, `held`: it is on
  kPrerequisite,  // `name` the other flag; `held`: it is as asked for
  kTarget,        // `name` the attribute, `test` the values; `held`: the subject is among them
  kRule,          // `name` the id, `index` the position; `held`: it served
  kDefault,       // what nobody took
  kTest,          // `name` the attribute, `test` operator and values, `found` what was there
  kSegment,       // `name` the key, `test` the list that decided; `held`: the subject is in it
  kGate,          // `place` of the subject; `held`: it was let in
  kSplit,         // `place` of the subject, `variant` what it serves
  kLogic,         // a rule of JSONLogic; `variant` what it serves, `held`: it names one
};

/// Where a subject fell: `position` of 0 … `total`-1. A gate lets in `from` … `to`-1; of a split it
/// is the share that the subject fell into.
struct Place {
  std::uint32_t position = 0;
  std::uint32_t total = 0;
  std::uint32_t from = 0;
  std::uint32_t to = 0;
};

/// Attribute values are never shown, only their kind: explanations may be logged and sent on.
struct ExplanationStep {
  StepKind kind = StepKind::kFlag;
  std::uint32_t depth = 0;
  std::int32_t index = -1;
  bool held = false;
  std::string name;
  std::string test;
  std::string found;  // "string", "number", …, "missing"
  std::string variant;
  std::optional<Place> place;
};

std::string_view Name(StepKind kind);  // "flag", "prerequisite", …

}  // namespace pennon::model
