#include "store/sync_feed.h"

#include "serving/entity_tag.h"
#include "serving/evaluation_http.h"

namespace pennon::store {

std::shared_ptr<const SyncBody> MakeSyncBody(const EnvironmentSet& set) {
  auto body = std::make_shared<SyncBody>();
  body->environment = set.environment;
  body->tag = '"' + std::to_string(set.epoch) + '.' + std::to_string(set.revision) + '"';
  wire::SyncHead head;
  head.environment = set.environment;
  head.epoch = set.epoch;
  head.revision = set.revision;
  body->text = WriteSyncDocument(std::move(head), set.Lines());
  return body;
}

void SyncFeed::Answer(const net::HttpRequest& request, const std::string& environment,
                      net::HttpResponse& response) const {
  const auto found = bodies_.find(environment);
  if (found == bodies_.end()) {
    return serving::RespondError(
        request.path, 404,
        base::Error::NotFound("environments." + environment, "there is no such environment"),
        response);
  }
  const SyncBody& body = *found->second;
  response.headers.emplace_back("ETag", body.tag);
  response.headers.emplace_back("Cache-Control", "private, no-cache");
  if (serving::MatchesEntityTag(request.Header("If-None-Match"), body.tag)) {
    response.status = 304;
    response.content_type = {};
    return;
  }
  response.content_type = "application/x-ndjson";
  response.body = body.text;
}

}  // namespace pennon::store
