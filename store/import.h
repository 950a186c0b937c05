// Loads a flag-set document into an environment: the same for the API and the command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/ledger.h"
#include "wire/document.h"

namespace pennon::store {

struct ImportCounts {
  std::vector<std::string> created;
  std::vector<std::string> updated;
  std::vector<std::string> unchanged;
};

struct ImportSummary {
  std::string environment;
  bool environment_created = false;
  std::uint64_t revision = 0;  // of the environment afterwards
  ImportCounts flags;
  ImportCounts segments;
};

struct ImportOptions {
  std::string environment;  // "": the one that the document names
  bool create_environment = false;
  bool may_change_shared = true;  // what of a flag all environments share
  wire::DocumentOptions document = {};
};

/// Creates or replaces the flags and segments that the document names, all or none, in one
/// revision; what it does not name stays as it is. A flag that had no configuration here and gets
/// none of its own salt is salted with its key, as in the document itself, so every subject keeps
/// its place. Errors name the path inside the document; kForbidden: a flag is new, or is another
/// one, for all environments, and the caller may not change those.
base::Result<ImportSummary> Import(Ledger& ledger, ChangeScope scope, std::string_view document,
                                   const ImportOptions& options);

}  // namespace pennon::store
