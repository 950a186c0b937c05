// The graph of which flag needs which flag, or which segment asks which segment: missing ends,
// cycles and heights. Source of the algorithm: Tarjan's strongly connected components, without
// recursion, because the depth of the graph is chosen by whoever writes the definitions.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace pennon::engine {

inline constexpr std::uint32_t kMissing = 0xffffffff;

struct Reference {
  std::uint32_t target = kMissing;  // index of the node, or kMissing
  std::string place;                // "prerequisites[0].flag"
  std::string target_key;
};

struct ReferenceNode {
  std::string_view key;
  bool is_broken = false;  // it has no definition; its references do not count
  std::vector<Reference> references;
};

struct ReferenceResult {
  std::map<std::uint32_t, base::Error> errors;  // of the nodes that have one
  std::vector<std::uint8_t> heights;            // longest chain below; 0 for broken nodes
};

/// Errors: a missing target; membership in a cycle; a height over kMaxReferenceDepth; and, when
/// `broken_is_error`, a target that is broken or has an error itself. `noun` is "flag" or
/// "segment".
ReferenceResult ResolveReferences(const std::vector<ReferenceNode>& nodes, std::string_view noun,
                                  bool broken_is_error);

}  // namespace pennon::engine
