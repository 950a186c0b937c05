// What daemons reported: …/fleet, …/usage and …/flags/{flag}/usage of an environment.
#include <map>

#include "base/json_text.h"
#include "store/reply_json.h"
#include "store/reports.h"
#include "store/routes.h"
#include "store/timestamp.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;

constexpr base::WallMillis kUsualWindowMillis = 30LL * 86'400'000;

struct Window {
  base::WallMillis since = 0;
  base::WallMillis until = 0;
};

Result<Window> ReadWindow(const Call& call) {
  const base::WallMillis now = call.ledger.clock().Wall();
  auto since = call.query.Instant("since", now - kUsualWindowMillis);
  if (!since) return Fail(since.error());
  auto until = call.query.Instant("until", INT64_MAX);
  if (!until) return Fail(until.error());
  return Window{*since, *until};
}

struct FlagTotal {
  std::int64_t evaluations = 0;
  base::WallMillis last_hour = 0;
  std::map<std::string, std::int64_t> variants;
  std::map<std::string, std::int64_t> reasons;
};

// Of many variants in many hours; what a daemon reports is not always true.
void AddTo(std::int64_t& sum, std::int64_t more) {
  sum = sum > INT64_MAX - more ? INT64_MAX : sum + more;
}

// Every flag of the set is there, so that one that nobody asks for is seen.
std::map<std::string, FlagTotal> TotalsByFlag(const EnvironmentSet& set,
                                              const std::vector<FlagUsage>& usage) {
  std::map<std::string, FlagTotal> totals;
  for (const auto& flag : set.flags.flags) totals[flag->key];
  for (const FlagUsage& one : usage) {
    FlagTotal& total = totals[one.flag];
    AddTo(total.evaluations, one.evaluations);
    total.last_hour = std::max(total.last_hour, one.hour);
    AddTo(total.variants[one.variant], one.evaluations);
    AddTo(total.reasons[one.reason], one.evaluations);
  }
  return totals;
}

void AppendTotal(std::string& out, const std::pair<const std::string, FlagTotal>& entry) {
  const auto& [flag, total] = entry;
  base::JsonObject object(out);
  object.String("flag", flag).Int("evaluations", total.evaluations);
  if (total.last_hour != 0) object.String("lastHour", Timestamp(total.last_hour));
  for (const auto& [member, counts] :
       {std::pair("variants", &total.variants), std::pair("reasons", &total.reasons)}) {
    base::JsonObject by(object.Key(member));
    for (const auto& [name, evaluations] : *counts) by.Int(name, evaluations);
    by.Close();
  }
  object.Close();
}

}  // namespace

Result<Reply> ListDaemons(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto size = call.query.PageSize();
  if (!size) return Fail(size.error());
  auto page =
      Reports(call.ledger.database()).Daemons(call.names[0], call.query.Text("after"), *size + 1);
  if (!page) return Fail(page.error());
  const auto append = [&](std::string& out, const DaemonRecord& daemon) {
    base::JsonObject object(out);
    object.String("instance", daemon.instance).String("host", daemon.host);
    object.String("version", daemon.version);
    object.Uint("epoch", daemon.epoch).Uint("revision", daemon.revision);
    object.Bool("current", daemon.epoch == (*set)->epoch && daemon.revision == (*set)->revision);
    object.String("seenAt", Timestamp(daemon.seen_at));
    if (!daemon.refused.empty()) object.String("refused", daemon.refused);
    if (!daemon.quarantined.empty()) {
      AppendList(object.Key("quarantined"), daemon.quarantined, base::AppendJsonString);
    }
    object.Close();
  };
  return Reply{200, JsonPage("daemons", *std::move(page), *size, append,
                             [](const DaemonRecord& daemon) { return daemon.instance; })};
}

Result<Reply> ShowUsage(const Call& call) {
  auto set = call.Set();
  if (!set) return Fail(set.error());
  auto window = ReadWindow(call);
  if (!window) return Fail(window.error());
  auto usage = Reports(call.ledger.database()).Totals(call.names[0], window->since, window->until);
  if (!usage) return Fail(usage.error());
  return Reply{200, JsonList("flags", TotalsByFlag(**set, *usage), AppendTotal)};
}

Result<Reply> ShowFlagUsage(const Call& call) {
  if (auto set = call.Set(); !set) return Fail(set.error());
  auto window = ReadWindow(call);
  if (!window) return Fail(window.error());
  auto usage = Reports(call.ledger.database())
                   .Hours(call.names[0], call.names[1], window->since, window->until);
  if (!usage) return Fail(usage.error());
  const auto append = [](std::string& out, const FlagUsage& one) {
    base::JsonObject object(out);
    object.String("hour", Timestamp(one.hour)).String("variant", one.variant);
    object.String("reason", one.reason).Int("evaluations", one.evaluations);
    object.Close();
  };
  return Reply{200, JsonList("hours", *usage, append)};
}

}  // namespace pennon::store
