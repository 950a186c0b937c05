// Native documents into an environment.
#include "store/import.h"

#include <fstream>

#include "store/commands.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

const ChangeScope kScope{"cli:0", "", ""};

const std::string kDocument = R"({"environment":"prod","flags":{"a":{)" + kBooleanFlag +
                              R"(,"rules":[{"when":{"segment":"s"},"serve":{"variant":"on"}}]},)"
                              R"("b":{)" +
                              kBooleanFlag +
                              R"(,"enabled":false,"salt":"own"}},)"
                              R"("segments":{"s":{"included":["ann"]}}})";

TEST_CASE("an import creates the environment, its flags and segments in one revision") {
  StoreFixture store;
  const auto summary = Import(*store.ledger, kScope, kDocument, {"", true});
  REQUIRE(summary);
  CHECK(summary->environment == "prod");
  CHECK(summary->environment_created);
  CHECK(summary->revision == 1);
  CHECK(summary->flags.created == std::vector<std::string>{"a", "b"});
  CHECK(summary->segments.created == std::vector<std::string>{"s"});
  CHECK(store.CountRows("SELECT count(*) FROM audit WHERE actor = 'cli:0'") == 6);
}

TEST_CASE("a flag without a salt is salted with its key, as the document itself would be") {
  StoreFixture store;
  REQUIRE(Import(*store.ledger, kScope, kDocument, {"", true}));
  CHECK(Text(store.Expect(200, "GET", "/api/v1/environments/prod/flags/a"), "salt") == "a");
  CHECK(Text(store.Expect(200, "GET", "/api/v1/environments/prod/flags/b"), "salt") == "own");
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"salt":"mine"})");
  REQUIRE(Import(*store.ledger, kScope, kDocument, {"", true}));
  CHECK(Text(store.Expect(200, "GET", "/api/v1/environments/prod/flags/a"), "salt") == "mine");
}

TEST_CASE("importing the same again changes nothing; what the document does not name stays") {
  StoreFixture store;
  REQUIRE(Import(*store.ledger, kScope, kDocument, {"", true}));
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"other",)" + kBooleanFlag + '}');
  const auto again = Import(*store.ledger, kScope, kDocument, {"", true});
  REQUIRE(again);
  CHECK(again->revision == 2);
  CHECK(again->flags.unchanged.size() == 2);
  CHECK(again->segments.unchanged.size() == 1);
  store.Expect(200, "GET", "/api/v1/flags/other");
}

TEST_CASE("one wrong definition refuses the whole document and names the path inside it") {
  StoreFixture store;
  const std::string wrong = R"({"environment":"prod","flags":{"good":{)" + kBooleanFlag +
                            R"(},"bad":{)" + kBooleanFlag + R"(,"default":{"variant":"none"}}}})";
  const auto refused = Import(*store.ledger, kScope, wrong, {"", true});
  REQUIRE(!refused);
  CHECK(refused.error().where() == "flags.bad.default.variant");
  CHECK(store.CountRows("SELECT count(*) FROM flags") == 0);
  CHECK(store.CountRows("SELECT count(*) FROM environments") == 0);
  CHECK(store.ledger->sets().empty());

  const auto unreadable =
      Import(*store.ledger, kScope, R"({"environment":"prod","flags":{"bad":{"type":"color"}}})",
             {"", true});
  REQUIRE(!unreadable);
  CHECK(unreadable.error().where() == "flags.bad.type");
}

TEST_CASE("through the API the environment in the path counts, and must exist") {
  StoreFixture store;
  store.Expect(404, "POST", "/api/v1/environments/test/import", kDocument);
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"test"})");
  const auto summary = store.Expect(200, "POST", "/api/v1/environments/test/import", kDocument);
  CHECK(Text(summary, "environment") == "test");
  CHECK(summary.Find("flags")->Find("created")->AsArray()->size() == 2);
  CHECK(store.ledger->sets().size() == 1);
}

TEST_CASE("the command imports a file and writes a sync key that only its owner may read") {
  const TemporaryDirectory directory;
  const std::string path = directory.Path("store.db");
  std::ofstream(directory.Path("flags.json")) << kDocument;
  std::ostringstream out;
  REQUIRE(RunInit({path, ""}, out));
  const std::string key_file = directory.Path("sync.key");
  REQUIRE(RunImport({path, directory.Path("flags.json"), "", key_file}, out));
  std::ifstream key(key_file);
  std::string secret;
  std::getline(key, secret);
  CHECK(secret.starts_with("pn_sync_"));
  CHECK(out.str().find(secret) == std::string::npos);
  CHECK((std::filesystem::status(key_file).permissions() & std::filesystem::perms::others_all) ==
        std::filesystem::perms::none);
  CHECK(!RunImport({path, directory.Path("flags.json"), "", key_file}, out));
  const auto missing = RunImport({path, directory.Path("none.json"), "", ""}, out);
  REQUIRE(!missing);
  CHECK(missing.error().where() == directory.Path("none.json"));
}

TEST_CASE("an editor of one environment imports nothing that others are served") {
  StoreFixture store;
  const std::string import = "/api/v1/environments/test/import";
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
  store.Expect(201, "POST", "/api/v1/environments", R"({"key":"test"})");
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
  store.grant = ApiGrant(TokenKind::kEditor, "test");
  const auto document = [](const std::string& key, const std::string& flag) {
    return R"({"environment":"test","segments":{"s":{"included":["ann"]}},"flags":{")" + key +
           R"(":{)" + flag + R"(,"enabled":true}}})";
  };
  const std::string other = R"("type":"boolean","variants":[{"key":"on","value":false}])";
  CHECK(Text(store.Expect(403, "POST", import, document("a", other)), "detail")
            .find("every one of them") != std::string::npos);
  store.Expect(403, "POST", import, document("new", kBooleanFlag));
  CHECK(store.Revision("prod") == 2);
  CHECK(store.Revision("test") == 2);
  store.Expect(404, "GET", "/api/v1/environments/test/segments/s");
  store.Expect(200, "POST", import, document("a", kBooleanFlag));
  CHECK(store.Revision("prod") == 2);
  CHECK(store.Revision("test") == 3);
}

}  // namespace
}  // namespace pennon::store
