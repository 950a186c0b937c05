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

constexpr std::int64_t kEverything = INT64_MAX;

std::string Described(const Environment& environment) {
  Object described{{"name", model::Value(environment.name)}};
  if (environment.is_protected) described.emplace_back("protected", model::Value(true));
  return JsonText(described);
}

bool IsBlank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

// Whether subjects get something else by it; a name or a tag is nothing that they see.
bool IsServedOtherwise(const Object& before, const Object& after) {
  const model::Value old(before);
  const model::Value now(after);
  for (const char* member : {"type", "variants"}) {
    const model::Value* was = old.Find(member);
    const model::Value* is = now.Find(member);
    if ((was == nullptr) != (is == nullptr) || (was != nullptr && *was != *is)) return true;
  }
  return false;
}

std::string Described(const Schedule& schedule) {
  return JsonText({{"flag", model::Value(schedule.flag)}, {"at", model::Value(schedule.due_at)}});
}

}  // namespace

Change::Change(Database& database, const ChangeScope& scope, base::WallMillis now)
    : environments(database),
      flags(database),
      segments(database),
      database_(database),
      scope_(scope),
      now_(now),
      audit_(database) {}

Result<std::int64_t> Change::Record(Edit edit) {
  AuditEntry entry;
  entry.at = now_;
  entry.actor = scope_.actor;
  entry.action = !edit.before ? AuditAction::kCreate
                 : edit.after ? AuditAction::kUpdate
                              : AuditAction::kDelete;
  entry.subject = std::move(edit.subject);
  entry.version = edit.version;
  entry.comment = scope_.comment.empty() ? scope_.note : scope_.comment;
  entry.request = scope_.request;
  entry.before = std::move(edit.before);
  entry.after = std::move(edit.after);
  return audit_.Append(std::move(entry));
}

Result<void> Change::Touch(LineKind kind, const std::string& key) {
  auto all = environments.All();
  if (!all) return Fail(all.error());
  for (const Environment& environment : *all) touched_[environment.key].emplace(kind, key);
  return {};
}

Result<void> Change::CheckReason(const std::string& environment) {
  if (!IsBlank(scope_.comment) || created_.count(environment) != 0) return {};
  return environments.Get(environment).and_then([](const Environment& found) -> Result<void> {
    if (!found.is_protected) return {};
    return Fail(Error::Invalid("comment", "is missing: the environment \"" + found.key +
                                              "\" is protected, so each change of it says why"));
  });
}

Result<void> Change::CheckReasonEverywhere() {
  auto all = environments.All();
  if (!all) return Fail(all.error());
  for (const Environment& environment : *all) {
    if (auto told = CheckReason(environment.key); !told) return told;
  }
  return {};
}

Result<void> Change::CreateEnvironment(const std::string& key, const std::string& name,
                                       bool is_protected) {
  if (auto valid = CheckNewKey("key", key); !valid) return valid;
  if (auto valid = CheckName("name", name); !valid) return valid;
  auto existing = environments.Find(key);
  if (!existing) return Fail(existing.error());
  if (*existing) {
    return Fail(Error::Conflict("key", "there is an environment \"" + key + "\" already"));
  }
  auto epoch = database_.NextEpoch(now_);
  if (!epoch) return Fail(epoch.error());
  Environment environment{key, name, *epoch, 0, now_, 1, is_protected};
  created_.insert(key);
  auto version = Record({{key, "environment", key}, 0, std::nullopt, Described(environment)});
  if (!version) return Fail(version.error());
  environment.version = *version;
  auto done = environments.Insert(environment);
  auto all = flags.All();
  if (!all) return Fail(all.error());
  touched_[key];  // revision 1, even without any flags
  for (const FlagRecord& flag : *all) {
    if (done) done = ConfigureFlag(key, flag.key);
    touched_[key].emplace(LineKind::kFlag, flag.key);
  }
  return done;
}

Result<void> Change::PutEnvironment(const std::string& key, const std::string& name,
                                    std::optional<bool> is_protected) {
  if (auto valid = CheckName("name", name); !valid) return valid;
  auto before = environments.Get(key);
  if (!before) return Fail(before.error());
  if (auto may = Require(before->version); !may) return may;
  Environment after = *before;
  after.name = name;
  after.is_protected = is_protected.value_or(before->is_protected);
  if (after.name == before->name && after.is_protected == before->is_protected) return {};
  if (auto told = CheckReason(key); !told) return told;
  auto version =
      Record({{key, "environment", key}, before->version, Described(*before), Described(after)});
  if (!version) return Fail(version.error());
  after.version = *version;
  return environments.SetSettings(after);
}

Result<void> Change::CopyEnvironment(const std::string& from, const std::string& to) {
  if (auto known = environments.Get(from); !known) {
    return Fail(Error::Invalid("copyFrom", "there is no environment \"" + from + '"'));
  }
  auto copied = segments.Page(from, "", kEverything);
  if (!copied) return Fail(copied.error());
  for (const SegmentRecord& segment : *copied) {
    auto put = PutSegment(to, segment.key, segment.definition);
    if (!put) return Fail(put.error());
  }
  auto configs = flags.Configs(from, "", kEverything);
  if (!configs) return Fail(configs.error());
  for (ConfigRecord& config : *configs) {
    auto put = PutConfig(to, config.flag, std::move(config.definition));
    if (!put) return Fail(put.error());
  }
  return {};
}

Result<void> Change::DeleteEnvironment(const std::string& key) {
  auto before = environments.Get(key);
  if (!before) return Fail(before.error());
  if (auto may = Require(before->version); !may) return may;
  if (auto told = CheckReason(key); !told) return told;
  touched_.erase(key);
  deleted_.insert(key);
  credentials_changed_ = true;
  auto version =
      Record({{key, "environment", key}, before->version, Described(*before), std::nullopt});
  if (!version) return Fail(version.error());
  return environments.Delete(key);
}

// An environment may be missing, or have no rules yet that would show the fault.
Result<void> Change::CheckAlone(const std::string& key, const Object& definition) const {
  model::FlagSet alone;
  auto flag = wire::ReadFlag(key, model::Value(definition));
  if (flag) {
    alone.flags.push_back(*std::move(flag));
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

// Code that asks for a deleted flag is not known to be gone.
Result<void> Change::CheckKeyIsFree(const std::string& key) {
  const std::string where = scope_.definition.empty() ? "flags." + key : "key";
  if (auto valid = CheckNewKey(where, key); !valid) return valid;
  auto last = audit_.LastVersion({std::nullopt, "flag", key});
  if (!last) return Fail(last.error());
  if (*last == 0 || scope_.reuses_key || scope_.restores) return {};
  return Fail(Error::Conflict(
      where, "there was a flag \"" + key +
                 "\", which old code may still ask for; choose another key, restore one of its "
                 "versions, or make it with POST /api/v1/flags?reuseKey=true"));
}

// At a version that no caller can hold, also when the key had one before.
Result<void> Change::ConfigureFlag(const std::string& environment, const std::string& flag) {
  const Subject subject{environment, "config", flag};
  auto last = audit_.LastVersion(subject);
  if (!last) return Fail(last.error());
  ConfigRecord config;
  config.flag = flag;
  config.definition = UnconfiguredFlag(NewSalt());
  if (scope_.restores && *last > 0) {
    auto entry = audit_.Version(subject, *last);
    auto made = audit_.LastCreation({environment, "environment", environment});
    if (!entry) return Fail(entry.error());
    if (!made) return Fail(made.error());
    if (entry->sequence > *made) {  // not of an environment that had the key before
      auto document = ReadStored("audit", entry->after.value_or(""));
      if (!document) return Fail(document.error());
      config.definition = *std::move(document);
    }
  }
  config.version = *last + 1;
  config.updated_at = now_;
  if (*last > 0) {
    // Else the log's last word would be the configuration of the flag that had the key before.
    auto recorded = Record({subject, *last, std::nullopt, JsonText(config.definition)});
    if (!recorded) return Fail(recorded.error());
    config.version = *recorded;
  }
  return flags.PutConfig(environment, config);
}

Result<void> Change::ConfigureEverywhere(const std::string& flag) {
  auto all = environments.All();
  if (!all) return Fail(all.error());
  for (const Environment& environment : *all) {
    if (auto done = ConfigureFlag(environment.key, flag); !done) return done;
  }
  return {};
}

Result<Outcome> Change::PutFlag(const std::string& key, const Object& definition) {
  auto before = flags.Find(key);
  if (!before) return Fail(before.error());
  const bool exists = before->has_value();
  if (auto may = Require(exists ? std::optional((*before)->version) : std::nullopt); !may) {
    return Fail(may.error());
  }
  if (exists && (*before)->definition == definition) return Outcome::kUnchanged;
  if (exists && IsServedOtherwise((*before)->definition, definition)) {
    if (auto told = CheckReasonEverywhere(); !told) return Fail(told.error());
  }
  if (!exists) {
    if (auto free = CheckKeyIsFree(key); !free) return Fail(free.error());
    if (scope_.restores) {  // it is served again as it was
      if (auto told = CheckReasonEverywhere(); !told) return Fail(told.error());
    }
  }
  if (auto alone = CheckAlone(key, definition); !alone) return Fail(alone.error());
  FlagRecord after = exists ? **before : FlagRecord{{}, key, now_};
  auto version = Record({{std::nullopt, "flag", key},
                         after.version,
                         exists ? std::optional(JsonText(after.definition)) : std::nullopt,
                         JsonText(definition)});
  if (!version) return Fail(version.error());
  after.definition = definition;
  after.version = *version;
  after.updated_at = now_;
  auto done = flags.Put(after);
  if (done && !exists) done = ConfigureEverywhere(key);
  if (done) done = Touch(LineKind::kFlag, key);
  if (!done) return Fail(done.error());
  return exists ? Outcome::kUpdated : Outcome::kCreated;
}

Result<void> Change::DeleteFlag(const std::string& key) {
  auto before = flags.Get(key);
  if (!before) return Fail(before.error());
  if (auto may = Require(before->version); !may) return may;
  if (auto told = CheckReasonEverywhere(); !told) return told;
  auto version = Record(
      {{std::nullopt, "flag", key}, before->version, JsonText(before->definition), std::nullopt});
  if (!version) return Fail(version.error());
  return flags.Delete(key).and_then([&] { return Touch(LineKind::kFlag, key); });
}

Result<Outcome> Change::PutConfig(const std::string& environment, const std::string& flag,
                                  Object config) {
  if (auto known = environments.Get(environment); !known) return Fail(known.error());
  if (auto known = flags.Get(flag); !known) return Fail(known.error());
  auto before = flags.FindConfig(environment, flag);
  if (!before) return Fail(before.error());
  if (!*before) return Fail(Error::Internal("flags." + flag, "has no configuration row"));
  ConfigRecord after = **before;
  if (auto may = Require(after.version); !may) return Fail(may.error());
  const std::string salt = SaltOf(after.definition);
  SetDefaultEnabled(config);
  SetDefaultSalt(config, salt.empty() ? NewSalt() : salt);
  if (after.definition == config) return Outcome::kUnchanged;
  if (auto told = CheckReason(environment); !told) return Fail(told.error());
  touched_[environment].emplace(LineKind::kFlag, flag);
  auto version = Record(
      {{environment, "config", flag}, after.version, JsonText(after.definition), JsonText(config)});
  if (!version) return Fail(version.error());
  after.definition = std::move(config);
  after.version = *version;
  after.updated_at = now_;
  if (auto done = flags.PutConfig(environment, after); !done) return Fail(done.error());
  return Outcome::kUpdated;
}

Result<Outcome> Change::PutSegment(const std::string& environment, const std::string& key,
                                   const Object& definition) {
  if (auto known = environments.Get(environment); !known) return Fail(known.error());
  auto before = segments.Find(environment, key);
  if (!before) return Fail(before.error());
  const bool exists = before->has_value();
  if (auto may = Require(exists ? std::optional((*before)->version) : std::nullopt); !may) {
    return Fail(may.error());
  }
  if (exists && (*before)->definition == definition) return Outcome::kUnchanged;
  if (auto told = CheckReason(environment); !told) return Fail(told.error());
  if (!exists) {
    if (auto valid = CheckNewKey(scope_.definition.empty() ? "segments." + key : "key", key);
        !valid) {
      return Fail(valid.error());
    }
  }
  touched_[environment].emplace(LineKind::kSegment, key);
  SegmentRecord after = exists ? **before : SegmentRecord{{}, key};
  auto version = Record({{environment, "segment", key},
                         after.version,
                         exists ? std::optional(JsonText(after.definition)) : std::nullopt,
                         JsonText(definition)});
  if (!version) return Fail(version.error());
  after.definition = definition;
  after.version = *version;
  after.updated_at = now_;
  if (auto done = segments.Put(environment, after); !done) return Fail(done.error());
  return exists ? Outcome::kUpdated : Outcome::kCreated;
}

Result<void> Change::DeleteSegment(const std::string& environment, const std::string& key) {
  if (auto known = environments.Get(environment); !known) return Fail(known.error());
  auto before = segments.Get(environment, key);
  if (!before) return Fail(before.error());
  if (auto may = Require(before->version); !may) return may;
  if (auto told = CheckReason(environment); !told) return told;
  touched_[environment].emplace(LineKind::kSegment, key);
  auto version = Record(
      {{environment, "segment", key}, before->version, JsonText(before->definition), std::nullopt});
  if (!version) return Fail(version.error());
  return segments.Delete(environment, key);
}

Result<void> Change::AddSchedule(const Schedule& schedule) {
  if (auto told = CheckReason(schedule.environment); !told) return told;
  auto recorded = Record({{schedule.environment, "schedule", std::to_string(schedule.id)},
                          0,
                          std::nullopt,
                          Described(schedule)});
  if (!recorded) return Fail(recorded.error());
  return Schedules(database_).Insert(schedule);
}

Result<void> Change::CancelSchedule(const std::string& environment, std::int64_t id) {
  auto schedule = Schedules(database_).Get(environment, id);
  if (!schedule) return Fail(schedule.error());
  if (schedule->state != ScheduleState::kPending) {
    return Fail(Error::Conflict("schedules." + std::to_string(id),
                                "is " + std::string(Name(schedule->state)) + " already"));
  }
  if (auto told = CheckReason(environment); !told) return told;
  auto recorded = Record(
      {{environment, "schedule", std::to_string(id)}, 0, Described(*schedule), std::nullopt});
  if (!recorded) return Fail(recorded.error());
  return Schedules(database_).SetState(id, ScheduleState::kCancelled, "");
}

}  // namespace pennon::store
