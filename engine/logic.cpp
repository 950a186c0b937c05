#include "engine/logic.h"

#include "engine/compile.h"
#include "engine/limits.h"
#include "engine/logic_evaluator.h"
#include "engine/snapshot.h"
#include "model/context.h"

namespace pennon::engine {
namespace {

using base::Error;
using base::Fail;
using model::AttributeKind;
using model::Value;

// Recursive: values are built by wire/json.h, which bounds their depth.
void AddValue(model::Context& context, std::string_view name, const Value& value) {
  if (const bool* boolean = value.AsBool()) return context.AddBool(name, *boolean);
  if (const auto* integer = value.AsInt()) return context.AddInt(name, *integer);
  if (const auto* number = value.AsDouble()) return context.AddDouble(name, *number);
  if (const auto* text = value.AsString()) return context.AddString(name, *text);
  if (value.IsNull()) return context.AddNull(name);
  const auto* array = value.AsArray();
  const std::size_t position =
      context.Begin(name, array != nullptr ? AttributeKind::kArray : AttributeKind::kObject);
  if (array != nullptr) {
    for (const Value& element : *array) AddValue(context, {}, element);
  } else {
    for (const auto& [key, member] : *value.AsObject()) AddValue(context, key, member);
  }
  context.End(position);
}

// A flag that serves everybody by the rule.
model::FlagSet SetOf(const Value& rule, int fractional) {
  model::Flag flag;
  flag.key = "logic";
  flag.variants.push_back({"on", true});
  flag.fallthrough = model::ServeLogic{rule, fractional};
  model::FlagSet set;
  set.environment = "logic";
  set.flags.push_back(std::make_shared<const model::Flag>(std::move(flag)));
  return set;
}

}  // namespace

base::Result<Value> EvaluateLogic(const Value& rule, const Value& data, int fractional) {
  const auto compiled = Compile(SetOf(rule, fractional));
  if (!compiled) return Fail(compiled.error());
  if (compiled->HasErrors()) return Fail(compiled->diagnostics.front().error);
  const auto snapshot = Snapshot::Attach(compiled->image);
  if (!snapshot) return Fail(snapshot.error());
  model::Context context;
  const bool is_context = data.AsObject() != nullptr;
  if (is_context) {
    for (const auto& [name, value] : *data.AsObject()) AddValue(context, name, value);
  } else {
    AddValue(context, {}, data);
  }
  const ImageView& view = snapshot->view();
  const auto& flag = view.BlockAt<FlagRecord>(view.flags.front());
  const auto& record = RecordAt<LogicRecord>(flag, flag.fallthrough.index);
  Budget budget(kMaxOperations);
  const LogicSubject subject{flag, context, 0};
  LogicEvaluator evaluator(view, record, subject, budget);
  const LogicValue result = evaluator.Evaluate(
      is_context ? LogicValue::Whole(context) : LogicValue::Of(context.nodes().front()));
  if (budget.IsSpent()) return Fail(Error::Limit("rule", "needs more work than it may"));
  return ToValue(result);
}

}  // namespace pennon::engine
