// What daemons get: bytes that the daemon's own reader accepts.
#include "store/sync_feed.h"

#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

struct Fed : StoreFixture {
  Fed() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
    Expect(201, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["ann"]})", "");
  }
  std::shared_ptr<const SyncBody> Body() { return MakeSyncBody(*ledger->sets().at("prod")); }
};

net::HttpRequest Poll(std::string_view tag) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/sync/v1/flagset";
  if (!tag.empty()) request.headers.emplace_back("If-None-Match", tag);
  return request;
}

TEST_CASE("the body is what the daemon's reader accepts, with every flag and segment readable") {
  Fed store;
  const auto document = wire::ReadSyncDocument(store.Body()->text);
  REQUIRE(document);
  CHECK(document->head.environment == "prod");
  CHECK(document->head.revision == 3);
  CHECK(document->head.epoch == store.ledger->sets().at("prod")->epoch);
  const model::FlagSet set = wire::ReadDefinitions(document->head, document->lines);
  CHECK(set.broken_flags.empty());
  CHECK(set.broken_segments.empty());
  REQUIRE(set.flags.size() == 1);
  CHECK(set.flags[0]->key == "a");
  CHECK(!set.flags[0]->enabled);
  REQUIRE(set.segments.size() == 1);
}

TEST_CASE("a line is sent byte for byte as it was kept when the change was committed") {
  Fed store;
  const std::string before = store.Body()->text;
  store.Expect(201, "PUT", "/api/v1/environments/prod/segments/t", R"({"included":["bob"]})", "");
  std::string kept;
  REQUIRE(store.database.Each("SELECT bytes FROM lines WHERE key = 'a'",
                              [&](const auto& row) { kept = row.Text(0); }));
  CHECK(before.find(kept + '\n') != std::string::npos);
  CHECK(store.Body()->text.find(kept + '\n') != std::string::npos);
}

TEST_CASE("a poll gets the flag set once, and 304 until there is a new revision") {
  Fed store;
  SyncFeed feed;
  feed.Put(store.Body());
  net::HttpResponse first;
  feed.Answer(Poll(""), "prod", first);
  CHECK(first.status == 200);
  CHECK(first.content_type == "application/x-ndjson");
  REQUIRE(first.headers[0].first == "ETag");
  const std::string tag = first.headers[0].second;
  CHECK(tag == '"' + std::to_string(store.ledger->sets().at("prod")->epoch) + ".3\"");

  net::HttpResponse second;
  feed.Answer(Poll(tag), "prod", second);
  CHECK(second.status == 304);
  CHECK(second.body.empty());

  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  feed.Put(store.Body());
  net::HttpResponse third;
  feed.Answer(Poll(tag), "prod", third);
  CHECK(third.status == 200);
  CHECK(third.headers[0].second != tag);

  feed.Remove("prod");
  net::HttpResponse gone;
  feed.Answer(Poll(tag), "prod", gone);
  CHECK(gone.status == 404);
}

}  // namespace
}  // namespace pennon::store
