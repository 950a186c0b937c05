// A patched image answers as the compiled one does; what a patch cannot express is declined.
#include "engine/patch.h"

#include <random>

#include "tests/unit/engine/engine_fixture.h"
#include "wire/evaluation_json.h"

namespace pennon::test {
namespace {

constexpr int kFlags = 40;
constexpr int kRounds = 300;

const std::string kSegments =
    R"({"staff":{"included":["anna"],"when":{"attr":"mail","op":"endsWith","values":["@a.b"]}},
        "none":{}})";

std::string Number(std::uint32_t number) {
  return std::to_string(number);
}

// One of many definitions: its conditions draw on every table of an image.
std::string FlagText(std::uint32_t kind, bool has_prerequisite) {
  const std::string leaf[] = {
      R"({"attr":"country","op":"in","values":["DE","FR",")" + Number(kind) + R"("]})",
      R"({"attr":"mail","op":"regex","values":["^a{)" + Number(kind % 7) + R"(}"]})",
      R"({"segment":"staff"})",
      R"({"attr":"app/version","op":"semverCaret","values":["1.)" + Number(kind % 5) + R"(.0"]})",
      R"({"attr":"age","op":"gt","values":[)" + Number(kind % 90) + "]}",
  };
  std::string many;
  for (std::uint32_t i = 0; i < 100; ++i)
    many += (i == 0 ? "\"u" : ",\"u") + Number(i * kind) + '"';
  return R"({"type":"string","salt":"s)" + Number(kind) + R"(","variants":[{"key":"a","value":"A)" +
         Number(kind % 3) +
         R"("},{"key":"b","value":"a text too long to be stored in a literal"}],)" +
         (has_prerequisite ? R"("prerequisites":[{"flag":"f00","variants":["a"]}],)" : "") +
         R"("targets":[{"values":[)" + many + R"(],"variant":"b"}],"rules":[{"id":"r)" +
         Number(kind) + R"(","when":)" + leaf[kind % 5] +
         R"(,"serve":{"variant":"a"}},{"id":"logic","serve":{"jsonlogic":{"if":[{"==":[{"var":"country"},"US"]},"a","b"]}},
            "gate":{"percent":)" +
         Number(kind % 100) + R"(}}],"default":{"split":{"weights":[{"variant":"a","weight":)" +
         Number(1 + kind % 50) + R"(},{"variant":"b","weight":50}]}},"offVariant":"b","enabled":)" +
         (kind % 8 == 0 ? "false" : "true") + '}';
}

std::string KeyOf(int index) {
  return (index < 10 ? "f0" : "f") + std::to_string(index);
}

std::shared_ptr<const model::Flag> ReadFlag(int index, std::uint32_t kind) {
  // The first flag is the others' prerequisite; some have it.
  const std::string text = FlagText(kind, index > 0 && index % 10 == 0);
  model::FlagSet set = ReadSet("{\"" + KeyOf(index) + "\":" + text + '}', kSegments);
  REQUIRE_MESSAGE(set.flags.size() == 1, set.broken_flags.front().error.Message());
  return set.flags.front();
}

std::vector<client::Context> Contexts() {
  std::vector<client::Context> contexts(4);
  contexts[1] = client::Context("anna");
  contexts[1].Set("country", "DE");
  contexts[1].Set("mail", "aaaa@a.b");
  contexts[2] = client::Context("u39");
  contexts[3] = client::Context("u-else");
  contexts[3].Set("country", "US");
  contexts[3].Set("age", 47);
  return contexts;
}

std::string AnswersOf(const engine::Snapshot& snapshot) {
  static const std::vector<client::Context> contexts = Contexts();
  std::string answers = std::to_string(snapshot.revision());
  for (std::uint32_t i = 0; i < snapshot.flag_count(); ++i) {
    for (const client::Context& context : contexts) {
      const std::string_view key = snapshot.Key(snapshot.At(i));
      const auto evaluation = engine::Evaluate(snapshot, key, context.view(), {0});
      wire::AppendOfrepEvaluation(answers, key, evaluation);
    }
  }
  return answers;
}

// A set, its image and what is needed to patch it.
struct Stage {
  explicit Stage(model::FlagSet flags) : set(std::move(flags)) {
    auto compiled = *engine::Compile(set);
    diagnostics = std::move(compiled.diagnostics);
    image = std::move(compiled.image);
    compact_size = image.size();
    snapshot = *engine::Snapshot::Attach(image);
  }
  [[nodiscard]] std::optional<engine::PatchedImage> Patch(const model::FlagSet& next) const {
    return engine::Patch({set, snapshot, diagnostics, compact_size}, next);
  }
  void Adopt(model::FlagSet next, engine::PatchedImage patched) {
    set = std::move(next);
    const auto verified = engine::Snapshot::Attach(patched.image);  // everything in it
    REQUIRE_MESSAGE(verified.has_value(), verified.error().Message());
    auto attached = engine::Snapshot::AttachPatched(patched.image, snapshot, patched.changed);
    REQUIRE_MESSAGE(attached.has_value(), attached.error().Message());
    snapshot = *std::move(attached);
    image = std::move(patched.image);
  }

  model::FlagSet set;
  engine::ImageBytes image;
  engine::Snapshot snapshot;
  std::vector<model::Diagnostic> diagnostics;
  std::size_t compact_size = 0;
};

model::FlagSet FirstSet() {
  model::FlagSet set = ReadSet("{}", kSegments);
  for (int i = 0; i < kFlags; ++i) set.flags.push_back(ReadFlag(i, static_cast<std::uint32_t>(i)));
  return set;
}

bool CanPatch(const std::string& changed) {
  model::FlagSet set = FirstSet();
  const Stage stage(set);
  set.flags.Set(1, ReadSet(R"({"f01":)" + changed + '}', kSegments).flags.front());
  return stage.Patch(set).has_value();
}

}  // namespace

TEST_CASE("through hundreds of changes a patched image answers as a compiled one") {
  std::mt19937 source(20261123);
  const auto below = [&](std::uint32_t limit) {
    return static_cast<std::uint32_t>(source()) % limit;
  };
  Stage stage(FirstSet());
  int patches = 0;
  for (int round = 0; round < kRounds; ++round) {
    model::FlagSet next = stage.set;
    ++next.revision;
    for (std::uint32_t changes = 1 + below(3); changes > 0; --changes) {
      const int index = static_cast<int>(below(kFlags));
      next.flags.Set(static_cast<std::size_t>(index), ReadFlag(index, below(10'000)));
    }
    auto patched = stage.Patch(next);
    Stage compiled(next);
    REQUIRE_FALSE(compiled.diagnostics.size() > 0);
    if (!patched) {
      stage = std::move(compiled);
      continue;
    }
    ++patches;
    stage.Adopt(next, *std::move(patched));
    REQUIRE(AnswersOf(stage.snapshot) == AnswersOf(compiled.snapshot));
  }
  CHECK(patches > kRounds / 3);
  CHECK(patches < kRounds);  // a changed flag with a prerequisite, or an image that has grown
}

TEST_CASE("a patch is declined where more than the changed flag could be touched") {
  const std::string variants = R"("type":"string","variants":[{"key":"a","value":"1"},)";
  const std::string same = variants + R"({"key":"b","value":"2"}])";
  CHECK(CanPatch('{' + same + '}'));
  CHECK_FALSE(CanPatch('{' + variants + R"({"key":"c","value":"2"}]})"));  // others may name "b"
  CHECK_FALSE(CanPatch('{' + same + R"(,"prerequisites":[{"flag":"f00"}]})"));
  CHECK_FALSE(
      CanPatch('{' + same + R"(,"rules":[{"when":{"segment":"gone"},"serve":{"variant":"a"}}]})"));
  CHECK_FALSE(CanPatch('{' + same + R"(,"default":{"variant":"gone"}})"));
}

TEST_CASE("a patch is declined when flags come, go or break, or segments change") {
  const model::FlagSet first = FirstSet();
  const Stage stage(first);
  model::FlagSet set = first;
  CHECK(stage.Patch(set).has_value());
  EraseIf(set.flags, [](const auto& flag) { return flag->key == "f39"; });
  CHECK_FALSE(stage.Patch(set).has_value());
  set = first;
  set.broken_flags.push_back({"f99", base::Error::Invalid("flags", "is torn")});
  CHECK_FALSE(stage.Patch(set).has_value());
  set = first;
  EraseIf(set.segments, [](const auto& segment) { return segment->key == "none"; });
  CHECK_FALSE(stage.Patch(set).has_value());
}

}  // namespace pennon::test
