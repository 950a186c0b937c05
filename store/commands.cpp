#include "store/commands.h"

#include <unistd.h>

#include <optional>

#include "base/file.h"
#include "store/access_change.h"
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

struct FirstSecrets {
  std::string token;
  std::string invitation;
};

// The identity of the store, its first token and its first user: all or nothing.
Result<FirstSecrets> Initialise(Database& database, std::optional<SecretFile>& file) {
  const base::SystemClock clock;
  const ChangeScope scope{Actor(), "", "", false};
  FirstSecrets secrets;
  auto done = database.Transaction([&]() -> Result<void> {
    auto identity = database.Initialise(clock.Wall());
    if (!identity) return identity;
    Change change(database, scope, clock.Wall());
    AccessChange access(change);
    auto token = access.CreateToken(TokenKind::kAdmin, std::nullopt, "first admin");
    if (!token) return Fail(token.error());
    secrets.token = token->secret;
    auto invitation =
        access.CreateUser("admin", {Role::kAdmin}).and_then([&] { return access.Invite("admin"); });
    if (!invitation) return Fail(invitation.error());
    secrets.invitation = *invitation;
    return file ? file->Write(secrets.token) : Result<void>();
  });
  if (!done) return Fail(done.error());
  return secrets;
}

void PrintInvitation(std::ostream& out, const std::string& user, const std::string& invitation) {
  out << "to sign in as \"" << user
      << "\", enter this invitation in the admin UI, once, within 24 hours, and set a password\n"
         "(or POST /api/v1/setup {\"token\": …, \"password\": …}):\n"
      << invitation << '\n';
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
    auto token = AccessChange(change).CreateToken(TokenKind::kSync, environment, "import");
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
  auto secrets = Initialise(*database, *file);
  if (!secrets) return Fail(secrets.error());
  out << "created " << database->name() << '\n';
  if (*file) {
    (*file)->Keep();
    out << "the admin token is in " << command.token_file << '\n';
  } else {
    out << "the admin token, which is not shown again:\n" << secrets->token << '\n';
  }
  PrintInvitation(out, "admin", secrets->invitation);
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

  ChangeScope scope{Actor(), "", ""};
  scope.comment = command.comment;
  auto summary = Import(**ledger, scope, *document,
                        {command.environment, true, true, {*format, command.environment}});
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

Result<void> RunInvite(const InviteCommand& command, std::ostream& out) {
  const auto role = ParseRole(command.role);
  if (!role) return Fail(Error::Invalid("--role", "expected none, viewer, editor or admin"));
  auto database = Database::Open(command.database);
  if (!database) return Fail(database.error());
  const base::SystemClock clock;
  auto ledger = Ledger::Load(*database, clock);
  if (!ledger) return Fail(ledger.error());
  std::string invitation;
  auto done = (*ledger)->Commit({Actor(), "", ""}, [&](Change& change) -> Result<void> {
    AccessChange access(change);
    auto user = Users(*database).Get(command.user);
    if (!user && user.error().code() != base::ErrorCode::kNotFound) return Fail(user.error());
    if (!user) {
      if (auto made = access.CreateUser(command.user, {*role}); !made) return made;
    }
    return access.Invite(command.user).map([&](std::string made) { invitation = std::move(made); });
  });
  if (!done) return Fail(done.error());
  PrintInvitation(out, command.user, invitation);
  return {};
}

}  // namespace pennon::store
