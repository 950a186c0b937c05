#include "engine/logic_verifier.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "engine/limits.h"

namespace pennon::engine {
namespace {

class Verifier {
 public:
  Verifier(const ImageView& view, const FlagRecord& flag, BlockReader& block)
      : view_(view), flag_(flag), block_(block) {}

  bool Verify(const LogicRecord& logic) {
    return block_.Holds(logic.nodes, nodes_) && !nodes_.empty() &&
           nodes_.size() <= kMaxLogicNodes && Depths() &&
           std::all_of(nodes_.begin(), nodes_.end(),
                       [this](const auto& node) { return Check(node); });
  }

 private:
  // A node is the child of one other at most, so there are no more children than nodes: the work is
  // linear, and a node's depth is known before its children are looked at.
  bool Depths() {
    std::vector<std::uint8_t> depths(nodes_.size(), 0);
    std::uint64_t children = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const LogicNode& node = nodes_[i];
      if (node.count == 0) continue;
      children += node.count;
      if (node.first <= i || std::uint64_t{node.first} + node.count > nodes_.size() ||
          children >= nodes_.size() || depths[i] > kMaxLogicDepth) {
        return false;
      }
      for (std::uint8_t& depth : std::span(depths).subspan(node.first, node.count)) {
        depth = std::max<std::uint8_t>(depth, static_cast<std::uint8_t>(depths[i] + 1));
      }
    }
    return true;
  }

  bool Check(const LogicNode& node) {
    if (node.op > kLastLogicOp || node.variant > flag_.variants.count) return false;
    switch (node.op) {
      case LogicOp::kString:
        return Text(std::bit_cast<TextRef>(node.payload));
      case LogicOp::kVar:
        return node.operand < view_.attributes.size();
      case LogicOp::kInSet:
        return node.operand < view_.sets.size();
      case LogicOp::kFractional:
        return node.operand == kNone ||
               (node.count > 0 && Check(block_.Record<FractionalRecord>(node.operand)));
      default:
        return true;
    }
  }
  bool Check(const FractionalRecord* record) {
    std::span<const FractionalShare> shares;
    return record != nullptr && block_.Holds(record->shares, shares) &&
           std::all_of(shares.begin(), shares.end(), [&](const FractionalShare& share) {
             return share.node < nodes_.size() && nodes_[share.node].op <= kLastScalarOp;
           });
  }
  [[nodiscard]] bool Text(TextRef text) const {
    return std::uint64_t{text.offset} + text.size <= view_.image.size();
  }

  const ImageView& view_;
  const FlagRecord& flag_;
  BlockReader& block_;
  std::span<const LogicNode> nodes_;
};

}  // namespace

bool VerifyLogic(const ImageView& view, const FlagRecord& flag, const LogicRecord& logic,
                 BlockReader& block) {
  return Verifier(view, flag, block).Verify(logic);
}

}  // namespace pennon::engine
