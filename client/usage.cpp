#include "client/usage.h"

#include <cstdint>
#include <new>

namespace pennon::client {
namespace {

constexpr std::uint32_t kAhead = 12;

}  // namespace

// The list is full.
void UsageTable::MakeRoom(UsageCount one) {
  {
    const std::lock_guard lock(sums_->mutex);
    SumUp();
    sums_->summed = 0;
    noted_.store(0, std::memory_order_relaxed);
  }
  Count(one);
}

void UsageTable::SumUp() {
  const std::uint32_t noted = noted_.load(std::memory_order_acquire);
  for (; sums_->summed < noted; ++sums_->summed) {
    // The table is larger than the nearest cache: several of its entries are on their way at once.
    const std::vector<UsageCount>& entries = sums_->entries;
    if (sums_->summed + kAhead < noted && !entries.empty()) {
      const UsageCount& next = notes_[sums_->summed + kAhead];
      __builtin_prefetch(&entries[Place(next, entries.size() - 1)], 1);
    }
    Add(notes_[sums_->summed]);
  }
}

// What there is no memory for is lost.
void UsageTable::Add(const UsageCount& one) {
  std::vector<UsageCount>& entries = sums_->entries;
  if (sums_->used * 4 >= entries.size() * 3) {
    if (entries.size() >= kMaxEntries) return;
    try {
      std::vector<UsageCount> larger(entries.empty() ? kFirstEntries : entries.size() * 2);
      std::size_t used = 0;
      for (const UsageCount& entry : entries) {
        if (entry.answer != 0) Insert(larger, entry, used);
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
  for (std::size_t at = Place(one, mask);; at = (at + 1) & mask) {
    UsageCount& entry = entries[at];
    if (entry.answer == 0) {
      entry = one;
      ++used;
      return;
    }
    if (entry.answer == one.answer && entry.set == one.set) {
      if (__builtin_add_overflow(entry.count, one.count, &entry.count)) entry.count = UINT32_MAX;
      return;
    }
  }
}

void UsageTable::Collect(std::uint32_t id, bool forget, std::vector<UsageCount>& counts) {
  const std::lock_guard lock(sums_->mutex);
  SumUp();
  for (UsageCount& entry : sums_->entries) {
    if (entry.set != id || entry.answer == 0) continue;
    if (entry.count > 0) counts.push_back(entry);
    entry.count = 0;
  }
  if (!forget) return;
  // A table has no holes: those of other sets move to a new one. There is usually none.
  std::vector<UsageCount> old;
  old.swap(sums_->entries);
  sums_->used = 0;
  for (const UsageCount& entry : old) {
    if (entry.answer != 0 && entry.set != id) Add(entry);
  }
}

void UsageTable::LeaveToParent() {
  noted_.store(0, std::memory_order_relaxed);
  // Another thread of the parent may have been at the old ones: they are left as they are.
  if (Sums* const fresh = new (std::nothrow) Sums) sums_ = fresh;
}

}  // namespace pennon::client
