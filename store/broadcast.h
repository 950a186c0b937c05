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
  void OnPressed(const Pressed& pressed);
  void Beat();
  void EndStreams();

 private:
  void Tell(const std::function<void(RequestHandler&)>& task);
  /// Has every worker do a part at a time of what is long, such as to tell thousands of streams:
  /// others have their turn in between. True when there is more.
  using Part = std::function<bool(RequestHandler&)>;
  void InParts(const Part& part);
  void InPartsOn(std::size_t worker, const Part& part);

  net::WorkerPool& workers_;
  const std::vector<std::unique_ptr<RequestHandler>>& handlers_;  // one a worker, in their order
  ReaderPool& readers_;
  const base::Ed25519Signer* signer_;
};

}  // namespace pennon::store
