// pennon in a loop of Boost.Asio: nothing here ever waits but the loop.
#include <pennon/client.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>

namespace asio = boost::asio;

// Runs a client's callbacks in the loop, whenever its descriptor is readable.
class FlagEvents {
 public:
  FlagEvents(asio::io_context& loop, pennon::Client& flags)
      : flags_(flags), readable_(loop, flags.AsFd()) {
    Wait();
  }
  ~FlagEvents() { readable_.release(); }  // the descriptor is the client's

 private:
  void Wait() {
    readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this](const boost::system::error_code& error) {
                           if (error) return;
                           flags_.Dispatch();
                           Wait();
                         });
  }

  pennon::Client& flags_;
  asio::posix::stream_descriptor readable_;
};

int main() {
  asio::io_context loop(1);
  pennon::Client flags;
  const FlagEvents events(loop, flags);
  pennon::Context user("user-9");
  user.Set("country", "NO");

  const auto ask = [&] {
    flags.GetDetailAsync("banner", user, std::string("Hello"), [&](const auto& answer) {
      std::printf("banner: %s (%s)\n", answer.value.c_str(), flags.Way().c_str());
      std::fflush(stdout);
    });
  };
  flags.OnChange([&](std::uint64_t /*epoch*/, std::uint64_t revision) {
    std::printf("revision %llu\n", static_cast<unsigned long long>(revision));
    ask();
  });
  ask();
  asio::signal_set end(loop, SIGINT, SIGTERM);
  end.async_wait([&](const boost::system::error_code&, int) { loop.stop(); });
  loop.run();
}
