#include "bench/load.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "bench/figure.h"
#include "bench/measure.h"
#include "wire/frame.h"

namespace pennon::bench {
namespace {

constexpr std::size_t kIdOffset = 4;  // in a frame's header
constexpr std::int64_t kPatienceMs = 10'000;

// A server needs a moment to begin to listen.
int ConnectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  const std::int64_t deadline = NowNanos() + kPatienceMs * 1'000'000;
  while (NowNanos() < deadline) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      const timeval patience{kPatienceMs / 1000, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      return fd;
    }
    ::close(fd);
    ::usleep(1000);
  }
  Abort("cannot connect to " + path);
}

}  // namespace

Load::Load(const std::vector<std::string>& requests, std::size_t answer_bytes)
    : request_bytes_(requests.front().size()),
      answer_bytes_(answer_bytes),
      count_(requests.size()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  for (const std::string& request : requests) {
    if (request.size() != request_bytes_) Abort("requests are not of one size");
    requests_ += request;
  }
}

Load::~Load() {
  for (const Lane& lane : lanes_) ::close(lane.fd);
  ::close(epoll_);
}

void Load::Connect(const std::string& path, std::size_t connections, std::string_view greeting) {
  lanes_.resize(connections);
  for (std::size_t i = 0; i < connections; ++i) {
    Lane& lane = lanes_[i];
    lane.fd = ConnectTo(path);
    if (!greeting.empty()) {
      std::array<char, 1024> answer;
      if (::send(lane.fd, greeting.data(), greeting.size(), MSG_NOSIGNAL) < 0 ||
          ::recv(lane.fd, answer.data(), answer.size(), 0) <= 0) {
        Abort("a greeting is not answered");
      }
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, lane.fd, &event);
  }
}

void Load::Send(Lane& lane, std::size_t window) {
  lane.first_id = next_id_;
  lane.received = 0;
  lane.input.resize(window * answer_bytes_);
  output_.clear();
  for (std::size_t i = 0; i < window; ++i) {
    output_.append(requests_, next_ * request_bytes_, request_bytes_);
    std::memcpy(output_.data() + i * request_bytes_ + kIdOffset, &next_id_, sizeof(next_id_));
    ++next_id_;
    next_ = next_ + 1 == count_ ? 0 : next_ + 1;
  }
  if (::send(lane.fd, output_.data(), output_.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(output_.size())) {
    Abort("a request cannot be sent");
  }
}

// True when the window is complete.
bool Load::Receive(Lane& lane, std::size_t window) {
  const ssize_t got =
      ::recv(lane.fd, lane.input.data() + lane.received, lane.input.size() - lane.received, 0);
  if (got <= 0) Abort("an answer does not come");
  lane.received += static_cast<std::size_t>(got);
  if (lane.received < lane.input.size()) return false;
  Verify(lane, window);
  return true;
}

void Load::Verify(const Lane& lane, std::size_t window) const {
  for (std::size_t i = 0; i < window; ++i) {
    const char* const answer = lane.input.data() + i * answer_bytes_;
    std::uint32_t id = 0;
    std::memcpy(&id, answer + kIdOffset, sizeof(id));
    if (static_cast<unsigned char>(*answer) != wire::kFrameMagic || id != lane.first_id + i) {
      Abort("an answer does not belong to its request");
    }
  }
}

LoadResult Load::Run(const LoadShape& shape) {
  LoadResult result;
  const std::int64_t begin = NowNanos();
  const std::int64_t end = begin + static_cast<std::int64_t>(shape.seconds * 1e9);
  std::size_t open = shape.connections;
  const bool is_timed = shape.connections == 1 && shape.window == 1;
  std::int64_t sent_at = begin;
  for (std::size_t i = 0; i < open; ++i) Send(lanes_[i], shape.window);
  const auto go_on = [&](Lane& lane) {
    if (!Receive(lane, shape.window)) return;
    result.messages += shape.window;
    const std::int64_t now = NowNanos();
    if (is_timed) result.waits.push_back(static_cast<double>(now - sent_at));
    sent_at = now;
    if (now < end && result.messages < shape.max_messages) {
      Send(lane, shape.window);
    } else {
      --open;
    }
  };
  std::array<epoll_event, 64> events;
  while (open > 0) {
    if (shape.connections == 1) {
      go_on(lanes_.front());
      continue;
    }
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()),
                                   shape.spins ? 0 : static_cast<int>(kPatienceMs));
    for (int i = 0; i < ready; ++i) go_on(lanes_[events[static_cast<std::size_t>(i)].data.u64]);
    if (ready <= 0 && (!shape.spins || NowNanos() > end + kPatienceMs * 1'000'000)) {
      Abort("no answer comes");
    }
  }
  result.nanos = NowNanos() - begin;
  return result;
}

LoadResult Load::RunPaced(double rate, double seconds) {
  LoadResult result;
  const auto count = static_cast<std::size_t>(rate * seconds);
  result.waits.reserve(count);
  std::vector<std::int64_t> due(lanes_.size());  // of the request in flight on each
  std::vector<Lane*> free;
  for (Lane& lane : lanes_) free.push_back(&lane);
  std::array<epoll_event, 64> events;
  const std::int64_t begin = NowNanos();
  const auto instant = [&](std::size_t i) {
    return begin + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 / rate);
  };
  for (std::size_t sent = 0; result.waits.size() < count;) {
    for (; sent < count && !free.empty() && NowNanos() >= instant(sent); ++sent) {
      Lane& lane = *free.back();
      free.pop_back();
      due[static_cast<std::size_t>(&lane - lanes_.data())] = instant(sent);
      Send(lane, 1);
    }
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
    for (int i = 0; i < ready; ++i) {
      const std::size_t place = events[static_cast<std::size_t>(i)].data.u64;
      if (!Receive(lanes_[place], 1)) continue;
      result.waits.push_back(static_cast<double>(NowNanos() - due[place]));
      free.push_back(&lanes_[place]);
    }
    if (NowNanos() > instant(count) + kPatienceMs * 1'000'000) Abort("no answer comes");
  }
  result.messages = count;
  result.nanos = NowNanos() - begin;
  return result;
}

std::string Load::Ask(std::size_t index) {
  next_ = index;
  Send(lanes_.front(), 1);
  while (!Receive(lanes_.front(), 1)) {
  }
  return lanes_.front().input;
}

}  // namespace pennon::bench
