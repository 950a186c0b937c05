#include "engine/references.h"

#include <algorithm>

#include "engine/limits.h"

namespace pennon::engine {
namespace {

using base::Error;

constexpr std::uint32_t kUnvisited = 0xffffffff;
constexpr std::size_t kMaxNamedInCycle = 6;

class Components {
 public:
  Components(const std::vector<ReferenceNode>& nodes, std::string_view noun, bool broken_is_error)
      : nodes_(nodes),
        noun_(noun),
        broken_is_error_(broken_is_error),
        order_(nodes.size(), kUnvisited),
        low_(nodes.size(), 0),
        on_stack_(nodes.size(), false),
        is_in_cycle_(nodes.size(), false) {
    result_.heights.resize(nodes.size(), 0);
  }

  ReferenceResult Run() {
    for (std::uint32_t root = 0; root < nodes_.size(); ++root) {
      if (nodes_[root].references.empty()) continue;  // nearly all; visited if another needs it
      if (order_[root] == kUnvisited) Visit(root);
    }
    return std::move(result_);
  }

 private:
  struct Frame {
    std::uint32_t node;
    std::size_t next_reference;
  };

  void Enter(std::uint32_t node) {
    order_[node] = low_[node] = counter_++;
    stack_.push_back(node);
    on_stack_[node] = true;
    frames_.push_back({node, 0});
  }

  void Visit(std::uint32_t root) {
    Enter(root);
    while (!frames_.empty()) {
      const std::uint32_t node = frames_.back().node;
      const std::uint32_t target = NextTarget(frames_.back());
      if (target == kMissing) {
        frames_.pop_back();
        if (!frames_.empty()) {
          std::uint32_t& parent_low = low_[frames_.back().node];
          parent_low = std::min(parent_low, low_[node]);
        }
        if (low_[node] == order_[node]) Complete(node);
      } else if (order_[target] == kUnvisited) {
        Enter(target);
      } else if (on_stack_[target]) {
        low_[node] = std::min(low_[node], order_[target]);
      }
    }
  }

  // The next existing target of the frame's node, or kMissing when there is no further one.
  std::uint32_t NextTarget(Frame& frame) const {
    const ReferenceNode& node = nodes_[frame.node];
    if (node.is_broken) return kMissing;
    while (frame.next_reference < node.references.size()) {
      const std::uint32_t target = node.references[frame.next_reference++].target;
      if (target != kMissing) return target;
    }
    return kMissing;
  }

  // All of a component's targets outside of it are complete already.
  void Complete(std::uint32_t root) {
    const auto first = std::find(stack_.rbegin(), stack_.rend(), root).base() - 1;
    const std::vector<std::uint32_t> members(first, stack_.end());
    stack_.erase(first, stack_.end());
    for (const std::uint32_t member : members) on_stack_[member] = false;
    if (members.size() > 1 || IsItsOwnTarget(root)) {
      for (const std::uint32_t member : members) is_in_cycle_[member] = true;
      for (const std::uint32_t member : members) Refuse(member, Cycle(member, members));
      for (const std::uint32_t member : members) is_in_cycle_[member] = false;
    } else {
      Settle(root);
    }
  }

  [[nodiscard]] bool IsItsOwnTarget(std::uint32_t node) const {
    const auto& references = nodes_[node].references;
    return !nodes_[node].is_broken &&
           std::any_of(references.begin(), references.end(),
                       [&](const Reference& reference) { return reference.target == node; });
  }

  [[nodiscard]] Error Cycle(std::uint32_t node, const std::vector<std::uint32_t>& members) const {
    const auto& references = nodes_[node].references;
    const auto into = std::find_if(references.begin(), references.end(), [&](const auto& r) {
      return r.target < is_in_cycle_.size() && is_in_cycle_[r.target];
    });
    std::string what = "is part of a cycle of " + std::to_string(members.size()) + ' ' +
                       std::string(noun_) + "s: ";
    for (std::size_t i = 0; i < members.size() && i < kMaxNamedInCycle; ++i) {
      what += std::string(nodes_[members[i]].key) + " -> ";
    }
    what += members.size() > kMaxNamedInCycle ? "…" : std::string(nodes_[members[0]].key);
    return Error::Invalid(into->place, what);
  }

  void Refuse(std::uint32_t node, Error why) { result_.errors.emplace(node, std::move(why)); }

  void Settle(std::uint32_t node) {
    if (nodes_[node].is_broken) return;
    const std::string noun(noun_);
    unsigned height = 0;
    for (const Reference& reference : nodes_[node].references) {
      if (reference.target == kMissing) {
        return Refuse(node, Error::Invalid(reference.place, "there is no " + noun + " \"" +
                                                                reference.target_key + '"'));
      }
      const bool broken =
          nodes_[reference.target].is_broken || result_.errors.count(reference.target) != 0;
      if (broken && broken_is_error_) {
        return Refuse(node,
                      Error::Invalid(reference.place, "the " + noun + " \"" + reference.target_key +
                                                          "\" is quarantined"));
      }
      height = std::max(height, result_.heights[reference.target] + 1U);
    }
    if (height > kMaxReferenceDepth) {
      return Refuse(node,
                    Error::Limit("", "needs a chain of more than " +
                                         std::to_string(kMaxReferenceDepth) + ' ' + noun + "s"));
    }
    result_.heights[node] = static_cast<std::uint8_t>(height);
  }

  const std::vector<ReferenceNode>& nodes_;
  std::string_view noun_;
  bool broken_is_error_;
  std::vector<std::uint32_t> order_;
  std::vector<std::uint32_t> low_;
  std::vector<bool> on_stack_;
  std::vector<bool> is_in_cycle_;  // in the one that is told
  std::vector<std::uint32_t> stack_;
  std::vector<Frame> frames_;
  std::uint32_t counter_ = 0;
  ReferenceResult result_;
};

}  // namespace

ReferenceResult ResolveReferences(const std::vector<ReferenceNode>& nodes, std::string_view noun,
                                  bool broken_is_error) {
  return Components(nodes, noun, broken_is_error).Run();
}

}  // namespace pennon::engine
