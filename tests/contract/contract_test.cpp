// Runs every row through every way in; all must give the row's answer.
#include <doctest/doctest.h>

#include "base/clock.h"
#include "client/context.h"
#include "engine/compile.h"
#include "engine/explain.h"
#include "tests/contract/contract_rows.h"
#include "tests/contract/daemon_under_test.h"
#include "wire/evaluation_json.h"
#include "wire/json.h"
#include "wire/native_document.h"

namespace pennon::test {
namespace {

struct AlignedImage {
  explicit AlignedImage(const std::string& document) {
    auto set = wire::ReadNativeDocument(document);
    REQUIRE_MESSAGE(set.has_value(), set.error().Message());
    auto compiled = engine::Compile(*set);
    REQUIRE(compiled.has_value());
    image = std::move(compiled->image);
    auto attached = engine::Snapshot::Attach(image);
    REQUIRE_MESSAGE(attached.has_value(), attached.error().Message());
    snapshot = *attached;
  }
  engine::ImageBytes image;
  engine::Snapshot snapshot;
};

Expected AskEngine(const AlignedImage& image, const Row& row) {
  client::Context context;
  for (const auto& [name, value] : *row.context.AsObject()) context.SetJson(name, value);
  const engine::Moment moment{base::SystemClock().Wall()};
  const auto evaluation = engine::Evaluate(image.snapshot, row.flag, context.view(), moment);
  const auto explained = engine::Explain(image.snapshot, row.flag, context.view(), moment);
  CHECK(explained.evaluation == evaluation);
  Expected got;
  got.has_value = evaluation.has_value;
  got.value_json = evaluation.value_json;
  got.variant = evaluation.variant;
  got.reason = Name(evaluation.reason);
  got.error_code = Name(evaluation.error);
  got.kind = Name(evaluation.kind);
  return got;
}

void Check(std::string_view way, const Row& row, const Expected& got) {
  CHECK_MESSAGE(got == row.expected, way, ": ", row.name, "\n  expected ", Describe(row.expected),
                "\n  got      ", Describe(got));
}

}  // namespace

TEST_CASE("every row is answered alike by the engine and over every way into the daemon") {
  const auto files = LoadRowFiles();
  REQUIRE(!files.empty());
  for (const RowFile& file : files) {
    CAPTURE(file.name);
    REQUIRE(!file.rows.empty());
    const AlignedImage image(file.document);
    DaemonUnderTest daemon(file.document);
    for (const Row& row : file.rows) {
      Check("engine", row, AskEngine(image, row));
      Check("frames, batch", row, daemon.AskFramesBatch(row));
      Check("OFREP", row, daemon.AskOfrep(row));
      Check("OFREP, bulk", row, daemon.AskOfrepBulk(row));
      Check("/evaluate", row, daemon.AskEvaluate(row));
      // The typed call answers a scalar flag with a type mismatch when an object is asked for.
      const bool is_object = !row.expected.has_value || row.expected.value_json.front() == '{' ||
                             row.expected.value_json.front() == '[';
      if (is_object) Check("frames", row, daemon.AskFrames(row));
    }
  }
}

}  // namespace pennon::test
