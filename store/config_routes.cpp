// /api/v1/environments/{environment}/flags: what an environment has of its own of a flag.
#include "base/json_text.h"
#include "store/definition.h"
#include "store/reply_json.h"
#include "store/routes.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

void AppendConfig(std::string& out, const std::string& environment, const std::string& flag,
                  std::uint64_t revision, const model::Object& config) {
  base::JsonObject object(out);
  object.String("flag", flag).String("environment", environment).Uint("revision", revision);
  AppendMembers(object, config);
  object.Close();
}

Result<Reply> Replace(const Call& call, const model::Object& config) {
  const std::string& environment = call.names[0];
  const std::string& flag = call.names[1];
  const ChangeScope scope{call.actor, environment, "flags." + flag, false};
  auto done = call.ledger.Commit(scope, [&](Change& change) {
    return change.PutConfig(environment, flag, config).map([](Outcome) {});
  });
  if (!done) return Fail(done.error());
  return ShowConfig(call);
}

}  // namespace

Result<Reply> ListConfigs(const Call& call) {
  const std::string& environment = call.names[0];
  if (auto known = Environments(call.ledger.database()).Get(environment); !known) {
    return Fail(known.error());
  }
  const auto flags = ReadLines(*call.ledger.sets().at(environment), wire::LineKind::kFlag);
  const auto append = [&](std::string& out, const LineContent& flag) {
    AppendConfig(out, environment, flag.key, flag.revision,
                 SplitDefinition(flag.definition).config);
  };
  return Reply{200, JsonList("flags", flags, append), ""};
}

Result<Reply> ShowConfig(const Call& call) {
  const std::string& environment = call.names[0];
  const std::string& key = call.names[1];
  if (auto known = Environments(call.ledger.database()).Get(environment); !known) {
    return Fail(known.error());
  }
  Flags flags(call.ledger.database());
  if (auto known = flags.Get(key); !known) return Fail(known.error());
  auto config = flags.FindConfig(environment, key);
  if (!config) return Fail(config.error());
  const Definition* definition =
      call.ledger.sets().at(environment)->Find({wire::LineKind::kFlag, key});
  if (!*config || definition == nullptr) {
    return Fail(base::Error::Internal("flags." + key, "has no configuration row"));
  }
  Reply reply;
  AppendConfig(reply.body, environment, key, definition->stored.revision, **config);
  return reply;
}

Result<Reply> ReplaceConfig(const Call& call) {
  auto config = ReadConfig(*call.document.AsObject());
  if (!config) return Fail(config.error());
  return Replace(call, *config);
}

// The salt stays, so that switching it on again later does not move anybody.
Result<Reply> ResetConfig(const Call& call) {
  return Replace(call, {{"enabled", model::Value(false)}});
}

}  // namespace pennon::store
