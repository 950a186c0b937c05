// /api/v1/environments/{environment}/flags: what an environment has of its own of a flag.
#include "base/json_text.h"
#include "base/utf8.h"
#include "store/definition.h"
#include "store/instructions.h"
#include "store/reply_json.h"
#include "store/reports.h"
#include "store/routes.h"
#include "store/scheduler.h"
#include "store/timestamp.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

constexpr std::size_t kMaxWarnings = 20;

// The configuration has all of a reason; a kill is not refused for a long one.
std::string CutToComment(std::string reason) {
  reason.resize(base::ValidUtf8Prefix(std::string_view(reason).substr(0, kMaxCommentBytes)));
  return reason;
}

void AppendWarnings(base::JsonObject& object, const std::vector<DaemonRecord>& unable) {
  AppendList(object.Key("warnings"), unable, [](std::string& out, const DaemonRecord& daemon) {
    base::JsonObject warning(out);
    warning.String("instance", daemon.instance).String("host", daemon.host);
    warning.String("version", daemon.version);
    warning.String("detail", daemon.refused.empty()
                                 ? "cannot evaluate this flag; it answers the caller's default"
                                 : "refused the last flag set: " + daemon.refused);
    warning.Close();
  });
}

void AppendConfig(std::string& out, const EnvironmentSet& set, const ConfigRecord& config,
                  const std::vector<DaemonRecord>& unable = {}) {
  base::JsonObject object(out);
  object.String("flag", config.flag).String("environment", set.environment);
  object.Int("version", config.version);
  if (const Definition* definition = set.Find({wire::LineKind::kFlag, config.flag})) {
    object.Uint("revision", definition->stored.revision);
  }
  object.String("updatedAt", Timestamp(config.updated_at));
  AppendMembers(object, config.definition);
  if (!unable.empty()) AppendWarnings(object, unable);
  object.Close();
}

Result<ConfigRecord> Get(Flags& flags, const std::string& environment, const std::string& key) {
  if (auto known = flags.Get(key); !known) return Fail(known.error());
  auto config = flags.FindConfig(environment, key);
  if (!config) return Fail(config.error());
  if (*config) return **std::move(config);
  return Fail(base::Error::Internal("flags." + key, "has no configuration row"));
}

// `is_changed`: who has switched it on is told which daemons cannot evaluate it.
Result<Reply> Show(const Call& call, bool is_changed) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  Flags flags(call.ledger.database());
  auto config = Get(flags, (*set)->environment, call.names[1]);
  if (!config) return Fail(config.error());
  Result<std::vector<DaemonRecord>> unable;
  if (is_changed && IsEnabled(config->definition)) {
    unable =
        Reports(call.ledger.database()).Unable((*set)->environment, config->flag, kMaxWarnings);
    if (!unable) return Fail(unable.error());
  }
  Reply reply;
  AppendConfig(reply.body, **set, *config, *unable);
  reply.version = config->version;
  return reply;
}

Result<Reply> Replace(const Call& call, const DocumentMaker& make) {
  const std::string& environment = call.names[0];
  const std::string& flag = call.names[1];
  ChangeScope scope = call.Scope(environment, "flags." + flag);
  if (scope.comment.empty()) scope.comment = CommentOf(call.document);
  if (scope.comment.empty()) scope.comment = CutToComment(ReasonOf(call.document));
  return call.Commit(
      scope,
      [&](Change& change) {
        return make(change).and_then([&](model::Object made) {
          return change.PutConfig(environment, flag, std::move(made)).map([](Outcome) {});
        });
      },
      [&] { return Show(call, true); });
}

}  // namespace

Result<Reply> ListConfigs(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto size = call.query.PageSize();
  if (!size) return Fail(size.error());
  auto page = Flags(call.ledger.database())
                  .Configs((*set)->environment, call.query.Text("after"), *size + 1);
  if (!page) return Fail(page.error());
  const auto append = [&](std::string& out, const ConfigRecord& config) {
    AppendConfig(out, **set, config);
  };
  return Reply{200, JsonPage("flags", *std::move(page), *size, append,
                             [](const ConfigRecord& config) { return config.flag; })};
}

Result<Reply> ShowConfig(const Call& call) {
  return Show(call, false);
}

Result<Reply> ReplaceConfig(const Call& call) {
  return Replace(call, [&](Change&) { return ReadConfig(call.object()); });
}

Result<Reply> PatchConfig(const Call& call) {
  if (auto set = call.Set(); !set) return Fail(set.error());
  return Replace(call, [&](Change& change) -> Result<model::Object> {
    auto config = Get(change.flags, call.names[0], call.names[1]);
    if (!config) return Fail(config.error());
    return ApplyToConfig(std::move(config->definition), call.document);
  });
}

// The salt stays, so that switching it on again later does not move anybody.
Result<Reply> ResetConfig(const Call& call) {
  return Replace(call, [](Change&) {
    return Result<model::Object>({{"enabled", model::Value(false)}});
  });
}

}  // namespace pennon::store
