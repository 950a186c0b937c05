#include "store/maintenance.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/ed25519.h"
#include "base/file.h"
#include "store/audit_chain.h"
#include "store/backup.h"
#include "store/environments.h"
#include "store/lines.h"
#include "store/migrations.h"
#include "store/secret_file.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::size_t kMaxBackupBytes = std::size_t{4} << 30U;

Result<std::size_t> VerifyLines(Database& database) {
  auto all = Environments(database).All();
  if (!all) return Fail(all.error());
  std::size_t count = 0;
  for (const Environment& environment : *all) {
    auto lines = Lines(database).All(environment.key);
    if (!lines) return Fail(lines.error());
    count += lines->size();
  }
  return count;
}

}  // namespace

Result<void> RunKeygen(const std::string& path, std::ostream& out) {
  auto file = SecretFile::Create(path);
  if (!file) return Fail(file.error());
  const auto signer = base::Ed25519Signer::Generate();
  auto written = file->Append(signer.PrivatePem()).and_then([&] { return file->Sync(); });
  if (!written) return written;
  file->Keep();
  out << "the private key is in " << path << "; the public key, for daemons:\n"
      << signer.PublicPem();
  return {};
}

Result<void> RunBackup(const std::string& location, const std::string& path, std::ostream& out) {
  auto database = Database::OpenToRead(location);
  if (!database) return Fail(database.error());
  auto file = SecretFile::Create(path);
  if (!file) return Fail(file.error());
  auto rows = WriteBackup(*database, [&](std::string_view text) { return file->Append(text); });
  if (!rows) return Fail(rows.error());
  if (auto synced = file->Sync(); !synced) return synced;
  file->Keep();
  out << "wrote " << *rows << " rows of " << database->name() << " to " << path << '\n';
  return {};
}

Result<void> RunRestore(const std::string& location, const std::string& path, std::ostream& out) {
  auto backup = base::ReadFile(path, kMaxBackupBytes);
  if (!backup) return Fail(backup.error());
  auto database = Database::OpenOrCreate(location);
  if (!database) return Fail(database.error());
  const base::SystemClock clock;
  auto restored =
      RestoreBackup(*database, *backup, "cli:" + std::to_string(::getuid()), clock.Wall());
  if (!restored) {
    const Error& error = restored.error();
    return Fail(error.code() == base::ErrorCode::kInvalid ? error.Within(path) : error);
  }
  out << "restored " << restored->rows << " rows into " << database->name() << "; "
      << restored->environments
      << (restored->environments == 1 ? " environment has" : " environments have")
      << " a new epoch\n";
  return {};
}

Result<void> RunVerify(const std::string& location, const std::string& head, std::ostream& out) {
  std::optional<AuditHead> known;
  if (!head.empty()) {
    auto parsed = ParseHead(head);
    if (!parsed) return Fail(parsed.error());
    known = std::move(*parsed);
  }
  auto database = Database::OpenToRead(location);
  if (!database) return Fail(database.error());
  // A store may serve it meanwhile: what its head says has to be of the same moment as the log.
  return database->Snapshot([&]() -> Result<void> {
    auto last = VerifyAudit(*database, known);
    if (!last) return Fail(last.error());
    auto lines = VerifyLines(*database);
    if (!lines) return Fail(lines.error());
    out << database->name() << " is as it was written\n  audit log: " << last->sequence
        << " entries, head " << FormatHead(*last) << "\n  definitions: " << *lines << '\n';
    return {};
  });
}

Result<void> RunMigrate(const std::string& location, std::ostream& out) {
  auto database = Database::Open(location);
  if (!database) return Fail(database.error());
  out << database->name() << " has schema " << SchemaVersion() << '\n';
  return {};
}

}  // namespace pennon::store
