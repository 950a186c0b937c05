// What is different between two flag sets.
#pragma once

#include <string>
#include <vector>

#include "model/flag_set.h"

namespace pennon::cli {

struct DefinitionChange {
  std::string kind;  // "flag", "segment"
  std::string key;
  std::string change;              // "new", "gone", "changed"
  std::vector<std::string> parts;  // of a changed one, as documents name them
};

/// In the order of keys, flags first.
std::vector<DefinitionChange> CompareSets(const model::FlagSet& before,
                                          const model::FlagSet& after);

}  // namespace pennon::cli
