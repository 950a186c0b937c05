// /api/v1/environments/{environment}/import
#include "base/json_text.h"
#include "store/import.h"
#include "store/routes.h"

namespace pennon::store {
namespace {

void AppendKeys(std::string& out, const std::vector<std::string>& keys) {
  out += '[';
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (i != 0) out += ',';
    base::AppendJsonString(out, keys[i]);
  }
  out += ']';
}

void AppendCounts(std::string& out, const ImportCounts& counts) {
  base::JsonObject object(out);
  AppendKeys(object.Key("created"), counts.created);
  AppendKeys(object.Key("updated"), counts.updated);
  AppendKeys(object.Key("unchanged"), counts.unchanged);
  object.Close();
}

}  // namespace

base::Result<Reply> ImportDocument(const Call& call) {
  auto summary =
      Import(call.ledger, call.Scope(call.names[0], ""), call.request.body, {call.names[0], false});
  if (!summary) return base::Fail(summary.error());
  Reply reply;
  base::JsonObject object(reply.body);
  object.String("environment", summary->environment).Uint("revision", summary->revision);
  AppendCounts(object.Key("flags"), summary->flags);
  AppendCounts(object.Key("segments"), summary->segments);
  object.Close();
  return reply;
}

}  // namespace pennon::store
