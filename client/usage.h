// How often flags gave their rarer answers in this process: noted by each thread for itself, added
// up now and then.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace pennon::client {

/// So many of an answer. Small, because the table of them is read at random.
struct UsageCount {
  std::uint64_t answer = 0;  // what it was; not 0
  std::uint32_t set = 0;     // id of the set that it was of
  std::uint32_t count = 1;
};

/// Counts of one thread, of whatever has no counter in its UsageCells. A note is two words at the
/// end of a list, added up now and then. Count is the thread's own; the rest may be called from any
/// thread.
class UsageTable {
 public:
  UsageTable() = default;
  ~UsageTable() { delete sums_; }
  UsageTable(const UsageTable&) = delete;
  UsageTable& operator=(const UsageTable&) = delete;

  void Count(UsageCount one) {
    const std::uint32_t at = noted_.load(std::memory_order_relaxed);
    if (at == kNotes) [[unlikely]] {
      return MakeRoom(one);
    }
    notes_[at] = one;
    noted_.store(at + 1, std::memory_order_release);
  }

  /// Adds to `counts` what was counted of the set `id` since the last time; with `forget` the set
  /// is gone.
  void Collect(std::uint32_t id, bool forget, std::vector<UsageCount>& counts);
  /// In the child of a fork: what was counted before is the parent's to report.
  void LeaveToParent();

 private:
  static constexpr std::uint32_t kNotes = 512;
  static constexpr std::size_t kFirstEntries = 256;
  static constexpr std::size_t kMaxEntries = std::size_t{1} << 18U;  // with more, counts are lost

  // A hash table, open addressing; a power of two of entries, or none. The answer 0 is a free
  // place.
  class Table {
   public:
    /// False when there is not, and what is not here already would be lost.
    bool HasRoomFor(std::size_t more);
    [[nodiscard]] bool IsEmpty() const { return entries_.empty(); }
    /// Where the search for it begins.
    [[nodiscard]] std::size_t Place(const UsageCount& one) const {
      const std::uint64_t mixed = (one.set ^ one.answer * 0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9;
      return (mixed ^ mixed >> 32U) & (entries_.size() - 1);
    }
    void Prefetch(std::size_t place) const { __builtin_prefetch(&entries_[place], 1); }
    void Add(const UsageCount& one, std::size_t place, bool may_be_new);
    std::vector<UsageCount>& entries() { return entries_; }

   private:
    std::vector<UsageCount> entries_;
    std::size_t used_ = 0;
  };

  struct Sums {
    std::mutex mutex;
    std::uint32_t summed = 0;  // of the notes
    Table table;
  };

  [[gnu::noinline]] void MakeRoom(UsageCount one);
  void SumUp();

  std::atomic<std::uint32_t> noted_{0};
  std::array<UsageCount, kNotes> notes_;
  // Apart, because a fork may leave it behind in the middle of something.
  Sums* sums_ = new Sums;
};

}  // namespace pennon::client
