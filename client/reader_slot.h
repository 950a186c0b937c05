// How threads that evaluate and the one that takes sets away keep out of each other's way, without
// a lock or a shared counter: each thread marks in a slot of its own that it is inside. A userspace
// RCU with the kernel's help (membarrier(2); Desnoyers, McKenney et al., "User-Level
// Implementations of Read-Copy Update", 2012).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "client/usage.h"
#include "client/usage_cells.h"

namespace pennon::client {

/// Of one thread at a time. Slots are never freed, but used again by later threads.
struct alignas(64) ReaderSlot {
  std::atomic<std::uint64_t> inside{0};  // odd: the thread reads what may be taken away
  std::uint64_t random = 0;              // the state of SplitMix64
  /// Counters for the answers of one set; null: none yet. Others count in `usage`. Used inside
  /// only, so that who takes them away has them for itself after WaitForReaders.
  std::atomic<UsageCells*> cells{nullptr};
  UsageTable usage;
  std::atomic<bool> is_taken{true};
  ReaderSlot* next = nullptr;  // of all slots

  /// The calling thread's; null when there is no memory.
  static ReaderSlot* Mine() {
    ReaderSlot* const slot = mine;
    return slot != nullptr ? slot : Take();
  }
  /// Returns when every thread that was inside has left. What was put in place before this call is
  /// seen by all who enter later.
  static void WaitForReaders();
  /// Calls `visit(slot)` for all slots.
  template <typename Visitor>
  static void ForEach(Visitor visit) {
    for (ReaderSlot* slot = first.load(std::memory_order_acquire); slot != nullptr;
         slot = slot->next) {
      visit(*slot);
    }
  }

  std::uint64_t Draw() {
    std::uint64_t word = random += 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30U)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27U)) * 0x94d049bb133111eb;
    return word ^ (word >> 31U);
  }

 private:
  [[gnu::noinline]] static ReaderSlot* Take();
  static std::atomic<ReaderSlot*> first;
  // In the static part of thread-local storage, which is as fast as a global; it is small.
  [[gnu::tls_model("initial-exec")]] static thread_local ReaderSlot* mine;
  friend struct SlotOwner;
  friend void AfterForkInChild();
};

/// Marks the thread as inside for as long as it lives.
class ReadSection {
 public:
  explicit ReadSection(ReaderSlot& slot)
      : slot_(slot), before_(slot.inside.load(std::memory_order_relaxed)) {
#ifdef __SANITIZE_THREAD__
    slot.inside.exchange(before_ + 1, std::memory_order_seq_cst);
#else
    slot.inside.store(before_ + 1, std::memory_order_relaxed);
    if (kernel_fences) {
      std::atomic_signal_fence(std::memory_order_seq_cst);
    } else {
      std::atomic_thread_fence(std::memory_order_seq_cst);
    }
#endif
  }
  ~ReadSection() {
    slot_.inside.store(before_ + 2, std::memory_order_release);
  }
  ReadSection(const ReadSection&) = delete;
  ReadSection& operator=(const ReadSection&) = delete;

  /// Whether the kernel fences for readers, so that they need not; set before the first client.
  static bool kernel_fences;

 private:
  ReaderSlot& slot_;
  std::uint64_t before_;
};

/// How often this process has been forked off: what threads and connections there were before the
/// last time belong to the parent. Watched from the first call on.
inline std::uint64_t ForkCount();
/// Held over a fork, so that nothing it guards is half done in the child.
class ForkLock {
 public:
  ForkLock();
  ~ForkLock();
  ForkLock(const ForkLock&) = delete;
  ForkLock& operator=(const ForkLock&) = delete;
};
/// To be called before the first client is made.
void PrepareReaders();

namespace internal {
extern std::atomic<std::uint64_t> fork_count;
}

// With every evaluation, so it must not be a call.
inline std::uint64_t ForkCount() {
  return internal::fork_count.load(std::memory_order_relaxed);
}

}  // namespace pennon::client
