// From documents to what is in force: what is taken, what is refused, what orders change.
#include "daemon/environment.h"

#include <doctest/doctest.h>

#include <array>
#include <fstream>

#include "base/ed25519.h"
#include "base/sqlite.h"
#include "tests/support/temp_dir.h"
#include "wire/json.h"

namespace pennon::daemon {
namespace {

using wire::LineKind;
using wire::SyncDocument;
using wire::SyncLine;

class TestClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallMillis Wall() const override { return now; }
  [[nodiscard]] base::SteadyMillis Steady() const override { return now; }
  std::int64_t now = 1'000'000;
};

SyncLine Flag(std::string_view key, int value) {
  const std::string text = R"({"type":"integer","variants":[{"key":"v","value":)" +
                           std::to_string(value) + R"(}],"default":{"variant":"v"}})";
  return MakeSyncLine(LineKind::kFlag, key, *wire::ReadJson(text)->AsObject());
}

std::vector<SyncLine> Flags(int count, int value = 1) {
  std::vector<SyncLine> lines;
  for (int i = 0; i < count; ++i) lines.push_back(Flag("f" + std::to_string(1000 + i), value));
  return lines;
}

SyncDocument Full(std::uint64_t revision, const std::vector<SyncLine>& lines,
                  std::uint64_t epoch = 1) {
  wire::SyncHead head;
  head.environment = "production";
  head.epoch = epoch;
  head.revision = revision;
  return *wire::ReadSyncDocument(WriteSyncDocument(head, lines));
}

SyncDocument Delta(std::uint64_t since, std::uint64_t revision,
                   const std::vector<SyncLine>& changed, const std::vector<wire::LineName>& deleted,
                   const std::vector<SyncLine>& whole) {
  wire::SyncHead head;
  head.environment = "production";
  head.epoch = 1;
  head.revision = revision;
  head.since = since;
  head.set_digest = wire::SetDigest(whole);
  return *wire::ReadSyncDocument(WriteSyncDelta(head, changed, deleted));
}

struct Fixture {
  Fixture() {
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

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a delta gives the same set as the full one") {
  CHECK(environment->known().since.empty());
  REQUIRE(Apply(Full(1, Flags(30))));
  CHECK(environment->known().since == "1.1");
  auto lines = Flags(30);
  lines[3] = Flag(lines[3].key(), 7);
  lines.erase(lines.begin() + 5);
  lines.push_back(Flag("g", 2));
  REQUIRE(Apply(Delta(1, 4, {lines[3], lines.back()}, {{LineKind::kFlag, "f1005"}}, lines)));
  CHECK(revision() == 4);
  CHECK(environment->state().flags == 30);
  CHECK(environment->known().since == "1.4");
  Restart();
  CHECK(revision() == 4);
  CHECK(environment->state().flags == 30);
}

TEST_CASE_FIXTURE(Fixture,
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

TEST_CASE_FIXTURE(Fixture, "a start from the compiled set goes on with deltas") {
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

TEST_CASE_FIXTURE(Fixture,
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

TEST_CASE_FIXTURE(Fixture, "deltas of one flag follow each other") {
  auto lines = Flags(30);
  REQUIRE(Apply(Full(1, lines)));
  for (int i = 2; i < 40; ++i) {
    lines[7] = Flag(lines[7].key(), i);
    const auto number = static_cast<std::uint64_t>(i);
    REQUIRE(Apply(Delta(number - 1, number, {lines[7]}, {}, lines)));
    CHECK(revision() == number);
  }
  CHECK(environment->state().flags == 30);
}

TEST_CASE_FIXTURE(Fixture, "after a delta that does not fit the full set is asked for") {
  REQUIRE(Apply(Full(2, Flags(3))));
  SUBCASE("from another revision") {
    const auto refused = Apply(Delta(1, 3, {Flag("g", 1)}, {}, Flags(3)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == base::ErrorCode::kConflict);
  }
  SUBCASE("that gives another set than it says") {
    const auto refused = Apply(Delta(2, 3, {Flag("g", 1)}, {}, Flags(3)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == base::ErrorCode::kConflict);
  }
  CHECK(revision() == 2);
  CHECK(environment->known().since.empty());
  REQUIRE(Apply(Full(3, Flags(3, 9))));
  CHECK(environment->known().since == "1.3");
}

TEST_CASE_FIXTURE(
    Fixture,
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

TEST_CASE_FIXTURE(Fixture, "epochs and revisions never fall, and one revision has one content") {
  REQUIRE(Apply(Full(5, Flags(3), 2)));
  CHECK_FALSE(Apply(Full(9, Flags(3), 1)));
  CHECK_FALSE(Apply(Full(4, Flags(3), 2)));
  CHECK_FALSE(Apply(Full(5, Flags(3, 8), 2)));
  CHECK(Apply(Full(5, Flags(3), 2)));
  CHECK(Apply(Full(1, Flags(3, 8), 3)));
  CHECK(environment->state().epoch == 3);
}

TEST_CASE_FIXTURE(Fixture, "a sharply smaller set is held back until it is accepted") {
  REQUIRE(Apply(Full(1, Flags(60))));
  CHECK(Apply(Full(2, Flags(48))));  // a fifth
  const auto refused = Apply(Full(3, Flags(37)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code() == base::ErrorCode::kForbidden);
  CHECK(revision() == 2);
  CHECK(environment->state().held == "1.3");
  CHECK_FALSE(environment->Accept("4"));
  const auto accepted = environment->Accept("3");
  REQUIRE(accepted);
  CHECK(*accepted ==
        R"({"environment":"production","serving":"1.3","newest":"1.3","pinned":false,"held":""})");
  CHECK(environment->state().flags == 37);
  CHECK_FALSE(environment->Accept(""));
  Restart();
  CHECK(environment->state().flags == 37);
}

TEST_CASE_FIXTURE(Fixture, "ten flags may go unannounced, not eleven of few") {
  REQUIRE(Apply(Full(1, Flags(12))));
  CHECK_FALSE(Apply(Full(2, Flags(1))));
  CHECK(Apply(Full(3, Flags(2))));
}

TEST_CASE_FIXTURE(Fixture, "an empty set is held back, and let go when a better one comes") {
  REQUIRE(Apply(Full(1, Flags(2))));
  CHECK_FALSE(Apply(Full(2, {})));
  CHECK(environment->state().flags == 2);
  CHECK(Apply(Full(3, Flags(2, 5))));
  CHECK(environment->state().held.empty());
}

TEST_CASE_FIXTURE(Fixture, "a declared delete is applied, even of the last flag") {
  REQUIRE(Apply(Full(1, Flags(1))));
  REQUIRE(Apply(Delta(1, 2, {}, {{LineKind::kFlag, "f1000"}}, {})));
  CHECK(environment->state().flags == 0);
  Restart();
  CHECK(environment->state().flags == 0);
  CHECK(revision() == 2);
}

TEST_CASE_FIXTURE(Fixture, "only sets that are signed by the configured key count") {
  const auto signer = base::Ed25519Signer::Generate();
  const auto other = base::Ed25519Signer::Generate();
  const auto signed_by = [](SyncDocument document, const base::Ed25519Signer& by) {
    document.head.signature = by.Sign(SignedText(document.head));
    return document;
  };
  REQUIRE(Apply(Full(1, Flags(2))));
  config.upstream_public_key_file = dir.Write("key.pem", signer.PublicPem());
  Restart();
  CHECK_FALSE(environment->state().ready);  // the cached one is not signed
  CHECK_FALSE(Apply(Full(1, Flags(2))));
  CHECK_FALSE(Apply(signed_by(Full(1, Flags(2)), other)));
  auto moved = signed_by(Full(1, Flags(2)), signer);
  moved.head.revision = 2;
  CHECK_FALSE(Apply(moved));
  CHECK(Apply(signed_by(Full(2, Flags(2)), signer)));
  auto lines = Flags(2);
  lines.push_back(Flag("g", 1));
  CHECK_FALSE(Apply(Delta(2, 3, {lines[2]}, {}, lines)));
  CHECK(Apply(signed_by(Delta(2, 3, {lines[2]}, {}, lines), signer)));
  Restart();
  CHECK(revision() == 3);
}

TEST_CASE_FIXTURE(Fixture, "rolled back, an older set serves until the upstream has a newer one") {
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

TEST_CASE_FIXTURE(Fixture, "pinned, a set stays over newer ones, many of them, and restarts") {
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

TEST_CASE_FIXTURE(Fixture,
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

TEST_CASE_FIXTURE(Fixture, "a quarantined flag keeps its definition over deltas and restarts") {
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

TEST_CASE_FIXTURE(Fixture,
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

TEST_CASE_FIXTURE(Fixture, "the same set in full brings its lost definitions back") {
  REQUIRE(Apply(Full(1, Flags(30))));
  LoseDefinitions();
  environment->Confirm();
  REQUIRE(Apply(Full(1, Flags(30))));
  CHECK(environment->known().since == "1.1");
  auto lines = Flags(30);
  lines[3] = Flag(lines[3].key(), 9);
  REQUIRE(Apply(Delta(1, 2, {lines[3]}, {}, lines)));
}

TEST_CASE_FIXTURE(Fixture, "a set that the upstream takes back is not held any more") {
  REQUIRE(Apply(Full(1, Flags(2))));
  CHECK_FALSE(Apply(Full(2, {})));
  environment->Confirm();
  CHECK(environment->state().held.empty());
  CHECK_FALSE(environment->Accept(""));
  CHECK(environment->state().flags == 2);
}

TEST_CASE_FIXTURE(Fixture, "crashes are not put down to a set that was good, where it harms") {
  const auto crash = [&] {  // as a process that dies notes it: when, and with which set
    const std::array<std::int64_t, 3> entry{clock.now, 1, 1};
    environment->Stop();
    environment.reset();
    std::ofstream file(config.cache_path + ".crashes", std::ios::binary);
    for (int i = 0; i < 3; ++i) {
      file.write(reinterpret_cast<const char*>(entry.data()), sizeof(entry));
    }
    file.close();
    Restart();
  };
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

}  // namespace pennon::daemon
