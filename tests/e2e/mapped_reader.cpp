// Evaluates from several threads while revisions are published, and says what was wrong: the value
// of the flags `a` and `b` is the revision that they are of.
// mapped_reader SOCKET THREADS EVALUATIONS REVISION: until there were so many, and that revision.
#include <poll.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "pennon/client.h"

namespace {

constexpr int kBatchEvery = 64;
constexpr int kHandleEvery = 4;

struct Findings {
  std::atomic<std::uint64_t> evaluations{0};
  std::atomic<std::uint64_t> torn{0};       // not all of one revision
  std::atomic<std::uint64_t> backwards{0};  // older than this thread has seen
  std::atomic<std::uint64_t> stale{0};      // older than what everybody was told before
  std::atomic<std::uint64_t> failed{0};
};

class Reader {
 public:
  Reader(pennon::Client& flags, const std::atomic<std::uint64_t>& told, Findings& findings)
      : flags_(flags), told_(told), findings_(findings), handle_(flags.Resolve("a")) {}

  void Ask(std::uint64_t i) {
    const std::uint64_t told = told_then_ = told_.load();
    if (i % kBatchEvery == 0) {
      const auto both = flags_.Batch({"a", "b"}, user_);
      if (both.size() != 2) return void(++findings_.failed);
      if (both[0].detail.value.text != both[1].detail.value.text) ++findings_.torn;
      See(std::strtoull(both[0].detail.value.text.c_str(), nullptr, 10), both[1].detail.revision,
          told);
    } else if (i % kHandleEvery == 0) {
      const auto value = static_cast<std::uint64_t>(handle_.IntValue(user_, 0));
      See(value, value, told);
    } else {
      const auto detail = flags_.IntDetail("b", user_, 0);
      See(static_cast<std::uint64_t>(detail.value), detail.revision, told);
    }
    ++findings_.evaluations;
  }
  // Whether it has asked after everybody was told of this revision.
  [[nodiscard]] bool HasAskedAfter(std::uint64_t revision) const { return told_then_ >= revision; }

 private:
  void See(std::uint64_t value, std::uint64_t revision, std::uint64_t told) {
    if (value == 0) ++findings_.failed;
    if (value != revision) ++findings_.torn;
    if (revision < last_) ++findings_.backwards;
    if (revision < told) ++findings_.stale;
    last_ = revision;
  }

  pennon::Client& flags_;
  const std::atomic<std::uint64_t>& told_;
  Findings& findings_;
  const pennon::Flag handle_;
  const pennon::Context user_{"user-7"};
  std::uint64_t last_ = 0;
  std::uint64_t told_then_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  pennon::Options options;
  options.socket_path = argv[1];
  const int threads = std::atoi(argv[2]);
  const std::uint64_t evaluations = std::strtoull(argv[3], nullptr, 10);
  const std::uint64_t revision = std::strtoull(argv[4], nullptr, 10);
  pennon::Client flags(options);
  while (flags.Way() != "mapped") std::this_thread::yield();
  std::atomic<std::uint64_t> told{0};
  std::set<std::uint64_t> notices;
  flags.OnChange([&](std::uint64_t /*epoch*/, std::uint64_t changed) {
    notices.insert(changed);
    told.store(changed);
  });
  std::puts("ready");
  std::fflush(stdout);
  Findings findings;
  std::vector<std::thread> readers;
  std::atomic<int> at_work{threads};
  for (int i = 0; i < threads; ++i) {
    readers.emplace_back([&] {
      Reader reader(flags, told, findings);
      for (std::uint64_t j = 0;
           findings.evaluations < evaluations || !reader.HasAskedAfter(revision); ++j) {
        reader.Ask(j);
      }
      --at_work;
    });
  }
  while (at_work > 0) {
    pollfd waiting{flags.AsFd(), POLLIN, 0};
    if (::poll(&waiting, 1, 10) > 0) flags.Dispatch();
  }
  for (std::thread& reader : readers) reader.join();
  std::printf(
      "{\"evaluations\": %llu, \"torn\": %llu, \"backwards\": %llu, \"stale\": %llu, \"failed\": "
      "%llu, \"notices\": %zu, \"way\": \"%s\"}\n",
      static_cast<unsigned long long>(findings.evaluations),
      static_cast<unsigned long long>(findings.torn),
      static_cast<unsigned long long>(findings.backwards),
      static_cast<unsigned long long>(findings.stale),
      static_cast<unsigned long long>(findings.failed), notices.size(), flags.Way().c_str());
}
