// Frames on a Unix socket against a bare Asio echo of the same sizes, in turns in the same run.
// Prints figures as lines of JSON.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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
constexpr std::size_t kConnections = 16;
constexpr int kRounds = 11;
constexpr int kEvaluatePasses = 8;
// Header, state of the set, reason, error, source, kind and a variant's name of two bytes.
constexpr std::size_t kAnswerBytes = wire::kFrameHeaderBytes + 30 + 4 + 2 + 2;

volatile std::uint64_t sink;

struct Server {
  Server(const std::string& path, int processor, const Questions& questions,
         const std::string& greeting, const std::function<void()>& serve)
      : process(processor, serve), load(questions, kAnswerBytes) {
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

std::vector<double> PerSecond(std::vector<double> nanos) {
  for (double& one : nanos) one = 1e9 / one;
  return nanos;
}

void ReportClosedLoop(const Scene& scene) {
  const auto frames = PerSecond(scene.frames.wall);
  const auto echo = PerSecond(scene.echo.wall);
  Print({.name = "frames, " + scene.name,
         .unit = "requests/s",
         .value = Median(frames),
         .floor = Median(echo),
         .ratio = MedianRatio(frames, echo),
         .at_least = 0.8});
  Print({.name = "frames, " + scene.name + ", server's CPU",
         .unit = "ns/request",
         .value = Median(scene.frames.cpu),
         .floor = Median(scene.echo.cpu),
         .ratio = MedianRatio(scene.frames.cpu, scene.echo.cpu)});
}

void ReportPipelined(const Scene& scene) {
  const auto report = [&](const std::string& what, const std::vector<double>& frames,
                          const std::vector<double>& echo, std::optional<double> at_most) {
    std::vector<double> floor;
    for (std::size_t i = 0; i < echo.size(); ++i) floor.push_back(echo[i] + scene.evaluate[i]);
    Print({.name = "frames, " + scene.name + ", " + what,
           .unit = "ns/message",
           .value = Median(frames),
           .floor = Median(floor),
           .ratio = MedianRatio(frames, floor),
           .at_most = at_most});
  };
  report("elapsed", scene.frames.wall, scene.echo.wall, 1.5);
  report("server's CPU", scene.frames.cpu, scene.echo.cpu, std::nullopt);
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
  Server frames(frames_path, servers_on, questions, Greeting(),
                [&] { ServeFrames(frames_path, image); });
  Server echo(echo_path, servers_on, questions, "",
              [&] { ServeEcho(echo_path, kRequestBytes, kAnswerBytes); });
  Check(frames.load, questions, image->snapshot());

  std::vector<Scene> scenes;
  scenes.push_back({.name = "1 connection", .shape = {.connections = 1}});
  scenes.push_back(
      {.name = "1 connection, one core", .shape = {.connections = 1}, .one_processor = true});
  scenes.push_back({.name = "16 connections", .shape = {.connections = kConnections}});
  scenes.push_back(
      {.name = "8 connections x 64", .shape = {.connections = 8, .window = 64, .spins = true}});
  for (int round = 0; round < kRounds; ++round) {
    for (Scene& scene : scenes) {
      PinTo(scene.one_processor ? servers_on : client_on);
      Scene::Measure(echo, scene.shape, scene.echo);
      Scene::Measure(frames, scene.shape, scene.frames);
      scene.evaluate.push_back(MeasureEvaluate(questions, image->snapshot()));
    }
  }
  for (const Scene& scene : scenes) {
    if (scene.shape.window == 1) {
      ReportClosedLoop(scene);
    } else {
      ReportPipelined(scene);
    }
  }
}

}  // namespace
}  // namespace pennon::bench

int main() {
  pennon::bench::Run();
  return 0;
}
