#include "client/usage.h"

#include <new>

namespace pennon::client {
namespace {

constexpr std::uint32_t kAhead = 12;

}  // namespace

// The list is full.
void UsageTable::MakeRoom(UsageKey key) {
  {
    const std::lock_guard lock(sums_->mutex);
    SumUp();
    sums_->summed = 0;
    noted_.store(0, std::memory_order_relaxed);
  }
  Count(key);
}

void UsageTable::SumUp() {
  const std::uint32_t noted = noted_.load(std::memory_order_acquire);
  for (; sums_->summed < noted; ++sums_->summed) {
    // The table is larger than the nearest cache: several of its entries are on their way at once.
    const std::vector<UsageCount>& entries = sums_->entries;
    if (sums_->summed + kAhead < noted && !entries.empty()) {
      const UsageKey next = notes_[sums_->summed + kAhead];
      __builtin_prefetch(&entries[Place(next, entries.size() - 1)], 1);
    }
    Add({notes_[sums_->summed], 1});
  }
}

// What there is no memory for is lost.
void UsageTable::Add(const UsageCount& one) {
  std::vector<UsageCount>& entries = sums_->entries;
  if (sums_->used * 2 >= entries.size()) {
    if (entries.size() >= kMaxEntries) return;
    try {
      std::vector<UsageCount> larger(entries.empty() ? kFirstEntries : entries.size() * 2);
      std::size_t used = 0;
      for (const UsageCount& entry : entries) {
        if (entry.key.flag != 0) Insert(larger, entry, used);
      }
      entries.swap(larger);
    } catch (const std::bad_alloc&) {
      return;
    }
  }
  Insert(entries, one, sums_->used);
}

void UsageTable::Insert(std::vector<UsageCount>& entries, const UsageCount& one,
                        std::size_t& used) {
  const std::size_t mask = entries.size() - 1;
  for (std::size_t at = Place(one.key, mask);; at = (at + 1) & mask) {
    UsageCount& entry = entries[at];
    if (entry.key.flag == 0) {
      entry = one;
      ++used;
      return;
    }
    if (entry.key == one.key) {
      entry.count += one.count;
      return;
    }
  }
}

void UsageTable::Collect(std::uint32_t id, bool forget, std::vector<UsageCount>& counts) {
  const std::lock_guard lock(sums_->mutex);
  SumUp();
  for (UsageCount& entry : sums_->entries) {
    if (entry.key.flag >> 32U != id) continue;
    if (entry.count > 0) counts.push_back(entry);
    entry.count = 0;
  }
  if (!forget) return;
  // A table has no holes: those of other sets move to a new one. There is usually none.
  std::vector<UsageCount> old;
  old.swap(sums_->entries);
  sums_->used = 0;
  for (const UsageCount& entry : old) {
    if (entry.key.flag != 0 && entry.key.flag >> 32U != id) Add(entry);
  }
}

void UsageTable::LeaveToParent() {
  noted_.store(0, std::memory_order_relaxed);
  // Another thread of the parent may have been at the old ones: they are left as they are.
  if (Sums* const fresh = new (std::nothrow) Sums) sums_ = fresh;
}

}  // namespace pennon::client
