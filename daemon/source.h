// One place that flag definitions come from; one or several make an upstream (LayeredUpstream).
#pragma once

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "daemon/upstream.h"
#include "model/diagnostic.h"
#include "wire/sync_document.h"

namespace pennon::daemon {

struct SourceSet {
  bool not_modified = false;  // what `validator` stood for is still current; no lines then
  std::vector<wire::SyncLine> lines;
  std::string validator;
  std::vector<model::Diagnostic> diagnostics;
};
using SourceResult = tl::expected<SourceSet, FetchFailure>;

/// Used from the control thread.
class Source {
 public:
  virtual ~Source() = default;
  /// `validator` is what came with the set that is here, "" when there is none. `done` is called
  /// once, later, on the control thread.
  virtual void Fetch(const std::string& validator, std::function<void(SourceResult)> done) = 0;
  /// Calls `changed`, on the control thread, when a fetch would bring something new; for sources
  /// that notice by themselves.
  virtual void Watch(std::function<void()> changed) { (void)changed; }
  /// A path, or a URL without credentials.
  [[nodiscard]] virtual std::string identity() const = 0;
};

}  // namespace pennon::daemon
