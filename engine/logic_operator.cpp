#include "engine/logic_operator.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/limits.h"

namespace pennon::engine {
namespace {

using base::Error;
using model::Value;
using Found = std::optional<Error>;

constexpr std::array kOperators{
    std::pair{std::string_view("!"), LogicOp::kNot},
    std::pair{std::string_view("!!"), LogicOp::kTruth},
    std::pair{std::string_view("!="), LogicOp::kLooseUnequal},
    std::pair{std::string_view("!=="), LogicOp::kStrictUnequal},
    std::pair{std::string_view("%"), LogicOp::kModulo},
    std::pair{std::string_view("*"), LogicOp::kMultiply},
    std::pair{std::string_view("+"), LogicOp::kAdd},
    std::pair{std::string_view("-"), LogicOp::kSubtract},
    std::pair{std::string_view("/"), LogicOp::kDivide},
    std::pair{std::string_view("<"), LogicOp::kLess},
    std::pair{std::string_view("<="), LogicOp::kLessEqual},
    std::pair{std::string_view("=="), LogicOp::kLooseEqual},
    std::pair{std::string_view("==="), LogicOp::kStrictEqual},
    std::pair{std::string_view(">"), LogicOp::kGreater},
    std::pair{std::string_view(">="), LogicOp::kGreaterEqual},
    std::pair{std::string_view("?:"), LogicOp::kIf},
    std::pair{std::string_view("all"), LogicOp::kAll},
    std::pair{std::string_view("and"), LogicOp::kAnd},
    std::pair{std::string_view("cat"), LogicOp::kCat},
    std::pair{std::string_view("ends_with"), LogicOp::kEndsWith},
    std::pair{std::string_view("filter"), LogicOp::kFilter},
    std::pair{std::string_view("fractional"), LogicOp::kFractional},
    std::pair{std::string_view("if"), LogicOp::kIf},
    std::pair{std::string_view("in"), LogicOp::kIn},
    std::pair{std::string_view("log"), LogicOp::kLog},
    std::pair{std::string_view("map"), LogicOp::kMap},
    std::pair{std::string_view("max"), LogicOp::kMax},
    std::pair{std::string_view("merge"), LogicOp::kMerge},
    std::pair{std::string_view("min"), LogicOp::kMin},
    std::pair{std::string_view("missing"), LogicOp::kMissing},
    std::pair{std::string_view("missing_some"), LogicOp::kMissingSome},
    std::pair{std::string_view("none"), LogicOp::kNoneOf},
    std::pair{std::string_view("or"), LogicOp::kOr},
    std::pair{std::string_view("reduce"), LogicOp::kReduce},
    std::pair{std::string_view("sem_ver"), LogicOp::kSemver},
    std::pair{std::string_view("some"), LogicOp::kSome},
    std::pair{std::string_view("starts_with"), LogicOp::kStartsWith},
    std::pair{std::string_view("substr"), LogicOp::kSubstr},
    std::pair{std::string_view("var"), LogicOp::kVar},
};

class Checker {
 public:
  Found Check(const Value& rule, const std::string& place, std::size_t depth) {
    if (auto error = Count(place, depth)) return error;
    if (const auto* array = rule.AsArray()) return CheckAll(*array, place, depth);
    const auto call = AsLogicCall(rule);
    if (!call) return rule.AsObject() == nullptr ? std::nullopt : CheckData(rule, place, depth);
    if (!ParseLogicOp(call->name)) {
      return Error::Invalid(place, "\"" + std::string(call->name) + "\" is not an operator");
    }
    return CheckAll(call->arguments, place + '.' + std::string(call->name), depth);
  }

 private:
  Found Count(const std::string& place, std::size_t depth) {
    if (depth > kMaxLogicDepth) {
      return Error::Limit(place, "logic is nested deeper than " + std::to_string(kMaxLogicDepth));
    }
    if (++nodes_ <= kMaxLogicNodes) return std::nullopt;
    return Error::Limit(place, "logic has more than " + std::to_string(kMaxLogicNodes) +
                                   " operators and constants");
  }
  // A long list of texts is one check, not a path made for each of them.
  Found CheckAll(std::span<const Value> parts, const std::string& place, std::size_t depth) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool is_scalar = parts[i].AsArray() == nullptr && parts[i].AsObject() == nullptr;
      auto error = is_scalar ? Count(place, depth + 1)
                             : Check(parts[i], place + '[' + std::to_string(i) + ']', depth + 1);
      if (error) return error;
    }
    return std::nullopt;
  }
  // Inside of an object that is no operation nothing is one.
  Found CheckData(const Value& value, const std::string& place, std::size_t depth) {
    Found error;
    const auto check = [&](const Value& inner) {
      if (!error) error = Count(place, depth + 1);
      if (!error) error = CheckData(inner, place, depth + 1);
    };
    if (const auto* array = value.AsArray()) {
      for (const Value& element : *array) check(element);
    } else if (const auto* object = value.AsObject()) {
      nodes_ += object->size();  // the names
      for (const auto& member : *object) check(member.second);
    }
    return error;
  }

  std::size_t nodes_ = 0;
};

}  // namespace

std::optional<LogicOp> ParseLogicOp(std::string_view name) {
  const auto* found =
      std::lower_bound(kOperators.begin(), kOperators.end(), name,
                       [](const auto& entry, auto key) { return entry.first < key; });
  if (found == kOperators.end() || found->first != name) return std::nullopt;
  return found->second;
}

std::optional<LogicCall> AsLogicCall(const Value& rule) {
  const auto* object = rule.AsObject();
  if (object == nullptr || object->size() != 1) return std::nullopt;
  const auto& [name, arguments] = object->front();
  if (const auto* list = arguments.AsArray()) return LogicCall{name, *list};
  return LogicCall{name, {&arguments, 1}};
}

Found CheckLogic(const Value& rule, const std::string& place) {
  return Checker().Check(rule, place, 0);
}

}  // namespace pennon::engine
