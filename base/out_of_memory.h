// What a program does when memory runs out: it spends a reserve first, and then ends in good order.
#pragma once

#include <cstddef>
#include <new>
#include <string_view>
#include <type_traits>

#include "base/result.h"

namespace pennon::base {

/// Once, before there are threads. From then on the first allocation by `new` that fails is tried
/// again with the memory of a reserve. When that is spent, std::bad_alloc is thrown as ever; where
/// nobody catches it the program ends with one line on standard error and kExitFailure instead of a
/// signal, as neither a core nor a crash record would say anything. `program` must outlive the
/// process.
void PrepareForLittleMemory(std::string_view program);

/// True when a reserve had been spent and there is one again. Safe from any thread.
bool RefillMemoryReserve();

/// Runs what makes a Result and has changed nothing else until then: kLimit when there is not the
/// memory for it.
template <typename Make>
std::invoke_result_t<Make> UnlessMemoryRunsOut(std::string_view what, const Make& make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    return Fail(Error::Limit(what, "there is not enough memory for it"));
  }
}

/// realloc, which spends the reserve and throws as `new` does. `size` is not 0.
void* Reallocate(void* memory, std::size_t size);

/// What a C library has allocated; throws std::bad_alloc for null, which is how it says that it
/// could not.
template <typename T>
T* NotNull(T* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace pennon::base
