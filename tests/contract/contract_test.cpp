// Runs every row through every way in; all must give the row's answer.
#include <doctest/doctest.h>

#include "tests/contract/contract_rows.h"
#include "tests/contract/daemon_under_test.h"
#include "tests/contract/engine_under_test.h"

namespace pennon::test {
TEST_CASE("every row is answered alike by the engine and over every way into the daemon") {
  const auto files = LoadRowFiles();
  REQUIRE(!files.empty());
  for (const RowFile& file : files) {
    CAPTURE(file.name);
    REQUIRE(!file.rows.empty());
    const AlignedImage image(CompileDocument(file.document));
    DaemonUnderTest daemon(file.document);
    for (const Row& row : file.rows) {
      CheckRow("engine", row, AskEngine(image, row));
      CheckRow("frames, batch", row, daemon.AskFramesBatch(row));
      CheckRow("OFREP", row, daemon.AskOfrep(row));
      CheckRow("OFREP, bulk", row, daemon.AskOfrepBulk(row));
      CheckRow("/evaluate", row, daemon.AskEvaluate(row));
      // The typed call answers a scalar flag with a type mismatch when an object is asked for.
      const bool is_object = !row.expected.has_value || row.expected.value_json.front() == '{' ||
                             row.expected.value_json.front() == '[';
      if (is_object) CheckRow("frames", row, daemon.AskFrames(row));
    }
  }
}

}  // namespace pennon::test
