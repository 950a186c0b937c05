#include "wire/sync_document.h"

#include <algorithm>

#include "base/digest.h"
#include "base/json_text.h"
#include "wire/flag_definition.h"
#include "wire/json.h"
#include "wire/limits.h"
#include "wire/object_reader.h"

namespace pennon::wire {
namespace {

using base::Error;
using base::Fail;
using model::Value;

constexpr std::uint64_t kFormatVersion = 1;

std::string WriteHead(const SyncHead& head) {
  std::string text;
  base::JsonObject object(text);
  object.Uint("pennon", kFormatVersion).String("environment", head.environment);
  object.Uint("epoch", head.epoch).Uint("revision", head.revision);
  object.Uint("flags", head.flags).Uint("segments", head.segments);
  object.String("digest", head.set_digest);
  object.Close();
  return text;
}

base::Result<SyncHead> ReadHead(std::string_view line) {
  auto value = ReadJson(line);
  if (!value) return Fail(value.error().Within("head"));
  SyncHead head;
  std::uint64_t version = 0;
  ObjectReader reader(*value, "head");
  reader.Unsigned("pennon", INT64_MAX, version);
  if (!reader.failed() && version != kFormatVersion) {
    reader.Invalid("pennon", "is " + std::to_string(version) + ", this program reads format " +
                                 std::to_string(kFormatVersion));
  }
  reader.RequiredString("environment", head.environment);
  reader.Unsigned("epoch", INT64_MAX, head.epoch);
  reader.Unsigned("revision", INT64_MAX, head.revision);
  reader.Unsigned("flags", INT64_MAX, head.flags);
  reader.Unsigned("segments", INT64_MAX, head.segments);
  reader.RequiredString("digest", head.set_digest);
  if (reader.failed()) return Fail(*reader.Finish());
  return head;  // later minor versions may add members
}

// Reads `"member":"text"` at the position, as every line begins: {"kind":"flag","key":"checkout",…
base::Result<SyncLine> ReadLine(std::string_view bytes, std::size_t number) {
  const std::string place = "line " + std::to_string(number);
  auto value = ReadJson(bytes);
  if (!value) return Fail(value.error().Within(place));
  ObjectReader reader(*value, place);
  std::string kind;
  SyncLine line;
  reader.RequiredString("kind", kind);
  reader.RequiredString("key", line.key);
  if (!reader.failed() && kind != "flag" && kind != "segment") {
    reader.Invalid("kind", "is \"" + kind + "\", expected flag or segment");
  }
  if (reader.failed()) return Fail(*reader.Finish());
  line.kind = kind == "flag" ? LineKind::kFlag : LineKind::kSegment;
  line.bytes = bytes;
  line.digest = base::Sha256Hex(bytes);
  return line;
}

std::string_view NextLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

base::Result<void> Verify(const SyncDocument& document) {
  const SyncHead& head = document.head;
  const auto flags = static_cast<std::uint64_t>(
      std::count_if(document.lines.begin(), document.lines.end(),
                    [](const SyncLine& line) { return line.kind == LineKind::kFlag; }));
  const std::uint64_t segments = document.lines.size() - flags;
  if (flags != head.flags || segments != head.segments) {
    return Fail(Error::Invalid("head", "declares " + std::to_string(head.flags) + " flags and " +
                                           std::to_string(head.segments) + " segments, found " +
                                           std::to_string(flags) + " and " +
                                           std::to_string(segments)));
  }
  if (SetDigest(document.lines) != head.set_digest) {
    return Fail(Error::Invalid("head.digest", "does not match the lines that follow"));
  }
  return {};
}

template <typename T>
void ReadInto(const SyncLine& line, const base::Result<Value>& value,
              base::Result<T> (*read)(std::string_view, const Value&),
              std::vector<std::shared_ptr<const T>>& definitions,
              std::vector<model::Broken>& broken) {
  auto one = value ? read(line.key, *value) : base::Result<T>(Fail(value.error()));
  if (one) {
    definitions.push_back(std::make_shared<const T>(std::move(*one)));
  } else {
    broken.push_back({line.key, one.error()});
  }
}

}  // namespace

std::string_view Name(LineKind kind) {
  return kind == LineKind::kFlag ? "flag" : "segment";
}

SyncLine MakeSyncLine(LineKind kind, std::string_view key, const model::Object& definition) {
  SyncLine line;
  line.kind = kind;
  line.key = key;
  base::JsonObject object(line.bytes);
  object.String("kind", Name(kind)).String("key", key);
  for (const auto& [name, value] : definition) {
    if (name != "kind" && name != "key") AppendJson(object.Key(name), value);
  }
  object.Close();
  line.digest = base::Sha256Hex(line.bytes);
  return line;
}

std::string SetDigest(const std::vector<SyncLine>& lines) {
  std::vector<const SyncLine*> sorted;
  sorted.reserve(lines.size());
  for (const SyncLine& line : lines) sorted.push_back(&line);
  std::sort(sorted.begin(), sorted.end(), [](const SyncLine* a, const SyncLine* b) {
    return a->kind != b->kind ? a->kind < b->kind : a->key < b->key;
  });
  base::Sha256 hash;
  for (const SyncLine* line : sorted) {
    hash.Update(Name(line->kind));
    hash.Update(" ");
    hash.Update(line->key);
    hash.Update(" ");
    hash.Update(line->digest);
    hash.Update("\n");
  }
  return hash.FinishHex();
}

std::string WriteSyncDocument(SyncHead head, const std::vector<SyncLine>& lines) {
  head.flags = 0;
  for (const SyncLine& line : lines) head.flags += line.kind == LineKind::kFlag ? 1 : 0;
  head.segments = lines.size() - head.flags;
  head.set_digest = SetDigest(lines);
  std::string text = WriteHead(head);
  text += '\n';
  for (const SyncLine& line : lines) {
    text += line.bytes;
    text += '\n';
  }
  return text;
}

base::Result<SyncDocument> ReadSyncDocument(std::string_view body) {
  if (body.size() > kMaxSyncBytes) {
    return Fail(Error::Limit("body", "larger than " + std::to_string(kMaxSyncBytes) + " bytes"));
  }
  SyncDocument document;
  std::string_view rest = body;
  auto head = ReadHead(NextLine(rest));
  if (!head) return Fail(head.error());
  document.head = std::move(*head);
  for (std::size_t number = 2; !rest.empty(); ++number) {
    auto line = ReadLine(NextLine(rest), number);
    if (!line) return Fail(line.error());
    document.lines.push_back(std::move(*line));
  }
  auto verified = Verify(document);
  if (!verified) return Fail(verified.error());
  std::vector<std::pair<LineKind, std::string_view>> keys;
  for (const SyncLine& line : document.lines) keys.emplace_back(line.kind, line.key);
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end()) {
    return Fail(Error::Invalid("body", "the " + std::string(Name(twice->first)) + " \"" +
                                           std::string(twice->second) + "\" is given twice"));
  }
  return document;
}

model::FlagSet ReadDefinitions(const SyncHead& head, const std::vector<SyncLine>& lines) {
  model::FlagSet set;
  set.environment = head.environment;
  set.epoch = head.epoch;
  set.revision = head.revision;
  for (const SyncLine& line : lines) {
    const auto value = ReadJson(line.bytes);
    if (line.kind == LineKind::kFlag) {
      ReadInto<model::Flag>(line, value, ReadFlag, set.flags, set.broken_flags);
    } else {
      ReadInto<model::Segment>(line, value, ReadSegment, set.segments, set.broken_segments);
    }
  }
  return set;
}

}  // namespace pennon::wire
