#include "base/sqlite.h"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <array>
#include <new>

#include "base/digest.h"
#include "tests/support/temp_dir.h"

namespace pennon::base {

TEST_CASE("a transaction that fails leaves nothing behind") {
  auto database = Sqlite::Open("", true);
  REQUIRE(database);
  REQUIRE(database->Execute("CREATE TABLE t (k TEXT PRIMARY KEY) STRICT"));
  const auto failed = database->Transaction([&]() -> Result<void> {
    auto insert = database->Prepare("INSERT INTO t VALUES (?)");
    if (auto first = insert->Bind(1, std::string_view("a")).Run(); !first) return first;
    return insert->Bind(1, std::string_view("a")).Run();
  });
  REQUIRE(!failed);
  CHECK(failed.error().code() == ErrorCode::kConflict);
  auto count = database->Prepare("SELECT count(*) FROM t");
  REQUIRE(*count->Step());
  CHECK(count->Int(0) == 0);
}

TEST_CASE("a transaction ends though its body throws, or no memory is left for the end of it") {
  auto database = Sqlite::Open("", true);
  REQUIRE(database);
  REQUIRE(database->Execute("CREATE TABLE t (k TEXT PRIMARY KEY) STRICT"));
  const auto insert = [&](std::string_view key) {
    return database->Execute("INSERT INTO t VALUES ('" + std::string(key) + "')");
  };
  CHECK_THROWS_AS(database->Transaction([&]() -> Result<void> {
    REQUIRE(insert("a"));
    throw std::bad_alloc();
  }),
                  std::bad_alloc);
  CHECK_FALSE(database->Transaction([&]() -> Result<void> {
    REQUIRE(insert("b"));
    sqlite3_hard_heap_limit64(1);
    return insert("c");
  }));
  sqlite3_hard_heap_limit64(0);
  REQUIRE(database->Transaction([&] { return insert("d"); }));
  auto kept = database->Prepare("SELECT group_concat(k) FROM t");
  REQUIRE(*kept->Step());
  CHECK(kept->Text(0) == "d");
}

TEST_CASE("a blob is read to where it is to lie, and what has no blob is an error") {
  auto database = Sqlite::Open("", true);
  REQUIRE(database);
  REQUIRE(
      database->Execute("CREATE TABLE t (b BLOB) STRICT; INSERT INTO t VALUES (x'0102'), (NULL)"));
  auto blob = database->OpenBlob("t", "b", 1);
  REQUIRE(blob);
  REQUIRE(blob->size() == 2);
  std::array<std::byte, 2> bytes{};
  REQUIRE(blob->Read(bytes));
  CHECK(bytes == std::array{std::byte{1}, std::byte{2}});
  CHECK_FALSE(database->OpenBlob("t", "b", 2));
  CHECK_FALSE(database->OpenBlob("t", "b", 3));
  CHECK_FALSE(database->OpenBlob("t", "none", 1));
}

TEST_CASE("what is no database is told apart from trouble with the disk") {
  const test::TempDir dir;
  auto text = Sqlite::Open(dir.Write("text", std::string(5000, 'x')), false);
  const auto read = text ? text->Execute("SELECT * FROM sqlite_schema") : Fail(text.error());
  REQUIRE(!read);
  CHECK(read.error().code() == ErrorCode::kInvalid);
  const auto missing = Sqlite::Open(dir.File("no/such/file"), true);
  REQUIRE(!missing);
  CHECK(missing.error().code() == ErrorCode::kInternal);
}

TEST_CASE("digests are the known ones and tokens differ") {
  CHECK(Sha256Hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(RandomToken("p_").size() == 66);
  CHECK(RandomToken("") != RandomToken(""));
  CHECK(ConstantTimeEquals("abc", "abc"));
  CHECK_FALSE(ConstantTimeEquals("abc", "abd"));
  CHECK_FALSE(ConstantTimeEquals("abc", "ab"));
}

}  // namespace pennon::base
