// A cache whose file is there at the start, and does not give all that is in it.
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "tests/unit/daemon/bad_disk.h"
#include "tests/unit/daemon/environment_fixture.h"

namespace pennon::daemon {
namespace {

constexpr std::size_t kBigBytes = std::size_t{8} << 20U;
constexpr std::int64_t kSpareBytes = std::int64_t{1} << 20U;
constexpr off_t kSmallBytes = off_t{1} << 20U;  // of a file of big sets, all that is not big
constexpr off_t kEnd = std::numeric_limits<off_t>::max();

/// Three flags, and a line that cannot be read while memory is scarce. No image is kept of it, as
/// the line is quarantined.
std::vector<SyncLine> BigSet(int value = 1) {
  auto lines = Flags(3, value);
  lines.push_back(
      MakeSyncLine(LineKind::kSegment, "big", {{"surprise", std::string(kBigBytes, 'x')}}));
  return lines;
}

/// What is big is not given while memory is scarce, nor while its part of the disk is bad.
struct UnreadFixture : EnvironmentFixture {
  UnreadFixture() {
    config.cache_path = dir.File("disk/cache.db");
    std::filesystem::create_directory(dir.File("disk"));
    Restart();
  }
  ~UnreadFixture() { Mend(); }
  UnreadFixture(const UnreadFixture&) = delete;
  UnreadFixture& operator=(const UnreadFixture&) = delete;

  void End() {
    environment->Stop();
    environment.reset();
  }
  void Fail() { sqlite3_hard_heap_limit64(sqlite3_memory_used() + kSpareBytes); }
  void Mend() { sqlite3_hard_heap_limit64(0); }
  void StartUnread() {
    End();
    Fail();
    StartLate();
  }
  void StartOnBadDisk(off_t from) {
    End();
    disk.emplace(from, kEnd, ETIMEDOUT);
    StartLate();
  }
  void StartLate() {
    Restart();
    CHECK_FALSE(environment->state().cache_ok);
  }
  /// Makes the marks as a whole unreadable, by one that means nothing.
  void GrowMarks() {
    End();
    REQUIRE(base::Sqlite::Open(config.cache_path, false)
                ->Execute("INSERT OR REPLACE INTO mark VALUES ('serving', hex(zeroblob(" +
                          std::to_string(kBigBytes) + ")))"));
    Restart();
  }
  void Settle() {
    environment->EverySecond();
    CHECK(environment->cache()->Run([](Cache&) { return base::Result<void>(); }));
  }
  /// Long enough for an attempt, which takes two seconds' turns.
  void Pass() {
    clock.now += 60'000;
    Settle();
    Settle();
  }
  [[nodiscard]] bool IsMovedAside() const {
    return std::filesystem::exists(config.cache_path + ".aside");
  }

  std::optional<BadDisk> disk;
};

}  // namespace

TEST_CASE_FIXTURE(UnreadFixture, "a file that is given again after a minute is not given up") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(environment->Pin(""));
  StartOnBadDisk(kSmallBytes);
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  CHECK(revision() == 2);
  SUBCASE("at once") {}
  SUBCASE("after its folder was away") {
    std::filesystem::rename(dir.File("disk"), dir.File("away"));
    Pass();
    Pass();
    std::filesystem::rename(dir.File("away"), dir.File("disk"));
  }
  disk.reset();
  Pass();
  CHECK(environment->state().cache_ok);
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
  CHECK(environment->state().newest == "1.2");
  CHECK_FALSE(IsMovedAside());
}

TEST_CASE_FIXTURE(UnreadFixture, "a file that is not given for a minute is moved aside whole") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(environment->Pin(""));
  StartOnBadDisk(kSmallBytes);
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  Pass();
  CHECK(environment->state().cache_ok);
  CHECK(IsMovedAside());
  disk.reset();
  Restart();
  CHECK(revision() == 2);
  End();
  auto aside = base::Sqlite::Open(config.cache_path + ".aside", false);
  REQUIRE(aside);
  auto kept = aside->Prepare(
      "SELECT (SELECT count(*) FROM generation), text FROM mark "
      "WHERE name = 'pinned'");
  REQUIRE(*kept->Step());
  CHECK(kept->Int(0) == 1);
  CHECK(kept->Text(1) == "true");
}

TEST_CASE_FIXTURE(UnreadFixture, "a file is not given up for want of memory") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(environment->Pin(""));
  StartUnread();
  CHECK(environment->state().cache_error.find("memory") != std::string::npos);
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  Pass();
  Pass();
  CHECK_FALSE(IsMovedAside());
  Mend();
  Pass();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
}

TEST_CASE_FIXTURE(UnreadFixture, "an order in force holds while its set is not given again") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(environment->Pin(""));
  REQUIRE(Apply(Full(2, BigSet(2))));
  StartOnBadDisk(kBigBytes + kSmallBytes);
  CHECK(revision() == 1);
  disk.reset();
  SUBCASE("in time") {
    disk.emplace(kSmallBytes, kBigBytes, ETIMEDOUT);
  }
  SUBCASE("ever") {
    disk.emplace(kSmallBytes, kBigBytes, EIO);
  }
  Pass();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
  CHECK(environment->state().newest == "1.2");
  REQUIRE(Apply(Full(3, Flags(3, 3))));
  CHECK(revision() == 1);
}

TEST_CASE_FIXTURE(UnreadFixture, "an order is kept in the file that takes a bad one's place") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(environment->Pin(""));
  REQUIRE(Apply(Full(2, BigSet(2))));
  StartOnBadDisk(kBigBytes + kSmallBytes);
  REQUIRE(Apply(Full(1, BigSet())));
  disk.reset();
  disk.emplace(kSmallBytes, kEnd, ETIMEDOUT);
  Pass();
  CHECK(IsMovedAside());
  CHECK(environment->state().cache_ok);
  disk.reset();
  Restart();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
}

TEST_CASE_FIXTURE(UnreadFixture, "a daemon that ends soon leaves a file that is not given") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(environment->Pin(""));
  StartUnread();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  End();
  Mend();
  Restart();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
}

TEST_CASE_FIXTURE(UnreadFixture, "a set that was loaded is kept when the file is made anew") {
  auto lines = Flags(3);
  bool is_compiled = false;  // of what was loaded, only the image is there
  SUBCASE("whole") {
    lines.push_back(MakeSyncLine(LineKind::kSegment, "broken", {{"surprise", true}}));
  }
  SUBCASE("compiled") {
    is_compiled = true;
  }
  REQUIRE(Apply(Full(1, lines)));
  GrowMarks();
  StartUnread();
  CHECK(environment->state().flags == 3);
  std::filesystem::remove(config.cache_path + "-wal");
  std::ofstream(config.cache_path) << std::string(20'000, 'x');
  Mend();
  Pass();
  CHECK(IsMovedAside());
  CHECK(environment->state().flags == 3);
  if (is_compiled) {
    CHECK(environment->known().since.empty());
    REQUIRE(Apply(Full(1, lines)));
  }
  CHECK(environment->state().cache_ok);
  Restart();
  CHECK(environment->state().flags == 3);
}

TEST_CASE_FIXTURE(UnreadFixture, "an ordered set that is not given serves once it is") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(environment->Pin(""));
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  StartUnread();
  CHECK(revision() == 2);
  CHECK_FALSE(environment->Unpin());
  Mend();
  Pass();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
}

TEST_CASE_FIXTURE(UnreadFixture,
                  "an order that was read once holds while it cannot be read again") {
  REQUIRE(Apply(Full(1, Flags(3))));
  REQUIRE(environment->Pin(""));
  REQUIRE(Apply(Full(2, BigSet(2))));
  StartUnread();
  CHECK(environment->state().pinned);
  Mend();
  REQUIRE(environment->cache()->Run(
      [](Cache& cache) { return cache.SetMark("proved", std::string(kBigBytes, 'x')); }));
  Fail();
  clock.now += 5'000;
  Settle();
  Settle();
  CHECK_FALSE(environment->state().cache_ok);
  CHECK(environment->state().pinned);
  CHECK(revision() == 1);
}

TEST_CASE_FIXTURE(UnreadFixture, "damage of an older set does not cost one that is not given") {
  REQUIRE(Apply(Full(1, Flags(3))));
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  REQUIRE(Apply(Full(3, BigSet(3))));
  End();
  REQUIRE(base::Sqlite::Open(config.cache_path, false)
              ->Execute("UPDATE line SET bytes = 'x' WHERE generation = 2"));
  Restart();
  StartOnBadDisk(kSmallBytes);
  disk.reset();
  Pass();
  CHECK(revision() == 3);
  CHECK_FALSE(IsMovedAside());
}

TEST_CASE_FIXTURE(UnreadFixture, "a set that was given once is not replaced by an older one") {
  REQUIRE(Apply(Full(1, Flags(3))));
  REQUIRE(Apply(Full(2, BigSet(2))));
  GrowMarks();
  StartOnBadDisk(kBigBytes + kSmallBytes);
  CHECK(revision() == 2);
  disk.reset();
  disk.emplace(kSmallBytes, kBigBytes, ETIMEDOUT);
  Pass();
  CHECK(revision() == 2);
}

TEST_CASE_FIXTURE(UnreadFixture, "the set before a suspect serves once it is given") {
  REQUIRE(Apply(Full(1, BigSet())));
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  Fail();
  Crash(2);
  CHECK_FALSE(environment->state().ready);
  Mend();
  Pass();
  CHECK(revision() == 1);
  CHECK(environment->state().cache_ok);
}

TEST_CASE_FIXTURE(UnreadFixture, "a set that was proved good is no suspect once that can be read") {
  REQUIRE(Apply(Full(1, Flags(3))));
  clock.now += 60'000;
  Settle();
  GrowMarks();
  Fail();
  Crash(1);
  CHECK_FALSE(environment->state().ready);
  Mend();
  Pass();
  CHECK(revision() == 1);
  CHECK(environment->state().flags == 3);
  Restart();
  CHECK(revision() == 1);
}

TEST_CASE_FIXTURE(UnreadFixture, "a live set stays as it is while orders cannot be read") {
  REQUIRE(Apply(Full(1, Flags(3))));
  GrowMarks();
  StartUnread();
  CHECK(revision() == 1);
  SUBCASE("confirmed") {
    environment->Confirm();
  }
  SUBCASE("sent anew") {
    REQUIRE(Apply(Full(2, Flags(3, 2))));
  }
  const auto before = environment->published();
  CHECK(before.source == serving::Source::kLive);
  clock.now += 5'000;
  Settle();
  Settle();
  CHECK_FALSE(environment->state().cache_ok);
  CHECK(environment->published().image == before.image);
  CHECK(environment->published().source == serving::Source::kLive);
  CHECK(environment->published().confirmed_at == before.confirmed_at);
  Mend();
  Pass();
  CHECK(environment->state().cache_ok);
  CHECK(environment->published().image == before.image);
  CHECK(environment->published().source == serving::Source::kLive);
  CHECK(environment->published().confirmed_at == before.confirmed_at);
}

}  // namespace pennon::daemon
