#include "model/context.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace pennon::model {
namespace {

// Names that many attributes share, so that some are given twice, and arrays with objects in them.
void Fill(Context& context, const std::vector<std::string>& names, std::minstd_rand& random,
          int depth) {
  const std::size_t members = random() % 40;
  for (std::size_t i = 0; i < members; ++i) {
    const std::string& name = names[random() % names.size()];
    const auto kind = random() % 6;
    if (kind < 4 || depth == 0) {
      context.AddInt(name, static_cast<std::int64_t>(random()));
      continue;
    }
    const std::size_t position =
        context.Begin(name, kind == 4 ? AttributeKind::kArray : AttributeKind::kObject);
    Fill(context, names, random, depth - 1);
    context.End(position);
  }
}

}  // namespace

TEST_CASE("a large context finds the same attributes with an index as without") {
  std::vector<std::string> names{"", "a", "ab", "targetingKey", "a name longer than any register"};
  for (int i = 0; i < 40; ++i) names.push_back("n" + std::to_string(i));
  std::minstd_rand random(7);
  std::size_t found = 0;
  for (int round = 0; round < 200; ++round) {
    Context context;
    for (int i = 0; i < 3; ++i) Fill(context, names, random, 3);
    Context indexed = context;
    indexed.Index();
    const auto place = [](const Context& of, const Attribute* attribute) {
      return attribute == nullptr ? -1 : attribute - of.nodes().data();
    };
    for (const std::string& name : names) {
      CHECK(place(context, context.Find(name)) == place(indexed, indexed.Find(name)));
      found += context.Find(name) != nullptr ? 1U : 0U;
      for (const std::string& owner : names) {
        const Attribute* const object = context.Find(owner);
        if (object == nullptr) continue;
        const Attribute* const same = indexed.Find(owner);
        CHECK(place(context, Context::Member(*object, name)) ==
              place(indexed, indexed.FindMember(*same, name)));
      }
    }
  }
  CHECK(found > 1'000);
}

TEST_CASE("a context that is filled again forgets its index") {
  Context context;
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) names.push_back("n" + std::to_string(i));
  for (const std::string& name : names) context.AddInt(name, 1);
  context.Index();
  REQUIRE(context.Find("n50") != nullptr);
  context.Clear();
  CHECK(context.Find("n50") == nullptr);
  context.AddInt("n50", 2);
  CHECK(context.Find("n50")->integer() == 2);
}

}  // namespace pennon::model
