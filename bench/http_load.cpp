// A closed loop of HTTP requests over loopback TCP or a Unix socket, to compare the two:
//   http_load (PORT | PATH) FILE CONNECTIONS SECONDS
// FILE has a request a line: path, tab, body. Prints how many were answered with 200.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/figure.h"
#include "bench/http_text.h"
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
    requests.push_back(HttpRequest(std::string_view(line).substr(0, tab), line.substr(tab + 1)));
  }
  if (requests.empty()) Abort("there are no requests in the file");
  return requests;
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
  return HttpAnswerSize({lane.answer.data(), lane.received}) == lane.received;
}

std::size_t Run(const std::string& target, const std::vector<std::string>& requests,
                std::size_t connections, double seconds) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Lane> lanes(connections);
  for (std::size_t i = 0; i < connections; ++i) {
    lanes[i].fd = ConnectHttp(target);
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
