// An environment with a cache, and the documents that it is given.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/sqlite.h"
#include "daemon/environment.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_clock.h"
#include "wire/json.h"

namespace pennon::daemon {

using test::TestClock;
using wire::LineKind;
using wire::SyncDocument;
using wire::SyncLine;

inline SyncLine Flag(std::string_view key, int value) {
  const std::string text = R"({"type":"integer","variants":[{"key":"v","value":)" +
                           std::to_string(value) + R"(}],"default":{"variant":"v"}})";
  return MakeSyncLine(LineKind::kFlag, key, *wire::ReadJson(text)->AsObject());
}

inline std::vector<SyncLine> Flags(int count, int value = 1) {
  std::vector<SyncLine> lines;
  for (int i = 0; i < count; ++i) lines.push_back(Flag("f" + std::to_string(1000 + i), value));
  return lines;
}

inline SyncDocument Full(std::uint64_t revision, const std::vector<SyncLine>& lines,
                         std::uint64_t epoch = 1) {
  wire::SyncHead head;
  head.environment = "production";
  head.epoch = epoch;
  head.revision = revision;
  return *wire::ReadSyncDocument(WriteSyncDocument(head, lines));
}

inline SyncDocument Delta(std::uint64_t since, std::uint64_t revision,
                          const std::vector<SyncLine>& changed,
                          const std::vector<wire::LineName>& deleted,
                          const std::vector<SyncLine>& whole) {
  wire::SyncHead head;
  head.environment = "production";
  head.epoch = 1;
  head.revision = revision;
  head.since = since;
  head.set_digest = wire::SetDigest(whole);
  return *wire::ReadSyncDocument(WriteSyncDelta(head, changed, deleted));
}

/// Started anew by Restart, from the same cache.
struct EnvironmentFixture {
  EnvironmentFixture() {
    config.environment = "production";
    config.cache_path = dir.File("cache.db");
    Restart();
  }
  void Restart() {
    if (environment) environment->Stop();
    environment.reset();
    environment.emplace(config, clock, log, publisher);
    REQUIRE(environment->Start());
  }
  /// Restarts from the compiled set, while the cache has damaged definitions of it.
  void LoseDefinitions() {
    environment->Stop();
    environment.reset();
    REQUIRE(base::Sqlite::Open(config.cache_path, false)->Execute("UPDATE line SET bytes = 'x'"));
    Restart();
  }
  /// Ends, and starts after three crashes with the set 1.`revision` in force, as a process that
  /// dies notes them: when, and with which set.
  void Crash(std::int64_t crashed) {
    const std::array<std::int64_t, 3> entry{clock.now, 1, crashed};
    environment->Stop();
    environment.reset();
    std::ofstream file(config.cache_path + ".crashes", std::ios::binary);
    for (int i = 0; i < 3; ++i) {
      file.write(reinterpret_cast<const char*>(entry.data()), sizeof(entry));
    }
    file.close();
    Restart();
  }
  [[nodiscard]] std::uint64_t revision() const { return environment->state().revision; }
  /// Waits for the disk, as sets that come faster than it writes do not all become generations.
  base::Result<void> Apply(SyncDocument document) {
    auto applied = environment->Apply(std::move(document), "\"tag\"");
    if (auto* const cache = environment->cache()) {
      CHECK(cache->Run([](Cache&) { return base::Result<void>(); }));
    }
    return applied;
  }

  test::TempDir dir;
  DaemonConfig config;
  TestClock clock;
  base::Logger log{base::LogLevel::kOff, base::LogFormat::kLogfmt};
  net::WorkerPool pool{1};
  Publisher publisher{pool, {}};
  std::optional<Environment> environment;
};

}  // namespace pennon::daemon
