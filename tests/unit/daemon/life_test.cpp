#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <future>

#include "daemon/inherited_sockets.h"
#include "daemon/notify_socket.h"
#include "daemon/reload.h"
#include "daemon/watchdog.h"
#include "daemon/worker_round.h"
#include "tests/support/temp_dir.h"

namespace pennon::daemon {
namespace {

// What a service manager would hear.
class Ear {
 public:
  explicit Ear(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~Ear() { ::close(fd_); }
  Ear(const Ear&) = delete;
  Ear& operator=(const Ear&) = delete;
  [[nodiscard]] std::string Hear() const {
    std::array<char, 256> bytes;
    const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(bytes.data(), static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

struct Table {
  explicit Table(const std::string& yaml) {
    DescribeSettings(settings, config);
    REQUIRE(settings.ReadYaml("f", yaml).has_value());
  }
  DaemonConfig config;
  base::Settings settings;
};

}  // namespace

TEST_CASE("messages reach the service manager, and nobody when there is none") {
  const test::TempDir directory;
  const std::string path = directory.File("notify");
  const Ear ear(path);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  NotifySocket manager = NotifySocket::Take();
  CHECK(::getenv("NOTIFY_SOCKET") == nullptr);
  manager.Send("READY=1");
  CHECK(ear.Hear() == "READY=1");
  NotifySocket::Take().Send("READY=1");
  NotifySocket("relative").Send("READY=1");
  NotifySocket("/" + std::string(200, 'x')).Send("READY=1");
  CHECK(ear.Hear() == "");
}

TEST_CASE("messages wait for a service manager whose queue is full, in their order") {
  const test::TempDir directory;
  const std::string path = directory.File("notify");
  const Ear ear(path);
  NotifySocket other(path);
  constexpr int kMore = 10'000;  // than a queue has room for
  for (int i = 0; i < kMore; ++i) other.Send("X=1");
  NotifySocket ours(path);
  ours.Send("READY=1");
  ours.Send("READY=1");
  ours.Send("STATUS=serving");
  while (ear.Hear() == "X=1") {
  }
  ours.Flush();
  CHECK(ear.Hear() == "READY=1");
  CHECK(ear.Hear() == "STATUS=serving");
  CHECK(ear.Hear() == "");
  ours.Flush();
  CHECK(ear.Hear() == "");
}

TEST_CASE("the watchdog is for the process that it names") {
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  CHECK(TakeWatchdogMillis() == 30'000);
  CHECK(TakeWatchdogMillis() == std::nullopt);
  for (const char* const wrong : {"", "0", "-5", "5s", "99999999999999999999"}) {
    ::setenv("WATCHDOG_USEC", wrong, 1);
    CHECK(TakeWatchdogMillis() == std::nullopt);
  }
  ::setenv("WATCHDOG_USEC", "1000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  CHECK(TakeWatchdogMillis() == std::nullopt);
}

TEST_CASE("the watchdog is fed again and again while all workers go on") {
  net::ControlLoop control;
  net::WorkerPool pool(2);
  pool.Start();
  std::size_t fed = 0;
  Watchdog watchdog(control, pool, 4, [&] {
    if (++fed == 3) control.Stop();
  });
  watchdog.Start();
  control.Run();
  CHECK(fed == 3);
}

TEST_CASE("a worker that hangs starves the watchdog, until it goes on") {
  net::ControlLoop control;
  net::WorkerPool pool(2);
  pool.Start();
  std::promise<void> release;
  pool.Post(1, [held = release.get_future().share()] { held.wait(); });
  std::size_t fed = 0;
  Watchdog watchdog(control, pool, 4, [&] {
    ++fed;
    control.Stop();
  });
  watchdog.Start();
  std::size_t fed_while_it_hung = 1;
  auto timer = control.After(100, [&] {
    fed_while_it_hung = fed;
    release.set_value();
  });
  control.Run();
  CHECK(fed_while_it_hung == 0);
  CHECK(fed == 1);
}

TEST_CASE("what a worker was in the midst of comes to the control thread before the round ends") {
  net::ControlLoop control;
  std::promise<void> begun;
  std::promise<void> release;
  bool has_subscribed = false;
  net::WorkerPool pool(2);
  pool.Start();
  pool.Post(1, [&, held = release.get_future().share()] {
    begun.set_value();
    held.wait();  // as a request that was let in, and is not answered yet
    pool.Post(1, [&] { control.Post([&] { has_subscribed = true; }); });
  });
  begun.get_future().wait();
  AfterWorkers(control, pool, [&] { control.Stop(); });
  release.set_value();
  control.Run();
  CHECK(has_subscribed);
}

TEST_CASE("sockets for another process, or none at all, are nobody's here") {
  CHECK(InheritedSockets::Take()->empty());
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "1", 1);
  ::setenv("LISTEN_FDNAMES", "unix", 1);
  CHECK(InheritedSockets::Take()->empty());
  CHECK(::getenv("LISTEN_FDS") == nullptr);
  CHECK(::getenv("LISTEN_FDNAMES") == nullptr);
}

TEST_CASE("a reload takes what it can and says what needs a restart") {
  Table before("environment: e\nworkers: 1\nlog:\n  level: info\n");
  Table after("environment: e\nworkers: 4\nlog:\n  level: warn\ncontext:\n  fixed: {a: 1}\n");
  const auto changes = Differences(before.settings, after.settings);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].path == "context.fixed");
  CHECK_FALSE(changes[0].needs_restart);
  CHECK(changes[1].path == "workers");
  CHECK(changes[1].needs_restart);
  CHECK(changes[1].before == "1");
  CHECK(changes[1].after == "4");
  CHECK(ChangesJson({changes[1]}) ==
        R"({"changes":[{"setting":"workers","before":"1","after":"4","needsRestart":true}]})");
  TakeReloaded(before.settings, after.settings);
  CHECK(before.config.workers == 1);
  CHECK(before.config.log_level == "warn");
  CHECK(before.config.context_fixed.size() == 1);
}

TEST_CASE("the key of another upstream or environment waits with it for the restart") {
  const auto upstream = [](const std::string& environment, const std::string& url,
                           const std::string& key) {
    return "environment: " + environment + "\nupstream:\n  url: " + url + "\n  key_file: " + key +
           "\n  timeout: " + (key == "a" ? "1s" : "2s") + "\n";
  };
  const std::string before_text = upstream("e", "http://a", "a");
  for (const auto& [text, key] : std::vector<std::pair<std::string, std::string>>{
           {upstream("e", "http://a", "b"), "b"},
           {upstream("e", "http://b", "b"), "a"},
           {upstream("d", "http://a", "b"), "a"},
           {upstream("e", "http://a", "b") + "  kind: unleash\n", "a"}}) {
    Table before(before_text);
    const Table after(text);
    for (const SettingChange& change : Differences(before.settings, after.settings)) {
      if (change.path == "upstream.key_file") CHECK(change.needs_restart == (key == "a"));
    }
    TakeReloaded(before.settings, after.settings);
    CHECK(before.config.upstream_key_file == key);
    CHECK(before.config.fetch_timeout.millis == 2'000);
  }
}

TEST_CASE("what has changed in the files of environments and sources is told, too") {
  DaemonConfig before;
  DaemonConfig& staging = before.environments.emplace_back();
  staging.environment = "staging";
  staging.http_token_file = "one";
  staging.sources.emplace_back().name = "local";
  staging.sources.back().upstream_url = "http://u:secret@h/one";
  before.sources = staging.sources;
  CHECK(DifferencesOfParts(before, before).empty());
  DaemonConfig after = before;
  after.environments.front().http_token_file = "two";
  after.environments.front().sources.front().upstream_url = "http://u:secret@h/two";
  after.sources.front().fetch_timeout.millis = 7;
  after.environments.emplace_back().environment = "new";
  const auto changes = DifferencesOfParts(before, after);
  REQUIRE(changes.size() == 3);
  CHECK(changes[0].path == "sources.local.upstream.timeout");
  CHECK(changes[1].path == "environments.staging.http.token_file");
  CHECK(changes[1].before == "\"one\"");
  CHECK(changes[2].path == "environments.staging.sources.local.upstream.url");
  CHECK(changes[2].after == "\"http://h/two\"");
  for (const SettingChange& change : changes) CHECK(change.needs_restart);
}

TEST_CASE("the environment of HTTP waits for the environments that come with it") {
  const std::string name = "environment: e\nhttp:\n  environment: ";
  for (const bool comes : {false, true}) {
    Table before(name + "e\n");
    const Table after(name + "d\n" + (comes ? "environments:\n  d: d.yaml\n" : ""));
    TakeReloaded(before.settings, after.settings);
    CHECK(before.config.http_environment == (comes ? "e" : "d"));
  }
}

TEST_CASE("every setting that can be reloaded is a setting") {
  const Table table("environment: e\n");
  std::size_t reloadable = 0;
  for (const auto& setting : table.settings.all()) reloadable += CanReload(setting.path) ? 1U : 0U;
  CHECK(reloadable == 17);
}

TEST_CASE("credentials in an address are not told, only that they are others") {
  const auto url = [](const std::string& of) {
    return "environment: e\nupstream:\n  kind: flagd\n  url: " + of + "\n";
  };
  const Table before(url("http://u:one@h/x?sig=one"));
  const Table other(url("http://u:two@h/x?sig=two"));
  const Table elsewhere(url("http://u:two@g/x?sig=two"));
  const std::string text = ChangesJson(Differences(before.settings, other.settings)) +
                           ChangesJson(Differences(before.settings, elsewhere.settings));
  CHECK(text.find("one") == std::string::npos);
  CHECK(text.find("two") == std::string::npos);
  CHECK(text.find("with other credentials") != std::string::npos);
  CHECK(text.find("http://h/x") != std::string::npos);
  CHECK(text.find("http://g/x") != std::string::npos);
}

}  // namespace pennon::daemon
