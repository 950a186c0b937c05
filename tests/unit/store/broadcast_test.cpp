// What every worker is told, and what it does in between.
#include "store/broadcast.h"

#include "tests/unit/store/served.h"

namespace pennon::store {
namespace {

// One worker that was not started yet.
struct OneWorker : Served {
  OneWorker() {
    services.max_streams = 2 * kStreamsAtOnce;
    handlers.push_back(std::make_unique<RequestHandler>(services));
    ledger->Listen(broadcast);
  }
  // Has the worker ask for so many answers that come later.
  void Ask(const std::string& path, std::size_t count) {
    workers.Post(0, [this, path, count] {
      for (std::size_t i = 0; i < count; ++i) {
        later.push_back(std::make_unique<test::RecordedLater>());
        CHECK(!Get(*handlers.front(), path, sync_key, *later.back()));
        later.back()->stream->text.clear();
      }
    });
  }
  // What `count` gives when the worker comes to it, and when it comes to it again.
  std::pair<std::size_t, std::size_t> Count(const std::function<std::size_t()>& count) {
    std::size_t at_first = 0;
    std::promise<std::size_t> at_last;
    workers.Post(0, [&] {
      at_first = count();
      workers.Post(0, [&] { at_last.set_value(count()); });
    });
    workers.Start();
    const std::size_t last = at_last.get_future().get();
    workers.Stop(0);
    return {at_first, last};
  }

  std::vector<std::unique_ptr<test::RecordedLater>> later;
  std::vector<std::unique_ptr<RequestHandler>> handlers;
  net::WorkerPool workers{1};
  Broadcast broadcast{workers, handlers, *readers, nullptr};
};

TEST_CASE("thousands of streams get their sign of life a part at a time, and others their turn") {
  OneWorker store;
  store.Ask("/sync/v1/stream", kStreamsAtOnce + 1);
  store.broadcast.Beat();
  const auto [at_first, at_last] = store.Count([&] {
    return static_cast<std::size_t>(
        std::count_if(store.later.begin(), store.later.end(),
                      [](const auto& one) { return one->stream->text == ":\n\n"; }));
  });
  CHECK(at_first == kStreamsAtOnce);
  CHECK(at_last == kStreamsAtOnce + 1);
}

TEST_CASE("who waits for a large set is answered one at a time, and others have their turn") {
  OneWorker store;
  store.FillProd();
  store.Ask("/sync/v1/flagset", 2);
  const auto body = std::make_shared<const SyncBody>(store.ledger->sets().at("prod"));
  store.broadcast.OnPressed({body, std::nullopt, body->Make(std::nullopt)});
  const auto [at_first, at_last] = store.Count([&] { return store.metrics.sync_sent.load(); });
  CHECK(at_first == 1);
  CHECK(at_last == 2);
}

}  // namespace
}  // namespace pennon::store
