// From evaluations on a worker to batches that are to be reported.
#include <doctest/doctest.h>

#include "daemon/usage_counter.h"
#include "daemon/usage_spool.h"
#include "engine/compile.h"
#include "engine/evaluate.h"
#include "model/context.h"
#include "tests/support/temp_dir.h"
#include "wire/flag_definition.h"
#include "wire/json.h"

namespace pennon::daemon {
namespace {

constexpr base::WallMillis kHour = 3'600'000;

serving::Published PublishedOf(int flags) {
  model::FlagSet set;
  set.environment = "production";
  for (int i = 0; i < flags; ++i) {
    const auto definition = wire::ReadJson(
        R"({"type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}],)"
        R"("default":{"variant":"on"}})");
    set.flags.push_back(*wire::ReadFlag("f" + std::to_string(10'000 + i), *definition));
  }
  serving::Published published;
  published.environment = "production";
  published.image = *serving::AttachedImage::Make(engine::Compile(set)->image);
  return published;
}

model::Evaluation EvaluationOf(const serving::Published& published, engine::FlagHandle flag) {
  return engine::Evaluate(published.image->snapshot(), flag, model::Context(), {});
}

struct Fixture {
  void Count(const serving::Published& published, std::uint32_t index, std::uint64_t times = 1) {
    const engine::FlagHandle flag = published.image->snapshot().At(index);
    const model::Evaluation evaluation = EvaluationOf(published, flag);
    counter.Count(published, flag, evaluation.variant, evaluation.reason, times);
  }
  void Take(base::WallMillis now) {
    for (const UsageTable& table : tables) spool.Add(table, now);
    tables.clear();
  }
  Cache OpenCache() {
    return std::move(*Cache::Open({dir.File("cache.db"), "production", "http://store", 3}, log));
  }

  test::TempDir dir;
  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
  std::vector<UsageTable> tables;
  UsageCounter counter{[this](UsageTable table) { tables.push_back(std::move(table)); }};
  UsageSpool spool{nullptr};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "every evaluation is counted once, whatever the number of flags") {
  const auto published = PublishedOf(2'000);
  for (std::uint32_t i = 0; i < 2'000; ++i) Count(published, i, 2);
  counter.Flush();
  REQUIRE(tables.size() == 1);
  CHECK(tables[0].used == 2'000);
  counter.Flush();
  CHECK(tables.size() == 1);  // there was nothing more
  Take(kHour);
  spool.CloseOpen(kHour, false);
  REQUIRE(spool.waiting() == 1);
  CHECK(spool.closed()[0].evaluations == 4'000);
  CHECK(spool.closed()[0].counts.starts_with(
      R"([{"flag":"f10000","variant":"on","reason":"STATIC","evaluations":2},{"flag":"f10001")"));
}

TEST_CASE_FIXTURE(Fixture, "a variant is counted by each reason that it was answered for") {
  const auto published = PublishedOf(300);
  for (std::uint32_t i = 0; i < 300; ++i) {
    const engine::FlagHandle flag = published.image->snapshot().At(i);
    const std::string_view variant = EvaluationOf(published, flag).variant;
    counter.Count(published, flag, variant, model::Reason::kSplit, 2);
    counter.Count(published, flag, variant, model::Reason::kTargetingMatch, 3);
    counter.Count(published, flag, variant, model::Reason::kSplit, 4);
  }
  counter.Flush();
  REQUIRE(tables.size() == 1);
  CHECK(tables[0].used == 600);
  Take(kHour);
  spool.CloseOpen(kHour, false);
  REQUIRE(spool.waiting() == 1);
  CHECK(spool.closed()[0].counts.starts_with(
      R"([{"flag":"f10000","variant":"on","reason":"TARGETING_MATCH","evaluations":3},)"
      R"({"flag":"f10000","variant":"on","reason":"SPLIT","evaluations":6},{"flag":"f10001")"));
}

TEST_CASE_FIXTURE(Fixture, "an image that is replaced is handed over with its counts") {
  const auto first = PublishedOf(2);
  const auto second = PublishedOf(3);
  Count(first, 0);
  Count(second, 0, 3);
  REQUIRE(tables.size() == 1);
  CHECK(tables[0].image == first.image);
  counter.Flush();
  Take(kHour);
  spool.CloseOpen(kHour, false);
  REQUIRE(spool.waiting() == 1);
  CHECK(spool.closed()[0].counts ==
        R"([{"flag":"f10000","variant":"on","reason":"STATIC","evaluations":4}])");
}

TEST_CASE_FIXTURE(Fixture,
                  "counts that no honest client makes stop where the store still takes them") {
  const auto published = PublishedOf(2);
  for (int i = 0; i < 3; ++i) {
    Count(published, 0, UINT64_MAX / 2);
    counter.Flush();
    Take(kHour);
  }
  Count(published, 1, 3);
  counter.Flush();
  Take(kHour);
  spool.CloseOpen(kHour, false);
  REQUIRE(spool.waiting() == 1);
  CHECK(kMaxUsageCount <= INT64_MAX >> 16);  // the limit of the store
  CHECK(spool.closed()[0].evaluations == kMaxUsageCount + 3);
}

TEST_CASE_FIXTURE(Fixture, "hours are kept apart, and only a past one is closed when asked so") {
  const auto published = PublishedOf(1);
  Count(published, 0);
  counter.Flush();
  Take(5 * kHour + 10);
  spool.CloseOpen(5 * kHour + 20, true);
  CHECK(spool.waiting() == 0);
  Count(published, 0);
  counter.Flush();
  Take(6 * kHour);
  spool.CloseOpen(6 * kHour + 20, false);
  REQUIRE(spool.waiting() == 2);
  CHECK(spool.closed()[0].hour == 5 * kHour);
  CHECK(spool.closed()[1].hour == 6 * kHour);
  CHECK(spool.closed()[0].id != spool.closed()[1].id);
}

TEST_CASE_FIXTURE(Fixture, "more than a batch holds makes several, more than the spool is lost") {
  const auto published = PublishedOf(static_cast<int>(kMaxBatchCounts) + 1);
  for (std::uint32_t i = 0; i <= kMaxBatchCounts; ++i) Count(published, i);
  counter.Flush();
  Take(kHour);
  spool.CloseOpen(kHour, false);
  REQUIRE(spool.waiting() == 2);
  CHECK(spool.closed()[1].evaluations == 1);
  for (std::size_t i = 0; i < kMaxBatches; ++i) {
    Count(published, 0);
    counter.Flush();
    Take(kHour);
    spool.CloseOpen(kHour, false);
  }
  CHECK(spool.waiting() == kMaxBatches);
  CHECK(spool.lost() == kMaxBatchCounts + 1);
}

TEST_CASE_FIXTURE(Fixture, "a batch that is dropped while it is sent takes no other one along") {
  const auto published = PublishedOf(1);
  const auto close_one = [&] {
    Count(published, 0);
    counter.Flush();
    Take(kHour);
    spool.CloseOpen(kHour, false);
  };
  for (std::size_t i = 0; i < kMaxBatches; ++i) close_one();
  const std::string sent = spool.closed()[0].id;
  const std::string next = spool.closed()[1].id;
  close_one();  // one too many
  CHECK(spool.lost() == 1);
  spool.Remove(sent);
  CHECK(spool.waiting() == kMaxBatches);
  CHECK(spool.closed()[0].id == next);
  spool.Lose(next);
  CHECK(spool.lost() == 2);
}

TEST_CASE_FIXTURE(Fixture, "closed batches survive, under their ids, until they are removed") {
  const auto published = PublishedOf(1);
  std::string id;
  {
    CacheWriter cache(OpenCache(), log);
    UsageSpool kept(&cache);
    Count(published, 0, 7);
    counter.Flush();
    kept.Add(tables[0], kHour);
    kept.CloseOpen(kHour, false);
    id = kept.closed()[0].id;
  }
  {
    CacheWriter cache(OpenCache(), log);
    UsageSpool kept(&cache);
    kept.Load();
    REQUIRE(kept.waiting() == 1);
    CHECK(kept.closed()[0].id == id);
    CHECK(kept.closed()[0].evaluations == 7);
    kept.Remove(id);
    CHECK(kept.lost() == 0);
  }
  CacheWriter cache(OpenCache(), log);
  UsageSpool kept(&cache);
  kept.Load();
  CHECK(kept.waiting() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a batch that the disk did not take when it was closed is kept later") {
  const auto published = PublishedOf(1);
  {
    CacheWriter cache(OpenCache(), log);
    UsageSpool kept(&cache);
    const auto execute = [&](const std::string& sql) {
      REQUIRE(cache.Run([&](Cache& of) { return of.database()->Execute(sql); }));
    };
    for (const char* writes : {"PRAGMA query_only=ON", "PRAGMA query_only=OFF"}) {
      execute(writes);
      Count(published, 0, 7);
      counter.Flush();
      kept.Add(tables[0], kHour);
      kept.CloseOpen(kHour, false);
    }
    kept.KeepAll();
  }
  CacheWriter cache(OpenCache(), log);
  UsageSpool kept(&cache);
  kept.Load();
  CHECK(kept.waiting() == 2);
}

}  // namespace pennon::daemon
