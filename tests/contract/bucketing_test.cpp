// The vectors of tests/contract/bucketing.json, made by another implementation of
// docs/evaluation.md.
#include <doctest/doctest.h>

#include <charconv>

#include "base/file.h"
#include "client/context.h"
#include "engine/bucket.h"
#include "wire/json.h"

namespace pennon::test {

TEST_CASE("bucketing gives the published hashes and positions") {
  const auto text =
      base::ReadFile(std::string(PENNON_SOURCE_DIR) + "/tests/contract/bucketing.json", 1U << 20U);
  REQUIRE(text.has_value());
  const auto file = wire::ReadJson(*text);
  REQUIRE(file.has_value());
  const auto* vectors = file->Find("vectors")->AsArray();
  REQUIRE(vectors->size() >= 10);
  for (const model::Value& vector : *vectors) {
    std::string shown;
    AppendJson(shown, vector);
    CAPTURE(shown);
    client::Context context;
    context.SetJson("value", *vector.Find("value"));
    engine::Murmur3 hash =
        engine::BucketPrefix(*vector.Find("salt")->AsString(), *vector.Find("purpose")->AsString());
    REQUIRE(engine::HashSubject(hash, *context.view().Find("value")));
    CHECK(std::int64_t{hash.Finish()} == *vector.Find("hash")->AsInt());
    for (const auto& [total_text, position] : *vector.Find("positions")->AsObject()) {
      std::uint32_t total = 0;
      std::from_chars(total_text.data(), total_text.data() + total_text.size(), total);
      CHECK(std::int64_t{engine::BucketPosition(hash.Finish(), total)} == *position.AsInt());
    }
  }
}

TEST_CASE("the subject hash tells values apart that look alike") {
  const auto hash_of = [](const model::Value& value) {
    client::Context context;
    context.SetJson("value", value);
    engine::Murmur3 hash = engine::BucketPrefix("salt", engine::kPurposeSplit);
    REQUIRE(engine::HashSubject(hash, *context.view().Find("value")));
    return hash.Finish();
  };
  CHECK(hash_of(1) == hash_of(1.0));
  CHECK(hash_of(1) != hash_of("1"));
  CHECK(hash_of(1) != hash_of(true));
  CHECK(engine::BucketPrefix("ab", "c").Finish() != engine::BucketPrefix("a", "bc").Finish());
}

TEST_CASE("null, arrays, objects and the empty string identify nobody") {
  for (const model::Value& value : {model::Value(), model::Value(""), model::Value(model::Array{1}),
                                    model::Value(model::Object{})}) {
    client::Context context;
    context.SetJson("value", value);
    engine::Murmur3 hash;
    CHECK_FALSE(engine::HashSubject(hash, *context.view().Find("value")));
  }
}

}  // namespace pennon::test
