#include "engine/logic_compiler.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/definition_check.h"
#include "engine/hash.h"
#include "engine/limits.h"
#include "engine/literal.h"
#include "engine/logic_number.h"
#include "engine/logic_operator.h"

namespace pennon::engine {
namespace {

using model::Value;

constexpr std::string_view kFlagdMember = "$flagd";

bool IsScalar(const Value& value) {
  return !value.IsNull() && value.AsArray() == nullptr && value.AsObject() == nullptr;
}

std::vector<std::string> SplitAtDots(std::string_view path) {
  std::vector<std::string> names;
  for (;;) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    names.emplace_back(path.substr(0, dot));
    if (dot == path.size()) return names;
    path.remove_prefix(dot + 1);
  }
}

// The path that a constant names; none when it is only known at evaluation.
std::optional<std::string> ConstantPath(const Value& value) {
  if (const auto* text = value.AsString()) return *text;
  if (const auto* whole = value.AsInt()) return std::to_string(*whole);
  if (const auto* number = value.AsDouble()) {
    NumberText buffer;
    return std::string(TextOfNumber(*number, buffer));
  }
  return std::nullopt;
}

// A bucket's weight, 0 when negative; none when it is no constant that is valid by itself.
std::optional<std::uint32_t> ConstantWeight(const Value& value) {
  std::optional<std::int64_t> weight;
  if (value.IsNull()) weight = 1;
  if (const auto* whole = value.AsInt()) weight = *whole;
  if (const auto* number = value.AsDouble()) weight = WholeNumber(*number);
  if (!weight || *weight > static_cast<std::int64_t>(kMaxWeightSum)) return std::nullopt;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(*weight, 0));
}

class Compiler {
 public:
  Compiler(const model::ServeLogic& logic, const model::Flag& flag, BlockBuilder& block,
           ImageBuilder& builder)
      : logic_(logic), flag_(flag), block_(block), builder_(builder) {}

  std::uint32_t Compile() {
    nodes_.resize(1);
    Fill(0, logic_.rule, true);
    LogicRecord record;
    record.nodes = block_.Append(nodes_);
    return block_.Append(record);
  }

 private:
  // `sees_all`: its data are the whole context, not an element of a list.
  void Fill(std::uint32_t at, const Value& rule, bool sees_all) {
    if (const auto* array = rule.AsArray()) {
      nodes_[at].op = LogicOp::kArray;
      return Children(at, *array, sees_all);
    }
    const auto call = AsLogicCall(rule);
    if (!call) return Data(at, rule);
    const LogicOp op = *ParseLogicOp(call->name);
    nodes_[at].op = op;
    switch (op) {
      case LogicOp::kVar:
        return Var(at, call->arguments, sees_all);
      case LogicOp::kIn:
        return In(at, call->arguments, sees_all);
      case LogicOp::kFractional:
        return Fractional(at, call->arguments, sees_all);
      case LogicOp::kMap:
      case LogicOp::kReduce:
      case LogicOp::kFilter:
      case LogicOp::kAll:
      case LogicOp::kNoneOf:
      case LogicOp::kSome:
        return Iteration(at, call->arguments, sees_all);
      default:
        return Children(at, call->arguments, sees_all);
    }
  }

  std::uint32_t Reserve(std::uint32_t at, std::size_t count) {
    const auto first = static_cast<std::uint32_t>(nodes_.size());
    nodes_.resize(first + count);
    nodes_[at].first = first;
    nodes_[at].count = static_cast<std::uint32_t>(count);
    return first;
  }
  void Children(std::uint32_t at, std::span<const Value> rules, bool sees_all) {
    const std::uint32_t first = Reserve(at, rules.size());
    for (std::uint32_t i = 0; i < rules.size(); ++i) Fill(first + i, rules[i], sees_all);
  }
  // The second argument is evaluated with an element as its data.
  void Iteration(std::uint32_t at, std::span<const Value> rules, bool sees_all) {
    const std::uint32_t first = Reserve(at, rules.size());
    for (std::uint32_t i = 0; i < rules.size(); ++i) Fill(first + i, rules[i], sees_all && i != 1);
  }

  // What stands for itself: nothing inside of it is an operation.
  void Data(std::uint32_t at, const Value& value) {
    if (const auto* array = value.AsArray()) {
      nodes_[at].op = LogicOp::kArray;
      const std::uint32_t first = Reserve(at, array->size());
      for (std::uint32_t i = 0; i < array->size(); ++i) Data(first + i, (*array)[i]);
    } else if (const auto* object = value.AsObject()) {
      nodes_[at].op = LogicOp::kObject;
      std::uint32_t next = Reserve(at, object->size() * 2);
      for (const auto& [name, member] : *object) {
        Text(next++, name);
        Data(next++, member);
      }
    } else {
      Scalar(at, value);
    }
  }
  void Scalar(std::uint32_t at, const Value& value) {
    LogicNode& node = nodes_[at];
    if (const auto* text = value.AsString()) return Text(at, *text);
    if (const auto* truth = value.AsBool()) {
      node.op = LogicOp::kBool;
      node.payload = *truth ? 1 : 0;
      node.variant = VariantOf(*truth ? "true" : "false");
    } else if (const auto* whole = value.AsInt()) {
      node.op = LogicOp::kInt;
      node.payload = static_cast<std::uint64_t>(*whole);
    } else if (const auto* number = value.AsDouble()) {
      node.op = LogicOp::kDouble;
      node.payload = std::bit_cast<std::uint64_t>(*number);
    } else {
      node.op = LogicOp::kNull;
    }
  }
  void Text(std::uint32_t at, const std::string& text) {
    nodes_[at].op = LogicOp::kString;
    nodes_[at].payload = std::bit_cast<std::uint64_t>(builder_.AddText(text));
    nodes_[at].variant = VariantOf(text);
  }
  [[nodiscard]] std::uint16_t VariantOf(std::string_view name) const {
    return static_cast<std::uint16_t>(VariantIndex(flag_, name) + 1);
  }

  void Var(std::uint32_t at, std::span<const Value> arguments, bool sees_all) {
    if (arguments.empty() || arguments.front().IsNull() || arguments.front() == Value("")) {
      nodes_[at].op = LogicOp::kData;
      return;
    }
    const auto path = ConstantPath(arguments.front());
    const auto names = path ? SplitAtDots(*path) : std::vector<std::string>();
    if (sees_all && !names.empty() && names.front() == kFlagdMember) {
      if (names.size() == 1) {
        nodes_[at].op = LogicOp::kFlagd;
        return;
      }
      if (names.size() == 2 && names[1] == "flagKey") return Text(at, flag_.key);
      if (names.size() == 2 && names[1] == "timestamp") {
        nodes_[at].op = LogicOp::kTimestamp;
        return;
      }
    } else if (!names.empty() && names.size() <= kMaxAttributeSegments) {
      nodes_[at].operand = builder_.AddAttribute(names);
      return Children(at, arguments.subspan(1, std::min<std::size_t>(arguments.size() - 1, 1)),
                      sees_all);
    }
    nodes_[at].op = LogicOp::kVarOf;
    Children(at, arguments, sees_all);
  }

  // A constant array of scalars becomes a set, which is hashed when it is large.
  void In(std::uint32_t at, std::span<const Value> arguments, bool sees_all) {
    const auto* list = arguments.size() < 2 ? nullptr : arguments[1].AsArray();
    if (list == nullptr || list->empty() || !std::all_of(list->begin(), list->end(), IsScalar)) {
      return Children(at, arguments, sees_all);
    }
    nodes_[at].op = LogicOp::kInSet;
    nodes_[at].operand = builder_.AddSet(*list, false);
    Children(at, arguments.first(1), sees_all);
  }

  void Fractional(std::uint32_t at, std::span<const Value> arguments, bool sees_all) {
    Children(at, arguments, sees_all);
    nodes_[at].option = static_cast<std::uint8_t>(logic_.fractional);
    nodes_[at].operand = kNone;
    if (arguments.empty()) return;
    FractionalRecord record;
    record.own_key = arguments.front().AsArray() != nullptr ? 1 : 0;
    const std::size_t skipped = record.own_key != 0 ? 0 : 1;
    const auto first = nodes_[at].first + static_cast<std::uint32_t>(skipped);
    const auto shares = Shares(arguments.subspan(skipped), first);
    if (shares.empty()) return;  // what is wrong with it is found out at evaluation
    record.total = shares.back().cumulative;
    record.shares = block_.Append(shares);
    Murmur3 hash;
    hash.Update(flag_.key);
    record.hash = hash.hash();
    record.tail = hash.tail();
    record.length = hash.length();
    nodes_[at].operand = block_.Append(record);
  }
  // The shares of buckets that are constants and valid; else nothing.
  [[nodiscard]] std::vector<FractionalShare> Shares(std::span<const Value> buckets,
                                                    std::uint32_t first) const {
    std::vector<FractionalShare> shares;
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < buckets.size(); ++i) {
      const auto* bucket = buckets[i].AsArray();
      if (bucket == nullptr || bucket->empty() || bucket->size() > 2) return {};
      if (!bucket->front().IsNull() && !IsScalar(bucket->front())) return {};
      const auto weight = bucket->size() == 2 ? ConstantWeight((*bucket)[1]) : 1;
      if (!weight) return {};
      sum += *weight;
      if (sum > kMaxWeightSum) return {};
      if (*weight == 0) continue;
      shares.push_back({nodes_[first + i].first, static_cast<std::uint32_t>(sum)});
    }
    return shares;
  }

  const model::ServeLogic& logic_;
  const model::Flag& flag_;
  BlockBuilder& block_;
  ImageBuilder& builder_;
  std::vector<LogicNode> nodes_;
};

}  // namespace

std::uint32_t CompileLogic(const model::ServeLogic& logic, const model::Flag& flag,
                           BlockBuilder& block, ImageBuilder& builder) {
  return Compiler(logic, flag, block, builder).Compile();
}

}  // namespace pennon::engine
