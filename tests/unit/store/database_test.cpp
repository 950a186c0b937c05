// The database file: migrations, ownership, identity.
#include "store/database.h"

#include <sys/stat.h>

#include "store/commands.h"
#include "store/migrations.h"
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
  REQUIRE(again->Each("PRAGMA user_version", [&](const auto& row) { version = row.Int(0); }));
  REQUIRE(again->Each("PRAGMA synchronous", [&](const auto& row) { synchronous = row.Int(0); }));
  REQUIRE(again->Each("PRAGMA journal_mode", [&](const auto& row) { journal = row.Text(0); }));
  CHECK(version == SchemaVersion());
  CHECK(synchronous == 2);
  CHECK(journal == "wal");
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
