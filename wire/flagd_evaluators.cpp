#include "wire/flagd_evaluators.h"

#include <string>

#include "wire/limits.h"

namespace pennon::wire {
namespace {

using model::Value;

std::size_t CountNodes(const Value& value) {
  std::size_t nodes = 1;
  if (const auto* array = value.AsArray()) {
    for (const Value& element : *array) nodes += CountNodes(element);
  } else if (const auto* object = value.AsObject()) {
    for (const auto& member : *object) nodes += CountNodes(member.second);
  }
  return nodes;
}

const std::string* ReferenceIn(const Value& value) {
  const auto* object = value.AsObject();
  const bool is_reference =
      object != nullptr && object->size() == 1 && object->front().first == "$ref";
  return is_reference ? object->front().second.AsString() : nullptr;
}

}  // namespace

FlagdEvaluators::FlagdEvaluators(const Value* evaluators) {
  const auto* object = evaluators == nullptr ? nullptr : evaluators->AsObject();
  if (object == nullptr) return;
  for (const auto& [name, rule] : *object)
    by_name_.emplace(name, Evaluator{&rule, CountNodes(rule)});
}

std::optional<Value> FlagdEvaluators::Resolve(const Value& rule) {
  Value copy = Copy(rule);
  if (nodes_ > kMaxEvaluatorNodes) return std::nullopt;
  return copy;
}

// Recursive: values are built by ReadJson, which bounds their depth.
Value FlagdEvaluators::Copy(const Value& rule) {
  if (nodes_ > kMaxEvaluatorNodes) return {};
  if (const std::string* name = ReferenceIn(rule)) {
    const auto found = by_name_.find(*name);
    if (found == by_name_.end()) return rule;
    nodes_ += found->second.nodes;
    return nodes_ > kMaxEvaluatorNodes ? Value() : *found->second.rule;
  }
  if (const auto* array = rule.AsArray()) {
    model::Array copy;
    copy.reserve(array->size());
    for (const Value& element : *array) copy.push_back(Copy(element));
    return copy;
  }
  if (const auto* object = rule.AsObject()) {
    model::Object copy;
    copy.reserve(object->size());
    for (const auto& [name, member] : *object) copy.emplace_back(name, Copy(member));
    return copy;
  }
  return rule;
}

}  // namespace pennon::wire
