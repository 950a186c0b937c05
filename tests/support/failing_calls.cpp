// Preloaded into a program under test: makes its calls of the C library fail or wait as a failing
// disk, a slow one, a name server or a full table of descriptors would. A test says what by a file
// that both map (tests/faults/failing_calls.py); only files whose path has the given part are met.
//
// Of fault_control.h, the words of its own: [7] what getaddrinfo does: 0 nothing, 1 no such name,
// 2 try again, 3 hangs for [4] ms and then 2, 4 no address, 5 127.0.0.N with N in [1], 6 ::1 and
// then 127.0.0.1; [8] seconds that the wall clock is ahead.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include <cstdio>

#include "tests/support/fault_control.h"

namespace {

using faults::IsMet;
using faults::Word;

enum Call : std::uint64_t {
  kWrite = 1,
  kSync = 2,
  kOpen = 4,
  kRead = 8,
  kTruncate = 16,
  kUnlink = 32,
  kRandom = 64,
  kAccept = 128,
  kThread = 512,
};

Word* Control() {
  static Word* const kControl = faults::MapControl();
  return kControl;
}

bool IsMet(int fd) {
  char link[64];
  char path[512];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return IsMet(path);
}

bool Fails(std::uint64_t call) {
  return faults::Fails(Control(), call);
}

time_t SecondsAhead() {
  Word* control = Control();
  return control == nullptr ? 0 : static_cast<time_t>(control[8].load());
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  REAL(write);
  if (IsMet(fd) && Fails(kWrite)) return -1;
  return kReal(fd, data, size);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  REAL(pwrite64);
  if (IsMet(fd) && Fails(kWrite)) return -1;
  return kReal(fd, data, size, offset);
}
ssize_t pread64(int fd, void* data, size_t size, off64_t offset) {
  REAL(pread64);
  if (IsMet(fd) && Fails(kRead)) return -1;
  return kReal(fd, data, size, offset);
}
int fsync(int fd) {
  REAL(fsync);
  if (IsMet(fd) && Fails(kSync)) return -1;
  return kReal(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  if (IsMet(fd) && Fails(kSync)) return -1;
  return kReal(fd);
}
int ftruncate64(int fd, off64_t size) noexcept {
  REAL(ftruncate64);
  if (IsMet(fd) && Fails(kTruncate)) return -1;
  return kReal(fd, size);
}
int unlink(const char* path) noexcept {
  REAL(unlink);
  if (IsMet(path) && Fails(kUnlink)) return -1;
  return kReal(path);
}
int open64(const char* path, int flags, ...) {
  REAL(open64);
  READ_MODE(flags);
  if (IsMet(path) && Fails(kOpen)) return -1;
  return kReal(path, flags, mode);
}
ssize_t getrandom(void* data, size_t size, unsigned flags) {
  using Function = ssize_t (*)(void*, size_t, unsigned);
  static const auto kReal = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getrandom"));
  if (Fails(kRandom)) return -1;
  return kReal(data, size, flags);
}
int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  REAL(accept4);
  if (Fails(kAccept)) return -1;
  return kReal(fd, address, size, flags);
}
int accept(int fd, sockaddr* address, socklen_t* size) {
  REAL(accept);
  if (Fails(kAccept)) return -1;
  return kReal(fd, address, size);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) {
  REAL(pthread_create);
  return Fails(kThread) ? errno : kReal(thread, attributes, run, argument);
}

int clock_gettime(clockid_t clock, timespec* now) noexcept {
  REAL(clock_gettime);
  const int result = kReal(clock, now);
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += SecondsAhead();
  return result;
}
int gettimeofday(timeval* now, void* zone) noexcept {
  REAL(gettimeofday);
  const int result = kReal(now, zone);
  now->tv_sec += SecondsAhead();
  return result;
}
time_t time(time_t* into) noexcept {
  REAL(time);
  const time_t now = kReal(nullptr) + SecondsAhead();
  if (into != nullptr) *into = now;
  return now;
}

int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** result) {
  REAL(getaddrinfo);
  Word* control = Control();
  if (control == nullptr || name == nullptr || strcmp(name, "upstream.test") != 0) {
    return kReal(name, service, hints, result);
  }
  ++control[5];
  addrinfo numeric = hints != nullptr ? *hints : addrinfo{};
  numeric.ai_flags = AI_NUMERICHOST;
  numeric.ai_family = AF_UNSPEC;
  const auto given = [&](const char* address, addrinfo** into) {
    return kReal(address, service, &numeric, into);
  };
  switch (control[7]) {
    case 0:
      return given("127.0.0.1", result);
    case 1:
      return EAI_NONAME;
    case 3:
      usleep(static_cast<useconds_t>(control[4] * 1000));
      return EAI_AGAIN;
    case 4:
      return EAI_NODATA;
    case 5: {
      char address[32];
      std::snprintf(address, sizeof(address), "127.0.0.%u",
                    static_cast<unsigned>(control[1].load()));
      return given(address, result);
    }
    case 6: {
      const int made = given("::1", result);
      return made == 0 ? given("127.0.0.1", &(*result)->ai_next) : made;
    }
    default:
      return EAI_AGAIN;
  }
}

}  // extern "C"
