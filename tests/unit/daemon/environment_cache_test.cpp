// How the flags of an environment come through a restart, and what is in memory of them.
#include "tests/unit/daemon/environment_fixture.h"

namespace pennon::daemon {
TEST_CASE_FIXTURE(EnvironmentFixture,
                  "with a key, a definition that a broken one keeps must stand in a signed set") {
  const auto signer = base::Ed25519Signer::Generate();
  const auto apply = [&](std::uint64_t revision, const std::vector<SyncLine>& lines) {
    SyncDocument document = Full(revision, lines);
    document.head.signature = signer.Sign(SignedText(document.head));
    return Apply(std::move(document));
  };
  const auto kept = [&](std::uint64_t revision) {
    std::vector<std::string> bytes;
    const auto found = environment->cache()->Run([&](Cache& cache) {
      return cache.LoadNamed({1, revision});
    });
    REQUIRE(found);
    for (const SyncLine& line : found->kept) bytes.emplace_back(line.bytes());
    return bytes;
  };
  const auto good = Flag("x", 1);
  const auto broken = MakeSyncLine(LineKind::kFlag, "x", {{"type", "nonsense"}});
  const std::vector<std::string> earlier{std::string(good.bytes())};
  config.upstream_public_key_file = dir.Write("key.pem", signer.PublicPem());
  Restart();
  REQUIRE(apply(1, {good}));
  REQUIRE(apply(2, {broken}));
  CHECK(kept(2) == earlier);
  Restart();
  REQUIRE(apply(3, {broken, Flag("y", 1)}));
  CHECK(kept(3) == earlier);

  environment->Stop();
  environment.reset();
  {
    auto cache = Cache::Open({config.cache_path, "production", UpstreamIdentity(config), 3}, log);
    REQUIRE(cache);
    auto forged = cache->Load();
    REQUIRE(forged);
    forged->kept = {};
    forged->kept.push_back(Flag("x", 666));
    REQUIRE(cache->Save(*forged));
  }
  Restart();
  CHECK(revision() == 3);
  REQUIRE(apply(4, {broken, Flag("y", 2)}));
  CHECK(kept(4).empty());
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "a set whose definitions were let go of goes on with deltas and orders") {
  auto lines = Flags(30);
  REQUIRE(Apply(Full(1, lines)));
  const auto rest = [&] {
    clock.now += 10'000;
    environment->EverySecond();
  };
  rest();
  CHECK(environment->known().since == "1.1");
  CHECK(environment->known().validator == "\"tag\"");
  lines[3] = Flag(lines[3].key(), 7);
  REQUIRE(Apply(Delta(1, 2, {lines[3]}, {}, lines)));
  CHECK(environment->state().flags == 30);
  rest();
  REQUIRE(environment->Rollback(""));
  CHECK(revision() == 1);
  REQUIRE(environment->Unpin());
  CHECK(revision() == 2);
  rest();
  Restart();
  CHECK(revision() == 2);
  CHECK(environment->state().flags == 30);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "a start from the compiled set goes on with deltas") {
  auto lines = Flags(30);
  REQUIRE(Apply(Full(1, lines)));
  environment->Stop();
  environment.reset();
  environment.emplace(config, clock, log, publisher);
  REQUIRE(environment->Start());
  CHECK(environment->state().flags == 30);
  CHECK(environment->state().source == serving::Source::kCache);
  CHECK(environment->known().since == "1.1");
  lines[3] = Flag(lines[3].key(), 7);
  REQUIRE(Apply(Delta(1, 2, {lines[3]}, {}, lines)));
  CHECK(revision() == 2);
  CHECK(environment->state().flags == 30);
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "a compiled set whose definitions are damaged stays until the full one") {
  REQUIRE(Apply(Full(1, Flags(30))));
  LoseDefinitions();
  CHECK(environment->state().flags == 30);
  auto lines = Flags(30);
  lines[3] = Flag(lines[3].key(), 7);
  CHECK_FALSE(Apply(Delta(1, 2, {lines[3]}, {}, lines)));
  CHECK(environment->state().flags == 30);
  CHECK_FALSE(environment->state().cache_damage.empty());
  CHECK(environment->known().since.empty());
  REQUIRE(Apply(Full(2, Flags(30, 2))));
  CHECK(revision() == 2);
  Restart();
  CHECK(revision() == 2);
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "what a quarantined flag keeps is of the set in force, also of an older one") {
  auto lines = Flags(3);
  REQUIRE(Apply(Full(1, lines)));
  lines[1] = Flag(lines[1].key(), 2);
  REQUIRE(Apply(Full(2, lines)));
  REQUIRE(environment->Rollback("1"));
  lines[1] = MakeSyncLine(LineKind::kFlag, lines[1].key(), {{"surprise", model::Value(1)}});
  REQUIRE(Apply(Full(3, lines)));
  const auto saved = environment->cache()->Run([](Cache& cache) {
    return cache.LoadNamed({1, 3});
  });
  REQUIRE(saved);
  REQUIRE(saved->kept.size() == 1);
  CHECK(saved->kept[0].bytes() == Flags(3)[1].bytes());
  Restart();
  CHECK(revision() == 3);
  CHECK(environment->state().diagnostics.size() == 1);
  CHECK(environment->state().flags == 3);
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "a quarantined flag keeps its definition over deltas and restarts") {
  auto lines = Flags(3);
  REQUIRE(Apply(Full(1, lines)));
  lines[1] = MakeSyncLine(LineKind::kFlag, lines[1].key(), {{"surprise", model::Value(1)}});
  REQUIRE(Apply(Delta(1, 2, {lines[1]}, {}, lines)));
  CHECK(environment->state().diagnostics.size() == 1);
  lines[0] = Flag(lines[0].key(), 6);
  REQUIRE(Apply(Delta(2, 3, {lines[0]}, {}, lines)));
  CHECK(environment->state().diagnostics.size() == 1);
  CHECK(environment->state().flags == 3);
  Restart();
  CHECK(environment->state().flags == 3);
  CHECK(environment->state().diagnostics.size() == 1);
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "without the definitions of its set a daemon takes no older or empty one") {
  REQUIRE(Apply(Full(5, Flags(30))));
  LoseDefinitions();
  CHECK_FALSE(Apply(Full(4, Flags(30, 4))));
  CHECK_FALSE(Apply(Full(6, {})));
  CHECK(environment->state().held == "1.6");
  CHECK_FALSE(Apply(Full(7, Flags(5))));
  CHECK_FALSE(environment->Rollback(""));
  CHECK(revision() == 5);
  CHECK(environment->state().flags == 30);
  CHECK(environment->known().validator.empty());  // nor is it enough that the set is current
  CHECK(environment->known().revision == 5);
  REQUIRE(environment->Pin(""));
  REQUIRE(environment->Unpin());
  REQUIRE(Apply(Full(8, Flags(30, 8))));
  auto lines = Flags(30, 8);
  lines[3] = Flag(lines[3].key(), 9);
  REQUIRE(Apply(Delta(8, 9, {lines[3]}, {}, lines)));
  CHECK(environment->state().flags == 30);
  Restart();
  CHECK(revision() == 9);
}

TEST_CASE_FIXTURE(EnvironmentFixture, "the same set in full brings its lost definitions back") {
  REQUIRE(Apply(Full(1, Flags(30))));
  LoseDefinitions();
  environment->Confirm();
  REQUIRE(Apply(Full(1, Flags(30))));
  CHECK(environment->known().since == "1.1");
  auto lines = Flags(30);
  lines[3] = Flag(lines[3].key(), 9);
  REQUIRE(Apply(Delta(1, 2, {lines[3]}, {}, lines)));
}

TEST_CASE_FIXTURE(EnvironmentFixture,
                  "crashes are not put down to a set that was good, where it harms") {
  const auto crash = [&] { Crash(1); };
  REQUIRE(Apply(Full(1, Flags(2))));
  crash();
  CHECK_FALSE(environment->state().ready);  // it has never been in force for a minute
  REQUIRE_FALSE(Apply(Full(1, Flags(2))));
  REQUIRE(environment->Accept(""));
  clock.now += 60'000;
  environment->EverySecond();
  crash();
  CHECK(revision() == 1);
  CHECK(environment->state().flags == 2);
  config.bootstrap_file = dir.Write("flags.json", R"({"environment":"production","flags":{}})");
  crash();
  CHECK(environment->state().source == serving::Source::kBootstrap);
}

TEST_CASE_FIXTURE(
    EnvironmentFixture,
    "the set before a suspect goes on with deltas and orders, and so does the suspect") {
  auto lines = Flags(30);
  REQUIRE(Apply(Full(1, lines)));
  REQUIRE(Apply(Full(2, Flags(30, 2))));
  Crash(2);
  CHECK(revision() == 1);
  SUBCASE("without the store, for a while") {
    clock.now += 10'000;
    environment->EverySecond();
    REQUIRE(environment->Rollback("1"));
    lines[3] = Flag(lines[3].key(), 7);
    REQUIRE(Apply(Delta(1, 3, {lines[3]}, {}, lines)));
    CHECK(environment->state().flags == 30);
  }
  SUBCASE("accepted, the suspect can be gone back from") {
    CHECK_FALSE(Apply(Full(2, Flags(30, 2))));
    REQUIRE(environment->Accept(""));
    CHECK(revision() == 2);
    REQUIRE(environment->Rollback(""));
    CHECK(revision() == 1);
  }
}

TEST_CASE_FIXTURE(
    EnvironmentFixture,
    "after thirty days without a store the set is served as on the first, also after a "
    "restart") {
  constexpr std::int64_t kMonthMillis = std::int64_t{30} * 24 * 3'600'000;
  REQUIRE(Apply(Full(7, Flags(30))));
  for (int i = 0; i < 3'000; ++i) {
    clock.now += kMonthMillis / 3'000;
    environment->EverySecond();
  }
  const auto check = [&] {
    const EnvironmentState state = environment->state();
    CHECK(state.revision == 7);
    CHECK(state.flags == 30);
    CHECK(state.ready);
    CHECK(state.stale);
    CHECK(state.age_millis >= kMonthMillis);
  };
  check();
  Restart();
  check();
}

}  // namespace pennon::daemon
