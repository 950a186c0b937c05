#include "store/sync_feed.h"

#include "base/gzip.h"
#include "serving/entity_tag.h"
#include "serving/evaluation_http.h"
#include "store/event_text.h"
#include "store/query.h"

namespace pennon::store {
namespace {

// Below it compression saves no packet.
constexpr std::size_t kMinGzipBytes = 1400;

void SetBody(const net::HttpRequest& request, const std::string& text,
             const std::function<std::string()>& gzipped, net::HttpResponse& response) {
  response.content_type = "application/x-ndjson";
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (text.size() < kMinGzipBytes || !base::AcceptsGzip(request.Header("Accept-Encoding"))) {
    response.body = text;
    return;
  }
  response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = gzipped();
}

std::optional<Cursor> SinceOf(const net::HttpRequest& request) {
  const auto query = Query::Parse(request.query);
  return query ? ParseCursor(query->Text("since")) : std::nullopt;
}

}  // namespace

void SyncFeed::Put(std::shared_ptr<const SyncBody> body) {
  Feed& feed = feeds_[body->environment()];
  feed.body = std::move(body);
  feed.next = 0;
}

bool SyncFeed::TellSome(const std::string& environment) {
  const auto found = feeds_.find(environment);
  return found != feeds_.end() && TellSome(found->second);
}

bool SyncFeed::TellSome() {
  for (auto& [environment, feed] : feeds_) {
    if (feed.next >= feed.subscribers.size()) continue;
    TellSome(feed);
    return true;
  }
  return false;
}

bool SyncFeed::TellSome(Feed& feed) {
  const Cursor now = feed.body->cursor();
  Cursor since = {now.epoch, now.revision - 1};  // nearly all know the one before
  std::string event = feed.body->event();
  for (std::size_t i = 0; i < kStreamsAtOnce && feed.next < feed.subscribers.size(); ++i) {
    Subscriber& subscriber = feed.subscribers[feed.next];
    if (!subscriber.stream->is_open()) {
      std::swap(subscriber, feed.subscribers.back());
      feed.subscribers.pop_back();
      --streams_;
      continue;
    }
    ++feed.next;
    if (subscriber.told == now) {
      if (subscriber.beat != beats_) subscriber.stream->Send(std::string(kSignOfLife));
    } else {
      if (subscriber.told != since) {
        since = subscriber.told;
        event = feed.body->EventSince(since);
      }
      subscriber.stream->Send(event);
    }
    subscriber.told = now;
    subscriber.beat = beats_;
  }
  return feed.next < feed.subscribers.size();
}

void SyncFeed::Remove(const std::string& environment) {
  const auto found = feeds_.find(environment);
  if (found == feeds_.end()) return;
  for (const Subscriber& subscriber : found->second.subscribers)
    subscriber.stream->End(std::string(kGoodbye));
  streams_ -= static_cast<std::int64_t>(found->second.subscribers.size());
  feeds_.erase(found);
}

std::vector<std::shared_ptr<const EnvironmentSet>> SyncFeed::Sets() const {
  std::vector<std::shared_ptr<const EnvironmentSet>> sets;
  for (const auto& [environment, feed] : feeds_) sets.push_back(feed.body->set());
  return sets;
}

void SyncFeed::Erase(Feed& feed, const std::function<bool(const Subscriber&)>& is_over) {
  const std::size_t erased = std::erase_if(feed.subscribers, is_over);
  streams_ -= static_cast<std::int64_t>(erased);
  // The others have moved up: who was to be told next may stand among those who were.
  if (erased > 0) feed.next = 0;
}

void SyncFeed::Check(const Credentials& credentials, base::WallMillis now) {
  for (auto& [environment, feed] : feeds_) {
    Erase(feed, [&](const Subscriber& subscriber) {
      if (credentials.Find(subscriber.hash, now) != nullptr) return false;
      subscriber.stream->End(std::string(kGoodbye));
      return true;
    });
  }
}

void SyncFeed::Beat() {
  ++beats_;
  for (auto& [environment, feed] : feeds_) feed.next = 0;
}

void SyncFeed::EndStreams() {
  has_ended_ = true;
  for (auto& [environment, feed] : feeds_) {
    for (const Subscriber& subscriber : feed.subscribers)
      subscriber.stream->End(std::string(kGoodbye));
    streams_ -= static_cast<std::int64_t>(feed.subscribers.size());
    feed.subscribers.clear();
  }
}

void SyncFeed::Answer(const net::HttpRequest& request, const std::string& environment,
                      net::HttpResponse& response) const {
  const auto found = feeds_.find(environment);
  if (found == feeds_.end()) {
    return serving::RespondError(
        request.path, 404,
        base::Error::NotFound("environments." + environment, "there is no such environment"),
        response);
  }
  const SyncBody& body = *found->second.body;
  const auto since = SinceOf(request);
  // What nearly every poll is answered, so it is short.
  if (since == body.cursor() && request.Header("If-None-Match").empty()) {
    response.headers.emplace_back(wire::kSyncMark, "1");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.status = 204;
    response.content_type = {};
    return;
  }
  response.headers.emplace_back("ETag", body.tag());
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  if (serving::MatchesEntityTag(request.Header("If-None-Match"), body.tag())) {
    response.status = 304;
    response.content_type = {};
    return;
  }
  if (since) {
    if (const auto delta = body.DeltaSince(*since)) {
      return SetBody(
          request, *delta, [&] { return base::Gzip(*delta); }, response);
    }
  }
  SetBody(
      request, body.text(), [&] { return body.gzipped(); }, response);
}

void SyncFeed::Subscribe(const net::HttpRequest& request, const std::string& environment,
                         const net::Later& late) {
  auto stream = late.Stream(EventStreamHead());
  const auto found = feeds_.find(environment);
  if (has_ended_ || found == feeds_.end()) return stream->End(std::string(kGoodbye));
  Feed& feed = found->second;
  const auto last = ParseCursor(request.Header("Last-Event-ID"));
  const std::string missed = feed.body->EventSince(last.value_or(Cursor()));
  stream->Send(missed.empty() ? std::string(kSignOfLife) : missed);
  feed.subscribers.push_back(
      {std::move(stream), Credentials::HashOf(request), feed.body->cursor(), beats_});
  ++streams_;
}

}  // namespace pennon::store
