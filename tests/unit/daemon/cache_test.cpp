#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>

#include "tests/unit/daemon/cache_fixture.h"

namespace pennon::daemon {

TEST_CASE_FIXTURE(CacheFixture, "the newest generation comes back as it was saved") {
  {
    Cache cache = Open();
    CHECK_FALSE(cache.Load());
    for (std::uint64_t revision = 1; revision <= 5; ++revision) {
      REQUIRE(cache.Save(MakeGeneration(revision)));
    }
    REQUIRE(cache.Confirm(9'000));
  }
  Cache cache = Open();
  const auto loaded = cache.Load();
  REQUIRE(loaded);
  CHECK(loaded->head.revision == 5);
  CHECK(loaded->head.flags == 3);
  CHECK(loaded->validator == "\"1.5\"");
  CHECK(loaded->confirmed_at == 9'000);
  CHECK(loaded->lines[2].bytes() == MakeGeneration(5).lines[2].bytes());
  CHECK(loaded->lines[1].bytes() == MakeGeneration(5).lines[1].bytes());
}

TEST_CASE_FIXTURE(CacheFixture, "only as many generations are kept as configured") {
  {
    Cache cache = Open();
    for (std::uint64_t revision = 1; revision <= 6; ++revision) {
      REQUIRE(cache.Save(MakeGeneration(revision)));
    }
  }
  auto database = base::Sqlite::Open(dir.File("cache.db"), false);
  auto count = database->Prepare("SELECT count(*), min(revision) FROM generation");
  REQUIRE(*count->Step());
  CHECK(count->Int(0) == 3);
  CHECK(count->Int(1) == 4);
}

TEST_CASE_FIXTURE(CacheFixture,
                  "damage falls back to the generation before, and the file is made anew") {
  const char* const kDamages[] = {
      "UPDATE line SET bytes = replace(bytes, '3', '4') WHERE generation = 3 AND key = 'f1'",
      "DELETE FROM line WHERE generation = 3 AND key = 'f1'",
      "UPDATE generation SET revision = 4 WHERE id = 3",
      "UPDATE generation SET validator = 'x' WHERE id = 3",
      "UPDATE line SET kept = 1 WHERE generation = 3 AND key = 'f1'",
      "UPDATE line SET key = 'f9' WHERE generation = 3 AND key = 'f1'"};
  for (const char* damage : kDamages) {
    CAPTURE(damage);
    std::filesystem::remove(dir.File("cache.db"));
    {
      Cache cache = Open();
      for (std::uint64_t revision = 1; revision <= 3; ++revision) {
        REQUIRE(cache.Save(MakeGeneration(revision)));
      }
    }
    Damage(damage);
    Cache cache = Open();
    const auto loaded = cache.Load();
    REQUIRE(loaded);
    CHECK(loaded->head.revision == 2);
    CHECK(loaded->lines[1].bytes() == MakeGeneration(2).lines[1].bytes());
    CHECK(std::filesystem::exists(dir.File("cache.db.aside")));
    CHECK(cache.Load()->head.revision == 2);
    REQUIRE(cache.Save(MakeGeneration(7)));
  }
}

TEST_CASE_FIXTURE(CacheFixture,
                  "when every generation is damaged there is none, and the cache goes on") {
  {
    Cache cache = Open();
    REQUIRE(cache.Save(MakeGeneration(1)));
  }
  Damage("UPDATE line SET bytes = bytes || ' '");
  Cache cache = Open();
  CHECK_FALSE(cache.Load());
  REQUIRE(cache.Save(MakeGeneration(2)));
  CHECK(cache.Load()->head.revision == 2);
}

TEST_CASE_FIXTURE(CacheFixture, "the image of the newest generation is kept, and no other") {
  const std::vector<std::byte> image(300, std::byte{7});
  Cache cache = Open();
  REQUIRE(cache.SaveImage({1, 1}, image).error().code() == base::ErrorCode::kNotFound);
  REQUIRE(cache.Save(MakeGeneration(1)));
  REQUIRE(cache.SaveImage({1, 1}, image));
  const auto kept = cache.LoadImage();
  REQUIRE(kept);
  CHECK(std::equal(image.begin(), image.end(), kept->image.begin(), kept->image.end()));
  CHECK(kept->generation.head.revision == 1);
  CHECK(kept->generation.lines.empty());
  REQUIRE(cache.Save(MakeGeneration(2)));
  CHECK_FALSE(cache.LoadImage());
  REQUIRE(cache.SaveImage({1, 1}, image));
  CHECK_FALSE(cache.LoadImage());
}

TEST_CASE_FIXTURE(CacheFixture,
                  "an image that is damaged, of another build or another set is not used") {
  const std::vector<std::byte> image(300, std::byte{7});
  const char* const kDamages[] = {
      "UPDATE image SET bytes = zeroblob(300)", "UPDATE image SET bytes = x''",
      "UPDATE image SET build = 'b'",           "UPDATE image SET generation = generation || ' '",
      "UPDATE generation SET revision = 9",     "UPDATE generation SET digest = digest || ' '"};
  for (const char* damage : kDamages) {
    CAPTURE(damage);
    std::filesystem::remove(dir.File("cache.db"));
    {
      Cache cache = Open();
      REQUIRE(cache.Save(MakeGeneration(1)));
      REQUIRE(cache.SaveImage({1, 1}, image));
    }
    Damage(damage);
    CHECK_FALSE(Open().LoadImage());
  }
}

TEST_CASE_FIXTURE(CacheFixture,
                  "of the sets that wait for a slow disk only the newest is written") {
  std::promise<void> gate;
  std::promise<void> entered;
  CacheWriter writer(Open(), log, std::chrono::milliseconds(1));
  writer.Write([&](Cache&) -> base::Result<void> {
    entered.set_value();
    gate.get_future().wait();
    return {};
  });
  entered.get_future().wait();
  for (std::uint64_t revision = 1; revision <= 5; ++revision) {
    writer.Save(std::make_shared<const Generation>(MakeGeneration(revision)));
  }
  const auto list = [](Cache& cache) { return cache.List(); };
  CHECK(writer.Run(list).error().code() == base::ErrorCode::kUnavailable);
  gate.set_value();
  writer.Stop();
  CHECK(writer.health().writes == 1);
  REQUIRE(writer.Run(list));
  REQUIRE(writer.Run(list)->size() == 1);
  CHECK(writer.Run(list)->front().name.revision == 5);
}

TEST_CASE_FIXTURE(CacheFixture, "a write that fails is told until one succeeds") {
  CacheWriter writer(Open(), log);
  const auto settle = [&] { return writer.Run([](Cache&) { return base::Result<void>(); }); };
  std::promise<void> failed;
  writer.Write([](Cache&) -> base::Result<void> {
    return base::Fail(base::Error::Unavailable("disk", "is full"));
  });
  writer.Write([&](Cache&) -> base::Result<void> {
    failed.set_value();
    return base::Fail(base::Error::Unavailable("disk", "is still full"));
  });
  failed.get_future().wait();
  REQUIRE(settle());
  CHECK(writer.health().error == "disk: is still full");
  writer.Save(std::make_shared<const Generation>(MakeGeneration(1)));
  writer.Stop();
  CHECK(writer.health().error.empty());
  CHECK_FALSE(writer.HasUnsaved());
}

TEST_CASE_FIXTURE(CacheFixture, "one process owns the cache") {
  const Cache cache = Open();
  const auto second = Cache::Open(Options(), log);
  REQUIRE(!second);
  CHECK(second.error().code() == base::ErrorCode::kConflict);
}

TEST_CASE_FIXTURE(CacheFixture, "nobody but its owner may read the cache, whatever the umask") {
  const std::filesystem::path file = dir.File("cache.db");
  const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  const auto open_to_others = [&](const char* suffix) {
    const auto status = std::filesystem::status(file.string() + suffix);
    return (status.permissions() & others) != std::filesystem::perms::none;
  };
  const mode_t before = ::umask(0);
  for (int i = 0; i < 2; ++i) {
    Cache cache = Open();
    REQUIRE(cache.Save(MakeGeneration(1)));
    CHECK_FALSE(open_to_others(""));
    CHECK_FALSE(open_to_others("-wal"));
    // As an earlier version left it.
    std::filesystem::permissions(file, others, std::filesystem::perm_options::add);
  }
  ::umask(before);
}

TEST_CASE_FIXTURE(CacheFixture, "a cache of format 1 is taken over") {
  REQUIRE(Open().Save(MakeGeneration(4)));
  Damage(
      "ALTER TABLE generation DROP COLUMN signature; DROP TABLE mark; DROP TABLE usage;"
      "DROP TABLE image;"
      "PRAGMA user_version = 1");
  {
    Cache cache = Open();
    REQUIRE(cache.Load());
    REQUIRE(cache.SetMark("instance", "me"));
    REQUIRE(cache.Save(MakeGeneration(5)));
  }
  Cache cache = Open();
  CHECK(cache.damage().empty());
  CHECK(cache.Load()->head.revision == 5);
  CHECK(cache.Mark("instance") == "me");
  REQUIRE(cache.List());
  CHECK(cache.List()->size() == 2);
}

TEST_CASE_FIXTURE(CacheFixture, "of a cache of format 3 all but the image is taken over") {
  REQUIRE(Open().Save(MakeGeneration(4)));
  Damage(
      "DROP TABLE image;"
      "CREATE TABLE image (generation TEXT NOT NULL, build TEXT NOT NULL, bytes BLOB NOT NULL,"
      " digest TEXT NOT NULL) STRICT;"
      "INSERT INTO image VALUES ('g', 'b', x'00', 'd');"
      "PRAGMA user_version = 3");
  const std::vector<std::byte> image(300, std::byte{7});
  {
    Cache cache = Open();
    CHECK_FALSE(cache.LoadImage());
    REQUIRE(cache.SaveImage({1, 4}, image));
  }
  Cache cache = Open();
  CHECK(cache.damage().empty());
  CHECK(cache.LoadImage());
  CHECK(cache.Load()->head.revision == 4);
}

TEST_CASE_FIXTURE(CacheFixture,
                  "kept generations are found by name; the serving one is not dropped") {
  Cache cache = Open();
  REQUIRE(cache.Save(MakeGeneration(1)));
  REQUIRE(cache.SetMark("serving", "1.1"));
  for (std::uint64_t revision = 2; revision <= 9; ++revision) {
    REQUIRE(cache.Save(MakeGeneration(revision)));
  }
  CHECK(cache.LoadNamed({1, 1})->lines.size() == 3);
  CHECK(cache.LoadNamed({1, 2}).error().code() == base::ErrorCode::kNotFound);
  CHECK(cache.List()->size() == 4);
  REQUIRE(cache.SetMark("serving", ""));
  REQUIRE(cache.Save(MakeGeneration(10)));
  CHECK(cache.List()->size() == 3);
}

TEST_CASE_FIXTURE(
    CacheFixture,
    "the cache of another environment or upstream, or of another format, is moved aside") {
  const auto reopened_empty = [&](const CacheOptions& options) {
    auto cache = Cache::Open(options, log);
    REQUIRE(cache);
    return !cache->Load().has_value();
  };
  const auto fill = [&] {
    std::filesystem::remove(dir.File("cache.db"));
    REQUIRE(Open().Save(MakeGeneration(1)));
  };
  CacheOptions other = Options();
  fill();
  other.environment = "staging";
  CHECK(reopened_empty(other));
  fill();
  other = Options();
  other.upstream = "http://elsewhere";
  CHECK(reopened_empty(other));
  fill();
  Damage("PRAGMA user_version = 99");
  CHECK(reopened_empty(Options()));
  fill();
  Damage("PRAGMA application_id = 5");
  CHECK(reopened_empty(Options()));
}

TEST_CASE_FIXTURE(
    CacheFixture,
    "a place that is no file is an error, one that is not there a cache that is missing") {
  std::filesystem::create_directory(dir.File("cache.db"));
  const auto refused = Cache::Open(Options(), log);
  REQUIRE(!refused);
  CHECK(std::filesystem::is_directory(dir.File("cache.db")));
  CacheOptions nowhere = Options();
  nowhere.path = dir.File("no/such/place.db");
  auto missing = Cache::Open(nowhere, log);
  REQUIRE(missing);
  CHECK(missing->missing() != "");
  CHECK_FALSE(missing->Load());
  CHECK_FALSE(missing->List());
  CHECK_FALSE(missing->Save(MakeGeneration(1)));
  std::filesystem::create_directories(dir.File("no/such"));
  REQUIRE(missing->Reopen());
  CHECK(missing->missing() == "");
  CHECK(missing->Save(MakeGeneration(1)));
  CHECK_FALSE(Cache::Open(nowhere, log));  // it has the lock, too
}

TEST_CASE_FIXTURE(CacheFixture, "a cache whose file is removed is put back with all that it had") {
  {
    Cache cache = Open();
    REQUIRE(cache.Save(MakeGeneration(1)));
    REQUIRE(cache.SetMark("pinned", "true"));
    std::filesystem::remove(dir.File("cache.db"));
    REQUIRE(cache.Save(MakeGeneration(2)));
    CHECK(cache.List()->size() == 2);
    std::ofstream(dir.File("new.db")) << "something else";
    std::filesystem::rename(dir.File("new.db"), dir.File("cache.db"));
    REQUIRE(cache.Save(MakeGeneration(3)));
  }
  Cache cache = Open();
  CHECK(cache.List()->size() == 3);
  CHECK(cache.Mark("pinned") == "true");
  CHECK(cache.Load()->head.revision == 3);
}

TEST_CASE_FIXTURE(CacheFixture,
                  "a cache that could not be made anew is made when its place is there") {
  CacheOptions options = Options();
  options.path = dir.File("folder/cache.db");
  std::filesystem::create_directory(dir.File("folder"));
  auto cache = Cache::Open(options, log);
  REQUIRE(cache);
  REQUIRE(cache->Save(MakeGeneration(1)));
  std::filesystem::remove_all(dir.File("folder"));
  CHECK_FALSE(cache->Save(MakeGeneration(2)));
  CHECK_FALSE(cache->Save(MakeGeneration(3)));
  std::filesystem::create_directory(dir.File("folder"));
  CHECK(cache->Save(MakeGeneration(4)));
  CHECK(cache->Load()->head.revision == 4);
  CHECK(std::filesystem::exists(options.path));
}

TEST_CASE_FIXTURE(CacheFixture, "a cache whose table of identity has another name is moved aside") {
  REQUIRE(Open().Save(MakeGeneration(1)));
  Damage("ALTER TABLE identity RENAME TO idemtity");
  Cache cache = Open();
  CHECK_FALSE(cache.Load());
  CHECK_FALSE(cache.damage().empty());
  CHECK(std::filesystem::exists(dir.File("cache.db.aside")));
}

}  // namespace pennon::daemon
