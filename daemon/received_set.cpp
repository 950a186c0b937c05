#include "daemon/received_set.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "base/text_hash.h"

namespace pennon::daemon {
namespace {

using base::Error;
using base::Fail;
using base::Result;
using wire::LineKind;
using wire::SyncLine;

void Sort(std::vector<SyncLine>& lines) {
  if (std::is_sorted(lines.begin(), lines.end(), wire::ComesFirst)) return;
  std::sort(lines.begin(), lines.end(), wire::ComesFirst);
}

template <typename T>
using Definitions = std::vector<std::shared_ptr<const T>>;

// The definitions of `lines`, a part of a set that is all of one kind: those of `before` whose line
// is not changed. Adds the lines that are left to be read to `unread`. All are in the order of
// keys.
template <typename T>
Definitions<T> TakeUnchanged(const Definitions<T>& before, std::span<const SyncLine> lines,
                             const base::TextSet<std::string_view>& changed,
                             std::vector<SyncLine>& unread) {
  Definitions<T> taken;
  taken.reserve(lines.size());
  auto old = before.begin();
  for (const SyncLine& line : lines) {
    while (old != before.end() && (*old)->key < line.key()) ++old;
    if (old != before.end() && (*old)->key == line.key() && !changed.contains(line.key())) {
      taken.push_back(*old);
    } else {
      unread.push_back(line);
    }
  }
  return taken;
}

template <typename T>
Definitions<T> Merge(Definitions<T> taken, const Definitions<T>& read) {
  const auto comes_first = [](const auto& a, const auto& b) { return a->key < b->key; };
  const auto middle = static_cast<std::ptrdiff_t>(taken.size());
  taken.insert(taken.end(), read.begin(), read.end());
  std::inplace_merge(taken.begin(), taken.begin() + middle, taken.end(), comes_first);
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
  const std::span<const SyncLine> lines(after.lines);
  std::vector<SyncLine> unread;
  auto flags = TakeUnchanged(before.flags, lines.first(after.head.flags), changed_flags, unread);
  auto segments =
      TakeUnchanged(before.segments, lines.subspan(after.head.flags), changed_segments, unread);
  model::FlagSet set = ReadDefinitions(after.head, unread);
  set.flags = Merge(std::move(flags), set.flags);
  set.segments = Merge(std::move(segments), set.segments);
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
    return ReadGeneration({document.head, std::move(document.lines), {}, "", 0});
  }
  const wire::SyncHead& known = before.generation.head;
  if (document.head.epoch != known.epoch || *document.head.since != known.revision) {
    return Fail(Error::Conflict(
        "upstream", "sent a delta from " + std::to_string(document.head.epoch) + '.' +
                        std::to_string(*document.head.since) + ", here is " + CursorOf(known)));
  }
  const std::vector<SyncLine> changed = document.lines;
  auto whole = MergeDelta(before.generation.lines, std::move(document));
  if (!whole) return Fail(Error::Conflict("upstream", "delta: " + whole.error().Message()));
  ReceivedSet set{{whole->head, std::move(whole->lines), {}, "", 0}, {}};
  set.definitions = ReadChanged(before.definitions, set.generation, changed);
  return set;
}

}  // namespace pennon::daemon
