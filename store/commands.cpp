#include "store/commands.h"

#include <unistd.h>

#include <optional>

#include "base/file.h"
#include "store/import.h"
#include "store/secret_file.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

constexpr std::size_t kMaxImportBytes = std::size_t{64} << 20U;

std::string Actor() {
  return "cli:" + std::to_string(::getuid());
}

Result<std::optional<SecretFile>> CreateIfAsked(const std::string& path) {
  if (path.empty()) return std::nullopt;
  auto file = SecretFile::Create(path);
  if (!file) return Fail(file.error());
  return *std::move(file);
}

// The identity of the store and its first token, both or neither; returns the token.
Result<std::string> Initialise(Database& database, std::optional<SecretFile>& file) {
  const base::SystemClock clock;
  const ChangeScope scope{Actor(), "", "", false};
  std::string secret;
  auto done = database.Transaction([&]() -> Result<void> {
    auto identity = database.Initialise(clock.Wall());
    if (!identity) return identity;
    Change change(database, scope, clock.Wall());
    auto token = change.CreateToken(TokenKind::kAdmin, std::nullopt, "first admin");
    if (!token) return Fail(token.error());
    secret = token->secret;
    return file ? file->Write(secret) : Result<void>();
  });
  if (!done) return Fail(done.error());
  return secret;
}

// A wrong document is named together with the place inside it; a full disk is not its fault.
Error InDocument(const std::string& file, const Error& error) {
  return error.code() == base::ErrorCode::kInvalid ? Error::Invalid(file, error.Message()) : error;
}

void PrintCounts(std::ostream& out, const char* noun, const ImportCounts& counts) {
  out << "  " << noun << ": " << counts.created.size() << " created, " << counts.updated.size()
      << " updated, " << counts.unchanged.size() << " unchanged\n";
}

Result<std::string> CreateSyncKey(Ledger& ledger, const std::string& environment,
                                  SecretFile& file) {
  std::string last4;
  auto done = ledger.Commit({Actor(), environment, "", false}, [&](Change& change) -> Result<void> {
    auto token = change.CreateToken(TokenKind::kSync, environment, "import");
    if (!token) return Fail(token.error());
    last4 = token->record.last4;
    return file.Write(token->secret);
  });
  if (!done) return Fail(done.error());
  return last4;
}

}  // namespace

Result<void> RunInit(const InitCommand& command, std::ostream& out) {
  auto database = Database::OpenOrCreate(command.database);
  if (!database) return Fail(database.error());
  auto initialised = database->IsInitialised();
  if (!initialised) return Fail(initialised.error());
  if (*initialised) {
    return Fail(Error::Conflict(database->name(),
                                "is initialised already; its first admin token was shown then"));
  }
  auto file = CreateIfAsked(command.token_file);
  if (!file) return Fail(file.error());
  auto secret = Initialise(*database, *file);
  if (!secret) return Fail(secret.error());
  out << "created " << database->name() << '\n';
  if (*file) {
    (*file)->Keep();
    out << "the admin token is in " << command.token_file << '\n';
  } else {
    out << "the admin token, which is not shown again:\n" << *secret << '\n';
  }
  return {};
}

Result<void> RunImport(const ImportCommand& command, std::ostream& out) {
  const auto format = wire::ParseDocumentFormat(command.format);
  if (!format) return Fail(Error::Invalid("--from", "expected native, flagd or unleash"));
  auto document = base::ReadFile(command.file, kMaxImportBytes);
  if (!document) return Fail(document.error());
  auto database = Database::Open(command.database);
  if (!database) return Fail(database.error());
  const base::SystemClock clock;
  auto ledger = Ledger::Load(*database, clock);
  if (!ledger) return Fail(ledger.error());
  auto key_file = CreateIfAsked(command.sync_key_file);
  if (!key_file) return Fail(key_file.error());

  auto summary = Import(**ledger, {Actor(), "", ""}, *document,
                        {command.environment, true, {*format, command.environment}});
  if (!summary) return Fail(InDocument(command.file, summary.error()));
  out << "imported " << command.file << " into environment " << summary->environment
      << (summary->environment_created ? " (created)" : "") << ", now at revision "
      << summary->revision << '\n';
  PrintCounts(out, "flags", summary->flags);
  PrintCounts(out, "segments", summary->segments);
  if (!*key_file) return {};
  auto last4 = CreateSyncKey(**ledger, summary->environment, **key_file);
  if (!last4) return Fail(last4.error());
  (*key_file)->Keep();
  out << "  sync key (…" << *last4 << ") is in " << command.sync_key_file << '\n';
  return {};
}

}  // namespace pennon::store
