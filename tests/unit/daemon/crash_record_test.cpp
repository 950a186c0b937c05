#include "daemon/crash_record.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "tests/support/temp_dir.h"

namespace pennon::daemon {
namespace {

// A process of its own that crashes with `set` in force. Records of this one would note it as well.
void Crash(const std::string& path, GenerationName set) {
  const pid_t child = ::fork();
  if (child == 0) {
    CrashRecord record(path);
    record.SetInForce(set);
    ::raise(SIGBUS);  // the test framework takes the others for itself
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status != 0);
}

std::optional<GenerationName> Suspect(const std::string& path, base::WallMillis since = 0) {
  return CrashRecord(path).SuspectSince(since);
}

}  // namespace

TEST_CASE("three crashes with one flag set in force are put down to it, and forgotten on demand") {
  const test::TempDir directory;
  const std::string path = directory.File("crashes");
  for (int i = 0; i < 2; ++i) Crash(path, {7, 2});
  CHECK_FALSE(Suspect(path));
  Crash(path, {7, 2});
  REQUIRE(Suspect(path));
  CHECK(Suspect(path)->revision == 2);
  CHECK_FALSE(Suspect(path, base::WallMillis{1} << 60));
  CrashRecord(path).Forget();
  CHECK_FALSE(Suspect(path));
}

TEST_CASE("crashes with different flag sets in force, or with none, are put down to no set") {
  const test::TempDir directory;
  const std::string path = directory.File("crashes");
  for (std::uint64_t revision = 1; revision <= 3; ++revision) Crash(path, {7, revision});
  CHECK_FALSE(Suspect(path));
  for (int i = 0; i < 3; ++i) Crash(path, {});
  CHECK_FALSE(Suspect(path));
}

}  // namespace pennon::daemon
