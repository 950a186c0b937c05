// A process that has mapped a daemon's flags, and does nothing but follow them:
//   follower [SOCKET KEY]
// Prints "ready"; then, for each revision that it is told of and an evaluation has answered with,
// the revision and the nanoseconds of the monotonic clock. Ends with its input. Without arguments
// it has no client and only waits; without KEY it is the limit: it is told bytes, not revisions,
// and says when.
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "bench/measure.h"
#include "pennon/client.h"

namespace {

void SayReady() {
  std::puts("ready");
  std::fflush(stdout);
}

int WaitAlone() {
  SayReady();
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, -1) < 0 ? 1 : 0;
}

int FollowBytes(const char* path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return 1;
  SayReady();
  char byte = 0;
  for (int told = 1; ::read(socket, &byte, 1) == 1; ++told) {
    std::printf("%d %lld\n", told, static_cast<long long>(pennon::bench::NowNanos()));
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) return WaitAlone();
  if (argc == 2) return FollowBytes(argv[1]);
  if (argc != 3) return 2;
  pennon::Options options;
  options.socket_path = argv[1];
  pennon::Client flags(options);
  const pennon::Context user("user-7");
  while (flags.Way() != "mapped") std::this_thread::yield();
  flags.OnChange([&](std::uint64_t /*epoch*/, std::uint64_t /*revision*/) {
    const auto answer = flags.BoolDetail(argv[2], user, false);
    std::printf("%llu %lld\n", static_cast<unsigned long long>(answer.revision),
                static_cast<long long>(pennon::bench::NowNanos()));
    std::fflush(stdout);
  });
  SayReady();
  while (true) {
    pollfd waiting[] = {{flags.AsFd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (::poll(waiting, 2, -1) <= 0) continue;
    if (waiting[1].revents != 0) return 0;
    flags.Dispatch();
  }
}
