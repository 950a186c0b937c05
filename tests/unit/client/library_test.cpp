// The library as users see it, without a daemon.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "client/local_set.h"
#include "pennon/client.h"
#include "pennon/test_client.h"
#include "tests/support/temp_dir.h"

namespace pennon {
namespace {

using std::chrono::milliseconds;

TEST_CASE("a test client answers what was set, of each type") {
  TestClient flags;
  const Context nobody;
  CHECK_FALSE(flags.BoolValue("on", nobody, false));
  flags.Set("on", true);
  flags.Set("number", 2.0);
  flags.Set("whole", 7);
  flags.Set("text", "say \"hi\"\n");
  REQUIRE(flags.SetJson("object", R"({"a":[1,2]})"));
  CHECK(flags.BoolValue("on", nobody, false));
  CHECK(flags.DoubleValue("number", nobody, 0) == 2.0);
  CHECK(flags.DoubleValue("whole", nobody, 0) == 7.0);
  CHECK(flags.IntValue("whole", nobody, 0) == 7);
  CHECK(flags.IntValue("number", nobody, 9) == 9);
  CHECK(flags.StringValue("text", nobody, "") == "say \"hi\"\n");
  CHECK(flags.ObjectValue("object", nobody, {}).text == R"({"a":[1,2]})");
  CHECK(flags.Batch({}, nobody).size() == 5);
  CHECK(flags.Batch({"whole", "none"}, nobody)[1].detail.error == ErrorCode::kFlagNotFound);
  CHECK_FALSE(flags.SetJson("on", "nonsense"));
  CHECK_FALSE(flags.SetJson("on", "null"));
  flags.Remove("on");
  CHECK(flags.BoolDetail("on", nobody, true).value);
  CHECK(flags.BoolDetail("on", nobody, true).error == ErrorCode::kFlagNotFound);
}

TEST_CASE("a handle follows changes of the flag set") {
  TestClient flags;
  const Context nobody;
  const Flag flag = flags.Resolve("f");
  CHECK(flag.IntValue(nobody, 1) == 1);
  flags.Set("f", 2);
  CHECK(flag.IntValue(nobody, 1) == 2);
  flags.Set("another", true);
  flags.Set("f", 3);
  CHECK(flag.IntValue(nobody, 1) == 3);
  CHECK(flag.GetDetail(nobody, std::int64_t{0}).variant == "set");
}

TEST_CASE("a context that is reused forgets, and takes missing attributes from another") {
  const std::string definitions = R"({"environment":"e","flags":{"f":{"type":"boolean",
      "variants":[{"key":"on","value":true},{"key":"off","value":false}],"enabled":true,
      "offVariant":"off","rules":[{"when":{"attr":"plan","op":"in","values":["gold"]},
      "serve":{"variant":"on"}}],"default":{"variant":"off"}}}})";
  Options options;
  options.definitions = definitions;
  Client flags(options);
  CHECK(flags.Way() == "embedded");
  CHECK(flags.WaitReady(milliseconds(0)));
  Context defaults;
  defaults.Set("plan", "gold");
  Context user("user-7");
  CHECK_FALSE(flags.BoolValue("f", user, true));
  CHECK(flags.BoolValue("f", user.Merge(defaults), false));
  user.Clear().Set("plan", "free");
  CHECK_FALSE(flags.BoolValue("f", user.Merge(defaults), true));
  user.Clear().SetJson("plan", "\"gold\"");
  const Detail<bool> detail = flags.BoolDetail("f", user, false);
  CHECK(detail.value);
  CHECK(detail.reason == Reason::kTargetingMatch);
  CHECK(detail.variant == "on");
}

TEST_CASE("asynchronous calls come back through the descriptor, by their deadline") {
  const test::TempDir dir;
  Options options;
  options.socket_path = dir.File("nobody.sock");
  options.mode = PENNON_FRAMES;
  options.timeout = milliseconds(20);
  Client flags(options);
  int answers = 0;
  for (int i = 0; i < 10; ++i) {
    flags.GetDetailAsync("f", Context(), true, [&](const Detail<bool>& detail) {
      ++answers;
      CHECK(detail.value);
      CHECK(detail.error == ErrorCode::kGeneral);
      CHECK_FALSE(detail.message.empty());
    });
  }
  while (answers < 10) {
    pollfd waiting{flags.AsFd(), POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, 60'000) == 1);
    flags.Dispatch();
  }
}

TEST_CASE("threads that evaluate never see a set that is taken away") {
  TestClient flags;
  flags.Set("a", 0);
  const Flag handle = flags.Resolve("a");
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      const Context user("u");
      std::int64_t last = 0;
      while (!stop) {
        const std::int64_t value = handle.IntValue(user, -1);
        if (value < last || flags.IntValue("a", user, -1) < value) ++wrong;
        last = value;
      }
    });
  }
  for (int i = 1; i <= 1'000; ++i) flags.Set("a", i);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(handle.IntValue(Context(), -1) == 1'000);
}

TEST_CASE("a child of a fork answers, also when other threads evaluated") {
  TestClient flags;
  flags.Set("a", 1);
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    const Context user;
    while (!stop) flags.IntValue("a", user, 0);
  });
  for (int i = 0; i < 20; ++i) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      flags.Set("a", 2);  // waits for readers; those of the parent are not here
      ::_exit(flags.IntValue("a", Context(), 0) == 2 ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  stop = true;
  busy.join();
  CHECK(flags.IntValue("a", Context(), 0) == 1);
}

TEST_CASE("parent and child of a fork each dispatch what is theirs") {
  TestClient flags;
  flags.Set("a", 1);
  int answers = 0;
  const auto ask = [&] {
    flags.GetDetailAsync("a", Context(), std::int64_t{0}, [&](const auto&) { ++answers; });
  };
  const auto is_readable = [&] {
    pollfd waiting{flags.AsFd(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  };
  const int fd = flags.AsFd();
  ask();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    bool good = flags.Dispatch() == 0 && answers == 0 && !is_readable();
    ask();
    good = good && flags.AsFd() == fd && is_readable();
    good = good && flags.Dispatch() == 1 && answers == 1 && !is_readable();
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(is_readable());
  CHECK(flags.Dispatch() == 1);
  CHECK(answers == 1);
}

// Memory as a hostile daemon might hand it over.
base::Descriptor Memory(std::size_t size, int seals) {
  base::Descriptor memory(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  REQUIRE(::ftruncate(memory.get(), static_cast<off_t>(size)) == 0);
  REQUIRE(::fcntl(memory.get(), F_ADD_SEALS, seals) == 0);
  return memory;
}

TEST_CASE("memory that is not sealed, cut off or no image is refused") {
  using client::LocalSet;
  const auto attach = [](int control_seals, int image_seals, std::size_t real, std::size_t said) {
    client::MappedAnswer answer;
    answer.head = {1, said, 0};
    answer.control = Memory(wire::kControlPageBytes, control_seals);
    answer.image = Memory(real, image_seals);
    const auto set = LocalSet::FromDaemon(answer, nullptr);
    REQUIRE_FALSE(set.has_value());
    return set.error().what();
  };
  constexpr const char* kUnsealed = "the daemon's memory is not sealed";
  CHECK(attach(wire::kControlSeals & ~F_SEAL_FUTURE_WRITE, wire::kImageSeals, 4096, 4096) ==
        kUnsealed);
  CHECK(attach(wire::kControlSeals, wire::kImageSeals, 4096, 4096) ==
        "the daemon's control page is none");
  client::MappedAnswer answer;
  answer.head = {1, 4096, 0};
  answer.control = base::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  answer.image = base::Descriptor(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  CHECK_FALSE(LocalSet::FromDaemon(answer, nullptr).has_value());
  for (const int missing : {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE}) {
    const auto memory = Memory(4096, wire::kImageSeals & ~missing & ~F_SEAL_SEAL);
    CHECK_FALSE(client::Mapping::Map(memory, 4096, wire::kImageSeals, MAP_PRIVATE).has_value());
  }
  const auto small = Memory(4096, wire::kImageSeals);
  CHECK(client::Mapping::Map(small, 4096, wire::kImageSeals, MAP_PRIVATE).has_value());
  CHECK_FALSE(client::Mapping::Map(small, 4097, wire::kImageSeals, MAP_PRIVATE).has_value());
  CHECK_FALSE(client::Mapping::Map(small, 0, wire::kImageSeals, MAP_PRIVATE).has_value());
}

}  // namespace
}  // namespace pennon
