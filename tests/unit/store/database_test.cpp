// The database file: migrations, ownership, identity.
#include "store/database.h"

#include <sys/stat.h>

#include <new>

#include "store/access_change.h"
#include "store/audit_chain.h"
#include "store/backup.h"
#include "store/commands.h"
#include "store/migrations.h"
#include "store/reports.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

void ExecuteOn(const std::string& path, const std::string& sql) {
  auto sqlite = base::Sqlite::Open(path, true);
  REQUIRE(sqlite);
  REQUIRE(sqlite->Execute(sql));
}

TEST_CASE("a new database has this program's schema and is readable by its owner only") {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("new/folder/store.db");
  REQUIRE(Database::OpenOrCreate(path));
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777U) == 0600);

  auto again = Database::Open(path);
  REQUIRE(again);
  std::int64_t version = 0;
  std::int64_t synchronous = 0;
  std::string journal;
  REQUIRE(again->Each("PRAGMA user_version", [&](const Row& row) { version = row.Int(0); }));
  REQUIRE(again->Each("PRAGMA synchronous", [&](const Row& row) { synchronous = row.Int(0); }));
  REQUIRE(again->Each("PRAGMA journal_mode", [&](const Row& row) { journal = row.Text(0); }));
  CHECK(version == SchemaVersion());
  CHECK(synchronous == 2);
  CHECK(journal == "wal");
}

TEST_CASE("a statement may run while another one of the same text does, and after it has failed") {
  const TemporaryDirectory directory;
  auto database = Database::OpenOrCreate(directory.Path("store.db"));
  REQUIRE(database);
  REQUIRE(database->Run("CREATE TABLE t (n INTEGER PRIMARY KEY)"));
  for (const std::int64_t n : {1, 2}) REQUIRE(database->Run("INSERT INTO t VALUES (?)", n));
  CHECK(!database->Run("INSERT INTO t VALUES (?)", std::int64_t{1}));
  REQUIRE(database->Run("INSERT INTO t VALUES (?)", std::int64_t{3}));
  std::string rows;
  REQUIRE(database->Each("SELECT n FROM t ORDER BY n", [&](const Row& row) {
    rows += std::to_string(row.Int(0)) + ':';
    REQUIRE(database->Each("SELECT n FROM t ORDER BY n",
                           [&](const Row& inner) { rows += std::to_string(inner.Int(0)); }));
  }));
  CHECK(rows == "1:1232:1233:123");
}

TEST_CASE("what throws in a transaction or a rehearsal is undone, and the next one begins anew") {
  StoreFixture store;
  const auto raise = [&]() -> base::Result<void> {
    REQUIRE(store.database.NextId());
    throw std::bad_alloc();
  };
  auto before = store.database.NextId();
  REQUIRE(before);
  CHECK_THROWS_AS(store.database.Transaction(raise), std::bad_alloc);
  CHECK_THROWS_AS(store.database.Rehearsal(raise), std::bad_alloc);
  std::int64_t after = 0;
  REQUIRE(store.database.Transaction(
      [&] { return store.database.NextId().map([&](std::int64_t id) { after = id; }); }));
  CHECK(after == *before + 1);
}

TEST_CASE("a database that a newer program wrote is refused and stays as it is") {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("store.db");
  REQUIRE(Database::OpenOrCreate(path));
  ExecuteOn(path, "PRAGMA user_version = " + std::to_string(SchemaVersion() + 1));
  const auto opened = Database::Open(path);
  REQUIRE(!opened);
  CHECK(opened.error().where() == path);
  CHECK(opened.error().what().find("newer") != std::string::npos);
  CHECK(!Database::Open(path));
}

TEST_CASE("the log of an old database is numbered and chained when it is migrated") {
  const TemporaryDirectory directory;
  const std::string location = LocationOf(directory.Path("store.db"));
  {
    auto driver =
        OnPostgres() ? PostgresDriver::Open(location) : SqliteDriver::Open(location, true);
    REQUIRE(driver);
    REQUIRE(Migrate(**driver, 1));
    REQUIRE((*driver)->Execute(
        "INSERT INTO meta (id, store_id, epoch) VALUES (1, 's', 1);"
        "INSERT INTO environments VALUES ('prod', 'P', 1, 1, 1);"
        "INSERT INTO flags VALUES ('a', '{}', 1, 1);"
        "INSERT INTO audit (seq, at, actor, action, environment, kind, key, after) VALUES "
        "(1, 1, 'x', 'create', 'prod', 'environment', 'prod', '{}'),"
        "(2, 1, 'x', 'create', NULL, 'flag', 'a', '{}'),"
        "(5, 1, 'x', 'update', NULL, 'flag', 'a', '{}');"));
  }
  auto database = Database::Open(location);
  REQUIRE_MESSAGE(database, (database ? "" : database.error().Message()));
  const auto verified = VerifyAudit(*database);
  REQUIRE_MESSAGE(verified, (verified ? "" : verified.error().Message()));
  CHECK(verified->sequence == 3);
  CHECK(Flags(*database).Get("a").value().version == 2);
  CHECK(Environments(*database).Get("prod").value().version == 1);
}

TEST_CASE("a migration that fails leaves the database as it was") {
  const TemporaryDirectory directory;
  const std::string location = LocationOf(directory.Path("store.db"));
  const auto open = [&] {
    return OnPostgres() ? PostgresDriver::Open(location) : SqliteDriver::Open(location, true);
  };
  {
    auto driver = open();
    REQUIRE(driver);
    REQUIRE(Migrate(**driver, 1));
    // The second step's index is there already, so it fails after it has changed tables.
    REQUIRE((*driver)->Execute("CREATE INDEX audit_by_subject ON audit (key)"));
    CHECK(!Migrate(**driver));
  }
  auto driver = open();
  REQUIRE(driver);
  CHECK((*driver)->SchemaVersion().value() == 1);
  REQUIRE((*driver)->Execute("DROP INDEX audit_by_subject"));
  CHECK(Migrate(**driver));
}

TEST_CASE("usage that was counted without reasons is kept, under none") {
  const TemporaryDirectory directory;
  const std::string location = LocationOf(directory.Path("store.db"));
  auto driver = OnPostgres() ? PostgresDriver::Open(location) : SqliteDriver::Open(location, true);
  REQUIRE(driver);
  constexpr std::int64_t kBeforeReasons = 5;
  REQUIRE(Migrate(**driver, kBeforeReasons));
  REQUIRE(
      (*driver)->Execute("INSERT INTO environments (key, name, epoch, revision, created_at) "
                         "VALUES ('e', 'e', 1, 1, 0); "
                         "INSERT INTO usage (environment, flag, variant, hour, evaluations) "
                         "VALUES ('e', 'f', 'on', 7, 3)"));
  REQUIRE(Migrate(**driver));
  std::string kept;
  REQUIRE((*driver)->Run(
      "SELECT flag, variant, reason, hour, evaluations FROM usage", {}, [&](const Row& row) {
        kept += std::string(row.Text(0)) + ' ' + std::string(row.Text(1)) + " <" +
                std::string(row.Text(2)) + "> " + std::to_string(row.Int(3)) + ' ' +
                std::to_string(row.Int(4)) + '\n';
        return true;
      }));
  CHECK(kept == "f on <> 7 3\n");
}

TEST_CASE("a backup that is restored is the same store under a new epoch") {
  StoreFixture store;
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"prod","name":"?"})");
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  store.Expect(201, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["ä"]})", "");
  store.Expect(201, "POST", "/api/v1/environments/prod/keys", R"({"name":"k"})");
  REQUIRE(store.database.Transaction([&] {
    return Reports(store.database).Take({"prod", "i", "host", "0.1.0"}, store.clock.wall);
  }));
  std::string backup;
  const auto rows = WriteBackup(store.database, [&](std::string_view text) -> base::Result<void> {
    backup += text;
    return {};
  });
  REQUIRE_MESSAGE(rows, (rows ? "" : rows.error().Message()));

  auto other = Database::OpenOrCreate(LocationOf(store.directory.Path("other.db")));
  REQUIRE(other);
  const auto cut =
      RestoreBackup(*other, std::string_view(backup).substr(0, backup.size() / 2), "x", 1);
  REQUIRE(!cut);
  CHECK(cut.error().where().starts_with("line "));
  const auto restored = RestoreBackup(*other, backup, "cli:0", store.clock.wall);
  REQUIRE_MESSAGE(restored, (restored ? "" : restored.error().Message()));
  CHECK(restored->rows == *rows);
  CHECK(VerifyAudit(*other));
  const auto ledger = Ledger::Load(*other, store.clock);
  REQUIRE(ledger);
  const EnvironmentSet& before = *store.ledger->sets().at("prod");
  const EnvironmentSet& after = *(*ledger)->sets().at("prod");
  CHECK(after.epoch > before.epoch);
  CHECK(after.revision == before.revision);
  const auto daemons = Reports(*other).Daemons("prod", "", 1);
  REQUIRE(daemons);
  REQUIRE(daemons->size() == 1);
  CHECK(daemons->front().version == "0.1.0");
  REQUIRE(after.definitions.size() == 2);
  CHECK(after.definitions.begin()[1]->line().bytes() ==
        before.definitions.begin()[1]->line().bytes());
  CHECK(!RestoreBackup(*other, backup, "cli:0", store.clock.wall));
  REQUIRE((*ledger)->Commit({"cli:0", "prod", ""}, [](Change& change) {
    return AccessChange(change)
        .CreateToken(TokenKind::kSync, "prod", "next")
        .map([](const NewToken&) {});
  }));
}

TEST_CASE("another application's database and a file that is none are refused") {
  const TemporaryDirectory directory;
  const std::string other = directory.Path("other.db");
  ExecuteOn(other, "CREATE TABLE things (id INTEGER)");
  const auto opened = Database::OpenOrCreate(other);
  REQUIRE(!opened);
  CHECK(opened.error().what().find("not one of pennon-store") != std::string::npos);

  const std::string text = directory.Path("text.db");
  std::FILE* file = std::fopen(text.c_str(), "w");
  REQUIRE(file != nullptr);
  std::fputs(std::string(4096, 'x').c_str(), file);
  std::fclose(file);
  const auto garbage = Database::Open(text);
  REQUIRE(!garbage);
  CHECK(garbage.error().where() == text);
}

TEST_CASE("one process owns the database") {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("store.db");
  const auto owner = Database::OpenOrCreate(path);
  REQUIRE(owner);
  const auto second = Database::Open(path);
  REQUIRE(!second);
  CHECK(second.error().code() == base::ErrorCode::kConflict);
  CHECK(second.error().what().find("/import") != std::string::npos);
}

TEST_CASE("a database that is not there is not made by opening it") {
  const TemporaryDirectory directory;
  const auto opened = Database::Open(directory.Path("none.db"));
  REQUIRE(!opened);
  CHECK(opened.error().code() == base::ErrorCode::kNotFound);
  CHECK(!std::filesystem::exists(directory.Path("none.db")));
}

TEST_CASE("an epoch is the time, but always larger than the one before") {
  StoreFixture store;
  const auto now = static_cast<std::uint64_t>(store.clock.wall);
  CHECK(store.database.NextEpoch(store.clock.wall + 5).value() == now + 5);
  CHECK(store.database.NextEpoch(store.clock.wall).value() == now + 6);
}

TEST_CASE("init makes one admin token, once, and keeps only its hash") {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("store.db");
  std::ostringstream out;
  REQUIRE(RunInit({path, directory.Path("admin.token")}, out));
  const auto again = RunInit({path, ""}, out);
  REQUIRE(!again);
  CHECK(again.error().code() == base::ErrorCode::kConflict);
  CHECK(out.str().find("pn_admin_") == std::string::npos);

  std::ostringstream printed;
  const std::string other = directory.Path("other.db");
  REQUIRE(RunInit({other, ""}, printed));
  const std::size_t at = printed.str().find("pn_admin_");
  REQUIRE(at != std::string::npos);
  const std::string secret = printed.str().substr(at, 9 + 64);
  auto database = Database::Open(other);
  REQUIRE(database);
  const auto tokens = Tokens(*database).All();
  REQUIRE(tokens);
  REQUIRE(tokens->size() == 1);
  CHECK(tokens->front().kind == TokenKind::kAdmin);
  CHECK(tokens->front().hash.size() == 64);
  CHECK(secret.find(tokens->front().hash) == std::string::npos);
  CHECK(secret.ends_with(tokens->front().last4));
}

TEST_CASE("a token file that exists is never replaced, and init can be run again") {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("store.db");
  const std::string taken = directory.Path("taken");
  std::fclose(std::fopen(taken.c_str(), "w"));
  std::ostringstream out;
  REQUIRE(!RunInit({path, taken}, out));
  CHECK(std::filesystem::exists(taken));
  CHECK(RunInit({path, directory.Path("free")}, out));
}

}  // namespace
}  // namespace pennon::store
