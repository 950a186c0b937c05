// What a walk tells whoever watches it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/image.h"
#include "model/context.h"

namespace pennon::engine {

/// Where a subject fell; none when it has no attribute to be placed by.
using Position = std::optional<std::uint32_t>;

/// Nobody watches: all of it is compiled away. engine/recorder.h has the same members; what lies
/// between a Begin and its End happened inside.
struct NoTrace {
  void BeginFlag(const FlagRecord& /*flag*/, FlagState /*state*/) {}
  void EndFlag(const FlagRecord& /*flag*/, std::uint32_t /*variant*/) {}
  void BeginPrerequisite(const FlagRecord& /*other*/) {}
  void EndPrerequisite(bool /*held*/) {}
  void Target(const FlagRecord& /*flag*/, const TargetRecord& /*target*/,
              const model::Attribute* /*found*/, bool /*held*/) {}
  void BeginRule(const RuleRecord& /*rule*/) {}
  void EndRule(bool /*served*/) {}
  void BeginDefault() {}
  void EndDefault() {}
  void Test(const Step& /*step*/, const model::Attribute* /*found*/, bool /*held*/) {}
  void BeginSegment(const SegmentRecord& /*segment*/) {}
  /// The subject is in the segment's list of those included, or of those excluded.
  void Listed(bool /*included*/) {}
  void EndSegment(bool /*held*/) {}
  void Gate(const GateRecord& /*gate*/, Position /*position*/, bool /*held*/) {}
  /// Positions below `ramped` are those of the split's ramp.
  void Split(const FlagRecord& /*flag*/, const SplitRecord& /*split*/, Position /*position*/,
             std::uint32_t /*ramped*/, std::uint32_t /*variant*/) {}
  /// Where to append the result of JSONLogic as JSON, before Logic is told; null for nowhere.
  std::string* LogicResult() { return nullptr; }
  void Logic(const FlagRecord& /*flag*/, std::uint32_t /*variant*/) {}
};

}  // namespace pennon::engine
