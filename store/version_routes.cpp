// …/versions below a flag, a configuration and a segment: what it was, and back to that.
#include <charconv>

#include "store/audit_json.h"
#include "store/definition.h"
#include "store/json_diff.h"
#include "store/reply_json.h"
#include "store/routes.h"

namespace pennon::store {
namespace {

using base::Error;
using base::Fail;
using base::Result;

// Which of the three the path is about is told by what stands before the first name, or the second;
// the names themselves may be any words.
Subject SubjectOf(const Call& call) {
  constexpr std::string_view kEnvironments = "/api/v1/environments/";
  const std::string_view path = call.request.path;
  if (!path.starts_with(kEnvironments)) return {std::nullopt, "flag", call.names[0]};
  const std::string_view below = path.substr(path.find('/', kEnvironments.size()));
  const bool is_segment = below.starts_with("/segments/");
  return {call.names[0], is_segment ? "segment" : "config", call.names[1]};
}

Result<std::int64_t> ReadVersion(const std::string& text) {
  std::int64_t version = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), version);
  if (end.ec == std::errc() && end.ptr == text.data() + text.size()) return version;
  return Fail(Error::NotFound("versions", "expected the number of a version in the path"));
}

Result<AuditEntry> Find(const Call& call, const std::string& version) {
  auto number = ReadVersion(version);
  if (!number) return Fail(number.error());
  return Audit(call.ledger.database()).Version(SubjectOf(call), *number);
}

Result<model::Value> DocumentOf(const std::optional<std::string>& text) {
  if (!text) return model::Value();
  return ReadStored("audit", *text).map([](model::Object object) {
    return model::Value(std::move(object));
  });
}

Result<Outcome> Put(Change& change, const Subject& subject, const model::Object& document) {
  if (subject.kind == "flag") return change.PutFlag(subject.key, document);
  if (subject.kind == "config")
    return change.PutConfig(*subject.environment, subject.key, document);
  return change.PutSegment(*subject.environment, subject.key, document);
}

std::string DefinitionName(const Subject& subject) {
  return (subject.kind == "segment" ? "segments." : "flags.") + subject.key;
}

}  // namespace

Result<Reply> ListVersions(const Call& call) {
  auto size = call.query.PageSize();
  if (!size) return Fail(size.error());
  const Subject subject = SubjectOf(call);
  AuditFilter filter;
  filter.kind = subject.kind;
  filter.key = subject.key;
  filter.environment = subject.environment.value_or("");
  auto before = call.query.Number("after", filter.before, 1, INT64_MAX);
  if (!before) return Fail(before.error());
  filter.before = *before;
  auto entries = Audit(call.ledger.database()).Find(filter, *size);
  if (!entries) return Fail(entries.error());
  return Reply{200,
               JsonPage("versions", *std::move(entries), *size, AppendAuditEntry,
                        [](const AuditEntry& entry) { return std::to_string(entry.sequence); })};
}

Result<Reply> ShowVersion(const Call& call) {
  auto entry = Find(call, call.names.back());
  if (!entry) return Fail(entry.error());
  Reply reply;
  AppendAuditEntry(reply.body, *entry);
  return reply;
}

Result<Reply> ShowDifference(const Call& call) {
  auto entry = Find(call, call.names.back());
  if (!entry) return Fail(entry.error());
  auto before = DocumentOf(entry->before);
  if (call.query.Has("against")) {
    auto other = Find(call, call.query.Text("against"));
    if (!other) return Fail(other.error());
    before = DocumentOf(other->after);
  }
  auto after = DocumentOf(entry->after);
  if (!before) return Fail(before.error());
  if (!after) return Fail(after.error());
  const auto differences = Compare(*before, *after);
  Reply reply;
  base::JsonObject object(reply.body);
  AppendList(object.Key("words"), differences, [](std::string& out, const Difference& difference) {
    base::AppendJsonString(out, InWords(difference));
  });
  AppendJsonPatch(object.Key("patch"), differences);
  object.Close();
  return reply;
}

Result<Reply> RestoreVersion(const Call& call) {
  auto entry = Find(call, call.names.back());
  if (!entry) return Fail(entry.error());
  if (!entry->after) {
    return Fail(
        Error::Invalid("version", "is the one in which it was deleted; restore an earlier"));
  }
  auto document = ReadStored("audit", *entry->after);
  if (!document) return Fail(document.error());
  const Subject subject = SubjectOf(call);
  ChangeScope scope = call.Scope(subject.environment.value_or(""), DefinitionName(subject));
  scope.restores = true;
  scope.note = "restores version " + std::to_string(entry->version);
  Call show = call;
  show.names.pop_back();
  return call.Commit(
      scope, [&](Change& change) { return Put(change, subject, *document).map([](Outcome) {}); },
      [&] {
        if (subject.kind == "flag") return ShowFlag(show);
        return subject.kind == "config" ? ShowConfig(show) : ShowSegment(show);
      });
}

}  // namespace pennon::store
