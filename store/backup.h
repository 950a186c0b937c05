// A store as a file: every row of every table, so that it can be put back into SQLite or
// PostgreSQL, whichever it came from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "store/database.h"

namespace pennon::store {

/// Newline-delimited JSON: a head {"pennonBackup": <schema version>}, then {"table", "row": [...]}
/// for each row, then {"rows": <their number>}, so that a file that was cut off is noticed.
/// Consistent: read in one transaction. `write` takes a piece of text and may fail.
base::Result<std::uint64_t> WriteBackup(
    Database& database, const std::function<base::Result<void>(std::string_view)>& write);

struct Restored {
  std::uint64_t rows = 0;
  std::uint64_t environments = 0;
};
/// Fills an empty database, all or nothing. Every environment gets a new epoch, so daemons that
/// have seen more than the backup holds take it over; the audit log says so. `now` in UTC
/// milliseconds. kConflict when the database has a store in it already, kInvalid naming the line.
base::Result<Restored> RestoreBackup(Database& database, std::string_view backup,
                                     const std::string& actor, std::int64_t now);

}  // namespace pennon::store
