#include "wire/sync_document.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/json_text.h"
#include "base/sort.h"
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
constexpr std::string_view kUnreadable = "unreadable";
constexpr std::size_t kGatheredBytes = 16'384;

std::uint64_t CountFlags(const std::vector<SyncLine>& lines) {
  return static_cast<std::uint64_t>(
      std::count_if(lines.begin(), lines.end(),
                    [](const SyncLine& line) { return line.kind() == LineKind::kFlag; }));
}

std::string WriteHead(const SyncHead& head, std::size_t deleted = 0) {
  std::string text;
  base::JsonObject object(text);
  object.Uint("pennon", kFormatVersion).String("environment", head.environment);
  object.Uint("epoch", head.epoch).Uint("revision", head.revision);
  if (head.since) object.Uint("since", *head.since).Uint("deleted", deleted);
  object.Uint("flags", head.flags).Uint("segments", head.segments);
  object.String("digest", head.set_digest);
  if (!head.signature.empty()) object.String("signature", head.signature);
  object.Close();
  return text;
}

base::Result<SyncHead> ReadHead(std::string_view line, std::uint64_t& deleted) {
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
  reader.RequiredUnsigned("epoch", INT64_MAX, head.epoch);
  reader.RequiredUnsigned("revision", INT64_MAX, head.revision);
  if (reader.Has("since")) reader.Unsigned("since", INT64_MAX, head.since.emplace());
  reader.Unsigned("deleted", INT64_MAX, deleted);
  reader.Unsigned("flags", INT64_MAX, head.flags);
  reader.Unsigned("segments", INT64_MAX, head.segments);
  reader.RequiredString("digest", head.set_digest);
  reader.String("signature", head.signature);
  if (reader.failed()) return Fail(*reader.Finish());
  return head;  // later minor versions may add members
}

// Reads `"member":"text"` at the position, as every line begins: {"kind":"flag","key":"checkout",…
base::Result<SyncLine> ReadLine(std::string_view bytes, std::size_t number, bool& is_deleted) {
  const std::string place = "line " + std::to_string(number);
  auto value = ReadJson(bytes);
  if (!value) return Fail(value.error().Within(place));
  ObjectReader reader(*value, place);
  std::string kind;
  std::string key;
  reader.RequiredString("kind", kind);
  reader.RequiredString("key", key);
  if (!reader.failed() && kind != "flag" && kind != "segment") {
    reader.Invalid("kind", "is \"" + kind + "\", expected flag or segment");
  }
  reader.Bool("deleted", is_deleted);
  if (reader.failed()) return Fail(*reader.Finish());
  return SyncLine(kind == "flag" ? LineKind::kFlag : LineKind::kSegment, key, bytes);
}

std::string_view NextLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

template <typename Lines>
std::string DigestOf(const Lines& lines) {
  SetDigester digester;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i + digester.kAhead < lines.size()) digester.Expect(lines[i + digester.kAhead]);
    if (i > 0 && ComesFirst(lines[i], lines[i - 1])) {
      std::vector<SyncLine> sorted(lines.begin(), lines.end());
      std::sort(sorted.begin(), sorted.end(), ComesFirst);
      return DigestOf(sorted);
    }
    digester.Add(lines[i]);
  }
  return digester.Finish();
}

template <typename Lines>
base::Result<void> VerifyDigest(const SyncHead& head, const Lines& lines) {
  if (SetDigest(lines) == head.set_digest) return {};
  return Fail(Error::Invalid("head.digest", "does not match the set that it is of"));
}

base::Result<void> Verify(const SyncDocument& document, std::uint64_t deleted) {
  const SyncHead& head = document.head;
  const std::uint64_t flags = CountFlags(document.lines);
  const std::uint64_t segments = document.lines.size() - flags;
  if (flags != head.flags || segments != head.segments) {
    return Fail(Error::Invalid("head", "declares " + std::to_string(head.flags) + " flags and " +
                                           std::to_string(head.segments) + " segments, found " +
                                           std::to_string(flags) + " and " +
                                           std::to_string(segments)));
  }
  if (document.deleted.size() != deleted || (deleted > 0 && !head.since)) {
    return Fail(Error::Invalid("head", "declares " + std::to_string(deleted) +
                                           " deletions, found " +
                                           std::to_string(document.deleted.size())));
  }
  return head.since ? base::Result<void>() : VerifyDigest(head, document.lines);
}

template <typename T>
void ReadInto(const SyncLine& line, const base::Result<Value>& value,
              base::Result<std::shared_ptr<const T>> (*read)(std::string_view, const Value&),
              model::Definitions<T>& definitions, std::vector<model::Broken>& broken) {
  const Value* const reason = value ? value->Find(kUnreadable) : nullptr;
  if (reason != nullptr && reason->AsString() != nullptr) {
    return broken.push_back({std::string(line.key()), Error::Invalid("", *reason->AsString())});
  }
  auto one = value ? read(line.key(), *value) : Fail(value.error());
  if (one) {
    definitions.push_back(std::move(*one));
  } else {
    broken.push_back({std::string(line.key()), one.error()});
  }
}

template <typename Lines>
model::FlagSet ReadAll(const SyncHead& head, const Lines& lines) {
  model::FlagSet set;
  set.environment = head.environment;
  set.epoch = head.epoch;
  set.revision = head.revision;
  for (const SyncLine& line : lines) {
    const auto value = ReadJson(line.bytes());
    if (line.kind() == LineKind::kFlag) {
      ReadInto<model::Flag>(line, value, ReadFlag, set.flags, set.broken_flags);
    } else {
      ReadInto<model::Segment>(line, value, ReadSegment, set.segments, set.broken_segments);
    }
  }
  return set;
}

}  // namespace

SyncLine::SyncLine(LineKind kind, std::string_view key, std::string_view bytes)
    : key_size_(static_cast<std::uint32_t>(key.size())),
      bytes_size_(static_cast<std::uint32_t>(bytes.size())),
      kind_(kind) {
  std::string entry(Name(kind));
  ((entry += ' ') += key) += ' ';
  (entry += base::Sha256Hex(bytes)) += '\n';
  entry_size_ = static_cast<std::uint32_t>(entry.size());
  auto text = std::make_shared<char[]>(entry.size() + bytes.size());
  std::copy(bytes.begin(), bytes.end(), std::copy(entry.begin(), entry.end(), text.get()));
  text_ = std::move(text);
}

bool ComesFirst(const SyncLine& a, const SyncLine& b) {
  return a.kind() != b.kind() ? a.kind() < b.kind() : a.key() < b.key();
}

std::string SignedText(const SyncHead& head) {
  return "pennon flag set 1\n" + head.environment + '\n' + std::to_string(head.epoch) + '\n' +
         std::to_string(head.revision) + '\n' + head.set_digest + '\n';
}

SyncLine MakeSyncLine(LineKind kind, std::string_view key, const model::Object& definition) {
  std::string bytes;
  base::JsonObject object(bytes);
  object.String("kind", Name(kind)).String("key", key);
  for (const auto& [name, value] : definition) {
    if (name != "kind" && name != "key") AppendJson(object.Key(name), value);
  }
  object.Close();
  return {kind, key, bytes};
}

SyncLine MakeUnreadableLine(LineKind kind, std::string_view key, std::string_view reason) {
  return MakeSyncLine(kind, key, {{std::string(kUnreadable), std::string(reason)}});
}

void SetDigester::Add(const SyncLine& line) {
  gathered_ += line.entry();
  if (gathered_.size() < kGatheredBytes) return;
  hash_.Update(gathered_);
  gathered_.clear();
}

std::string SetDigester::Finish() {
  hash_.Update(gathered_);
  return hash_.FinishHex();
}

std::string SetDigest(const std::vector<SyncLine>& lines) {
  return DigestOf(lines);
}

std::string SetDigest(const SyncLines& lines) {
  return DigestOf(lines);
}

std::string WriteSyncDocument(SyncHead head, const std::vector<SyncLine>& lines) {
  head.flags = CountFlags(lines);
  head.segments = lines.size() - head.flags;
  head.set_digest = SetDigest(lines);
  std::string text = WriteHead(head);
  text += '\n';
  for (const SyncLine& line : lines) {
    text += line.bytes();
    text += '\n';
  }
  return text;
}

std::string WriteSyncDelta(SyncHead head, const std::vector<SyncLine>& lines,
                           const std::vector<LineName>& deleted) {
  head.flags = CountFlags(lines);
  head.segments = lines.size() - head.flags;
  std::string text = WriteHead(head, deleted.size());
  text += '\n';
  for (const SyncLine& line : lines) {
    text += line.bytes();
    text += '\n';
  }
  for (const LineName& name : deleted) {
    base::JsonObject object(text);
    object.String("kind", Name(name.kind)).String("key", name.key).Bool("deleted", true);
    object.Close();
    text += '\n';
  }
  return text;
}

base::Result<SyncSet> MergeDelta(const SyncLines& lines, SyncDocument delta) {
  SyncSet whole{std::move(delta.head), lines};
  whole.head.since.reset();
  PutAll(whole.lines, std::move(delta.lines), ComesFirst);
  std::set<std::pair<LineKind, std::string_view>> deleted;
  for (const LineName& name : delta.deleted) deleted.emplace(name.kind, name.key);
  if (!deleted.empty()) {
    EraseIf(whole.lines, [&](const SyncLine& line) {
      return deleted.contains({line.kind(), line.key()});
    });
  }
  const auto is_flag = [](const SyncLine& line) { return line.kind() == LineKind::kFlag; };
  const auto segments = std::partition_point(whole.lines.begin(), whole.lines.end(), is_flag);
  whole.head.flags = static_cast<std::uint64_t>(segments - whole.lines.begin());
  whole.head.segments = whole.lines.size() - whole.head.flags;
  if (auto verified = VerifyDigest(whole.head, whole.lines); !verified) {
    return Fail(verified.error());
  }
  return whole;
}

base::Result<SyncDocument> ReadSyncDocument(std::string_view body) {
  if (body.size() > kMaxSyncBytes) {
    return Fail(Error::Limit("body", "larger than " + std::to_string(kMaxSyncBytes) + " bytes"));
  }
  SyncDocument document;
  std::string_view rest = body;
  std::uint64_t deleted = 0;
  auto head = ReadHead(NextLine(rest), deleted);
  if (!head) return Fail(head.error());
  document.head = std::move(*head);
  for (std::size_t number = 2; !rest.empty(); ++number) {
    bool is_deleted = false;
    auto line = ReadLine(NextLine(rest), number, is_deleted);
    if (!line) return Fail(line.error());
    if (is_deleted) {
      document.deleted.push_back({line->kind(), std::string(line->key())});
    } else {
      document.lines.push_back(std::move(*line));
    }
  }
  auto verified = Verify(document, deleted);
  if (!verified) return Fail(verified.error());
  std::vector<std::pair<LineKind, std::string_view>> keys;
  for (const SyncLine& line : document.lines) keys.emplace_back(line.kind(), line.key());
  for (const LineName& name : document.deleted) keys.emplace_back(name.kind, name.key);
  base::SortUnlessSorted(keys);
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice != keys.end()) {
    return Fail(Error::Invalid("body", "the " + std::string(Name(twice->first)) + " \"" +
                                           std::string(twice->second) + "\" is given twice"));
  }
  return document;
}

model::FlagSet ReadDefinitions(const SyncHead& head, const std::vector<SyncLine>& lines) {
  return ReadAll(head, lines);
}

model::FlagSet ReadDefinitions(const SyncHead& head, const SyncLines& lines) {
  return ReadAll(head, lines);
}

}  // namespace pennon::wire
