// /api/v1/environments/{environment}/import and /export: whole flag sets as documents.
#include "base/json_text.h"
#include "store/import.h"
#include "store/past_set.h"
#include "store/routes.h"
#include "wire/json.h"

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
  const std::string name = call.query.Has("from") ? call.query.Text("from") : "native";
  const auto format = wire::ParseDocumentFormat(name);
  if (!format) {
    return base::Fail(
        base::Error::Invalid("from", "is \"" + name + "\", expected native, flagd or unleash"));
  }
  auto summary = Import(call.ledger, call.Scope(call.names[0], ""), call.request.body,
                        {call.names[0],
                         false,
                         call.request.grant.roles.Least() >= Role::kEditor,
                         {*format, call.names[0]}});
  if (!summary) return base::Fail(summary.error());
  Reply reply;
  base::JsonObject object(reply.body);
  object.String("environment", summary->environment).Uint("revision", summary->revision);
  AppendCounts(object.Key("flags"), summary->flags);
  AppendCounts(object.Key("segments"), summary->segments);
  object.Close();
  return reply;
}

// `?at=`: as it was at an instant, out of the audit log; such a document has no revision.
base::Result<Reply> ExportPast(const Call& call) {
  auto at = call.query.Instant("at", 0);
  if (!at) return base::Fail(at.error());
  const std::string& environment = call.names[0];
  auto set = ReadPastSet(call.ledger.database(), environment, *at);
  if (!set) return base::Fail(set.error());
  Reply reply;
  base::JsonObject document(reply.body);
  document.String("environment", environment);
  for (const auto& [member, definitions] :
       {std::pair("flags", &set->flags), std::pair("segments", &set->segments)}) {
    base::JsonObject object(document.Key(member));
    for (const auto& [key, definition] : *definitions) {
      AppendJson(object.Key(key), model::Value(definition));
    }
    object.Close();
  }
  document.Close();
  return reply;
}

base::Result<Reply> ExportDocument(const Call& call) {
  if (call.query.Has("at")) return ExportPast(call);
  auto set = call.Set();
  if (!set) return base::Fail(set.error());
  Reply reply;
  base::JsonObject document(reply.body);
  document.String("environment", (*set)->environment);
  document.Uint("epoch", (*set)->epoch).Uint("revision", (*set)->revision);
  for (const auto kind : {wire::LineKind::kFlag, wire::LineKind::kSegment}) {
    base::JsonObject definitions(document.Key(std::string(Name(kind)) + 's'));
    for (const auto& definition : (*set)->definitions) {
      if (definition->line().kind() != kind) continue;
      // A line is the definition after its kind and key.
      const auto line = wire::ReadJson(definition->line().bytes());
      if (!line || line->AsObject() == nullptr) continue;  // the digest was right, so it was ours
      base::JsonObject one(definitions.Key(definition->line().key()));
      for (const auto& [name, value] : *line->AsObject()) {
        if (name != "kind" && name != "key") AppendJson(one.Key(name), value);
      }
      one.Close();
    }
    definitions.Close();
  }
  document.Close();
  return reply;
}

}  // namespace pennon::store
