#include "daemon/daemon_status.h"

#include <unistd.h>

#include <algorithm>

#include "base/json_text.h"
#include "base/timestamp.h"
#include "base/version.h"

namespace pennon::daemon {
namespace {

using base::JsonObject;
using base::MetricKind;
using base::MetricSample;

constexpr std::size_t kShownConflicts = 100;

SyncState StateOf(const SyncLoop* sync) {
  return sync == nullptr ? SyncState{} : sync->state();
}

std::string_view StateName(const EnvironmentSync& one) {
  if (!one.environment().state().ready) return "not-ready";
  if (one.sync() == nullptr) return "no-upstream";
  return one.sync()->state().healthy ? "live" : "upstream-down";
}

std::string Instant(base::WallMillis at) {
  return base::FormatTimestamp(at / 1000 * 1'000'000);
}

// The sources, and what of them is hidden by later ones.
void AppendLayers(const LayeredUpstream& layers, JsonObject& object) {
  std::string& sources = object.Key("sources");
  char separator = '[';
  for (const LayerState& layer : layers.layers()) {
    sources += std::exchange(separator, ',');
    JsonObject one(sources);
    one.String("name", layer.name).String("from", layer.identity);
    one.Uint("definitions", layer.definitions);
    if (layer.last_error) one.String("lastError", layer.last_error->Message());
    one.Close();
  }
  sources += ']';
  const auto& conflicts = layers.conflicts();
  object.Uint("conflictCount", conflicts.size());
  std::string& list = object.Key("conflicts");
  separator = '[';
  for (std::size_t i = 0; i < conflicts.size() && i < kShownConflicts; ++i) {
    list += std::exchange(separator, ',');
    JsonObject one(list);
    one.String("kind", wire::Name(conflicts[i].kind)).String("key", conflicts[i].key);
    one.String("used", conflicts[i].used).String("hidden", conflicts[i].hidden).Close();
  }
  list += conflicts.empty() ? "[]" : "]";
}

}  // namespace

DaemonStatus::DaemonStatus(const base::Clock& clock,
                           std::vector<const EnvironmentSync*> environments,
                           std::vector<const serving::EvaluationService*> services)
    : clock_(clock), services_(std::move(services)), started_at_(clock.Steady()) {
  for (const EnvironmentSync* one : environments) environments_.push_back({one, "", 0});
  RegisterEnvironments();
  RegisterSync();
  RegisterReports();
  RegisterServing();
}

std::vector<NamedListener> DaemonStatus::AllListeners() const {
  return listeners_ == nullptr ? std::vector<NamedListener>() : listeners_->all();
}

void DaemonStatus::Observe() {
  for (Shown& shown : environments_) {
    const auto name = StateName(*shown.sync);
    if (name == shown.state_name) continue;
    shown.state_name = name;
    shown.state_since = clock_.Wall();
  }
}

std::string DaemonStatus::Summary() const {
  std::string all;
  for (const Shown& shown : environments_) {
    const EnvironmentState state = shown.sync->environment().state();
    const SyncState sync = StateOf(shown.sync->sync());
    std::string text = "no flag set yet";
    if (state.ready) {
      text = "serving revision " + std::to_string(state.revision) + " (" +
             std::string(Name(state.source)) + ')';
    }
    if (shown.state_name == "upstream-down" || (!state.ready && shown.sync->sync() != nullptr)) {
      const bool is_refused = state.refused && sync.last_error &&
                              state.refused->Message() == sync.last_error->Message();
      text += is_refused ? ", a newer set is refused since " : ", upstream away since ";
      text += Instant(shown.state_since);
    }
    if (!all.empty()) all += "; ";
    if (environments_.size() > 1) all += shown.sync->config().environment + ": ";
    all += text;
  }
  return all;
}

std::string DaemonStatus::Metrics(const serving::Grant& viewer) const {
  return registry_.Text([&](const base::MetricLabels& labels) {
    const auto environment = labels.find("environment");
    if (environment != labels.end()) return viewer.MaySee(environment->second);
    // The only environment's metrics have no label.
    return environments_.size() > 1 ||
           viewer.MaySee(environments_.front().sync->config().environment);
  });
}

std::string DaemonStatus::Json(const serving::Grant& viewer) {
  Observe();
  std::string text;
  JsonObject object(text);
  object.String("program", "pennond").String("version", base::Version());
  object.Int("pid", ::getpid()).Int("uptimeMs", clock_.Steady() - started_at_);
  object.Key("environments");
  char comma = '[';
  for (const Shown& shown : environments_) {
    if (!viewer.MaySee(shown.sync->config().environment)) continue;
    text += std::exchange(comma, ',');
    AppendEnvironment(shown, text);
  }
  text += comma == '[' ? "[]" : "]";
  object.Key("listeners");
  char separator = '[';
  const auto listeners = AllListeners();
  for (const NamedListener& named : listeners) {
    text += std::exchange(separator, ',');
    const net::ListenerCounts counts = named.counts();
    JsonObject listener(text);
    listener.String("name", named.name).String("address", named.address);
    listener.Uint("open", counts.open).Uint("accepted", counts.accepted);
    listener.Uint("refused", counts.refused).Close();
  }
  text += listeners.empty() ? "[]" : "]";
  object.Close();
  return text;
}

void DaemonStatus::AppendEnvironment(const Shown& shown, std::string& out) {
  const DaemonConfig& config = shown.sync->config();
  const EnvironmentState state = shown.sync->environment().state();
  const SyncLoop* const loop = shown.sync->sync();
  const SyncState sync = StateOf(loop);
  JsonObject object(out);
  object.String("environment", config.environment);
  object.String("state", shown.state_name);
  object.String("since", Instant(shown.state_since));
  object.String("source", Name(state.source)).Uint("epoch", state.epoch);
  object.Uint("revision", state.revision).Uint("flags", state.flags);
  object.Int("ageMs", state.age_millis).Bool("stale", state.stale);
  object.String("upstream", shown.sync->identity());
  if (HasUpstream(config)) object.String("kind", config.upstream_kind);
  const LayeredUpstream* const layers = shown.sync->layers();
  if (layers != nullptr && !config.sources.empty()) AppendLayers(*layers, object);
  if (loop != nullptr && loop->stream() != nullptr) {
    const StreamState& stream = *loop->stream();
    JsonObject text(object.Key("stream"));
    text.Bool("open", stream.is_open);
    if (stream.last_error) text.String("lastError", stream.last_error->Message());
    text.Close();
  }
  object.Int("nextAttemptMs", sync.next_attempt_millis);
  if (sync.last_error) object.String("lastError", sync.last_error->Message());
  if (state.refused) object.String("refused", state.refused->Message());
  if (!state.held.empty()) object.String("held", state.held);
  if (state.overridden) object.String("newest", state.newest);
  if (state.pinned) object.Bool("pinned", true);
  object.Key("quarantined");
  char separator = '[';
  for (const model::Diagnostic& diagnostic : state.diagnostics) {
    out += std::exchange(separator, ',');
    JsonObject(out)
        .String("key", diagnostic.flag)
        .String("reason", diagnostic.error.Message())
        .Close();
  }
  out += state.diagnostics.empty() ? "[]" : "]";
  object.Key("cache");
  JsonObject cache(out);
  cache.String("path", config.cache_path).Bool("ok", state.cache_ok);
  if (!state.cache_error.empty()) cache.String("error", state.cache_error);
  if (!state.cache_damage.empty()) cache.String("damage", state.cache_damage);
  cache.Close();
  object.Close();
}

base::MetricLabels DaemonStatus::LabelsOf(const EnvironmentSync& one) const {
  if (environments_.size() == 1) return {};
  return {{"environment", one.config().environment}};
}

void DaemonStatus::AddEach(MetricKind kind, std::string name, std::string help,
                           std::function<bool(const EnvironmentSync&)> has, Read read) {
  const bool is_there = std::any_of(environments_.begin(), environments_.end(),
                                    [&](const Shown& shown) { return has(*shown.sync); });
  if (!is_there) return;
  registry_.Add(kind, std::move(name), std::move(help),
                [this, has = std::move(has), read = std::move(read)] {
                  std::vector<MetricSample> samples;
                  for (const Shown& shown : environments_) {
                    if (!has(*shown.sync)) continue;
                    samples.push_back({LabelsOf(*shown.sync), read(*shown.sync)});
                  }
                  return samples;
                });
}

void DaemonStatus::RegisterEnvironments() {
  const auto gauge = [&](std::string name, std::string help, auto read) {
    AddEach(
        MetricKind::kGauge, std::move(name), std::move(help),
        [](const EnvironmentSync&) { return true; },
        [read](const EnvironmentSync& one) {
          return static_cast<double>(read(one.environment().state()));
        });
  };
  using State = EnvironmentState;
  registry_.Add(MetricKind::kGauge, "pennon_build_info", "The version that runs; always 1.", [] {
    return std::vector<MetricSample>{{{{"version", std::string(base::Version())}}, 1}};
  });
  gauge("pennon_ready", "1 when a flag set is in force.", [](const State& s) { return s.ready; });
  gauge("pennon_revision", "Revision of the flag set in force.",
        [](const State& s) { return s.revision; });
  gauge("pennon_age_seconds", "Time since the upstream confirmed the flag set in force.",
        [](const State& s) { return static_cast<double>(s.age_millis) / 1000; });
  gauge("pennon_stale", "1 when the flag set is older than upstream.stale_after.",
        [](const State& s) { return s.stale; });
  gauge("pennon_flags", "Flags of the flag set in force.", [](const State& s) { return s.flags; });
  gauge("pennon_quarantined", "Flags and segments whose definition does not compile.",
        [](const State& s) { return s.diagnostics.size(); });
  gauge(
      "pennon_held",
      "1 when a flag set waits to be accepted, because it is sharply smaller or of an older epoch.",
      [](const State& s) { return !s.held.empty(); });
  gauge("pennon_overridden", "1 when an older flag set than the upstream's serves by order.",
        [](const State& s) { return s.overridden; });
  const auto of_cache = [&](MetricKind kind, std::string name, std::string help, auto read) {
    AddEach(
        kind, std::move(name), std::move(help),
        [](const EnvironmentSync& one) { return !one.config().cache_path.empty(); },
        [read](const EnvironmentSync& one) {
          return static_cast<double>(read(one.environment().state()));
        });
  };
  of_cache(MetricKind::kGauge, "pennon_cache_damaged",
           "1 when damage was found in the cache since the start.",
           [](const State& s) { return !s.cache_damage.empty(); });
  of_cache(MetricKind::kGauge, "pennon_cache_ok", "1 when the cache can be written.",
           [](const State& s) { return s.cache_ok; });
  of_cache(MetricKind::kCounter, "pennon_cache_writes_total", "Flag sets written to the cache.",
           [](const State& s) { return s.cache_writes; });
}

void DaemonStatus::RegisterSync() {
  const auto has_sync = [](const EnvironmentSync& one) { return one.sync() != nullptr; };
  const bool is_there = std::any_of(environments_.begin(), environments_.end(),
                                    [&](const Shown& shown) { return has_sync(*shown.sync); });
  if (!is_there) return;
  registry_.Add(MetricKind::kCounter, "pennon_sync_total", "Fetches from the upstream by result.",
                [this] {
                  std::vector<MetricSample> samples;
                  for (const Shown& shown : environments_) {
                    if (shown.sync->sync() == nullptr) continue;
                    const SyncState sync = shown.sync->sync()->state();
                    const auto add = [&](std::string result, std::uint64_t count) {
                      base::MetricLabels labels = LabelsOf(*shown.sync);
                      labels.emplace("result", std::move(result));
                      samples.push_back({std::move(labels), static_cast<double>(count)});
                    };
                    add("changed", sync.fetched);
                    add("unchanged", sync.confirmed);
                    add("failed", sync.failed);
                    add("refused", sync.refused);
                  }
                  return samples;
                });
  AddEach(MetricKind::kCounter, "pennon_sync_deltas_total",
          "Flag sets put in force that came as a delta.", has_sync, [](const EnvironmentSync& one) {
            return static_cast<double>(one.sync()->state().deltas);
          });
  AddEach(MetricKind::kGauge, "pennon_upstream_key_refused",
          "1 when the upstream answers that the sync key is not accepted.", has_sync,
          [](const EnvironmentSync& one) { return one.sync()->state().key_refused ? 1.0 : 0.0; });
  const auto stream = [&](MetricKind kind, std::string name, std::string help, auto read) {
    AddEach(kind, std::move(name), std::move(help), has_sync, [read](const EnvironmentSync& one) {
      const StreamState* const state = one.sync()->stream();
      return state == nullptr ? 0 : static_cast<double>(read(*state));
    });
  };
  stream(MetricKind::kGauge, "pennon_stream_open", "1 when the stream of the upstream is open.",
         [](const StreamState& s) { return s.is_open; });
  stream(MetricKind::kCounter, "pennon_stream_opened_total",
         "Times that the stream of the upstream was opened.",
         [](const StreamState& s) { return s.opened; });
  stream(MetricKind::kCounter, "pennon_stream_events_total", "Events of the upstream's stream.",
         [](const StreamState& s) { return s.events; });
}

void DaemonStatus::RegisterReports() {
  const auto add = [&](MetricKind kind, std::string name, std::string help,
                       std::uint64_t ReportState::*count) {
    AddEach(
        kind, std::move(name), std::move(help),
        [](const EnvironmentSync& one) { return one.reporter() != nullptr; },
        [count](const EnvironmentSync& one) {
          return static_cast<double>(one.reporter()->state().*count);
        });
  };
  add(MetricKind::kCounter, "pennon_reports_total", "Reports that the upstream has taken.",
      &ReportState::sent);
  add(MetricKind::kCounter, "pennon_reports_failed_total", "Reports that it has not.",
      &ReportState::failed);
  add(MetricKind::kGauge, "pennon_usage_waiting", "Batches of usage that wait to be reported.",
      &ReportState::usage_waiting);
  add(MetricKind::kCounter, "pennon_usage_lost_total",
      "Evaluations that were counted and will never be reported.", &ReportState::usage_lost);
}

void DaemonStatus::RegisterServing() {
  registry_.Add(MetricKind::kCounter, "pennon_evaluations_total", "Evaluations by reason.", [this] {
    std::vector<MetricSample> samples;
    for (std::size_t i = 0; i < serving::EvaluationCounts().by_reason.size(); ++i) {
      double sum = 0;
      for (const auto* service : services_) {
        const serving::EvaluationCounts& counts = service->counts();
        sum += static_cast<double>(counts.by_reason[i].load(std::memory_order_relaxed));
        sum += static_cast<double>(counts.reported[i].load(std::memory_order_relaxed));
      }
      samples.push_back({{{"reason", std::string(Name(static_cast<model::Reason>(i)))}}, sum});
    }
    return samples;
  });
  const auto by_listener = [&](MetricKind kind, std::string name, std::string help,
                               std::uint64_t net::ListenerCounts::*count) {
    registry_.Add(kind, std::move(name), std::move(help), [this, count] {
      std::vector<MetricSample> samples;
      for (const NamedListener& named : AllListeners()) {
        samples.push_back({{{"listener", named.name}}, static_cast<double>(named.counts().*count)});
      }
      return samples;
    });
  };
  by_listener(MetricKind::kGauge, "pennon_connections", "Open connections.",
              &net::ListenerCounts::open);
  by_listener(MetricKind::kCounter, "pennon_connections_accepted_total", "Accepted connections.",
              &net::ListenerCounts::accepted);
  by_listener(MetricKind::kCounter, "pennon_connections_refused_total",
              "Connections closed at once, over the limit or out of descriptors.",
              &net::ListenerCounts::refused);
}

}  // namespace pennon::daemon
