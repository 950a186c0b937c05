// Large sets are made beside the worker, which answers others meanwhile.
#include "store/sync_press.h"

#include <condition_variable>

#include "tests/unit/store/served.h"

namespace pennon::store {
namespace {

// The handler of a worker, and a press that does not run yet.
struct LargeSet : Served {
  LargeSet() { FillProd(); }
  ~LargeSet() { press.Stop(); }
  LargeSet(const LargeSet&) = delete;
  LargeSet& operator=(const LargeSet&) = delete;

  [[nodiscard]] bool Fetch(const test::RecordedLater& late) {
    return Get("/sync/v1/flagset", sync_key, late);
  }
  [[nodiscard]] std::shared_ptr<const SyncBody> Body() const {
    return std::make_shared<const SyncBody>(ledger->sets().at("prod"));
  }
  void Enable(bool enabled) {
    Expect(200, "PUT", "/api/v1/environments/prod/flags/a",
           std::string(R"({"enabled":)") + (enabled ? "true}" : "false}"));
  }
  void StartPress() {
    press.Start([this](const Pressed& pressed) {
      const std::lock_guard lock(mutex);
      told.push_back(pressed);
      wake.notify_one();
    });
  }
  // What the worker is told next.
  Pressed Next() {
    std::unique_lock lock(mutex);
    wake.wait(lock, [this] { return !told.empty(); });
    const Pressed first = told.front();
    told.pop_front();
    return first;
  }

  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Pressed> told;
};

std::string TagOf(const net::HttpResponse& response) {
  REQUIRE(!response.headers.empty());
  REQUIRE(response.headers[0].first == "ETag");
  return response.headers[0].second;
}

TEST_CASE("while a large set is made others are answered; it is made once for all who wait") {
  LargeSet store;
  const test::RecordedLater first;
  const test::RecordedLater second;
  CHECK(!store.Fetch(first));
  CHECK(!store.Fetch(second));
  CHECK(store.Ask("GET", "/readyz", "").status == 200);
  CHECK(store.metrics.sync_sent == 0);
  store.StartPress();
  const Pressed pressed = store.Next();
  CHECK(store.handler.AnswerOne(pressed));
  CHECK(store.handler.AnswerOne(pressed));
  CHECK(!store.handler.AnswerOne(pressed));
  const auto answer = first.response.get_future().get();
  CHECK(answer.status == 200);
  CHECK(TagOf(answer) == store.Body()->tag());
  CHECK(wire::ReadSyncDocument(answer.body).value().lines.size() == 801);
  CHECK(second.response.get_future().get().body == answer.body);
  CHECK(store.metrics.sync_sent == 2);
  CHECK(store.Fetch(test::RecordedLater()));  // it is there
  store.press.Stop();
  CHECK(store.told.empty());
}

TEST_CASE("a small delta is answered at once, whatever is made meanwhile") {
  LargeSet store;
  CHECK(!store.Fetch(test::RecordedLater()));
  const std::string since = Text(store.Body()->cursor());
  store.Enable(true);
  const auto delta = store.Ask("GET", "/sync/v1/flagset?since=" + since, store.sync_key);
  CHECK(wire::ReadSyncDocument(delta.body).value().lines.size() == 1);
}

TEST_CASE("who waits gets a newer revision when there is one, and never an older") {
  LargeSet store;
  const auto before = store.Body();
  const test::RecordedLater early;
  CHECK(!store.Fetch(early));
  store.Enable(true);
  const test::RecordedLater late;
  CHECK(!store.Fetch(late));
  store.StartPress();
  const Pressed pressed = store.Next();
  CHECK(pressed.body->cursor() == store.Body()->cursor());
  CHECK(store.handler.AnswerOne(pressed));
  CHECK(TagOf(early.response.get_future().get()) == store.Body()->tag());
  CHECK(!store.handler.AnswerOne({before, std::nullopt, before->Make(std::nullopt)}));
  CHECK(store.handler.AnswerOne(pressed));
  CHECK(TagOf(late.response.get_future().get()) == store.Body()->tag());
}

TEST_CASE("where there is not the memory for a set, those who wait are told to come later") {
  LargeSet store;
  const test::RecordedLater late;
  CHECK(!store.Fetch(late));
  CHECK(store.handler.AnswerOne({store.Body(), std::nullopt, nullptr}));
  const auto refused = late.response.get_future().get();
  CHECK(refused.status == 503);
  CHECK(refused.headers.back().first == "Retry-After");
  CHECK(store.metrics.sync_sent == 0);
}

TEST_CASE("who waits while the store drains is answered, and its connection ends") {
  LargeSet store;
  const test::RecordedLater late;
  CHECK(!store.Fetch(late));
  store.draining = true;
  store.StartPress();
  CHECK(store.handler.AnswerOne(store.Next()));
  const auto answer = late.response.get_future().get();
  CHECK(answer.status == 200);
  CHECK(answer.close);
}

TEST_CASE("what has not begun when the press ends is not made, and nothing is taken then") {
  LargeSet store;
  CHECK(!store.Fetch(test::RecordedLater()));
  store.press.Stop();
  store.StartPress();
  store.press.Stop();
  CHECK(store.told.empty());
  CHECK(store.Ask("GET", "/sync/v1/flagset", store.sync_key).status == 503);
}

TEST_CASE("a large delta is made for the first who asks, and kept until others were asked for") {
  LargeSet store;
  const Cursor filled = store.Body()->cursor();
  for (std::size_t i = 1; i <= kKeptDeltas; ++i) store.Enable(i % 2 == 0);
  const auto body = store.Body();
  const Cursor empty{filled.epoch, filled.revision - 1};
  CHECK(body->Find(empty) == nullptr);
  const auto delta = body->Make(empty);
  CHECK(wire::ReadSyncDocument(delta->text).value().lines.size() == 801);
  CHECK(delta->gzipped.size() * 4 < delta->text.size());
  CHECK(body->Find(empty) == delta);
  const auto whole = body->Make(std::nullopt);
  for (std::size_t i = 0; i < kKeptDeltas; ++i) {
    CHECK(body->Find(empty) == delta);
    CHECK(body->Find(Cursor{filled.epoch, filled.revision + i}) != nullptr);  // small
  }
  CHECK(body->Find(empty) == nullptr);
  CHECK(body->Find(std::nullopt) == whole);
}

}  // namespace
}  // namespace pennon::store
