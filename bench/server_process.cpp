#include "bench/server_process.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/figure.h"

namespace pennon::bench {

std::vector<int> Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) Abort("cannot read the processors");
  std::vector<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(i, &set)) processors.push_back(i);
  }
  return processors;
}

void PinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  if (::sched_setaffinity(0, sizeof(set), &set) != 0) Abort("cannot choose a processor");
}

ServerProcess::ServerProcess(int processor, const std::function<void()>& serve) : pid_(::fork()) {
  if (pid_ < 0) Abort("cannot fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    PinTo(processor);
    serve();
    ::_exit(1);
  }
  if (::clock_getcpuclockid(pid_, &clock_) != 0) Abort("cannot read a server's time");
}

ServerProcess::~ServerProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::int64_t ServerProcess::CpuNanos() const {
  timespec now{};
  if (::clock_gettime(clock_, &now) != 0) Abort("a server has ended");
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace pennon::bench
