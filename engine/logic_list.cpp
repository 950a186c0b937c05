#include "engine/logic_list.h"

namespace pennon::engine {
namespace {

// The second argument with an element as its data; undefined when it is not given.
LogicValue Body(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& element) {
  return evaluator.Argument(node, 1, element);
}

LogicValue Map(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& list) {
  LogicBuffer<LogicValue> results(evaluator.memory());
  list.ForEach([&](const LogicValue& element) {
    results.Append(Body(evaluator, node, element));
    return evaluator.budget().Spend();
  });
  return LogicValue::List(results.items());
}

LogicValue Filter(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& list) {
  LogicBuffer<LogicValue> kept(evaluator.memory());
  list.ForEach([&](const LogicValue& element) {
    if (IsTruthy(Body(evaluator, node, element))) kept.Append(element);
    return evaluator.budget().Spend();
  });
  return LogicValue::List(kept.items());
}

// Whether the body is true, or for `all` false, of some element.
bool FindsOne(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& list) {
  const bool wanted = node.op != LogicOp::kAll;
  bool found = false;
  list.ForEach([&](const LogicValue& element) {
    found = IsTruthy(Body(evaluator, node, element)) == wanted;
    return !found && evaluator.budget().Spend();
  });
  return found;
}

LogicValue Reduce(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& list,
                  const LogicValue& data) {
  LogicValue initial = evaluator.Argument(node, 2, data);
  if (initial.kind() == LogicKind::kUndefined) initial = LogicValue::Null();
  if (!list.IsArray()) return initial;
  LogicValue accumulator = initial;
  list.ForEach([&](const LogicValue& element) {
    // In memory of the evaluation, because the body's result may be this object itself.
    LogicBuffer<LogicValue> scope(evaluator.memory());
    scope.Append(LogicValue::Text("current"));
    scope.Append(element);
    scope.Append(LogicValue::Text("accumulator"));
    scope.Append(accumulator);
    accumulator = Body(evaluator, node, LogicValue::Pairs(scope.items()));
    return evaluator.budget().Spend();
  });
  return accumulator;
}

LogicValue Merge(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  LogicBuffer<LogicValue> merged(evaluator.memory());
  for (std::uint32_t i = 0; i < node.count; ++i) {
    const LogicValue part = evaluator.Argument(node, i, data);
    if (!part.IsArray()) {
      merged.Append(part);
      continue;
    }
    part.ForEach([&](const LogicValue& element) {
      merged.Append(element);
      return evaluator.budget().Spend();
    });
  }
  return LogicValue::List(merged.items());
}

// What `var` finds by `name`; a name that is a list is a name and a default.
LogicValue Named(LogicEvaluator& evaluator, const LogicValue& name, const LogicValue& data) {
  if (!name.IsArray()) return evaluator.Find(name, data);
  const LogicValue found = evaluator.Find(name.Member("0"), data);
  return found.kind() == LogicKind::kUndefined ? name.Member("1") : found;
}

// Those of `names` that the data lack, or have as null or "".
LogicValue Missing(LogicEvaluator& evaluator, const LogicValue& names, const LogicValue& data) {
  LogicBuffer<LogicValue> missing(evaluator.memory());
  names.ForEach([&](const LogicValue& name) {
    const LogicValue found = Named(evaluator, name, data);
    if (found.IsNullish() || (found.IsString() && found.text().empty())) missing.Append(name);
    return evaluator.budget().Spend();
  });
  return LogicValue::List(missing.items());
}

std::size_t Length(const LogicValue& list) {
  std::size_t length = 0;
  list.ForEach([&](const LogicValue& /*element*/) {
    ++length;
    return true;
  });
  return length;
}

LogicValue MissingOfAll(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue names = LogicValue::List(evaluator.Arguments(node, data));
  const bool in_list = !names.values().empty() && names.values().front().IsArray();
  return Missing(evaluator, in_list ? names.values().front() : names, data);
}

// Nothing is missing when at least so many are there.
LogicValue MissingSome(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  const LogicValue needed = ToNumber(evaluator.Argument(node, 0, data), evaluator.memory());
  const LogicValue names = evaluator.Argument(node, 1, data);
  const LogicValue missing = Missing(evaluator, names, data);
  const auto present = static_cast<double>(Length(names) - missing.values().size());
  return present >= needed.number() ? LogicValue::List({}) : missing;
}

}  // namespace

LogicValue ListOperation(LogicEvaluator& evaluator, const LogicNode& node, const LogicValue& data) {
  if (node.op == LogicOp::kMerge) return Merge(evaluator, node, data);
  if (node.op == LogicOp::kMissing) return MissingOfAll(evaluator, node, data);
  if (node.op == LogicOp::kMissingSome) return MissingSome(evaluator, node, data);
  const LogicValue list = evaluator.Argument(node, 0, data);
  switch (node.op) {
    case LogicOp::kMap:
      return Map(evaluator, node, list);
    case LogicOp::kFilter:
      return Filter(evaluator, node, list);
    case LogicOp::kReduce:
      return Reduce(evaluator, node, list, data);
    case LogicOp::kAll:  // not of nothing
      return LogicValue::Bool(list.IsArray() && IsTruthy(list) && !FindsOne(evaluator, node, list));
    default: {
      const bool found = FindsOne(evaluator, node, list);
      return LogicValue::Bool(node.op == LogicOp::kSome ? found : !found);
    }
  }
}

}  // namespace pennon::engine
