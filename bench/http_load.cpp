// A closed loop of HTTP requests over loopback TCP or a Unix socket, to compare the two:
//   http_load (PORT | PATH) FILE CONNECTIONS SECONDS
// FILE has a request a line: path, tab, body. Prints how many were answered with 200.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/figure.h"
#include "bench/measure.h"

namespace pennon::bench {
namespace {

constexpr std::size_t kMaxAnswerBytes = 4096;
constexpr int kPatienceMs = 10'000;

std::vector<std::string> ReadRequests(const char* path) {
  std::vector<std::string> requests;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.find('\t');
    if (tab == std::string::npos) Abort("a line of the file has no tab");
    const std::string body = line.substr(tab + 1);
    requests.push_back("POST " + line.substr(0, tab) +
                       " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                       "Content-Length: " +
                       std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  if (requests.empty()) Abort("there are no requests in the file");
  return requests;
}

int ConnectUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Abort("cannot connect to " + path);
  }
  return fd;
}

int ConnectTcp(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    Abort("cannot connect to port " + std::to_string(port));
  }
  return fd;
}

int Connect(const std::string& target) {
  std::uint16_t port = 0;
  const auto end = target.data() + target.size();
  const bool is_port = std::from_chars(target.data(), end, port).ptr == end;
  return is_port ? ConnectTcp(port) : ConnectUnix(target);
}

/// Bytes of the answer that `text` begins with; 0 when it is not all there.
std::size_t AnswerSize(std::string_view text) {
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  if (!text.starts_with("HTTP/1.1 200 ")) Abort("an answer is not 200");
  const std::size_t at = text.find(kLength);
  if (at > head) Abort("an answer has no length");
  std::size_t length = 0;
  std::from_chars(text.data() + at + kLength.size(), text.data() + head, length);
  const std::size_t size = head + 4 + length;
  return size <= text.size() ? size : 0;
}

struct Lane {
  int fd = -1;
  std::size_t next = 0;  // request
  std::size_t received = 0;
  std::array<char, kMaxAnswerBytes> answer;
};

void Send(Lane& lane, const std::vector<std::string>& requests) {
  const std::string& request = requests[lane.next];
  lane.next = (lane.next + 1) % requests.size();
  lane.received = 0;
  if (::send(lane.fd, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    Abort("a request cannot be sent");
  }
}

bool Receive(Lane& lane) {
  const ssize_t got =
      ::recv(lane.fd, lane.answer.data() + lane.received, lane.answer.size() - lane.received, 0);
  if (got <= 0) Abort("an answer does not come");
  lane.received += static_cast<std::size_t>(got);
  return AnswerSize({lane.answer.data(), lane.received}) == lane.received;
}

std::size_t Run(const std::string& target, const std::vector<std::string>& requests,
                std::size_t connections, double seconds) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Lane> lanes(connections);
  for (std::size_t i = 0; i < connections; ++i) {
    lanes[i].fd = Connect(target);
    lanes[i].next = i * requests.size() / connections;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, lanes[i].fd, &event);
  }
  for (Lane& lane : lanes) Send(lane, requests);
  const std::int64_t end = NowNanos() + static_cast<std::int64_t>(seconds * 1e9);
  std::size_t answered = 0;
  std::array<epoll_event, 64> events;
  while (NowNanos() < end) {
    const int ready =
        ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), kPatienceMs);
    if (ready <= 0) Abort("no answer comes");
    for (int i = 0; i < ready; ++i) {
      Lane& lane = lanes[events[static_cast<std::size_t>(i)].data.u64];
      if (!Receive(lane)) continue;
      ++answered;
      Send(lane, requests);
    }
  }
  return answered;
}

}  // namespace
}  // namespace pennon::bench

int main(int argc, char** argv) {
  if (argc != 5) pennon::bench::Abort("usage: http_load (PORT | PATH) FILE CONNECTIONS SECONDS");
  std::cout << pennon::bench::Run(argv[1], pennon::bench::ReadRequests(argv[2]),
                                  std::stoul(argv[3]), std::stod(argv[4]))
            << '\n';
}
