#include "store/sync_feed.h"

#include <algorithm>

#include "base/gzip.h"
#include "serving/entity_tag.h"
#include "serving/evaluation_http.h"
#include "store/api.h"
#include "store/event_text.h"
#include "store/query.h"

namespace pennon::store {
namespace {

Since SinceOf(const net::HttpRequest& request) {
  const auto query = Query::Parse(request.query);
  return query ? ParseCursor(query->Text("since")) : std::nullopt;
}

void AddTag(const SyncBody& body, net::HttpResponse& response) {
  response.headers.emplace_back("ETag", body.tag());
  response.headers.emplace_back("Cache-Control", "private, no-cache");
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
      --metrics_.streams;
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
  metrics_.streams -= static_cast<std::int64_t>(found->second.subscribers.size());
  feeds_.erase(found);
}

std::vector<std::shared_ptr<const EnvironmentSet>> SyncFeed::Sets() const {
  std::vector<std::shared_ptr<const EnvironmentSet>> sets;
  for (const auto& [environment, feed] : feeds_) sets.push_back(feed.body->set());
  return sets;
}

void SyncFeed::Erase(Feed& feed, const std::function<bool(const Subscriber&)>& is_over) {
  const std::size_t erased = std::erase_if(feed.subscribers, is_over);
  metrics_.streams -= static_cast<std::int64_t>(erased);
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
    metrics_.streams -= static_cast<std::int64_t>(feed.subscribers.size());
    feed.subscribers.clear();
  }
}

bool SyncFeed::Answer(const net::HttpRequest& request, const std::string& environment,
                      net::HttpResponse& response, const net::Later& late) {
  const auto found = feeds_.find(environment);
  if (found == feeds_.end()) {
    serving::RespondError(
        request.path, 404,
        base::Error::NotFound("environments." + environment, "there is no such environment"),
        response);
    return true;
  }
  const std::shared_ptr<const SyncBody>& body = found->second.body;
  const Since asked = SinceOf(request);
  const std::string_view tag = request.Header("If-None-Match");
  // What nearly every poll is answered, so it is short.
  if (asked == body->cursor() && tag.empty()) {
    ++metrics_.sync_current;
    response.headers.emplace_back(wire::kSyncMark, "1");
    response.headers.emplace_back("Cache-Control", "no-store");
    response.status = 204;
    response.content_type = {};
    return true;
  }
  if (serving::MatchesEntityTag(tag, body->tag())) {
    ++metrics_.sync_current;
    AddTag(*body, response);
    response.status = 304;
    response.content_type = {};
    return true;
  }
  const Since since = body->Known(asked);
  const bool accepts_gzip = base::AcceptsGzip(request.Header("Accept-Encoding"));
  if (const auto text = body->Find(since)) {
    Send(*body, *text, accepts_gzip, response);
    return true;
  }
  if (waiting_.size() >= kMaxWaiting || !press_.Post(body, since)) {
    response = TooBusy();
    return true;
  }
  waiting_.push_back({environment, since, body->cursor(), accepts_gzip, late()});
  return false;
}

bool SyncFeed::AnswerOne(const Pressed& pressed) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Waiting& one) {
    return one.since == pressed.since && one.environment == pressed.body->environment() &&
           one.asked <= pressed.body->cursor();
  });
  if (found == waiting_.end()) return false;
  const Waiting waiting = std::move(*found);
  waiting_.erase(found);
  net::HttpResponse response = pressed.text == nullptr ? TooBusy() : net::HttpResponse();
  if (pressed.text != nullptr) {
    Send(*pressed.body, *pressed.text, waiting.accepts_gzip, response);
  }
  waiting.reply(std::move(response));
  return true;
}

void SyncFeed::Send(const SyncBody& body, const SyncText& text, bool accepts_gzip,
                    net::HttpResponse& response) {
  ++metrics_.sync_sent;
  AddTag(body, response);
  response.content_type = "application/x-ndjson";
  response.headers.emplace_back("Vary", "Accept-Encoding");
  const bool is_gzipped = accepts_gzip && !text.gzipped.empty();
  if (is_gzipped) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = is_gzipped ? text.gzipped : text.text;
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
  ++metrics_.streams;
}

}  // namespace pennon::store
