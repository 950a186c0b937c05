// Evaluates the nodes of a rule of JSONLogic in the image. Nothing is parsed, and memory is taken
// only by what makes a text or a list.
#pragma once

#include <array>
#include <bit>
#include <span>
#include <string>
#include <string_view>

#include "engine/budget.h"
#include "engine/image_view.h"
#include "engine/logic_memory.h"
#include "engine/logic_record.h"
#include "engine/logic_value.h"

namespace pennon::engine {

/// What a rule is about beside its data.
struct LogicSubject {
  const FlagRecord& flag;
  const model::Context& context;
  std::int64_t now_micros = 0;
};

/// One evaluation of one rule. Values that it gives live as long as it and what it borrows. When
/// the budget or the memory is used up, the values mean nothing and the budget is spent. Confined
/// to one thread.
class LogicEvaluator {
 public:
  LogicEvaluator(const ImageView& view, const LogicRecord& record, const LogicSubject& subject,
                 Budget& budget);

  /// The rule's result for `data`.
  LogicValue Evaluate(const LogicValue& data) { return Node(nodes_.front(), data); }

  // For the operators, each in a file of its kind.
  /// What nearly all nodes are goes without the table of operators.
  LogicValue Node(const LogicNode& node, const LogicValue& data) {
    if (node.op == LogicOp::kVar) return Var(node, data);
    if (node.op == LogicOp::kString) return Constant(node);
    return Operator(node, data);
  }
  [[nodiscard]] const LogicNode& Child(const LogicNode& node, std::uint32_t index) const {
    return nodes_[node.first + index];
  }
  /// An argument, undefined when it is not given.
  LogicValue Argument(const LogicNode& node, std::uint32_t index, const LogicValue& data) {
    return index < node.count ? Node(Child(node, index), data) : LogicValue();
  }
  /// All arguments, in a list.
  std::span<const LogicValue> Arguments(const LogicNode& node, const LogicValue& data);
  /// What `path`, a text with dots or another value as text, finds in `data`; undefined if nothing.
  LogicValue Find(const LogicValue& path, const LogicValue& data);
  [[nodiscard]] LogicValue Constant(const LogicNode& node) const {
    LogicValue value = node.op == LogicOp::kString
                           ? LogicValue::Text(view_.Text(std::bit_cast<TextRef>(node.payload)))
                           : Scalar(node);
    value.set_variant(node.variant);
    return value;
  }

  [[nodiscard]] const ImageView& view() const { return view_; }
  [[nodiscard]] const LogicSubject& subject() const { return subject_; }
  [[nodiscard]] std::span<const LogicNode> nodes() const { return nodes_; }
  LogicMemory& memory() { return memory_; }
  Budget& budget() { return budget_; }

 private:
  LogicValue Operator(const LogicNode& node, const LogicValue& data);
  static LogicValue Scalar(const LogicNode& node);
  LogicValue Var(const LogicNode& node, const LogicValue& data);
  LogicValue VarInside(const LogicNode& node, const LogicValue& data);
  LogicValue VarOf(const LogicNode& node, const LogicValue& data);
  LogicValue If(const LogicNode& node, const LogicValue& data);
  LogicValue Decide(const LogicNode& node, const LogicValue& data);
  LogicValue Flagd();

  const ImageView& view_;
  std::span<const LogicNode> nodes_;
  const LogicSubject& subject_;
  Budget& budget_;
  LogicMemory memory_;
  std::array<LogicValue, 4> flagd_;
};

/// What a rule served.
struct LogicChoice {
  std::uint32_t variant = kNone;  // of the flag
  const char* error = nullptr;    // null when there is a variant or the rule is passed over
};

/// The variant that the rule chooses; none and no error when its result is null. `result`, unless
/// null, gets the rule's result as JSON.
LogicChoice ChooseByLogic(const ImageView& view, const LogicRecord& record,
                          const LogicSubject& subject, Budget& budget, std::string* result);

}  // namespace pennon::engine
