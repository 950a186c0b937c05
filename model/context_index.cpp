#include "model/context_index.h"

#include <algorithm>
#include <tuple>

#include "model/context.h"

namespace pennon::model {

void ContextIndex::Build(std::span<const Attribute> nodes) {
  entries_.clear();
  Add(nodes, kTopLevel, 0, nodes.size());
  std::sort(entries_.begin(), entries_.end(), [&](const Entry& a, const Entry& b) {
    return std::tuple(a.object, nodes[a.attribute].name(), a.attribute) <
           std::tuple(b.object, nodes[b.attribute].name(), b.attribute);
  });
}

// Recursive: who builds a context bounds its depth. Nothing in an array has a path to it.
void ContextIndex::Add(std::span<const Attribute> nodes, std::uint32_t object, std::size_t first,
                       std::size_t end) {
  for (std::size_t i = first; i < end; i += nodes[i].size()) {
    const auto number = static_cast<std::uint32_t>(i);
    entries_.push_back({object, number});
    if (nodes[i].kind() == AttributeKind::kObject) Add(nodes, number, i + 1, i + nodes[i].size());
  }
}

std::uint32_t ContextIndex::Find(std::span<const Attribute> nodes, std::uint32_t object,
                                 std::string_view name) const {
  const auto key = [&](const Entry& entry) {
    return std::tuple(entry.object, nodes[entry.attribute].name());
  };
  const auto behind =
      std::upper_bound(entries_.begin(), entries_.end(), std::tuple(object, name),
                       [&](const auto& wanted, const Entry& entry) { return wanted < key(entry); });
  if (behind == entries_.begin() || key(*std::prev(behind)) != std::tuple(object, name)) {
    return kTopLevel;
  }
  return std::prev(behind)->attribute;
}

}  // namespace pennon::model
