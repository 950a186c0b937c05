// What a preloaded library is told by a test, through a file that both map; the other half is
// tests/faults/failing_calls.py.
//
// Eight-byte words: [0] which calls fail (bits), [1] the first of them, counted from when the test
// wrote this, [2] how many fail (0: all from there), [3] errno, [4] wait in milliseconds before
// each such call, [5] calls counted (by the program), [6] failed (by it); the rest is the library's
// own.
#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace faults {

using Word = std::atomic<std::uint64_t>;

/// Null without PENNON_FAULTS_CONTROL, which names the file.
inline Word* MapControl() {
  const char* path = getenv("PENNON_FAULTS_CONTROL");
  if (path == nullptr) return nullptr;
  const auto real = reinterpret_cast<int (*)(const char*, int, ...)>(dlsym(RTLD_NEXT, "open"));
  const int fd = real(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  void* mapped = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  return mapped == MAP_FAILED ? nullptr : static_cast<Word*>(mapped);
}

/// Whether the test means this file.
inline bool IsMet(const char* path) {
  static const char* const kPart = getenv("PENNON_FAULTS_PATH");
  return kPart != nullptr && path != nullptr && strstr(path, kPart) != nullptr;
}

/// True: the call fails, with errno set.
inline bool Fails(Word* control, std::uint64_t call) {
  if (control == nullptr || (control[0] & call) == 0) return false;
  const std::uint64_t number = ++control[5];
  if (const std::uint64_t wait = control[4]) usleep(static_cast<useconds_t>(wait * 1000));
  if (control[3] == 0 || number < control[1]) return false;
  if (control[2] != 0 && number >= control[1] + control[2]) return false;
  ++control[6];
  errno = static_cast<int>(control[3]);
  return true;
}

template <typename Function>
Function Real(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace faults

#define REAL(name) static const auto kReal = faults::Real(&::name, #name)
// In a function like open(2), whose last argument is there only when a file may be made: `mode`.
#define READ_MODE(flags)                                                      \
  va_list arguments;                                                          \
  va_start(arguments, flags);                                                 \
  const mode_t mode = ((flags)&O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0; \
  va_end(arguments)
