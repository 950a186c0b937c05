// Who follows /api/v1/events is told every change that concerns them, and of no other.
#include "store/event_feed.h"

#include "store/access_change.h"
#include "store/event_text.h"
#include "tests/support/late_answer.h"
#include "tests/unit/store/store_fixture.h"

namespace pennon::store {
namespace {

// A worker's feed, told everything the ledger publishes.
struct Followed : StoreFixture, CommitListener {
  Followed() {
    Expect(201, "POST", "/api/v1/environments", R"({"key":"prod"})");
    Expect(201, "POST", "/api/v1/environments", R"({"key":"test"})");
    Expect(201, "POST", "/api/v1/flags", R"({"key":"a",)" + kBooleanFlag + '}');
    for (const auto& environment :
         {std::optional<std::string>(), std::optional<std::string>("test")}) {
      REQUIRE(ledger->Commit({"cli:0", "", "", false}, [&](Change& change) {
        return AccessChange(change)
            .CreateToken(TokenKind::kViewer, environment, "t")
            .map([&](const NewToken& token) { tokens.push_back(token.secret); });
      }));
    }
    ledger->Listen(*this);
  }
  void OnEnvironment(std::shared_ptr<const EnvironmentSet>) override {}
  void OnEnvironmentDeleted(const std::string&) override {}
  void OnCredentials(std::shared_ptr<const Credentials> now) override {
    credentials = std::move(now);
    feed.Check(*credentials, clock.Wall());
  }
  void OnNews(std::shared_ptr<const News> news) override {
    newest = news->newest;
    feed.Put(std::move(news));
  }

  // Follows with a token, after an event's id when there is one.
  std::unique_ptr<test::RecordedLater> Follow(const std::string& token,
                                              const std::string& last = "") {
    const std::string authorization = "Bearer " + token;
    net::HttpRequest request;
    request.method = "GET";
    request.path = kEventsPath;
    request.headers.emplace_back("Authorization", authorization);
    if (!last.empty()) request.headers.emplace_back("Last-Event-ID", last);
    const auto caller = credentials->Identify(request, clock.Wall());
    REQUIRE(caller);
    auto seat = seats.Take(caller->Actor());
    REQUIRE(seat);
    auto later = std::make_unique<test::RecordedLater>();
    feed.Subscribe(request, *caller, *std::move(seat), *later);
    return later;
  }
  // Switches the flag, so that there is one entry more.
  void Switch(const std::string& environment) {
    const std::string path = "/api/v1/environments/" + environment + "/flags/a";
    const bool is_on = *Expect(200, "GET", path).Find("enabled") == model::Value(true);
    Expect(200, "PATCH", path, is_on ? R"({"enabled":false})" : R"({"enabled":true})");
  }

  std::vector<std::string> tokens;  // for everything, and for `test`
  std::atomic<std::int64_t> taken = 0;
  StreamSeats seats{taken};
  EventFeed feed;
  std::shared_ptr<const Credentials> credentials;
  std::int64_t newest = 0;
};

TEST_CASE("a stream begins with the place it goes on from, and tells each change by its name") {
  Followed store;
  const auto follower = store.Follow(store.tokens[0]);
  const std::string before = std::to_string(store.newest);
  CHECK(follower->type == "text/event-stream");
  CHECK(follower->stream->text == "event: hello\nid: " + before + "\ndata: {}\n\n");
  follower->stream->text.clear();
  store.Switch("prod");
  const std::string sequence = std::to_string(store.newest);
  CHECK(follower->stream->text ==
        "event: changes\nid: " + sequence + "\ndata: {\"entries\":[{\"sequence\":" + sequence +
            R"(,"action":"update","kind":"config","environment":"prod","key":"a","version":)" +
            std::to_string(
                Number(store.Expect(200, "GET", "/api/v1/environments/prod/flags/a"), "version")) +
            "}]}\n\n");
}

TEST_CASE("what was refused or only tried is not told") {
  Followed store;
  const auto follower = store.Follow(store.tokens[0]);
  follower->stream->text.clear();
  store.Expect(422, "PUT", "/api/v1/environments/prod/flags/a", R"({"offVariant":"none"})");
  store.Expect(200, "PATCH", "/api/v1/environments/prod/flags/a?dryRun=true",
               R"({"enabled":true})");
  CHECK(follower->stream->text.empty());
}

TEST_CASE("who may read one environment is told of that one, and of what all share") {
  Followed store;
  const auto bound = store.Follow(store.tokens[1]);
  bound->stream->text.clear();
  store.Switch("prod");
  store.Expect(201, "POST", "/api/v1/tokens", R"({"name":"n"})");
  CHECK(bound->stream->text.empty());
  store.Switch("test");
  store.Expect(200, "PATCH", "/api/v1/flags/a", R"({"owner":"web"})");
  CHECK(bound->stream->text.find(R"("kind":"config","environment":"test")") != std::string::npos);
  CHECK(bound->stream->text.find(R"("kind":"flag","key":"a")") != std::string::npos);
  CHECK(bound->stream->text.find("prod") == std::string::npos);
  CHECK(bound->stream->text.find("token") == std::string::npos);
}

TEST_CASE("a stream goes on where it was cut off, as long as that is remembered") {
  Followed store;
  const std::string known = std::to_string(store.newest);
  store.Switch("prod");
  store.Switch("prod");
  const auto missed = store.Follow(store.tokens[0], known);
  CHECK(missed->stream->text.starts_with("event: changes\nid: " + std::to_string(store.newest)));
  CHECK(missed->stream->text.find("\"version\":3}]") != std::string::npos);
  const auto current = store.Follow(store.tokens[0], std::to_string(store.newest));
  CHECK(current->stream->text.starts_with("event: hello\n"));
  for (const std::string& strange :
       {std::to_string(store.newest - 3), std::to_string(store.newest + 1), std::string("0")}) {
    CHECK(store.Follow(store.tokens[0], strange)->stream->text.starts_with("event: reset\n"));
  }
  for (std::size_t i = 0; i < kMaxRememberedNews - 1; ++i) {
    const std::int64_t next = store.newest + 1;
    store.OnNews(std::make_shared<const News>(
        News{store.newest, next, {{next, AuditAction::kUpdate, {"prod", "config", "a"}, 1}}}));
  }
  const std::string oldest =
      std::to_string(store.newest - static_cast<std::int64_t>(kMaxRememberedNews));
  CHECK(store.Follow(store.tokens[0], oldest)->stream->text.starts_with("event: changes\n"));
  store.Switch("prod");
  CHECK(store.Follow(store.tokens[0], oldest)->stream->text.starts_with("event: reset\n"));
}

TEST_CASE("what comes all at once is told one by one up to a limit, and else as anything") {
  Followed store;
  const auto import = [&](std::int64_t count, const std::string& prefix) {
    std::string document = R"({"environment":"prod","flags":{},"segments":{)";
    for (std::int64_t i = 0; i < count; ++i) {
      document +=
          (i == 0 ? "\"" : ",\"") + prefix + std::to_string(i) + R"(":{"included":["ann"]})";
    }
    const auto follower = store.Follow(store.tokens[0]);
    follower->stream->text.clear();
    store.Expect(200, "POST", "/api/v1/environments/prod/import", document + "}}");
    return follower->stream->text;
  };
  CHECK(import(kMaxNews, "s").starts_with("event: changes\n"));
  CHECK(import(kMaxNews + 1, "t").starts_with("event: reset\n"));
}

TEST_CASE("a stream ends with its token, when that is deleted and when its time is over") {
  Followed store;
  const auto made = store.Expect(201, "POST", "/api/v1/tokens", R"({"name":"gone"})");
  const auto timed = store.Expect(201, "POST", "/api/v1/tokens",
                                  R"({"name":"ends","expiresAt":"2023-11-14T22:14:20Z"})");
  const auto deleted = store.Follow(Text(made, "token"));
  const auto expired = store.Follow(Text(timed, "token"));
  const auto staying = store.Follow(store.tokens[0]);
  store.Expect(204, "DELETE", "/api/v1/tokens/" + std::to_string(Number(made, "id")));
  CHECK(deleted->stream->ended);
  CHECK(deleted->stream->text.ends_with("event: goodbye\ndata: {}\n\n"));
  CHECK(!expired->stream->ended);
  store.clock.wall += 60'000;
  store.feed.Check(*store.credentials, store.clock.Wall());
  CHECK(expired->stream->ended);
  CHECK(!staying->stream->ended);
  CHECK(store.taken == 1);
  store.feed.EndStreams();
  CHECK(staying->stream->ended);
  CHECK(store.taken == 0);
}

TEST_CASE("who follows when the streams have ended is told so, and takes no place") {
  Followed store;
  store.feed.EndStreams();
  const auto late = store.Follow(store.tokens[0]);
  CHECK(late->stream->text == kGoodbye);
  CHECK(late->stream->ended);
  CHECK(store.taken == 0);
}

TEST_CASE("streams whose connection is gone give their place back at the next sign of life") {
  Followed store;
  const auto gone = store.Follow(store.tokens[0]);
  const auto there = store.Follow(store.tokens[0]);
  gone->stream->open = false;
  there->stream->text.clear();
  store.feed.Beat();
  CHECK(store.taken == 1);
  CHECK(there->stream->text == ":\n\n");
}

TEST_CASE("each caller has so many streams, and all together so many") {
  std::atomic<std::int64_t> taken = 0;
  StreamSeats seats(taken);
  std::vector<StreamSeats::Seat> held;
  for (std::int64_t i = 0; i < kMaxEventStreams; ++i) {
    auto seat = seats.Take("user:" + std::to_string(i / kMaxEventStreamsOfCaller));
    REQUIRE(seat);
    held.push_back(*std::move(seat));
    if (i == kMaxEventStreamsOfCaller - 1) {
      CHECK(seats.Take("user:0").error().code() == base::ErrorCode::kLimit);
    }
  }
  CHECK(seats.Take("user:new").error().code() == base::ErrorCode::kUnavailable);
  held.pop_back();
  CHECK(seats.Take("user:new"));
  CHECK(taken == kMaxEventStreams - 1);
}

}  // namespace
}  // namespace pennon::store
