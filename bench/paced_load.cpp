// An even load on a daemon's Unix socket, in windows:
//   paced_load SOCKET FLAGS RATE CONNECTIONS
// For each line of standard input, a number of seconds, it asks for random ones of the first FLAGS
// flags of MakeFlagSet, RATE times a second, and prints as JSON what percentiles of the waits were,
// in nanoseconds from the instant at which a request was due.
#include <cstdio>
#include <iostream>
#include <string>

#include "bench/figure.h"
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/questions.h"
#include "wire/frame_request.h"

namespace pennon::bench {
namespace {

constexpr std::size_t kQuestions = std::size_t{1} << 16U;

std::string Greeting() {
  std::string hello;
  wire::AppendHello(hello, 1, {wire::kFrameProtocolVersion, "", "bench"});
  return hello;
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  using namespace pennon::bench;  // NOLINT(google-build-using-namespace)
  if (argc != 5) Abort("usage: paced_load SOCKET FLAGS RATE CONNECTIONS");
  const Questions questions(kQuestions, std::stoul(argv[2]));
  const double rate = std::stod(argv[3]);
  Load load(questions.Frames(), kAnswerBytes);
  load.Connect(argv[1], std::stoul(argv[4]), Greeting());
  for (std::string line; std::getline(std::cin, line);) {
    const LoadResult result = load.RunPaced(rate, std::stod(line));
    std::printf("{\"p50\": %.0f, \"p99\": %.0f, \"p999\": %.0f, \"max\": %.0f}\n",
                Percentile(result.waits, 50), Percentile(result.waits, 99),
                Percentile(result.waits, 99.9), Percentile(result.waits, 100));
    std::fflush(stdout);
  }
}
