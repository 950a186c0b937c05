// How often flags were answered in this process: counted by each thread for itself, collected now
// and then.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace pennon::client {

/// Which answer: the set's id and the flag's offset, where the variant's name lies in the image,
/// how long it is, and the reason.
struct UsageKey {
  std::uint64_t flag = 0;    // id << 32 | offset; 0: none
  std::uint64_t answer = 0;  // offset of the variant << 32 | size << 8 | reason
};

struct UsageCount {
  UsageKey key;
  std::uint64_t count = 0;
};

/// What tables had to give away before anybody asked.
class UsageLedger {
 public:
  static void BeforeFork();
  static void AfterForkInParent();
  static void AfterForkInChild();
};

/// Counts of one thread. Counting is the thread's own; collecting is for one other at a time.
class UsageTable {
 public:
  void Count(UsageKey key) {
    Entry* const entries = entries_.load(std::memory_order_relaxed);
    if (entries != nullptr) [[likely]] {
      std::size_t at = Place(key);
      for (std::size_t probe = 0; probe < kProbes; ++probe, at = (at + 1) % kEntries) {
        Entry& entry = entries[at];
        if (entry.flag.load(std::memory_order_relaxed) == key.flag &&
            entry.answer.load(std::memory_order_relaxed) == key.answer) {
          entry.count.store(entry.count.load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
          return;
        }
      }
    }
    CountFirst(key);
  }

  /// Adds to `counts` what was counted of the set `id` since the last time; with `forget` the set
  /// is gone, and its entries are free again.
  void Collect(std::uint32_t id, bool forget, std::vector<UsageCount>& counts);
  /// What was counted before the fork is the parent's to report.
  void LeaveToParent();

 private:
  static constexpr std::size_t kEntries = 1024;
  static constexpr std::size_t kProbes = 8;

  struct Entry {
    std::atomic<std::uint64_t> flag{0};
    std::atomic<std::uint64_t> answer{0};
    std::atomic<std::uint64_t> count{0};
    std::uint64_t collected = 0;  // of `count`; guarded by the ledger's lock
  };

  static std::size_t Place(UsageKey key) {
    const std::uint64_t mixed = (key.flag ^ key.answer * 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
    return mixed >> 54U;
  }
  [[gnu::noinline]] void CountFirst(UsageKey key);

  std::atomic<Entry*> entries_{nullptr};
  std::vector<UsageCount> overflow_;  // guarded by the ledger's lock
};

}  // namespace pennon::client
