// A real store in a temporary directory, with a clock that stands still.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/api.h"
#include "store/database.h"
#include "store/ledger.h"
#include "store/postgres_driver.h"
#include "store/sqlite_driver.h"
#include "wire/json.h"

namespace pennon::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "pennon-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] std::string Path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class StillClock final : public base::Clock {
 public:
  [[nodiscard]] base::WallMillis Wall() const override { return wall; }
  [[nodiscard]] base::SteadyMillis Steady() const override { return 1000; }
  base::WallMillis wall = 1'700'000'000'000;
};

inline bool OnPostgres() {
  return std::getenv("PENNON_TEST_POSTGRES") != nullptr;
}

/// The path itself; or a new schema of the PostgreSQL database that the tests were given, so that
/// they run on either.
inline std::string LocationOf(const std::string& path) {
  const char* const server = std::getenv("PENNON_TEST_POSTGRES");
  if (server == nullptr) return path;
  static int number = 0;
  const std::string schema = "t" + std::to_string(::getpid()) + '_' + std::to_string(++number);
  auto driver = PostgresDriver::Open(server);
  REQUIRE_MESSAGE(driver, (driver ? "" : driver.error().Message()));
  REQUIRE((*driver)->Execute("CREATE SCHEMA " + schema));
  return std::string(server) + "&options=-csearch_path%3D" + schema;
}

/// Of a token for the API, in one environment or everywhere.
inline Grant ApiGrant(TokenKind kind, const std::string& environment = "") {
  TokenRecord token;
  token.id = 1;
  token.kind = kind;
  if (!environment.empty()) token.environment = environment;
  return GrantOf(token);
}

/// Declared before what uses it, so that it is closed last.
struct StoreFixture {
  StoreFixture()
      : location(LocationOf(directory.Path("store.db"))), database(Created(location, clock)) {
    auto loaded = Ledger::Load(database, clock);
    REQUIRE(loaded);
    ledger = *std::move(loaded);
  }

  static Database Created(const std::string& path, const base::Clock& clock) {
    auto database = Database::OpenOrCreate(path);
    REQUIRE_MESSAGE(database, (database ? "" : database.error().Message()));
    REQUIRE(database->Transaction([&] { return database->Initialise(clock.Wall()); }));
    return *std::move(database);
  }

  /// `target` may have a query. A change is made for what is there, whatever it is, unless it says
  /// something else: a test of one thing does not have to read first.
  net::HttpResponse Send(const std::string& method, const std::string& target,
                         const std::string& body = "", const std::string& if_match = "*") {
    const std::size_t mark = target.find('?');
    ApiRequest request{method, target.substr(0, mark), body, grant, "token:1"};
    if (mark != std::string::npos) request.query = target.substr(mark + 1);
    request.if_match = if_match;
    return Api(*ledger).Handle(request);
  }
  /// The same, and the status must be the one expected; returns the answer's JSON.
  model::Value Expect(int status, const std::string& method, const std::string& path,
                      const std::string& body = "", const std::string& if_match = "*") {
    const net::HttpResponse response = Send(method, path, body, if_match);
    INFO(method, " ", path, ": ", response.body);
    REQUIRE(response.status == status);
    if (response.body.empty()) return {};
    auto value = wire::ReadJson(response.body);
    REQUIRE(value);
    return *std::move(value);
  }

  std::int64_t CountRows(const std::string& sql) {
    std::int64_t count = -1;
    REQUIRE(database.Each(sql, [&](const Row& row) { count = row.Int(0); }));
    return count;
  }
  [[nodiscard]] std::uint64_t Revision(const std::string& environment) const {
    return ledger->sets().at(environment)->revision;
  }

  Grant grant = ApiGrant(TokenKind::kAdmin);  // whose requests Send sends
  TemporaryDirectory directory;
  StillClock clock;
  std::string location;
  Database database;
  std::unique_ptr<Ledger> ledger;
};

inline std::string Text(const model::Value& value, std::string_view member) {
  const model::Value* found = value.Find(member);
  return found != nullptr && found->AsString() != nullptr ? *found->AsString() : std::string();
}

inline std::int64_t Number(const model::Value& value, std::string_view member) {
  const model::Value* found = value.Find(member);
  return found != nullptr && found->AsInt() != nullptr ? *found->AsInt() : -1;
}

inline const std::string kBooleanFlag =
    R"("type":"boolean","variants":[{"key":"on","value":true},{"key":"off","value":false}])";

}  // namespace pennon::store
