// Workers and listeners: dealing, refusing, draining, stopping.
#include "net/worker_pool.h"

#include <sys/resource.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "tests/unit/net/net_fixture.h"

namespace pennon::net {
namespace {

std::uint16_t ServeTcp(WorkerPool& pool, const std::string& address, ProtocolFactory factory) {
  const auto fd = ListenTcp(address, 0);
  REQUIRE(fd);
  return pool.Serve(*fd, {}, std::move(factory)).port();
}

TEST_CASE("pipelined messages are answered in order, over TCP as over Unix") {
  WorkerPool pool(2);
  const std::uint16_t port = ServeTcp(pool, "127.0.0.1", Lines(Echo));
  Served served(Lines(Echo), {}, 2);
  pool.Start();
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "line " + std::to_string(i) + '\n';
  for (const Client& client : {Client::Tcp(port), served.Connect()}) {
    client.Send(lines);
    CHECK(client.Read(lines.size()) == lines);
  }
}

TEST_CASE("connections are dealt to all workers in turn, and each stays where it is") {
  const auto tell_worker = [](std::size_t worker, const Peer&, LateAnswer) {
    return std::make_unique<LineProtocol>([worker](std::string_view, std::string& output, auto&) {
      output += static_cast<char>('0' + worker);
    });
  };
  Served served(tell_worker, {}, 3);
  std::vector<Client> clients;
  std::set<std::string> workers;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(served.Connect());
    clients.back().Send("a\nb\n");
    const std::string answers = clients.back().Read(2);
    CHECK(answers[0] == answers[1]);
    workers.insert(answers);
  }
  CHECK(workers.size() == 3);
}

TEST_CASE("the kernel says who is at the other end of a Unix socket") {
  std::promise<Peer> told;
  auto peer = told.get_future();
  Served served([&](std::size_t, const Peer& who, LateAnswer) {
    told.set_value(who);
    return std::make_unique<LineProtocol>(Echo);
  });
  const Client client = served.Connect();
  const Peer who = Get(peer);
  CHECK(who.is_unix);
  CHECK(who.uid == ::getuid());
  CHECK(who.gid == ::getgid());
  CHECK(who.pid == ::getpid());
}

TEST_CASE("max_connections are served, one more is closed at once and counted") {
  ConnectionLimits limits;
  limits.max_connections = 2;
  Served served(Lines(Echo), limits);
  std::vector<Client> clients;
  for (int i = 0; i < 2; ++i) {
    clients.push_back(served.Connect());
    clients.back().Send("a\n");
    CHECK(clients.back().Read(2) == "a\n");
  }
  CHECK(served.Connect().ReadToEnd().empty());
  CHECK(served.listener->counts().accepted == 2);
  CHECK(served.listener->counts().refused == 1);
  CHECK(served.listener->counts().open == 2);
}

TEST_CASE("a place is free again when a connection has ended") {
  std::promise<void> ended;
  auto end = ended.get_future();
  std::atomic<int> made{0};
  ConnectionLimits limits;
  limits.max_connections = 1;
  Served served(
      [&](std::size_t, const Peer&, LateAnswer) {
        const bool is_first = made++ == 0;
        return std::make_unique<LineProtocol>(Echo, [&ended, is_first] {
          if (is_first) ended.set_value();
        });
      },
      limits);
  served.Connect().Close();
  Get(end);
  // The protocol ends within its connection; one more turn of the loop, and that is gone too.
  std::promise<void> turned;
  auto turn = turned.get_future();
  served.pool.Post(0, [&] { turned.set_value(); });
  Get(turn);
  const Client next = served.Connect();
  next.Send("a\n");
  CHECK(next.Read(2) == "a\n");
}

TEST_CASE("without descriptors a connection is refused, not left hanging, and serving goes on") {
  Served served(Lines(Echo));
  Client warm = served.Connect();
  warm.Send("a\n");
  CHECK(warm.Read(2) == "a\n");
  const Client shed(AF_UNIX);
  const Client later(AF_UNIX);

  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int first_free = ::dup(0);
  ::close(first_free);
  const rlimit none_left{static_cast<rlim_t>(first_free), before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
  shed.Connect(served.path);
  const std::string answer = shed.ReadToEnd();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);

  CHECK(answer.empty());
  CHECK(served.listener->counts().refused == 1);
  later.Connect(served.path);
  later.Send("b\n");
  CHECK(later.Read(2) == "b\n");
}

TEST_CASE("Stop closes idle connections, lets a suspended one answer, and then returns") {
  std::promise<LateAnswer> suspended;
  auto late = suspended.get_future();
  Served served([&](std::size_t, const Peer&, LateAnswer answer) {
    return std::make_unique<LineProtocol>(
        [&, answer](std::string_view, std::string&, auto& progress) {
          progress.suspended = true;
          suspended.set_value(answer);
        });
  });
  const Client idle = served.Connect();
  const Client busy = served.Connect();
  busy.Send("question\n");
  const LateAnswer answer = Get(late);

  auto stopped = std::async(std::launch::async, [&] { served.pool.Stop(kHangSeconds * 1000); });
  CHECK(idle.ReadToEnd().empty());
  answer("answer\n", false);
  CHECK(busy.ReadToEnd() == "answer\n");
  Get(stopped);
  CHECK(served.listener->counts().open == 0);
}

TEST_CASE("Stop waits no longer than it was told, and a late answer after it does nothing") {
  std::promise<LateAnswer> suspended;
  auto late = suspended.get_future();
  LateAnswer answer;
  {
    Served served([&](std::size_t, const Peer&, LateAnswer given) {
      return std::make_unique<LineProtocol>(
          [&, given](std::string_view, std::string&, auto& progress) {
            progress.suspended = true;
            suspended.set_value(given);
          });
    });
    const Client client = served.Connect();
    client.Send("question\n");
    answer = Get(late);
    served.pool.Stop(1);
    CHECK(client.ReadToEnd().empty());
    answer("too late\n", false);
  }
  answer("later still\n", false);
}

TEST_CASE("what has been sent before Stop is answered before the connection closes") {
  Served served(Lines(Echo));
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += "line " + std::to_string(i) + '\n';
  const Client client = served.Connect();
  auto reading = std::async(std::launch::async, [&] { return client.ReadToEnd(); });
  client.Send(lines);
  served.pool.Stop(kHangSeconds * 1000);
  CHECK(Get(reading) == lines);
}

TEST_CASE("a connection that answers while Stop begins is closed when it has answered") {
  std::promise<void> asked;
  std::promise<void> release;
  auto is_asked = asked.get_future();
  auto released = release.get_future();
  Served served(
      [&](std::size_t worker, const Peer&, LateAnswer) {
        return std::make_unique<LineProtocol>(
            [&, worker](std::string_view line, std::string& output, auto& progress) {
              if (worker == 1) {
                asked.set_value();
                released.wait();
              }
              Echo(line, output, progress);
            });
      },
      {}, 2);
  const Client idle = served.Connect();
  const Client busy = served.Connect();
  busy.Send("a\n");
  Get(is_asked);
  auto stopped = std::async(std::launch::async, [&] { served.pool.Stop(kHangSeconds * 2000); });
  CHECK(idle.ReadToEnd().empty());  // so draining has begun
  release.set_value();
  CHECK(busy.ReadToEnd() == "a\n");
  Get(stopped);
}

TEST_CASE("who has connected before Stop is answered, though nobody has accepted yet") {
  for (int round = 0; round < 20; ++round) {
    Served served(Lines(Echo));
    std::promise<void> release;
    auto released = release.get_future();
    served.pool.Post(0, [&] { released.wait(); });
    const Client client = served.Connect();
    client.Send("a\n");
    std::promise<void> stopping;
    auto is_stopping = stopping.get_future();
    auto stopped = std::async(std::launch::async, [&] {
      stopping.set_value();
      served.pool.Stop(kHangSeconds * 1000);
    });
    Get(is_stopping);
    release.set_value();
    CHECK(client.ReadToEnd() == "a\n");
    Get(stopped);
  }
}

TEST_CASE("stopping while connections pour in neither hangs nor leaks") {
  for (int round = 0; round < 10; ++round) {
    Served served(Lines(Echo), {}, 3);
    std::vector<Client> clients;
    for (int i = 0; i < 30; ++i) clients.push_back(served.Connect());
    served.pool.Stop(0);
  }
}

TEST_CASE("a pool that was never started, and one stopped twice, end quietly") {
  {
    WorkerPool pool(2);
    ServeTcp(pool, "127.0.0.1", Lines(Echo));
  }
  WorkerPool pool(1);
  pool.Start();
  pool.Stop(0);
  pool.Stop(0);
  pool.Post(0, [] {});
}

TEST_CASE("a task posted to a worker runs on that worker") {
  Served served(Lines(Echo), {}, 2);
  std::promise<std::thread::id> first;
  std::promise<std::thread::id> second;
  auto first_id = first.get_future();
  auto second_id = second.get_future();
  served.pool.Post(0, [&] { first.set_value(std::this_thread::get_id()); });
  served.pool.Post(1, [&] { second.set_value(std::this_thread::get_id()); });
  CHECK(Get(first_id) != Get(second_id));
}

TEST_CASE("an address that cannot be listened on is an error that names it") {
  const auto wrong = ListenTcp("localhost", 0);
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().Message() == "localhost:0: is not an IP address");

  const auto first = ListenTcp("127.0.0.1", 0);
  REQUIRE(first);
  sockaddr_in bound{};
  socklen_t size = sizeof(bound);
  REQUIRE(::getsockname(*first, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  const auto taken = ListenTcp("127.0.0.1", ntohs(bound.sin_port));
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code() == base::ErrorCode::kUnavailable);
  CHECK(taken.error().where() == "127.0.0.1:" + std::to_string(ntohs(bound.sin_port)));
  ::close(*first);
}

}  // namespace
}  // namespace pennon::net
