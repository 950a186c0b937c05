// A cache whose disk is not there when the daemon starts, and comes later.
#include <filesystem>

#include "tests/unit/daemon/environment_fixture.h"

namespace pennon::daemon {
namespace {

struct LateFixture : EnvironmentFixture {
  LateFixture() {
    config.cache_path = dir.File("disk/cache.db");
    std::filesystem::create_directory(dir.File("disk"));
    Restart();
  }
  /// The daemon starts while the disk is away.
  void StartWithoutDisk() {
    environment->Stop();
    environment.reset();
    std::filesystem::rename(dir.File("disk"), dir.File("away"));
    Restart();
    CHECK_FALSE(environment->state().cache_ok);
  }
  void Pass() {
    clock.now += 5'000;
    environment->EverySecond();
    CHECK(environment->cache()->Run([](Cache&) { return base::Result<void>(); }));
    environment->EverySecond();
    CHECK(environment->cache()->Run([](Cache&) { return base::Result<void>(); }));
  }
  void BringDisk() {
    std::filesystem::rename(dir.File("away"), dir.File("disk"));
    Pass();
    CHECK(environment->state().cache_ok);
  }
};

}  // namespace

TEST_CASE_FIXTURE(LateFixture,
                  "what a cache has that comes late is in force when nothing else is") {
  REQUIRE(Apply(Full(1, Flags(3))));
  StartWithoutDisk();
  CHECK_FALSE(environment->state().ready);
  Pass();
  CHECK_FALSE(environment->state().ready);
  CHECK(environment->state().cache_error.find("disk") != std::string::npos);
  BringDisk();
  CHECK(revision() == 1);
  CHECK(environment->state().source == serving::Source::kCache);
  CHECK(Apply(
      Delta(1, 2, {Flag("f1000", 2)}, {}, {Flag("f1000", 2), Flag("f1001", 1), Flag("f1002", 1)})));
}

TEST_CASE_FIXTURE(LateFixture,
                  "what has come meanwhile stays in force, and a cache that comes late keeps it") {
  REQUIRE(Apply(Full(1, Flags(3))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  Pass();
  CHECK_FALSE(environment->state().cache_ok);
  BringDisk();
  CHECK(revision() == 2);
  CHECK(environment->state().source == serving::Source::kLive);
  Restart();
  CHECK(revision() == 2);
  CHECK(environment->state().source == serving::Source::kCache);
  CHECK(environment->Rollback("1"));
}

TEST_CASE_FIXTURE(LateFixture, "a pin that a cache has which comes late is followed from then on") {
  REQUIRE(Apply(Full(1, Flags(3))));
  REQUIRE(environment->Pin(""));
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(3, Flags(3, 3))));
  CHECK(revision() == 3);
  BringDisk();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
  CHECK(environment->state().newest == "1.3");
  Restart();
  CHECK(revision() == 1);
  REQUIRE(environment->Unpin());
  CHECK(revision() == 3);
}

TEST_CASE_FIXTURE(LateFixture, "orders say why there is no cache while it is missing") {
  REQUIRE(Apply(Full(1, Flags(3))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  const auto listed = environment->Generations();
  REQUIRE_FALSE(listed);
  CHECK(listed.error().Message() == environment->state().cache_error);
}

}  // namespace pennon::daemon
