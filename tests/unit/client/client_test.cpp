// The client against sockets that misbehave; against a real daemon it is tested by tests/contract.
#include "client/client.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <thread>

#include "client/core.h"
#include "client/frame_connection.h"
#include "tests/support/temp_dir.h"
#include "wire/frame_answer.h"
#include "wire/frame_control.h"
#include "wire/frame_request.h"

namespace pennon::client {
namespace {

// Accepts connections one after the other; answers each frame with what `answer` gives ("": hangs
// up).
class FakeDaemon {
 public:
  using Answer = std::function<std::string(const wire::FrameHeader&, int connection)>;
  FakeDaemon(const std::string& path, Answer answer)
      : answer_(std::move(answer)), listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(listener_, 8) == 0);
    thread_ = std::thread([this] { Run(); });
  }
  ~FakeDaemon() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

 private:
  void Run() {
    for (int connection = 0;; ++connection) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      std::string header(wire::kFrameHeaderBytes, '\0');
      while (::recv(fd, header.data(), header.size(), MSG_WAITALL) ==
             static_cast<ssize_t>(header.size())) {
        const auto decoded = wire::DecodeFrameHeader(header);
        std::string payload(decoded->size, '\0');
        if (decoded->size > 0) ::recv(fd, payload.data(), payload.size(), MSG_WAITALL);
        const std::string bytes = answer_(*decoded, connection);
        if (bytes.empty()) break;
        ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      }
      ::close(fd);
    }
  }
  Answer answer_;
  int listener_;
  std::thread thread_;
};

std::string Welcome(std::uint32_t id) {
  std::string frame;
  wire::AppendWelcome(frame, id, {1, "e", "fake"});
  return frame;
}
std::string TrueAnswer(std::uint32_t id) {
  model::Evaluation evaluation;
  evaluation.reason = model::Reason::kStatic;
  evaluation.has_value = true;
  evaluation.boolean = true;
  std::string frame;
  wire::FrameRoom room(frame);
  wire::AppendEvaluation(room, id, wire::kWantMetadata, {}, evaluation, model::Source::kLive);
  return room.Trim();
}
ClientOptions Options(const test::TempDir& dir, std::int64_t timeout = 5'000,
                      std::int64_t spin_micros = 0) {
  ClientOptions options;
  options.spin_micros = spin_micros;
  options.socket_path = dir.File("s");
  options.timeout_millis = timeout;
  options.retry_max_millis = 1;
  return options;
}

}  // namespace

TEST_CASE("without a daemon every call gives the caller's default") {
  const test::TempDir dir;
  Client client(Options(dir));
  const Context user("u");
  CHECK(client.Get("f", user, true));
  CHECK(client.Get("f", user, std::int64_t{7}) == 7);
  CHECK(client.Get("f", user, 2.5) == 2.5);
  CHECK(client.Get("f", user, "text") == "text");
  CHECK(client.Get("f", user, Json{"[1]"}).text == "[1]");
  const auto details = client.GetDetails("f", user, false);
  CHECK(details.reason == model::Reason::kError);
  CHECK(details.error_message.find(dir.File("s")) != std::string::npos);
  CHECK_FALSE(client.Ping().has_value());
  CHECK_FALSE(client.Batch({"f"}, user).has_value());
}

TEST_CASE("a connection that died is made anew within the same call") {
  const test::TempDir dir;
  // The first connection hangs up after one answer, as a daemon does that is restarted.
  int answered = 0;
  const FakeDaemon daemon(dir.File("s"), [&](const wire::FrameHeader& header, int connection) {
    if (header.type == wire::FrameType::kHello) return Welcome(header.id);
    return connection == 0 && answered++ > 0 ? std::string() : TrueAnswer(header.id);
  });
  Client client(Options(dir));
  CHECK(client.Get("f", Context("u"), false));
  CHECK(client.Get("f", Context("u"), false));
}

TEST_CASE("between attempts to connect the last refusal is told, but not as one of now") {
  const test::TempDir dir;
  const FakeDaemon daemon(dir.File("s"), [](const wire::FrameHeader& header, int) {
    std::string frame;
    wire::AppendFrameError(frame, header.id, base::Error::Forbidden("", "not for you"));
    return frame;
  });
  ClientOptions options = Options(dir);
  options.retry_max_millis = 60'000;
  Client client(options);
  auto asked = client.Batch({"f"}, Context("u"));
  REQUIRE_FALSE(asked);
  CHECK(asked.error().code() == base::ErrorCode::kForbidden);
  // On a busy machine the next call may be an attempt, too.
  for (int i = 0; i < 1'000 && asked.error().code() == base::ErrorCode::kForbidden; ++i) {
    asked = client.Batch({"f"}, Context("u"));
    REQUIRE_FALSE(asked);
  }
  CHECK(asked.error().code() == base::ErrorCode::kUnavailable);
  CHECK(asked.error().what() == "not for you");
}

TEST_CASE("answers that are garbage, or another's, are never taken") {
  const std::vector<std::function<std::string(std::uint32_t)>> wrong{
      [](std::uint32_t id) { return TrueAnswer(id + 1); },
      [](std::uint32_t id) { return TrueAnswer(id) + TrueAnswer(id + 1); },
      [](std::uint32_t id) { return Welcome(id); },
      [](std::uint32_t) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\n"); },
      [](std::uint32_t id) { return TrueAnswer(id).replace(8, 4, "\xff\xff\xff\xff"); },
      [](std::uint32_t id) {
        std::string frame;
        wire::FrameWriter(frame, wire::FrameType::kEvaluation, 0, id).Put(std::uint8_t{1});
        return frame;
      }};
  for (const auto& answer : wrong) {
    const test::TempDir dir;
    const FakeDaemon daemon(dir.File("s"), [&](const wire::FrameHeader& header, int) {
      return header.type == wire::FrameType::kHello ? Welcome(header.id) : answer(header.id);
    });
    Client client(Options(dir));
    const auto details = client.GetDetails("f", Context("u"), false);
    CHECK_FALSE(details.value);
    CHECK(details.error != model::EvaluationError::kNone);
  }
}

TEST_CASE("an answer is the same whether a call sleeps or spins until it comes") {
  for (const std::int64_t spin_micros : {0, 1, 1'000}) {
    const test::TempDir dir;
    const FakeDaemon daemon(dir.File("s"), [](const wire::FrameHeader& header, int) {
      return header.type == wire::FrameType::kHello ? Welcome(header.id) : TrueAnswer(header.id);
    });
    Client client(Options(dir, 5'000, spin_micros));
    for (int i = 0; i < 100; ++i) {
      const auto details = client.GetDetails("f", Context("u"), false);
      CHECK(details.value);
      CHECK(details.error == model::EvaluationError::kNone);
    }
  }
}

TEST_CASE("a daemon that does not answer costs the deadline and no more") {
  const test::TempDir dir;
  const FakeDaemon daemon(dir.File("s"), [](const wire::FrameHeader& header, int) {
    return header.type == wire::FrameType::kHello ? Welcome(header.id) : std::string(1, '\xf5');
  });
  for (const std::int64_t spin_micros : {0, 1'000}) {
    Client client(Options(dir, 20, spin_micros));
    const auto details = client.GetDetails("f", Context("u"), true);
    CHECK(details.value);
    CHECK(details.error_message.find("in time") != std::string::npos);
  }
}

TEST_CASE("an asynchronous call that waited for another one has what is left of its time") {
  const test::TempDir dir;
  constexpr std::int64_t kTimeout = 1'000;
  int asked = 0;
  const FakeDaemon daemon(dir.File("s"), [&](const wire::FrameHeader& header, int connection) {
    if (header.type == wire::FrameType::kHello) return Welcome(header.id);
    if (connection > 0 || asked++ > 0) return std::string(1, '\xf5');  // the rest never comes
    ::poll(nullptr, 0, kTimeout * 9 / 10);
    return TrueAnswer(header.id);
  });
  CoreOptions options;
  options.keeper.client = Options(dir, kTimeout);
  options.keeper.maps = false;
  PrepareReaders();
  Core core(std::move(options));
  int answers = 0;
  const Deadline begun = DeadlineIn(0);
  for (int i = 0; i < 2; ++i) {
    core.EvaluateAsync("f", Context(), model::ValueType::kBoolean, [&](Answer&) { ++answers; });
  }
  while (answers < 2) {
    pollfd waiting{core.completions().fd(), POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, 60'000) == 1);
    core.completions().Run();
  }
  CHECK(DeadlineIn(0) - begun < kTimeout * 3 / 2);
}

TEST_CASE("a listener that is taken away is not told of the change that waits for it") {
  const test::TempDir dir;
  const FakeDaemon daemon(dir.File("s"), [&](const wire::FrameHeader& header, int) {
    if (header.type == wire::FrameType::kHello) return Welcome(header.id);
    std::string frame;
    wire::AppendChanged(frame, header.id,
                        {1, 1, model::Source::kLive, wire::ChangeScope::kAll, "1", {}});
    return frame;
  });
  CoreOptions options;
  options.keeper.client = Options(dir);
  options.keeper.maps = false;
  Core core(std::move(options));
  int first = 0;
  int second = 0;
  core.OnChange([&](std::uint64_t, std::uint64_t) { ++first; });
  pollfd due{core.completions().fd(), POLLIN, 0};
  REQUIRE(::poll(&due, 1, 60'000) == 1);
  SUBCASE("by nobody") {
    core.OnChange(nullptr);
    core.completions().Run();
  }
  SUBCASE("by another, who is told in its place") {
    core.OnChange([&](std::uint64_t, std::uint64_t) { ++second; });
    core.completions().Run();
    CHECK(second == 1);
  }
  CHECK(first == 0);
}

TEST_CASE("a flag of another type is a mismatch, and the default is kept") {
  const test::TempDir dir;
  const FakeDaemon daemon(dir.File("s"), [](const wire::FrameHeader& header, int) {
    return header.type == wire::FrameType::kHello ? Welcome(header.id) : TrueAnswer(header.id);
  });
  Client client(Options(dir));
  const auto details = client.GetDetails("f", Context("u"), std::string("default"));
  CHECK(details.value == "default");
  CHECK(details.error == model::EvaluationError::kTypeMismatch);
}

TEST_CASE("frames of one answer that come at once are told one by one by the descriptor") {
  const test::TempDir dir;
  const FakeDaemon daemon(dir.File("s"), [](const wire::FrameHeader& header, int) {
    return TrueAnswer(header.id) + TrueAnswer(header.id);
  });
  FrameConnection connection;
  const Deadline deadline = DeadlineIn(5'000);
  REQUIRE(connection.Connect(dir.File("s"), deadline));
  std::string request;
  wire::AppendSubscribe(request, 7, "");
  REQUIRE(connection.Begin(request, 7, wire::FrameType::kEvaluation, deadline));
  pollfd waiting{connection.fd(), POLLIN, 0};
  CHECK(::poll(&waiting, 1, 0) == 1);
  CHECK(connection.Next(7, wire::FrameType::kEvaluation, deadline));
  CHECK(::poll(&waiting, 1, 0) == 0);
}

TEST_CASE("requests over the limits are refused before they are sent") {
  const test::TempDir dir;
  Client client(Options(dir));
  const auto batch = client.Batch(std::vector<std::string_view>(1001, "f"), Context());
  REQUIRE(!batch);
  CHECK(batch.error().code() == base::ErrorCode::kLimit);
  Context large;
  large.SetJson("a", model::Array(10'000, model::Value(1)));
  CHECK(client.GetDetails("f", large, false).error == model::EvaluationError::kInvalidContext);
}

}  // namespace pennon::client
