#include "model/explanation.h"

#include <array>
#include <cstddef>

namespace pennon::model {

std::string_view Name(StepKind kind) {
  constexpr std::array<std::string_view, 10> kNames{"flag",    "prerequisite", "target",  "rule",
                                                    "default", "test",         "segment", "gate",
                                                    "split",   "jsonlogic"};
  return kNames[static_cast<std::size_t>(kind)];
}

}  // namespace pennon::model
