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
    clock.now += 60'000;
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

TEST_CASE_FIXTURE(LateFixture, "who maps the set that has come meanwhile need not map it anew") {
  REQUIRE(Apply(Full(1, Flags(3))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  const auto before = environment->published();
  REQUIRE(before.mappable != nullptr);
  BringDisk();
  CHECK(environment->published().image == before.image);
  CHECK(environment->published().mappable == before.mappable);
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

TEST_CASE_FIXTURE(LateFixture, "a rollback that a newer set has ended stays ended") {
  REQUIRE(Apply(Full(1, Flags(3))));
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  REQUIRE(environment->Rollback("1"));
  StartWithoutDisk();
  REQUIRE(Apply(Full(3, Flags(3, 3))));
  BringDisk();
  CHECK(revision() == 3);
  CHECK_FALSE(environment->state().overridden);
  Restart();
  CHECK(revision() == 3);
}

TEST_CASE_FIXTURE(LateFixture, "an older set that came meanwhile does not outlast a newer one") {
  REQUIRE(Apply(Full(5, Flags(3))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  BringDisk();
  CHECK(revision() == 5);
  CHECK(environment->state().refused.value().Message().find("older") != std::string::npos);
  Restart();
  CHECK(revision() == 5);
}

TEST_CASE_FIXTURE(LateFixture, "a set that came meanwhile and lacks most flags is held back") {
  REQUIRE(Apply(Full(1, Flags(30))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  BringDisk();
  CHECK(revision() == 1);
  CHECK(environment->state().held == "1.2");
  CHECK(environment->cache()->health().error.empty());
  REQUIRE(environment->Accept("2"));
  CHECK(revision() == 2);
  Restart();
  CHECK(revision() == 2);
}

TEST_CASE_FIXTURE(LateFixture, "what somebody accepted meanwhile stays accepted") {
  REQUIRE(Apply(Full(1, Flags(30))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(30, 2))));
  REQUIRE_FALSE(Apply(Full(3, Flags(3, 3))));
  REQUIRE(environment->Accept("3"));
  REQUIRE(Apply(Full(4, Flags(3, 4))));
  BringDisk();
  CHECK(revision() == 4);
  CHECK(environment->state().held.empty());
}

TEST_CASE_FIXTURE(LateFixture, "a set that was accepted meanwhile is no newer for that") {
  REQUIRE(Apply(Full(5, Flags(30))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(30, 2))));
  REQUIRE_FALSE(Apply(Full(3, Flags(3, 3))));
  SUBCASE("before the cache comes") {
    REQUIRE(environment->Accept("3"));
    BringDisk();
  }
  SUBCASE("after it") {
    BringDisk();
    CHECK_FALSE(environment->Accept(""));
  }
  CHECK(revision() == 5);
  CHECK(environment->state().held.empty());
}

TEST_CASE_FIXTURE(LateFixture, "what is held back while the cache is missing is held back after") {
  REQUIRE(Apply(Full(1, Flags(30))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(30, 2))));
  REQUIRE_FALSE(Apply(Full(3, Flags(3, 3))));
  BringDisk();
  CHECK(revision() == 2);
  CHECK(environment->state().held == "1.3");
}

TEST_CASE_FIXTURE(LateFixture, "a quarantined flag goes on as it was in force") {
  const auto lines = [](const SyncLine& flag) { return std::vector<SyncLine>{flag}; };
  const auto broken = MakeSyncLine(LineKind::kFlag, "x", {{"type", "nonsense"}});
  REQUIRE(Apply(Full(1, lines(Flag("x", 1)))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, lines(Flag("x", 2)))));
  REQUIRE(Apply(Full(3, lines(broken))));
  const auto before = environment->published().image;
  BringDisk();
  CHECK(revision() == 3);
  CHECK(environment->published().image == before);
  const auto kept = environment->cache()->Run([](Cache& cache) { return cache.LoadNamed({1, 3}); });
  REQUIRE(kept);
  REQUIRE(kept->kept.size() == 1);
  CHECK(kept->kept[0].bytes() == Flag("x", 2).bytes());
}

TEST_CASE_FIXTURE(LateFixture, "all that a cache has which comes compiled is told as changed") {
  REQUIRE(Apply(Full(1, Flags(3))));
  StartWithoutDisk();
  environment->Stop();
  environment.reset();
  config.bootstrap_file = dir.Write("flags.json", R"({"environment":"production","flags":{}})");
  Restart();
  CHECK(environment->state().source == serving::Source::kBootstrap);
  BringDisk();
  CHECK(environment->state().source == serving::Source::kCache);
  CHECK(environment->published().difference == nullptr);
}

TEST_CASE_FIXTURE(LateFixture, "what came meanwhile is kept when the daemon ends") {
  REQUIRE(Apply(Full(1, Flags(3))));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  std::filesystem::rename(dir.File("away"), dir.File("disk"));
  Restart();
  CHECK(revision() == 2);
}

TEST_CASE_FIXTURE(LateFixture, "a pin is refused while it could not be kept, and so is its end") {
  REQUIRE(Apply(Full(1, Flags(3))));
  REQUIRE(environment->Pin(""));
  StartWithoutDisk();
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  const std::string why = environment->state().cache_error;
  CHECK(environment->Pin("").error().Message() == why);
  CHECK(environment->Unpin().error().Message() == why);
  CHECK(environment->Rollback("").error().Message() == why);
  BringDisk();
  CHECK(environment->state().pinned);
  CHECK(revision() == 1);
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
