#include "daemon/translated_set.h"

#include <algorithm>
#include <utility>

#include "base/text_hash.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using model::Value;
using wire::LineKind;

void AddLines(const Value& native, std::string_view member, LineKind kind,
              const std::vector<model::Broken>& broken, std::vector<wire::SyncLine>& lines) {
  const Value* const found = native.Find(member);
  if (found == nullptr || found->AsObject() == nullptr) return;
  base::TextMap<std::string_view, const Error*> reasons;
  for (const model::Broken& one : broken) reasons.emplace(one.key, &one.error);
  for (const auto& [key, definition] : *found->AsObject()) {
    if (const model::Object* const object = definition.AsObject()) {
      lines.push_back(MakeSyncLine(kind, key, *object));
      continue;
    }
    const auto reason = reasons.find(key);
    lines.push_back(MakeUnreadableLine(
        kind, key, reason == reasons.end() ? "cannot be read" : reason->second->Message()));
  }
}

}  // namespace

Result<TranslatedSet> TranslateSet(std::string_view text, const wire::DocumentOptions& options) {
  std::vector<model::Diagnostic> diagnostics;
  const auto native = ReadAsNative(text, options, diagnostics);
  if (!native) return Fail(native.error());
  auto document = wire::ReadTranslated(*native, std::move(diagnostics));
  if (!document) return Fail(document.error());
  const model::FlagSet& set = document->set;
  if (set.environment != options.environment) {
    return Fail(Error::Invalid(
        "environment", "is \"" + set.environment + "\", expected \"" + options.environment + '"'));
  }
  TranslatedSet translated;
  translated.diagnostics = std::move(document->diagnostics);
  AddLines(*native, "flags", LineKind::kFlag, set.broken_flags, translated.lines);
  AddLines(*native, "segments", LineKind::kSegment, set.broken_segments, translated.lines);
  return translated;
}

wire::SyncDocument PlaceInHistory(std::string environment, std::vector<wire::SyncLine> lines,
                                  const wire::SyncHead& known, std::int64_t now_millis) {
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(1, now_millis));
  wire::SyncDocument document;
  wire::SyncHead& head = document.head;
  head.environment = std::move(environment);
  head.set_digest = wire::SetDigest(lines);
  const bool is_same = head.set_digest == known.set_digest;
  head.epoch = known.epoch == 0 ? now : known.epoch;
  head.revision = is_same ? known.revision : std::max(known.revision + 1, now);
  head.flags = static_cast<std::uint64_t>(
      std::count_if(lines.begin(), lines.end(),
                    [](const wire::SyncLine& line) { return line.kind() == LineKind::kFlag; }));
  head.segments = lines.size() - head.flags;
  document.lines = std::move(lines);
  return document;
}

}  // namespace pennon::daemon
