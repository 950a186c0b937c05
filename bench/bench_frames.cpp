// Frames on a Unix socket against a bare Asio echo of the same sizes, in turns in the same run.
// Prints figures as lines of JSON.
#include <sys/epoll.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "bench/echo_server.h"
#include "bench/figure.h"
#include "bench/flag_set.h"
#include "bench/frame_server.h"
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/questions.h"
#include "bench/server_process.h"
#include "engine/compile.h"
#include "engine/evaluate.h"
#include "tests/support/temp_dir.h"
#include "wire/frame_answer.h"
#include "wire/frame_request.h"

namespace pennon::bench {
namespace {

constexpr std::size_t kFlags = 10'000;
constexpr std::size_t kQuestions = std::size_t{1} << 14U;
constexpr std::size_t kChecked = 4'096;
constexpr std::size_t kConnections = 64;
constexpr std::size_t kBatch = 64;
const int kRounds = Rounds(11);
constexpr int kEvaluatePasses = 8;
constexpr std::size_t kKeyBytes = 13;  // of FlagKey
// In a batch an entry has its key as well.
constexpr std::size_t kBatchBytes =
    wire::kFrameHeaderBytes + 30 + kBatch * (2 + kKeyBytes + 4 + 2 + 2);

volatile std::uint64_t sink;

struct Server {
  Server(const std::string& path, int processor, const std::vector<std::string>& requests,
         std::size_t answer_bytes, const std::string& greeting, const std::function<void()>& serve)
      : process(processor, serve), load(requests, answer_bytes) {
    load.Connect(path, kConnections, greeting);
  }

  ServerProcess process;
  Load load;
};

// One way of asking, and what its rounds gave.
struct Scene {
  struct Series {
    std::vector<double> wall;  // nanoseconds a message
    std::vector<double> cpu;   // … of the server's computing
    std::vector<double> p50;   // of waiting for an answer, nanoseconds
    std::vector<double> p99;
  };

  std::string name;
  LoadShape shape;
  bool one_processor = false;
  Series frames;
  Series echo;
  std::vector<double> evaluate;  // nanoseconds

  static void Measure(Server& server, const LoadShape& shape, Series& series) {
    const std::int64_t cpu = server.process.CpuNanos();
    const LoadResult result = server.load.Run(shape);
    const auto messages = static_cast<double>(result.messages);
    series.wall.push_back(static_cast<double>(result.nanos) / messages);
    series.cpu.push_back(static_cast<double>(server.process.CpuNanos() - cpu) / messages);
    if (result.waits.empty()) return;
    series.p50.push_back(Percentile(result.waits, 50));
    series.p99.push_back(Percentile(result.waits, 99));
  }
};

std::string Greeting() {
  std::string hello;
  wire::AppendHello(hello, 1, {wire::kFrameProtocolVersion, "", "bench"});
  return hello;
}

void Check(Load& load, const Questions& questions, const engine::Snapshot& snapshot) {
  for (std::size_t i = 0; i < kChecked; ++i) {
    const std::string answer = load.Ask(i);
    const auto header = wire::DecodeFrameHeader(answer);
    if (!header || header->type != wire::FrameType::kEvaluation)
      Abort("an answer is no evaluation");
    const auto decoded =
        wire::DecodeEvaluations(*header, std::string_view(answer).substr(wire::kFrameHeaderBytes));
    const auto& question = questions.all()[i];
    const auto expected = engine::Evaluate(snapshot, question.key, *question.context, {});
    if (!decoded || decoded->entries.size() != 1 || decoded->entries[0].reason != expected.reason ||
        decoded->entries[0].variant != expected.variant ||
        (decoded->entries[0].kind == wire::FrameValue::kTrue) != expected.boolean) {
      Abort("an answer over the socket is not the engine's");
    }
  }
}

// Does on its processor what the load does there while it waits for answers. Two processors of one
// core slow each other down: the server's evaluations have this neighbour, so ours must have it
// too.
class WaitingNeighbour {
 public:
  explicit WaitingNeighbour(int processor)
      : thread_([processor](const std::stop_token& stop) {
          PinTo(processor);
          const base::Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
          epoll_event event{};
          while (!stop.stop_requested()) ::epoll_wait(epoll.get(), &event, 1, 0);
        }) {}

 private:
  std::jthread thread_;
};

double MeasureEvaluate(const Questions& questions, const engine::Snapshot& snapshot) {
  std::uint64_t sum = 0;
  const std::int64_t begin = ThreadNanos();
  for (int i = 0; i < kEvaluatePasses; ++i) {
    for (const auto& question : questions.all()) {
      sum += engine::Evaluate(snapshot, question.key, *question.context, {}).boolean ? 1 : 0;
    }
  }
  const std::int64_t end = ThreadNanos();
  sink = sum;
  return static_cast<double>(end - begin) / (kEvaluatePasses * kQuestions);
}

void Report(const std::string& what, const std::vector<double>& frames,
            const std::vector<double>& floor, std::optional<double> at_most) {
  Print({.name = "frames, " + what,
         .unit = "ns",
         .value = Median(frames),
         .floor = Median(floor),
         .ratio = MedianRatio(frames, floor),
         .at_most = at_most});
}

void ReportWaits(const Scene& scene, bool has_budget) {
  const auto limit = [&](double most) { return has_budget ? std::optional(most) : std::nullopt; };
  Report(scene.name + ", p50", scene.frames.p50, scene.echo.p50, limit(1.2));
  Report(scene.name + ", p99", scene.frames.p99, scene.echo.p99, limit(1.5));
}

// Per core: what the server computes for an answer, against what the echo does.
void ReportClosedLoop(const Scene& scene) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < scene.echo.cpu.size(); ++i) {
    ratios.push_back(scene.echo.cpu[i] / scene.frames.cpu[i]);
  }
  Print({.name = "frames, " + scene.name + ", per core",
         .unit = "requests/s",
         .value = 1e9 / Median(scene.frames.cpu),
         .floor = 1e9 / Median(scene.echo.cpu),
         .ratio = Median(ratios),
         .at_least = 0.85});
}

void ReportPipelined(const Scene& scene) {
  std::vector<double> floor;
  for (std::size_t i = 0; i < scene.echo.wall.size(); ++i) {
    floor.push_back(scene.echo.wall[i] + scene.evaluate[i]);
  }
  Report(scene.name + ", beside echo and Evaluate", scene.frames.wall, floor, 1.3);
}

void Run() {
  const auto image = *serving::AttachedImage::Make(engine::Compile(MakeFlagSet(kFlags))->image);
  const Questions questions(kQuestions, kFlags);
  const test::TempDir directory;
  const std::vector<int> processors = Processors();
  const int servers_on = processors.front();
  const int client_on = processors.back();

  const std::string frames_path = directory.File("frames.sock");
  const std::string echo_path = directory.File("echo.sock");
  const auto serve_frames = [&] { ServeFrames(frames_path, image); };
  const std::vector<std::string> requests = questions.Frames();
  Server frames(frames_path, servers_on, requests, kAnswerBytes, Greeting(), serve_frames);
  Server echo(echo_path, servers_on, requests, kAnswerBytes, "",
              [&] { ServeEcho(echo_path, kRequestBytes, kAnswerBytes); });
  Load batches(questions.Batches(kBatch), kBatchBytes);
  batches.Connect(frames_path, 1, Greeting());
  Check(frames.load, questions, image->snapshot());

  const auto shape = [](std::size_t connections, std::size_t window) {
    return LoadShape{.connections = connections, .window = window, .spins = window > 1};
  };
  Scene across{.name = "1 connection, two cores", .shape = shape(1, 1)};
  Scene alone{.name = "1 connection, one core", .shape = shape(1, 1), .one_processor = true};
  Scene many{.name = "64 connections", .shape = shape(kConnections, 1)};
  Scene by_16{.name = "8 connections x 16", .shape = shape(8, 16)};
  Scene by_64{.name = "8 connections x 64", .shape = shape(8, 64)};
  Scene one_by_64{.name = "1 connection x 64", .shape = shape(1, 64)};
  std::vector<double> batch;
  for (int round = 0; round < kRounds; ++round) {
    for (Scene* scene : {&across, &alone, &many, &by_16, &by_64, &one_by_64}) {
      PinTo(scene->one_processor ? servers_on : client_on);
      Scene::Measure(echo, scene->shape, scene->echo);
      Scene::Measure(frames, scene->shape, scene->frames);
      PinTo(servers_on);
      const WaitingNeighbour neighbour(client_on);
      scene->evaluate.push_back(MeasureEvaluate(questions, image->snapshot()));
    }
    const LoadResult result = batches.Run(shape(1, 1));
    batch.push_back(static_cast<double>(result.nanos) /
                    static_cast<double>(result.messages * kBatch));
  }
  ReportWaits(across, false);
  ReportWaits(alone, true);
  ReportClosedLoop(many);
  ReportPipelined(by_16);
  ReportPipelined(by_64);
  Report("batch of 64, a flag, beside pipelined by 64", batch, one_by_64.frames.wall, 1.0);
}

}  // namespace
}  // namespace pennon::bench

int main() {
  pennon::bench::Run();
  return 0;
}
