// What the buffers of all connections may take together.
#include "net/memory_budget.h"

#include "net/worker.h"
#include "tests/unit/net/net_fixture.h"

namespace pennon::net {
namespace {

using Progress = StreamProtocol::Progress;

struct Budget {
  static constexpr std::size_t kBytes = std::size_t{100} * 1024;
  static constexpr std::size_t kEachBytes = std::size_t{48} * 1024;  // of 64 KiB, beyond 16
  const std::string line = std::string(std::size_t{60} * 1024, 'x') + '\n';
  std::shared_ptr<MemoryBudget> memory = std::make_shared<MemoryBudget>(kBytes);
  ConnectionLimits limits;
  Budget() {
    limits.memory = memory;
    limits.message_deadline_millis = 0;  // what is unfinished stays
  }
  /// The server may close meanwhile.
  void Begin(const Client& client) const {
    (void)::send(client.fd(), line.data(), line.size() - 1, MSG_NOSIGNAL);
  }
  void WaitFor(std::size_t bytes) const {
    Eventually([&] { return memory->used() == bytes; });
  }
};

TEST_CASE_FIXTURE(Budget, "what is sent unasked and nobody reads leaves half for requests") {
  std::promise<LateAnswer> suspended;
  auto late = suspended.get_future();
  const Served served(
      [&](std::size_t, const Peer&, LateAnswer given) {
        return std::make_unique<LineProtocol>([&, given](std::string_view text, std::string& output,
                                                         StreamProtocol::Progress& progress) {
          if (text != "follow\n") return Echo(text, output, progress);
          progress.suspended = true;
          suspended.set_value(given);
        });
      },
      limits);
  const Client follower = served.Connect();
  follower.Send("follow\n");
  const LateAnswer push = Get(late);
  // More than the kernel takes: the rest is held, until it is too much.
  Eventually([&] {
    push.Push(std::string(kBytes / 8, 'x'));
    CHECK(memory->used() <= kBytes / 2);
    return memory->refused() > 0;
  });
  Eventually([&] { return memory->used() == 0; });
  const Client client = served.Connect();
  client.Send(line);
  CHECK(client.Read(line.size()) == line);
}

TEST_CASE_FIXTURE(Budget, "who would hold too much, with all others together, is closed") {
  const Served served(Lines(Echo), limits);
  const Client first = served.Connect();
  Client second = served.Connect();
  Begin(first);
  WaitFor(kEachBytes);
  Begin(second);
  WaitFor(2 * kEachBytes);
  const Client third = served.Connect();
  Begin(third);
  CHECK(third.Read(1).empty());
  CHECK(memory->refused() == 1);
  first.Send("\n");
  CHECK(first.Read(line.size()) == line);
  second.Close();
  WaitFor(0);
  CHECK(memory->refused() == 1);
}

TEST_CASE_FIXTURE(Budget, "a connection that has become idle gives its large buffer back") {
  const Served served(Lines(Echo), limits);
  const Client client = served.Connect();
  for (int round = 0; round < 2; ++round) {
    Begin(client);
    WaitFor(kEachBytes);
    client.Send("\n");
    CHECK(client.Read(line.size()) == line);
    WaitFor(0);
  }
}

// Consumes what it does not understand yet, as TLS does; a line is answered by its size.
class KeepingProtocol final : public StreamProtocol {
 public:
  Progress OnBytes(std::span<char> input, std::string& output) override {
    kept_.append(input.begin(), input.end());
    Progress progress;
    progress.consumed = input.size();
    if (kept_.ends_with('\n')) {
      output += std::to_string(kept_.size()) + '\n';
      kept_.clear();
      progress.advanced = true;
    }
    progress.kept = kept_.size();
    return progress;
  }

 private:
  std::string kept_;
};

TEST_CASE_FIXTURE(Budget, "what a protocol keeps of unfinished messages is held as well") {
  const Served served([](std::size_t, const Peer&,
                         const LateAnswer&) { return std::make_unique<KeepingProtocol>(); },
                      limits);
  const std::size_t each = line.size() - 1 - kFirstInputBytes;
  Client first = served.Connect();
  const Client second = served.Connect();
  Begin(first);
  WaitFor(each);
  Begin(second);
  WaitFor(2 * each);
  const Client third = served.Connect();
  Begin(third);
  CHECK(third.Read(1).empty());
  CHECK(memory->refused() == 1);
  first.Close();
  WaitFor(each);
  second.Send("\n");
  CHECK(second.Read(6) == "61441\n");
  WaitFor(0);
}

}  // namespace
}  // namespace pennon::net
