#include "model/context.h"

namespace pennon::model {
namespace {

// As many are looked through as fast.
constexpr std::size_t kFewNodes = 64;

// The last one wins, as in JSON readers that keep one of several equal keys.
const Attribute* FindIn(const Attribute* node, const Attribute* end, std::string_view name) {
  const Attribute* found = nullptr;
  while (node < end) {
    if (base::SameText(node->name(), name)) found = node;
    node += node->size();
  }
  return found;
}

}  // namespace

void Context::Index() {
  if (nodes_.size() <= kFewNodes) return;
  index_.Build(nodes_);
  shape_ = Shape::kIndexed;
}

const Attribute* Context::FindIndexed(std::uint32_t object, std::string_view name) const {
  const std::uint32_t found = index_.Find(nodes_, object, name);
  return found == ContextIndex::kTopLevel ? nullptr : &nodes_[found];
}

const Attribute* Context::FindAny(std::string_view name) const {
  if (shape_ == Shape::kIndexed) return FindIndexed(ContextIndex::kTopLevel, name);
  return FindIn(nodes_.data(), nodes_.data() + nodes_.size(), name);
}

const Attribute* Context::FindMember(const Attribute& object, std::string_view name) const {
  if (shape_ != Shape::kIndexed) return Member(object, name);
  return FindIndexed(static_cast<std::uint32_t>(&object - nodes_.data()), name);
}

const Attribute* Context::Member(const Attribute& object, std::string_view name) {
  if (object.kind() != AttributeKind::kObject) return nullptr;
  return FindIn(&object + 1, &object + object.size(), name);
}

}  // namespace pennon::model
