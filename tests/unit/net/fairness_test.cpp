// What one connection may take of a round of its worker, in which others have their turn, too.
#include <algorithm>
#include <vector>

#include "tests/unit/net/net_fixture.h"

namespace pennon::net {
namespace {

// Counts the rounds of a worker by a task that posts itself again.
class Rounds {
 public:
  explicit Rounds(WorkerPool& pool) : pool_(pool) { Count(); }
  ~Rounds() {
    auto end = ended_.get_future();
    pool_.Post(0, [this] { is_over_ = true; });
    Get(end);
  }
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  /// To be asked on the worker.
  [[nodiscard]] int now() const { return now_; }

 private:
  void Count() {
    pool_.Post(0, [this] {
      if (is_over_) return ended_.set_value();
      ++now_;
      Count();
    });
  }

  WorkerPool& pool_;
  int now_ = 0;
  bool is_over_ = false;
  std::promise<void> ended_;  // by the last task
};

// Notes the round of each offer that it gets.
class Offers {
 public:
  void Note() { rounds_.push_back(now()); }
  [[nodiscard]] bool IsOneARound() const {
    return std::adjacent_find(rounds_.begin(), rounds_.end()) == rounds_.end();
  }
  [[nodiscard]] std::size_t size() const { return rounds_.size(); }
  std::function<int()> now;

 private:
  std::vector<int> rounds_;
};

// Answers one line an offer.
class HesitantProtocol final : public StreamProtocol {
 public:
  explicit HesitantProtocol(Offers& offers) : offers_(offers) {}
  Progress OnBytes(std::span<char> input, std::string& output) override {
    offers_.Note();
    const std::string_view text(input.data(), input.size());
    Progress progress;
    progress.consumed = text.find('\n') + 1;
    output += text.substr(0, progress.consumed);
    progress.more = text.find('\n', progress.consumed) != std::string_view::npos;
    return progress;
  }

 private:
  Offers& offers_;
};

TEST_CASE("of many requests that came at once a connection is answered a part in each round") {
  Offers offers;
  Served served([&](std::size_t, const Peer&, LateAnswer) {
    return std::make_unique<HesitantProtocol>(offers);
  });
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "line\n";
  {
    const Rounds rounds(served.pool);
    offers.now = [&] { return rounds.now(); };
    const Client client = served.Connect();
    client.Send(lines);
    CHECK(client.Read(lines.size()) == lines);
  }
  CHECK(offers.size() == 100);
  CHECK(offers.IsOneARound());
}

// Consumes whatever comes.
class Sink final : public StreamProtocol {
 public:
  explicit Sink(std::function<void(std::size_t)> on_bytes) : on_bytes_(std::move(on_bytes)) {}
  Progress OnBytes(std::span<char> input, std::string&) override {
    on_bytes_(input.size());
    Progress progress;
    progress.consumed = input.size();
    return progress;
  }

 private:
  std::function<void(std::size_t)> on_bytes_;
};

TEST_CASE("a connection that is flooded is read once in each round") {
  constexpr std::size_t kBytes = std::size_t{50} << 20U;
  Offers offers;
  std::size_t read = 0;
  std::promise<void> done;
  auto end = done.get_future();
  Served served([&](std::size_t, const Peer&, LateAnswer) {
    return std::make_unique<Sink>([&](std::size_t size) {
      offers.Note();
      read += size;
      if (read == kBytes) done.set_value();
    });
  });
  {
    const Rounds rounds(served.pool);
    offers.now = [&] { return rounds.now(); };
    const Client client = served.Connect();
    client.Send(std::string(kBytes, 'x'));
    Get(end);
  }
  CHECK(offers.IsOneARound());
}

}  // namespace
}  // namespace pennon::net
