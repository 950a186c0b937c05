// The audit log and what is made of it: versions, differences, restoring, the chain.
#include <atomic>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "store/audit_chain.h"
#include "store/json_diff.h"
#include "store/maintenance.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

const std::string kConfig = "/api/v1/environments/prod/flags/a";

struct HistoryFixture : StoreFixture {
  HistoryFixture() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
    Expect(200, "PUT", kConfig + "?comment=first%20try",
           R"({"enabled":true,"default":{"variant":"on"}})");
    Expect(200, "PUT", kConfig, R"({"enabled":true,"default":{"variant":"off"}})");
  }
  // What verifying says after the log was changed behind the store's back.
  std::string FaultAfter(const std::string& sql) {
    REQUIRE(database.Run("DROP TRIGGER " + std::string(OnPostgres() ? "audit_no_change ON audit"
                                                                    : "audit_no_update")));
    if (!OnPostgres()) REQUIRE(database.Run("DROP TRIGGER audit_no_delete"));
    REQUIRE(database.Run(sql));
    const auto verified = VerifyAudit(database);
    return verified ? "" : verified.error().where();
  }
};

TEST_CASE("an export of an instant is what an export gave then, whatever has happened since") {
  StoreFixture store;
  const std::string prod = "/api/v1/environments/prod";
  const auto definitions = [&](const std::string& query) {
    const auto set = store.Expect(200, "GET", prod + "/export" + query);
    return std::pair(*set.Find("flags"), *set.Find("segments"));
  };
  struct Then {
    base::WallMillis at;
    std::pair<model::Value, model::Value> set;
  };
  std::vector<Then> history;
  const auto change = [&](int status, const std::string& method, const std::string& path,
                          const std::string& body = "") {
    store.clock.wall += 1'000;
    store.Expect(status, method, path, body, status == 201 ? "" : "*");
    history.push_back({store.clock.wall, definitions("")});
  };
  change(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
  change(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  change(201, "POST", "/api/v1/flags", R"({"key":"untouched",)" + kBooleanFlag + '}');
  change(201, "PUT", prod + "/segments/s", R"({"included":["ann"]})");
  change(200, "PUT", prod + "/flags/a",
         R"({"enabled":true,"rules":[{"when":{"segment":"s"},"serve":{"variant":"on"}}]})");
  change(200, "PUT", prod + "/segments/s", R"({"included":["bob"]})");
  change(200, "PUT", "/api/v1/flags/a", '{' + kBooleanFlag + R"(,"owner":"x"})");
  change(200, "PUT", prod + "/flags/a", R"({"enabled":false})");
  change(204, "DELETE", prod + "/segments/s");
  change(204, "DELETE", "/api/v1/flags/a");
  for (const Then& then : history) {
    CAPTURE(then.at);
    CHECK(definitions("?at=" + std::to_string(then.at)) == then.set);
    CHECK(definitions("?at=" + std::to_string(then.at + 999)) == then.set);
  }
  store.Expect(404, "GET", prod + "/export?at=" + std::to_string(history[0].at - 1));
  store.Expect(422, "GET", prod + "/export?at=yesterday");
  store.clock.wall += 1'000;
  store.Expect(204, "DELETE", prod + "?confirm=prod");
  store.clock.wall += 1'000;
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
  CHECK(definitions("?at=" + std::to_string(store.clock.wall)) == definitions(""));
  CHECK(definitions("?at=" + std::to_string(history[5].at)).second == history[5].set.second);
  store.Expect(404, "GET", prod + "/export?at=" + std::to_string(store.clock.wall - 1));
}

TEST_CASE("versions are listed, the newest first, with who, why and what") {
  HistoryFixture store;
  const auto list = store.Expect(200, "GET", kConfig + "/versions");
  const model::Array& versions = *list.Find("versions")->AsArray();
  REQUIRE(versions.size() == 2);
  CHECK(Number(versions[0], "version") == 3);
  CHECK(Number(versions[1], "version") == 2);
  CHECK(Text(versions[1], "comment") == "first try");
  CHECK(Text(versions[1], "actor") == "token:1");
  CHECK(Text(*versions[0].Find("after")->Find("default"), "variant") == "off");
  CHECK(Text(*versions[0].Find("before")->Find("default"), "variant") == "on");
  CHECK(Number(store.Expect(200, "GET", kConfig + "/versions/2"), "version") == 2);
  store.Expect(404, "GET", kConfig + "/versions/9");
  store.Expect(404, "GET", kConfig + "/versions/x");
}

TEST_CASE("the difference of two versions is told in words and as a JSON Patch") {
  HistoryFixture store;
  const auto step = store.Expect(200, "GET", kConfig + "/versions/3/diff");
  CHECK(*step.Find("words") ==
        model::Value(model::Array{R"(default.variant: "on" becomes "off")"}));
  const auto same = store.Expect(200, "GET", kConfig + "/versions/3/diff?against=3");
  CHECK(same.Find("patch")->AsArray()->empty());
}

TEST_CASE("an answer about the log holds so many bytes, and the next page the rest") {
  StoreFixture store;
  REQUIRE(store.database.Transaction([&]() -> base::Result<void> {
    for (int i = 0; i < 3; ++i) {
      AuditEntry entry;
      entry.subject = {std::nullopt, "flag", "large"};
      entry.after = '"' + std::string(kMaxFoundBytes / 3 * 2, 'x') + '"';
      auto written = Audit(store.database).Append(std::move(entry));
      if (!written) return base::Fail(written.error());
    }
    return {};
  }));
  for (const std::string path : {"/api/v1/audit", "/api/v1/flags/large/versions"}) {
    std::string after;
    for (const int expected : {3, 2, 1}) {
      const net::HttpResponse page = store.Send("GET", path + after);
      const std::string sequence = std::to_string(expected);
      CHECK(page.body.find("\"sequence\":" + sequence + ',') != std::string::npos);
      CHECK(page.body.size() < kMaxFoundBytes);
      CHECK(page.body.ends_with("\"next\":\"" + sequence + "\"}") == (expected > 1));
      after = "?after=" + sequence;
    }
  }
  CHECK(store.Send("GET", "/api/v1/audit/export").body.size() < kMaxFoundBytes);
}

TEST_CASE("a restored version is a new one") {
  HistoryFixture store;
  store.Expect(428, "POST", kConfig + "/versions/2/restore", "", "");
  const auto outdated = store.Expect(412, "POST", kConfig + "/versions/2/restore", "", "\"v9\"");
  REQUIRE(outdated.Find("current") != nullptr);
  CHECK(Number(*outdated.Find("current"), "version") == 3);
  const auto restored = store.Expect(200, "POST", kConfig + "/versions/2/restore", "", "\"v3\"");
  CHECK(Text(*restored.Find("default"), "variant") == "on");
  CHECK(Number(restored, "version") == 4);
  CHECK(Text(store.Expect(200, "GET", kConfig + "/versions/4"), "comment") == "restores version 2");
}

TEST_CASE("a deleted flag comes back with the configurations that it had") {
  HistoryFixture store;
  const auto before = store.Expect(200, "GET", kConfig);
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  store.Expect(422, "POST", "/api/v1/flags/a/versions/2/restore", "", "");
  store.Expect(200, "POST", "/api/v1/flags/a/versions/1/restore", "", "");
  const auto after = store.Expect(200, "GET", kConfig);
  CHECK(*after.Find("default") == *before.Find("default"));
  CHECK(Text(after, "salt") == Text(before, "salt"));
}

TEST_CASE("the audit log is found by who, what, where and when, and comes in pages") {
  HistoryFixture store;
  const auto count = [&](const std::string& query) {
    return store.Expect(200, "GET", "/api/v1/audit?" + query).Find("entries")->AsArray()->size();
  };
  CHECK(count("") == 4);
  CHECK(count("kind=config&key=a&environment=prod") == 2);
  CHECK(count("actor=token:2") == 0);
  CHECK(count("until=2023-11-14T22:13:20Z") == 0);
  CHECK(count("since=2023-11-14T22:13:20Z") == 4);
  const auto page = store.Expect(200, "GET", "/api/v1/audit?limit=3");
  CHECK(Text(page, "next") == "2");
  CHECK(count("limit=3&after=2") == 1);
  store.Expect(422, "GET", "/api/v1/audit?since=yesterday");
  const auto lines = store.Send("GET", "/api/v1/audit/export?kind=config");
  CHECK(lines.content_type == "application/x-ndjson");
  CHECK(std::count(lines.body.begin(), lines.body.end(), '\n') == 2);
}

TEST_CASE("the log can neither be changed nor shortened through the database") {
  HistoryFixture store;
  CHECK(!store.database.Run("UPDATE audit SET actor = 'nobody' WHERE seq = 1"));
  CHECK(!store.database.Run("DELETE FROM audit"));
  const auto verified = VerifyAudit(store.database);
  REQUIRE(verified);
  CHECK(verified->sequence == 4);
}

TEST_CASE("an entry that was changed, taken out, moved or cut off is found") {
  struct Row {
    const char* sql;
    const char* fault;
  };
  for (const Row& row : {Row{"UPDATE audit SET comment = 'x' WHERE seq = 2", "audit entry 2"},
                         Row{"UPDATE audit SET after = NULL WHERE seq = 3", "audit entry 3"},
                         Row{"UPDATE audit SET at = at + 1 WHERE seq = 1", "audit entry 1"},
                         Row{"DELETE FROM audit WHERE seq = 2", "audit entry 2"},
                         Row{"DELETE FROM audit WHERE seq = 4", "audit entry 4"},
                         Row{"UPDATE audit SET seq = 9 WHERE seq = 1", "audit entry 1"},
                         Row{"DELETE FROM audit", "audit entry 1"}}) {
    HistoryFixture store;
    INFO(row.sql);
    CHECK(store.FaultAfter(row.sql) == row.fault);
  }
}

TEST_CASE("a head noted elsewhere finds a log that was cut off or chained anew") {
  HistoryFixture store;
  const AuditHead noted = ParseHead(FormatHead(*VerifyAudit(store.database))).value();
  CHECK(VerifyAudit(store.database, noted));

  std::vector<AuditEntry> entries;
  REQUIRE(
      Audit(store.database).Each([&](AuditEntry entry) { entries.push_back(std::move(entry)); }));
  AuditEntry forged = entries[3];
  forged.comment = "nothing happened";
  const std::string hash = HashOf(entries[2].hash, forged);
  REQUIRE(store.FaultAfter("UPDATE audit SET comment = 'nothing happened', hash = '" + hash +
                           "' WHERE seq = 4") == "audit entry 4");
  REQUIRE(store.database.Run("UPDATE meta SET audit_hash = ?", hash));
  REQUIRE(VerifyAudit(store.database));
  CHECK(VerifyAudit(store.database, noted).error().where() == "audit entry 4");

  REQUIRE(store.database.Run("DELETE FROM audit WHERE seq = 4"));
  REQUIRE(
      store.database.Run("UPDATE meta SET audit_sequence = 3, audit_hash = ?", entries[2].hash));
  REQUIRE(VerifyAudit(store.database));
  CHECK(VerifyAudit(store.database, noted).error().where() == "audit entry 4");
}

TEST_CASE("what is no head is refused") {
  const std::string hash(64, 'a');
  CHECK(ParseHead("7:" + hash)->sequence == 7);
  for (const std::string& text : {std::string(), std::string("7"), "7:" + hash + 'a', "0:" + hash,
                                  ":" + hash, "7:" + std::string(64, 'G'), "7 " + hash}) {
    INFO(text);
    CHECK(!ParseHead(text));
  }
}

TEST_CASE("documents are compared member by member, element by element") {
  const auto words = [](const std::string& before, const std::string& after) {
    std::string all;
    for (const Difference& difference : Compare(*wire::ReadJson(before), *wire::ReadJson(after))) {
      all += InWords(difference) + '\n';
    }
    return all;
  };
  CHECK(words(R"({"a":1})", R"({"a":1})") == "");
  CHECK(words(R"({"a":1,"b":[1,2,3]})", R"({"b":[1,9],"c":{"d":null}})") ==
        "a: removed, was 1\nb[1]: 2 becomes 9\nb[2]: removed, was 3\nc: added, {\"d\":null}\n");
  std::string patch;
  AppendJsonPatch(patch, Compare(*wire::ReadJson(R"({"a/b":1})"), *wire::ReadJson(R"({"~":[]})")));
  CHECK(patch == R"([{"op":"remove","path":"/a~1b"},{"op":"add","path":"/~0","value":[]}])");
}

TEST_CASE("a flag that is made again under its key has nothing of the one before it") {
  HistoryFixture store;
  const std::string salt = Text(store.Expect(200, "GET", kConfig), "salt");
  const auto is_on = [](const model::Value& flag) {
    return *flag.Find("enabled") == model::Value(true);
  };
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  store.clock.wall += 1000;
  store.Expect(201, "POST", "/api/v1/flags?reuseKey=true", R"({"key":"a",)" + kBooleanFlag + '}');
  const auto past = store.Expect(
      200, "GET", "/api/v1/environments/prod/export?at=" + std::to_string(store.clock.wall));
  CHECK(!is_on(*past.Find("flags")->Find("a")));
  const auto made = Number(store.Expect(200, "GET", "/api/v1/flags/a"), "version");
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  store.Expect(200, "POST", "/api/v1/flags/a/versions/" + std::to_string(made) + "/restore", "",
               "");
  const auto restored = store.Expect(200, "GET", kConfig);
  CHECK(!is_on(restored));
  CHECK(Text(restored, "salt") != salt);
}

TEST_CASE("an environment that is made again under its key has nothing of the one before it") {
  HistoryFixture store;
  store.Expect(204, "DELETE", "/api/v1/environments/prod?confirm=prod");
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
  const std::string salt = Text(store.Expect(200, "GET", kConfig), "salt");
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  store.Expect(200, "POST", "/api/v1/flags/a/versions/1/restore", "", "");
  const auto restored = store.Expect(200, "GET", kConfig);
  CHECK(*restored.Find("enabled") == model::Value(false));
  CHECK(Text(restored, "salt") == salt);
}

TEST_CASE("a restored flag has nothing of an environment that was deleted while it was") {
  HistoryFixture store;
  const std::string salt = Text(store.Expect(200, "GET", kConfig), "salt");
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  store.Expect(204, "DELETE", "/api/v1/environments/prod?confirm=prod");
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
  store.Expect(200, "POST", "/api/v1/flags/a/versions/1/restore", "", "");
  const auto restored = store.Expect(200, "GET", kConfig);
  CHECK(*restored.Find("enabled") == model::Value(false));
  CHECK(Text(restored, "salt") != salt);
}

TEST_CASE("names of flags and environments may be those of the paths around them") {
  StoreFixture store;
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"segments"})");
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"segments",)" + kBooleanFlag + '}');
  const std::string config = "/api/v1/environments/segments/flags/segments";
  store.Expect(200, "PUT", config, R"({"enabled":true})");
  CHECK(store.Expect(200, "GET", config + "/versions").Find("versions")->AsArray()->size() == 1);
  CHECK(Text(store.Expect(200, "GET", config + "/versions/2"), "kind") == "config");
}

TEST_CASE("a store that is written meanwhile is not taken for one that was changed") {
  HistoryFixture store;
  std::atomic<bool> is_done = false;
  std::size_t changes = 0;
  std::thread writer([&] {
    for (; !is_done; ++changes) {
      store.Send("PATCH", kConfig,
                 changes % 2 == 0 ? R"({"enabled":false})" : R"({"enabled":true})");
    }
  });
  std::ostringstream out;
  for (int i = 0; i < 20; ++i) {
    const auto verified = RunVerify(store.location, "", out);
    CHECK_MESSAGE(verified, (verified ? "" : verified.error().Message()));
  }
  is_done = true;
  writer.join();
  CHECK(changes > 0);
}

}  // namespace
}  // namespace pennon::store
