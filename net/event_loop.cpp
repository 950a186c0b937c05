#include "net/event_loop.h"

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

namespace pennon::net {
namespace {

base::Descriptor OrThrow(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return base::Descriptor(fd);
}

// Both kinds of descriptor give a number, of which only that it was there is of interest.
void Drain(int fd) {
  std::uint64_t ignored = 0;
  while (::read(fd, &ignored, sizeof(ignored)) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::int64_t SteadyNanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

EventLoop::EventLoop(std::int64_t tick_millis, std::function<void()> on_tick, Spin spin)
    : on_tick_(std::move(on_tick)),
      epoll_(OrThrow(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(OrThrow(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
      timer_(
          OrThrow(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")),
      spin_(std::move(spin)) {
  itimerspec every{};
  every.it_interval.tv_sec = tick_millis / 1'000;
  every.it_interval.tv_nsec = tick_millis % 1'000 * 1'000'000;
  every.it_value = every.it_interval;
  ::timerfd_settime(timer_.get(), 0, &every, nullptr);
  for (const base::Descriptor* own : {&wake_, &timer_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = const_cast<base::Descriptor*>(own);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, own->get(), &event) != 0) {
      throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
  }
}

void EventLoop::Run() {
  thread_ = std::this_thread::get_id();
  for (;;) {
    RunTasks();
    if (is_stopped_ && !has_tasks_) return;
    Round();
  }
}

// While it spins each round still looks at tasks, ticks and everybody who is watched.
bool EventLoop::IsAwake() {
  if (std::exchange(expects_more_, false)) {
    awake_until_ = spin_.now() + spin_.nanos;
  } else if (awake_until_ != 0 && spin_.now() >= awake_until_) {
    awake_until_ = 0;
  }
  return awake_until_ != 0 || !turn_.empty() || has_tasks_;
}

void EventLoop::Round() {
  turn_.swap(again_);
  const int count = ::epoll_wait(epoll_.get(), events_.data(), kEventsPerRound, IsAwake() ? 0 : -1);
  event_count_ = static_cast<std::size_t>(std::max(count, 0));
  for (next_event_ = 0; next_event_ < event_count_;) {
    const epoll_event event = events_[next_event_++];
    if (event.data.ptr == &wake_) {
      Drain(wake_.get());
    } else if (event.data.ptr == &timer_) {
      Drain(timer_.get());
      if (!is_stopped_) on_tick_();
    } else if (event.data.ptr != nullptr) {
      static_cast<Watched*>(event.data.ptr)->OnReady(event.events);
    }
  }
  for (next_turn_ = 0; next_turn_ < turn_.size();) {
    if (Watched* const who = turn_[next_turn_++]) who->OnReady(0);
  }
  turn_.clear();
}

void EventLoop::Post(std::function<void()> task) {
  bool is_first = false;
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    is_first = !has_tasks_.exchange(true);
  }
  if (!is_first || thread_.load(std::memory_order_relaxed) == std::this_thread::get_id()) return;
  const std::uint64_t one = 1;
  // A counter that is full wakes as well.
  while (::write(wake_.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

void EventLoop::RunTasks() {
  if (!has_tasks_) return;
  {
    const std::lock_guard lock(mutex_);
    running_.swap(tasks_);
    has_tasks_ = false;
  }
  for (auto& task : running_) std::exchange(task, nullptr)();
  running_.clear();
}

bool EventLoop::Watch(int fd, std::uint32_t events, Watched& who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void EventLoop::Rewatch(int fd, std::uint32_t events, Watched& who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Unwatch(int fd, Watched& who) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (std::size_t i = next_event_; i < event_count_; ++i) {
    if (events_[i].data.ptr == &who) events_[i].data.ptr = nullptr;
  }
  std::replace(turn_.begin(), turn_.end(), &who, static_cast<Watched*>(nullptr));
  std::erase(again_, &who);
}

}  // namespace pennon::net
