// Processes that live for one question, two at a time:
//   short_lived PROCESSES [SOCKET KEY]
// Each opens a client, evaluates the flag KEY in its own process and ends; without SOCKET it ends
// at once, which is what a process costs. Prints the seconds that all took together.
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/figure.h"
#include "bench/measure.h"
#include "pennon/client.h"

namespace pennon::bench {
namespace {

constexpr int kAtOnce = 2;
constexpr char kOne[] = "one";

int AskOnce(int argc, char** argv) {
  if (argc == 2) return 0;
  Options options;
  options.socket_path = argv[2];
  options.timeout = std::chrono::seconds(10);
  Client flags(options);
  if (!flags.WaitReady(std::chrono::seconds(10)) || flags.Way() != "mapped") return 1;
  return flags.BoolDetail(argv[3], Context("user-7"), false).revision > 0 ? 0 : 1;
}

void Await(int& running) {
  int status = 0;
  if (::wait(&status) < 0 || status != 0) Abort("a process did not get its answer");
  --running;
}

double Run(int processes, int argc, char** argv) {
  std::string one = kOne;
  char* arguments[] = {argv[0], one.data(), argc > 2 ? argv[2] : nullptr,
                       argc > 2 ? argv[3] : nullptr, nullptr};
  int running = 0;
  const std::int64_t began = NowNanos();
  for (int i = 0; i < processes; ++i) {
    if (running == kAtOnce) Await(running);
    pid_t pid = 0;
    if (::posix_spawn(&pid, argv[0], nullptr, nullptr, arguments, environ) != 0) {
      Abort("a process cannot be started");
    }
    ++running;
  }
  while (running > 0) Await(running);
  return static_cast<double>(NowNanos() - began) / 1e9;
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) return 2;
  if (std::string(argv[1]) == pennon::bench::kOne) return pennon::bench::AskOnce(argc, argv);
  std::printf("%f\n", pennon::bench::Run(std::atoi(argv[1]), argc, argv));
}
