// The cache behind a thread of its own, so that a slow disk delays neither answers nor the sync.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <type_traits>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/task_thread.h"
#include "daemon/cache.h"

namespace pennon::daemon {

struct CacheHealth {
  std::string missing;       // why there is no file, or not what is in it; "": all is well
  bool is_unread = false;    // it is the disk that does not give what is in it
  std::string error;         // why the last write failed; "": it is on the disk
  std::string damage;        // what was found in the file since the start; "": nothing
  std::uint64_t writes = 0;  // flag sets written
};

/// What is given to be written is written later, in order, by the cache's thread; what is asked is
/// answered on the caller's. To be called by one thread, the control thread.
class CacheWriter {
 public:
  using Task = std::function<base::Result<void>(Cache&)>;

  CacheWriter(Cache cache, base::Logger& log,
              std::chrono::milliseconds max_wait = std::chrono::seconds(2));
  ~CacheWriter() { Stop(); }
  CacheWriter(const CacheWriter&) = delete;
  CacheWriter& operator=(const CacheWriter&) = delete;

  /// Of several flag sets that wait, only the newest is written, and not quite at once: within
  /// about a second, and the time that a write takes. `ends` is as Cache::Save has it.
  void Save(std::shared_ptr<const Generation> generation, Ends ends = Ends::kNothing);
  /// Moves a file aside that the disk does not give, and keeps the set in a new one.
  void GiveUp(std::shared_ptr<const Generation> generation, Ends ends);
  /// When too much waits already the task is dropped, and the health says so.
  void Write(Task task);
  /// Tries to open a file that is missing. It counts as unsaved until something is saved, or
  /// NothingToSave tells that nothing came meanwhile.
  void Reopen();
  void NothingToSave();

  /// Runs `use` now, after what was given to be written; it gives a Result. kUnavailable when that
  /// takes longer than `max_wait`.
  template <typename Use>
  std::invoke_result_t<Use, Cache&> Run(Use use) {
    if (!WaitForWrites()) return base::Fail(Busy());
    auto result = use(cache_);
    NoteHealth();
    return result;
  }

  [[nodiscard]] CacheHealth health() const;
  /// The newest flag set could not be written, and nothing waits that would do it.
  [[nodiscard]] bool HasUnsaved() const;
  /// Nothing waits to be written, and nothing could not be.
  [[nodiscard]] bool IsAllWritten() const;
  [[nodiscard]] const std::string& path() const { return path_; }

  /// Writes what waits, then ends the thread.
  void Stop();

 private:
  bool WaitForWrites();
  bool Post(Task task);
  void NoteHealth();
  [[nodiscard]] base::Error Busy() const;
  base::Result<void> SaveNewest(Cache& cache);
  void Note(const base::Result<void>& result);
  void NoteSaved(const base::Result<void>& saved);
  /// With the mutex held.
  [[nodiscard]] bool IsUnsaved() const { return has_unsaved_ || has_remains_; }

  const std::string path_;
  base::Logger& log_;
  const std::chrono::milliseconds max_wait_;
  mutable std::mutex mutex_;  // guards what follows, and is not held while the disk is used
  std::condition_variable written_;
  std::condition_variable hurried_;
  bool is_awaited_ = false;    // a new set must not be left to settle
  std::size_t unwritten_ = 0;  // tasks; while there are none, the caller may use cache_
  std::shared_ptr<const Generation> newest_;  // waits to be written
  Ends newest_ends_ = Ends::kNothing;
  bool has_unsaved_ = false;
  bool has_remains_ = false;  // see Cache
  CacheHealth health_;

  using Clock = std::chrono::steady_clock;
  Clock::time_point not_before_;  // the next set; of the cache's thread

  Cache cache_;
  base::TaskThread thread_;
};

}  // namespace pennon::daemon
