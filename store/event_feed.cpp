#include "store/event_feed.h"

#include <charconv>

#include "base/json_text.h"
#include "store/access.h"
#include "store/event_text.h"
#include "store/reply_json.h"

namespace pennon::store {
namespace {

void AppendItem(std::string& out, const NewsItem& item) {
  base::JsonObject object(out);
  object.Int("sequence", item.sequence).String("action", Name(item.action));
  object.String("kind", item.subject.kind);
  if (item.subject.environment) object.String("environment", *item.subject.environment);
  object.String("key", item.subject.key).Int("version", item.version);
  object.Close();
}

std::string Reset(std::int64_t newest) {
  return EventText("reset", std::to_string(newest), "{}");
}

// The first event of a stream names the place from which it goes on.
std::string Hello(std::int64_t newest) {
  return EventText("hello", std::to_string(newest), "{}");
}

// "" when there is nothing among it that these roles may see.
template <typename Items>
std::string Changes(const Items& items, std::int64_t after, std::int64_t newest,
                    const Roles& roles) {
  std::vector<NewsItem> seen;
  for (const NewsItem& item : items) {
    if (item.sequence > after && MaySee(roles, item.subject)) seen.push_back(item);
  }
  if (seen.empty()) return {};
  return EventText("changes", std::to_string(newest), JsonList("entries", seen, AppendItem));
}

std::optional<std::int64_t> LastOf(const net::HttpRequest& request) {
  const std::string_view text = request.Header("Last-Event-ID");
  std::int64_t last = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), last);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return {};
  return last;
}

}  // namespace

void EventFeed::Put(std::shared_ptr<const News> news) {
  if (news->newest == newest_) return;
  const bool is_known = news->after == newest_ && !news->items.empty();
  newest_ = news->newest;
  if (!is_known) remembered_.clear();
  remembered_.insert(remembered_.end(), news->items.begin(), news->items.end());
  while (remembered_.size() > kMaxRememberedNews) remembered_.pop_front();
  for (const Subscriber& subscriber : subscribers_) {
    std::string event =
        is_known ? Changes(news->items, news->after, newest_, subscriber.roles) : Reset(newest_);
    if (!event.empty()) subscriber.stream->Send(std::move(event));
  }
}

std::string EventFeed::Missed(const net::HttpRequest& request, const Roles& roles) const {
  const auto last = LastOf(request);
  if (!last) return Hello(newest_);
  const std::int64_t forgotten = newest_ - static_cast<std::int64_t>(remembered_.size());
  if (*last < forgotten || *last > newest_) return Reset(newest_);
  const std::string changes = Changes(remembered_, *last, newest_, roles);
  return changes.empty() ? Hello(newest_) : changes;
}

void EventFeed::Subscribe(const net::HttpRequest& request, const Grant& grant,
                          StreamSeats::Seat seat, const net::Later& late) {
  auto stream = late.Stream(EventStreamHead());
  if (has_ended_) return stream->End(std::string(kGoodbye));
  stream->Send(Missed(request, grant.roles));
  subscribers_.push_back(
      {std::move(stream), Credentials::HashOf(request), grant.roles, std::move(seat)});
}

void EventFeed::Check(const Credentials& credentials, base::WallMillis now) {
  std::erase_if(subscribers_, [&](Subscriber& subscriber) {
    const Grant* const grant = credentials.Find(subscriber.hash, now);
    if (grant == nullptr || grant->roles.Most() < Role::kViewer) {
      subscriber.stream->End(std::string(kGoodbye));
      return true;
    }
    subscriber.roles = grant->roles;
    return false;
  });
}

void EventFeed::Beat() {
  std::erase_if(subscribers_, [](const Subscriber& one) { return !one.stream->is_open(); });
  for (const Subscriber& subscriber : subscribers_)
    subscriber.stream->Send(std::string(kSignOfLife));
}

void EventFeed::EndStreams() {
  has_ended_ = true;
  for (const Subscriber& subscriber : subscribers_) subscriber.stream->End(std::string(kGoodbye));
  subscribers_.clear();
}

}  // namespace pennon::store
