// Tells every worker and reader what was committed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/worker_pool.h"
#include "store/ledger.h"
#include "store/request_handler.h"

namespace pennon::store {

/// Called on the database's thread, before the change is answered: a caller that has its answer
/// finds the change on every worker. Borrows all.
class Broadcast final : public CommitListener {
 public:
  /// `signer` may be null.
  Broadcast(net::WorkerPool& workers, const std::vector<std::unique_ptr<RequestHandler>>& handlers,
            ReaderPool& readers, const base::Ed25519Signer* signer)
      : workers_(workers), handlers_(handlers), readers_(readers), signer_(signer) {}

  void OnEnvironment(std::shared_ptr<const EnvironmentSet> set) override;
  void OnEnvironmentDeleted(const std::string& environment) override;
  void OnCredentials(std::shared_ptr<const Credentials> credentials) override;
  void OnNews(std::shared_ptr<const News> news) override;

  /// See SyncFeed; from any thread.
  void Beat();
  void EndStreams();

 private:
  void Tell(const std::function<void(RequestHandler&)>& task);
  /// Has every worker tell its streams a part at a time: nobody waits for thousands of them.
  /// `tell_some` tells a part; true when there is more.
  using TellSome = std::function<bool(RequestHandler&)>;
  void TellStreams(const TellSome& tell_some);
  void TellStreamsOf(std::size_t worker, const TellSome& tell_some);

  net::WorkerPool& workers_;
  const std::vector<std::unique_ptr<RequestHandler>>& handlers_;  // one a worker, in their order
  ReaderPool& readers_;
  const base::Ed25519Signer* signer_;
};

}  // namespace pennon::store
