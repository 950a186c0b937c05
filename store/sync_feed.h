// GET /sync/v1/flagset: what daemons poll. Answered from a body made once a revision, never from
// the database.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "net/http_message.h"
#include "store/environment_set.h"

namespace pennon::store {

/// The answer for one revision of one environment. Immutable; shared by all workers.
struct SyncBody {
  std::string environment;
  std::string tag;   // "\"<epoch>.<revision>\""
  std::string text;  // newline-delimited JSON
};
std::shared_ptr<const SyncBody> MakeSyncBody(const EnvironmentSet& set);

/// Confined to one worker.
class SyncFeed {
 public:
  void Put(std::shared_ptr<const SyncBody> body) { bodies_[body->environment] = std::move(body); }
  void Remove(const std::string& environment) { bodies_.erase(environment); }

  /// Answers 200 with the flag set, or 304 when the caller has this revision.
  void Answer(const net::HttpRequest& request, const std::string& environment,
              net::HttpResponse& response) const;

 private:
  std::map<std::string, std::shared_ptr<const SyncBody>, std::less<>> bodies_;
};

}  // namespace pennon::store
