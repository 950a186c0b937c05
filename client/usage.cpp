#include "client/usage.h"

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

namespace pennon::client {
namespace {

// The table is larger than the nearest cache: so many of its entries are on their way at once.
constexpr std::uint32_t kTogether = 16;

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
  Table& table = sums_->table;
  std::array<std::size_t, kTogether> places;
  while (sums_->summed < noted) {
    const UsageCount* const notes = &notes_[sums_->summed];
    const std::uint32_t size = std::min(noted - sums_->summed, kTogether);
    sums_->summed += size;
    const bool has_room = table.HasRoomFor(size);
    if (table.IsEmpty()) continue;
    for (std::uint32_t i = 0; i < size; ++i) {
      places[i] = table.Place(notes[i]);
      table.Prefetch(places[i]);
    }
    for (std::uint32_t i = 0; i < size; ++i) table.Add(notes[i], places[i], has_room);
  }
}

bool UsageTable::Table::HasRoomFor(std::size_t more) {
  if ((used_ + more) * 2 <= entries_.size()) return true;
  if (entries_.size() >= kMaxEntries) return (used_ + more) * 4 <= entries_.size() * 3;
  try {
    Table larger;
    larger.entries_.resize(entries_.empty() ? kFirstEntries : entries_.size() * 2);
    for (const UsageCount& entry : entries_) {
      if (entry.answer != 0) larger.Add(entry, larger.Place(entry), true);
    }
    *this = std::move(larger);
    return true;
  } catch (const std::bad_alloc&) {
    return (used_ + more) * 4 <= entries_.size() * 3;
  }
}

inline void UsageTable::Table::Add(const UsageCount& one, std::size_t place, bool may_be_new) {
  UsageCount* const entries = entries_.data();
  const std::size_t mask = entries_.size() - 1;
  for (;; place = (place + 1) & mask) {
    UsageCount& entry = entries[place];
    if (entry.answer == one.answer && entry.set == one.set) {
      if (__builtin_add_overflow(entry.count, one.count, &entry.count)) entry.count = UINT32_MAX;
      return;
    }
    if (entry.answer != 0) continue;
    if (!may_be_new) return;
    entry = one;
    ++used_;
    return;
  }
}

void UsageTable::Collect(std::uint32_t id, bool forget, std::vector<UsageCount>& counts) {
  const std::lock_guard lock(sums_->mutex);
  SumUp();
  Table& table = sums_->table;
  for (UsageCount& entry : table.entries()) {
    if (entry.set != id || entry.answer == 0) continue;
    if (entry.count > 0) counts.push_back(entry);
    entry.count = 0;
  }
  if (!forget) return;
  // A table has no holes: those of other sets move to a new one. There is usually none.
  Table old = std::exchange(table, Table());
  for (const UsageCount& entry : old.entries()) {
    if (entry.answer == 0 || entry.set == id) continue;
    const bool has_room = table.HasRoomFor(1);
    if (!table.IsEmpty()) table.Add(entry, table.Place(entry), has_room);
  }
}

void UsageTable::LeaveToParent() {
  noted_.store(0, std::memory_order_relaxed);
  // Another thread of the parent may have been at the old ones: they are left as they are.
  if (Sums* const fresh = new (std::nothrow) Sums) sums_ = fresh;
}

}  // namespace pennon::client
