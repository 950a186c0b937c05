#include "net/worker_pool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "net/listener.h"

namespace pennon::net {

struct WorkerPool::State {
  std::vector<std::shared_ptr<Worker>> workers;
  std::vector<std::shared_ptr<SocketListener>> listeners;
  bool is_started = false;
  bool is_stopped = false;

  [[nodiscard]] std::future<void> CloseListeners() {
    auto closed = std::make_shared<std::promise<void>>();
    workers.front()->Post([this, closed] {
      for (const auto& listener : listeners) listener->Close();
      closed->set_value();
    });
    return closed->get_future();
  }

  void Drain(std::int64_t drain_millis) {
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(drain_millis);
    std::vector<std::future<void>> drained;
    for (const auto& worker : workers) {
      auto promise = std::make_shared<std::promise<void>>();
      drained.push_back(promise->get_future());
      worker->Drain([promise] { promise->set_value(); });
    }
    for (const auto& one : drained) one.wait_until(deadline);
  }
};

WorkerPool::WorkerPool(std::size_t workers, std::int64_t spin_micros)
    : state_(std::make_unique<State>()) {
  for (std::size_t i = 0; i < std::max<std::size_t>(workers, 1); ++i) {
    state_->workers.push_back(std::make_shared<Worker>(i, spin_micros));
  }
}

WorkerPool::~WorkerPool() {
  Stop(0);
}

std::size_t WorkerPool::size() const {
  return state_->workers.size();
}

void WorkerPool::Start() {
  for (const auto& worker : state_->workers) worker->Start();
  state_->is_started = true;  // not when a thread could not be had: nobody would drain then
}

void WorkerPool::Post(std::size_t index, std::function<void()> task) {
  state_->workers[index]->Post(std::move(task));
}

Listener& WorkerPool::Serve(int listening_fd, const ConnectionLimits& limits,
                            ProtocolFactory factory) {
  auto listener =
      std::make_shared<SocketListener>(state_->workers, listening_fd, limits, std::move(factory));
  listener->Start();
  state_->listeners.push_back(std::move(listener));
  return *state_->listeners.back();
}

void WorkerPool::Stop(std::int64_t drain_millis) {
  if (std::exchange(state_->is_stopped, true)) return;
  const auto closed = state_->CloseListeners();
  if (state_->is_started) {
    // First, so that no worker is dealt a connection after it has ended.
    closed.wait();
    state_->Drain(drain_millis);
  }
  for (const auto& worker : state_->workers) worker->CloseAll();
  for (const auto& worker : state_->workers) worker->Join();
}

base::Result<int> ListenTcp(const std::string& address, std::uint16_t port) {
  const bool has_colons = address.find(':') != std::string::npos;
  const std::string place =
      (has_colons ? '[' + address + ']' : address) + ':' + std::to_string(port);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) {
    return base::Fail(base::Error::Invalid(place, "is not an IP address"));
  }
  const int fd = ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  const auto* const name =
      is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  const socklen_t size = is_v4 ? sizeof(v4) : sizeof(v6);
  if (fd >= 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (!is_v4) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (::bind(fd, name, size) == 0 && ::listen(fd, SOMAXCONN) == 0) return fd;
  }
  const std::string why = std::strerror(errno);
  if (fd >= 0) ::close(fd);
  return base::Fail(base::Error::Unavailable(place, "cannot listen: " + why));
}

}  // namespace pennon::net
