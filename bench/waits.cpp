// One caller that waits for each answer, with questions from a file, by one way:
//   waits (mapped | frames | http | echo) (SOCKET | PORT) FILE COUNT
// FILE has a question a line: path, tab, {"context": {…}}; the path ends in the flag's key. Of
// `echo`, which answers with a request's own first bytes, nothing but time is of interest. Asks
// each question once, and then COUNT of them. Prints, as JSON: nanoseconds of an evaluation at the
// median, the 99th and the 999th of 1,000, the clock's reading included, those of all without a
// clock between them, and the answers of the first pass as digits.
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "bench/figure.h"
#include "bench/http_text.h"
#include "bench/measure.h"
#include "pennon/client.h"
#include "wire/json.h"

namespace pennon::bench {
namespace {

constexpr std::size_t kAnswerBytes = 16 * 1024;
constexpr std::chrono::seconds kPatience{10};

struct Question {
  std::string path;
  std::string body;
};

std::vector<Question> ReadQuestions(const char* path) {
  std::vector<Question> questions;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) Abort("a line of the file has no tab");
    questions.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  if (questions.empty()) Abort("there are no questions in the file");
  return questions;
}

class Library {
 public:
  Library(const std::vector<Question>& questions, bool is_mapped, const std::string& socket)
      : client_(MakeOptions(is_mapped, socket)) {
    for (const Question& question : questions) {
      keys_.push_back(question.path.substr(question.path.rfind('/') + 1));
      const auto body = wire::ReadJson(question.body);
      const model::Value* const given = body ? body->Find("context") : nullptr;
      if (given == nullptr || given->AsObject() == nullptr) Abort("a question has no context");
      contexts_.push_back(MakeContext(*given));
    }
    if (!client_.WaitReady(kPatience)) Abort("there are no flags");
    while (is_mapped && client_.Way() != "mapped") std::this_thread::yield();
  }
  bool Ask(std::size_t i) { return client_.BoolValue(keys_[i], contexts_[i], false); }

 private:
  static Context MakeContext(const model::Value& given) {
    Context context(*given.Find("targetingKey")->AsString());
    for (const auto& [name, value] : *given.AsObject()) {
      std::string text;
      AppendJson(text, value);
      if (name != "targetingKey") context.SetJson(name, text);
    }
    return context;
  }
  static Options MakeOptions(bool is_mapped, const std::string& socket) {
    Options options;
    options.socket_path = socket;
    options.mode = is_mapped ? PENNON_AUTO : PENNON_FRAMES;
    options.timeout = kPatience;  // what waits here is the machine's fault
    return options;
  }

  Client client_;
  std::vector<std::string> keys_;
  std::vector<Context> contexts_;
};

class Connection {
 public:
  // `is_echo`: each answer is as long as its request.
  Connection(const std::vector<Question>& questions, const std::string& target, bool is_echo)
      : is_echo_(is_echo), fd_(ConnectHttp(target)) {
    for (const Question& question : questions) {
      requests_.push_back(HttpRequest(question.path, question.body));
    }
  }
  bool Ask(std::size_t i) {
    const std::string& request = requests_[i];
    if (::send(fd_, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size())) {
      Abort("a request cannot be sent");
    }
    std::size_t received = 0;
    std::size_t wanted = is_echo_ ? request.size() : 0;
    do {
      const ssize_t got = ::recv(fd_, answer_.data() + received, answer_.size() - received, 0);
      if (got <= 0) Abort("an answer does not come");
      received += static_cast<std::size_t>(got);
      if (!is_echo_) wanted = HttpAnswerSize({answer_.data(), received});
    } while (wanted == 0 || received < wanted);
    return std::string_view(answer_.data(), received).find("\"value\":true") !=
           std::string_view::npos;
  }

 private:
  std::vector<std::string> requests_;
  std::array<char, kAnswerBytes> answer_;
  bool is_echo_;
  int fd_;
};

// That this process has computed, in all its threads.
std::int64_t ProcessNanos() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

template <typename Way>
void Measure(Way& way, std::size_t questions, std::size_t count) {
  std::string answers;
  for (std::size_t i = 0; i < questions; ++i) answers += way.Ask(i) ? '1' : '0';
  std::size_t differ = 0;
  std::vector<double> nanos(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t begin = NowNanos();
    const bool answer = way.Ask(i % questions);
    nanos[i] = static_cast<double>(NowNanos() - begin);
    differ += answer == (answers[i % questions] == '1') ? 0 : 1;
  }
  const std::int64_t begin = ProcessNanos();
  for (std::size_t i = 0; i < count; ++i) {
    differ += way.Ask(i % questions) == (answers[i % questions] == '1') ? 0 : 1;
  }
  const auto all = static_cast<double>(ProcessNanos() - begin);
  // A client that gives up on a daemon answers with defaults, and fast.
  if (differ != 0) Abort(std::to_string(differ) + " answers changed while they were timed");
  std::printf(
      "{\"p50\": %.0f, \"p99\": %.0f, \"p999\": %.0f, \"computed\": %.1f, \"answers\": \"%s\"}\n",
      Percentile(nanos, 50), Percentile(nanos, 99), Percentile(nanos, 99.9),
      all / static_cast<double>(count), answers.c_str());
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  using namespace pennon::bench;  // NOLINT(google-build-using-namespace)
  if (argc != 5) Abort("usage: waits (mapped | frames | http | echo) (SOCKET | PORT) FILE COUNT");
  const std::string way = argv[1];
  const std::vector<Question> questions = ReadQuestions(argv[3]);
  const std::size_t count = std::stoul(argv[4]);
  if (way == "http" || way == "echo") {
    Connection connection(questions, argv[2], way == "echo");
    Measure(connection, questions.size(), count);
  } else {
    Library library(questions, way == "mapped", argv[2]);
    Measure(library, questions.size(), count);
  }
}
