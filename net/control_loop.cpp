#include "net/control_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

namespace pennon::net {

struct ControlLoop::State {
  boost::asio::io_context io{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::unique_ptr<boost::asio::signal_set> signals;
  std::function<void(int)> on_signal;

  void WaitForSignal() {
    signals->async_wait([this](const boost::system::error_code& ec, int signal) {
      if (ec) return;
      on_signal(signal);
      WaitForSignal();
    });
  }
};

struct ControlLoop::Timer::State {
  explicit State(boost::asio::io_context& io) : timer(io) {}
  ~State() { *cancelled = true; }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  boost::asio::steady_timer timer;
  // An expired timer whose call is already queued cannot be cancelled by asio any more.
  std::shared_ptr<bool> cancelled = std::make_shared<bool>(false);
};

ControlLoop::ControlLoop() : state_(std::make_unique<State>()) {}
ControlLoop::~ControlLoop() = default;

void ControlLoop::Run() {
  state_->io.run();
}
void ControlLoop::Stop() {
  state_->io.stop();
}
// What is ready may make more ready, for ever while an upstream has changes to tell.
void ControlLoop::RunReady() {
  state_->io.restart();
  bool is_done = false;
  Post([&is_done] { is_done = true; });
  while (!is_done && state_->io.poll_one() > 0) {
  }
}
void ControlLoop::Post(std::function<void()> task) {
  boost::asio::post(state_->io, std::move(task));
}

ControlLoop::Timer::Timer() = default;
ControlLoop::Timer::Timer(Timer&&) noexcept = default;
ControlLoop::Timer& ControlLoop::Timer::operator=(Timer&&) noexcept = default;
ControlLoop::Timer::~Timer() = default;

ControlLoop::Timer ControlLoop::After(std::int64_t millis, std::function<void()> task) {
  Timer timer;
  timer.state_ = std::make_unique<Timer::State>(state_->io);
  timer.state_->timer.expires_after(std::chrono::milliseconds(millis));
  timer.state_->timer.async_wait([task = std::move(task), cancelled = timer.state_->cancelled](
                                     const boost::system::error_code& ec) {
    if (!ec && !*cancelled) task();
  });
  return timer;
}

struct ControlLoop::Watch::State : std::enable_shared_from_this<ControlLoop::Watch::State> {
  State(boost::asio::io_context& io, int fd, std::function<void()> call)
      : descriptor(io, fd), task(std::move(call)) {}

  void Wait() {
    descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [self = shared_from_this()](const boost::system::error_code& ec) {
                            if (ec || self->ended) return;
                            self->task();
                            if (!self->ended) self->Wait();
                          });
  }
  void End() {
    ended = true;
    (void)descriptor.release();  // the descriptor is its owner's
  }

  boost::asio::posix::stream_descriptor descriptor;
  std::function<void()> task;
  bool ended = false;
};

ControlLoop::Watch::Watch() = default;
ControlLoop::Watch::Watch(Watch&&) noexcept = default;
ControlLoop::Watch& ControlLoop::Watch::operator=(Watch&& other) noexcept {
  if (state_ && state_ != other.state_) state_->End();
  state_ = std::move(other.state_);
  return *this;
}
ControlLoop::Watch::~Watch() {
  if (state_) state_->End();
}

ControlLoop::Watch ControlLoop::OnReadable(int descriptor, std::function<void()> task) {
  Watch watch;
  watch.state_ = std::make_shared<Watch::State>(state_->io, descriptor, std::move(task));
  watch.state_->Wait();
  return watch;
}

void ControlLoop::OnSignals(const std::vector<int>& signals, std::function<void(int)> handler) {
  state_->signals = std::make_unique<boost::asio::signal_set>(state_->io);
  for (const int signal : signals) state_->signals->add(signal);
  state_->on_signal = std::move(handler);
  state_->WaitForSignal();
}

void IgnoreDeadlySignals() {
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace pennon::net
