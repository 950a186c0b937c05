// What operators may do to the flag sets of an environment.

#include <filesystem>

#include "tests/unit/daemon/bad_disk.h"
#include "tests/unit/daemon/environment_fixture.h"

namespace pennon::daemon {

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "rolled back, an older set serves until the upstream has a newer one") {
  for (int i = 1; i <= 3; ++i) REQUIRE(Apply(Full(static_cast<std::uint64_t>(i), Flags(3, i))));
  REQUIRE(environment->Rollback(""));
  CHECK(revision() == 2);
  CHECK(environment->known().since == "1.3");
  REQUIRE(environment->Rollback("1"));
  CHECK(revision() == 1);
  CHECK_FALSE(environment->Rollback("9"));
  environment->Confirm();
  CHECK(revision() == 1);
  CHECK(environment->state().source == serving::Source::kCache);
  REQUIRE(Apply(Full(3, Flags(3, 3))));  // a proxy that lost the entity tag
  CHECK(revision() == 1);
  Restart();
  CHECK(revision() == 1);
  auto lines = Flags(3, 3);
  lines[0] = Flag("f1000", 4);
  REQUIRE(Apply(Delta(3, 4, {lines[0]}, {}, lines)));
  CHECK(revision() == 4);
  Restart();
  CHECK(revision() == 4);
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "pinned, a set stays over newer ones, many of them, and restarts") {
  REQUIRE(Apply(Full(1, Flags(3, 1))));
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  REQUIRE(environment->Pin("1.1"));
  for (int i = 3; i <= 9; ++i) REQUIRE(Apply(Full(static_cast<std::uint64_t>(i), Flags(3, i))));
  CHECK(revision() == 1);
  Restart();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
  CHECK(environment->state().newest == "1.9");
  const auto list = environment->Generations();
  REQUIRE(list);
  CHECK(list->find(R"("generation":"1.9","flags":3,)") != std::string::npos);
  CHECK(list->find(R"("serving":true)") > list->find(R"("generation":"1.1")"));
  REQUIRE(environment->Unpin());
  CHECK(revision() == 9);
  environment->Confirm();
  CHECK(environment->state().source == serving::Source::kLive);
  Restart();
  CHECK(revision() == 9);
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "a rollback ends with the set that ends it, also where the disk has failed") {
  const auto execute = [&](const std::string& sql) {
    REQUIRE(
        environment->cache()->Run([&](Cache& cache) { return cache.database()->Execute(sql); }));
  };
  REQUIRE(Apply(Full(1, Flags(3, 1))));
  REQUIRE(Apply(Full(2, Flags(3, 2))));
  REQUIRE(environment->Rollback(""));
  SUBCASE("the set was never kept") {
    execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON generation "
        "BEGIN SELECT RAISE(ABORT, 'full'); END");
    REQUIRE(Apply(Full(3, Flags(3, 3))));
    CHECK(revision() == 3);
    Restart();
    CHECK(revision() == 1);
    CHECK(environment->state().newest == "1.2");
  }
  SUBCASE("the set was kept later") {
    execute("PRAGMA query_only=ON");
    REQUIRE(Apply(Full(3, Flags(3, 3))));
    execute("PRAGMA query_only=OFF");
    clock.now += 5'000;
    environment->EverySecond();
    Restart();
    CHECK(revision() == 3);
    CHECK_FALSE(environment->state().overridden);
  }
}

TEST_CASE_FIXTURE(EnvironmentFixture, "orders outlive damage of a set that they are not about") {
  for (int i = 1; i <= 3; ++i) REQUIRE(Apply(Full(static_cast<std::uint64_t>(i), Flags(3, i))));
  const auto damage = [&](const std::string& where) {
    environment->Stop();
    environment.reset();
    REQUIRE(base::Sqlite::Open(config.cache_path, false)
                ->Execute("UPDATE line SET bytes = 'x' WHERE generation " + where));
    Restart();
    CHECK_FALSE(environment->state().cache_damage.empty());
  };
  REQUIRE(environment->Pin("1"));
  SUBCASE("a pin") {
    damage("= 3");
    CHECK(environment->state().newest == "1.2");
    CHECK(environment->state().pinned);
    REQUIRE(Apply(Full(4, Flags(3, 4))));
    CHECK(revision() == 1);
    Restart();
    CHECK(revision() == 1);
  }
  SUBCASE("but not of that set") {
    damage("<> 2");
    CHECK(revision() == 2);
    CHECK_FALSE(environment->state().pinned);
    Restart();
    CHECK_FALSE(environment->state().pinned);
  }
}

TEST_CASE_FIXTURE(EnvironmentFixture, "an order that a full disk did not take is kept later") {
  REQUIRE(Apply(Full(1, Flags(3))));
  constexpr rlim_t kAlreadyThere = 4096;
  std::optional<FullDisk> full(kAlreadyThere);
  REQUIRE(environment->Pin(""));
  full.reset();
  SUBCASE("while it goes on") {
    clock.now += 5'000;
    environment->EverySecond();
    environment->cache()->Stop();
  }
  SUBCASE("when it ends") {}
  Restart();
  CHECK(environment->state().pinned);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a set that is ordered while the disk is full stays kept") {
  for (int i = 1; i <= 3; ++i) REQUIRE(Apply(Full(static_cast<std::uint64_t>(i), Flags(3, i))));
  constexpr rlim_t kAlreadyThere = 4096;
  std::optional<FullDisk> full(kAlreadyThere);
  REQUIRE(Apply(Full(4, Flags(3, 4))));
  SUBCASE("one that the cache has, at the next second") {
    REQUIRE(environment->Rollback("1"));
    full.reset();
    clock.now += 5'000;
    environment->EverySecond();
    Restart();
    CHECK(revision() == 1);
  }
  SUBCASE("one that it has, when another set comes first") {
    REQUIRE(environment->Pin("1"));
    full.reset();
    REQUIRE(Apply(Full(5, Flags(3, 5))));
    Restart();
    CHECK(revision() == 1);
  }
  SUBCASE("one that it could not be given") {
    REQUIRE(environment->Pin(""));
    REQUIRE(Apply(Full(5, Flags(3, 5))));
    full.reset();
    clock.now += 5'000;
    environment->EverySecond();
    Restart();
    CHECK(revision() == 4);
    CHECK(environment->state().pinned);
    CHECK(environment->state().newest == "1.5");
  }
  SUBCASE("one that could not be written, at the end") {
    REQUIRE(environment->Pin(""));
    full.reset();
    Restart();
    CHECK(revision() == 4);
    CHECK(environment->state().pinned);
  }
  SUBCASE("the one before what could not be written") {
    CHECK(environment->Rollback(""));
    CHECK(revision() == 3);
  }
}

TEST_CASE_FIXTURE(EnvironmentFixture, "an order is kept when the file was removed") {
  REQUIRE(Apply(Full(1, Flags(3))));
  std::filesystem::remove(config.cache_path);
  REQUIRE(environment->Pin(""));
  Restart();
  CHECK(revision() == 1);
  CHECK(environment->state().pinned);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a pin is kept when its set comes again") {
  REQUIRE(Apply(Full(1, Flags(3))));
  LoseDefinitions();
  REQUIRE(environment->Pin(""));
  REQUIRE(Apply(Full(1, Flags(3))));
  clock.now += 5'000;
  environment->EverySecond();
  Restart();
  CHECK(environment->state().pinned);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a pin of a set that is damaged is no pin of another one") {
  for (int i = 1; i <= 3; ++i) REQUIRE(Apply(Full(static_cast<std::uint64_t>(i), Flags(3, i))));
  REQUIRE(environment->Pin("1"));
  environment->Stop();
  environment.reset();
  REQUIRE(base::Sqlite::Open(config.cache_path, false)
              ->Execute("UPDATE line SET bytes = 'x' WHERE generation = 1"));
  Restart();
  CHECK_FALSE(environment->state().pinned);
  REQUIRE(Apply(Full(4, Flags(3, 4))));
  CHECK(revision() == 4);
}

}  // namespace pennon::daemon
