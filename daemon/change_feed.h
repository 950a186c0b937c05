// Tells subscribers that another flag set is in force: event streams and subscribed frames.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/control_loop.h"
#include "serving/published.h"
#include "serving/subscriber.h"

namespace pennon::daemon {

/// Confined to the control thread.
///
/// A change is told when every worker answers from it: whoever asks because of an event must not
/// get an older answer. Changes that follow within kCoalesceMillis are told as one, so a subscriber
/// has at most one event a period to read; who does not read them loses the connection by its
/// limits.
class ChangeFeed {
 public:
  static constexpr std::int64_t kCoalesceMillis = 100;
  static constexpr std::int64_t kBeatMillis = 15'000;

  ChangeFeed(net::ControlLoop& control, std::size_t workers)
      : control_(control), workers_(workers) {}

  /// Begins to beat.
  void Start() { ScheduleBeat(); }
  /// Worker `index` answers from this now.
  void OnPublished(std::size_t index, const std::shared_ptr<const serving::Published>& published);
  /// `environment` is one that is served. Tells at once when `known` is not the version in force,
  /// and with `tell_always` in any case; an empty `known` is no version at all.
  void Subscribe(const std::string& environment, const std::string& known, bool tell_always,
                 std::shared_ptr<serving::Subscriber> subscriber);
  /// Any answer of any environment may be another one now, though its version is the same.
  void TellAll();
  /// Ends all subscriptions; who still may comes again.
  void EndAll();
  /// The same, and ends those that still come; a stream would keep a drain from ending.
  void End();

  /// Those whose connection is not known to be gone.
  [[nodiscard]] std::size_t size() const;
  /// What was told, once for each subscriber.
  [[nodiscard]] std::uint64_t told() const { return told_; }

 private:
  struct Environment {
    std::vector<std::string> at_worker;  // the version that each answers from
    serving::Change current;             // what all of them answer from; its keys are not told yet
    std::uint64_t changes = 0;           // of `current`
    std::uint64_t told = 0;              // the last of them that subscribers were told
    net::ControlLoop::Timer timer;
    bool is_timed = false;
    std::vector<std::shared_ptr<serving::Subscriber>> subscribers;
  };
  Environment& Of(const std::string& environment);
  void TellSoon(Environment& environment);
  void Tell(Environment& environment);
  void Beat();
  void ScheduleBeat();

  net::ControlLoop& control_;
  std::size_t workers_;
  std::map<std::string, Environment, std::less<>> environments_;
  net::ControlLoop::Timer beat_;
  std::uint64_t told_ = 0;
  bool has_ended_ = false;
};

}  // namespace pennon::daemon
