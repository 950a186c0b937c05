// GET /api/v1/events: people's pages and scripts are told what has been changed, as it is changed.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "net/http_message.h"
#include "store/credentials.h"
#include "store/news.h"
#include "store/stream_seats.h"

namespace pennon::store {

inline constexpr std::string_view kEventsPath = "/api/v1/events";
/// Entries that a caller which was away is told one by one; one that missed more looks again.
inline constexpr std::size_t kMaxRememberedNews = 1000;

/// Confined to one worker.
class EventFeed {
 public:
  /// Tells all streams, each what its caller may see.
  void Put(std::shared_ptr<const News> news);

  /// Begins a stream (text/event-stream). `changes`: entries of the audit log, without what they
  /// changed; `reset`: anything may have changed; `goodbye`: it ends, connect again. Goes on from
  /// Last-Event-ID.
  void Subscribe(const net::HttpRequest& request, const Grant& grant, StreamSeats::Seat seat,
                 const net::Later& late);
  /// Who may do what is different now: ends the streams whose token or session is gone.
  void Check(const Credentials& credentials, base::WallMillis now);
  /// A sign of life on every stream, which also finds those whose connection is gone.
  void Beat();
  /// Ends all streams, and those that still come; one would keep a drain from ending.
  void EndStreams();

 private:
  struct Subscriber {
    std::shared_ptr<net::HttpStream> stream;
    std::string hash;  // of the token or session
    Roles roles;
    StreamSeats::Seat seat;
  };
  std::string Missed(const net::HttpRequest& request, const Roles& roles) const;

  std::vector<Subscriber> subscribers_;
  std::deque<NewsItem> remembered_;  // without a gap, up to newest_
  std::int64_t newest_ = 0;
  bool has_ended_ = false;
};

}  // namespace pennon::store
