#include "base/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace pennon::base {

struct MetricRegistry::Metric {
  MetricKind kind;
  std::string name;
  std::string help;
  std::function<std::vector<MetricSample>()> read;
};

MetricRegistry::MetricRegistry() = default;
MetricRegistry::~MetricRegistry() = default;

void MetricRegistry::Add(MetricKind kind, std::string name, std::string help,
                         std::function<std::vector<MetricSample>()> read) {
  metrics_.push_back({kind, std::move(name), std::move(help), std::move(read)});
}

void MetricRegistry::Add(MetricKind kind, std::string name, std::string help,
                         std::function<double()> read) {
  Add(kind, std::move(name), std::move(help), [read = std::move(read)] {
    return std::vector<MetricSample>{{{}, read()}};
  });
}

std::string MetricRegistry::Text() const {
  return Text([](const MetricLabels&) { return true; });
}

std::string MetricRegistry::Text(const std::function<bool(const MetricLabels&)>& shows) const {
  std::vector<prometheus::MetricFamily> families;
  families.reserve(metrics_.size());
  for (const Metric& metric : metrics_) {
    prometheus::MetricFamily family;
    family.name = metric.name;
    family.help = metric.help;
    const bool counter = metric.kind == MetricKind::kCounter;
    family.type = counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    for (const MetricSample& sample : metric.read()) {
      if (!shows(sample.labels)) continue;
      prometheus::ClientMetric client;
      for (const auto& [name, value] : sample.labels) client.label.push_back({name, value});
      (counter ? client.counter.value : client.gauge.value) = sample.value;
      family.metric.push_back(std::move(client));
    }
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace pennon::base
