#include "daemon/received_set.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text_hash.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using wire::LineKind;
using wire::SyncLine;

void Sort(wire::SyncLines& lines) {
  if (std::is_sorted(lines.begin(), lines.end(), wire::ComesFirst)) return;
  std::vector<SyncLine> sorted(lines.begin(), lines.end());
  std::sort(sorted.begin(), sorted.end(), wire::ComesFirst);
  lines = wire::SyncLines(std::move(sorted));
}

constexpr auto kByKey = [](const auto& a, const auto& b) { return a->key < b->key; };

template <typename T>
bool PutAll(const model::Definitions<T>& read, model::Definitions<T>& definitions) {
  return base::PutAll(definitions, {read.begin(), read.end()}, kByKey) == 0;
}

// The definitions with those of the lines put in the places of others; none when one cannot be read
// or could not before, or is new.
std::optional<model::FlagSet> Replace(const model::FlagSet& before, const wire::SyncHead& head,
                                      const std::vector<SyncLine>& changed) {
  const model::FlagSet read = ReadDefinitions(head, changed);
  if (!read.broken_flags.empty() || !read.broken_segments.empty()) return std::nullopt;
  model::FlagSet set = before;
  set.environment = head.environment;
  set.epoch = head.epoch;
  set.revision = head.revision;
  if (!PutAll(read.flags, set.flags) || !PutAll(read.segments, set.segments)) return std::nullopt;
  return set;
}

// The definitions of one kind of line: those of `before` whose line is not changed. Adds the lines
// that are left to be read to `unread`. All are in the order of keys.
template <typename T>
model::Definitions<T> TakeUnchanged(const model::Definitions<T>& before, LineKind kind,
                                    const wire::SyncLines& lines,
                                    const base::TextSet<std::string_view>& changed,
                                    std::vector<SyncLine>& unread) {
  model::Definitions<T> taken;
  auto old = before.begin();
  for (const SyncLine& line : lines) {
    if (line.kind() != kind) continue;
    while (old != before.end() && (*old)->key < line.key()) ++old;
    if (old != before.end() && (*old)->key == line.key() && !changed.contains(line.key())) {
      taken.push_back(*old);
    } else {
      unread.push_back(line);
    }
  }
  return taken;
}

// Reads only what `changed` names and what could not be read before.
model::FlagSet ReadChanged(const model::FlagSet& before, const Generation& after,
                           const std::vector<SyncLine>& changed) {
  base::TextSet<std::string_view> changed_flags;
  base::TextSet<std::string_view> changed_segments;
  for (const SyncLine& line : changed) {
    (line.kind() == LineKind::kFlag ? changed_flags : changed_segments).insert(line.key());
  }
  std::vector<SyncLine> unread;
  auto flags = TakeUnchanged(before.flags, LineKind::kFlag, after.lines, changed_flags, unread);
  auto segments =
      TakeUnchanged(before.segments, LineKind::kSegment, after.lines, changed_segments, unread);
  model::FlagSet set = ReadDefinitions(after.head, unread);
  (void)PutAll(set.flags, flags);
  (void)PutAll(set.segments, segments);
  set.flags = std::move(flags);
  set.segments = std::move(segments);
  return set;
}

}  // namespace

std::string CursorOf(const wire::SyncHead& head) {
  return std::to_string(head.epoch) + '.' + std::to_string(head.revision);
}

ReceivedSet ReadGeneration(Generation generation) {
  Sort(generation.lines);
  model::FlagSet definitions = ReadDefinitions(generation.head, generation.lines);
  return {std::move(generation), std::move(definitions)};
}

Result<ReceivedSet> Receive(const ReceivedSet& before, wire::SyncDocument document) {
  if (!document.head.since) {
    return ReadGeneration({document.head, wire::SyncLines(std::move(document.lines)), {}, "", 0});
  }
  const wire::SyncHead& known = before.generation.head;
  if (document.head.epoch != known.epoch || *document.head.since != known.revision) {
    return Fail(Error::Conflict(
        "upstream", "sent a delta from " + std::to_string(document.head.epoch) + '.' +
                        std::to_string(*document.head.since) + ", here is " + CursorOf(known)));
  }
  const std::vector<SyncLine> changed = document.lines;
  const bool has_deletions = !document.deleted.empty();
  auto whole = MergeDelta(before.generation.lines, std::move(document));
  if (!whole) return Fail(Error::Conflict("upstream", "delta: " + whole.error().Message()));
  ReceivedSet set{{whole->head, std::move(whole->lines), {}, "", 0}, {}};
  auto replaced = has_deletions ? std::nullopt : Replace(before.definitions, whole->head, changed);
  set.definitions =
      replaced ? *std::move(replaced) : ReadChanged(before.definitions, set.generation, changed);
  return set;
}

}  // namespace pennon::daemon
