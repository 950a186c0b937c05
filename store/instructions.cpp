#include "store/instructions.h"

#include <algorithm>
#include <array>
#include <optional>

#include "wire/object_reader.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Result;
using model::Array;
using model::Object;
using model::Value;
using wire::ObjectReader;

constexpr std::size_t kMaxInstructions = 1000;

Value* Find(Object& object, std::string_view name) {
  const auto found = std::find_if(object.begin(), object.end(),
                                  [&](const auto& member) { return member.first == name; });
  return found == object.end() ? nullptr : &found->second;
}

void Set(Object& object, std::string_view name, Value value) {
  if (Value* found = Find(object, name)) {
    *found = std::move(value);
  } else {
    object.emplace_back(std::string(name), std::move(value));
  }
}

void Erase(Object& object, std::string_view name) {
  std::erase_if(object, [&](const auto& member) { return member.first == name; });
}

// The list `name`, made when there is none.
Array& ListOf(Object& object, std::string_view name) {
  Value* found = Find(object, name);
  if (found == nullptr || found->AsArray() == nullptr) {
    Set(object, name, Array());
    found = Find(object, name);
  }
  return std::get<Array>(found->data);
}

bool Has(const Value& element, std::string_view member, const Value& value) {
  const Value* found = element.Find(member);
  return found != nullptr && *found == value;
}

Value AttributeOf(const Value& target) {
  const Value* attribute = target.Find("attribute");
  return attribute == nullptr ? Value("targetingKey") : *attribute;
}

// One instruction while it is followed: its members, and the configuration that it changes.
class Step {
 public:
  Step(const Value& instruction, const wire::Path& path, Object& config)
      : reader_(instruction, path), config_(config) {}

  std::optional<Error> Follow();

 private:
  using Method = void (Step::*)();
  struct Kind {
    std::string_view name;
    Method method;
  };
  static const std::array<Kind, 17> kKinds;

  void TurnOn() { Set(config_, "enabled", true); }
  void TurnOff() { Set(config_, "enabled", false); }
  void Kill() {
    Object kill{{"active", true}};
    for (const char* name : {"reason", "expiresAt"}) {
      if (const Value* value = reader_.Get(name)) kill.emplace_back(name, *value);
    }
    Set(config_, "kill", std::move(kill));
  }
  void Unkill() { Erase(config_, "kill"); }
  void SetOffVariant() { Set(config_, "offVariant", Required("variant")); }
  void SetDefault() { Set(config_, "default", Required("serve")); }
  void SetRollout() {
    Object split{{"weights", Required("weights")}};
    if (const Value* by = reader_.Get("bucketBy")) split.emplace_back("bucketBy", *by);
    Set(config_, "default", Object{{"split", std::move(split)}});
  }

  void AddTarget();
  void RemoveTarget();

  void AddRule() {
    const Value rule = Required("rule");
    Array& rules = ListOf(config_, "rules");
    std::uint64_t at = rules.size();
    reader_.Unsigned("at", rules.size(), at);
    if (reader_.failed()) return;
    rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(at), rule);
  }
  void RemoveRule() {
    if (const auto rule = Rule()) ListOf(config_, "rules").erase(*rule);
  }
  void ReplaceRule() {
    const Value with = Required("rule");
    if (const auto rule = Rule()) **rule = with;
  }
  void MoveRule() {
    const auto rule = Rule();
    Array& rules = ListOf(config_, "rules");
    std::uint64_t to = 0;
    reader_.Unsigned("to", rules.empty() ? 0 : rules.size() - 1, to);
    if (!rule || reader_.failed()) return;
    const Value moved = **rule;
    rules.erase(*rule);
    rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(to), moved);
  }
  void TurnOnRule() { SwitchRule(true); }
  void TurnOffRule() { SwitchRule(false); }

  void AddPrerequisite() {
    Object prerequisite{{"flag", Required("flag")}};
    if (const Value* variants = reader_.Get("variants")) {
      prerequisite.emplace_back("variants", *variants);
    }
    ListOf(config_, "prerequisites").emplace_back(std::move(prerequisite));
  }
  void RemovePrerequisite() {
    const Value flag = Required("flag");
    const auto removed =
        std::erase_if(ListOf(config_, "prerequisites"),
                      [&](const Value& prerequisite) { return Has(prerequisite, "flag", flag); });
    if (removed == 0) reader_.Invalid("flag", "is no prerequisite of this flag");
  }

  void SwitchRule(bool enabled) {
    const auto rule = Rule();
    if (!rule) return;
    Object changed = std::get<Object>((*rule)->data);
    Set(changed, "enabled", enabled);
    **rule = std::move(changed);
  }

  // The rule with the id that the instruction names; notes an error when there is none.
  std::optional<Array::iterator> Rule() {
    const Value id = Required("id");
    Array& rules = ListOf(config_, "rules");
    const auto found = std::find_if(rules.begin(), rules.end(),
                                    [&](const Value& rule) { return Has(rule, "id", id); });
    if (found != rules.end()) return found;
    reader_.Invalid("id", "is not the id of a rule of this flag");
    return std::nullopt;
  }
  Value Required(std::string_view member) {
    const Value* value = reader_.Get(member);
    if (value != nullptr) return *value;
    reader_.Invalid(member, "is missing");
    return {};
  }

  ObjectReader reader_;
  Object& config_;
};

const std::array<Step::Kind, 17> Step::kKinds{{
    {"turnOn", &Step::TurnOn},
    {"turnOff", &Step::TurnOff},
    {"kill", &Step::Kill},
    {"unkill", &Step::Unkill},
    {"setOffVariant", &Step::SetOffVariant},
    {"setDefault", &Step::SetDefault},
    {"setRollout", &Step::SetRollout},
    {"addTarget", &Step::AddTarget},
    {"removeTarget", &Step::RemoveTarget},
    {"addRule", &Step::AddRule},
    {"removeRule", &Step::RemoveRule},
    {"replaceRule", &Step::ReplaceRule},
    {"moveRule", &Step::MoveRule},
    {"turnOnRule", &Step::TurnOnRule},
    {"turnOffRule", &Step::TurnOffRule},
    {"addPrerequisite", &Step::AddPrerequisite},
    {"removePrerequisite", &Step::RemovePrerequisite},
}};

// A subject has one variant: whoever is added to one is taken out of the others.
void Step::AddTarget() {
  const Value variant = Required("variant");
  RemoveTarget();
  std::vector<Value> values;
  reader_.Values("values", values);
  if (reader_.failed()) return;
  const Value* given = reader_.Get("attribute");
  const Value attribute = given == nullptr ? Value("targetingKey") : *given;
  for (Value& target : ListOf(config_, "targets")) {
    if (!Has(target, "variant", variant) || AttributeOf(target) != attribute) continue;
    Object changed = std::get<Object>(target.data);
    Array& members = ListOf(changed, "values");
    members.insert(members.end(), values.begin(), values.end());
    target = std::move(changed);
    return;
  }
  Object target{{"variant", variant}, {"values", Array(values.begin(), values.end())}};
  if (given != nullptr) target.emplace_back("attribute", *given);
  ListOf(config_, "targets").emplace_back(std::move(target));
}

void Step::RemoveTarget() {
  std::vector<Value> values;
  reader_.Values("values", values);
  if (values.empty()) reader_.Invalid("values", "is missing or empty, expected whom it is about");
  const Value* given = reader_.Get("attribute");
  const Value attribute = given == nullptr ? Value("targetingKey") : *given;
  if (reader_.failed()) return;
  Array& targets = ListOf(config_, "targets");
  for (Value& target : targets) {
    if (target.AsObject() == nullptr || AttributeOf(target) != attribute) continue;
    Object changed = std::get<Object>(target.data);
    std::erase_if(ListOf(changed, "values"), [&](const Value& member) {
      return std::find(values.begin(), values.end(), member) != values.end();
    });
    target = std::move(changed);
  }
  std::erase_if(targets, [](const Value& target) {
    const Value* left = target.Find("values");
    return left != nullptr && left->AsArray() != nullptr && left->AsArray()->empty();
  });
}

std::optional<Error> Step::Follow() {
  std::string kind;
  reader_.RequiredString("kind", kind);
  if (reader_.failed()) return reader_.Finish();
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& known) { return known.name == kind; });
  if (found == kKinds.end()) {
    reader_.Invalid("kind", "is \"" + kind + "\", which is no instruction that this version knows");
  } else {
    (this->*found->method)();
  }
  return reader_.Finish();
}

}  // namespace

bool HasInstructions(const Value& document) {
  return document.Find("instructions") != nullptr;
}

std::string CommentOf(const Value& document) {
  const Value* comment = document.Find("comment");
  return comment == nullptr || comment->AsString() == nullptr ? std::string()
                                                              : *comment->AsString();
}

std::string ReasonOf(const Value& document) {
  const Value* instructions = document.Find("instructions");
  if (instructions == nullptr || instructions->AsArray() == nullptr) return {};
  if (instructions->AsArray()->size() != 1) return {};
  const Value& only = instructions->AsArray()->front();
  const Value* reason = only.Find("reason");
  const Value* kind = only.Find("kind");
  if (kind == nullptr || *kind != Value("kill") || reason == nullptr) return {};
  return reason->AsString() == nullptr ? std::string() : *reason->AsString();
}

Result<Object> FollowInstructions(Object config, const Value& document) {
  ObjectReader reader(document, "");
  std::string comment;
  reader.String("comment", comment);
  std::size_t count = 0;
  reader.Each("instructions",
              [&](const Value& instruction, const wire::Path& path) -> std::optional<Error> {
                if (++count > kMaxInstructions) {
                  return Error::Limit("instructions",
                                      "are more than " + std::to_string(kMaxInstructions));
                }
                return Step(instruction, path, config).Follow();
              });
  if (auto error = reader.Finish()) return base::Fail(*error);
  // Lists that an instruction looked into and found empty were not asked for.
  for (const char* list : {"targets", "rules", "prerequisites"}) {
    const Value* found = Find(config, list);
    if (found != nullptr && found->AsArray() != nullptr && found->AsArray()->empty()) {
      Erase(config, list);
    }
  }
  return config;
}

}  // namespace pennon::store
