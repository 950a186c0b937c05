#include "store/import.h"

#include "store/definition.h"
#include "wire/native_document.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Object;
using model::Value;

void Count(ImportCounts& counts, Outcome outcome, const std::string& key) {
  switch (outcome) {
    case Outcome::kCreated:
      counts.created.push_back(key);
      break;
    case Outcome::kUpdated:
      counts.updated.push_back(key);
      break;
    case Outcome::kUnchanged:
      counts.unchanged.push_back(key);
      break;
  }
}

Result<void> RefuseBroken(const std::vector<model::Broken>& broken, const std::string& list) {
  if (broken.empty()) return {};
  return Fail(broken.front().error.Within(list + '.' + broken.front().key));
}

// The document as a native one, when all of it could be converted.
Result<Value> ReadNative(std::string_view document, const wire::DocumentOptions& options) {
  std::vector<model::Diagnostic> diagnostics;
  auto native = wire::ReadAsNative(document, options, diagnostics);
  if (!native) return native;
  for (const model::Diagnostic& diagnostic : diagnostics) {
    if (diagnostic.severity == model::Severity::kError) return Fail(diagnostic.error);
  }
  return native;
}

// The document's environment; every definition in it has been read once as a daemon would.
Result<std::string> Check(const Value& document) {
  auto set = wire::ReadNativeValue(document);
  if (!set) return Fail(set.error());
  auto readable = RefuseBroken(set->broken_flags, "flags").and_then([&] {
    return RefuseBroken(set->broken_segments, "segments");
  });
  if (!readable) return Fail(readable.error());
  return set->environment;
}

Result<Outcome> ImportFlag(Change& change, const ImportOptions& options,
                           const std::string& environment, const std::string& key,
                           const Object& definition) {
  Halves halves = SplitDefinition(definition);
  auto shared = change.PutFlag(key, halves.shared);
  if (!shared) return shared;
  if (*shared != Outcome::kUnchanged && !options.may_change_shared) {
    return Fail(Error::Forbidden(
        "flags." + key, *shared == Outcome::kCreated
                            ? "is new; to make a flag takes the role editor in every environment"
                            : "changes what all environments share of the flag, which takes the "
                              "role editor in every one of them"));
  }
  auto current = change.flags.FindConfig(environment, key);
  if (!current) return Fail(current.error());
  if (!*current || IsUnconfigured((*current)->definition)) SetDefaultSalt(halves.config, key);
  auto config = change.PutConfig(environment, key, std::move(halves.config));
  if (!config || *shared == Outcome::kCreated)
    return config.and_then([&](Outcome) { return shared; });
  return *shared == Outcome::kUpdated ? shared : config;
}

template <typename Step>
Result<void> ForEachMember(const Value& document, std::string_view list, ImportCounts& counts,
                           const Step& step) {
  const Value* members = document.Find(list);
  if (members == nullptr || members->AsObject() == nullptr) return {};
  for (const auto& [key, definition] : *members->AsObject()) {
    Result<Outcome> outcome = step(key, *definition.AsObject());
    if (!outcome) return Fail(outcome.error());
    Count(counts, *outcome, key);
  }
  return {};
}

Result<void> CreateIfMissing(Change& change, ImportSummary& summary) {
  auto existing = change.environments.Find(summary.environment);
  if (!existing) return Fail(existing.error());
  if (*existing) return {};
  summary.environment_created = true;
  return change.CreateEnvironment(summary.environment, summary.environment);
}

}  // namespace

Result<ImportSummary> Import(Ledger& ledger, ChangeScope scope, std::string_view document,
                             const ImportOptions& options) {
  auto value = ReadNative(document, options.document);
  if (!value) return Fail(value.error());
  auto named = Check(*value);
  if (!named) return Fail(named.error());
  ImportSummary summary;
  summary.environment = options.environment.empty() ? *named : options.environment;
  scope.environment = summary.environment;
  const auto apply = [&](Change& change) -> Result<void> {
    if (options.create_environment) {
      if (auto done = CreateIfMissing(change, summary); !done) return done;
    }
    if (auto known = change.environments.Get(summary.environment); !known) {
      return Fail(known.error());
    }
    auto done = ForEachMember(*value, "segments", summary.segments,
                              [&](const std::string& key, const Object& definition) {
                                return change.PutSegment(summary.environment, key, definition);
                              });
    if (!done) return done;
    return ForEachMember(*value, "flags", summary.flags,
                         [&](const std::string& key, const Object& definition) {
                           return ImportFlag(change, options, summary.environment, key, definition);
                         });
  };
  auto done = ledger.Commit(scope, apply);
  if (!done) return Fail(done.error());
  summary.revision = ledger.sets().at(summary.environment)->revision;
  return summary;
}

}  // namespace pennon::store
