// /api/v1/environments/{environment}/segments
#include "base/json_text.h"
#include "store/definition.h"
#include "store/reply_json.h"
#include "store/routes.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

void AppendSegment(std::string& out, const std::string& environment, const std::string& key,
                   std::uint64_t revision, const model::Object& definition) {
  base::JsonObject object(out);
  object.String("key", key).String("environment", environment).Uint("revision", revision);
  AppendMembers(object, definition);
  object.Close();
}

}  // namespace

Result<Reply> ListSegments(const Call& call) {
  const std::string& environment = call.names[0];
  if (auto known = Environments(call.ledger.database()).Get(environment); !known) {
    return Fail(known.error());
  }
  const auto segments = ReadLines(*call.ledger.sets().at(environment), wire::LineKind::kSegment);
  const auto append = [&](std::string& out, const LineContent& segment) {
    AppendSegment(out, environment, segment.key, segment.revision, segment.definition);
  };
  return Reply{200, JsonList("segments", segments, append), ""};
}

Result<Reply> ShowSegment(const Call& call) {
  const std::string& environment = call.names[0];
  const std::string& key = call.names[1];
  if (auto known = Environments(call.ledger.database()).Get(environment); !known) {
    return Fail(known.error());
  }
  auto segment = Segments(call.ledger.database()).Find(environment, key);
  if (!segment) return Fail(segment.error());
  const Definition* definition =
      call.ledger.sets().at(environment)->Find({wire::LineKind::kSegment, key});
  if (!*segment || definition == nullptr) {
    return Fail(base::Error::NotFound("segments." + key, "there is no such segment"));
  }
  Reply reply;
  AppendSegment(reply.body, environment, key, definition->stored.revision, **segment);
  return reply;
}

Result<Reply> PutSegment(const Call& call) {
  const std::string& environment = call.names[0];
  const std::string& key = call.names[1];
  const ChangeScope scope{call.actor, environment, "segments." + key, false};
  const model::Object definition = ReadSegmentDocument(*call.document.AsObject());
  Outcome outcome = Outcome::kUnchanged;
  auto done = call.ledger.Commit(scope, [&](Change& change) {
    return change.PutSegment(environment, key, definition).map([&](Outcome got) { outcome = got; });
  });
  if (!done) return Fail(done.error());
  auto reply = ShowSegment(call);
  if (reply && outcome == Outcome::kCreated) {
    reply->status = 201;
    reply->location = "/api/v1/environments/" + environment + "/segments/" + key;
  }
  return reply;
}

Result<Reply> DeleteSegment(const Call& call) {
  const ChangeScope scope{call.actor, call.names[0], "segments." + call.names[1], true};
  auto done = call.ledger.Commit(
      scope, [&](Change& change) { return change.DeleteSegment(call.names[0], call.names[1]); });
  if (!done) return Fail(done.error());
  return Reply{204, "", ""};
}

}  // namespace pennon::store
