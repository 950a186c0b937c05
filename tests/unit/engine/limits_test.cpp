// Every limit of engine/limits.h at n and n+1.
#include "engine/limits.h"

#include <functional>

#include "tests/unit/engine/engine_fixture.h"

namespace pennon::test {
namespace {

using namespace engine;

std::shared_ptr<model::Flag> PlainFlag(std::string key) {
  auto flag = std::make_shared<model::Flag>();
  flag->key = std::move(key);
  flag->variants.push_back({"on", model::Value(true)});
  flag->fallthrough = model::ServeVariant{"on"};
  return flag;
}

// Compiles a set of one changed flag: "" or the diagnostic.
std::string Compiled(const std::function<void(model::Flag&)>& change) {
  auto flag = PlainFlag("f");
  change(*flag);
  model::FlagSet set;
  set.flags.push_back(flag);
  return Attached(set).Diagnostic();
}

model::Condition Nested(std::size_t depth) {
  model::Condition condition{
      model::LeafCondition{"a", model::Operator::kExists, {}, false, false, false}};
  for (std::size_t i = 0; i < depth; ++i) {
    condition = model::Condition{model::NotCondition{{std::move(condition)}}};
  }
  return condition;
}

}  // namespace

TEST_CASE("keys") {
  CHECK(Compiled([](auto& f) { f.key = std::string(kMaxKeyBytes, 'k'); }) == "");
  CHECK(Compiled([](auto& f) { f.key = std::string(kMaxKeyBytes + 1, 'k'); }) != "");
  CHECK(Compiled([](auto& f) { f.key = ""; }) != "");
}

TEST_CASE("variants") {
  const auto with = [](std::size_t count) {
    return Compiled([&](auto& f) {
      while (f.variants.size() < count) {
        f.variants.push_back({"v" + std::to_string(f.variants.size()), model::Value(true)});
      }
    });
  };
  CHECK(with(kMaxVariants) == "");
  CHECK(with(kMaxVariants + 1) != "");
}

TEST_CASE("rules") {
  const auto with = [](std::size_t count) {
    return Compiled([&](auto& f) {
      f.rules.resize(count, model::Rule{"", true, {}, {}, {}, model::ServeVariant{"on"}});
    });
  };
  CHECK(with(kMaxRules) == "");
  CHECK(with(kMaxRules + 1) != "");
}

TEST_CASE("condition depth") {
  const auto with = [](std::size_t depth) {
    return Compiled([&](auto& f) {
      f.rules.push_back({"", true, {}, Nested(depth), {}, model::ServeVariant{"on"}});
    });
  };
  CHECK(with(kMaxConditionDepth) == "");
  CHECK(with(kMaxConditionDepth + 1) != "");
}

TEST_CASE("parts of an attribute's path") {
  const auto with = [](std::size_t parts) {
    std::string pointer;
    for (std::size_t i = 0; i < parts; ++i) pointer += "/p";
    return Compiled([&](auto& f) { f.targets.push_back({"on", pointer, {}}); });
  };
  CHECK(with(kMaxAttributeSegments) == "");
  CHECK(with(kMaxAttributeSegments + 1) != "");
}

TEST_CASE("attributes to bucket by") {
  const auto with = [](std::size_t count) {
    return Compiled([&](auto& f) {
      model::Split split;
      split.bucketing.attributes.assign(count, "a");
      split.weights.push_back({"on", 1});
      f.fallthrough = split;
    });
  };
  CHECK(with(kMaxBucketAttributes) == "");
  CHECK(with(kMaxBucketAttributes + 1) != "");
}

TEST_CASE("chain of prerequisites") {
  const auto with = [](std::size_t length) {
    model::FlagSet set;
    set.flags.push_back(PlainFlag("f0"));
    for (std::size_t i = 1; i <= length; ++i) {
      auto flag = PlainFlag("f" + std::to_string(i));
      flag->prerequisites.push_back({"f" + std::to_string(i - 1), {}, true});
      set.flags.push_back(flag);
    }
    return Attached(set).compiled.diagnostics.size();
  };
  CHECK(with(kMaxReferenceDepth) == 0);
  CHECK(with(kMaxReferenceDepth + 1) == 1);
}

TEST_CASE("flags of a set") {
  model::FlagSet set;
  for (std::size_t i = 0; i < kMaxFlags; ++i)
    set.flags.push_back(PlainFlag("f" + std::to_string(i)));
  CHECK(engine::Compile(set).has_value());
  set.flags.push_back(PlainFlag("one more"));
  CHECK_FALSE(engine::Compile(set).has_value());
}

TEST_CASE("operations of one evaluation") {
  // An operation for the step of each rule, and one for each of its values.
  std::vector<model::Value> values;
  for (int i = 0; i < 40; ++i) values.emplace_back("x" + std::to_string(i));
  const auto with = [&](std::size_t rules) {
    auto flag = PlainFlag("f");
    const model::LeafCondition leaf{"a", model::Operator::kEndsWith, values, false, false, false};
    flag->rules.resize(rules,
                       model::Rule{"", true, {}, model::Condition{leaf}, {}, model::ServeOff{}});
    model::FlagSet set;
    set.flags.push_back(flag);
    client::Context context;
    context.Set("a", "y");
    return Attached(set).Ask("f", context);
  };
  CHECK(with(kMaxOperations / 50).reason == model::Reason::kDefault);
  CHECK(with(kMaxOperations / 40).error == model::EvaluationError::kGeneral);
}

}  // namespace pennon::test
