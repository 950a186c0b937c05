#include "net/control_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
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
void ControlLoop::RunReady() {
  state_->io.restart();
  state_->io.poll();
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
