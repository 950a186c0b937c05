#include "base/out_of_memory.h"

#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>

namespace pennon::base {
namespace {

// Enough for what a thread is in the middle of: a request, a page of the cache, lines of the log.
constexpr std::size_t kReserveBytes = std::size_t{1} << 20U;
constexpr int kExitCode = 1;  // kExitFailure, which belongs to what knows command lines

std::atomic<void*> reserve{nullptr};
std::string_view name;
std::terminate_handler otherwise = nullptr;

void SpendReserve() {
  void* const spent = reserve.exchange(nullptr);
  if (spent == nullptr) throw std::bad_alloc();
  std::free(spent);  // `new` tries again
}

// Without an allocation, as there is nothing to allocate.
[[noreturn]] void EndWithoutMemory() {
  constexpr std::string_view kSaid = ": out of memory\n";
  const iovec line[] = {{const_cast<char*>(name.data()), name.size()},
                        {const_cast<char*>(kSaid.data()), kSaid.size()}};
  const auto ignored = ::writev(STDERR_FILENO, line, 2);
  static_cast<void>(ignored);
  ::_exit(kExitCode);
}

void OnTerminate() {
  if (const auto error = std::current_exception()) {
    try {
      std::rethrow_exception(error);
    } catch (const std::bad_alloc&) {
      EndWithoutMemory();
    } catch (...) {  // a bug, and treated as one
    }
  }
  otherwise();
  std::abort();
}

}  // namespace

void PrepareForLittleMemory(std::string_view program) {
  name = program;
  RefillMemoryReserve();
  std::set_new_handler(SpendReserve);
  otherwise = std::set_terminate(OnTerminate);
}

bool RefillMemoryReserve() {
  if (reserve.load(std::memory_order_relaxed) != nullptr) return false;
  void* const memory = std::malloc(kReserveBytes);
  void* none = nullptr;
  if (memory == nullptr || reserve.compare_exchange_strong(none, memory)) return memory != nullptr;
  std::free(memory);
  return false;
}

void* Reallocate(void* memory, std::size_t size) {
  while (true) {
    if (void* const moved = std::realloc(memory, size)) return moved;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

}  // namespace pennon::base
