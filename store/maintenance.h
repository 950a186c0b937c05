// `pennon-store keygen`, `backup`, `restore`, `verify` and `migrate`.
#pragma once

#include <ostream>
#include <string>

#include "base/result.h"

namespace pennon::store {

/// Makes a key to sign flag sets with: the private one goes to a new file of mode 0600, the public
/// one, for daemons, is printed.
base::Result<void> RunKeygen(const std::string& file, std::ostream& out);
/// Writes a backup to a new file of mode 0600, also while a store serves the database.
base::Result<void> RunBackup(const std::string& database, const std::string& file,
                             std::ostream& out);
/// Fills a database that is new or empty.
base::Result<void> RunRestore(const std::string& database, const std::string& file,
                              std::ostream& out);
/// Walks the audit log and the digests of all lines; fails naming the first that is not as written.
/// `head` is what an earlier run printed, or empty.
base::Result<void> RunVerify(const std::string& database, const std::string& head,
                             std::ostream& out);
/// Brings the schema up to this program's; `serve` does the same when it starts.
base::Result<void> RunMigrate(const std::string& database, std::ostream& out);

}  // namespace pennon::store
