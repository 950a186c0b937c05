// Threads that answer what only reads, each with a connection of its own: a page of a list waits
// for no commit, and no commit for it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/task_thread.h"
#include "store/api.h"
#include "store/ledger.h"

namespace pennon::store {

/// Requests that wait for one reader; one more is answered 503.
inline constexpr std::size_t kMaxQueuedReads = 256;

/// Post, Put and Remove are safe from any thread; the rest belongs to the owner.
class ReaderPool {
 public:
  /// Opens `count` connections to a database that is initialised. Borrows the clock.
  static base::Result<std::unique_ptr<ReaderPool>> Open(const std::string& location,
                                                        std::size_t count,
                                                        const base::Clock& clock);

  void Start();
  void Stop();

  /// What is in force. Whoever posts later reads it.
  void Put(std::shared_ptr<const EnvironmentSet> set);
  void Remove(const std::string& environment);

  /// Calls `task` on the reader that is next in turn, in a transaction that only reads. False when
  /// too many wait for it.
  [[nodiscard]] bool Post(std::function<void(Api&)> task);

 private:
  struct Reader {
    Reader(Database opened, const base::Clock& clock)
        : database(std::move(opened)), ledger(Ledger::ForReading(database, clock)), api(*ledger) {}
    Database database;
    std::unique_ptr<Ledger> ledger;
    Api api;
    base::TaskThread thread{kMaxQueuedReads};
  };
  ReaderPool() = default;
  void Run(Reader& reader, const std::function<void(Api&)>& task);

  std::vector<std::unique_ptr<Reader>> readers_;
  std::mutex mutex_;
  EnvironmentSets sets_;
  std::size_t next_ = 0;
};

}  // namespace pennon::store
