#include "daemon/unleash_report.h"

#include <algorithm>
#include <map>

#include "base/json_text.h"
#include "base/timestamp.h"
#include "base/version.h"
#include "daemon/http_source.h"
#include "daemon/store_report.h"
#include "wire/json.h"

namespace pennon::daemon {
namespace {

constexpr std::int64_t kMicrosPerMilli = 1000;
constexpr base::WallMillis kHourMillis = 3'600'000;

struct Toggle {
  std::uint64_t yes = 0;
  std::uint64_t no = 0;
  std::map<std::string, std::uint64_t> variants;
};

// As the Unleash translator names them: a feature without variants is "enabled" or "disabled", one
// with variants that is off gives none.
void Count(const std::string& variant, std::uint64_t evaluations, Toggle& toggle) {
  const bool is_off = variant.empty() || variant == "disabled";
  (is_off ? toggle.no : toggle.yes) += evaluations;
  if (!is_off && variant != "enabled") toggle.variants[variant] += evaluations;
}

std::string Instance(const std::string& instance) {
  const std::string host = HostName();
  return host.empty() ? instance : host + '-' + instance.substr(0, 8);
}

}  // namespace

std::string UnleashToggles(const ClosedBatch& batch) {
  std::map<std::string, Toggle> toggles;
  const auto counts = wire::ReadJson(batch.counts);
  const model::Array* const list = counts ? counts->AsArray() : nullptr;
  for (const model::Value& count : list == nullptr ? model::Array() : *list) {
    const model::Value* const flag = count.Find("flag");
    const model::Value* const variant = count.Find("variant");
    const model::Value* const evaluations = count.Find("evaluations");
    if (flag == nullptr || variant == nullptr || evaluations == nullptr) continue;
    if (!flag->AsString() || !variant->AsString() || !evaluations->AsInt()) continue;
    Count(*variant->AsString(), static_cast<std::uint64_t>(*evaluations->AsInt()),
          toggles[*flag->AsString()]);
  }
  std::string text;
  base::JsonObject object(text);
  for (const auto& [name, toggle] : toggles) {
    base::JsonObject one(object.Key(name));
    one.Uint("yes", toggle.yes).Uint("no", toggle.no);
    base::JsonObject variants(one.Key("variants"));
    for (const auto& [variant, count] : toggle.variants) variants.Uint(variant, count);
    variants.Close();
    one.Close();
  }
  object.Close();
  return text;
}

std::string UnleashReport::Registration(const std::string& instance) const {
  std::string text;
  base::JsonObject object(text);
  object.String("appName", "pennond").String("instanceId", Instance(instance));
  object.String("sdkVersion", "pennond:" + std::string(base::Version()));
  object.Raw("strategies",
             R"(["default","userWithId","gradualRolloutUserId","gradualRolloutSessionId",)"
             R"("gradualRolloutRandom","remoteAddress","applicationHostname","flexibleRollout"])");
  object.String("started", base::FormatTimestamp(started_at_ * kMicrosPerMilli));
  object.Int("interval", config_.report_interval.millis).Close();
  return text;
}

base::Result<std::optional<Report>> UnleashReport::Write(const std::string& instance,
                                                         const EnvironmentState& /*state*/,
                                                         const std::deque<ClosedBatch>& batches,
                                                         std::size_t /*most*/) {
  if (is_registered_ && batches.empty()) return std::optional<Report>();
  auto fetch = UnleashRequest(config_, is_registered_ ? "/client/metrics" : "/client/register");
  if (!fetch) return base::Fail(fetch.error());
  fetch->method = "POST";
  fetch->headers.emplace_back("Content-Type", "application/json");
  fetch->headers.emplace_back("Unleash-InstanceId", Instance(instance));
  if (!is_registered_) {
    fetch->body = Registration(instance);
    return Report{*std::move(fetch), 0};
  }
  const ClosedBatch& batch = batches.front();
  base::JsonObject object(fetch->body);
  object.String("appName", "pennond").String("instanceId", Instance(instance));
  base::JsonObject bucket(object.Key("bucket"));
  const base::WallMillis stop = std::clamp(clock_.Wall(), batch.hour, batch.hour + kHourMillis);
  bucket.String("start", base::FormatTimestamp(batch.hour * kMicrosPerMilli));
  bucket.String("stop", base::FormatTimestamp(stop * kMicrosPerMilli));
  bucket.Raw("toggles", UnleashToggles(batch)).Close();
  object.Close();
  return Report{*std::move(fetch), 1};
}

}  // namespace pennon::daemon
