#include "store/ledger.h"

#include <algorithm>
#include <utility>

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
    return wire::MakeSyncLine(kind, key, (*segment)->definition);
  }
  auto flag = change.flags.Find(key);
  if (!flag) return Fail(flag.error());
  if (!*flag) return std::nullopt;
  auto config = change.flags.FindConfig(environment, key);
  if (!config) return Fail(config.error());
  if (!*config) return Fail(base::Error::Internal("flags." + key, "has no configuration row"));
  return wire::MakeSyncLine(kind, key, MergeDefinition((*flag)->definition, (*config)->definition));
}

bool IsSame(const StoredLine& a, const StoredLine& b) {
  return a.revision == b.revision && a.line.digest() == b.line.digest();
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
  auto read = ledger->RefreshInTransaction();
  if (!read) return Fail(read.error());
  return ledger;
}

std::unique_ptr<Ledger> Ledger::ForReading(Database& database, const base::Clock& clock) {
  return std::unique_ptr<Ledger>(new Ledger(database, clock));
}

// Definitions whose bytes did not change are those of `before`, so its image can be patched.
Result<std::shared_ptr<const EnvironmentSet>> Ledger::ReadSet(const Environment& environment,
                                                              const EnvironmentSet* before) {
  auto lines = Lines(database_).All(environment.key);
  if (!lines) return Fail(lines.error());
  std::vector<std::shared_ptr<const Definition>> definitions;
  definitions.reserve(lines->size());
  for (StoredLine& stored : *lines) {
    auto known = before == nullptr
                     ? nullptr
                     : before->definitions.Find(LineId(stored.line.kind(), stored.line.key()));
    const bool is_same = known != nullptr && IsSame(known->stored, stored);
    definitions.push_back(is_same ? std::move(known) : ReadDefinition(std::move(stored)));
  }
  auto set = CompileEnvironment(environment, Definitions(std::move(definitions)), before);
  if (!set) return Fail(set.error().Within("environments." + environment.key));
  return set;
}

Result<void> Ledger::Refresh() {
  return database_.Snapshot([&] { return RefreshInTransaction(); });
}

Result<void> Ledger::RefreshInTransaction() {
  auto environments = Environments(database_).All();
  if (!environments) return Fail(environments.error());
  EnvironmentSets gone = sets_;
  for (const Environment& environment : *environments) {
    gone.erase(environment.key);
    const auto known = sets_.find(environment.key);
    const EnvironmentSet* before = known == sets_.end() ? nullptr : known->second.get();
    if (before != nullptr && before->epoch == environment.epoch &&
        before->revision == environment.revision) {
      continue;
    }
    auto set = ReadSet(environment, before);
    if (!set) return Fail(set.error());
    if (listener_ != nullptr) listener_->OnEnvironment(*set);
    sets_[environment.key] = *std::move(set);
  }
  for (const auto& [environment, set] : gone) {
    sets_.erase(environment);
    if (listener_ != nullptr) listener_->OnEnvironmentDeleted(environment);
  }
  auto version = Tokens(database_).Version();
  if (!version) return Fail(version.error());
  if (credentials_ == nullptr || *version != credentials_version_) {
    auto credentials = ReadCredentials();
    if (!credentials) return Fail(credentials.error());
    credentials_ = *std::move(credentials);
    credentials_version_ = *version;
    if (listener_ != nullptr) listener_->OnCredentials(credentials_);
  }
  return ReadNews(database_, newest_entry_).map([&](News news) { Tell(std::move(news)); });
}

void Ledger::Tell(News news) {
  if (news.newest == newest_entry_) return;
  newest_entry_ = news.newest;
  if (listener_ != nullptr) listener_->OnNews(std::make_shared<const News>(std::move(news)));
}

Result<void> Ledger::Rehearse(const std::function<void()>& body) {
  const EnvironmentSets sets = sets_;
  const auto credentials = credentials_;
  const auto version = credentials_version_;
  const auto newest = newest_entry_;
  CommitListener* const listener = std::exchange(listener_, nullptr);
  auto done = database_.Rehearsal([&]() -> Result<void> {
    body();
    return {};
  });
  sets_ = sets;
  credentials_ = credentials;
  credentials_version_ = version;
  newest_entry_ = newest;
  listener_ = listener;
  return done;
}

void Ledger::Listen(CommitListener& listener) {
  listener_ = &listener;
  for (const auto& [key, set] : sets_) listener.OnEnvironment(set);
  listener.OnCredentials(credentials_);
  listener.OnNews(std::make_shared<const News>(News{newest_entry_, newest_entry_, {}}));
}

Result<void> Ledger::Commit(const ChangeScope& scope,
                            const std::function<Result<void>(Change&)>& body,
                            const std::function<Result<void>()>& show) {
  if (auto valid = CheckComment(scope.comment); !valid) return valid;
  Change change(database_, scope, clock_.Wall());
  Prepared prepared;
  const auto shown = [&]() -> Result<void> {
    if (!show) return {};
    const EnvironmentSets before = sets_;
    for (const auto& [environment, set] : prepared.sets) sets_[environment] = set;
    auto done = show();
    sets_ = before;
    return done;
  };
  auto done = database_.Transaction([&] {
    auto fresh = RefreshInTransaction();
    if (fresh && !scope.once.key.empty()) {
      fresh = Replies(database_).Reserve(scope.once, clock_.Wall());
    }
    return fresh.and_then([&] { return body(change); })
        .and_then([&] { return Prepare(scope, change, prepared); })
        .and_then(shown);
  });
  if (!done) return done;
  Publish(change, std::move(prepared));
  database_.Announce();
  return done;
}

Result<void> Ledger::Prepare(const ChangeScope& scope, Change& change, Prepared& prepared) {
  for (const auto& [environment, touched] : change.touched()) {
    auto set = Rebuild(scope, change, environment, touched);
    if (!set) return Fail(set.error());
    prepared.sets.emplace(environment, *std::move(set));
  }
  auto news = ReadNews(database_, newest_entry_);
  if (!news) return Fail(news.error());
  prepared.news = *std::move(news);
  if (!change.credentials_changed()) return {};
  auto version = Tokens(database_).RaiseVersion();
  if (!version) return Fail(version.error());
  prepared.credentials_version = *version;
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
  std::vector<std::shared_ptr<const Definition>> put;
  std::set<LineId> erased;
  Lines lines(database_);
  for (const LineId& id : touched) {
    auto line = MakeLine(change, environment, id);
    if (!line) return Fail(line.error());
    Result<void> written;
    if (*line) {
      const auto definition = ReadDefinition({**std::move(line), row->revision});
      put.push_back(definition);
      written = lines.Put(environment, definition->stored);
    } else {
      erased.insert(id);
      written = lines.Delete(environment, id);
    }
    if (!written) return Fail(written.error());
  }
  Definitions definitions = before == nullptr ? Definitions() : before->definitions;
  definitions.Put(std::move(put));
  definitions.Erase(erased);
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
  Users people(database_);
  auto users = people.All();
  if (!users) return Fail(users.error());
  auto sessions = people.Sessions();
  if (!sessions) return Fail(sessions.error());
  return std::make_shared<const Credentials>(*tokens, *users, *sessions);
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
  if (prepared.credentials) {
    credentials_ = std::move(prepared.credentials);
    credentials_version_ = prepared.credentials_version;
    if (listener_ != nullptr) listener_->OnCredentials(credentials_);
  }
  Tell(std::move(prepared.news));
}

}  // namespace pennon::store
