// A flag set as an upstream sent it: the lines, as they are kept, and what they define.
#pragma once

#include "base/result.h"
#include "daemon/cache.h"
#include "model/flag_set.h"
#include "wire/sync_document.h"

namespace pennon::daemon {

/// The lines are in the order of kind and key. Definitions are shared between the sets that have
/// them.
struct ReceivedSet {
  Generation generation;
  model::FlagSet definitions;
  bool is_accepted =
      false;  // by somebody: what guards against sets that nobody meant counts no more
};

/// Reads the definitions of a generation's lines; broken ones stand in the set as such.
ReceivedSet ReadGeneration(Generation generation);

/// The set of a verified document: of a delta, what it makes of `before`. kConflict when it goes on
/// from another revision than `before` or does not give the set that its digest is of: the full set
/// is to be asked for then.
base::Result<ReceivedSet> Receive(const ReceivedSet& before, wire::SyncDocument document);

/// "<epoch>.<revision>", as the store names a place in an environment's history.
std::string CursorOf(const wire::SyncHead& head);

}  // namespace pennon::daemon
