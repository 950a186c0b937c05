// Makes large texts for daemons on a thread of its own, so that no worker, and no connection of
// one, waits for a set to be compressed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/task_thread.h"
#include "store/sync_body.h"

namespace pennon::store {

/// A text that was made, for those who wait for it.
struct Pressed {
  std::shared_ptr<const SyncBody> body;
  Since since;                           // as it was posted
  std::shared_ptr<const SyncText> text;  // null: there was not the memory for it
};

/// Post is safe from any thread; the rest belongs to the owner.
class SyncPress {
 public:
  /// Called on the press's thread after each text.
  using Tell = std::function<void(const Pressed&)>;

  void Start(Tell tell);
  /// Ends after the text that is being made; the others are not made.
  void Stop();

  /// Has the text made, once for all who post the same before it is begun. A newer revision takes
  /// the place of an older one. False: too many texts wait.
  [[nodiscard]] bool Post(std::shared_ptr<const SyncBody> body, const Since& since);

 private:
  using Order = std::pair<std::string, Since>;  // of an environment
  void Run(const Order& order);

  Tell tell_;
  std::mutex mutex_;
  std::map<Order, std::shared_ptr<const SyncBody>> orders_;  // a task of the thread for each
  base::TaskThread thread_;
};

}  // namespace pennon::store
