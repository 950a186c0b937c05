// A real store in a temporary directory, with a clock that stands still.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/api.h"
#include "store/database.h"
#include "store/ledger.h"
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

/// Declared before what uses it, so that it is closed last.
struct StoreFixture {
  StoreFixture() : database(Created(directory.Path("store.db"), clock)) {
    auto loaded = Ledger::Load(database, clock);
    REQUIRE(loaded);
    ledger = *std::move(loaded);
  }

  static Database Created(const std::string& path, const base::Clock& clock) {
    auto database = Database::OpenOrCreate(path);
    REQUIRE(database);
    REQUIRE(database->Transaction([&] { return database->Initialise(clock.Wall()); }));
    return *std::move(database);
  }

  net::HttpResponse Send(const std::string& method, const std::string& path,
                         const std::string& body = "") {
    return Api(*ledger).Handle({method, path, body, "token:1"});
  }
  /// The same, and the status must be the one expected; returns the answer's JSON.
  model::Value Expect(int status, const std::string& method, const std::string& path,
                      const std::string& body = "") {
    const net::HttpResponse response = Send(method, path, body);
    INFO(method, " ", path, ": ", response.body);
    REQUIRE(response.status == status);
    if (response.body.empty()) return {};
    auto value = wire::ReadJson(response.body);
    REQUIRE(value);
    return *std::move(value);
  }

  std::int64_t CountRows(const std::string& sql) {
    std::int64_t count = -1;
    REQUIRE(database.Each(sql, [&](const base::SqliteStatement& row) { count = row.Int(0); }));
    return count;
  }
  [[nodiscard]] std::uint64_t Revision(const std::string& environment) const {
    return ledger->sets().at(environment)->revision;
  }

  TemporaryDirectory directory;
  StillClock clock;
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
