// GET /sync/v1/flagset and /sync/v1/stream: what daemons ask and are told. Answered from what was
// made once a revision, never from the database; while something large is made, others are
// answered.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/http_message.h"
#include "store/credentials.h"
#include "store/store_metrics.h"
#include "store/sync_body.h"
#include "store/sync_press.h"

namespace pennon::store {

/// Streams that are told in one go; between two of them the worker does other things.
inline constexpr std::size_t kStreamsAtOnce = 512;

/// Fetches of one worker that wait for a text; who is gone counts until it is made.
inline constexpr std::size_t kMaxWaiting = 16'384;

/// Confined to one worker.
class SyncFeed {
 public:
  /// Borrows both, which all workers share. Counts in `metrics` what is sent, and the streams.
  SyncFeed(StoreMetrics& metrics, SyncPress& press) : metrics_(metrics), press_(press) {}

  /// Puts a revision in force. Its environment's streams are then to be told.
  void Put(std::shared_ptr<const SyncBody> body);
  /// Tells some of an environment's streams what is due; true when there are more. One that has not
  /// been told of several revisions is told of all at once. Also finds those whose connection is
  /// gone.
  bool TellSome(const std::string& environment);
  /// The same of the first environment that has such streams.
  bool TellSome();
  /// Ends the environment's streams, too.
  void Remove(const std::string& environment);

  /// Answers 200 with the flag set, or a delta from `?since=<epoch>.<revision>` when that is known
  /// and smaller; or, when the caller has this revision, 304 if it has sent its tag, else 204. As
  /// HttpHandler::Handle: false when it waits for the press, which may have a newer revision then.
  bool Answer(const net::HttpRequest& request, const std::string& environment,
              net::HttpResponse& response, const net::Later& late);
  /// Answers one of those who wait for what was made: 503 when there was not the memory for it.
  /// True when there may be more; answers are long, and all of them at once would fill the memory.
  bool AnswerOne(const Pressed& pressed);

  /// Begins a stream of events (text/event-stream). `delta`: its data is a delta from the revision
  /// before, which is the last event's id; `changed`: there is a revision to be fetched; `goodbye`:
  /// connect again, to whoever answers. Goes on from Last-Event-ID.
  void Subscribe(const net::HttpRequest& request, const std::string& environment,
                 const net::Later& late);
  /// What is in force, in the order of the environments' keys.
  [[nodiscard]] std::vector<std::shared_ptr<const EnvironmentSet>> Sets() const;
  /// Ends the streams whose key is gone, or has ended.
  void Check(const Credentials& credentials, base::WallMillis now);
  /// A sign of life is due on every stream; what it is told anyway is one.
  void Beat();
  /// Ends all streams, and those that still come; one would keep a drain from ending.
  void EndStreams();

 private:
  struct Subscriber {
    std::shared_ptr<net::HttpStream> stream;
    std::string hash;  // of the key
    Cursor told;
    std::uint64_t beat = 0;  // the last of beats_ that it had a sign of
  };
  struct Feed {
    std::shared_ptr<const SyncBody> body;
    std::vector<Subscriber> subscribers;
    std::size_t next = 0;  // who is to be told next
  };
  struct Waiting {
    std::string environment;
    Since since;
    Cursor asked;  // what was in force then, which is the least that it gets
    bool accepts_gzip = false;
    net::LateResponse reply;
  };
  bool TellSome(Feed& feed);
  void Send(const SyncBody& body, const SyncText& text, bool accepts_gzip,
            net::HttpResponse& response);
  /// Forgets those of the feed for which `is_over` holds.
  void Erase(Feed& feed, const std::function<bool(const Subscriber&)>& is_over);

  std::map<std::string, Feed, std::less<>> feeds_;
  std::deque<Waiting> waiting_;
  StoreMetrics& metrics_;
  SyncPress& press_;
  std::uint64_t beats_ = 0;
  bool has_ended_ = false;
};

}  // namespace pennon::store
