// Time, and what to make of several rounds of it.
#pragma once

#include <time.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <vector>

namespace pennon::bench {

/// Nanoseconds of a clock that never jumps.
inline std::int64_t NowNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// Nanoseconds that this thread has computed: does not count others' turns on the core.
inline std::int64_t ThreadNanos() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// `usual` rounds, or the fewer that PENNON_BENCH_ROUNDS asks for: bench/run --quick.
inline int Rounds(int usual) {
  const char* const told = std::getenv("PENNON_BENCH_ROUNDS");
  return told == nullptr ? usual : std::clamp(std::atoi(told), 1, usual);
}

inline double Median(std::vector<double> values) {
  assert(!values.empty());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The value that `percent` of the values are not above.
inline double Percentile(std::vector<double> values, double percent) {
  assert(!values.empty());
  const auto place =
      static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * percent / 100.0);
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}

/// The median of the rounds' own ratios: what two things that were measured side by side have in
/// common (a stolen core, say) cancels out.
inline double MedianRatio(const std::vector<double>& values, const std::vector<double>& floors) {
  assert(values.size() == floors.size());
  std::vector<double> ratios;
  for (std::size_t i = 0; i < values.size(); ++i) ratios.push_back(values[i] / floors[i]);
  return Median(std::move(ratios));
}

}  // namespace pennon::bench
