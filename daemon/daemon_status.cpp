#include "daemon/daemon_status.h"

#include <unistd.h>

#include "base/json_text.h"
#include "base/timestamp.h"
#include "base/version.h"

namespace pennon::daemon {
namespace {

using base::JsonObject;
using base::MetricKind;
using base::MetricSample;

std::string_view StateName(const EnvironmentState& state, const SyncState* sync) {
  if (!state.ready) return "not-ready";
  if (sync == nullptr) return "no-upstream";
  return sync->healthy ? "live" : "upstream-down";
}

}  // namespace

DaemonStatus::DaemonStatus(const DaemonConfig& config, const base::Clock& clock,
                           const Environment& environment, const SyncLoop* sync,
                           std::vector<const serving::EvaluationService*> services)
    : config_(config),
      clock_(clock),
      environment_(environment),
      sync_(sync),
      services_(std::move(services)),
      started_at_(clock.Steady()) {
  RegisterEnvironment();
  if (sync_ != nullptr) RegisterSync();
  RegisterServing();
}

std::vector<NamedListener> DaemonStatus::AllListeners() const {
  return listeners_ == nullptr ? std::vector<NamedListener>() : listeners_->all();
}

void DaemonStatus::Observe() {
  const SyncState sync = sync_ == nullptr ? SyncState{} : sync_->state();
  const auto name = StateName(environment_.state(), sync_ == nullptr ? nullptr : &sync);
  if (name == state_name_) return;
  state_name_ = name;
  state_since_ = clock_.Wall();
}

std::string DaemonStatus::Summary() const {
  const EnvironmentState state = environment_.state();
  std::string text = "no flag set yet";
  if (state.ready) {
    text = "serving revision " + std::to_string(state.revision) + " (" +
           std::string(Name(state.source)) + ')';
  }
  if (state_name_ == "upstream-down" || (!state.ready && sync_ != nullptr)) {
    text += ", upstream away since " + Since();
  }
  return text;
}

std::string DaemonStatus::Since() const {
  return base::FormatTimestamp(state_since_ / 1000 * 1'000'000);
}

std::string DaemonStatus::Json() {
  Observe();
  std::string text;
  JsonObject object(text);
  object.String("program", "pennond").String("version", base::Version());
  object.Int("pid", ::getpid()).Int("uptimeMs", clock_.Steady() - started_at_);
  object.Key("environments") += '[';
  AppendEnvironment(text);
  text += ']';
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

void DaemonStatus::AppendEnvironment(std::string& out) const {
  const EnvironmentState state = environment_.state();
  const SyncState sync = sync_ == nullptr ? SyncState{} : sync_->state();
  JsonObject object(out);
  object.String("environment", config_.environment);
  object.String("state", StateName(state, sync_ == nullptr ? nullptr : &sync));
  object.String("since", Since());
  object.String("source", Name(state.source)).Uint("epoch", state.epoch);
  object.Uint("revision", state.revision).Uint("flags", state.flags);
  object.Int("ageMs", state.age_millis).Bool("stale", state.stale);
  object.String("upstream", config_.upstream_url);
  if (sync_ != nullptr && sync_->stream() != nullptr) {
    const StreamState& stream = *sync_->stream();
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
  cache.String("path", config_.cache_path).Bool("ok", state.cache_ok);
  if (!state.cache_error.empty()) cache.String("error", state.cache_error);
  if (!state.cache_damage.empty()) cache.String("damage", state.cache_damage);
  cache.Close();
  object.Close();
}

void DaemonStatus::RegisterEnvironment() {
  const auto gauge = [&](std::string name, std::string help, auto read) {
    registry_.Add(MetricKind::kGauge, std::move(name), std::move(help), [this, read]() -> double {
      return static_cast<double>(read(environment_.state()));
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
  gauge("pennon_held", "1 when a flag set waits to be accepted, because it is sharply smaller.",
        [](const State& s) { return !s.held.empty(); });
  gauge("pennon_overridden", "1 when an older flag set than the upstream's serves by order.",
        [](const State& s) { return s.overridden; });
  gauge("pennon_cache_damaged", "1 when damage was found in the cache since the start.",
        [](const State& s) { return !s.cache_damage.empty(); });
  gauge("pennon_cache_ok", "1 when the cache can be written.",
        [](const State& s) { return s.cache_ok; });
  registry_.Add(MetricKind::kCounter, "pennon_cache_writes_total",
                "Flag sets written to the cache.",
                [this] { return static_cast<double>(environment_.state().cache_writes); });
}

void DaemonStatus::RegisterSync() {
  registry_.Add(
      MetricKind::kCounter, "pennon_sync_total", "Fetches from the upstream by result.", [this] {
        const SyncState sync = sync_->state();
        const auto sample = [](std::string result, std::uint64_t count) {
          return MetricSample{{{"result", std::move(result)}}, static_cast<double>(count)};
        };
        return std::vector<MetricSample>{
            sample("changed", sync.fetched), sample("unchanged", sync.confirmed),
            sample("failed", sync.failed), sample("refused", sync.refused)};
      });
  registry_.Add(MetricKind::kCounter, "pennon_sync_deltas_total",
                "Flag sets put in force that came as a delta.",
                [this] { return static_cast<double>(sync_->state().deltas); });
  const auto stream = [&](MetricKind kind, std::string name, std::string help, auto read) {
    registry_.Add(kind, std::move(name), std::move(help), [this, read]() -> double {
      const StreamState* const state = sync_->stream();
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

void DaemonStatus::AddReporter(const Reporter& reporter) {
  const auto add = [&](MetricKind kind, std::string name, std::string help,
                       std::uint64_t ReportState::*count) {
    registry_.Add(kind, std::move(name), std::move(help),
                  [&reporter, count] { return static_cast<double>(reporter.state().*count); });
  };
  add(MetricKind::kCounter, "pennon_reports_total", "Reports that the store has taken.",
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
