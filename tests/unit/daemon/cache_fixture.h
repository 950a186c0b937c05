// A cache in a folder of its own, and generations to keep in it.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "base/sqlite.h"
#include "daemon/cache_writer.h"
#include "tests/support/temp_dir.h"

namespace pennon::daemon {

inline Generation MakeGeneration(std::uint64_t revision, int flags = 3) {
  Generation generation;
  generation.head = {"production", 1, revision, 0, 0, ""};
  for (int i = 0; i < flags; ++i) {
    generation.lines.push_back(
        wire::MakeSyncLine(wire::LineKind::kFlag, "f" + std::to_string(i),
                           {{"r", model::Value(static_cast<int>(revision))}}));
  }
  generation.head.set_digest = wire::SetDigest(generation.lines);
  generation.validator = "\"1." + std::to_string(revision) + '"';
  generation.confirmed_at = 1000 + static_cast<std::int64_t>(revision);
  return generation;
}

struct CacheFixture {
  CacheOptions Options() const { return {dir.File("cache.db"), "production", "http://store", 3}; }
  Cache Open() { return std::move(*Cache::Open(Options(), log)); }
  // Runs SQL on the closed file, behind the cache's back.
  void Damage(const std::string& sql) const {
    auto database = base::Sqlite::Open(dir.File("cache.db"), false);
    REQUIRE(database);
    REQUIRE(database->Execute(sql));
  }
  test::TempDir dir;
  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
};

}  // namespace pennon::daemon
