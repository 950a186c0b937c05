// What every worker is told, and what it does in between.
#include "store/broadcast.h"

#include "tests/unit/store/served.h"

namespace pennon::store {
namespace {

TEST_CASE("thousands of streams get their sign of life a part at a time, and others their turn") {
  Served store;
  RequestServices services = store.services;
  services.max_streams = 2 * kStreamsAtOnce;
  std::vector<std::unique_ptr<RequestHandler>> handlers;
  handlers.push_back(std::make_unique<RequestHandler>(services));
  net::WorkerPool workers(1);
  Broadcast broadcast(workers, handlers, *store.readers, nullptr);
  store.ledger->Listen(broadcast);
  std::vector<std::unique_ptr<test::RecordedLater>> streams;
  const auto subscribe = [&] {
    const std::string authorization = "Bearer " + store.sync_key;
    net::HttpRequest request;
    request.method = "GET";
    request.path = "/sync/v1/stream";
    request.headers.emplace_back("Authorization", authorization);
    for (std::size_t i = 0; i < kStreamsAtOnce + 1; ++i) {
      net::HttpResponse response;
      streams.push_back(std::make_unique<test::RecordedLater>());
      CHECK(!handlers.front()->Handle(request, response, *streams.back()));
      streams.back()->stream->text.clear();
    }
  };
  const auto count = [&] {
    return std::count_if(streams.begin(), streams.end(),
                         [](const auto& one) { return one->stream->text == ":\n\n"; });
  };
  std::ptrdiff_t at_first = 0;
  std::promise<std::ptrdiff_t> at_last;
  workers.Post(0, subscribe);
  broadcast.Beat();
  workers.Post(0, [&] {  // came while the streams were waiting
    at_first = count();
    workers.Post(0, [&] { at_last.set_value(count()); });
  });
  workers.Start();
  CHECK(at_last.get_future().get() == kStreamsAtOnce + 1);
  CHECK(at_first == kStreamsAtOnce);
  workers.Stop(0);
}

}  // namespace
}  // namespace pennon::store
