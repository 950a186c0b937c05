// The cache's file: pragmas, schema, identity, and moving it out of the way.
#pragma once

#include <string>

#include "base/result.h"
#include "base/sqlite.h"
#include "daemon/cache.h"

namespace pennon::daemon {

/// Opens or creates the file, which its owner alone may read. kInvalid means that what is there is
/// not (or no longer) a cache of ours: not a database, damaged, of another format, environment or
/// upstream.
base::Result<base::Sqlite> OpenCacheFile(const CacheOptions& options);

/// Whether it could not be opened because another program has it, or something else is there.
bool IsHeldByAnother(const base::Error& error);

/// Renames the file and its companions to `<path>.aside…`, replacing what was moved there before.
void MoveCacheAside(const std::string& path);

}  // namespace pennon::daemon
