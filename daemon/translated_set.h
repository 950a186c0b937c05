// A document of any format as the lines of a flag set, as if a store had sent them.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/diagnostic.h"
#include "wire/document.h"
#include "wire/sync_document.h"

namespace pennon::daemon {

struct TranslatedSet {
  std::vector<wire::SyncLine> lines;
  std::vector<model::Diagnostic> diagnostics;  // the reader's; the compiler adds others
};

/// Fails when the text is no flag set at all, or a native one of another environment than
/// `options.environment`. A definition that cannot be translated becomes a line that is
/// quarantined.
base::Result<TranslatedSet> TranslateSet(std::string_view text,
                                         const wire::DocumentOptions& options);

/// The set that follows `known` (epoch, revision and digest; all empty: none): the same place in
/// history when the content is the same, else a newer one. Epochs and revisions are UTC
/// milliseconds, so they also grow when what was known is lost.
wire::SyncDocument PlaceInHistory(std::string environment, std::vector<wire::SyncLine> lines,
                                  const wire::SyncHead& known, std::int64_t now_millis);

}  // namespace pennon::daemon
