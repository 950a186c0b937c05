// What daemons get: bytes that the daemon's own reader accepts.
#include "store/sync_feed.h"

#include "store/event_text.h"
#include "tests/support/late_answer.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

struct Fed : StoreFixture {
  Fed() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
    Expect(201, "PUT", "/api/v1/environments/prod/segments/s", R"({"included":["ann"]})", "");
  }
  std::shared_ptr<const SyncBody> Body() {
    return std::make_shared<const SyncBody>(ledger->sets().at("prod"));
  }
  [[nodiscard]] std::string Whole() { return Body()->Make(std::nullopt)->text; }
  net::HttpResponse Answer(const net::HttpRequest& request) {
    net::HttpResponse response;
    CHECK(feed.Answer(request, "prod", response, test::RecordedLater()));
    return response;
  }

  net::MemoryBudget memory{0};
  StoreMetrics metrics{memory};
  SyncPress press;
  SyncFeed feed{metrics, press};
};

net::HttpRequest Poll(std::string_view tag) {
  net::HttpRequest request;
  request.method = "GET";
  request.path = "/sync/v1/flagset";
  if (!tag.empty()) request.headers.emplace_back("If-None-Match", tag);
  return request;
}

// So many streams that know what there is.
std::vector<std::unique_ptr<test::RecordedLater>> Subscribe(SyncFeed& feed, std::size_t count) {
  std::vector<std::unique_ptr<test::RecordedLater>> subscribers;
  for (std::size_t i = 0; i < count; ++i) {
    subscribers.push_back(std::make_unique<test::RecordedLater>());
    feed.Subscribe(Poll(""), "prod", *subscribers.back());
    subscribers.back()->stream->text.clear();
  }
  return subscribers;
}

TEST_CASE("the body is what the daemon's reader accepts, with every flag and segment readable") {
  Fed store;
  const auto document = wire::ReadSyncDocument(store.Whole());
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
  const std::string before = store.Whole();
  store.Expect(201, "PUT", "/api/v1/environments/prod/segments/t", R"({"included":["bob"]})", "");
  std::string kept;
  REQUIRE(store.database.Each("SELECT bytes FROM lines WHERE key = 'a'",
                              [&](const auto& row) { kept = row.Text(0); }));
  CHECK(before.find(kept + '\n') != std::string::npos);
  CHECK(store.Whole().find(kept + '\n') != std::string::npos);
}

TEST_CASE("a poll gets the flag set once, and 304 until there is a new revision") {
  Fed store;
  store.feed.Put(store.Body());
  const net::HttpResponse first = store.Answer(Poll(""));
  CHECK(first.status == 200);
  CHECK(first.content_type == "application/x-ndjson");
  REQUIRE(first.headers[0].first == "ETag");
  const std::string tag = first.headers[0].second;
  CHECK(tag == '"' + std::to_string(store.ledger->sets().at("prod")->epoch) + ".3\"");

  const net::HttpResponse second = store.Answer(Poll(tag));
  CHECK(second.status == 304);
  CHECK(second.body.empty());

  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.feed.Put(store.Body());
  const net::HttpResponse third = store.Answer(Poll(tag));
  CHECK(third.status == 200);
  CHECK(third.headers[0].second != tag);

  store.feed.Remove("prod");
  const net::HttpResponse gone = store.Answer(Poll(tag));
  CHECK(gone.status == 404);
}

TEST_CASE("a delta makes the new set of the old one, whatever has happened in between") {
  Fed store;
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"still",)" + kBooleanFlag + '}');
  const auto old = wire::ReadSyncDocument(store.Whole());
  REQUIRE(old);
  const Cursor since = store.Body()->cursor();
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"b",)" + kBooleanFlag + '}');
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.Expect(204, "DELETE", "/api/v1/environments/prod/segments/s");
  store.Expect(201, "POST", "/api/v1/flags", R"({"key":"c",)" + kBooleanFlag + '}');
  store.Expect(204, "DELETE", "/api/v1/flags/c");
  const auto body = store.Body();
  REQUIRE(body->Known(since));
  const auto delta = wire::ReadSyncDocument(body->Make(since)->text);
  REQUIRE_MESSAGE(delta, (delta ? "" : delta.error().Message()));
  CHECK(delta->lines.size() == 2);
  CHECK(delta->deleted.size() == 2);
  const auto merged = wire::MergeDelta(wire::SyncLines(old->lines), *delta);
  REQUIRE_MESSAGE(merged, (merged ? "" : merged.error().Message()));
  CHECK(wire::WriteSyncDocument(merged->head, {merged->lines.begin(), merged->lines.end()}) ==
        body->Make(std::nullopt)->text);
  CHECK(!wire::MergeDelta({}, *delta));  // of another base
}

TEST_CASE("where a delta could not be known there is none") {
  Fed store;
  const Cursor now = store.Body()->cursor();
  CHECK(store.Body()->Known(now));
  CHECK(!store.Body()->Known(Cursor{now.epoch, now.revision + 1}));
  CHECK(!store.Body()->Known(Cursor{now.epoch - 1, now.revision}));
  auto reloaded = Ledger::Load(store.database, store.clock);
  REQUIRE(reloaded);
  const SyncBody after((*reloaded)->sets().at("prod"));
  CHECK(!after.Known(Cursor{now.epoch, now.revision - 1}));  // deletions before it are not known
  CHECK(after.Known(now));
  CHECK(ParseCursor("1.2") == Cursor{1, 2});
  for (const char* wrong : {"", "1", "1.", ".2", "1.2.3", "-1.2", "1.x"})
    CHECK(!ParseCursor(wrong));
}

TEST_CASE("a poll with what it has gets the delta, compressed when it may be") {
  Fed store;
  const std::string since = "since=" + Text(store.Body()->cursor());
  for (int i = 0; i < 40; ++i) {
    store.Expect(201, "POST", "/api/v1/flags",
                 R"({"key":"f)" + std::to_string(i) + R"(",)" + kBooleanFlag + '}');
  }
  store.feed.Put(store.Body());
  net::HttpRequest request = Poll("\"0.0\"");
  request.query = since;
  const net::HttpResponse plain = store.Answer(request);
  CHECK(wire::ReadSyncDocument(plain.body).value().lines.size() == 40);
  request.headers.emplace_back("Accept-Encoding", "br, gzip;q=0.5");
  const net::HttpResponse packed = store.Answer(request);
  CHECK(packed.body.size() < plain.body.size() / 2);
  CHECK(packed.body.starts_with("\x1f\x8b"));
  request.headers.back().second = "gzip;q=0";
  const net::HttpResponse refused = store.Answer(request);
  CHECK(refused.body == plain.body);
}

TEST_CASE("a poll that says since when it knows all is answered 204, or 304 with a tag") {
  Fed store;
  store.feed.Put(store.Body());
  const std::string since = "since=" + Text(store.Body()->cursor());
  net::HttpRequest request = Poll("");
  request.query = since;
  const net::HttpResponse current = store.Answer(request);
  CHECK(current.status == 204);
  CHECK(current.body.empty());
  CHECK(current.headers.front().first == wire::kSyncMark);

  const std::string tag = store.Body()->tag();
  net::HttpRequest tagged = Poll(tag);
  tagged.query = since;
  const net::HttpResponse not_modified = store.Answer(tagged);
  CHECK(not_modified.status == 304);

  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.feed.Put(store.Body());
  const net::HttpResponse delta = store.Answer(request);
  CHECK(delta.status == 200);
  CHECK(wire::ReadSyncDocument(delta.body).value().lines.size() == 1);
}

TEST_CASE("a stream tells every change as a delta, and goes on where it was cut off") {
  Fed store;
  store.feed.Put(store.Body());
  const test::RecordedLater first;
  net::HttpRequest request = Poll("");
  const std::string last = Text(store.Body()->cursor());
  request.headers.emplace_back("Last-Event-ID", last);
  store.feed.Subscribe(request, "prod", first);
  CHECK(first.type == "text/event-stream");
  CHECK(first.stream->text == ":\n\n");  // it has this revision
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.feed.Put(store.Body());
  CHECK(!store.feed.TellSome("prod"));
  CHECK(first.stream->text.find("event: delta\nid: " + Text(store.Body()->cursor())) !=
        std::string::npos);
  const test::RecordedLater second;
  store.feed.Subscribe(request, "prod", second);  // missed that one
  CHECK(":\n\n" + second.stream->text == first.stream->text);
  const test::RecordedLater stranger;
  store.feed.Subscribe(Poll(""), "prod", stranger);
  CHECK(stranger.stream->text.starts_with("event: changed\n"));
  CHECK(store.metrics.streams == 3);
}

TEST_CASE("thousands of streams are told a part at a time, and once of what changed in between") {
  Fed store;
  store.feed.Put(store.Body());
  const auto subscribers = Subscribe(store.feed, kStreamsAtOnce + 1);
  const auto change = [&](const std::string& config) {
    store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", config);
    store.feed.Put(store.Body());
  };
  change(R"({"enabled":true})");
  CHECK(store.feed.TellSome("prod"));
  CHECK(subscribers.back()->stream->text.empty());
  change(R"({"enabled":false})");
  CHECK(store.feed.TellSome("prod"));
  CHECK(!store.feed.TellSome("prod"));
  const auto events = [](const test::RecordedLater& one) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = one.stream->text.find("event: ", at)) != std::string::npos; ++at)
      ++count;
    return count;
  };
  CHECK(events(*subscribers.front()) == 2);
  CHECK(events(*subscribers.back()) == 1);
  CHECK(subscribers.back()->stream->text.find(R"("since":3)") != std::string::npos);
}

TEST_CASE("a sign of life goes out once, and not to who is told of a change meanwhile") {
  Fed store;
  store.feed.Put(store.Body());
  const auto subscribers = Subscribe(store.feed, kStreamsAtOnce + 1);
  store.feed.Beat();
  CHECK(store.feed.TellSome());
  CHECK(subscribers.front()->stream->text == kSignOfLife);
  CHECK(subscribers.back()->stream->text.empty());
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.feed.Put(store.Body());
  while (store.feed.TellSome()) {
  }
  const std::string event = store.Body()->event();
  CHECK(subscribers.front()->stream->text == std::string(kSignOfLife) + event);
  CHECK(subscribers.back()->stream->text == event);
  store.feed.Beat();
  while (store.feed.TellSome()) {
  }
  CHECK(subscribers.back()->stream->text == event + std::string(kSignOfLife));
  store.feed.Beat();
  CHECK(store.feed.TellSome());
  store.feed.EndStreams();  // between two parts
  CHECK(!store.feed.TellSome());
}

TEST_CASE("a signed set says who made it, whole and as a delta, and nothing of it can be changed") {
  Fed store;
  const auto signer = base::Ed25519Signer::Generate();
  const auto verifier = base::Ed25519Verifier::FromPem(signer.PublicPem(), "key");
  REQUIRE(verifier);
  const SyncBody body(store.ledger->sets().at("prod"), &signer);
  auto head = wire::ReadSyncDocument(body.Make(std::nullopt)->text).value().head;
  CHECK(verifier->Verify(wire::SignedText(head), head.signature));
  const auto delta = wire::ReadSyncDocument(body.Make(body.cursor())->text).value();
  CHECK(verifier->Verify(wire::SignedText(delta.head), delta.head.signature));
  ++head.revision;
  CHECK(!verifier->Verify(wire::SignedText(head), head.signature));
  const auto other = base::Ed25519Signer::Generate();
  --head.revision;
  CHECK(!verifier->Verify(wire::SignedText(head), other.Sign(wire::SignedText(head))));
  CHECK(!verifier->Verify(wire::SignedText(head), ""));
  const auto read = base::Ed25519Signer::FromPem(signer.PrivatePem(), "key");
  REQUIRE(read);
  CHECK(read->Sign("x") == signer.Sign("x"));
  CHECK(!base::Ed25519Signer::FromPem(signer.PublicPem(), "key"));
  CHECK(!base::Ed25519Verifier::FromPem("", "key"));
  const auto both = base::Ed25519Verifier::FromPem(other.PublicPem() + signer.PublicPem(), "key");
  REQUIRE(both);
  CHECK(both->Verify("x", signer.Sign("x")));
  CHECK(both->Verify("x", other.Sign("x")));
  CHECK(!both->Verify("x", base::Ed25519Signer::Generate().Sign("x")));
  CHECK(!base::Ed25519Verifier::FromPem(signer.PublicPem() + signer.PrivatePem(), "key"));
}

TEST_CASE("streams that are gone are forgotten; the others are told that it ends") {
  Fed store;
  store.feed.Put(store.Body());
  const test::RecordedLater gone;
  const test::RecordedLater there;
  store.feed.Subscribe(Poll(""), "prod", gone);
  store.feed.Subscribe(Poll(""), "prod", there);
  const test::RecordedLater leaving;
  store.feed.Subscribe(Poll(""), "prod", leaving);
  gone.stream->open = false;
  CHECK(!store.feed.TellSome("prod"));
  CHECK(store.metrics.streams == 2);
  leaving.stream->open = false;
  store.feed.Beat();
  CHECK(store.feed.TellSome());
  CHECK(!store.feed.TellSome());
  CHECK(store.metrics.streams == 1);
  store.feed.EndStreams();
  CHECK(there.stream->ended);
  CHECK(!gone.stream->ended);
  CHECK(there.stream->text.ends_with("event: goodbye\ndata: {}\n\n"));
}

TEST_CASE("who subscribes when the streams have ended is told so, and is no stream") {
  Fed store;
  store.feed.Put(store.Body());
  store.feed.EndStreams();
  const test::RecordedLater late;
  store.feed.Subscribe(Poll(""), "prod", late);
  CHECK(late.stream->text == kGoodbye);
  CHECK(late.stream->ended);
  CHECK(store.metrics.streams == 0);
}

TEST_CASE("a change that is too large for an event is fetched") {
  Fed store;
  std::string document = R"({"environment":"prod","flags":{)";
  for (int i = 0; i < 800; ++i) {
    document += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":{" + kBooleanFlag + '}';
  }
  store.Expect(200, "POST", "/api/v1/environments/prod/import", document + "}}");
  CHECK(store.Body()->event().starts_with("event: changed\n"));
}

TEST_CASE("streams that are gone keep no other from being told of a revision") {
  Fed store;
  store.feed.Put(store.Body());
  const auto subscribers = Subscribe(store.feed, kStreamsAtOnce + 40);
  store.Expect(200, "PUT", "/api/v1/environments/prod/flags/a", R"({"enabled":true})");
  store.feed.Put(store.Body());
  CHECK(store.feed.TellSome("prod"));
  for (std::size_t i = 0; i < 40; ++i) subscribers[i]->stream->open = false;
  store.feed.Beat();  // between two parts
  while (store.feed.TellSome("prod")) {
  }
  for (std::size_t i = 40; i < subscribers.size(); ++i) {
    REQUIRE(subscribers[i]->stream->text.find("event: delta") != std::string::npos);
  }
}

}  // namespace
}  // namespace pennon::store
