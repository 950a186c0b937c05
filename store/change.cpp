#include "store/change.h"

#include "base/json_text.h"
#include "engine/compile.h"
#include "store/definition.h"
#include "wire/flag_definition.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Object;
using wire::LineKind;

std::string Described(const Environment& environment) {
  return JsonText({{"name", model::Value(environment.name)}});
}

// Never the hash: the log is read by more people than the table.
std::string Described(const TokenRecord& token) {
  return JsonText({{"kind", model::Value(std::string(Name(token.kind)))},
                   {"name", model::Value(token.name)},
                   {"last4", model::Value(token.last4)}});
}

}  // namespace

Change::Change(Database& database, const ChangeScope& scope, base::WallMillis now)
    : environments(database),
      flags(database),
      segments(database),
      tokens(database),
      database_(database),
      scope_(scope),
      now_(now),
      audit_(database) {}

Result<void> Change::Record(AuditAction action, const Subject& subject,
                            std::optional<std::string> before, std::optional<std::string> after) {
  return audit_.Append({0, now_, scope_.actor, action, subject.environment, subject.kind,
                        subject.key, std::move(before), std::move(after)});
}

Result<void> Change::Touch(LineKind kind, const std::string& key) {
  auto all = environments.All();
  if (!all) return Fail(all.error());
  for (const Environment& environment : *all) touched_[environment.key].emplace(kind, key);
  return {};
}

Result<void> Change::CreateEnvironment(const std::string& key, const std::string& name) {
  if (auto valid = CheckNewKey("key", key); !valid) return valid;
  if (auto valid = CheckName("name", name); !valid) return valid;
  auto existing = environments.Find(key);
  if (!existing) return Fail(existing.error());
  if (*existing) {
    return Fail(Error::Conflict("key", "there is an environment \"" + key + "\" already"));
  }
  auto epoch = database_.NextEpoch(now_);
  if (!epoch) return Fail(epoch.error());
  const Environment environment{key, name, *epoch, 0, now_};
  auto done = environments.Insert(environment);
  auto all = flags.All();
  if (!all) return Fail(all.error());
  touched_[key];  // revision 1, even without any flags
  for (const FlagRecord& flag : *all) {
    if (!done) return done;
    done = flags.PutConfig(key, flag.key, UnconfiguredFlag(NewSalt()), now_);
    touched_[key].emplace(LineKind::kFlag, flag.key);
  }
  if (!done) return done;
  return Record(AuditAction::kCreate, {key, "environment", key}, std::nullopt,
                Described(environment));
}

Result<void> Change::RenameEnvironment(const std::string& key, const std::string& name) {
  if (auto valid = CheckName("name", name); !valid) return valid;
  auto before = environments.Get(key);
  if (!before) return Fail(before.error());
  if (before->name == name) return {};
  Environment after = *before;
  after.name = name;
  return environments.Rename(key, name).and_then([&] {
    return Record(AuditAction::kUpdate, {key, "environment", key}, Described(*before),
                  Described(after));
  });
}

Result<void> Change::DeleteEnvironment(const std::string& key) {
  auto before = environments.Get(key);
  if (!before) return Fail(before.error());
  touched_.erase(key);
  deleted_.insert(key);
  tokens_changed_ = true;
  return environments.Delete(key).and_then([&] {
    return Record(AuditAction::kDelete, {key, "environment", key}, Described(*before),
                  std::nullopt);
  });
}

// An environment may be missing, or have no rules yet that would show the fault.
Result<void> Change::CheckAlone(const std::string& key, const Object& definition) const {
  model::FlagSet alone;
  auto flag = wire::ReadFlag(key, model::Value(definition));
  if (flag) {
    alone.flags.push_back(std::make_shared<const model::Flag>(*std::move(flag)));
  } else {
    alone.broken_flags.push_back({key, flag.error()});
  }
  auto compiled = engine::Compile(alone);
  if (!compiled) return Fail(compiled.error());
  for (const model::Diagnostic& diagnostic : compiled->diagnostics) {
    if (diagnostic.severity == model::Severity::kError) return Fail(scope_.Refuse("", diagnostic));
  }
  return {};
}

Result<void> Change::ConfigureEverywhere(const std::string& flag) {
  auto all = environments.All();
  if (!all) return Fail(all.error());
  for (const Environment& environment : *all) {
    auto done = flags.PutConfig(environment.key, flag, UnconfiguredFlag(NewSalt()), now_);
    if (!done) return done;
  }
  return {};
}

Result<Outcome> Change::PutFlag(const std::string& key, const Object& definition) {
  auto before = flags.Find(key);
  if (!before) return Fail(before.error());
  const bool exists = before->has_value();
  if (exists && (*before)->definition == definition) return Outcome::kUnchanged;
  if (!exists) {
    if (auto valid = CheckNewKey(scope_.definition.empty() ? "flags." + key : "key", key); !valid) {
      return Fail(valid.error());
    }
  }
  if (auto alone = CheckAlone(key, definition); !alone) return Fail(alone.error());
  auto done = flags.Put({key, definition, exists ? (*before)->created_at : now_, now_});
  if (done && !exists) done = ConfigureEverywhere(key);
  if (done) done = Touch(LineKind::kFlag, key);
  if (done) {
    done = Record(exists ? AuditAction::kUpdate : AuditAction::kCreate, {std::nullopt, "flag", key},
                  exists ? std::optional(JsonText((*before)->definition)) : std::nullopt,
                  JsonText(definition));
  }
  if (!done) return Fail(done.error());
  return exists ? Outcome::kUpdated : Outcome::kCreated;
}

Result<void> Change::DeleteFlag(const std::string& key) {
  auto before = flags.Get(key);
  if (!before) return Fail(before.error());
  return flags.Delete(key).and_then([&] { return Touch(LineKind::kFlag, key); }).and_then([&] {
    return Record(AuditAction::kDelete, {std::nullopt, "flag", key}, JsonText(before->definition),
                  std::nullopt);
  });
}

Result<Outcome> Change::PutConfig(const std::string& environment, const std::string& flag,
                                  Object config) {
  if (auto known = environments.Get(environment); !known) return Fail(known.error());
  if (auto known = flags.Get(flag); !known) return Fail(known.error());
  auto before = flags.FindConfig(environment, flag);
  if (!before) return Fail(before.error());
  const std::string salt = *before ? SaltOf(**before) : "";
  SetDefaultEnabled(config);
  SetDefaultSalt(config, salt.empty() ? NewSalt() : salt);
  if (*before == config) return Outcome::kUnchanged;
  touched_[environment].emplace(LineKind::kFlag, flag);
  auto done = flags.PutConfig(environment, flag, config, now_).and_then([&] {
    return Record(AuditAction::kUpdate, {environment, "config", flag},
                  *before ? std::optional(JsonText(**before)) : std::nullopt, JsonText(config));
  });
  if (!done) return Fail(done.error());
  return Outcome::kUpdated;
}

Result<Outcome> Change::PutSegment(const std::string& environment, const std::string& key,
                                   const Object& definition) {
  if (auto known = environments.Get(environment); !known) return Fail(known.error());
  auto before = segments.Find(environment, key);
  if (!before) return Fail(before.error());
  const bool exists = before->has_value();
  if (exists && **before == definition) return Outcome::kUnchanged;
  if (!exists) {
    if (auto valid = CheckNewKey(scope_.definition.empty() ? "segments." + key : "key", key);
        !valid) {
      return Fail(valid.error());
    }
  }
  touched_[environment].emplace(LineKind::kSegment, key);
  auto done = segments.Put(environment, key, definition, now_).and_then([&] {
    return Record(exists ? AuditAction::kUpdate : AuditAction::kCreate,
                  {environment, "segment", key},
                  exists ? std::optional(JsonText(**before)) : std::nullopt, JsonText(definition));
  });
  if (!done) return Fail(done.error());
  return exists ? Outcome::kUpdated : Outcome::kCreated;
}

Result<void> Change::DeleteSegment(const std::string& environment, const std::string& key) {
  if (auto known = environments.Get(environment); !known) return Fail(known.error());
  auto before = segments.Find(environment, key);
  if (!before) return Fail(before.error());
  if (!*before) return Fail(Error::NotFound("segments." + key, "there is no such segment"));
  touched_[environment].emplace(LineKind::kSegment, key);
  return segments.Delete(environment, key).and_then([&] {
    return Record(AuditAction::kDelete, {environment, "segment", key}, JsonText(**before),
                  std::nullopt);
  });
}

Result<NewToken> Change::CreateToken(TokenKind kind, std::optional<std::string> environment,
                                     const std::string& name) {
  if (auto valid = CheckName("name", name); !valid) return Fail(valid.error());
  if (environment) {
    if (auto known = environments.Get(*environment); !known) return Fail(known.error());
  }
  NewToken made = MakeToken(kind, std::move(environment), name, now_);
  auto id = tokens.Insert(made.record);
  if (!id) return Fail(id.error());
  made.record.id = *id;
  tokens_changed_ = true;
  auto recorded =
      Record(AuditAction::kCreate, {made.record.environment, "token", std::to_string(*id)},
             std::nullopt, Described(made.record));
  if (!recorded) return Fail(recorded.error());
  return made;
}

Result<void> Change::DeleteToken(const std::string& environment, std::int64_t id) {
  if (auto known = environments.Get(environment); !known) return Fail(known.error());
  auto all = tokens.Of(environment);
  if (!all) return Fail(all.error());
  for (const TokenRecord& token : *all) {
    if (token.id != id) continue;
    tokens_changed_ = true;
    return tokens.Delete(id).and_then([&] {
      return Record(AuditAction::kDelete, {environment, "token", std::to_string(id)},
                    Described(token), std::nullopt);
    });
  }
  return Fail(Error::NotFound("keys." + std::to_string(id), "there is no such key"));
}

}  // namespace pennon::store
