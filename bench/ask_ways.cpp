// One caller that waits for each answer, by one of the three ways to a daemon:
//   ask_ways (mapped | frames | http) (SOCKET | PORT) COUNT [SPIN_US]
//   ask_ways echo SOCKET COUNT SPIN_US
// The last is a bare client of spin_echo, which spins as long as the library is told to.
// Asks for random flags of MakeFlagSet(10,000) for 1,024 users. Prints, as JSON: nanoseconds of an
// evaluation at the median and the 99th percentile, the clock's reading included, and those of all
// without a clock between them; how many were true.
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bench/figure.h"
#include "bench/flag_set.h"
#include "bench/http_text.h"
#include "bench/measure.h"
#include "bench/questions.h"
#include "pennon/client.h"

namespace pennon::bench {
namespace {

constexpr std::size_t kFlags = 10'000;
constexpr std::size_t kUsers = 1024;
constexpr std::size_t kKeys = 1U << 14U;

struct Asked {
  std::vector<std::string> keys;
  std::vector<std::string> users;
};

Asked MakeAsked() {
  Asked asked;
  std::mt19937_64 random(42);
  for (std::size_t i = 0; i < kKeys; ++i) asked.keys.push_back(FlagKey(random() % kFlags));
  for (std::size_t i = 0; i < kUsers; ++i)
    asked.users.push_back("user-" + std::to_string(1000 + i));
  return asked;
}

class Library {
 public:
  Library(const Asked& asked, bool is_mapped, const std::string& socket,
          std::chrono::microseconds spin)
      : asked_(asked), client_(MakeOptions(is_mapped, socket, spin)) {
    for (std::size_t i = 0; i < kUsers; ++i) {
      contexts_.emplace_back(asked.users[i]);
      contexts_.back().Set("country", Country(i));
    }
    if (!client_.WaitReady(std::chrono::seconds(10))) Abort("there are no flags");
    while (is_mapped && client_.Way() != "mapped") std::this_thread::yield();
  }
  bool Ask(std::size_t i) {
    return client_.BoolValue(asked_.keys[i % kKeys], contexts_[i % kUsers], false);
  }

 private:
  static Options MakeOptions(bool is_mapped, const std::string& socket,
                             std::chrono::microseconds spin) {
    Options options;
    options.spin = spin;
    options.socket_path = socket;
    options.mode = is_mapped ? PENNON_AUTO : PENNON_FRAMES;
    options.timeout = std::chrono::seconds(10);  // who waits as long waits for this machine
    return options;
  }

  const Asked& asked_;
  Client client_;
  std::vector<Context> contexts_;
};

class Ofrep {
 public:
  Ofrep(const Asked& asked, const std::string& port) : fd_(ConnectHttp(port)) {
    for (std::size_t i = 0; i < kKeys; ++i) {
      requests_.push_back(HttpRequest("/ofrep/v1/evaluate/flags/" + asked.keys[i],
                                      R"({"context":{"targetingKey":")" + asked.users[i % kUsers] +
                                          R"(","country":")" + Country(i % kUsers) + "\"}}"));
    }
  }
  bool Ask(std::size_t i) {
    const std::string& request = requests_[i % kKeys];
    if (::send(fd_, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size())) {
      Abort("a request cannot be sent");
    }
    std::size_t received = 0;
    do {
      const ssize_t got = ::recv(fd_, answer_.data() + received, answer_.size() - received, 0);
      if (got <= 0) Abort("an answer does not come");
      received += static_cast<std::size_t>(got);
    } while (HttpAnswerSize({answer_.data(), received}) != received);
    return std::string_view(answer_.data(), received).find("\"value\":true") !=
           std::string_view::npos;
  }

 private:
  std::vector<std::string> requests_;
  std::array<char, 4096> answer_;
  int fd_;
};

// Sends what an answer of the library's is asked with, and waits for as many bytes.
class Echo {
 public:
  Echo(const std::string& socket, std::int64_t spin_micros)
      : fd_(ConnectHttp(socket)), spin_nanos_(spin_micros * 1'000) {}
  bool Ask(std::size_t) {
    if (::send(fd_, message_.data(), message_.size(), MSG_NOSIGNAL) != kRequest) {
      Abort("a request cannot be sent");
    }
    const std::int64_t until = NowNanos() + spin_nanos_;
    ssize_t got = -1;
    do {
      got = ::recv(fd_, message_.data(), message_.size(), MSG_DONTWAIT);
    } while (got < 0 && NowNanos() < until);
    if (got < 0) got = ::recv(fd_, message_.data(), message_.size(), 0);
    if (got != kRequest) Abort("an answer does not come");
    return false;
  }

 private:
  static constexpr ssize_t kRequest = kRequestBytes;
  std::array<char, kRequestBytes> message_{};
  int fd_;
  std::int64_t spin_nanos_;
};

template <typename Way>
void Measure(Way& way, std::size_t count) {
  for (std::size_t i = 0; i < count / 10; ++i) way.Ask(i);
  std::vector<double> nanos(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t begin = NowNanos();
    way.Ask(i);
    nanos[i] = static_cast<double>(NowNanos() - begin);
  }
  std::size_t on = 0;
  const std::int64_t begin = NowNanos();
  for (std::size_t i = 0; i < count; ++i) on += way.Ask(i) ? 1 : 0;
  const auto all = static_cast<double>(NowNanos() - begin);
  std::printf("{\"p50\": %.0f, \"p99\": %.0f, \"mean\": %.1f, \"on\": %zu}\n",
              Percentile(nanos, 50), Percentile(nanos, 99), all / static_cast<double>(count), on);
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  using namespace pennon::bench;  // NOLINT(google-build-using-namespace)
  if (argc < 4 || argc > 5) {
    Abort("usage: ask_ways (mapped | frames | http | echo) (SOCKET | PORT) COUNT [SPIN_US]");
  }
  const std::string way = argv[1];
  const Asked asked = MakeAsked();
  const std::size_t count = std::stoul(argv[3]);
  const std::int64_t spin_micros = argc == 5 ? std::stol(argv[4]) : 0;
  if (way == "http") {
    Ofrep ofrep(asked, argv[2]);
    Measure(ofrep, count);
  } else if (way == "echo") {
    Echo echo(argv[2], spin_micros);
    Measure(echo, count);
  } else {
    Library library(asked, way == "mapped", argv[2], std::chrono::microseconds(spin_micros));
    Measure(library, count);
  }
}
