#include "wire/sync_document.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "wire/json.h"

namespace pennon::wire {
namespace {

std::vector<SyncLine> Lines() {
  const auto flag = [](const char* key) {
    return MakeSyncLine(
        LineKind::kFlag, key,
        *ReadJson(R"({"type":"boolean","variants":[{"key":"v","value":true}]})")->AsObject());
  };
  return {flag("b"), flag("a"), MakeSyncLine(LineKind::kSegment, "a", {})};
}

std::string Body() {
  return WriteSyncDocument({"production", 7, 12, 0, 0, ""}, Lines());
}

}  // namespace

TEST_CASE("a document reads back as it was written") {
  const auto document = ReadSyncDocument(Body());
  REQUIRE_MESSAGE(document.has_value(), document.error().Message());
  CHECK(document->head.environment == "production");
  CHECK(document->head.epoch == 7);
  CHECK(document->head.revision == 12);
  CHECK(document->head.flags == 2);
  CHECK(document->head.segments == 1);
  CHECK(document->lines[0].bytes() == Lines()[0].bytes());
  const model::FlagSet set = ReadDefinitions(document->head, document->lines);
  CHECK(set.flags.size() == 2);
  CHECK(set.segments.size() == 1);
  CHECK(set.broken_flags.empty());
}

TEST_CASE("the set's digest does not depend on the order of the lines") {
  std::vector<SyncLine> lines = Lines();
  const std::string digest = SetDigest(lines);
  std::reverse(lines.begin(), lines.end());
  CHECK(SetDigest(lines) == digest);
  lines[0] = MakeSyncLine(lines[0].kind(), lines[0].key(), {{"surprise", model::Value(1)}});
  CHECK(SetDigest(lines) != digest);
}

TEST_CASE("a body that was cut off anywhere is refused") {
  const std::string body = Body();
  for (std::size_t size = 0; size + 1 < body.size(); ++size) {
    CHECK_FALSE(ReadSyncDocument(body.substr(0, size)).has_value());
  }
}

TEST_CASE("a changed byte in any line is noticed") {
  const std::string body = Body();
  for (std::size_t i = body.find('\n') + 1; i < body.size(); ++i) {
    std::string changed = body;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK_FALSE(ReadSyncDocument(changed).has_value());
  }
}

TEST_CASE("a head says of which epoch and revision it is") {
  const std::string body = Body();
  for (const std::string member : {"epoch", "revision"}) {
    const std::size_t begin = body.find('"' + member + "\":") + member.size() + 3;
    std::string unsaid = body;
    unsaid.replace(begin, body.find(',', begin) - begin, "null");
    const auto document = ReadSyncDocument(unsaid);
    REQUIRE(!document);
    CHECK(document.error().Message() == "head." + member + ": is missing, expected a whole number");
  }
}

TEST_CASE("a line that is no definition is broken alone") {
  std::vector<SyncLine> lines = Lines();
  lines.push_back(MakeSyncLine(LineKind::kFlag, "c", {{"surprise", model::Value(1)}}));
  const auto document = ReadSyncDocument(WriteSyncDocument({"e", 1, 1, 0, 0, ""}, lines));
  REQUIRE(document);
  const model::FlagSet set = ReadDefinitions(document->head, document->lines);
  CHECK(set.flags.size() == 2);
  REQUIRE(set.broken_flags.size() == 1);
  CHECK(set.broken_flags[0].key == "c");
}

}  // namespace pennon::wire
