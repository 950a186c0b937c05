#include "store/store_metrics.h"

#include "base/metrics.h"
#include "model/evaluation.h"

namespace pennon::store {
namespace {

using base::MetricKind;
using base::MetricSample;

std::vector<MetricSample> CountEvaluations(
    const std::vector<const serving::EvaluationCounts*>& workers) {
  std::vector<MetricSample> samples;
  for (std::size_t reason = 0; reason < serving::EvaluationCounts().by_reason.size(); ++reason) {
    std::uint64_t sum = 0;
    for (const auto* counts : workers) sum += counts->by_reason[reason].load();
    samples.push_back({{{"reason", std::string(Name(static_cast<model::Reason>(reason)))}},
                       static_cast<double>(sum)});
  }
  return samples;
}

void AddNumber(base::MetricRegistry& registry, MetricKind kind, std::string name, std::string help,
               std::uint64_t value) {
  registry.Add(kind, std::move(name), std::move(help),
               [value] { return static_cast<double>(value); });
}

}  // namespace

net::ListenerCounts StoreMetrics::Connections() const {
  const net::Listener* listener = listener_.load();
  return listener == nullptr ? net::ListenerCounts() : listener->counts();
}

std::string StoreMetrics::Text() const {
  base::MetricRegistry registry;
  const net::ListenerCounts connections = Connections();
  registry.Add(MetricKind::kCounter, "pennon_store_evaluations_total",
               "Flags evaluated for callers without a daemon, by reason.",
               [this] { return CountEvaluations(evaluations_); });
  AddNumber(registry, MetricKind::kCounter, "pennon_store_api_requests_total",
            "Requests of the REST API with a token or a session.", api_requests);
  AddNumber(registry, MetricKind::kCounter, "pennon_store_api_errors_total",
            "Of those, answered with a status from 400 on.", api_errors);
  AddNumber(registry, MetricKind::kCounter, "pennon_store_refused_total",
            "Requests with no token, an unknown one or one of the wrong kind.", refused);
  AddNumber(registry, MetricKind::kCounter, "pennon_store_sync_sent_total",
            "Flag sets sent to daemons.", sync_sent);
  AddNumber(registry, MetricKind::kCounter, "pennon_store_sync_current_total",
            "Polls of daemons that had the current revision (204 or 304).", sync_current);
  AddNumber(registry, MetricKind::kCounter, "pennon_store_reports_total",
            "Reports of daemons that were taken.", reports);
  AddNumber(registry, MetricKind::kGauge, "pennon_store_streams",
            "Daemons that are told of changes.", static_cast<std::uint64_t>(streams.load()));
  AddNumber(registry, MetricKind::kGauge, "pennon_store_event_streams",
            "Pages and scripts that are told of changes.",
            static_cast<std::uint64_t>(event_streams.load()));
  AddNumber(registry, MetricKind::kGauge, "pennon_store_database_up",
            "Whether the database answered when it was asked last.", database_answers ? 1 : 0);
  AddNumber(registry, MetricKind::kGauge, "pennon_store_connections", "Open connections.",
            connections.open);
  AddNumber(registry, MetricKind::kCounter, "pennon_store_connections_accepted_total",
            "Connections accepted.", connections.accepted);
  AddNumber(registry, MetricKind::kCounter, "pennon_store_connections_refused_total",
            "Connections closed at once: over the limit, or out of descriptors.",
            connections.refused);
  AddNumber(registry, MetricKind::kGauge, "pennon_store_buffered_bytes",
            "Buffers of all connections, and requests that wait for the database.", memory_.used());
  AddNumber(registry, MetricKind::kCounter, "pennon_store_buffers_refused_total",
            "Connections closed, and requests of the API refused, because all together held "
            "limits.memory.",
            memory_.refused());
  return registry.Text();
}

}  // namespace pennon::store
