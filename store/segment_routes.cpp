// /api/v1/environments/{environment}/segments
#include "base/json_text.h"
#include "store/definition.h"
#include "store/merge_patch.h"
#include "store/reply_json.h"
#include "store/routes.h"
#include "store/segment_use.h"
#include "store/timestamp.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

void AppendSegment(std::string& out, const EnvironmentSet& set, const SegmentRecord& segment) {
  base::JsonObject object(out);
  object.String("key", segment.key).String("environment", set.environment);
  object.Int("version", segment.version);
  if (const Definition* definition = set.Find({wire::LineKind::kSegment, segment.key})) {
    object.Uint("revision", definition->stored.revision);
  }
  object.String("updatedAt", Timestamp(segment.updated_at));
  AppendMembers(object, segment.definition);
  object.Close();
}

// `make` reads what is there in the transaction that replaces it.
Result<Reply> Put(const Call& call, const DocumentMaker& make) {
  const std::string& environment = call.names[0];
  const std::string& key = call.names[1];
  Outcome outcome = Outcome::kUnchanged;
  const auto put = [&](Change& change) {
    return make(change)
        .and_then(
            [&](const model::Object& made) { return change.PutSegment(environment, key, made); })
        .map([&](Outcome got) { outcome = got; });
  };
  return call.Commit(call.Scope(environment, "segments." + key), put, [&] {
    auto reply = ShowSegment(call);
    if (reply && outcome == Outcome::kCreated) {
      reply->status = 201;
      reply->location = "/api/v1/environments/" + environment + "/segments/" + key;
    }
    return reply;
  });
}

}  // namespace

Result<Reply> ListSegments(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto size = call.query.PageSize();
  if (!size) return Fail(size.error());
  auto page = Segments(call.ledger.database())
                  .Page((*set)->environment, call.query.Text("after"), *size + 1);
  if (!page) return Fail(page.error());
  const auto append = [&](std::string& out, const SegmentRecord& segment) {
    AppendSegment(out, **set, segment);
  };
  return Reply{200, JsonPage("segments", *std::move(page), *size, append,
                             [](const SegmentRecord& segment) { return segment.key; })};
}

Result<Reply> ShowSegment(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto segment = Segments(call.ledger.database()).Get((*set)->environment, call.names[1]);
  if (!segment) return Fail(segment.error());
  Reply reply;
  AppendSegment(reply.body, **set, *segment);
  reply.version = segment->version;
  return reply;
}

Result<Reply> PutSegment(const Call& call) {
  return Put(call,
             [&](Change&) { return Result<model::Object>(ReadSegmentDocument(call.object())); });
}

Result<Reply> PatchSegment(const Call& call) {
  if (auto set = call.Set(); !set) return Fail(set.error());
  return Put(call, [&](Change& change) -> Result<model::Object> {
    auto segment = change.segments.Get(call.names[0], call.names[1]);
    if (!segment) return Fail(segment.error());
    return MergePatch(std::move(segment->definition), ReadSegmentDocument(call.object()));
  });
}

Result<Reply> DeleteSegment(const Call& call) {
  auto done = call.ledger.Commit(
      call.Scope(call.names[0], "segments." + call.names[1], true),
      [&](Change& change) { return change.DeleteSegment(call.names[0], call.names[1]); });
  if (!done) return Fail(done.error());
  return Reply{204, ""};
}

Result<Reply> ShowSegmentUse(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto segment = Segments(call.ledger.database()).Get((*set)->environment, call.names[1]);
  if (!segment) return Fail(segment.error());
  const auto append = [](std::string& out, const std::string& key) {
    base::AppendJsonString(out, key);
  };
  const SegmentUse use = UsersOf(**set, call.names[1]);
  Reply reply;
  base::JsonObject object(reply.body);
  AppendList(object.Key("flags"), use.flags, append);
  AppendList(object.Key("segments"), use.segments, append);
  object.Close();
  return reply;
}

}  // namespace pennon::store
