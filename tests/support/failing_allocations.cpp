// Preloaded into a program under test: its n-th allocation fails, in its own code or in a
// library's, as tests/faults/failing_calls.py says (fault_control.h). Word [9] makes it wait for
// the first time that a file is opened whose path has PENNON_FAULTS_PATH in it: only then
// allocations are counted. Apart from failing_calls.cpp, as a sanitizer needs the functions that
// are replaced here.
#include <cstddef>

#include "tests/support/fault_control.h"

extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT
void* __libc_calloc(std::size_t count, std::size_t size);        // NOLINT
void* __libc_realloc(void* memory, std::size_t size);            // NOLINT
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT
}

namespace {

constexpr std::uint64_t kAllocate = 256;

// Null until the library is set up, which allocates itself.
faults::Word* control = nullptr;

[[gnu::constructor]] void Begin() {
  control = faults::MapControl();
}

bool Fails() {
  return control != nullptr && control[9] == 0 && faults::Fails(control, kAllocate);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
  return Fails() ? nullptr : __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  return Fails() ? nullptr : __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  return Fails() ? nullptr : __libc_realloc(memory, size);
}
void* memalign(std::size_t alignment, std::size_t size) {
  return Fails() ? nullptr : __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return Fails() ? nullptr : __libc_memalign(alignment, size);
}
int posix_memalign(void** into, std::size_t alignment, std::size_t size) {
  if (Fails()) return ENOMEM;
  *into = __libc_memalign(alignment, size);
  return *into == nullptr ? ENOMEM : 0;
}

int open64(const char* path, int flags, ...) {
  REAL(open64);
  READ_MODE(flags);
  if (control != nullptr && faults::IsMet(path)) control[9] = 0;
  return kReal(path, flags, mode);
}

}  // extern "C"
