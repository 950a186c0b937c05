#include "client/usage.h"

#include <mutex>
#include <new>

namespace pennon::client {
namespace {

constexpr std::size_t kMaxOverflow = 100'000;  // beyond that, counts are lost and not memory

std::mutex& Lock() {
  static std::mutex& mutex = *new std::mutex;  // outlives every thread
  return mutex;
}

}  // namespace

void UsageLedger::BeforeFork() {
  Lock().lock();
}
void UsageLedger::AfterForkInParent() {
  Lock().unlock();
}
void UsageLedger::AfterForkInChild() {
  Lock().unlock();
}

// The first time that this thread gives this answer, or one too many for the table.
void UsageTable::CountFirst(UsageKey key) {
  Entry* entries = entries_.load(std::memory_order_relaxed);
  if (entries == nullptr) {
    entries = new (std::nothrow) Entry[kEntries];
    if (entries == nullptr) return;
    entries_.store(entries, std::memory_order_release);
  }
  const std::lock_guard lock(Lock());
  std::size_t at = Place(key);
  for (std::size_t probe = 0; probe < kProbes; ++probe, at = (at + 1) % kEntries) {
    Entry& entry = entries[at];
    if (entry.flag.load(std::memory_order_relaxed) != 0) continue;
    entry.collected = 0;
    entry.answer.store(key.answer, std::memory_order_relaxed);
    entry.count.store(1, std::memory_order_relaxed);
    entry.flag.store(key.flag, std::memory_order_release);
    return;
  }
  // The one at its place makes room.
  Entry& entry = entries[Place(key)];
  if (overflow_.size() < kMaxOverflow) {
    try {
      overflow_.push_back({{entry.flag.load(std::memory_order_relaxed),
                            entry.answer.load(std::memory_order_relaxed)},
                           entry.count.load(std::memory_order_relaxed) - entry.collected});
    } catch (const std::bad_alloc&) {  // lost
    }
  }
  entry.collected = 0;
  entry.count.store(1, std::memory_order_relaxed);
  entry.answer.store(key.answer, std::memory_order_relaxed);
  entry.flag.store(key.flag, std::memory_order_relaxed);
}

void UsageTable::LeaveToParent() {
  overflow_.clear();
  Entry* const entries = entries_.load(std::memory_order_acquire);
  if (entries == nullptr) return;
  for (std::size_t i = 0; i < kEntries; ++i) {
    entries[i].collected = entries[i].count.load(std::memory_order_relaxed);
  }
}

void UsageTable::Collect(std::uint32_t id, bool forget, std::vector<UsageCount>& counts) {
  const std::lock_guard lock(Lock());
  std::erase_if(overflow_, [&](const UsageCount& one) {
    if (one.key.flag >> 32U != id) return false;
    counts.push_back(one);
    return true;
  });
  Entry* const entries = entries_.load(std::memory_order_acquire);
  if (entries == nullptr) return;
  for (std::size_t i = 0; i < kEntries; ++i) {
    Entry& entry = entries[i];
    const std::uint64_t flag = entry.flag.load(std::memory_order_acquire);
    if (flag >> 32U != id) continue;
    const std::uint64_t count = entry.count.load(std::memory_order_relaxed);
    if (count > entry.collected) {
      counts.push_back(
          {{flag, entry.answer.load(std::memory_order_relaxed)}, count - entry.collected});
      entry.collected = count;
    }
    if (forget) entry.flag.store(0, std::memory_order_release);
  }
}

}  // namespace pennon::client
