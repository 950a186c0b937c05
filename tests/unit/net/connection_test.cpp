// One connection: late answers, half-close, back-pressure, deadlines, growing input.
#include "net/connection.h"

#include <atomic>
#include <thread>

#include "tests/unit/net/net_fixture.h"

namespace pennon::net {
namespace {

using Progress = StreamProtocol::Progress;

// "late…" is answered late and from another thread, whatever else by itself.
ProtocolFactory LateLines(std::function<void(std::function<void()>)> run) {
  return [run](std::size_t, const Peer&, LateAnswer late) {
    return std::make_unique<LineProtocol>(
        [run, late](std::string_view line, std::string& output, Progress& progress) {
          if (!line.starts_with("late")) return Echo(line, output, progress);
          progress.suspended = true;
          run([late, text = std::string(line)] { late(text, text == "late close\n"); });
        });
  };
}

const std::string kMixed = "a\nlate b\nc\nlate d\nlate e\nf\n";

TEST_CASE("a late answer keeps its place among pipelined messages") {
  SUBCASE("given on the worker before OnBytes has returned") {
    Served served(LateLines([](const std::function<void()>& answer) { answer(); }));
    const Client client = served.Connect();
    client.Send(kMixed);
    CHECK(client.Read(kMixed.size()) == kMixed);
  }
  SUBCASE("given on another thread before OnBytes has returned") {
    Served served(
        LateLines([](const std::function<void()>& answer) { std::thread(answer).join(); }));
    const Client client = served.Connect();
    client.Send(kMixed);
    CHECK(client.Read(kMixed.size()) == kMixed);
  }
  SUBCASE("given on another thread at any time") {
    std::vector<std::thread> threads;
    {
      Served served(LateLines(
          [&](std::function<void()> answer) { threads.emplace_back(std::move(answer)); }));
      const Client client = served.Connect();
      client.Send(kMixed);
      CHECK(client.Read(kMixed.size()) == kMixed);
    }
    for (std::thread& thread : threads) thread.join();
  }
}

TEST_CASE("a late answer may end the connection") {
  Served served(LateLines([](const std::function<void()>& answer) { answer(); }));
  const Client client = served.Connect();
  client.Send("late close\nnot answered\n");
  CHECK(client.ReadToEnd() == "late close\n");
}

TEST_CASE("the largest body that can be allowed comes in, whatever is around it") {
  constexpr std::size_t kMessageBytes = (std::size_t{64} << 20U) + 1'000;  // limits.request_body
  class Counting final : public StreamProtocol {
    Progress OnBytes(std::span<char> input, std::string& output) override {
      if (input.size() < kMessageBytes) return {};
      output = "all";
      return {.consumed = input.size()};
    }
  };
  Served served(
      [](std::size_t, const Peer&, const LateAnswer&) { return std::make_unique<Counting>(); });
  const Client client = served.Connect();
  const std::string part(kMessageBytes / 8, 'x');
  for (int i = 0; i < 8; ++i) client.Send(part);
  CHECK(client.Read(3) == "all");
}

TEST_CASE("a peer that reads its pieces gets each, also one of more than max_output_bytes") {
  ConnectionLimits limits;
  limits.max_output_bytes = 100;
  std::promise<LateAnswer> suspended;
  auto late = suspended.get_future();
  Served served(
      [&](std::size_t, const Peer&, LateAnswer given) {
        return std::make_unique<LineProtocol>(
            [&, given](std::string_view, std::string&, StreamProtocol::Progress& progress) {
              progress.suspended = true;
              suspended.set_value(given);
            });
      },
      limits);
  const Client client = served.Connect();
  client.Send("question\n");
  const LateAnswer answer = Get(late);
  const std::string piece(10'000, 'x');
  for (int i = 0; i < 3; ++i) {
    answer.Push(piece);
    CHECK(client.Read(piece.size()) == piece);
  }
  answer("end", true);
  CHECK(client.ReadToEnd() == "end");
}

TEST_CASE("a protocol ends on its worker, though a late answer is given elsewhere meanwhile") {
  for (int round = 0; round < 50; ++round) {
    std::promise<std::thread::id> ended;
    std::promise<LateAnswer> suspended;
    std::promise<std::thread::id> worker;
    auto end = ended.get_future();
    auto late = suspended.get_future();
    auto worker_id = worker.get_future();
    Served served([&](std::size_t, const Peer&, LateAnswer given) {
      worker.set_value(std::this_thread::get_id());
      return std::make_unique<LineProtocol>(
          [&, given](std::string_view, std::string&, Progress& progress) {
            progress.suspended = true;
            suspended.set_value(given);
          },
          [&] { ended.set_value(std::this_thread::get_id()); });
    });
    Client client = served.Connect();
    client.Send("question\n");
    const LateAnswer answer = Get(late);
    std::thread other([&] { answer("a", true); });
    served.pool.Stop(0);
    other.join();
    CHECK(Get(end) == Get(worker_id));
  }
}

TEST_CASE("a peer that goes away while it waits is noticed, one that only ended its side is not") {
  std::promise<LateAnswer> half_asked;
  std::promise<void> asked;
  std::promise<void> ended;
  auto half_is_asked = half_asked.get_future();
  auto is_asked = asked.get_future();
  auto is_ended = ended.get_future();
  Served served([&](std::size_t, const Peer&, LateAnswer late) {
    const auto is_half = std::make_shared<bool>(false);
    return std::make_unique<LineProtocol>(
        [&, late, is_half](std::string_view line, std::string&, Progress& progress) {
          progress.suspended = true;
          *is_half = line == "half\n";
          *is_half ? half_asked.set_value(late) : asked.set_value();
        },
        [&, is_half] {
          if (!*is_half) ended.set_value();
        });
  });
  const Client half = served.Connect();
  half.Send("half\n");
  half.EndWriting();
  const LateAnswer answer = Get(half_is_asked);
  Client whole = served.Connect();
  whole.Send("whole\n");
  Get(is_asked);
  whole.Close();
  Get(is_ended);  // so the other one was looked at as well
  answer("late\n", true);
  CHECK(half.ReadToEnd() == "late\n");
}

TEST_CASE(
    "what was received before the peer ended its side is answered, then the connection ends") {
  Served served(LateLines([](const std::function<void()>& answer) { answer(); }));
  const Client client = served.Connect();
  client.Send("a\nlate b\nc\nunfinished");
  client.EndWriting();
  CHECK(client.ReadToEnd() == "a\nlate b\nc\n");
}

TEST_CASE("the answer that closes reaches a peer that is still sending") {
  const auto port = ListenTcp("127.0.0.1", 0);
  REQUIRE(port);
  WorkerPool pool(1);
  const Listener& listener =
      pool.Serve(*port, {}, Lines([](auto, std::string& output, auto& progress) {
        output += "go away\n";
        progress.close = true;
      }));
  pool.Start();
  const Client client = Client::Tcp(listener.port());
  client.Send("first\n" + std::string(3'000'000, 'x'));
  CHECK(client.ReadToEnd() == "go away\n");
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("a message of many megabytes is received whole, and small ones after it") {
  Served served(Lines([](std::string_view line, std::string& output, auto&) {
    output += std::to_string(line.size()) + '\n';
  }));
  const Client client = served.Connect();
  for (int round = 0; round < 2; ++round) {
    client.Send(std::string(20'000'000, 'x') + "\nab\n");
    CHECK(client.Read(11) == "20000001\n3\n");
  }
}

// Counts what answers of one megabyte wait for a peer that has not read them.
class Waiting {
 public:
  static constexpr std::size_t kAnswerBytes = std::size_t{1} << 20U;
  static constexpr std::size_t kAnswers = 64;

  void Answer(std::string& output) {
    output.append(kAnswerBytes, 'x');
    made_ += kAnswerBytes;
    most_ = std::max(most_.load(), made_ - read_);
  }
  void ReadAll(const Client& client) {
    constexpr std::size_t kPiece = kAnswerBytes / 16;
    for (; read_ < kAnswers * kAnswerBytes; read_ += kPiece) {
      REQUIRE(client.Read(kPiece).size() == kPiece);
    }
  }
  [[nodiscard]] std::size_t made() const { return made_; }
  [[nodiscard]] std::size_t most() const { return most_; }

 private:
  std::atomic<std::size_t> read_{0};
  std::atomic<std::size_t> made_{0};
  std::atomic<std::size_t> most_{0};
};

constexpr std::size_t kSocketBytes = std::size_t{1} << 20U;  // more than the kernel keeps for us

TEST_CASE("a protocol that pauses for the output is asked again when there is room") {
  Waiting waiting;
  ConnectionLimits limits;
  limits.max_output_bytes = 2 * Waiting::kAnswerBytes;
  Served served(Lines([&](auto, std::string& output, auto&) { waiting.Answer(output); }), limits);
  const Client client = served.Connect();
  std::string requests;
  for (std::size_t i = 0; i < Waiting::kAnswers; ++i) requests += "big\n";
  client.Send(requests);
  waiting.ReadAll(client);
  CHECK(waiting.made() == Waiting::kAnswers * Waiting::kAnswerBytes);
  CHECK(waiting.most() <= limits.max_output_bytes + Waiting::kAnswerBytes + kSocketBytes);
}

// Answers all there is, whatever the size of the output.
class UnpausedProtocol final : public StreamProtocol {
 public:
  explicit UnpausedProtocol(Waiting& waiting) : waiting_(waiting) {}
  Progress OnBytes(std::span<char> input, std::string& output) override {
    Progress progress;
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (input[i] != '\n') continue;
      waiting_.Answer(output);
      progress.consumed = i + 1;
    }
    return progress;
  }

 private:
  Waiting& waiting_;
};

TEST_CASE("while answers over max_output_bytes wait for the peer, nothing more is read") {
  Waiting waiting;
  ConnectionLimits limits;
  limits.max_output_bytes = 2 * Waiting::kAnswerBytes;
  Served served([&](std::size_t, const Peer&,
                    LateAnswer) { return std::make_unique<UnpausedProtocol>(waiting); },
                limits);
  const Client client = served.Connect();
  std::thread sending([&] {
    const std::string request = std::string(60'000, 'x') + '\n';
    for (std::size_t i = 0; i < Waiting::kAnswers; ++i) client.Send(request);
  });
  // Turns of the worker's loop, in each of which it could read what it must not.
  for (int i = 0; i < 500; ++i) {
    std::promise<void> turned;
    auto turn = turned.get_future();
    served.pool.Post(0, [&] { turned.set_value(); });
    Get(turn);
  }
  waiting.ReadAll(client);
  sending.join();
  CHECK(waiting.made() == Waiting::kAnswers * Waiting::kAnswerBytes);
  CHECK(waiting.most() <= limits.max_output_bytes + 3 * Waiting::kAnswerBytes + kSocketBytes);
}

struct Ended {
  std::promise<void> promise;
  std::future<void> future = promise.get_future();
  ProtocolFactory factory(LineProtocol::OnLine on_line) {
    return [this, on_line](std::size_t, const Peer&, LateAnswer) {
      return std::make_unique<LineProtocol>(on_line, [this] { promise.set_value(); });
    };
  }
};

TEST_CASE("a peer that reads nothing for write_deadline_millis loses the connection") {
  Ended ended;
  ConnectionLimits limits;
  limits.write_deadline_millis = 1;
  Served served(
      ended.factory([](auto, std::string& output, auto&) { output.append(8'000'000, 'x'); }),
      limits);
  const Client client = served.Connect();
  client.Send("big\n");
  Get(ended.future);
}

TEST_CASE("a message that stays unfinished for message_deadline_millis ends the connection") {
  ConnectionLimits limits;
  limits.message_deadline_millis = 1;
  Served served(Lines(Echo), limits);
  const Client idle = served.Connect();
  const Client client = served.Connect();
  client.Send("whole\nunfinished");
  CHECK(client.ReadToEnd() == "whole\n");
  idle.Send("still here\n");
  CHECK(idle.Read(11) == "still here\n");
}

TEST_CASE("a message that waits for a slow handler is not unfinished") {
  std::promise<std::function<void()>> waiting;
  auto wait = waiting.get_future();
  ConnectionLimits limits;
  limits.message_deadline_millis = 1;
  Served served(
      LateLines([&](std::function<void()> answer) { waiting.set_value(std::move(answer)); }),
      limits);
  const Client slow = served.Connect();
  slow.Send("late\nbeh");
  const auto answer = Get(wait);
  const Client unfinished = served.Connect();
  unfinished.Send("x");
  CHECK(unfinished.ReadToEnd().empty());  // so the deadline has passed for whom it applies
  slow.Send("ind\n");
  answer();
  CHECK(slow.Read(12) == "late\nbehind\n");
}

TEST_CASE("a connection without traffic ends after idle_deadline_millis, if there is one") {
  ConnectionLimits limits;
  limits.idle_deadline_millis = 1;
  Served served(Lines(Echo), limits);
  const Client client = served.Connect();
  client.Send("a\n");
  CHECK(client.ReadToEnd() == "a\n");
}

}  // namespace
}  // namespace pennon::net
