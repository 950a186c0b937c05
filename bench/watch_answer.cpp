// One caller that asks a daemon for the boolean flag KEY again and again, over its Unix socket:
//   watch_answer SOCKET KEY
// Prints "ready" with the first answer; then, each time another value is answered, the nanoseconds
// of the monotonic clock when the answer was there. Ends with its input.
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

#include "bench/figure.h"
#include "bench/http_text.h"
#include "bench/measure.h"

namespace pennon::bench {
namespace {

constexpr int kAsksBetweenLooks = 100;  // at whether the input has ended

class Caller {
 public:
  Caller(const std::string& socket, const std::string& key)
      : fd_(ConnectHttp(socket)),
        request_(HttpRequest("/ofrep/v1/evaluate/flags/" + key,
                             R"({"context":{"targetingKey":"user-7"}})")) {}

  bool Ask() {
    if (::write(fd_, request_.data(), request_.size()) != static_cast<ssize_t>(request_.size())) {
      Abort("cannot write");
    }
    answer_.clear();
    while (HttpAnswerSize(answer_) == 0) {
      const ssize_t got = ::read(fd_, piece_.data(), piece_.size());
      if (got <= 0) Abort("the daemon has ended");
      answer_.append(piece_.data(), static_cast<std::size_t>(got));
    }
    if (answer_.find(R"("value":true)") != std::string::npos) return true;
    if (answer_.find(R"("value":false)") == std::string::npos) Abort("a wrong answer: " + answer_);
    return false;
  }

 private:
  int fd_;
  const std::string request_;
  std::string answer_;
  std::array<char, 4096> piece_{};
};

bool HasInputEnded() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) != 0;
}

void Watch(const std::string& socket, const std::string& key) {
  Caller caller(socket, key);
  bool value = caller.Ask();
  std::puts("ready");
  std::fflush(stdout);
  while (!HasInputEnded()) {
    for (int i = 0; i < kAsksBetweenLooks; ++i) {
      if (caller.Ask() == value) continue;
      value = !value;
      std::printf("%lld\n", static_cast<long long>(NowNanos()));
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  pennon::bench::Watch(argv[1], argv[2]);
}
