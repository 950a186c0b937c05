// A protocol of lines, a pool that serves it, and a blocking client: what the tests of net share.
#pragma once

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "net/unix_socket.h"
#include "net/worker_pool.h"
#include "tests/support/temp_dir.h"

namespace pennon::net {

/// Long enough that only a hang reaches it.
inline constexpr int kHangSeconds = 60;

template <typename T>
T Get(std::future<T>& future) {
  REQUIRE(future.wait_for(std::chrono::seconds(kHangSeconds)) == std::future_status::ready);
  return future.get();
}

template <typename Condition>
void Eventually(const Condition& condition) {
  const auto hang = std::chrono::steady_clock::now() + std::chrono::seconds(kHangSeconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > hang) FAIL("it has not come about");
    std::this_thread::yield();
  }
}

/// Answers each line by `on_line`, which sees it with its '\n'.
class LineProtocol final : public StreamProtocol {
 public:
  using OnLine = std::function<void(std::string_view line, std::string& output, Progress&)>;
  explicit LineProtocol(OnLine on_line, std::function<void()> on_end = {})
      : on_line_(std::move(on_line)), on_end_(std::move(on_end)) {}
  ~LineProtocol() override {
    if (on_end_) on_end_();
  }

  Progress OnBytes(std::span<char> input, std::string& output) override {
    input.data()[input.size()] = '\0';  // the spare byte is there: a sanitizer would object
    Progress progress;
    while (!progress.close && !progress.suspended) {
      const std::string_view rest(input.data() + progress.consumed,
                                  input.size() - progress.consumed);
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) break;
      if (output.size() >= kOutputRoundBytes) {
        progress.more = true;
        break;
      }
      on_line_(rest.substr(0, end + 1), output, progress);
      progress.consumed += end + 1;
    }
    return progress;
  }

 private:
  OnLine on_line_;
  std::function<void()> on_end_;
};

inline void Echo(std::string_view line, std::string& output, StreamProtocol::Progress&) {
  output += line;
}

inline ProtocolFactory Lines(LineProtocol::OnLine on_line) {
  return [on_line = std::move(on_line)](std::size_t, const Peer&, LateAnswer) {
    return std::make_unique<LineProtocol>(on_line);
  };
}

/// A blocking socket; a hang ends the test instead of the patience of whoever runs it.
class Client {
 public:
  Client() = default;
  explicit Client(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{kHangSeconds, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  }
  ~Client() { Close(); }
  Client(Client&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Client& operator=(Client&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  static Client Unix(const std::string& path) {
    Client client(AF_UNIX);
    client.Connect(path);
    return client;
  }
  static Client Tcp(std::uint16_t port) {
    Client client(AF_INET);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client.fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    return client;
  }
  void Connect(const std::string& path) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }

  void Send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      REQUIRE(sent > 0);
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Up to `size` bytes: fewer when the peer ends or resets the connection.
  [[nodiscard]] std::string Read(std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t read = 0;
    while (read < size) {
      const ssize_t got = ::recv(fd_, bytes.data() + read, size - read, 0);
      was_reset_ = was_reset_ || (got < 0 && errno == ECONNRESET);
      const bool is_hung = got < 0 && errno == EAGAIN;
      REQUIRE_FALSE(is_hung);
      if (got <= 0) break;
      read += static_cast<std::size_t>(got);
    }
    bytes.resize(read);
    return bytes;
  }
  [[nodiscard]] std::string ReadToEnd() const {
    std::string all;
    for (;;) {
      const std::string piece = Read(4096);
      if (piece.empty()) return all;
      all += piece;
    }
  }
  /// Whether a Read has ended with a reset instead of an end of stream.
  [[nodiscard]] bool was_reset() const { return was_reset_; }
  [[nodiscard]] int fd() const { return fd_; }
  void EndWriting() const { ::shutdown(fd_, SHUT_WR); }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
  mutable bool was_reset_ = false;
};

/// One listener on a Unix socket in a directory of its own.
struct Served {
  explicit Served(ProtocolFactory factory, const ConnectionLimits& limits = {},
                  std::size_t workers = 1)
      : pool(workers) {
    REQUIRE(socket);
    listener = &pool.Serve(socket->Release(), limits, std::move(factory));
    pool.Start();
  }

  [[nodiscard]] Client Connect() const { return Client::Unix(path); }

  test::TempDir directory;
  std::string path = directory.File("s");
  base::Result<UnixSocket> socket = UnixSocket::Listen({path});
  WorkerPool pool;
  Listener* listener;
};

}  // namespace pennon::net
