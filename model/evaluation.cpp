#include "model/evaluation.h"

#include <array>

namespace pennon::model {
namespace {

// In the order of the enumerations.
constexpr std::array<std::string_view, 6> kReasons{"ERROR",           "STATIC", "DEFAULT",
                                                   "TARGETING_MATCH", "SPLIT",  "DISABLED"};
constexpr std::array<std::string_view, 8> kErrors{"",
                                                  "FLAG_NOT_FOUND",
                                                  "PARSE_ERROR",
                                                  "TARGETING_KEY_MISSING",
                                                  "INVALID_CONTEXT",
                                                  "TYPE_MISMATCH",
                                                  "PROVIDER_NOT_READY",
                                                  "GENERAL"};
constexpr std::array<std::string_view, 7> kKinds{
    "", "KILLED", "OFF", "PREREQUISITE_FAILED", "TARGET", "RULE", "FALLTHROUGH"};

constexpr std::array<std::string_view, 4> kSources{"live", "cache", "bootstrap", "default"};

}  // namespace

std::string_view Name(Reason reason) {
  return kReasons[static_cast<std::size_t>(reason)];
}
std::string_view Name(EvaluationError error) {
  return kErrors[static_cast<std::size_t>(error)];
}
std::string_view Name(MatchKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::string_view Name(Source source) {
  return kSources[static_cast<std::size_t>(source)];
}

}  // namespace pennon::model
