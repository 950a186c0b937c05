// Changes that say what they were made for, changes of a part, and changes that only pretend.
#include "store/api.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

const std::string kConfig = "/api/v1/environments/prod/flags/a";
const std::string kSegment = "/api/v1/environments/prod/segments/s";

struct GuardFixture : StoreFixture {
  GuardFixture() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  }
  std::string Tag(const std::string& path) {
    for (const auto& [name, value] : Send("GET", path).headers) {
      if (name == "ETag") return value;
    }
    return "";
  }
  // Follows the instructions on the configuration and returns what it is then.
  model::Value Instruct(const std::string& instructions, int status = 200) {
    return Expect(status, "PATCH", kConfig, R"({"instructions":[)" + instructions + "]}");
  }
};

TEST_CASE("a change has to say which version it was made for, and is refused for another") {
  GuardFixture store;
  store.Expect(201, "PUT", kSegment, R"({"included":["ann"]})", "");
  for (const std::string& path : {std::string("/api/v1/environments/prod"),
                                  std::string("/api/v1/flags/a"), kConfig, kSegment}) {
    INFO(path);
    const std::string shown = store.Send("GET", path).body;
    const std::string tag = store.Tag(path);
    CHECK(tag.starts_with("\"v"));
    CHECK(Text(store.Expect(428, "PUT", path, shown, ""), "detail").find(tag) != std::string::npos);
    CHECK(store.Send("PUT", path, shown, "\"v77\"").status == 412);
    CHECK(store.Send("DELETE", path + (path.ends_with("/prod") ? "?confirm=prod" : ""), "", "")
              .status == 428);
    CHECK(store.Send("PUT", path, shown, tag).status == 200);
    CHECK(store.Send("PUT", path, shown, "v1").status == 400);
  }
}

TEST_CASE("of two editors one wins, the other gets what is there now") {
  GuardFixture store;
  const std::string tag = store.Tag(kConfig);
  store.Expect(200, "PUT", kConfig, R"({"enabled":true})", tag);
  const auto refused = store.Expect(412, "PUT", kConfig, R"({"enabled":false})", tag);
  const model::Value* current = refused.Find("current");
  REQUIRE(current != nullptr);
  CHECK(*current->Find("enabled") == model::Value(true));
  CHECK('"' + ('v' + std::to_string(Number(*current, "version"))) + '"' == store.Tag(kConfig));
  const auto response = store.Send("PUT", kConfig, R"({"enabled":false})", tag);
  CHECK(response.headers.at(0) == std::pair<std::string_view, std::string>("ETag", "\"v2\""));
}

TEST_CASE("a version is never given twice, also when a flag is made again under its key") {
  GuardFixture store;
  store.Expect(200, "PUT", kConfig, R"({"enabled":true})");
  const std::string flag = store.Tag("/api/v1/flags/a");
  const std::string config = store.Tag(kConfig);
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  store.Expect(201, "POST", "/api/v1/flags?reuseKey=true", R"({"key":"a",)" + kBooleanFlag + '}');
  CHECK(store.Send("PUT", kConfig, "{}", config).status == 412);
  CHECK(store.Send("DELETE", "/api/v1/flags/a", "", flag).status == 412);
}

TEST_CASE("the key of a deleted flag is taken, unless the caller says that it is meant") {
  GuardFixture store;
  store.Expect(204, "DELETE", "/api/v1/flags/a");
  const std::string flag = R"({"key":"a",)" + kBooleanFlag + '}';
  CHECK(Text(store.Expect(409, "POST", "/api/v1/flags", flag), "detail").find("reuseKey") !=
        std::string::npos);
  store.Expect(409, "POST", "/api/v1/flags?reuseKey=false", flag);
  // An import has no such parameter: what it is told has to be something that can be done.
  const auto imported =
      store.Expect(409, "POST", "/api/v1/environments/prod/import",
                   R"({"environment":"prod","flags":{"a":{)" + kBooleanFlag + "}}}");
  CHECK(Text(imported, "detail").find("POST /api/v1/flags?reuseKey=true") != std::string::npos);
  store.Expect(201, "POST", "/api/v1/flags?reuseKey", flag);
}

TEST_CASE("a dry run answers as the change would, and changes nothing") {
  GuardFixture store;
  const auto entries = store.CountRows("SELECT count(*) FROM audit");
  const auto shown = store.Expect(200, "PUT", kConfig + "?dryRun=true", R"({"enabled":true})");
  CHECK(*shown.Find("enabled") == model::Value(true));
  CHECK(Number(shown, "revision") == 3);
  store.Expect(201, "POST", "/api/v1/flags?dryRun=true", R"({"key":"b",)" + kBooleanFlag + '}');
  store.Expect(204, "DELETE", "/api/v1/environments/prod?confirm=prod&dryRun=true");
  store.Expect(422, "PUT", kConfig + "?dryRun=true", R"({"default":{"variant":"x"}})");
  store.Expect(422, "PUT", kConfig + "?dryRun=maybe", "{}");
  // These try a change themselves before they answer.
  store.Expect(201, "POST", "/api/v1/environments/prod/schedules?dryRun=true",
               R"({"flag":"a","at":"2101-01-01T00:00:00Z","change":{"enabled":true}})");
  const auto asked =
      store.Expect(200, "POST", "/api/v1/environments/prod/playground?dryRun=true",
                   R"({"flag":"a","context":{"targetingKey":"u"},"draft":{"enabled":true}})");
  CHECK(asked.AsObject() != nullptr);
  CHECK(store.CountRows("SELECT count(*) FROM schedules") == 0);
  CHECK(store.Revision("prod") == 2);
  CHECK(store.CountRows("SELECT count(*) FROM audit") == entries);
  CHECK(*store.Expect(200, "GET", kConfig).Find("enabled") == model::Value(false));
  store.Expect(404, "GET", "/api/v1/flags/b");
  store.Expect(200, "PUT", kConfig, R"({"enabled":true})");
  CHECK(store.Revision("prod") == 3);
}

TEST_CASE("a merge patch changes the members that it names; null takes one away") {
  GuardFixture store;
  store.Expect(200, "PUT", kConfig, R"({"offVariant":"off","default":{"variant":"on"}})");
  const auto config = store.Expect(200, "PATCH", kConfig,
                                   R"({"enabled":false,"default":null,"kill":{"active":false}})");
  CHECK(*config.Find("enabled") == model::Value(false));
  CHECK(config.Find("default") == nullptr);
  CHECK(Text(config, "offVariant") == "off");
  const auto flag =
      store.Expect(200, "PATCH", "/api/v1/flags/a", R"({"owner":"team","tags":["x"]})");
  CHECK(Text(flag, "owner") == "team");
  CHECK(Text(flag, "type") == "boolean");
  store.Expect(201, "PUT", kSegment, R"({"included":["ann"],"name":"S"})", "");
  const auto segment = store.Expect(200, "PATCH", kSegment, R"({"included":["bob"]})");
  CHECK(Text(segment, "name") == "S");
  store.Expect(422, "PATCH", kConfig, R"({"default":{"variant":"none"}})");
  store.Expect(404, "PATCH", "/api/v1/environments/prod/segments/none", "{}");
}

TEST_CASE("instructions switch, kill, target and order rules") {
  GuardFixture store;
  CHECK(*store.Instruct(R"({"kind":"turnOn"})").Find("enabled") == model::Value(true));
  CHECK(*store.Instruct(R"({"kind":"turnOff"})").Find("enabled") == model::Value(false));
  const auto killed =
      store.Instruct(R"({"kind":"kill","reason":"fire"},{"kind":"setOffVariant","variant":"off"})");
  CHECK(Text(*killed.Find("kill"), "reason") == "fire");
  CHECK(store.Instruct(R"({"kind":"unkill"})").Find("kill") == nullptr);
  store.Instruct(
      R"({"kind":"setRollout","weights":[{"variant":"on","weight":1},{"variant":"off","weight":3}]})");
  const std::string rule = R"({"kind":"addRule","rule":{"id":")";
  const std::string serve = R"(","serve":{"variant":"on"}}})";
  store.Instruct(rule + "one" + serve + ',' + rule + "two" + serve + ',' + rule + "three" + serve);
  const auto moved = store.Instruct(
      R"({"kind":"moveRule","id":"three","to":0},{"kind":"turnOffRule","id":"one"})");
  const model::Array& rules = *moved.Find("rules")->AsArray();
  CHECK(Text(rules[0], "id") == "three");
  CHECK(*rules[1].Find("enabled") == model::Value(false));
  CHECK(store.Instruct(R"({"kind":"removeRule","id":"two"})").Find("rules")->AsArray()->size() ==
        2);
}

TEST_CASE("a subject that is added to one variant's targets leaves those of the others") {
  GuardFixture store;
  store.Instruct(R"({"kind":"addTarget","variant":"on","values":["ann","bob"]})");
  const auto config = store.Instruct(R"({"kind":"addTarget","variant":"off","values":["ann"]})");
  const model::Array& targets = *config.Find("targets")->AsArray();
  REQUIRE(targets.size() == 2);
  CHECK(*targets[0].Find("values") == model::Value(model::Array{"bob"}));
  CHECK(*targets[1].Find("values") == model::Value(model::Array{"ann"}));
  CHECK(store.Instruct(R"({"kind":"removeTarget","values":["ann","bob"]})").Find("targets") ==
        nullptr);
}

TEST_CASE("an instruction that cannot be followed is named, and none of them is") {
  GuardFixture store;
  const auto refused = store.Instruct(R"({"kind":"turnOn"},{"kind":"removeRule","id":"x"})", 422);
  CHECK(Text(refused, "pointer") == "instructions[1].id");
  CHECK(*store.Expect(200, "GET", kConfig).Find("enabled") == model::Value(false));
  CHECK(Text(store.Instruct(R"({"kind":"fly"})", 422), "pointer") == "instructions[0].kind");
  CHECK(Text(store.Instruct(R"({"kind":"turnOn","x":1})", 422), "pointer") == "instructions[0].x");
  CHECK(Text(store.Instruct(R"({"kind":"setOffVariant","variant":"none"})", 422), "pointer") ==
        "offVariant");
}

TEST_CASE("an environment is deleted by who names it, and copied whole") {
  GuardFixture store;
  store.Expect(201, "PUT", kSegment, R"({"included":["ann"]})", "");
  store.Expect(200, "PUT", kConfig,
               R"({"rules":[{"when":{"segment":"s"},"serve":{"variant":"on"}}]})");
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"copy","copyFrom":"prod"})");
  store.Expect(422, "POST", "/api/v1/environments", R"({"key":"copy2","copyFrom":"none"})");
  const auto original = store.Expect(200, "GET", kConfig);
  const auto copy = store.Expect(200, "GET", "/api/v1/environments/copy/flags/a");
  CHECK(*copy.Find("rules") == *original.Find("rules"));
  CHECK(Text(copy, "salt") == Text(original, "salt"));
  store.Expect(422, "DELETE", "/api/v1/environments/prod");
  store.Expect(422, "DELETE", "/api/v1/environments/prod?confirm=copy");
  store.Expect(204, "DELETE", "/api/v1/environments/prod?confirm=prod");
}

TEST_CASE("the playground answers and explains, also for a version and a draft that nobody saved") {
  GuardFixture store;
  const std::string path = "/api/v1/environments/prod/playground";
  store.Expect(200, "PUT", kConfig, R"({"default":{"variant":"on"}})");
  store.Expect(200, "PUT", kConfig, R"({"default":{"variant":"off"}})");
  const auto variant = [&](const std::string& more) {
    const auto answer = store.Expect(
        200, "POST", path, R"({"flag":"a","context":{"targetingKey":"ann"})" + more + '}');
    const model::Value& explanation = *answer.Find("explanation");
    CHECK(!explanation.Find("steps")->AsArray()->empty());
    return Text(*explanation.Find("evaluation"), "variant");
  };
  CHECK(variant("") == "off");
  CHECK(variant(R"(,"version":2)") == "on");
  CHECK(variant(R"(,"draft":{"targets":[{"values":["ann"],"variant":"on"}]})") == "on");
  CHECK(variant(R"(,"draft":{"kill":{"expiresAt":"2030-01-01T00:00:00Z"},"offVariant":"on"})") ==
        "on");
  CHECK(store.Revision("prod") == 4);
  const auto all = store.Expect(200, "POST", path, "{}");
  CHECK(all.Find("evaluations")->AsArray()->size() == 1);
  CHECK(Text(store.Expect(422, "POST", path, R"({"flag":"a","draft":{"offVariant":"x"}})"),
             "pointer") == "offVariant");
  store.Expect(422, "POST", path, R"({"draft":{}})");
  store.Expect(404, "POST", path, R"({"flag":"a","version":9})");
  store.Expect(422, "POST", path, R"({"context":7})");
}

TEST_CASE("lists come in pages, which hold what is asked for") {
  GuardFixture store;
  for (const char* key : {"b", "c", "d", "e_1"}) {
    store.Expect(
        201, "POST", "/api/v1/flags",
        R"({"key":")" + std::string(key) + R"(","tags":["t)" + key + R"("],)" + kBooleanFlag + '}');
  }
  std::string keys;
  std::string path = "/api/v1/flags?limit=2";
  for (std::string next; true; next.clear()) {
    const auto page = store.Expect(200, "GET", path + next);
    for (const auto& flag : *page.Find("flags")->AsArray()) keys += Text(flag, "key") + ' ';
    next = Text(page, "next");
    if (next.empty()) break;
    path = "/api/v1/flags?limit=2&after=" + next;
  }
  CHECK(keys == "a b c d e_1 ");
  const auto keys_of = [&](const std::string& query) {
    std::string found;
    const auto page = store.Expect(200, "GET", "/api/v1/flags?" + query);
    for (const auto& flag : *page.Find("flags")->AsArray()) found += Text(flag, "key") + ' ';
    return found;
  };
  CHECK(keys_of("tag=tc") == "c ");
  CHECK(keys_of("q=E_") == "e_1 ");
  CHECK(keys_of("q=%25") == "");
  store.Expect(200, "PATCH", "/api/v1/flags/b", R"({"lifecycle":"archived"})");
  CHECK(keys_of("") == "a c d e_1 ");
  CHECK(keys_of("lifecycle=archived") == "b ");
  CHECK(keys_of("lifecycle=all&limit=1") == "a ");
  store.Expect(422, "GET", "/api/v1/flags?limit=0");
  store.Expect(400, "GET", "/api/v1/flags?colour=red");
  CHECK(store.Expect(200, "GET", "/api/v1/environments/prod/flags?limit=1&after=d")
            .Find("flags")
            ->AsArray()
            ->size() == 1);
}

}  // namespace
}  // namespace pennon::store
