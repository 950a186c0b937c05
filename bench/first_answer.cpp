// From exec to a daemon's first answer:
//   first_answer SOCKET KEY EXPECTED COMMAND…
// Starts COMMAND, waits for the socket to be moved into place without using a processor meanwhile,
// asks for the flag KEY and ends the command. Prints the milliseconds up to the answer, in which
// EXPECTED and the cache as its source must stand.
#include <poll.h>
#include <spawn.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include "bench/figure.h"
#include "bench/http_text.h"
#include "bench/measure.h"

namespace pennon::bench {
namespace {

constexpr int kPatienceMillis = 30'000;

void AwaitReadable(int fd, const std::string& what) {
  pollfd waiting{fd, POLLIN, 0};
  if (::poll(&waiting, 1, kPatienceMillis) != 1) Abort("there is no " + what);
}

// Tells of what is moved into the folder of `path`.
int WatchFolderOf(const std::filesystem::path& path) {
  const int watch = ::inotify_init1(IN_CLOEXEC);
  if (::inotify_add_watch(watch, path.parent_path().c_str(), IN_MOVED_TO) < 0) {
    Abort("cannot watch the folder of " + path.string());
  }
  return watch;
}

pid_t Start(char** command) {
  pid_t pid = 0;
  if (::posix_spawn(&pid, command[0], nullptr, nullptr, command, environ) != 0) {
    Abort(std::string("cannot start ") + command[0]);
  }
  return pid;
}

std::string Ask(const std::string& socket, const std::string& key) {
  const int fd = ConnectHttp(socket);
  const std::string request =
      HttpRequest("/ofrep/v1/evaluate/flags/" + key, R"({"context":{"targetingKey":"user-7"}})");
  if (::write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size())) {
    Abort("cannot write to " + socket);
  }
  std::string answer;
  std::array<char, 4096> piece{};
  while (!answer.ends_with('}')) {
    AwaitReadable(fd, "answer");
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) Abort("the answer breaks off: " + answer);
    answer.append(piece.data(), static_cast<std::size_t>(got));
  }
  ::close(fd);
  return answer;
}

void End(pid_t pid) {
  int status = 0;
  ::kill(pid, SIGTERM);
  if (::waitpid(pid, &status, 0) != pid || status != 0) Abort("the command did not end well");
}

double MillisToAnswer(const std::string& socket, const std::string& key,
                      const std::string& expected, char** command) {
  const int watch = WatchFolderOf(socket);
  const std::int64_t began = NowNanos();
  const pid_t pid = Start(command);
  while (::access(socket.c_str(), F_OK) != 0) {
    AwaitReadable(watch, "socket");
    std::array<char, 4096> events{};
    if (::read(watch, events.data(), events.size()) <= 0) Abort("cannot watch any more");
  }
  const std::string answer = Ask(socket, key);
  const std::int64_t ended = NowNanos();
  End(pid);
  if (answer.find(expected) == std::string::npos ||
      answer.find("\r\nPennon-Source: cache\r\n") == std::string::npos) {
    Abort("a wrong answer: " + answer);
  }
  return static_cast<double>(ended - began) / 1e6;
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  std::printf("%f\n", pennon::bench::MillisToAnswer(argv[1], argv[2], argv[3], argv + 4));
}
