#include "client/reader_slot.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <mutex>
#include <new>

namespace pennon::client {
namespace {

constexpr long kWaitNanos = 20'000;

std::mutex fork_mutex;

int Membarrier(int command) {
  return static_cast<int>(::syscall(SYS_membarrier, command, 0, 0));
}

}  // namespace

std::atomic<std::uint64_t> internal::fork_count{0};
std::atomic<ReaderSlot*> ReaderSlot::first{nullptr};
thread_local ReaderSlot* ReaderSlot::mine = nullptr;
bool ReadSection::kernel_fences = false;

// Gives a thread's slot back when the thread ends.
struct SlotOwner {
  ReaderSlot* slot = nullptr;
  ~SlotOwner() {
    if (slot == nullptr) return;
    ReaderSlot::mine = nullptr;
    slot->is_taken.store(false, std::memory_order_release);
  }
};

ReaderSlot* ReaderSlot::Take() {
  ReaderSlot* slot = first.load(std::memory_order_acquire);
  for (; slot != nullptr; slot = slot->next) {
    bool taken = false;
    if (slot->is_taken.compare_exchange_strong(taken, true, std::memory_order_acq_rel)) break;
  }
  if (slot == nullptr) {
    try {
      slot = new ReaderSlot;
    } catch (const std::bad_alloc&) {
      return nullptr;
    }
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    slot->random = static_cast<std::uint64_t>(now.tv_nsec) ^ reinterpret_cast<std::uintptr_t>(slot);
    slot->next = first.load(std::memory_order_relaxed);
    while (!first.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel)) {
    }
  }
  static thread_local SlotOwner owner;
  owner.slot = slot;
  mine = slot;
  return slot;
}

void ReaderSlot::WaitForReaders() {
  if (ReadSection::kernel_fences) {
    Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  } else {
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }
  ForEach([](const ReaderSlot& slot) {
#ifdef __SANITIZE_THREAD__
    const std::uint64_t seen =
        const_cast<ReaderSlot&>(slot).inside.fetch_add(0, std::memory_order_seq_cst);
#else
    const std::uint64_t seen = slot.inside.load(std::memory_order_acquire);
#endif
    if (seen % 2 == 0) return;
    while (slot.inside.load(std::memory_order_acquire) == seen) {
      const timespec pause{0, kWaitNanos};
      ::nanosleep(&pause, nullptr);
    }
  });
}

// Only the thread that forked is there: the others left their marks behind.
void AfterForkInChild() {
  ReaderSlot::ForEach([](ReaderSlot& slot) {
    slot.usage.LeaveToParent();
    delete slot.cells.exchange(nullptr);
    if (&slot == ReaderSlot::mine) return;
    const std::uint64_t inside = slot.inside.load(std::memory_order_relaxed);
    slot.inside.store(inside + inside % 2, std::memory_order_relaxed);
    slot.is_taken.store(false, std::memory_order_relaxed);
  });
  internal::fork_count.fetch_add(1, std::memory_order_release);
}

ForkLock::ForkLock() {
  fork_mutex.lock();
}
ForkLock::~ForkLock() {
  fork_mutex.unlock();
}

void PrepareReaders() {
  static std::once_flag once;
  std::call_once(once, [] {
#ifndef __SANITIZE_THREAD__
    ReadSection::kernel_fences = Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
                                 Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0;
#endif
    ::pthread_atfork([] { fork_mutex.lock(); }, [] { fork_mutex.unlock(); },
                     [] {
                       AfterForkInChild();
                       fork_mutex.unlock();
                     });
  });
}

}  // namespace pennon::client
