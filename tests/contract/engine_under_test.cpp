#include "tests/contract/engine_under_test.h"

#include <doctest/doctest.h>

#include "base/clock.h"
#include "client/context.h"
#include "engine/compile.h"
#include "engine/explain.h"
#include "wire/native_document.h"

namespace pennon::test {

AlignedImage::AlignedImage(engine::ImageBytes bytes) : image(std::move(bytes)) {
  auto attached = engine::Snapshot::Attach(image);
  REQUIRE_MESSAGE(attached.has_value(), (attached ? "" : attached.error().Message()));
  snapshot = *attached;
}

engine::ImageBytes CompileDocument(const std::string& document) {
  auto set = wire::ReadNativeDocument(document);
  REQUIRE_MESSAGE(set.has_value(), (set ? "" : set.error().Message()));
  auto compiled = engine::Compile(*set);
  REQUIRE(compiled.has_value());
  return std::move(compiled->image);
}

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

void CheckRow(std::string_view way, const Row& row, const Expected& got) {
  CHECK_MESSAGE(got == row.expected, way, ": ", row.name, "\n  expected ", Describe(row.expected),
                "\n  got      ", Describe(got));
}

}  // namespace pennon::test
