#include "daemon/backoff.h"

#include <algorithm>

namespace pennon::daemon {
namespace {

constexpr std::int64_t kFirstRetryMillis = 100;
constexpr std::int64_t kLongestAskedMillis = 600'000;  // an upstream cannot silence us for longer
constexpr std::int64_t kRefusalMillis = 300'000;
constexpr std::int64_t kSpreadMillis = 1'000;

std::mt19937_64 SeededGenerator() {
  std::random_device kernel;
  std::seed_seq seed{kernel(), kernel(), kernel(), kernel()};
  return std::mt19937_64(seed);
}

}  // namespace

Backoff::Backoff(std::int64_t interval_millis, std::int64_t max_millis)
    : interval_(interval_millis), max_(max_millis), random_(SeededGenerator()) {}

std::int64_t Backoff::Uniform(std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, std::max(low, high))(random_);
}

std::int64_t Backoff::AfterSuccess() {
  failures_ /= 2;
  return Uniform(interval_ - interval_ / 10, interval_ + interval_ / 10);
}

std::int64_t Backoff::AfterFailure(std::int64_t at_least_millis) {
  const std::uint32_t doublings = std::min<std::uint32_t>(failures_, 20);
  ++failures_;
  const std::int64_t limit = std::min(max_, kFirstRetryMillis << doublings);
  const std::int64_t asked = std::clamp<std::int64_t>(at_least_millis, 0, kLongestAskedMillis);
  return std::max(asked + Uniform(0, asked / 10),
                  Uniform(std::min(kFirstRetryMillis, limit), limit));
}

std::int64_t Backoff::AfterEnd(std::int64_t at_least_millis) {
  return AfterFailure(at_least_millis) + Draw(kSpreadMillis);
}

std::int64_t Backoff::AfterRefusal() {
  ++failures_;
  const std::int64_t limit = std::min(max_, kRefusalMillis);
  return Uniform(limit / 2, limit);
}

}  // namespace pennon::daemon
