// What the cache does where a disk, or memory, is not to be had.
#include <sqlite3.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <optional>

#include "tests/unit/daemon/bad_disk.h"
#include "tests/unit/daemon/cache_fixture.h"

namespace pennon::daemon {
namespace {

/// Of 4 MiB.
Generation MakeBigGeneration(std::uint64_t revision) {
  Generation big = MakeGeneration(revision);
  for (int i = 0; i < 4; ++i) {
    big.lines.push_back(wire::MakeSyncLine(wire::LineKind::kSegment, "s" + std::to_string(i),
                                           {{"t", std::string(1U << 20U, 'x')}}));
  }
  big.head.set_digest = wire::SetDigest(big.lines);
  return big;
}

/// Where SQLite makes its temporary files meanwhile, and whether it did.
class TemporaryFiles {
 public:
  explicit TemporaryFiles(const std::string& folder) : watch_(::inotify_init1(IN_NONBLOCK)) {
    std::filesystem::create_directory(folder);
    SetFolder(folder);
    REQUIRE(::inotify_add_watch(watch_, folder.c_str(), IN_CREATE) >= 0);
  }
  ~TemporaryFiles() {
    SetFolder("");
    ::close(watch_);
  }
  TemporaryFiles(const TemporaryFiles&) = delete;
  TemporaryFiles& operator=(const TemporaryFiles&) = delete;

  [[nodiscard]] bool WereMade() const {
    std::array<char, 4096> events{};
    return ::read(watch_, events.data(), events.size()) > 0;
  }

 private:
  static void SetFolder(const std::string& folder) {
    auto database = base::Sqlite::Open("", true);
    REQUIRE(database);
    REQUIRE(database->Execute("PRAGMA temp_store_directory = '" + folder + "'"));
  }
  int watch_;
};

}  // namespace

TEST_CASE_FIXTURE(CacheFixture, "a set of any size is read without a temporary file") {
  const Generation big = MakeBigGeneration(1);
  Cache cache = Open();
  REQUIRE(cache.Save(big));
  const TemporaryFiles files(dir.File("temporary"));
  const auto loaded = cache.Load();
  REQUIRE(loaded);
  CHECK(loaded->lines.size() == big.lines.size());
  CHECK_FALSE(files.WereMade());
}

TEST_CASE_FIXTURE(CacheFixture,
                  "a set that memory does not suffice to read is there all the same") {
  Cache cache = Open();
  REQUIRE(cache.Save(MakeBigGeneration(1)));
  sqlite3_hard_heap_limit64(sqlite3_memory_used() + (std::int64_t{1} << 19U));
  const bool is_loaded = cache.Load().has_value();
  sqlite3_hard_heap_limit64(0);
  CHECK_FALSE(is_loaded);
  CHECK_FALSE(cache.missing().empty());
  REQUIRE(cache.Reopen());
  CHECK(cache.Load());
}

TEST_CASE_FIXTURE(CacheFixture,
                  "a damaged file that cannot be made anew at once loses nothing that was whole") {
  {
    Cache cache = Open();
    REQUIRE(cache.Save(MakeBigGeneration(1)));
    REQUIRE(cache.Save(MakeBigGeneration(2)));
    REQUIRE(cache.Save(MakeGeneration(3)));
    REQUIRE(cache.SetMark("serving", "1.1"));
    REQUIRE(cache.SetMark("pinned", "true"));
  }
  Damage("UPDATE line SET bytes = 'x' WHERE generation = 3 AND key = 'f1'");
  std::optional<FullDisk> full(rlim_t{1} << 20U);
  CacheWriter writer(Open(), log);
  const auto loaded = writer.Run(
      [](Cache& cache) { return base::Result<std::optional<Generation>>(cache.Load()); });
  REQUIRE(*loaded);
  CHECK((*loaded)->head.revision == 2);
  CHECK(writer.HasUnsaved());
  const auto check = [&] {
    const auto pinned = writer.Run([](Cache& cache) { return cache.Mark("pinned"); });
    const auto serving = writer.Run([](Cache& cache) { return cache.LoadMarked("1.1"); });
    CHECK(*pinned == "true");
    REQUIRE(serving);
    CHECK(serving->head.revision == 1);
  };
  check();
  full.reset();
  writer.Save(std::make_shared<const Generation>(**loaded), Ends::kSuspicion);
  check();
  CHECK_FALSE(writer.HasUnsaved());
  CHECK(writer.Run([](Cache& cache) { return cache.List(); })->size() == 2);
}

}  // namespace pennon::daemon
