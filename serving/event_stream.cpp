#include "serving/event_stream.h"

#include <random>

#include "base/json_text.h"
#include "serving/url_path.h"

namespace pennon::serving {
namespace {

constexpr std::string_view kBeat = ":\n\n";
constexpr int kInactivitySeconds = 120;
constexpr int kRetryMillis = 1'000;
constexpr int kRetrySpreadMillis = 2'000;

// Clients of a daemon that was restarted must not all come back in the same moment.
std::string Retry() {
  std::random_device entropy;
  return "retry: " + std::to_string(kRetryMillis + entropy() % kRetrySpreadMillis) + "\n\n";
}

class EventStream final : public Subscriber {
 public:
  explicit EventStream(std::shared_ptr<net::HttpStream> stream) : stream_(std::move(stream)) {}

  [[nodiscard]] bool is_open() const override { return stream_->is_open(); }
  void Tell(const Change& change) override {
    std::string event = "id: " + change.version + "\nevent: message\ndata: ";
    base::JsonObject data(event);
    data.String("type", "refetchEvaluation").String("etag", change.version).Close();
    event += "\n\n";
    stream_->Send(std::move(event));
  }
  void Beat(const Change&) override { stream_->Send(std::string(kBeat)); }
  void End() override { stream_->End(std::string(kBeat)); }

 private:
  std::shared_ptr<net::HttpStream> stream_;
};

}  // namespace

std::string EventStreamsJson(std::string_view version, std::string_view ticket) {
  std::string uri = std::string(kEventsPath) + "?since=" + std::string(version);
  if (!ticket.empty()) uri += "&ticket=" + std::string(ticket);
  std::string json = "[";
  base::JsonObject stream(json);
  stream.String("type", "sse");
  base::JsonObject endpoint(stream.Key("endpoint"));
  endpoint.String("requestUri", uri).Close();
  stream.Int("inactivityDelaySec", kInactivitySeconds).Close();
  json += ']';
  return json;
}

std::string KnownVersion(const net::HttpRequest& request) {
  const std::string_view last = request.Header("Last-Event-ID");
  if (!last.empty()) return std::string(last);
  return QueryParameter(request.query, "since").value_or("");
}

std::shared_ptr<Subscriber> OpenEventStream(const net::Later& late) {
  net::HttpResponse head;
  head.content_type = "text/event-stream";
  head.headers.emplace_back("Cache-Control", "no-store");
  auto stream = late.Stream(head);
  stream->Send(Retry());
  return std::make_shared<EventStream>(std::move(stream));
}

}  // namespace pennon::serving
