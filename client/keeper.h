// The client's own thread: keeps the mapped flag set current, reports usage, tells of changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "client/client.h"
#include "client/evaluator.h"
#include "client/frame_connection.h"

namespace pennon::client {

struct KeeperOptions {
  ClientOptions client;
  bool maps = true;
  std::int64_t report_millis = 10'000;
};

/// Wake, HasSettled: from any thread. The rest is the thread's own.
class Keeper {
 public:
  /// `changed(epoch, revision)` is called in the keeper's thread, after the new set is in force.
  using Changed = std::function<void(std::uint64_t, std::uint64_t)>;

  /// Borrows what it is given. Without a thread (the process may have no more of them) everything
  /// goes over frames.
  Keeper(const KeeperOptions& options, Client& frames, Evaluator& evaluator, Changed changed);
  /// Waits for what is under way, by its deadline, and reports what is left.
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Somebody has seen that there is another set. Makes a system call once for each set.
  void Wake() noexcept;
  /// Whether it is known where answers come from: a set, or, for now, frames.
  [[nodiscard]] bool HasSettled() const { return settled_.load(std::memory_order_acquire); }
  void AbandonAfterFork() noexcept;

 private:
  void Run() noexcept;
  void RunOnce();
  bool Subscribe();
  void OnChanged();
  void Take(const base::Result<Frame>& frame);
  void TellChange();
  void Refresh();
  bool RefreshOnce();
  static bool IsRefusal(base::ErrorCode code);
  [[nodiscard]] bool IsDismissal(const base::Error& error, bool was_hung_up) const;
  [[nodiscard]] bool IsOvertaken(const LocalSet& set);
  bool PutInForce(const MappedAnswer& answer);
  void Report();
  void Wait(int fd, std::int64_t millis);

  KeeperOptions options_;
  Client& frames_;
  Evaluator& evaluator_;
  Changed changed_;
  base::Descriptor event_;
  std::atomic<bool> woken_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> settled_{false};
  FrameConnection subscription_;
  std::string version_;  // of the flag set that was told last
  // What the listener is still to be told; `old_set` was mapped when it was learned.
  struct Change {
    std::uint64_t epoch;
    std::uint64_t revision;
    std::uint32_t old_set;
  };
  std::optional<Change> untold_;
  bool is_readable_ = false;
  bool is_awaiting_set_ = false;            // it was asked for in vain, and may be had later
  std::optional<Deadline> outdated_since_;  // the set, and no other can be had
  std::int64_t pause_millis_;
  Deadline report_at_;
  std::minstd_rand random_;
  std::thread thread_;
};

}  // namespace pennon::client
