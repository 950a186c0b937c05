#include "daemon/received_set.h"

#include <algorithm>
#include <memory>
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
  const auto comes_first = [](const SyncLine& a, const SyncLine& b) {
    return a.kind != b.kind ? a.kind < b.kind : a.key < b.key;
  };
  if (std::is_sorted(lines.begin(), lines.end(), comes_first)) return;
  std::sort(lines.begin(), lines.end(), comes_first);
}

// The definitions of one kind: those read anew, and for all other lines those there were.
template <typename T>
class Definitions {
 public:
  using List = std::vector<std::shared_ptr<const T>>;
  explicit Definitions(const List& before) {
    for (const auto& one : before) by_key_.emplace(one->key, &one);
  }
  [[nodiscard]] bool Has(std::string_view key) const { return by_key_.contains(key); }
  void Forget(std::string_view key) { by_key_.erase(key); }
  void Add(const List& read) {
    for (const auto& one : read) by_key_.insert_or_assign(one->key, &one);
  }
  void Take(std::string_view key, List& list) const {
    const auto found = by_key_.find(key);
    if (found != by_key_.end()) list.push_back(*found->second);
  }

 private:
  base::TextMap<std::string_view, const std::shared_ptr<const T>*> by_key_;
};

// Reads only what `changed` names and what could not be read before.
model::FlagSet ReadChanged(const model::FlagSet& before, const Generation& after,
                           const std::vector<SyncLine>& changed) {
  Definitions<model::Flag> flags(before.flags);
  Definitions<model::Segment> segments(before.segments);
  for (const SyncLine& line : changed) {
    line.kind == LineKind::kFlag ? flags.Forget(line.key) : segments.Forget(line.key);
  }
  std::vector<SyncLine> unread;
  for (const SyncLine& line : after.lines) {
    const bool is_flag = line.kind == LineKind::kFlag;
    if (!(is_flag ? flags.Has(line.key) : segments.Has(line.key))) unread.push_back(line);
  }
  const model::FlagSet read = ReadDefinitions(after.head, unread);
  flags.Add(read.flags);
  segments.Add(read.segments);
  model::FlagSet set;
  set.environment = read.environment;
  set.epoch = read.epoch;
  set.revision = read.revision;
  set.broken_flags = read.broken_flags;
  set.broken_segments = read.broken_segments;
  for (const SyncLine& line : after.lines) {
    if (line.kind == LineKind::kFlag) {
      flags.Take(line.key, set.flags);
    } else {
      segments.Take(line.key, set.segments);
    }
  }
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
