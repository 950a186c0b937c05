// Where a daemon gets its flag set: one fetch at a time, whatever the kind of upstream.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <tl/expected.hpp>

#include "base/error.h"
#include "wire/sync_document.h"

namespace pennon::daemon {

struct Fetched {
  bool not_modified = false;  // the set that `validator` stood for is still current
  wire::SyncDocument document;
  std::string validator;  // to be presented at the next fetch
};

struct FetchFailure {
  base::Error error;
  std::int64_t retry_after_millis = 0;  // what the upstream asked for
  bool is_refusal = false;              // asking again soon will not help
  bool is_partial = false;              // of several sources another one has answered
};

/// The newest set of an upstream that is here.
struct KnownSet {
  std::string validator;  // as it came with the set; "": there is none
  std::string
      since;  // "<epoch>.<revision>" that a delta may go on from; "": only a full set will do
  std::uint64_t epoch = 0;  // these three also when a delta will not do; all empty: there is none
  std::uint64_t revision = 0;
  std::string set_digest;
};

using FetchResult = tl::expected<Fetched, FetchFailure>;

/// Used from the control thread.
class Upstream {
 public:
  virtual ~Upstream() = default;
  /// Asks for the set, or for what has changed since, unless the known one is still current.
  /// `done` is called once, later, on the control thread.
  virtual void Fetch(const KnownSet& known, std::function<void(FetchResult)> done) = 0;
  /// What identifies it in a cache and in the status: a URL without credentials.
  [[nodiscard]] virtual std::string identity() const = 0;
};

}  // namespace pennon::daemon
