// The client of both servers: several connections, each with a window of requests in flight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pennon::bench {

struct LoadShape {
  std::size_t connections = 1;
  std::size_t window = 1;  // requests of a connection in flight, written at once
  /// Never sleeps while it waits, so that the server has nobody to wake: to measure the server and
  /// not what it costs this machine to wake a processor.
  bool spins = false;
  double seconds = 0.2;
  std::size_t max_messages = 4'000'000;
};

struct LoadResult {
  std::size_t messages = 0;
  std::int64_t nanos = 0;
  std::vector<double> waits;  // of each answer, nanoseconds; of one connection without a window
};

/// Sends the frames in turn and checks each answer's magic and id. All requests have one size, and
/// so have all answers. Ends the program when an answer is wrong. Confined to one thread.
class Load {
 public:
  Load(const std::vector<std::string>& requests, std::size_t answer_bytes);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  /// Opens `connections`, each beginning with `greeting`, whose answer is read and left aside.
  void Connect(const std::string& path, std::size_t connections, std::string_view greeting);
  LoadResult Run(const LoadShape& shape);
  /// Sends `rate` requests a second, each at its instant, whatever has not been answered yet, and
  /// counts each wait from that instant: what a stall keeps from being sent has waited, too. Never
  /// sleeps.
  LoadResult RunPaced(double rate, double seconds);
  /// The answer to request `index`, on the first connection.
  std::string Ask(std::size_t index);

 private:
  struct Lane {
    int fd = -1;
    std::uint32_t first_id = 0;  // of the window in flight
    std::size_t received = 0;    // bytes of its answers
    std::string input;
  };

  void Send(Lane& lane, std::size_t window);
  bool Receive(Lane& lane, std::size_t window);
  void Verify(const Lane& lane, std::size_t window) const;

  std::size_t request_bytes_;
  std::size_t answer_bytes_;
  std::string requests_;  // one after another
  std::size_t next_ = 0;  // request to be sent
  std::size_t count_;
  std::uint32_t next_id_ = 1;
  std::string output_;
  int epoll_;
  std::vector<Lane> lanes_;
};

}  // namespace pennon::bench
