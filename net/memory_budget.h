// How much memory the buffers of all connections may take together.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pennon::net {

/// Counts what connections hold beyond a first buffer each: long messages that are not complete,
/// also those that a protocol keeps, and answers that nobody reads. Safe to use from any thread;
/// the usual request never touches it.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit) : limit_(limit) {}

  /// False, and nothing is taken, when it would be more than the limit.
  bool Take(std::size_t bytes) { return TakeUpTo(limit_, bytes); }
  /// The same for what is sent unasked, as events are, up to half of the limit: whoever leaves them
  /// unread takes no room from requests.
  bool TakeUnasked(std::size_t bytes) { return TakeUpTo(limit_ / 2, bytes); }
  void Give(std::size_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  [[nodiscard]] std::size_t used() const { return used_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  bool TakeUpTo(std::size_t limit, std::size_t bytes) {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit) return true;
    used_.fetch_sub(bytes, std::memory_order_relaxed);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }

  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace pennon::net
