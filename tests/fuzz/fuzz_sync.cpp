// Reads bytes as the body of the sync feed, a whole set or a delta: as they are, and with digests
// and counts that fit, which no fuzzer would find. What is read and written out again is the same
// set, and a delta makes of the set before what its digest is of.
#include <algorithm>
#include <string>

#include "tests/fuzz/evaluate_all.h"
#include "wire/json.h"
#include "wire/sync_document.h"

namespace {

using namespace pennon;
using wire::LineKind;
using wire::SyncLine;

const std::vector<SyncLine>& LinesBefore() {
  static const std::vector<SyncLine> kLines{
      {LineKind::kFlag, "a", R"({"kind":"flag","key":"a","type":"boolean"})"},
      {LineKind::kFlag, "b", R"({"kind":"flag","key":"b","type":"string"})"},
      {LineKind::kSegment, "s", R"({"kind":"segment","key":"s","included":["u"]})"}};
  return kLines;
}

struct Lines {
  std::vector<SyncLine> given;
  std::vector<wire::LineName> deleted;
};

// The lines as the reader of the body would read them; those that it refuses are passed over.
Lines ReadLines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto value = wire::ReadJson(line);
    const model::Value* const kind = value ? value->Find("kind") : nullptr;
    const model::Value* const key = value ? value->Find("key") : nullptr;
    if (kind == nullptr || key == nullptr || key->AsString() == nullptr) continue;
    const bool is_flag = *kind == model::Value("flag");
    const LineKind of = is_flag ? LineKind::kFlag : LineKind::kSegment;
    const model::Value* const deleted = value->Find("deleted");
    if (deleted != nullptr && *deleted == model::Value(true)) {
      lines.deleted.push_back({of, *key->AsString()});
    } else {
      lines.given.emplace_back(of, *key->AsString(), std::string(line));
    }
  }
  return lines;
}

// What a delta of these lines makes of LinesBefore, found in the plainest way.
std::vector<SyncLine> SetAfter(const Lines& lines) {
  const auto has_name = [](LineKind kind, std::string_view key) {
    return [key, kind](const SyncLine& line) { return line.kind() == kind && line.key() == key; };
  };
  std::vector<SyncLine> set = LinesBefore();
  for (const SyncLine& line : lines.given) {
    std::erase_if(set, has_name(line.kind(), line.key()));
    set.push_back(line);
  }
  for (const wire::LineName& name : lines.deleted)
    std::erase_if(set, has_name(name.kind, name.key));
  return set;
}

void Put(model::Object& object, std::string_view name, model::Value value) {
  std::erase_if(object, [&](const auto& member) { return member.first == name; });
  object.emplace_back(name, std::move(value));
}

// The body with a head that fits its lines; "" when the head is no object.
std::string Mend(std::string_view body) {
  const std::size_t end = std::min(body.find('\n'), body.size());
  const auto value = wire::ReadJson(body.substr(0, end));
  if (!value || value->AsObject() == nullptr) return "";
  model::Object head = *value->AsObject();
  const Lines lines = ReadLines(body.substr(end));
  const auto flags =
      std::count_if(lines.given.begin(), lines.given.end(),
                    [](const SyncLine& line) { return line.kind() == LineKind::kFlag; });
  Put(head, "flags", static_cast<std::int64_t>(flags));
  Put(head, "segments", static_cast<std::int64_t>(lines.given.size()) - flags);
  Put(head, "deleted", static_cast<std::int64_t>(lines.deleted.size()));
  const bool is_delta = value->Find("since") != nullptr;
  Put(head, "digest", wire::SetDigest(is_delta ? SetAfter(lines) : lines.given));
  std::string text;
  model::AppendJson(text, model::Value(std::move(head)));
  return text.append(body.substr(end));
}

bool AreSame(const std::vector<SyncLine>& some, const std::vector<SyncLine>& others) {
  return std::equal(some.begin(), some.end(), others.begin(), others.end(),
                    [](const SyncLine& a, const SyncLine& b) {
                      return a.kind() == b.kind() && a.key() == b.key() && a.bytes() == b.bytes();
                    });
}

void CheckWritten(const wire::SyncDocument& document) {
  const auto& [head, lines, deleted] = document;
  const auto again = wire::ReadSyncDocument(head.since ? wire::WriteSyncDelta(head, lines, deleted)
                                                       : wire::WriteSyncDocument(head, lines));
  if (!again || wire::SignedText(again->head) != wire::SignedText(head)) __builtin_trap();
  if (again->head.since != head.since || again->head.signature != head.signature) __builtin_trap();
  if (!AreSame(again->lines, lines) || again->deleted.size() != deleted.size()) __builtin_trap();
}

void Read(std::string_view body, bool is_mended) {
  const auto document = wire::ReadSyncDocument(body);
  if (!document) {
    if (document.error().where().empty()) __builtin_trap();
    return;
  }
  CheckWritten(*document);
  test::CompileAndEvaluate(wire::ReadDefinitions(document->head, document->lines));
  if (!document->head.since) return;
  const auto merged = wire::MergeDelta(wire::SyncLines(LinesBefore()), *document);
  if (is_mended && !merged) __builtin_trap();
  if (!merged) return;
  if (wire::SetDigest(merged->lines) != document->head.set_digest) __builtin_trap();
  test::CompileAndEvaluate(wire::ReadDefinitions(merged->head, merged->lines));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  Read(body, false);
  if (const std::string mended = Mend(body); !mended.empty()) Read(mended, true);
  return 0;
}
