#include "store/ledger.h"

#include <algorithm>

#include "store/definition.h"

namespace pennon::store {
namespace {

using base::Fail;
using base::Result;
using wire::LineKind;

// The line of a flag or segment from what the tables hold now; none when it was deleted.
Result<std::optional<wire::SyncLine>> MakeLine(Change& change, const std::string& environment,
                                               const LineId& id) {
  const auto& [kind, key] = id;
  if (kind == LineKind::kSegment) {
    auto segment = change.segments.Find(environment, key);
    if (!segment) return Fail(segment.error());
    if (!*segment) return std::nullopt;
    return wire::MakeSyncLine(kind, key, **segment);
  }
  auto flag = change.flags.Find(key);
  if (!flag) return Fail(flag.error());
  if (!*flag) return std::nullopt;
  auto config = change.flags.FindConfig(environment, key);
  if (!config) return Fail(config.error());
  if (!*config) return Fail(base::Error::Internal("flags." + key, "has no configuration row"));
  return wire::MakeSyncLine(kind, key, MergeDefinition((*flag)->definition, **config));
}

bool IsSame(const model::Diagnostic& a, const model::Diagnostic& b) {
  return a.flag == b.flag && a.error.where() == b.error.where() && a.error.what() == b.error.what();
}

bool IsTouched(const std::set<LineId>& touched, const model::Diagnostic& diagnostic) {
  const bool is_flag = diagnostic.error.where().starts_with("flags.");
  return touched.count({is_flag ? LineKind::kFlag : LineKind::kSegment, diagnostic.flag}) != 0;
}

const model::Diagnostic* FindFault(const EnvironmentSet* before, const EnvironmentSet& after,
                                   const std::set<LineId>& touched) {
  // The changed definition itself first: others may fail only because of it.
  const model::Diagnostic* other = nullptr;
  for (const model::Diagnostic& diagnostic : after.diagnostics) {
    if (diagnostic.severity != model::Severity::kError) continue;
    if (IsTouched(touched, diagnostic)) return &diagnostic;
    const bool known =
        before != nullptr && std::any_of(before->diagnostics.begin(), before->diagnostics.end(),
                                         [&](const auto& old) { return IsSame(old, diagnostic); });
    if (!known && other == nullptr) other = &diagnostic;
  }
  return other;
}

}  // namespace

Result<std::unique_ptr<Ledger>> Ledger::Load(Database& database, const base::Clock& clock) {
  auto ledger = std::unique_ptr<Ledger>(new Ledger(database, clock));
  auto environments = Environments(database).All();
  if (!environments) return Fail(environments.error());
  for (const Environment& environment : *environments) {
    auto lines = Lines(database).All(environment.key);
    if (!lines) return Fail(lines.error());
    Definitions definitions;
    for (StoredLine& stored : *lines) {
      LineId id(stored.line.kind, stored.line.key);
      definitions.emplace(std::move(id), ReadDefinition(std::move(stored)));
    }
    auto set = CompileEnvironment(environment, std::move(definitions));
    if (!set) return Fail(set.error().Within("environments." + environment.key));
    ledger->sets_.emplace(environment.key, *std::move(set));
  }
  auto credentials = ledger->ReadCredentials();
  if (!credentials) return Fail(credentials.error());
  ledger->credentials_ = *std::move(credentials);
  return ledger;
}

void Ledger::Listen(CommitListener& listener) {
  listener_ = &listener;
  for (const auto& [key, set] : sets_) listener.OnEnvironment(set);
  listener.OnCredentials(credentials_);
}

Result<void> Ledger::Commit(const ChangeScope& scope,
                            const std::function<Result<void>(Change&)>& body) {
  Change change(database_, scope, clock_.Wall());
  Prepared prepared;
  auto done = database_.Transaction(
      [&] { return body(change).and_then([&] { return Prepare(scope, change, prepared); }); });
  if (done) Publish(change, std::move(prepared));
  return done;
}

Result<void> Ledger::Prepare(const ChangeScope& scope, Change& change, Prepared& prepared) {
  for (const auto& [environment, touched] : change.touched()) {
    auto set = Rebuild(scope, change, environment, touched);
    if (!set) return Fail(set.error());
    prepared.sets.emplace(environment, *std::move(set));
  }
  if (!change.tokens_changed()) return {};
  auto credentials = ReadCredentials();
  if (!credentials) return Fail(credentials.error());
  prepared.credentials = *std::move(credentials);
  return {};
}

Result<std::shared_ptr<const EnvironmentSet>> Ledger::Rebuild(const ChangeScope& scope,
                                                              Change& change,
                                                              const std::string& environment,
                                                              const std::set<LineId>& touched) {
  auto row = change.environments.Get(environment);
  if (!row) return Fail(row.error());
  ++row->revision;
  const auto current = sets_.find(environment);
  const EnvironmentSet* before = current == sets_.end() ? nullptr : current->second.get();
  Definitions definitions = before == nullptr ? Definitions() : before->definitions;
  Lines lines(database_);
  for (const LineId& id : touched) {
    auto line = MakeLine(change, environment, id);
    if (!line) return Fail(line.error());
    Result<void> written;
    if (*line) {
      const auto definition = ReadDefinition({**std::move(line), row->revision});
      definitions[id] = definition;
      written = lines.Put(environment, definition->stored);
    } else {
      definitions.erase(id);
      written = lines.Delete(environment, id);
    }
    if (!written) return Fail(written.error());
  }
  auto after = CompileEnvironment(*row, std::move(definitions), before);
  if (!after) return Fail(after.error());
  if (const model::Diagnostic* fault = FindFault(before, **after, touched)) {
    return Fail(scope.Refuse(environment, *fault));
  }
  auto raised = change.environments.SetRevision(environment, row->revision);
  if (!raised) return Fail(raised.error());
  return after;
}

Result<std::shared_ptr<const Credentials>> Ledger::ReadCredentials() {
  auto tokens = Tokens(database_).All();
  if (!tokens) return Fail(tokens.error());
  return std::make_shared<const Credentials>(*tokens);
}

void Ledger::Publish(const Change& change, Prepared prepared) {
  for (const std::string& environment : change.deleted()) {
    sets_.erase(environment);
    if (listener_ != nullptr) listener_->OnEnvironmentDeleted(environment);
  }
  for (auto& [environment, set] : prepared.sets) {
    if (listener_ != nullptr) listener_->OnEnvironment(set);
    sets_[environment] = std::move(set);
  }
  if (!prepared.credentials) return;
  credentials_ = std::move(prepared.credentials);
  if (listener_ != nullptr) listener_->OnCredentials(credentials_);
}

}  // namespace pennon::store
