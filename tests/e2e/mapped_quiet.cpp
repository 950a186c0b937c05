// Evaluates with the daemon's flags mapped, while a system call would be the end of the process:
//   mapped_quiet SOCKET COUNT KEY…
// Prints, as JSON, how often memory was allocated meanwhile and how many answers were true.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "pennon/client.h"

namespace {

thread_local std::size_t allocations = 0;

// To be told of the result, and to end, is all that this thread may still ask of the kernel.
bool ForbidSystemCalls() {
  std::array<sock_filter, 5> rules{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{static_cast<unsigned short>(rules.size()), rules.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  pennon::Options options;
  options.socket_path = argv[1];
  pennon::Client flags(options);
  if (!flags.WaitReady(std::chrono::seconds(10))) return 3;
  while (flags.Way() != "mapped") std::this_thread::yield();
  std::vector<pennon::Context> users;
  for (int i = 0; i < 64; ++i) {
    users.emplace_back("user-" + std::to_string(i));
    users.back().Set("country", i % 2 == 0 ? "NO" : "SE").Set("version", i);
  }
  const std::vector<std::string> keys(argv + 3, argv + argc);
  const auto ask = [&](std::size_t i) {
    return flags.BoolValue(keys[i % keys.size()], users[i % users.size()], false) ? 1U : 0U;
  };
  const std::size_t count = std::stoul(argv[2]);
  std::size_t on = 0;
  for (std::size_t i = 0; i < count; ++i) on += ask(i);  // whatever is made once is made now
  const std::size_t before = allocations;
  if (!ForbidSystemCalls()) return 4;
  std::size_t quietly = 0;
  for (std::size_t i = 0; i < count; ++i) quietly += ask(i);
  std::array<char, 128> text;
  const int size = std::snprintf(text.data(), text.size(), "{\"allocations\": %zu, \"on\": %zu}\n",
                                 allocations - before, quietly);
  const bool is_told = ::write(STDOUT_FILENO, text.data(), static_cast<std::size_t>(size)) == size;
  ::_exit(is_told && on == quietly ? 0 : 5);
}
