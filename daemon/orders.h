// Orders of operators: what pennon generations, rollback, pin, accept and reload ask of a daemon.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/result.h"
#include "serving/frame_protocol.h"

namespace pennon::daemon {

/// The orders that are about the flag sets of one environment. Each answers with a JSON object of
/// what is so afterwards. An `environment` of "" means the only one there is. Confined to the
/// control thread.
class FlagSetOrders {
 public:
  virtual ~FlagSetOrders() = default;
  /// The flag sets that are kept, newest first, which of them serves, and whether it is pinned.
  virtual base::Result<std::string> Generations(std::string_view environment) = 0;
  /// Puts the kept set before the one in force, or the named one, in force until the upstream has a
  /// newer one.
  virtual base::Result<std::string> Rollback(std::string_view environment,
                                             std::string_view generation) = 0;
  /// Keeps the set in force, or puts the named one in force and keeps that, whatever the upstream
  /// has, until Unpin.
  virtual base::Result<std::string> Pin(std::string_view environment,
                                        std::string_view generation) = 0;
  virtual base::Result<std::string> Unpin(std::string_view environment) = 0;
  /// Puts the set in force that was held back because it is empty or much smaller.
  virtual base::Result<std::string> Accept(std::string_view environment,
                                           std::string_view revision) = 0;
};

/// Carries orders out and logs each, with who gave it. Confined to the control thread.
class Orders {
 public:
  using Report = std::function<base::Result<std::string>()>;
  /// `flag_sets` may be null: those orders are unavailable then. `status` answers with the status
  /// document, `reload` does what SIGHUP does and answers with what has changed.
  Orders(FlagSetOrders* flag_sets, Report status, Report reload, base::Logger& log)
      : flag_sets_(flag_sets), status_(std::move(status)), reload_(std::move(reload)), log_(log) {}

  base::Result<std::string> Run(const serving::Order& order);

 private:
  base::Result<std::string> Dispatch(const serving::Order& order);

  FlagSetOrders* flag_sets_;
  Report status_;
  Report reload_;
  base::Logger& log_;
};

}  // namespace pennon::daemon
