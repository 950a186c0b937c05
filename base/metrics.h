// Counters and gauges in Prometheus' text format. Every metric of a program is declared where its
// registry is built; label values come from closed lists, never from requests.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace pennon::base {

using MetricLabels = std::map<std::string, std::string>;

/// One value of a metric at the time of a scrape.
struct MetricSample {
  MetricLabels labels;
  double value = 0;
};

enum class MetricKind : std::uint8_t { kCounter, kGauge };

/// Metrics are read when scraped: the program keeps plain numbers, the registry asks for them.
/// Confined to the thread that scrapes.
class MetricRegistry {
 public:
  MetricRegistry();
  ~MetricRegistry();
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  /// `read` is called at every scrape.
  void Add(MetricKind kind, std::string name, std::string help,
           std::function<std::vector<MetricSample>()> read);
  void Add(MetricKind kind, std::string name, std::string help, std::function<double()> read);

  /// All metrics as `text/plain; version=0.0.4`.
  [[nodiscard]] std::string Text() const;
  /// Only the samples whose labels `shows` holds for.
  [[nodiscard]] std::string Text(const std::function<bool(const MetricLabels&)>& shows) const;

 private:
  struct Metric;
  std::vector<Metric> metrics_;
};

}  // namespace pennon::base
