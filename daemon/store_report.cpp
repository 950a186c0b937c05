#include "daemon/store_report.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "base/json_text.h"
#include "base/timestamp.h"
#include "base/version.h"
#include "daemon/store_request.h"

namespace pennon::daemon {
namespace {

constexpr std::size_t kMaxQuarantined = 1'000;  // that the store takes
constexpr std::size_t kBatchesAtOnce = 4;
constexpr std::int64_t kMicrosPerMilli = 1000;

// The flags that it answers by the caller's default, so that the store can say so to people.
void AppendQuarantined(base::JsonObject& object,
                       const std::vector<model::Diagnostic>& diagnostics) {
  std::set<std::string_view> keys;
  for (const model::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity != model::Severity::kError || keys.size() >= kMaxQuarantined) continue;
    if (!diagnostic.flag.empty()) keys.insert(diagnostic.flag);
  }
  std::string& out = object.Key("quarantined");
  char separator = '[';
  for (const std::string_view key : keys) {
    out += std::exchange(separator, ',');
    base::AppendJsonString(out, key);
  }
  out += keys.empty() ? "[]" : "]";
}

std::string Body(const std::string& instance, const EnvironmentState& state,
                 const std::deque<ClosedBatch>& batches, std::size_t count) {
  std::string text;
  base::JsonObject object(text);
  object.String("instance", instance).String("host", HostName());
  object.String("version", base::Version());
  object.Uint("epoch", state.epoch).Uint("revision", state.revision);
  object.String("refused", state.refused ? state.refused->Message() : "");
  AppendQuarantined(object, state.diagnostics);
  object.Key("usage") += '[';
  for (std::size_t i = 0; i < count; ++i) {
    const ClosedBatch& batch = batches[i];
    if (i > 0) text += ',';
    base::JsonObject(text)
        .String("id", batch.id)
        .String("hour", base::FormatTimestamp(batch.hour * kMicrosPerMilli))
        .Raw("counts", batch.counts)
        .Close();
  }
  text += ']';
  object.Close();
  return text;
}

}  // namespace

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

base::Result<std::optional<Report>> StoreReport::Write(const std::string& instance,
                                                       const EnvironmentState& state,
                                                       const std::deque<ClosedBatch>& batches,
                                                       std::size_t most) {
  auto fetch = StoreRequest(config_, "/sync/v1/report");
  if (!fetch) return base::Fail(fetch.error());
  const std::size_t count = std::min({batches.size(), kBatchesAtOnce, most});
  fetch->method = "POST";
  fetch->headers.emplace_back("Content-Type", "application/json");
  fetch->body = Body(instance, state, batches, count);
  return Report{*std::move(fetch), count};
}

}  // namespace pennon::daemon
