// Beside the readers, because they are the shortest way to a flag set.
#include "model/flag_changes.h"

#include <doctest/doctest.h>

#include "wire/native_document.h"

namespace pennon::model {
namespace {

constexpr std::string_view kOff =
    R"({"type":"boolean","variants":[{"key":"v","value":false}],"default":{"variant":"v"}})";
constexpr std::string_view kOn =
    R"({"type":"boolean","variants":[{"key":"v","value":true}],"default":{"variant":"v"}})";

std::string Using(std::string_view condition) {
  return R"({"type":"boolean","variants":[{"key":"v","value":true}],"rules":[{"when":)" +
         std::string(condition) + R"(,"serve":{"variant":"v"}}]})";
}

FlagSet SetOf(const std::string& flags, const std::string& segments = "") {
  auto set = wire::ReadNativeDocument(R"({"environment":"e","flags":{)" + flags +
                                      R"(},"segments":{)" + segments + "}}");
  REQUIRE(set.has_value());
  return *set;
}

std::string Named(std::string_view key, std::string_view definition) {
  return '"' + std::string(key) + "\":" + std::string(definition);
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("flags that came, went and are defined otherwise have changed, and no others") {
  const auto before =
      SetOf(Named("same", kOn) + ',' + Named("other", kOn) + ',' + Named("gone", kOn));
  const auto after =
      SetOf(Named("other", kOff) + ',' + Named("new", kOn) + ',' + Named("same", kOn));
  CHECK(ChangedFlags(before, after, 10) == Keys{"gone", "new", "other"});
  CHECK(ChangedFlags(before, before, 10) == Keys{});
  CHECK(ChangedFlags(before, after, 3).has_value());
  CHECK_FALSE(ChangedFlags(before, after, 2).has_value());
}

TEST_CASE("who uses a changed segment or flag, however indirectly, has changed as well") {
  const std::string flags =
      Named("direct", Using(R"({"segment":"s"})")) + ',' +
      Named("deep", Using(R"({"all":[{"not":{"any":[{"segment":"outer"}]}}]})")) + ',' +
      Named("apart", Using(R"({"segment":"t"})")) + ',' +
      Named("needs", R"({"type":"boolean","variants":[{"key":"v","value":true}],)"
                     R"("prerequisites":[{"flag":"direct","variants":["v"]}]})") +
      ',' +
      Named("needs-needs", R"({"type":"boolean","variants":[{"key":"v","value":true}],)"
                           R"("prerequisites":[{"flag":"needs","variants":["v"]}]})");
  const auto segments = [](const std::string& who) {
    return R"("s":{"included":[")" + who + R"("]},"t":{"included":["x"]},)" +
           R"("outer":{"when":{"segment":"s"}})";
  };
  const auto before = SetOf(flags, segments("ann"));
  CHECK(ChangedFlags(before, SetOf(flags, segments("bob")), 10) ==
        Keys{"deep", "direct", "needs", "needs-needs"});
  CHECK(ChangedFlags(before, SetOf(flags, segments("ann")), 10) == Keys{});
}

TEST_CASE("a definition that could not be read counts as changed") {
  const auto before = SetOf(Named("f", kOn));
  const auto after = SetOf(Named("f", R"({"type":"colour"})"));
  CHECK(ChangedFlags(before, after, 10) == Keys{"f"});
  CHECK(ChangedFlags(after, after, 10) == Keys{"f"});
}

}  // namespace pennon::model
