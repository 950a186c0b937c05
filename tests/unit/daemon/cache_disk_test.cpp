// What the cache does where a disk, or memory, is not to be had.
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "tests/unit/daemon/cache_fixture.h"

namespace pennon::daemon {
namespace {

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
  Generation big = MakeGeneration(1);
  for (int i = 0; i < 4; ++i) {
    big.lines.push_back(wire::MakeSyncLine(wire::LineKind::kSegment, "s" + std::to_string(i),
                                           {{"t", std::string(1U << 20U, 'x')}}));
  }
  big.head.set_digest = wire::SetDigest(big.lines);
  Cache cache = Open();
  REQUIRE(cache.Save(big));
  const TemporaryFiles files(dir.File("temporary"));
  const auto loaded = cache.Load();
  REQUIRE(loaded);
  CHECK(loaded->lines.size() == big.lines.size());
  CHECK_FALSE(files.WereMade());
}

}  // namespace pennon::daemon
