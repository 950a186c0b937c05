// Evaluation must not allocate: this program counts every allocation of the process.
#include <cstdlib>
#include <new>

#include "tests/unit/engine/engine_fixture.h"

namespace {
std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace pennon::test {

TEST_CASE("evaluating allocates nothing, whatever the flag uses") {
  std::string many;
  for (int i = 0; i < 100; ++i) many += (i == 0 ? "\"V" : ",\"V") + std::to_string(i) + '"';
  const Attached set(R"({
    "base": {"type":"boolean","variants":[{"key":"on","value":true}],"default":{"variant":"on"}},
    "all": {"type":"object","variants":[{"key":"a","value":{"x":1}},{"key":"b","value":[]}],
      "prerequisites":[{"flag":"base","variants":["on"]}],
      "targets":[{"variant":"a","values":["nobody"]}],
      "rules":[
        {"when":{"attr":"c","op":"in","values":[)" +
                     many + R"(],"ignoreCase":true},"gate":{"percent":0},
         "serve":{"variant":"a"}},
        {"when":{"all":[{"attr":"/n/m","op":"gt","values":[1]},{"not":{"attr":"t","op":"contains",
          "values":["x"],"ignoreCase":true}}]},"serve":{"split":{"bucketBy":["missing","c"],
          "weights":[{"variant":"a","weight":1},{"variant":"b","weight":1}]}}}],
      "default":{"variant":"a"}}})");
  client::Context context("user-1");
  context.Set("c", "v7").Set("t", "abc").SetJson("n", model::Object{{"m", model::Array{0, 2.5}}});
  REQUIRE(set.Ask("all", context).reason == model::Reason::kSplit);
  const std::size_t before = allocations;
  bool good = true;
  for (int i = 0; i < 100; ++i) {
    good = good && engine::Evaluate(set.snapshot, "all", context.view(), {}).has_value;
    good = good && !engine::Evaluate(set.snapshot, "nope", context.view(), {}).has_value;
  }
  CHECK(allocations == before);
  CHECK(good);
}

TEST_CASE("JSONLogic without texts and lists of its own allocates nothing") {
  const Attached set(R"({
    "flagd": {"type":"string","variants":[{"key":"a","value":"x"},{"key":"b","value":"y"}],"rules":[
      {"serve":{"jsonlogic":{"if":[{"and":[{"in":[{"var":"email"},["a@x.com","b@x.com"]]},
        {"sem_ver":[{"var":"version"},">=","1.2"]},{"<":[1,{"var":"n.m"},3]},
        {"ends_with":[{"var":"email"},"x.com"]},{"in":["@",{"var":"email"}]}]},
        {"fractional":[{"cat":[{"var":"$flagd.flagKey"},{"var":"email"}]},["a",50],["b",50]]},
        null]}}}],"default":{"variant":"a"}},
    "own": {"type":"string","variants":[{"key":"a","value":"x"},{"key":"b","value":"y"}],
      "default":{"jsonlogic":{"fractional":[["a",50],["b",50]]},"fractional":3}}})");
  client::Context context("user-1");
  context.Set("email", "a@x.com").Set("version", "2.0.0").SetJson("n", model::Object{{"m", 2}});
  REQUIRE(set.Ask("flagd", context).reason == model::Reason::kTargetingMatch);
  REQUIRE(set.Ask("own", context).reason == model::Reason::kTargetingMatch);
  const std::size_t before = allocations;
  bool good = true;
  for (int i = 0; i < 100; ++i) {
    good = good && engine::Evaluate(set.snapshot, "flagd", context.view(), {}).has_value;
    good = good && engine::Evaluate(set.snapshot, "own", context.view(), {}).has_value;
  }
  CHECK(allocations == before);
  CHECK(good);
}

}  // namespace pennon::test
