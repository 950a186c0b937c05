// The one path of every change: what it writes together, what it refuses, what it publishes.
#include "store/ledger.h"

#include "base/digest.h"
#include "store/audit.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

constexpr const char* kEnvironments = "/api/v1/environments";
constexpr const char* kFlags = "/api/v1/flags";

struct Listener final : CommitListener {
  void OnEnvironment(std::shared_ptr<const EnvironmentSet> set) override {
    told.push_back(set->environment + '@' + std::to_string(set->revision));
  }
  void OnEnvironmentDeleted(const std::string& environment) override {
    told.push_back("deleted " + environment);
  }
  void OnCredentials(std::shared_ptr<const Credentials>) override { told.push_back("tokens"); }
  void OnNews(std::shared_ptr<const News> told_news) override { news = std::move(told_news); }
  std::shared_ptr<const News> news;
  std::vector<std::string> told;
};

struct TwoEnvironments : StoreFixture {
  TwoEnvironments() {
    Expect(201, "POST", kEnvironments, R"({"key":"prod"})");
    Expect(201, "POST", kEnvironments, R"({"key":"test"})");
    Expect(201, "POST", kFlags, R"({"key":"a",)" + kBooleanFlag + '}');
  }
};

TEST_CASE(
    "an environment begins at revision 1; a shared change raises all, an own one only its own") {
  TwoEnvironments store;
  CHECK(store.Revision("prod") == 2);
  CHECK(store.Revision("test") == 2);
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  CHECK(store.Revision("prod") == 3);
  CHECK(store.Revision("test") == 2);
  store.Expect(200, "PUT", "/api/v1/flags/a", '{' + kBooleanFlag + R"(,"owner":"x"})");
  CHECK(store.Revision("prod") == 4);
  CHECK(store.Revision("test") == 3);
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  CHECK(store.Revision("prod") == 5);
  CHECK(store.Revision("test") == 4);
}

TEST_CASE("asking for what is there already changes nothing and writes no audit entry") {
  TwoEnvironments store;
  const std::string config = R"({"enabled":true,"default":{"variant":"on"}})";
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", config);
  const auto entries = store.CountRows("SELECT count(*) FROM audit");
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", config);
  store.Expect(200, "PUT", "/api/v1/flags/a", '{' + kBooleanFlag + '}');
  CHECK(store.Revision("prod") == 3);
  CHECK(store.CountRows("SELECT count(*) FROM audit") == entries);
}

TEST_CASE("every change has its audit entry, with what was and what is") {
  TwoEnvironments store;
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"salt":"s"})");
  std::int64_t size = 10;
  const auto entries = Audit(store.database).Find({}, size);
  REQUIRE(entries);
  REQUIRE(entries->size() == 4);
  const AuditEntry& last = entries->front();
  CHECK(last.sequence == 4);
  CHECK(last.at == store.clock.wall);
  CHECK(last.actor == "token:1");
  CHECK(Name(last.action) == "update");
  CHECK(last.subject.environment == "prod");
  CHECK(last.subject.kind == "config");
  CHECK(last.subject.key == "a");
  CHECK(last.before.value_or("").find("\"enabled\":false") != std::string::npos);
  CHECK(last.after == R"({"enabled":true,"salt":"s"})");
}

TEST_CASE("a refused change leaves no trace: no row, no audit entry, no revision, nothing told") {
  TwoEnvironments store;
  Listener listener;
  store.ledger->Listen(listener);
  listener.told.clear();
  const auto entries = store.CountRows("SELECT count(*) FROM audit");
  store.Expect(422, "PUT", "/api/v1/environments/prod/flags/a", R"({"default":{"variant":"x"}})");
  store.Expect(422, "POST", kFlags, R"({"key":"b","type":"boolean","variants":[]})");
  CHECK(store.Revision("prod") == 2);
  CHECK(store.CountRows("SELECT count(*) FROM audit") == entries);
  CHECK(store.CountRows("SELECT revision FROM environments WHERE key = 'prod'") == 2);
  CHECK(store.CountRows("SELECT count(*) FROM flags") == 1);
  CHECK(listener.told.empty());
}

TEST_CASE("a change whose audit entry cannot be written is undone whole") {
  TwoEnvironments store;
  REQUIRE(store.database.Run("ALTER TABLE audit RENAME TO elsewhere"));
  const auto response =
      store.Send("PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  CHECK(response.status >= 400);
  CHECK(store.Revision("prod") == 2);
  CHECK(store.CountRows("SELECT count(*) FROM flag_configs WHERE config LIKE '%true%'") == 0);
  CHECK(store.CountRows("SELECT max(revision) FROM lines") == 2);
}

TEST_CASE("each commit is told once, after it, for the environments that it touched") {
  TwoEnvironments store;
  Listener listener;
  store.ledger->Listen(listener);
  CHECK(listener.told == std::vector<std::string>{"prod@2", "test@2", "tokens"});
  listener.told.clear();
  store.Expect(200, "PUT", "/api/v1/environments/test/flags/a", R"({"enabled":true})");
  store.Expect(201, "POST", "/api/v1/environments/test/keys", R"({"name":"k"})");
  store.Expect(204, "DELETE", "/api/v1/environments/test?confirm=test");
  CHECK(listener.told == std::vector<std::string>{"test@3", "tokens", "deleted test", "tokens"});
}

// Another process on the same database, which changes the flag as soon as it hears of a change.
struct Rival final : CommitListener {
  explicit Rival(StoreFixture& store) : ledger(*Ledger::Load(store.database, store.clock)) {}
  void OnEnvironment(std::shared_ptr<const EnvironmentSet>) override {
    if (!armed) return;
    armed = false;
    ApiRequest request{"PATCH", "/api/v1/flags/a", R"({"owner":"rival"})",
                       ApiGrant(TokenKind::kAdmin), "token:2"};
    request.if_match = "*";
    CHECK(Api(*ledger).Handle(request).status == 200);
  }
  void OnEnvironmentDeleted(const std::string&) override {}
  void OnCredentials(std::shared_ptr<const Credentials>) override {}
  void OnNews(std::shared_ptr<const News>) override {}

  std::unique_ptr<Ledger> ledger;
  bool armed = false;
};

TEST_CASE("the answer to a change is of that change, whatever another process does next") {
  TwoEnvironments store;
  Rival rival(store);
  store.ledger->Listen(rival);
  rival.armed = true;
  const auto changed = store.Expect(200, "PATCH", "/api/v1/flags/a", R"({"owner":"first"})");
  CHECK_FALSE(rival.armed);
  CHECK(Text(changed, "owner") == "first");
  CHECK(Number(changed, "version") == 2);
  CHECK(Number(*changed.Find("revisions"), "prod") == 3);
  CHECK(Number(store.Expect(200, "GET", "/api/v1/flags/a"), "version") == 3);
}

TEST_CASE("what was committed is what a restarted store has in force") {
  TwoEnvironments store;
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  const auto reloaded = Ledger::Load(store.database, store.clock);
  REQUIRE(reloaded);
  const EnvironmentSet& before = *store.ledger->sets().at("prod");
  const EnvironmentSet& after = *(*reloaded)->sets().at("prod");
  CHECK(after.revision == before.revision);
  CHECK(after.epoch == before.epoch);
  CHECK(after.image->bytes() == before.image->bytes());
  REQUIRE(after.definitions.size() == before.definitions.size());
  CHECK(after.definitions.begin()[0]->line().bytes() ==
        before.definitions.begin()[0]->line().bytes());
}

TEST_CASE("a line that was changed behind the store's back is never sent") {
  TwoEnvironments store;
  REQUIRE(
      store.database.Run("UPDATE lines SET bytes = replace(bytes, 'false', 'true ') "
                         "WHERE environment = 'prod'"));
  const auto reloaded = Ledger::Load(store.database, store.clock);
  REQUIRE(!reloaded);
  CHECK(reloaded.error().where() == "environments.prod.flags.a");
}

TEST_CASE("a definition that an older compiler accepted does not block changes of others") {
  TwoEnvironments store;
  const std::string bytes = R"({"kind":"flag","key":"old","type":"from-the-past"})";
  REQUIRE(
      Lines(store.database).Put("prod", {wire::SyncLine(wire::LineKind::kFlag, "old", bytes), 1}));
  auto reloaded = Ledger::Load(store.database, store.clock);
  REQUIRE(reloaded);
  store.ledger = *std::move(reloaded);
  CHECK(store.ledger->sets().at("prod")->diagnostics.size() == 1);
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.Expect(422, "PUT", "/api/v1/environments/prod/flags/a", R"({"offVariant":"x"})");
}

TEST_CASE("an environment that is made again under its key has a larger epoch") {
  TwoEnvironments store;
  const auto epoch = store.ledger->sets().at("test")->epoch;
  store.Expect(204, "DELETE", "/api/v1/environments/test?confirm=test");
  store.Expect(201, "POST", kEnvironments, R"({"key":"test"})");
  CHECK(store.ledger->sets().at("test")->epoch > epoch);
  CHECK(store.Revision("test") == 1);
}

TEST_CASE("a new flag is off everywhere, each environment with a salt of its own that stays") {
  TwoEnvironments store;
  const auto prod = store.Expect(200, "GET", "/api/v1/environments/prod/flags/a");
  const auto test = store.Expect(200, "GET", "/api/v1/environments/test/flags/a");
  CHECK(*prod.Find("enabled") == model::Value(false));
  CHECK(Text(prod, "salt").size() == 16);
  CHECK(Text(prod, "salt") != Text(test, "salt"));
  const auto configured = store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", "{}");
  CHECK(*configured.Find("enabled") == model::Value(true));
  CHECK(Text(configured, "salt") == Text(prod, "salt"));
  const auto reset = store.Expect(200, "DELETE", "/api/v1/environments/prod/flags/a");
  CHECK(*reset.Find("enabled") == model::Value(false));
  CHECK(Text(reset, "salt") == Text(prod, "salt"));
}

}  // namespace
}  // namespace pennon::store
